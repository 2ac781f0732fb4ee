"""Rows of a file held against the set-up, a batch at a time: what each would become, or why it is refused."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from store.database.connection import Connection, Value, values
from store.headquarters.errors import NotThere, Refused, SetupError, WrongInput
from store.headquarters.imports.heading import Column, plain_cell
from store.headquarters.imports.records import Record
from store.headquarters.nouns.field import Field, fields_of
from store.headquarters.nouns.noun import Noun, key_of, parts_of
from store.headquarters.nouns.table import NOUNS
from store.headquarters.setup.change import settle
from store.headquarters.setup.typed import Reading, read_key_part, read_value
from store.headquarters.setup_rows import document_text

BATCH_ROWS = 2_000
_IN = 500
"""Values of one `in (...)`; SQLite allows 999 in old builds."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is right: `base_n` is the number of the row in force, 0 for a new one."""

    line: int
    key: str
    document: str
    names: tuple[str, ...]
    base_n: int
    created: bool
    inputs: dict[str, Any] = {}


class RefusedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is not loaded, and why."""

    line: int
    key: str
    reason: str


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch; rows that are in force as they are, are only counted."""

    rows: list[Checked]
    refused: list[RefusedRow]
    unchanged: int
    made: dict[tuple[str, str], Any]
    """Noun and key of what the rows name and is not there yet, with the document to make."""


class _Typed(msgspec.Struct, kw_only=True):
    """A row on its way."""

    line: int
    parts: dict[str, str]
    fields: dict[str, Any]
    inputs: dict[str, Any]


class _Wish(msgspec.Struct, kw_only=True):
    """What a row would make of the set-up."""

    row: _Typed
    key: str
    document: Any
    names: tuple[str, ...]


class _Known(msgspec.Struct, kw_only=True):
    """What the set-up has of the things a batch names: key by typed text, per noun; the rows in force."""

    keys: dict[str, dict[str, str]] = {}
    rows: dict[str, tuple[str, int, bool]] = {}
    owners: dict[str, str] = {}
    made: dict[tuple[str, str], Any] = {}


def check_batch(
    db: Connection, noun: Noun, columns: Sequence[Column], records: Iterable[Record], reading: Reading
) -> Batch:
    """Check rows; part of a unit that reads."""
    refused: list[RefusedRow] = []
    typed: list[_Typed] = []
    for record in records:
        with _noting(refused, record.line, record.cells[0] if record.cells else ""):
            typed.append(_read(noun, columns, record, reading))
    known = _look_up(db, noun, typed)
    wishes: list[_Wish] = []
    for row in typed:
        with _noting(refused, row.line, _shown_key(noun, row)):
            parts, key = _key(noun, row, known)
            document = _document(noun, row, parts, key, known, reading)
            names = noun.names(key, document) if noun.names is not None else ()
            wishes.append(_Wish(row=row, key=key, document=document, names=names))
    owned = _select(db, _SELECT_OWNERS, noun.name, {name for wish in wishes for name in wish.names})
    known.owners.update((name, key) for name, key in owned)
    found: list[Checked | None] = []
    for wish in wishes:
        with _noting(refused, wish.row.line, wish.key):
            found.append(_checked(noun, wish, known))
    return Batch(
        rows=[row for row in found if row is not None],
        refused=sorted(refused, key=lambda one: one.line),
        unchanged=found.count(None),
        made=known.made,
    )


@contextlib.contextmanager
def _noting(refused: list[RefusedRow], line: int, key: str) -> Iterator[None]:
    """What is wrong with a row refuses that row, not the file."""
    try:
        yield
    except SetupError as fault:
        refused.append(RefusedRow(line=line, key=key.strip()[:60], reason=fault.sentence))


def _read(noun: Noun, columns: Sequence[Column], record: Record, reading: Reading) -> _Typed:
    if len(record.cells) != len(columns):
        raise WrongInput(f"The line has {len(record.cells)} cells, the heading {len(columns)}.")
    row = _Typed(line=record.line, parts={}, fields={}, inputs={})
    for column, cell in zip(columns, record.cells, strict=True):
        text = plain_cell(cell)
        if column.part is not None:
            if not text and column.part.default is None:
                raise WrongInput(f"The {column.part.name} is missing.")
            row.parts[column.part.name] = read_key_part(column.part, text, reading) if text else ""
        elif column.field is not None:
            # An empty cell empties the field; a column that is not there leaves it as it is.
            kept = row.inputs if column.is_input else row.fields
            kept[column.field.name] = read_value(column.field, text, reading) if text else None
    return row


def _key(noun: Noun, row: _Typed, known: _Known) -> tuple[dict[str, str], str]:
    parts = {}
    for part in noun.key:
        text = row.parts.get(part.name) or part.default or ""
        if part.ref and text:
            found = known.keys.get(part.ref, {}).get(text)
            if found is None:
                raise NotThere(f"There is no {NOUNS[part.ref].title} {text[:60]!r}.")
            text = found
        parts[part.name] = text
    key = key_of(noun, parts)
    key = known.keys.get(noun.name, {}).get(key, key)
    return parts_of(noun, key), key


def _document(
    noun: Noun, row: _Typed, parts: dict[str, str], key: str, known: _Known, reading: Reading
) -> Any:
    text, _, removed = known.rows.get(key, ("", 0, True))
    before = {} if removed else msgspec.json.decode(text)
    document = settle(noun, parts, before | row.fields, reading)
    for field in _references(noun):
        named = getattr(document, field.name)
        for one in named if field.many else (named,):
            if one and known.keys.get(field.ref, {}).get(one) != one:
                _invent(NOUNS[field.ref], one, known)
    return document


def _invent(noun: Noun, key: str, known: _Known) -> None:
    """Note a row that is made along with the file; raises NotThere when it cannot be guessed from its key."""
    made = noun.invent(key) if noun.invent is not None else None
    if made is None:
        raise NotThere(f"There is no {noun.title} {key[:60]!r}; set it first.")
    known.made[noun.name, key] = made


def _checked(noun: Noun, wish: _Wish, known: _Known) -> Checked | None:
    text = document_text(wish.document)
    before, base_n, removed = known.rows.get(wish.key, ("", 0, True))
    inputs = {name: value for name, value in wish.row.inputs.items() if value not in (None, "")}
    if before == text and not removed and not inputs:
        return None
    for name in wish.names:
        owner = known.owners.get(name)
        if owner is not None and owner != wish.key:
            raise Refused(f"{name.partition(':')[2]} belongs to {noun.title} {owner} already.")
    return Checked(
        line=wish.row.line,
        key=wish.key,
        document=text,
        names=wish.names,
        base_n=base_n,
        created=removed,
        inputs=inputs,
    )


def _look_up(db: Connection, noun: Noun, typed: Sequence[_Typed]) -> _Known:
    """Everything that the rows name, in few statements."""
    wanted: dict[str, set[str]] = {}
    for row in typed:
        for part in noun.key:
            if part.ref and row.parts.get(part.name):
                wanted.setdefault(part.ref, set()).add(row.parts[part.name])
    known = _Known(keys={}, rows={}, owners={}, made={})
    for other, texts in wanted.items():
        known.keys[other] = _keys_of(db, NOUNS[other], texts)
    mine = set()
    for row in typed:
        parts = {}
        for part in noun.key:
            text = row.parts.get(part.name) or part.default or ""
            parts[part.name] = known.keys.get(part.ref, {}).get(text, text) if part.ref else text
        mine.add(key_of(noun, parts))
    known.keys[noun.name] = _keys_of(db, noun, mine) | known.keys.get(noun.name, {})
    mine = {known.keys[noun.name].get(key, key) for key in mine}
    for key, document, changed_n, removed in _select(db, _SELECT_ROWS, noun.name, mine):
        known.rows[key] = (document, changed_n, removed == 1)
    _look_up_references(db, noun, typed, known)
    return known


def _look_up_references(db: Connection, noun: Noun, typed: Sequence[_Typed], known: _Known) -> None:
    """The things that fields name: those in the file, and those in the rows that it changes."""
    fields = _references(noun)
    wanted: dict[str, set[str]] = {}
    documents = [msgspec.json.decode(text) for text, _, removed in known.rows.values() if not removed]
    for given in (*(row.fields for row in typed), *documents) if fields else ():
        for field in fields:
            value = given.get(field.name)
            texts = value if isinstance(value, list) else [value]
            wanted.setdefault(field.ref, set()).update(text for text in texts if text)
    for other, named in wanted.items():
        found = {key: key for key, *_ in _select(db, _SELECT_KEYS, other, named)}
        known.keys[other] = found | known.keys.get(other, {})


def _keys_of(db: Connection, noun: Noun, texts: Iterable[str]) -> dict[str, str]:
    """Typed text to key, for those that are there by their key or another name."""
    texts = set(texts)
    found = {key: key for key, *_ in _select(db, _SELECT_KEYS, noun.name, texts)}
    if noun.typed_names is None:
        return found
    by_name = {name: text for text in texts - set(found) for name in noun.typed_names(text)}
    for name, key in _select(db, _SELECT_OWNERS, noun.name, by_name):
        found.setdefault(by_name[name], key)
    return found


_SELECT_KEYS = "select key from setup where noun = $1 and removed = 0 and key in ({})"
_SELECT_ROWS = "select key, document, changed_n, removed from setup where noun = $1 and key in ({})"
_SELECT_OWNERS = "select name, key from setup_name where noun = $1 and name in ({})"


def _select(db: Connection, statement: str, noun: str, texts: Iterable[str]) -> Iterable[Any]:
    wanted = sorted(texts)
    for begin in range(0, len(wanted), _IN):
        part: list[Value] = list(wanted[begin : begin + _IN])
        marks = ", ".join(f"${number}" for number in range(2, len(part) + 2))
        yield from db.execute(statement.format(marks), values(noun, *part)).fetchall()


_REFERENCES: dict[str, tuple[Field, ...]] = {}


def _references(noun: Noun) -> tuple[Field, ...]:
    if noun.name not in _REFERENCES:
        _REFERENCES[noun.name] = tuple(field for field in fields_of(noun.fields) if field.ref)
    return _REFERENCES[noun.name]


def _shown_key(noun: Noun, row: _Typed) -> str:
    return " ".join(row.parts.get(part.name, "") for part in noun.key).strip()[:60]
