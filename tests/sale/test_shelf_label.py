"""Shelf labels: the price of the unit to the cent, bars that a scanner reads, nothing that breaks the page."""

import xml.etree.ElementTree as ElementTree
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.sale.barcode import check_digit
from store.sale.document import Barcode
from store.sale.language import speaking
from store.sale.layout import render_text
from store.sale.shelf_label import (
    ShelfLabel,
    ean13_bars,
    label_document,
    labels_svg,
    shown_gtin,
    unit_price,
    unit_price_text,
)

WINE = ShelfLabel(sku="W1", name="Wine", price=599, currency="EUR", content="0.75 l", barcode="4006381333931")


@pytest.mark.parametrize(
    ("price", "content", "told"),
    [
        (599, "0.75 l", (799, "l")),
        (109, "500 g", (218, "kg")),
        (199, "1 kg", (199, "kg")),
        (250, "33 cl", (758, "l")),
        (100, "3 pcs", (33, "pcs")),
        (100, "", None),
        (100, "0 l", None),
        (100, "half a litre", None),
        (100, "1 barrel", None),
    ],
)
def test_the_price_of_the_unit_is_rounded_half_up(price, content, told):
    assert unit_price(price, content) == told


@given(st.integers(0, 10**6), st.integers(1, 999_999))
def test_the_price_of_the_unit_is_within_half_a_cent(price, grams):
    amount, unit = unit_price(price, f"{grams} g")
    assert unit == "kg" and abs(amount - Fraction(price * 1000, grams)) <= Fraction(1, 2)


def test_what_stands_below_the_price():
    assert unit_price_text(WINE) == "7.99 EUR/l"
    with speaking("en", "de-DE"):
        assert unit_price_text(WINE) == "7,99 EUR/l"
    assert (
        unit_price_text(ShelfLabel(sku="B", name="Bananas", price=199, currency="EUR", unit="kg"))
        == "Price for 1 kg"
    )
    assert unit_price_text(ShelfLabel(sku="X", name="Bag", price=30, currency="EUR")) == ""


DIGITS = {
    "0001101": "0", "0011001": "1", "0010011": "2", "0111101": "3", "0100011": "4",
    "0110001": "5", "0101111": "6", "0111011": "7", "0110111": "8", "0001011": "9",
}  # fmt: skip


@given(st.text("0123456789", min_size=12, max_size=12))
def test_the_bars_are_those_of_the_code(body):
    code = body + check_digit(body)
    bars = ean13_bars(code)
    assert len(bars) == 95 and bars[:3] == bars[-3:] == "101" and bars[45:50] == "01010"
    right = [bars[50 + 7 * n : 57 + 7 * n].translate(str.maketrans("01", "10")) for n in range(6)]
    assert "".join(DIGITS[part] for part in right) == code[7:]
    assert not ean13_bars(body + str((int(code[-1]) + 1) % 10))


def test_codes_are_shown_as_people_know_them():
    assert shown_gtin("04006381333931") == "4006381333931"
    assert shown_gtin("00000096385074") == "96385074"
    assert shown_gtin("") == "" and ean13_bars("abc") == "" and ean13_bars("14006381333931") == ""


@given(st.lists(st.text(max_size=60), max_size=30))
def test_every_sheet_is_well_formed_whatever_the_goods_are_called(names):
    labels = [ShelfLabel(sku=name, name=name, price=1, currency="EUR", barcode=name) for name in names]
    page = ElementTree.fromstring(labels_svg(labels))
    assert len(page.findall("{http://www.w3.org/2000/svg}g")) == len(names)


def test_a_label_for_the_receipt_printer_has_its_barcode():
    document = label_document((WINE,))
    assert any(isinstance(element, Barcode) for element in document.elements)
    assert "Wine" in render_text(document, 32)[0]
