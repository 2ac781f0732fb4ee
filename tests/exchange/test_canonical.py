"""The canonical form, against an RFC 8785 library on the subset we allow."""

import json
import unicodedata
from enum import IntEnum, StrEnum

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from store.exchange.canonical import (
    MAX_DEPTH,
    MAX_INTEGER,
    NotCanonical,
    canonical,
    parse_canonical,
    parse_checked,
    parse_document,
)

KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30).map(
    lambda t: unicodedata.normalize("NFC", t)
)
INTEGERS = st.integers(-MAX_INTEGER, MAX_INTEGER)
VALUES = st.recursive(
    TEXTS | INTEGERS | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=8)


@given(DOCUMENTS)
@settings(max_examples=80, deadline=None)
def test_the_form_is_that_of_rfc_8785_and_reads_back(document):
    data = canonical(document)
    assert data == rfc8785.dumps(document)
    assert parse_canonical(data) == document


SPELLINGS = [
    b'{"a":1}', b'{"a":1.0}', b'{"a":1e0}', b'{"a":-0}', b'{"a":01}', b'{"a":null}', b'{"a":true}',
    b'{"A":1}', b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a": 1}', b'{"a":"\\u00e9"}', b'{"a":"\\ud800"}',
    b'{"a":"\\u000a"}', b'{"a":"\\n"}', b'{"a":"\x01"}', b'{"a":"e\xcc\x81"}', b'{"a":"\xcc\xb8"}',
    b'{"a":["=","\xcc\xb8"]}', b'{"a":"\xff"}', b'{"a":9007199254740991}', b'{"a":9007199254740992}',
    b'{"a":-9007199254740992}', b'{"a":99999999999999999999}', b'{"a":{"b":[{"C":1}]}}',
    b'{"a":{"b":[{"c":1.5}]}}', b"[]", b"1", b"", b"{}", b'{"a":1}\n', b'{"":1}', b'{"a":"/"}', b'{"a":"\\/"}',
    b'{"a":' * 23 + b"1" + b"}" * 23, b'{"a":' * 24 + b"1" + b"}" * 24, b'{"a":' * 25 + b"1" + b"}" * 25,
    b'{"a":' + b"[" * 23 + b"]" * 23 + b"}", b'{"a":' + b"[" * 24 + b"]" * 24 + b"}", b'{"a":' + b"[" * 9_000,
]  # fmt: skip


def carefully(data):
    """The careful way alone, without the short one."""
    document = parse_document(data)
    if canonical(document) != data:
        raise NotCanonical("other bytes")
    return document


def outcome(read, data):
    try:
        return read(data)
    except NotCanonical:
        return "refused"


@pytest.mark.parametrize("data", SPELLINGS, ids=[str(n) for n in range(len(SPELLINGS))])
def test_the_short_way_of_reading_decides_as_the_careful_one(data):
    assert outcome(parse_canonical, data) == outcome(carefully, data)


def edits(document):
    """The canonical bytes with a few of them replaced, and left alone."""
    data = canonical(document)
    places = st.lists(
        st.tuples(st.integers(0, len(data) - 1), st.sampled_from(b'"{}[]:,.0e-\\aZ \xcc\xb8\x00')), max_size=3
    )
    return places.map(lambda changes: bytes(_edited(data, changes)))


def _edited(data, changes):
    data = bytearray(data)
    for place, byte in changes:
        data[place] = byte
    return data


@given(DOCUMENTS.flatmap(edits))
@settings(max_examples=400, deadline=None)
def test_damaged_bytes_are_judged_the_same_the_short_and_the_careful_way(data):
    assert outcome(parse_canonical, data) == outcome(carefully, data)


def test_a_sound_document_takes_the_short_way(monkeypatch):
    monkeypatch.setattr("store.exchange.canonical.parse_document", lambda _: pytest.fail("the careful way"))
    assert parse_canonical(canonical({"lines": [{"name": "Käse", "n": 1}], "v": 1}))["v"] == 1


@given(DOCUMENTS)
@settings(max_examples=60, deadline=None)
def test_any_other_spelling_is_refused(document):
    for spelling in (
        json.dumps(document, ensure_ascii=False, sort_keys=True).encode(),
        canonical(document) + b" ",
        b"\xef\xbb\xbf" + canonical(document),
    ):
        if spelling != canonical(document):
            with pytest.raises(NotCanonical):
                parse_canonical(spelling)


@pytest.mark.parametrize(
    "document",
    [
        {"price": 1.5},
        {"price": float("nan")},
        {"price": None},
        {"price": MAX_INTEGER + 1},
        {"price": -MAX_INTEGER - 1},
        {"Price": 1},
        {"": 1},
        {"1a": 1},
        {"a-b": 1},
        {"ä": 1},
        {1: 1},
        {"name": "e\u0301"},
        {"name": "\ud800"},
        {"name": b"bytes"},
        {"name": {"deep": {"Wrong": 1}}},
    ],
)
def test_what_has_no_canonical_form_is_refused(document):
    with pytest.raises(NotCanonical):
        canonical(document)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"1",
        b'"text"',
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":NaN}',
        b'{"a":-0.0}',
        b'{"a":99999999999999999999}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b"\x00",
        b'{"a":' + b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":' + b"1" * 100_000 + b"}",
    ],
)
def test_what_is_no_document_is_refused_without_harm(data):
    with pytest.raises(NotCanonical):
        parse_document(data)
    with pytest.raises(NotCanonical):
        parse_canonical(data)


@pytest.mark.parametrize(
    "data",
    [b'{"a":null}', b'{"a":"\\ud800"}', b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":"\\u00e4"}', b'{"a":-0}'],
)
def test_documents_in_another_form_can_be_read_but_not_as_canonical(data):
    assert parse_document(data)
    with pytest.raises(NotCanonical):
        parse_canonical(data)


def test_depth_is_counted_outside_of_strings():
    fits = {"a": "[[[[{{{{" * 20}
    assert parse_canonical(canonical(fits)) == fits
    deep = 1
    for _ in range(MAX_DEPTH):
        deep = {"a": deep}
    assert parse_canonical(canonical(deep)) == deep
    with pytest.raises(NotCanonical):
        canonical({"a": deep})
    with pytest.raises(NotCanonical):
        parse_document(b'{"a":' + canonical(deep) + b"}")


class Kind(StrEnum):
    SALE = "sale"


class Place(IntEnum):
    FIRST = 1


def test_enumerations_count_as_their_values():
    assert canonical({"kind": Kind.SALE, "n": Place.FIRST}) == b'{"kind":"sale","n":1}'


@pytest.mark.parametrize("first", [0, 0x80, 0x2000, 0x10000])
def test_every_letter_is_spelled_as_other_json_writers_spell_it(first):
    text = unicodedata.normalize("NFC", "".join(map(chr, range(first, first + 0x80))))
    assert canonical({"name": text}) == rfc8785.dumps({"name": text})
    assert (
        canonical({"name": text})
        == json.dumps({"name": text}, ensure_ascii=False, separators=(",", ":")).encode()
    )


@pytest.mark.parametrize("depth", [1, 3, 8, 20])
def test_what_was_found_canonical_is_read_again_however_deep_it_is(depth):
    document = {"a": 1}
    for _ in range(depth):
        document = {"a": document}
    assert parse_checked(canonical(document)) == document
    with pytest.raises(NotCanonical):
        parse_checked(canonical(document)[:-1])
