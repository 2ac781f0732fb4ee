"""Right-to-left text in columns: names turn round, amounts stay where they are, wide characters count two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sale_shop import FACTS, POLICY, paid, payload_of, sale_of
from store.sale.bidi import reads_from_right, visual
from store.sale.document import Columns, Document, Table, Text
from store.sale.item import Item
from store.sale.layout import display_width, lay_out, render_text
from store.sale.record import sale_body
from store.sale.report import document_of
from store.sale.tender import TenderKind
from store.sale.text import printable

MILK_HE = "חלב"
BREAD_AR = "خبز"


@pytest.mark.parametrize(
    ("logical", "seen"),
    [
        ("plain", "plain"),
        ("Käse 牛奶", "Käse 牛奶"),
        ("אבג", "גבא"),
        ("אבג 123", "123 גבא"),
        ("אבג 3% דה", "הד 3% גבא"),
        ("abc אבג def", "abc גבא def"),
        ("abc אבג 12.50 def", "abc 12.50 גבא def"),
        ("אבג (דה)", "(הד) גבא"),
        ("אבג abc", "abc גבא"),
        ("אבג  ", "  גבא"),
        ("בּג", "גבּ"),
    ],
)
def test_a_text_stands_in_the_order_in_which_it_is_seen(logical, seen):
    assert visual(logical) == seen


def test_numbers_after_arabic_letters_stay_numbers():
    assert visual("خبز 500 g") == "g 500 زبخ"
    assert visual("خبز 1,5") == "1,5 زبخ"


def test_which_way_a_text_begins():
    assert reads_from_right("12 אבג") and not reads_from_right("abc אבג") and not reads_from_right("12")


BRACKETS = str.maketrans("()[]{}<>«»‹›", "((((((((((((")


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_nothing_is_lost_and_the_width_stays(text):
    text = printable(text)
    seen = visual(text)
    assert sorted(seen.translate(BRACKETS)) == sorted(text.translate(BRACKETS))
    assert display_width(seen) == display_width(text)


def test_amounts_stay_at_the_right_edge_whatever_way_the_name_runs():
    for name in (MILK_HE, BREAD_AR, "牛奶 1 l", "Milk", f"{MILK_HE} 3% 1 l", "한국 우유"):
        document = Document(
            title="",
            elements=(
                Columns(left=name, right="12.50 A"),
                Table(rows=((name, "1.00", "2.00"),)),
                Text(text=name),
            ),
        )
        lines = [line.text for line in lay_out(document, 32)]
        assert display_width(lines[0]) == 32 and lines[0].endswith(" 12.50 A")
        assert display_width(lines[1]) == 32 and lines[1].endswith("2.00")
        assert all(display_width(line) <= 32 for line in lines)


def test_a_long_name_from_right_to_left_keeps_its_beginning():
    document = Document(title="", elements=(Columns(left="אבגדהוזחטיכלמנסעפצקר", right="1.00"),))
    (line,) = (line.text for line in lay_out(document, 16))
    assert line.startswith("כיטחזוהדגבא") and line.endswith(" 1.00")


def test_a_receipt_of_mixed_goods_keeps_its_columns():
    names = (MILK_HE, "牛奶", BREAD_AR, "Brot")
    goods = [Item(sku=name, name=name, price=199, tax="B") for name in names]
    sale = paid(sale_of(*goods), POLICY, (TenderKind.CASH, 1000))
    lines = render_text(document_of(payload_of(sale_body(sale, POLICY), "sale", receipt_no=1), FACTS), 42)
    sold = [line for line in lines if line.endswith("1.99 B")]
    assert len(sold) == 4 and {display_width(line) for line in sold} == {42}
