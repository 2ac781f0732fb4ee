"""One change of the set-up: set or remove a row, with what follows from it. All of it is part of one unit of work."""

from collections.abc import Mapping
from typing import Any

import msgspec

from store.database.connection import Connection
from store.headquarters.errors import NotThere, Refused, WrongInput
from store.headquarters.nouns.field import fields_of
from store.headquarters.nouns.noun import Noun, key_of, parts_of
from store.headquarters.nouns.table import NOUNS, referring
from store.headquarters.part import Change, Notes, Rule
from store.headquarters.setup import answers
from store.headquarters.setup.advice import ADVICE
from store.headquarters.setup.answers import SetAnswer
from store.headquarters.setup.typed import Reading, convert, read_fields, read_key_part
from store.headquarters.setup_rows import (
    SETUP_COUNTER,
    exists,
    find_containing,
    find_key,
    find_where,
    get_row,
    list_beginning,
    list_rows,
    next_number,
    put,
    remove,
    set_names,
)

Rules = Mapping[str, tuple[Rule, ...]]


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A wish: the row of `noun` whose key has these typed parts shall have these typed fields."""

    noun: Noun
    key: Mapping[str, str]
    fields: Mapping[str, Any]
    inputs: Mapping[str, Any] = {}
    """Made ready from what was typed beside the fields."""


def set_row(db: Connection, wish: Setting, rules: Rules, reading: Reading, now_ms: int) -> SetAnswer:
    """Create or change a row; raises SetupError. Nothing changes when everything is so already."""
    noun = wish.noun
    parts, key = resolve_key(db, noun, wish.key, reading)
    old = _document(db, noun, key)
    new = _merged(db, noun, parts, old, wish.fields, reading)
    changed = old != new
    notes = Notes()
    number = next_number(db, SETUP_COUNTER)
    if changed:
        put(db, noun.name, key, new, now_ms=now_ms, number=number)
        _name(db, noun, key, new)
    if changed or wish.inputs:
        change = Change(
            noun=noun.name, key=key, old=old, new=new, now_ms=now_ms, number=number, inputs=wish.inputs
        )
        for rule in (*rules.get(noun.name, ()), *ADVICE.get(noun.name, ())):
            rule(db, change, notes)
    outcome = "created" if old is None else ("changed" if changed or notes.nouns else "unchanged")
    return answers.of_set(noun, key, new, outcome, notes, reading.currency)


def remove_row(
    db: Connection, noun: Noun, key: Mapping[str, str], rules: Rules, reading: Reading, now_ms: int
) -> SetAnswer:
    """Remove a row and what is its alone; raises SetupError: NotThere, or Refused while something else names it."""
    _, found = resolve_key(db, noun, key, reading)
    old = _document(db, noun, found)
    if old is None:
        raise NotThere(f"There is no {noun.title} {found}.")
    notes = Notes()
    number = next_number(db, SETUP_COUNTER)
    change = Change(noun=noun.name, key=found, old=old, new=None, now_ms=now_ms, number=number)
    for rule in rules.get(noun.name, ()):
        rule(db, change, notes)
    _refuse_while_named(db, noun, found)
    remove(db, noun.name, found, now_ms=now_ms, number=number)
    _remove_parts(db, noun, found, change, notes)
    return answers.of_remove(noun, found, notes)


def resolve_key(
    db: Connection, noun: Noun, typed: Mapping[str, str], reading: Reading
) -> tuple[dict[str, str], str]:
    """The parts of a key and the key itself, as they are kept; raises WrongInput and NotThere."""
    unknown = set(typed) - {part.name for part in noun.key}
    if unknown:
        raise WrongInput(f"The key of a {noun.title} has no part {sorted(unknown)[0]!r}.")
    parts: dict[str, str] = {}
    for part in noun.key:
        text = typed.get(part.name, part.default)
        if text is None or (text == "" and part.default is None):
            raise WrongInput(f"The {part.name} is missing. {part.help}")
        text = read_key_part(part, text, reading) if text or part.default is None or part.kind else ""
        parts[part.name] = resolve_reference(db, part.ref, text) if part.ref and text else text
    key = key_of(noun, parts)
    if not exists(db, noun.name, key):
        key = _key_by_name(db, noun, key) or key
    return parts_of(noun, key), key


def resolve_reference(db: Connection, noun: str, text: str) -> str:
    """The key of the row that is meant, by its key or another name; raises NotThere."""
    if exists(db, noun, text):
        return text
    found = _key_by_name(db, NOUNS[noun], text)
    if found is None:
        raise NotThere(f"There is no {NOUNS[noun].title} {text[:60]!r}.")
    return found


def _key_by_name(db: Connection, noun: Noun, text: str) -> str | None:
    names = noun.typed_names(text) if noun.typed_names is not None else ()
    return next((key for name in names if (key := find_key(db, noun.name, name)) is not None), None)


def _document(db: Connection, noun: Noun, key: str) -> Any:
    row = get_row(db, noun.name, key)
    return None if row is None or row.removed or noun.fields is None else row.read(noun.fields)


def _merged(
    db: Connection, noun: Noun, parts: dict[str, str], old: Any, typed: Mapping[str, Any], reading: Reading
) -> Any:
    given = read_fields(noun.fields, typed, reading)
    before = {} if old is None else msgspec.to_builtins(old)
    new = settle(noun, parts, before | given, reading)
    _resolve_fields(db, noun, old, new)
    return new


def settle(noun: Noun, parts: dict[str, str], merged: Mapping[str, Any], reading: Reading) -> Any:
    """The document of these fields, checked by its own rules and completed; raises WrongInput."""
    assert noun.fields is not None, f"{noun.name} has no rows"
    new = convert(merged, noun.fields, f"A new {noun.title}", reading)
    if noun.check is not None and (fault := noun.check(parts, new)):
        raise WrongInput(fault)
    return new if noun.complete is None else noun.complete(parts, new)


def _resolve_fields(db: Connection, noun: Noun, old: Any, new: Any) -> None:
    """Everything that is named newly must exist, by its key."""
    for field in fields_of(noun.fields):
        if not field.ref or (old is not None and getattr(new, field.name) == getattr(old, field.name)):
            continue
        named = getattr(new, field.name)
        for text in named if field.many else (named,):
            if text and not exists(db, field.ref, text):
                raise NotThere(
                    f"There is no {NOUNS[field.ref].title} {text[:60]!r}; set it first, or mend {field.word}."
                )


def _name(db: Connection, noun: Noun, key: str, new: Any) -> None:
    if noun.names is None:
        return
    names = noun.names(key, new)
    for name in names:
        owner = find_key(db, noun.name, name)
        if owner is not None and owner != key:
            kind, _, text = name.partition(":")
            word = "barcode" if kind == "gtin" else kind.upper()
            raise Refused(f"{word} {text} belongs to {noun.title} {owner} already.")
    set_names(db, noun.name, key, names)


def _refuse_while_named(db: Connection, noun: Noun, key: str) -> None:
    for other, field in referring(noun.name):
        find = find_containing if field.many else find_where
        users = find(db, other, field.name, key, limit=4)
        if users:
            more = ", ..." if len(users) > 3 else ""
            raise Refused(
                f"{noun.title} {key} is still named by {NOUNS[other].title} {', '.join(users[:3])}{more}; "
                "change or remove that first."
            )


def _remove_parts(db: Connection, noun: Noun, key: str, change: Change, notes: Notes) -> None:
    """Remove rows whose own key names this one: the prices of a product, the keys of a register."""
    for other in NOUNS.values():
        for place, part in enumerate(other.key):
            if part.ref != noun.name:
                continue
            rows = list_beginning(db, other.name, f"{key}/") if place == 0 else list_rows(db, other.name)
            for row in list(rows):
                if parts_of(other, row.key)[part.name] == key:
                    remove(db, other.name, row.key, now_ms=change.now_ms, number=change.number)
                    notes.touched(other.name)
                    for job in other.jobs:
                        notes.job(job)
