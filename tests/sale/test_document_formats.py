"""Formats of documents: written and read back, refused with one sentence, and never without what the law asks for."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sale_shop import FACTS, MILK, POLICY, paid, sale_of, sale_payload
from store.sale.built_in_formats import built_in
from store.sale.document import Barcode, Logo, Qr
from store.sale.document_format import (
    DocumentFormat,
    DocumentType,
    FormatRefused,
    Piece,
    Printing,
    check_format,
    required_of,
)
from store.sale.format_text import WrittenFormat, parsed, read_format, written_form
from store.sale.layout import render_text
from store.sale.paper_facts import paper_facts, printing_of
from store.sale.report import document_of
from store.sale.tender import TenderKind

PAYLOAD = sale_payload(paid(sale_of(MILK, MILK), POLICY, (TenderKind.CASH, 500)), POLICY)


def facts_with(**formats):
    return paper_facts(FACTS, "en", "", formats)


def lines_by(written: WrittenFormat) -> list[str]:
    facts = facts_with(sale=parsed("sale", written))
    return render_text(document_of(PAYLOAD, facts, fingerprint="ABCD2345"), 42)


@pytest.mark.parametrize("kind", DocumentType)
def test_every_built_in_format_holds_what_it_must_and_is_read_back_as_it_is_written(kind):
    check_format(kind, built_in(kind))
    assert parsed(kind, written_form(built_in(kind))) == built_in(kind)


def test_a_format_of_headquarters_changes_words_order_and_symbols():
    header = (
        "logo 3\nblock copy\ntext center | Welcome at {store}\nblock store\nrule double\nblock facts\n"
        "columns bold | Ticket | {receipt}"
    )
    lines = "text | {sku:8} {name:12}{amount:>10} {tax}\nblock line_notes"
    footer = "block sums\nblock taxes\nblock payments\nblock chain\nbarcode {receipt}\nqr https://example.org/{receipt}"
    written = WrittenFormat(header=header, lines=lines, footer=footer, width=40)
    text = lines_by(written)
    assert "Welcome at First store" in text[0]
    assert "Ticket                  S0001-R01-000482" in text
    assert "1001     Whole milk 3      1.09 B" in text
    assert all(len(line) <= 40 for line in text)
    document = document_of(PAYLOAD, facts_with(sale=parsed("sale", written)))
    assert {type(element) for element in document.elements} >= {Logo, Barcode, Qr}


def test_empty_parts_are_those_of_the_built_in_format():
    written = WrittenFormat(printing="on-request")
    assert lines_by(written) == render_text(document_of(PAYLOAD, FACTS, fingerprint="ABCD2345"), 42)
    found = facts_with(sale=parsed("sale", written))
    assert printing_of(found, DocumentType.SALE) is Printing.ON_REQUEST
    assert printing_of(found, DocumentType.VOID) is Printing.ALWAYS
    assert printing_of(FACTS, DocumentType.SALE) is Printing.ALWAYS


@pytest.mark.parametrize("kind", DocumentType)
def test_nothing_that_must_be_said_can_be_left_out(kind):
    full = built_in(kind)
    for what in required_of(kind):
        left_out = without(full, what)
        with pytest.raises(FormatRefused, match=re.escape(what)):
            check_format(kind, left_out)


def without(full: DocumentFormat, what: str) -> DocumentFormat:
    name = what.strip("{}")

    def keeps(piece: Piece) -> bool:
        if what == name:
            return piece.block != name
        return what not in piece.text + piece.left + piece.right

    return DocumentFormat(
        header=tuple(filter(keeps, full.header)),
        lines=tuple(filter(keeps, full.lines)),
        footer=tuple(filter(keeps, full.footer)),
    )


def test_a_condition_does_not_hide_what_must_be_said():
    full = built_in(DocumentType.SALE)
    hidden = tuple(
        Piece(block=piece.block, when="comment") if piece.block == "sums" else piece for piece in full.footer
    )
    with pytest.raises(FormatRefused, match="sums"):
        check_format("sale", DocumentFormat(header=full.header, lines=full.lines, footer=hidden))


def test_a_format_that_reached_a_register_without_what_must_be_said_is_not_used():
    facts = facts_with(sale=DocumentFormat(header=(Piece(text="Thanks"),)))
    assert document_of(PAYLOAD, facts, fingerprint="A") == document_of(PAYLOAD, FACTS, fingerprint="A")


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("frame", "header, line 1: 'frame' begins no piece."),
        ("text hello", "header, line 1: a text is written behind a bar"),
        ("columns | left only", "header, line 1: columns are written with two bars"),
        ("text huge | x", "header, line 1: 'huge' is no style."),
        ("if comment text | x", 'header, line 1: "if" needs a colon'),
        ("blank many", "header, line 1: blank needs a number"),
        ("blank 9", "blank = 9 must lie between 0 and 5"),
        ("logo 999", "logo = 999 must lie between 0 and 255"),
        ("text | {secret}", "{secret} is no variable here"),
        ("text | {receipt", "has a brace too many"),
        ("text | {receipt:wide}", "has no width"),
        ("text | {receipt:999}", "has no width"),
        ("block items", "block 'items' is unknown here"),
        ("if secret: rule", "when = 'secret' is no variable"),
        ("text | " + "x" * 401, "at most 400 are printed"),
        ("rule\n" * 61, "header has 61 pieces"),
        ("x" * 5000, "header has 5000 characters"),
    ],
)
def test_what_cannot_be_printed_is_refused_with_one_sentence(part, sentence):
    with pytest.raises(FormatRefused) as refused:
        parsed("sale", WrittenFormat(header=part))
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_unknown_types_widths_and_answers_are_refused():
    with pytest.raises(FormatRefused, match="no type of document"):
        parsed("poem", WrittenFormat())
    with pytest.raises(FormatRefused, match="width = 5"):
        parsed("sale", WrittenFormat(width=5))
    with pytest.raises(FormatRefused, match="printing = 'maybe'"):
        parsed("sale", WrittenFormat(printing="maybe"))
    with pytest.raises(FormatRefused, match="no lines of a sale"):
        parsed("x", WrittenFormat(lines="text | {name}"))
    for broken in (b"\xff", b"{", b'{"width": "x"}', b"[]"):
        with pytest.raises(FormatRefused, match="cannot be read"):
            read_format("sale", broken)
    assert read_format("sale", b'{"later": 1}') == built_in(DocumentType.SALE)


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text):
    try:
        parsed("sale", WrittenFormat(header=text))
    except FormatRefused as refused:
        assert str(refused).count("\n") == 0 or "\n" in text
