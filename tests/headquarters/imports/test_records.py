"""CSV as it arrives: records with their lines, whatever the pieces; and what its columns are."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.headquarters.errors import WrongInput
from store.headquarters.imports.heading import headings, plain_cell, read_heading
from store.headquarters.imports.records import MAX_RECORD, Record, RecordReader
from store.headquarters.nouns.table import NOUNS


def read(data, size=1 << 20):
    reader = RecordReader()
    found = []
    for begin in range(0, len(data), size):
        found += reader.feed(data[begin : begin + size])
    return found + list(reader.feed(b"", last=True))


def test_records_know_their_line_though_cells_hold_line_ends():
    data = b'code,name\r\n1,"two\r\nlines"\r\n\r\n2,x\r\n'
    assert read(data) == [
        Record(1, ["code", "name"]),
        Record(2, ["1", "two\nlines"]),
        Record(5, ["2", "x"]),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_ordinary_spelling_of_csv_is_read(delimiter, end, mark):
    lines = [delimiter.join(("code", "name", "price")), delimiter.join(("1", "Bär", '"1,09"')), ""]
    found = read(mark + end.join(lines).encode(), size=3)
    assert found == [Record(1, ["code", "name", "price"]), Record(2, ["1", "Bär", "1,09"])]


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc"))), min_size=2, max_size=4), min_size=1
    ),
    st.integers(1, 50),
)
def test_what_a_spreadsheet_writes_is_read_back_whatever_the_pieces(rows, size):
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    file = io.StringIO()
    csv.writer(file).writerows([["a", "b"], *rows])
    assert [record.cells for record in read(file.getvalue().encode(), size)] == [["a", "b"], *rows]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"code,name\n1,\xe4\n", "no UTF-8 text"),
        (b'code,name\n1,"open\n', "quote that opens in line 2 is never closed"),
        (b'code,name\n1,"a"b"c"\n', "Line 2 cannot be read as CSV"),
        (b"code,name\n" + b"x" * (MAX_RECORD + 10) + b"\n", "Line 2 is too long"),
        (b'code,name\n1,"' + b"x\n" * MAX_RECORD + b"\n", "Line 2 is too long"),
        (b",".join([b"a"] * 70) + b"\n", "has 70 columns"),
    ],
)
@pytest.mark.parametrize("size", [7, 1 << 20])
def test_what_is_no_csv_is_a_sentence_with_the_line(data, words, size):
    with pytest.raises(WrongInput, match=words):
        read(data, size)


@pytest.mark.parametrize(
    ("noun", "cells", "names"),
    [
        ("product", ["code", "name", "price"], ["product", "name", "price"]),
        ("product", ["Price", " NAME ", "SKU"], ["price", "name", "product"]),
        ("product", ["product", "name", "EAN", "open price"], ["product", "name", "barcodes", "open_price"]),
        ("price", ["code", "amount", "from", "until"], ["product", "amount", "from", "until_ms"]),
        ("price", ["from_ms", "barcode", "price"], ["from", "product", "amount"]),
        ("staff", ["number", "name", "role", "pin"], ["staff", "name", "role", "pin"]),
        ("customer", ["id", "name", "tax id"], ["customer", "name", "tax_id"]),
    ],
)
def test_headings_in_any_order_name_key_and_fields(noun, cells, names):
    found = read_heading(NOUNS[noun], cells)
    assert [column.part.name if column.part else column.field.name for column in found] == names


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["code", "nam"], "no column 'nam'. Did you mean 'name'"),
        (["code", "zzzzzz"], "There are: code, name, price"),
        (["code", "name", "name"], "is there twice"),
        (["code", "sku", "name"], "is there twice"),
        (["name"], "no column for the product"),
    ],
)
def test_an_unknown_a_repeated_and_a_missing_column_refuse_the_file(cells, words):
    with pytest.raises(WrongInput, match=words):
        read_heading(NOUNS["product"], cells)


def test_every_heading_that_is_offered_is_understood():
    for noun in NOUNS.values():
        if noun.fields is not None:
            assert len(read_heading(noun, list(headings(noun)))) == len(headings(noun))


def test_the_apostrophe_before_a_formula_is_taken_off_and_no_other():
    assert plain_cell(" '=1+1 ") == "=1+1"
    assert plain_cell("'-5") == "-5"
    assert plain_cell("'t Hooft") == "'t Hooft"
