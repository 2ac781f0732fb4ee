"""What people and programs type becomes values of fields, or a sentence."""

import datetime
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from store.headquarters.errors import WrongInput
from store.headquarters.nouns.field import fields_of, find_field
from store.headquarters.nouns.goods import Price, Product
from store.headquarters.nouns.noun import KeyPart
from store.headquarters.nouns.profiles import OfflineProfileRow
from store.headquarters.setup.typed import (
    Reading,
    convert,
    read_fields,
    read_key_part,
    read_moment,
    read_value,
)

EUR = Reading(currency="EUR", zone=datetime.UTC)
JPY = Reading(currency="JPY", zone=datetime.UTC)


class Everything(msgspec.Struct, frozen=True, kw_only=True):
    """One field of each shape."""

    text: str = ""
    lines: Annotated[str, Meta(extra={"kind": "lines"})] = ""
    whole: int = 0
    number_s: float = 0.0
    truth: bool = False
    many: tuple[str, ...] = ()
    choice: Literal["a", "b"] = "a"
    date: Annotated[str, Meta(extra={"kind": "date"})] = ""
    amount: Annotated[int | None, Meta(description="The money.", extra={"kind": "amount"})] = None
    begin_ms: Annotated[int, Meta(extra={"kind": "moment"})] = 0
    end_ms: Annotated[int, Meta(extra={"kind": "last-day"})] = 0


def read(name, value, reading=EUR):
    field = find_field(fields_of(Everything), name)
    return read_value(field, value, reading)


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("text", " Milk ", "Milk"),
        ("text", 5, "5"),
        ("lines", "1 Market Square\\n10178 Berlin", "1 Market Square\n10178 Berlin"),
        ("whole", "12", 12),
        ("whole", 12, 12),
        ("whole", "", None),
        ("number", "0.8", 0.8),
        ("number", "0,8", 0.8),
        ("number_s", 2, 2.0),
        ("truth", "yes", True),
        ("truth", "NO", False),
        ("truth", True, True),
        ("truth", "", None),
        ("many", ["a", "b"], ["a", "b"]),
        ("many", "a|b, c", ["a", "b", "c"]),
        ("many", "", []),
        ("amount", "1.29", 129),
        ("amount", "1,29", 129),
        ("amount", "2", 200),
        ("amount", 129, 129),
        ("amount", "", None),
        ("date", "2026-12-01", "2026-12-01"),
        ("date", "", ""),
        ("begin", "2026-12-01", 1_796_083_200_000),
        ("begin", "2026-12-01T08:00", 1_796_112_000_000),
        ("begin", "2026-12-01T08:00+01:00", 1_796_108_400_000),
        ("begin", 1_796_083_200_000, 1_796_083_200_000),
        ("begin", "1796083200000", 1_796_083_200_000),
        ("end", "2026-12-01", 1_796_083_200_000 + 86_400_000),
        ("end", "2026-12-01T08:00", 1_796_112_000_000),
    ],
)
def test_a_typed_value_is_read_as_its_field_means_it(name, typed, value):
    assert read(name, typed) == value


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("text", "a\nb", "one line"),
        ("text", "a\x1b[31m", "control character"),
        ("text", "\udcff", "no UTF-8"),
        ("text", {"a": 1}, "one value"),
        ("text", "x" * 4_001, "4,000 are the most"),
        ("many", ["x"] * 201, "200 values at most"),
        ("text", True, "no yes or no"),
        ("text", None, "must be a text"),
        ("whole", "1.5", "whole number"),
        ("whole", 1.5, "whole number"),
        ("number", "fast", "is a number"),
        ("number", "nan", "is a number"),
        ("number", "1e99", "is a number"),
        ("truth", "maybe", "yes or no"),
        ("date", "2026-02-30", "'2026-02-30' is no date for date. Write it as 2026-12-01"),
        ("date", "2026-99-99", "is no date"),
        ("amount", "1.299", "Write it as 1.29"),
        ("amount", "-1", "no amount in EUR"),
        ("begin", "tomorrow", "no date"),
        ("begin", "2026-13-01", "no date"),
        ("begin", "0001-01-01", "no date"),
        ("begin", "1969-12-31", "no date before 1970"),
        ("end", "9999-12-31", "no date"),
        ("begin", "-5", "no date before 1970"),
    ],
)
def test_what_does_not_fit_is_a_sentence_about_the_field(name, typed, words):
    with pytest.raises(WrongInput, match=words):
        read(name, typed)


def test_amounts_follow_the_currency_and_a_file_of_minor_units():
    assert read("amount", "129", JPY) == 129
    with pytest.raises(WrongInput, match="no amount in JPY"):
        read("amount", "1.29", JPY)
    minor = Reading(currency="EUR", minor=True)
    assert read("amount", "129", minor) == 129 and read("amount", "1.29", minor) == 129


def test_a_naive_time_is_that_of_this_machine_where_no_zone_is_said():
    local = read_moment("2026-07-01T12:00", Reading(currency="EUR"), "from")
    assert local == int(datetime.datetime(2026, 7, 1, 12).astimezone().timestamp() * 1000)


def test_an_unknown_field_is_refused_with_what_may_have_been_meant():
    with pytest.raises(WrongInput, match="Did you mean offline-timeout"):
        read_fields(OfflineProfileRow, {"offline_timeuot": "1"}, EUR)
    with pytest.raises(WrongInput, match="There are: name"):
        read_fields(Product, {"zzz": "1"}, EUR)


def test_null_brings_back_the_default():
    assert read_fields(Product, {"price": None, "name": "x"}, EUR) == {"price": None, "name": "x"}
    assert convert({"price": None, "name": "x"}, Product, "A new product", EUR).price is None


@pytest.mark.parametrize(
    ("kind", "given_fields", "words"),
    [
        (Product, {}, r"A new product needs --name\. Name on screen"),
        (Price, {}, "A new price needs amount"),
        (
            OfflineProfileRow,
            {"offline_timeout_s": 500.0},
            r"offline-timeout '500.0' does not fit: a number <= 120.0 seconds",
        ),
        (Everything, {"choice": "c"}, r"choice 'c' does not fit: one of a, b\."),
        (Price, {"amount": 100_000_000_000}, r"<= 999999999.99"),
        (Product, {"name": "x" * 200}, "name .* does not fit: a text of length <= 120"),
    ],
)
def test_a_value_out_of_range_is_told_with_the_range_in_the_units_people_type(kind, given_fields, words):
    title = {Product: "A new product", Price: "A new price"}.get(kind, "A new profile")
    with pytest.raises(WrongInput, match=words):
        convert(given_fields, kind, title, EUR)


def test_a_fault_that_names_no_field_is_still_a_sentence():
    with pytest.raises(WrongInput, match=r"\.$"):
        convert({"name": "x", "barcodes": 5}, Product, "A new product", EUR)
    with pytest.raises(WrongInput, match="unknown field"):
        convert({"name": "x", "colour": "red"}, Product, "A new product", EUR)


def test_a_key_is_checked_against_its_pattern():
    part = KeyPart(name="store", help="Number of the store.", pattern=r"S[0-9]+")
    assert read_key_part(part, " S1 ", EUR) == "S1"
    with pytest.raises(WrongInput, match=r"cannot be used. Number of the store"):
        read_key_part(part, "1/2", EUR)
    assert read_key_part(KeyPart(name="key", help="", kind="lower"), "F6", EUR) == "f6"


@given(st.text(), st.sampled_from([field.name for field in fields_of(Everything)]))
def test_any_text_is_a_value_or_a_sentence(text, name):
    try:
        read(name, text)
    except WrongInput as fault:
        assert fault.sentence.strip().endswith((".", "'", "?"))
