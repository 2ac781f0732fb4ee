"""Amounts, dates and quantities as a region writes them; phrases with their values; bars of a chart; macros as text."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.sale.bar_chart import bar, bars
from store.sale.language import phrase, placeholders, region_in_force, speaking
from store.sale.macro import MacroRefused, is_macro, macro_steps, macros_from, operation_in
from store.sale.moment import local_text, shown_day, shown_text
from store.sale.money import format_amount, parse_amount, shown_amount
from store.sale.region import PLAIN, REGIONS, local_date, local_moment, local_number, region_of


@pytest.mark.parametrize(
    ("region", "amount", "shown"),
    [
        ("de-DE", 123456789, "1.234.567,89"),
        ("de-DE", -5, "-0,05"),
        ("en-US", 123456, "1,234.56"),
        ("de-CH", 123456, "1'234.56"),
        ("", 123456, "1234.56"),
        ("fr-FR", 99999, "999,99"),
    ],
)
def test_an_amount_as_a_region_writes_it(region, amount, shown):
    with speaking("en", region):
        assert shown_amount(amount, "EUR") == shown


@given(
    st.integers(-(10**12), 10**12), st.sampled_from(sorted(REGIONS)), st.sampled_from(["EUR", "JPY", "KWD"])
)
def test_an_amount_loses_nothing_in_any_region(amount, code, currency):
    region = REGIONS[code]
    text = local_number(format_amount(amount, currency), region)
    plain = text.replace(region.group, "") if region.group else text
    assert plain.replace(region.decimal, ".") == format_amount(amount, currency)


def test_a_typed_amount_may_have_a_point_or_a_comma():
    assert parse_amount("12,80", "EUR") == parse_amount("12.80", "EUR") == 1280


def test_texts_that_are_no_numbers_come_back_as_they_are():
    for text in ("", "-", "1e5", "half", "٣"):
        assert local_number(text, REGIONS["de-DE"]) == text


def test_moments_and_days_of_a_region():
    at = "2026-11-24T13:03:12.000Z"
    assert shown_text(at, 60) == local_text(at, 60) == "2026-11-24 14:03:12"
    with speaking("en", "de-DE"):
        assert shown_text(at, 60) == "24.11.2026 14:03:12"
        assert shown_day("2026-11-24") == "24.11.2026"
        assert shown_day("some day") == "some day" and shown_text("never", 0) == "never"
        assert shown_text(at, 10_000) == at
        assert region_in_force().code == "de-DE"
    with speaking("en", "en-US"):
        assert shown_text(at, 60) == "11/24/2026 02:03:12 PM"
    assert local_date(date(99, 1, 2), REGIONS["de-DE"]) == "02.01.0099"
    assert local_moment(datetime(2026, 1, 2, 3, 4, 5), PLAIN) == "2026-01-02 03:04:05"
    assert region_of("de").code == "de-DE" and region_of("en") is PLAIN and region_of("xx") is PLAIN


def test_values_fill_the_placeholders_in_their_order():
    assert phrase("{a} of {b}, {a}", 1, 2) == "1 of 2, 1"
    assert phrase("Set {{x}} to {a}", 1) == "Set {x} to 1"
    assert phrase("50 % {off}", "{y}") == "50 % {y}"  # what a value holds is no placeholder
    assert placeholders("{{x}} {a} {b} {a}") == ("a", "b")
    with pytest.raises(ValueError, match="argument"):
        phrase("{a}", 1, 2)


@given(st.integers(0, 10**9), st.integers(1, 10**9), st.integers(1, 60))
def test_a_bar_is_seen_and_never_too_long(value, most, width):
    drawn = bar(value, most, width)
    assert len(drawn) <= width and bool(drawn) is (value > 0)
    assert value < most or len(drawn) == width


@given(
    st.lists(
        st.tuples(st.text("0123456789", max_size=2), st.integers(-5, 10**6), st.text("0.x ", max_size=9))
    )
)
def test_all_bars_are_of_one_width(rows):
    assert len({len(text) for _, text in bars(rows, 40)}) <= 1
    assert [label for label, _ in bars(rows, 40)] == [label for label, _, _ in rows]


def test_a_macro_is_entries_of_the_entry_line():
    assert macro_steps("3*4011\\n/139\n\n 20 ") == ("3*4011", "/139", "20")
    assert operation_in("/139") == (139, "") and operation_in("/101 4011") == (101, "4011")
    assert (
        operation_in("//") == (0, "//")
        and operation_in("/12345") == (0, "/12345")
        and operation_in("x") == (0, "x")
    )
    assert macros_from({"1": "4011", "2": ""}) == {9181: ("4011",)}
    assert is_macro(9181) and is_macro(9189) and not is_macro(9190)


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"1": "/9182"}, "runs no other macro"),
        ({"1": "\n".join("1" * 21)}, "at most 20 entries"),
        ({"1": "x" * 65}, "at most 64 characters"),
        ({"10": "4011"}, "no macro '10'"),
        ({"one": "4011"}, "no macro 'one'"),
    ],
)
def test_a_macro_that_cannot_be_is_refused(texts, sentence):
    with pytest.raises(MacroRefused, match=sentence):
        macros_from(texts)
