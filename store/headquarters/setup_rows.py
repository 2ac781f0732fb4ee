"""Headquarters' set-up: one row is one thing, its fields a JSON document.

Owns the tables `setup`, `setup_name` and `counter`. Every change of the set-up has a number; a row knows the number of
its last change, so that whoever sends it on can ask for what is newer. All functions are part of a unit of work.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from store.database.connection import Connection, Row, values

Document = TypeVar("Document")

SETUP_COUNTER = "setup"
"""The counter of changes of the set-up."""

NEXT_NUMBER = """
insert into counter (name, n) values ($1, 1)
on conflict (name) do update set n = counter.n + 1 returning n"""
RAISE_NUMBER = """
insert into counter (name, n) values ($1, $2)
on conflict (name) do update set n = max(counter.n, excluded.n) returning n"""
SELECT_NUMBER = "select n from counter where name = $1"

SELECT_ROW = "select noun, key, document, changed_n, removed from setup where noun = $1 and key = $2"
SELECT_LIVING = """
select noun, key, document, changed_n, removed from setup where noun = $1 and removed = 0 order by key"""
SELECT_PAGE = """
select noun, key, document, changed_n, removed from setup
where noun = $1 and key > $2 and removed = 0 order by key limit $3"""
SELECT_BEGINNING = """
select noun, key, document, changed_n, removed from setup
where noun = $1 and key >= $2 and key < $3 and removed = 0 order by key"""
SELECT_CHANGED = """
select noun, key, document, changed_n, removed from setup
where noun = $1 and changed_n > $2 order by changed_n, key"""
SELECT_NOUNS = "select distinct noun from setup where changed_n > $1 order by noun"
COUNT_LIVING = "select count(*) from setup where noun = $1 and removed = 0"
SELECT_WHERE = """
select key from setup where noun = $1 and removed = 0 and json_extract(document, $2) = $3 order by key limit $4"""
SELECT_CONTAINING = """
select key from setup where noun = $1 and removed = 0
  and exists (select 1 from json_each(document, $2) where value = $3) order by key limit $4"""
UPSERT_ROW = """
insert into setup (noun, key, document, changed_n, changed_ms, removed) values ($1, $2, $3, $4, $5, 0)
on conflict (noun, key) do update set document = excluded.document, changed_n = excluded.changed_n,
  changed_ms = excluded.changed_ms, removed = 0"""
REMOVE_ROW = """
update setup set removed = 1, changed_n = $3, changed_ms = $4 where noun = $1 and key = $2 and removed = 0"""

SELECT_KEY_OF_NAME = "select key from setup_name where noun = $1 and name = $2"
SELECT_NAMES = "select name from setup_name where noun = $1 and key = $2 order by name"
DELETE_NAMES = "delete from setup_name where noun = $1 and key = $2"
INSERT_NAME = "insert into setup_name (noun, name, key) values ($1, $2, $3)"


class SetupRow(msgspec.Struct, frozen=True):
    """One row; `document` is JSON without what stands at its default, `changed_n` the number of its last change."""

    noun: str
    key: str
    document: str
    changed_n: int
    removed: bool

    def read(self, kind: type[Document]) -> Document:
        """The document as its type."""
        return msgspec.json.decode(self.document, type=kind)


def document_text(document: msgspec.Struct | Mapping[str, Any]) -> str:
    """A document as it is kept: JSON without the fields of a struct that stand at their default.

    The library's own `omit_defaults` knows a default by its identity only, so that a typed "pcs" would be kept and one
    left out not; rows are compared by their text.
    """
    if isinstance(document, msgspec.Struct):
        defaults = _defaults(type(document))
        document = {
            name: value
            for name in document.__struct_fields__
            if (value := getattr(document, name)) != defaults.get(name, msgspec.NODEFAULT)
        }
    return msgspec.json.encode(document).decode()


@functools.cache
def _defaults(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        field.name: field.default
        for field in msgspec.structs.fields(kind)
        if field.default is not msgspec.NODEFAULT
    }


def next_number(db: Connection, counter: str) -> int:
    """Count one further: 1 for a counter that was never used."""
    return int(db.execute(NEXT_NUMBER, values(counter)).fetchone()[0])


def raise_number(db: Connection, counter: str, at_least: int) -> int:
    """Lift a counter to a number unless it is there already; answers where it stands."""
    return int(db.execute(RAISE_NUMBER, values(counter, at_least)).fetchone()[0])


def current_number(db: Connection, counter: str = SETUP_COUNTER) -> int:
    """Where a counter stands; 0 for one that was never used."""
    row = db.execute(SELECT_NUMBER, values(counter)).fetchone()
    return 0 if row is None else int(row[0])


def put(
    db: Connection,
    noun: str,
    key: str,
    document: msgspec.Struct | Mapping[str, Any],
    *,
    now_ms: int,
    number: int | None = None,
) -> bool:
    """Create or change a row; answers whether anything is different now. `number` shares one change number."""
    text = document_text(document)
    old = get_row(db, noun, key)
    if old is not None and not old.removed and old.document == text:
        return False
    changed_n = next_number(db, SETUP_COUNTER) if number is None else number
    db.execute(UPSERT_ROW, values(noun, key, text, changed_n, now_ms))
    return True


def get(db: Connection, noun: str, key: str, kind: type[Document]) -> Document | None:
    """The document of a living row."""
    row = get_row(db, noun, key)
    return None if row is None or row.removed else row.read(kind)


def get_row(db: Connection, noun: str, key: str) -> SetupRow | None:
    """A row, removed or not."""
    row = db.execute(SELECT_ROW, values(noun, key)).fetchone()
    return None if row is None else _row(row)


def exists(db: Connection, noun: str, key: str) -> bool:
    """Whether there is such a thing."""
    row = get_row(db, noun, key)
    return row is not None and not row.removed


def list_rows(db: Connection, noun: str) -> Iterator[SetupRow]:
    """The living rows by key, one after the other."""
    return map(_row, db.execute(SELECT_LIVING, values(noun)))


def list_page(db: Connection, noun: str, after: str, limit: int) -> list[SetupRow]:
    """Up to `limit` living rows whose key follows `after`."""
    return [_row(row) for row in db.execute(SELECT_PAGE, values(noun, after, limit))]


def list_beginning(db: Connection, noun: str, prefix: str) -> list[SetupRow]:
    """The living rows whose key begins so, such as all prices of a product (`CODE/`)."""
    return [_row(row) for row in db.execute(SELECT_BEGINNING, values(noun, prefix, prefix + "\U0010ffff"))]


def count_rows(db: Connection, noun: str) -> int:
    """How many there are."""
    return int(db.execute(COUNT_LIVING, values(noun)).fetchone()[0])


def remove(db: Connection, noun: str, key: str, *, now_ms: int, number: int | None = None) -> bool:
    """Remove a row, which stays as a mark; answers whether it was there."""
    if not exists(db, noun, key):
        return False
    changed_n = next_number(db, SETUP_COUNTER) if number is None else number
    db.execute(REMOVE_ROW, values(noun, key, changed_n, now_ms))
    set_names(db, noun, key, ())
    return True


def changed_since(db: Connection, noun: str, n: int) -> Iterator[SetupRow]:
    """Rows that changed, or were removed, after the change number `n`, oldest change first."""
    return map(_row, db.execute(SELECT_CHANGED, values(noun, n)))


def changed_nouns(db: Connection, n: int) -> tuple[str, ...]:
    """The nouns with a row that changed after the change number `n`."""
    return tuple(row[0] for row in db.execute(SELECT_NOUNS, values(n)))


def find_where(db: Connection, noun: str, field: str, value: str, *, limit: int = 10) -> list[str]:
    """Keys of living rows whose field has that value (not its default, which is left out); looks at every row."""
    return [row[0] for row in db.execute(SELECT_WHERE, values(noun, f"$.{field}", value, limit))]


def find_containing(db: Connection, noun: str, field: str, value: str, *, limit: int = 10) -> list[str]:
    """Keys of living rows whose field is a list that has the value; looks at every row."""
    return [row[0] for row in db.execute(SELECT_CONTAINING, values(noun, f"$.{field}", value, limit))]


def find_key(db: Connection, noun: str, name: str) -> str | None:
    """The key of the row that has this other name."""
    row = db.execute(SELECT_KEY_OF_NAME, values(noun, name)).fetchone()
    return None if row is None else str(row[0])


def names_of(db: Connection, noun: str, key: str) -> tuple[str, ...]:
    """The other names of a row."""
    return tuple(row[0] for row in db.execute(SELECT_NAMES, values(noun, key)))


def set_names(db: Connection, noun: str, key: str, names: Iterable[str]) -> None:
    """Replace the other names of a row; none of them may belong to another row."""
    wanted = tuple(sorted(set(names)))
    if wanted == names_of(db, noun, key):
        return
    db.execute(DELETE_NAMES, values(noun, key))
    for name in wanted:
        db.execute(INSERT_NAME, values(noun, name, key))


def _row(row: Row) -> SetupRow:
    return SetupRow(row[0], row[1], row[2], row[3], row[4] == 1)
