"""The package tables in the channel database: replaced or changed, and counted. Owns all of them and `table_state`.

Every table carries its row count and the set hash of its lines along, so that a delta can be verified by what it
changes, without walking through the rest.
"""

from collections.abc import Iterable, Sequence

import msgspec

from store.database.bulk import execute_many, insert_rows
from store.database.connection import Connection, Engine, engine_of, values
from store.exchange.package_reader import RowBatch
from store.exchange.package_tables import TABLES, Cells, key_column, line_of
from store.exchange.set_hash import SetHash
from store.server import customer_keys, names

STORED_AS = {"register": "register_setup"}
"""Where the name of a package table is another one in the channel database."""
_KEYS_AT_ONCE = 500

SELECT_STATES = "select name, rows, total_hash from table_state where store_id = $1"
UPSERT_STATE = """
insert into table_state (store_id, name, rows, total_hash, package_seq) values ($1, $2, $3, $4, $5)
on conflict (store_id, name) do update
set rows = excluded.rows, total_hash = excluded.total_hash, package_seq = excluded.package_seq"""
DELETE_STATES = "delete from table_state where store_id = $1"
SELECT_OTHER_STORE = "select 1 from store where store_id <> $1 limit 1"


class TableState(msgspec.Struct, frozen=True, kw_only=True):
    """What a table holds: rows, and the set hash of their lines (hex)."""

    rows: int
    total_hash: str


EMPTY = TableState(rows=0, total_hash=SetHash().hex())


def states(db: Connection, store: str) -> dict[str, TableState]:
    """What is known of each table of a store; a table that is missing was never loaded by a package."""
    rows = db.execute(SELECT_STATES, values(store)).fetchall()
    return {row[0]: TableState(rows=row[1], total_hash=row[2]) for row in rows}


def keep_state(db: Connection, store: str, table: str, state: TableState, package_seq: int) -> None:
    """Note what a table holds after a package."""
    db.execute(UPSERT_STATE, values(store, table, state.rows, state.total_hash, package_seq))


def distrust(db: Connection, store: str) -> None:
    """Know nothing of the tables any more: from here only a full package leads on."""
    db.execute(DELETE_STATES, values(store))


def is_trusted(db: Connection, store: str) -> bool:
    """Whether a delta may be tried."""
    return bool(states(db, store))


def is_alone(db: Connection, store: str) -> bool:
    """Whether the database holds no other store."""
    return db.execute(SELECT_OTHER_STORE, values(store)).fetchone() is None


def empty(db: Connection, store: str, table: str) -> None:
    """Remove every row of a table of a store."""
    alone = is_alone(db, store)
    # Without a condition SQLite drops the pages instead of visiting a million rows.
    where, given = ("", values()) if alone else (" where store_id = $1", values(store))
    db.execute(f"delete from {stored(table)}{where}", given)  # noqa: S608 - the names are those of the format
    if table == "item":
        names.forget_all(db, store, alone=alone)
    if table == "customer":
        customer_keys.forget_all(db, store)


def fill(db: Connection, store: str, table: str, batches: Iterable[RowBatch]) -> TableState:
    """Put rows into a table that is empty; answers what it holds then."""
    rows, total = 0, SetHash()
    for batch in batches:
        put(db, store, table, batch.rows)
        if table == "item":
            names.add_first(db, store, ((str(cells[0]), str(cells[1])) for cells in batch.rows))
        if table == "customer":
            customer_keys.add(db, store, batch.rows)
        rows += len(batch.rows)
        total.merge(batch.added)
    if table == "item":
        names.index_first(db, store)
    if table == "customer":
        customer_keys.settle_first(db, store)
    if rows and engine_of(db) is Engine.POSTGRES:
        # PostgreSQL would plan by what it knew of the table before, until it looks by itself in a minute.
        db.execute(f"analyze {stored(table)}")
    return TableState(rows=rows, total_hash=total.hex())


def change(
    db: Connection, store: str, table: str, state: TableState, batches: Iterable[RowBatch]
) -> TableState:
    """Put and remove rows of a table that is in a known state; answers what it holds then."""
    rows, total = state.rows, SetHash.from_hex(state.total_hash)
    for batch in batches:
        before = found(db, store, table, [str(cells[0]) for cells in batch.rows] + batch.deletes)
        for cells in before:
            total.remove(line_of(cells, batch.part.columns))
        remove(db, store, table, [str(cells[0]) for cells in before])
        put(db, store, table, batch.rows)
        if table == "item":
            _change_names(db, store, before, batch.rows)
        if table == "customer":
            customer_keys.change(db, store, before, batch.rows, batch.deletes)
        rows += len(batch.rows) - len(before)
        total.merge(batch.added)
    return TableState(rows=rows, total_hash=total.hex())


def found(db: Connection, store: str, table: str, keys: Sequence[str]) -> list[Cells]:
    """The rows of these keys that are there, in the columns' order of the format."""
    rows: list[Cells] = []
    columns = ", ".join(TABLES[table])
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        marks = ", ".join(f"${number}" for number in range(2, len(some) + 2))
        statement = (
            f"select {columns} from {stored(table)} "  # noqa: S608 - names of the format, and marks
            f"where store_id = $1 and {key_column(table)} in ({marks})"
        )
        rows += db.execute(statement, values(store, *some)).fetchall()
    return rows


def put(db: Connection, store: str, table: str, rows: Iterable[Cells]) -> None:
    """Insert rows; raises ConstraintBroken when one is there or breaks a rule of the schema."""
    insert_rows(db, stored(table), ("store_id", *TABLES[table]), ((store, *cells) for cells in rows))


def remove(db: Connection, store: str, table: str, keys: Iterable[str]) -> None:
    """Delete the rows of these keys."""
    statement = f"delete from {stored(table)} where store_id = $1 and {key_column(table)} = $2"  # noqa: S608
    execute_many(db, statement, ((store, key) for key in keys))


def stored(table: str) -> str:
    """The name of a package table in the channel database."""
    return STORED_AS.get(table, table)


def _change_names(db: Connection, store: str, before: Sequence[Cells], after: Sequence[Cells]) -> None:
    old = {(str(cells[0]), str(cells[1])) for cells in before}
    new = {(str(cells[0]), str(cells[1])) for cells in after}
    # A new price leaves the index alone.
    names.change(db, store, sorted(sku for sku, _ in old - new), sorted(new - old))
