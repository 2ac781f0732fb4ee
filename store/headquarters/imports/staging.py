"""Checked rows wait beside the set-up, and go into it in one unit. Owns the tables `import_row` and `import_name`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from store.database.bulk import execute_many, insert_rows
from store.database.connection import Connection, Value, values
from store.headquarters.errors import Refused
from store.headquarters.imports.checking import Checked, RefusedRow
from store.headquarters.nouns.noun import Noun, parts_of
from store.headquarters.part import Rule
from store.headquarters.setup.change import Setting, set_row
from store.headquarters.setup.typed import Reading
from store.headquarters.setup_rows import SETUP_COUNTER, exists, next_number, put

_IN = 500

SELECT_STAGED = "select key, line from import_row where import_id = $1 and key in ({})"
SELECT_STAGED_NAMES = "select name, key, line from import_name where import_id = $1 and name in ({})"
COUNT_MOVED = """
select count(*) from import_row i left join setup s on s.noun = $2 and s.key = i.key
where i.import_id = $1 and coalesce(s.changed_n, 0) <> i.base_n"""
SELECT_TAKEN = """
select i.name, n.key from import_name i join setup_name n on n.noun = $2 and n.name = i.name
where i.import_id = $1 and n.key <> i.key limit 1"""
DELETE_OLD_NAMES = """
delete from setup_name where noun = $2 and key in (select key from import_row where import_id = $1)"""
INSERT_NEW_NAMES = """
insert into setup_name (noun, name, key) select $2, name, key from import_name where import_id = $1"""
UPSERT_STAGED = """
insert into setup (noun, key, document, changed_n, changed_ms, removed)
select $2, key, document, $3, $4, 0 from import_row where import_id = $1 order by key
on conflict (noun, key) do update set document = excluded.document, changed_n = excluded.changed_n,
  changed_ms = excluded.changed_ms, removed = 0"""
SELECT_ROWS = "select key, document, inputs from import_row where import_id = $1 order by line"
DISCARD = ("delete from import_row where import_id = $1", "delete from import_name where import_id = $1")
DISCARD_ALL = ("delete from import_row", "delete from import_name")


def stage(db: Connection, import_id: str, rows: Sequence[Checked]) -> list[RefusedRow]:
    """Keep checked rows; answers those whose key or other name was in the file before. Part of a unit."""
    lines: dict[str, int] = dict(_select(db, SELECT_STAGED, import_id, (row.key for row in rows)))
    names = {
        name: (key, line)
        for name, key, line in _select(
            db, SELECT_STAGED_NAMES, import_id, (name for row in rows for name in row.names)
        )
    }
    refused: list[RefusedRow] = []
    kept: list[Checked] = []
    for row in rows:
        reason = _repeated(row, lines, names)
        if reason:
            refused.append(RefusedRow(line=row.line, key=row.key, reason=reason))
            continue
        lines[row.key] = row.line
        names.update((name, (row.key, row.line)) for name in row.names)
        kept.append(row)
    insert_rows(
        db,
        "import_row",
        ("import_id", "key", "line", "document", "inputs", "base_n"),
        ((import_id, row.key, row.line, row.document, _inputs(row), row.base_n) for row in kept),
    )
    execute_many(
        db,
        "insert into import_name (import_id, name, key, line) values ($1, $2, $3, $4)",
        ((import_id, name, row.key, row.line) for row in kept for name in row.names),
    )
    return refused


def apply(
    db: Connection,
    import_id: str,
    noun: Noun,
    made: Mapping[tuple[str, str], Any],
    rules: Mapping[str, tuple[Rule, ...]],
    reading: Reading,
    now_ms: int,
) -> frozenset[str]:
    """Put the rows that wait in force with what is made along, all or none; answers the nouns that changed.

    Raises Refused. Part of a unit.
    """
    moved = db.execute(COUNT_MOVED, values(import_id, noun.name)).fetchone()[0]
    if moved:
        raise Refused(
            f"{moved:,} of these rows were changed by somebody else meanwhile; import the file again."
        )
    for (other, key), document in made.items():
        if not exists(db, other, key):
            put(db, other, key, document, now_ms=now_ms)
    if noun.name in rules:
        changed = _apply_one_by_one(db, import_id, noun, rules, reading, now_ms)
    else:
        changed = _apply_at_once(db, import_id, noun, now_ms)
    discard(db, import_id)
    return changed | {other for other, _ in made}


def discard(db: Connection, import_id: str) -> None:
    """Forget an import; part of a unit."""
    for statement in DISCARD:
        db.execute(statement, values(import_id))


def discard_all(db: Connection) -> None:
    """Forget every import; part of a unit, at the start of a process."""
    for statement in DISCARD_ALL:
        db.execute(statement)


def _apply_at_once(db: Connection, import_id: str, noun: Noun, now_ms: int) -> frozenset[str]:
    taken = db.execute(SELECT_TAKEN, values(import_id, noun.name)).fetchone()
    if taken is not None:
        text = str(taken[0]).partition(":")[2]
        raise Refused(f"{text} belongs to {noun.title} {taken[1]} by now; import the file again.")
    number = next_number(db, SETUP_COUNTER)
    db.execute(DELETE_OLD_NAMES, values(import_id, noun.name))
    db.execute(UPSERT_STAGED, values(import_id, noun.name, number, now_ms))
    db.execute(INSERT_NEW_NAMES, values(import_id, noun.name))
    return frozenset((noun.name,))


def _apply_one_by_one(
    db: Connection,
    import_id: str,
    noun: Noun,
    rules: Mapping[str, tuple[Rule, ...]],
    reading: Reading,
    now_ms: int,
) -> frozenset[str]:
    """Where rules draw consequences from a row, each is set as an operator would."""
    assert noun.fields is not None, f"{noun.name} has no rows"
    changed: set[str] = set()
    for key, text, inputs in db.execute(SELECT_ROWS, values(import_id)).fetchall():
        document = msgspec.json.decode(text, type=noun.fields)
        fields: dict[str, Any] = {
            name: msgspec.to_builtins(getattr(document, name)) for name in document.__struct_fields__
        }
        wish = Setting(noun=noun, key=parts_of(noun, key), fields=fields, inputs=json.loads(inputs or "{}"))
        changed.update(set_row(db, wish, rules, reading, now_ms).nouns)
    return frozenset(changed)


def _repeated(row: Checked, lines: Mapping[str, int], names: Mapping[str, tuple[str, int]]) -> str:
    if row.key in lines:
        return f"{row.key} is in line {lines[row.key]} already."
    for name in row.names:
        if name in names:
            key, line = names[name]
            return f"{name.partition(':')[2]} is in line {line} already, for {key}."
    return ""


def _inputs(row: Checked) -> str:
    return json.dumps(row.inputs) if row.inputs else ""


def _select(db: Connection, statement: str, import_id: str, texts: Iterable[str]) -> Iterable[Any]:
    wanted = sorted(set(texts))
    for begin in range(0, len(wanted), _IN):
        part: list[Value] = list(wanted[begin : begin + _IN])
        marks = ", ".join(f"${number}" for number in range(2, len(part) + 2))
        yield from db.execute(statement.format(marks), values(import_id, *part)).fetchall()
