"""Documents as lines of paper."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from store.sale.document import (
    Align,
    Barcode,
    Blank,
    Columns,
    Cut,
    Document,
    Qr,
    Rule,
    Table,
    Text,
)
from store.sale.layout import cut, display_width, lay_out, pad_right, render_text, wrap

TEXTS = st.text(st.characters(exclude_categories=()), max_size=60)
NUMBERS = st.integers(-(10**9), 10**9).map(lambda amount: f"{amount / 100:.2f}")
WIDTHS = st.integers(16, 80)
ELEMENTS = st.one_of(
    st.builds(Text, text=TEXTS, align=st.sampled_from(Align), size=st.sampled_from([1, 2])),
    st.builds(Columns, left=TEXTS, right=NUMBERS, size=st.sampled_from([1, 2]), lines=st.integers(0, 4)),
    st.builds(Table, rows=st.lists(st.tuples(TEXTS, NUMBERS, NUMBERS), max_size=4).map(tuple)),
    st.builds(Rule, double=st.booleans()),
    st.builds(Blank, lines=st.integers(0, 3)),
    st.just(Cut()),
)


def paper(*elements, width=24) -> list[str]:
    return render_text(Document(title="Test", elements=elements), width)


def test_numbers_stand_at_the_right_edge():
    assert paper(Columns(left="Milk", right="1.09 B"), Columns(left="Total", right="13.26")) == [
        "Milk              1.09 B",
        "Total              13.26",
    ]


def test_a_long_name_is_wrapped_then_cut_and_the_number_is_complete():
    name = "Organic wholegrain rye bread with sunflower seeds"
    assert paper(Columns(left=name, right="3.49 B", lines=2)) == [
        "Organic           3.49 B",
        "wholegrain rye",
    ]
    assert paper(Columns(left=name, right="3.49 B")) == ["Organic           3.49 B"]


def test_a_name_without_blanks_is_cut_cleanly():
    assert paper(Columns(left="x" * 60, right="3.49", lines=2)) == ["x" * 19 + " 3.49", "x" * 19]


def test_wide_characters_count_two_and_are_never_halved():
    assert display_width("有機バナナ") == 10
    assert cut("有機バナナ", 5) == "有機"
    assert pad_right("有機バナナ", 5) == "有機 "
    (line,) = paper(Columns(left="有機バナナ有機バナナ", right="2.18"))
    assert line.endswith(" 2.18")
    assert wcswidth(line) == 24


def test_texts_are_aligned_and_wrapped_at_words():
    assert paper(Text(text="First store", align=Align.CENTER), Text(text="7", align=Align.RIGHT)) == [
        "      First store",
        " " * 23 + "7",
    ]
    assert paper(Text(text="Thank you for your visit, come again")) == [
        "Thank you for your",
        "visit, come again",
    ]
    assert paper(Text(text="  2 x 1.09")) == ["  2 x 1.09"]


def test_tables_keep_their_numbers_in_columns():
    table = Table(rows=(("Tax", "Net", "Tax", "Gross"), ("A 19 %", "5.03", "0.96", "5.99")))
    assert paper(table, width=32) == [
        "Tax         Net     Tax    Gross",
        "A 19 %     5.03    0.96     5.99",
    ]


def test_a_table_too_narrow_puts_each_number_on_its_own_line():
    rows = (("Tax A", "12345678.90", "12345678.90"),)
    assert paper(Table(rows=rows), width=20) == ["Tax A", "         12345678.90", "         12345678.90"]


def test_an_amount_as_wide_as_the_paper_goes_below_its_name():
    assert paper(Columns(left="Total", right="1234567890123456"), width=16) == ["Total", "1234567890123456"]


def test_rules_blanks_and_empty_tables():
    assert paper(Rule(), Blank(lines=2), Rule(double=True), Table(rows=()), width=16) == [
        "-" * 16,
        "",
        "",
        "=" * 16,
    ]


def test_symbols_and_the_cut_are_for_devices_only():
    document = Document(title="T", elements=(Barcode(data="123"), Qr(data="x"), Cut()))
    assert render_text(document, 42) == []
    assert [type(line.symbol) for line in lay_out(document, 42)] == [Barcode, Qr, Cut]


def test_double_size_is_laid_out_for_half_the_columns():
    document = Document(title="T", elements=(Columns(left="TOTAL EUR", right="13.26", size=2, bold=True),))
    (line,) = lay_out(document, 42)
    assert (len(line.text), line.size, line.bold) == (21, 2, True)
    assert len(render_text(document, 42)[0]) == 42


def test_no_text_of_a_document_can_steer_a_device():
    evil = "\x1b@\x1d(k\x10\x14\u202e\x9b2J"
    document = Document(
        title="T",
        elements=(Text(text=evil), Columns(left=evil, right=evil), Table(rows=((evil, evil),))),
    )
    assert all(line.isprintable() for line in render_text(document, 42))


@pytest.mark.parametrize("width", [0, 1, -5])
def test_absurd_widths_are_taken_as_the_narrowest(width):
    assert paper(Rule(), width=width) == ["-" * 16]


@settings(max_examples=150)
@given(st.lists(ELEMENTS, max_size=6), WIDTHS)
def test_no_line_is_wider_than_the_paper_and_no_number_is_lost(elements, width):
    document = Document(title="T", elements=tuple(elements))
    lines = render_text(document, width)
    assert all(display_width(line) <= width for line in lines)
    for line in lay_out(document, width):
        assert display_width(line.text) * line.size <= width + width % 2
    flat = "\n".join(lines)
    for element in elements:
        if isinstance(element, Columns):
            assert element.right in flat
        if isinstance(element, Table):
            assert all(number in flat for row in element.rows for number in row[1:])


@given(TEXTS, st.integers(1, 40), st.integers(0, 3))
def test_wrapping_keeps_every_character_that_has_room(text, width, lines):
    wrapped = wrap(text, max(width, 2), lines)
    if lines:
        assert len(wrapped) <= lines
    else:
        assert "".join("".join(wrapped).split()) == "".join(text.split())
