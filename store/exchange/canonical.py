"""The canonical form of a document: the one sequence of bytes that is hashed and signed.

RFC 8785 restricted to what all ordinary JSON tools agree on (docs/offline-protocol.md 3.3): UTF-8, keys
`[a-z][a-z0-9_]*`, no floats, integers within ±(2^53−1), NFC strings without lone surrogates, no nulls, no
duplicate keys. Money is integer minor units; quantities and rates are decimal strings.
"""

import functools
import json
import re
import unicodedata
from enum import Enum
from typing import Annotated, Any, NoReturn

import msgspec

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 24
"""Deeper nesting is refused before anything is parsed; our documents need five."""
MAX_DOCUMENT_BYTES = 16_777_216
"""Larger documents are refused unread; journal payloads have their own, smaller limit."""

_ENCODER = msgspec.json.Encoder(order="sorted")
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_CONTAINERS = frozenset((dict, list))
_QUICK_DEPTH = 6
_LONGEST_INTEGER = 17  # "-9007199254740991"


def _sound_shape() -> Any:
    """What an ordinary canonical document holds; what is nested deeper is read the careful way.

    Making the type costs twice as much with every level: a union's hash hashes what is in it, twice.
    """
    plain: Any = str | bool | Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
    inner = plain
    for _ in range(_QUICK_DEPTH - 1):
        inner = plain | list[inner] | dict[str, inner]  # type: ignore[valid-type]
    return dict[str, inner]  # type: ignore[valid-type]


_DECODER = msgspec.json.Decoder(_sound_shape())


class NotCanonical(ValueError):
    """A document has no canonical form, or bytes are not the canonical form of what they say."""


def canonical(document: dict[str, Any]) -> bytes:
    """The canonical bytes of a document; raises NotCanonical when it holds something without canonical form."""
    _check(document, 1)
    # Keys are ASCII here, so sorting by bytes is sorting by UTF-16 units as RFC 8785 wants.
    return _ENCODER.encode(document)


def parse_canonical(data: bytes) -> dict[str, Any]:
    """The document of canonical bytes; raises NotCanonical for anything that `canonical` would not have written."""
    sound = _parse_sound(data)
    if sound is not None:
        return sound
    document = parse_document(data)
    if canonical(document) != data:
        raise NotCanonical("The bytes are not in canonical form.")
    return document


def parse_checked(data: bytes) -> dict[str, Any]:
    """The document of bytes that were found canonical before, read once more; raises NotCanonical if they are none."""
    try:
        return _DECODER.decode(data)  # type: ignore[no-any-return]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return parse_document(data)  # nested deeper than the quick way goes, or other bytes after all


def _parse_sound(data: bytes) -> dict[str, Any] | None:
    """The document of bytes that are canonical beyond doubt, ten times faster than the careful way; None is a doubt.

    Writing it again gives the same bytes, so order, spaces, escapes, number forms and repeated keys are right; the
    shape leaves no floats, nulls, wide integers or deep nesting. What is left to look at are keys and Unicode.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        return None
    try:
        document: dict[str, Any] = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    # A part of a text in normal form C is in it too, and no quotation mark combines with what follows it.
    normal = data.isascii() or unicodedata.is_normalized("NFC", data.decode())
    return document if normal and _ENCODER.encode(document) == data and _keys_sound(document) else None


def _keys_sound(value: Any) -> bool:
    if type(value) is dict:
        if not _are_keys(tuple(value)):
            return False
        value = value.values()
    if _CONTAINERS.isdisjoint(map(type, value)):
        return True
    for inner in value:
        kind = type(inner)
        if (kind is dict or kind is list) and not _keys_sound(inner):
            return False
    return True


def parse_document(data: bytes) -> dict[str, Any]:
    """The document of JSON bytes, canonical or not, within the limits of this module; raises NotCanonical."""
    if len(data) > MAX_DOCUMENT_BYTES:
        raise NotCanonical(f"The document has {len(data)} bytes; {MAX_DOCUMENT_BYTES} are allowed.")
    _check_depth(data)
    try:
        document = json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise NotCanonical(f"The document is no JSON: {error}.") from error
    if not isinstance(document, dict):
        raise NotCanonical("The document is no JSON object.")
    return document


def _check(value: Any, depth: int) -> None:
    # This runs in every commit of a sale, so it asks for the exact types first and for nothing twice.
    kind = type(value)
    if kind is str:
        if not value.isascii():
            _check_text(value)
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise NotCanonical(f"{value} is outside the integers every JSON reader keeps exact.")
    elif kind is dict or kind is list or kind is tuple:
        if depth > MAX_DEPTH:
            raise NotCanonical(f"The document is nested deeper than {MAX_DEPTH} levels.")
        if kind is dict:
            for key in value:
                if not _is_key(key):
                    raise NotCanonical(f"{key!r} is no key; keys look like receipt_no.")
            value = value.values()
        for inner in value:
            _check(inner, depth + 1)
    elif isinstance(value, Enum) and isinstance(value, str | int):
        _check(value.value, depth)
    elif kind is not bool:
        raise NotCanonical(f"A {kind.__name__} has no canonical form.")


@functools.lru_cache(maxsize=1_024)
def _are_keys(keys: tuple[object, ...]) -> bool:
    """The lines of all sales have the same few sets of keys."""
    return all(map(_is_key, keys))


@functools.lru_cache(maxsize=4_096)
def _is_key(key: object) -> bool:
    return isinstance(key, str) and _KEY.fullmatch(key) is not None


def _check_text(text: str) -> None:
    if text.isascii():
        return
    if not unicodedata.is_normalized("NFC", text):
        raise NotCanonical("A text is not in Unicode normal form C.")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise NotCanonical("A text holds half a surrogate pair.")


def _check_depth(data: bytes) -> None:
    """Refuse deep nesting before the parser meets it, so that no document can exhaust the stack."""
    depth = 0
    for byte in _STRING.sub(b"", data):
        if byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NotCanonical(f"The document is nested deeper than {MAX_DEPTH} levels.")
        elif byte in b"]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise NotCanonical("A key appears twice in one object.")
    return document


def _integer(text: str) -> int:
    if len(text) > _LONGEST_INTEGER:
        raise NotCanonical("A number is too long.")
    return int(text)


def _no_float(text: str) -> NoReturn:
    raise NotCanonical(
        f"{text[:20]} is a number with a fraction; amounts are integers, quantities are texts."
    )
