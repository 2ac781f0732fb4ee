"""Amounts and the two named roundings."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.sale.money import (
    Money,
    exponent,
    format_amount,
    parse_amount,
    round_half_up,
    round_half_up_to_cash,
)

AMOUNTS = st.integers(-(10**14), 10**14)
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "SEK"])


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("20", 2000), ("20.5", 2050), ("20,50", 2050), (".5", 50), ("0", 0), ("5.", 500), (" 7 ", 700),
        ("00012", 1200), ("999999999999", 99_999_999_999_900),
    ],
)  # fmt: skip
def test_typed_amounts_are_read(text, amount):
    assert parse_amount(text, "EUR") == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        ",",
        "-1",
        "+1",
        "1.234",
        "1e3",
        "1.2.3",
        "1,000.00",
        "abc",
        "١٢",
        "1 0",
        "9" * 13,
        "0x10",
        "½",
    ],
)
def test_what_is_no_amount_is_none(text):
    assert parse_amount(text, "EUR") is None


def test_currencies_without_decimals_take_none():
    assert parse_amount("1326", "JPY") == 1326
    assert parse_amount("13.5", "JPY") is None
    assert parse_amount("1.234", "KWD") == 1234
    assert [exponent(code) for code in ("EUR", "JPY", "KWD")] == [2, 0, 3]


@given(AMOUNTS, CURRENCIES)
def test_formatted_amounts_are_read_back(amount, currency):
    text = format_amount(abs(amount), currency)
    assert parse_amount(text, currency) == abs(amount) or len(text.split(".")[0]) > 12
    assert format_amount(-abs(amount), currency) == ("-" if amount else "") + text


def test_money_prints_itself_with_its_currency():
    assert str(Money(1326, "EUR")) == "13.26 EUR"
    assert str(Money(-5, "EUR")) == "-0.05 EUR"


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**9))
def test_rounding_is_the_nearest_whole_and_a_half_goes_away_from_zero(numerator, denominator):
    exact = Fraction(numerator, denominator)
    result = round_half_up(numerator, denominator)
    distance = abs(exact - result)
    assert distance <= Fraction(1, 2)
    if distance == Fraction(1, 2):
        assert abs(result) > abs(exact)


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**6))
def test_a_refund_rounds_as_the_mirror_of_its_sale(numerator, denominator):
    assert round_half_up(-numerator, denominator) == -round_half_up(numerator, denominator)
    step = denominator % 1000 + 1
    assert round_half_up_to_cash(-numerator, step) == -round_half_up_to_cash(numerator, step)


@given(AMOUNTS, st.sampled_from([1, 5, 10, 50, 100]))
def test_cash_rounding_is_payable_and_near(amount, step):
    rounded = round_half_up_to_cash(amount, step)
    assert rounded % step == 0
    assert abs(rounded - amount) * 2 <= step


@pytest.mark.parametrize("denominator", [0, -1])
def test_rounding_refuses_a_denominator_that_is_not_positive(denominator):
    with pytest.raises(ValueError, match="positive"):
        round_half_up(1, denominator)
    with pytest.raises(ValueError, match="positive"):
        round_half_up_to_cash(1, denominator)
