"""Quantities as decimal strings."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.sale.money import round_half_up
from store.sale.quantity import divide, from_thousandths, is_whole, multiply, parse_quantity, thousandths


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("2", "2"), ("0.482", "0.482"), ("0,482", "0.482"), ("1.50", "1.5"), ("007", "7"), (".5", "0.5"),
     ("3.", "3"), ("1.000", "1"), ("0", "0"), (" 4 ", "4")],
)  # fmt: skip
def test_typed_quantities_become_canonical(text, canonical):
    assert parse_quantity(text) == canonical


@pytest.mark.parametrize("text", ["", ".", "-1", "1.2345", "1e2", "two", "1.2.3", "1" * 10, "٣", "²"])
def test_what_is_no_quantity_is_none(text):
    assert parse_quantity(text) is None


@given(st.integers(-(10**12) + 1, 10**12 - 1))
def test_thousandths_and_text_are_inverse(value):
    text = from_thousandths(value)
    assert thousandths(text) == value
    assert not (text.endswith("0") and "." in text)
    assert Fraction(text) == Fraction(value, 1000)


@pytest.mark.parametrize("text", ["1.0", "01", "+1", "1,5", "", "-", "1.", ".5", "²", "1e3", " 1"])
def test_only_the_canonical_form_counts(text):
    with pytest.raises(ValueError, match="canonical"):
        thousandths(text)


@given(st.integers(-(10**9), 10**9), st.integers(0, 9_999_000))
def test_price_times_quantity_is_exact_and_rounded_once(price, value):
    exact = Fraction(price) * Fraction(value, 1000)
    assert multiply(price, from_thousandths(value)) == round_half_up(exact.numerator, exact.denominator)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_quantity_of_a_label_is_amount_over_price_to_three_decimals(amount, price):
    assert abs(Fraction(divide(amount, price)) - Fraction(amount, price)) <= Fraction(1, 2000)


def test_whole_quantities_have_no_decimals():
    assert is_whole("2")
    assert not is_whole("0.5")
