"""Tax per line and the tax table."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sale_shop import CITY, POLICY, VAT_7, VAT_19
from store.sale.policy import TaxRate
from store.sale.quantity import from_thousandths
from store.sale.tax import UNTAXED, LineTax, find_tax, line_taxes, tax_table

RATES = st.builds(
    lambda rate, included: TaxRate(code="T", name="Tax", rate=from_thousandths(rate), included=included),
    st.integers(0, 100_000),
    st.booleans(),
)
AMOUNTS = st.integers(-(10**9), 10**9)


@pytest.mark.parametrize(
    ("amount", "rate", "included", "net", "tax", "gross"),
    [
        (109, "19", True, 92, 17, 109),
        (5250, "12", True, 4687, 563, 5250),
        (24900, "28", True, 19453, 5447, 24900),
        (109, "19", False, 109, 21, 130),
        (50, "5", False, 50, 3, 53),
        (-50, "5", False, -50, -3, -53),
        (100, "0", True, 100, 0, 100),
        (100, "8.875", False, 100, 9, 109),
    ],
)
def test_worked_examples(amount, rate, included, net, tax, gross):
    assert line_taxes(amount, TaxRate(code="T", name="T", rate=rate, included=included)) == LineTax(
        net, tax, gross
    )


@given(AMOUNTS, RATES)
def test_net_and_tax_make_gross_and_tax_is_within_half_a_cent(amount, tax):
    line = line_taxes(amount, tax)
    rate = Fraction(tax.rate) / 100
    assert line.net + line.tax == line.gross
    assert (line.gross if tax.included else line.net) == amount
    exact = amount * rate / (1 + rate) if tax.included else amount * rate
    assert abs(line.tax - exact) <= Fraction(1, 2)


@given(AMOUNTS, RATES)
def test_the_tax_of_a_refund_is_the_mirror_of_its_sale(amount, tax):
    there, back = line_taxes(amount, tax), line_taxes(-amount, tax)
    assert (back.net, back.tax, back.gross) == (-there.net, -there.tax, -there.gross)


def test_the_table_adds_the_rounded_lines_of_each_rate():
    lines = [(tax, line_taxes(50, tax)) for tax in (CITY, VAT_19, CITY, VAT_7, CITY)]
    table = tax_table(lines)
    assert [(row.code, row.net, row.tax, row.gross) for row in table] == [
        ("C", 150, 3, 153),
        ("A", 42, 8, 50),
        ("B", 47, 3, 50),
    ]


def test_untaxed_goods_make_no_row():
    assert tax_table([(UNTAXED, line_taxes(100, UNTAXED))]) == ()


def test_taxes_are_found_by_code():
    assert find_tax(POLICY, "A") == VAT_19
    assert find_tax(POLICY, "") is UNTAXED
    assert find_tax(POLICY, "Z") is None
