"""How what a person or a program typed becomes the value of a field. Pure.

A JSON integer for an amount counts minor units and for a moment milliseconds; a text is what people write: 1.29, and
2026-12-01 or 2026-12-01T08:00.
"""

import datetime
import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from store.headquarters.errors import WrongInput
from store.headquarters.nouns.field import Field, fields_of, find_field
from store.headquarters.nouns.goods import MAX_MS
from store.headquarters.nouns.noun import KeyPart
from store.sale.money import format_amount, parse_amount

Document = TypeVar("Document")

YES = ("yes", "true", "on", "1", "y")
NO = ("no", "false", "off", "0", "n")
MAX_TEXT = 4_000
"""Characters of one value; what a package carries."""
MAX_VALUES = 200
"""Values of one field that takes several."""
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_DAY = datetime.timedelta(days=1)
_PLAIN = {
    "Expected int": "a whole number",
    "Expected float": "a number",
    "Expected str": "a text",
    "Expected array": "a list",
}
"""What msgspec calls them, and people."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How texts are read: the chain's currency, and the zone of a time without one (None: this machine's)."""

    currency: str
    zone: datetime.tzinfo | None = None
    minor: bool = False
    """A text without a decimal point is minor units: in files that say so."""


def read_fields(
    kind: type[msgspec.Struct] | None, given: Mapping[str, Any], reading: Reading
) -> dict[str, Any]:
    """The typed fields by their names and as their types; a None brings back the default. Raises WrongInput."""
    fields = fields_of(kind)
    found: dict[str, Any] = {}
    for name, value in given.items():
        field = find_field(fields, name)
        if field is None:
            raise unknown_field(name, fields)
        found[field.name] = None if value is None else read_value(field, value, reading)
    return found


def unknown_field(name: str, fields: Sequence[Field]) -> WrongInput:
    """The refusal of a name that no field has."""
    words = [field.word for field in fields]
    near = difflib.get_close_matches(name.strip().lower().replace("_", "-"), words, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(words) or 'none'}."
    return WrongInput(f"There is no field {name[:40]!r}. {hint}")


def read_value(field: Field, value: Any, reading: Reading) -> Any:
    """One typed value as the field's type, not yet checked for its range. Raises WrongInput."""
    if field.many:
        parts = value if isinstance(value, list | tuple) else re.split(r"[|,\s]+", str(value).strip())
        if len(parts) > MAX_VALUES:
            raise WrongInput(f"{field.word} takes {MAX_VALUES} values at most, not {len(parts):,}.")
        return [_read_one(field, part, reading) for part in parts if part != ""]
    if isinstance(value, list | tuple | dict):
        raise WrongInput(f"{field.word} takes one value.")
    if value == "" and (field.optional or field.base is not str):
        return None
    return _read_one(field, value, reading)


def _read_one(field: Field, value: Any, reading: Reading) -> Any:
    if field.base is bool:
        return _read_truth(field, value)
    if isinstance(value, bool):
        raise WrongInput(f"{field.word} takes no yes or no. {field.help}")
    if field.kind == "date":
        return _read_date(field, value)
    if field.kind == "amount" and isinstance(value, str):
        return _read_amount(field, value, reading)
    if field.kind in ("moment", "last-day") and isinstance(value, str):
        return read_moment(value, reading, field.word, end_of_day=field.kind == "last-day")
    if field.base is int:
        return _read_whole(field, value)
    if field.base is float:
        return _read_number(field, value)
    return read_text(field.word, value, lines=field.kind == "lines")


def read_text(word: str, value: Any, *, lines: bool = False) -> str:
    """A text without control characters; in `lines` a typed `\\n` begins a line. Raises WrongInput."""
    if not isinstance(value, str | int | float):
        raise WrongInput(f"{word} must be a text.")
    text = str(value)
    if len(text) > MAX_TEXT:
        raise WrongInput(f"{word} has {len(text):,} characters; {MAX_TEXT:,} are the most.")
    if lines:
        text = text.replace("\\n", "\n").replace("\r\n", "\n")
    elif "\n" in text:
        raise WrongInput(f"{word} must be one line.")
    if _CONTROL.search(text):
        raise WrongInput(f"{word} holds a control character.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise WrongInput(f"{word} holds bytes that are no UTF-8.") from error
    return text.strip()


def read_moment(text: str, reading: Reading, word: str, *, end_of_day: bool = False) -> int:
    """A date or a time as milliseconds; a date is its beginning, or its end. Raises WrongInput."""
    text = text.strip()
    try:
        moment_ms = int(text) if _is_milliseconds(text) else _milliseconds(text, reading, end_of_day)
    except (ValueError, OverflowError) as error:
        raise WrongInput(
            f"{text[:40]!r} is no date for {word}. Write it as 2026-12-01, or 2026-12-01T08:00."
        ) from error
    if not 0 <= moment_ms <= MAX_MS:
        raise WrongInput(f"{text[:40]!r} is too far away for {word}: no date before 1970 or after 9999.")
    return moment_ms


def _is_milliseconds(text: str) -> bool:
    """Eight digits are a date without dashes, everything else in digits a number of milliseconds."""
    return _WHOLE.fullmatch(text) is not None and len(text) != 8


def _milliseconds(text: str, reading: Reading, end_of_day: bool) -> int:
    moment = datetime.datetime.fromisoformat(text)
    if end_of_day and _DATE.fullmatch(text):
        moment += _DAY
    if moment.tzinfo is None:
        # A naive time means the local one; astimezone() without a zone takes this machine's.
        moment = moment.replace(tzinfo=reading.zone) if reading.zone is not None else moment.astimezone()
    return int(moment.timestamp() * 1000)


def read_key_part(part: KeyPart, text: str, reading: Reading) -> str:
    """A part of a key as it is kept; raises WrongInput."""
    text = read_text(part.name, text)
    if part.kind == "lower":
        text = text.lower()
    if part.kind == "moment":
        return str(read_moment(text or "0", reading, part.name))
    if not part.ref and not re.fullmatch(part.pattern, text):
        raise WrongInput(f"{text[:40]!r} cannot be used. {part.help}")
    return text


def convert(merged: Mapping[str, Any], kind: type[Document], who: str, reading: Reading) -> Document:
    """A document from its fields, with their ranges checked; raises WrongInput, about what `who` needs."""
    given = {name: value for name, value in merged.items() if value is not None}
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise WrongInput(_fault(str(error), given, fields_of(kind), who, reading)) from error  # type: ignore[arg-type]


def _fault(
    message: str, given: Mapping[str, Any], fields: tuple[Field, ...], who: str, reading: Reading
) -> str:
    missing = re.search(r"required field `(\w+)`", message)
    if missing:
        field = find_field(fields, missing[1])
        return f"{who} needs {field.option if field else missing[1]}. {field.help if field else ''}".strip()
    place = re.search(r"`\$\.(\w+)", message)
    field = find_field(fields, place[1]) if place else None
    if field is None:
        return f"{message}."
    cause = message.partition(" - at ")[0].replace("`", "")
    for wire, plain in _PLAIN.items():
        cause = cause.replace(wire, plain)
    if field.choices:
        cause = f"one of {', '.join(map(str, field.choices))}"
    if field.kind == "amount":
        cause = re.sub(r"-?\d+", lambda found: format_amount(int(found[0]), reading.currency), cause)
    shown = str(given.get(field.name))[:40]
    if field.kind == "secret":
        return f"{field.word} does not fit. {field.help}"
    unit = f" {field.unit}" if field.unit else ""
    return f"{field.word} {shown!r} does not fit: {cause[:1].lower()}{cause[1:]}{unit}. {field.help}"


def _read_truth(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise WrongInput(f"{field.word} is yes or no, not {str(value)[:40]!r}.")


def _read_date(field: Field, value: Any) -> str:
    text = read_text(field.word, value)
    try:
        if text:
            datetime.date.fromisoformat(text)
    except ValueError:
        text = text[:40]
        raise WrongInput(f"{text!r} is no date for {field.word}. Write it as 2026-12-01.") from None
    return text


def _read_amount(field: Field, value: str, reading: Reading) -> int:
    if reading.minor and _WHOLE.fullmatch(value.strip()):
        return int(value)
    amount = parse_amount(value, reading.currency)
    if amount is None:
        example = format_amount(129, reading.currency)
        raise WrongInput(
            f"{value[:40]!r} is no amount in {reading.currency} for {field.word}. Write it as {example}."
        )
    return amount


def _read_whole(field: Field, value: Any) -> int:
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    raise WrongInput(f"{field.word} is a whole number, not {str(value)[:40]!r}. {field.help}")


def _read_number(field: Field, value: Any) -> float:
    try:
        number = float(str(value).replace(",", "."))
    except ValueError:
        number = float("nan")
    if not -1e15 < number < 1e15:
        raise WrongInput(f"{field.word} is a number, not {str(value)[:40]!r}. {field.help}")
    return number
