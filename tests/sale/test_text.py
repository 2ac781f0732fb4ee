"""Text from outside, made harmless."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.sale.text import printable, stored

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Whole milk 1 l", "Whole milk 1 l"),
        ("Käse „Gouda“ 有機", "Käse „Gouda“ 有機"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("bell\x07\x08\x7f\x00", "bell"),
        ("\x9b31m", "31m"),
        ("a\r\nb\tc", "a  b c"),
        ("price \u202e00.1\u202c", "price 00.1"),
        ("\u2066iso\u2069lated\u061c\u200e\u200f", "isolated"),
        ("zero\u200b\u200c\u200d\u2060\ufeffwidth", "zerowidth"),
        ("soft\u00adhyphen", "softhyphen"),
        ("line\u2028sep\u2029", "line sep "),
        ("no\u00a0break", "no break"),
        ("half \ud800 pair", "half  pair"),
        ("private \ue000\U000f0000", "private "),
        ("tag\U000e0041", "tag"),
        ("heart\u2764\ufe0f", "heart\u2764"),
        ("\u3164\u115f\u1160\uffa0x", "x"),
        ("", ""),
    ],
)
def test_nothing_steers_or_hides(text, shown):
    assert printable(text) == shown


def test_marks_on_one_letter_are_limited():
    assert printable("z" + "\u0301" * 50 + "a") == "z" + "\u0301" * 3 + "a"


@given(ANY_TEXT)
def test_printable_text_is_printable_and_stays(text):
    shown = printable(text)
    assert shown == "" or shown.isprintable()
    assert printable(shown) == shown
    assert all(unicodedata.category(character)[0] != "C" for character in shown)


@given(ANY_TEXT, st.integers(0, 40))
def test_stored_text_is_sound_unicode_in_nfc_and_short(text, limit):
    kept = stored(text, limit)
    kept.encode("utf-8")
    assert unicodedata.is_normalized("NFC", kept)
    assert len(kept) <= limit
