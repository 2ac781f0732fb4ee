"""Many rows at a time, inside one unit of work, as fast as the engine takes them.

`Connection.execute` costs one round trip a row, which a million rows cannot afford.
"""

import functools
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, cast

from store.database.connection import Connection, Engine, Value, engine_of

Cells = Sequence[Value]
"""The values of one row, in order: those of `$1`, `$2`, ..."""

BATCH_ROWS = 5_000
"""Rows handed to the driver at once: enough to hide a round trip, few enough to hold in memory."""
ROWS_AT_ONCE = (100, 10, 1)
"""Rows in one insert of SQLite, which has places for 32,766 values in a statement: as many as there are left."""
_MARK = re.compile(r"\$([0-9]+)")


class _Many(Protocol):
    """What the drivers have beyond `Connection`."""

    def executemany(self, sql: str, rows: Iterable[Cells], /) -> Any:
        """Run a statement once per row (both engines)."""
        ...

    def copy_rows(self, table: str, columns: Sequence[str], rows: Iterable[Cells]) -> None:
        """COPY rows into a table (PostgreSQL only)."""
        ...


def execute_many(db: Connection, sql: str, rows: Iterable[Cells]) -> None:
    """Run one statement with `$1`, `$2`, ... once per row; answers nothing.

    Raises what `execute` raises; the unit is to be given up then, some rows may be in it already.
    """
    many = cast(_Many, db)
    if engine_of(db) is Engine.SQLITE:
        # SQLite takes `$1` for a name; `?1` is the same place by its number, which a plain row can fill.
        many.executemany(_MARK.sub(r"?\1", sql), rows)
        return
    left = iter(rows)
    while batch := list(itertools.islice(left, BATCH_ROWS)):
        many.executemany(sql, batch)


def insert_rows(db: Connection, table: str, columns: Sequence[str], rows: Iterable[Cells]) -> None:
    """Insert rows into a table, all columns named; raises as `execute_many`. Names must be our own, never input."""
    if engine_of(db) is Engine.POSTGRES:
        cast(_Many, db).copy_rows(table, columns, rows)
        return
    left = iter(rows)
    many = cast(_Many, db)
    # One statement with many rows takes three quarters of the time of as many statements, and lets other threads run.
    while batch := list(itertools.islice(left, ROWS_AT_ONCE[0])):
        start = 0
        for size in ROWS_AT_ONCE:
            end = len(batch) - (len(batch) - start) % size
            pieces = (batch[at : at + size] for at in range(start, end, size))
            flat = [tuple(itertools.chain.from_iterable(piece)) for piece in pieces]
            if flat:
                many.executemany(_insertion(table, tuple(columns), size), flat)
            start = end


def refresh_statistics(db: Connection, table: str) -> None:
    """Let PostgreSQL learn what is in a table now; the name must be our own. SQLite goes by the form of a question.

    Autovacuum comes once a minute. Until then a table that grew from nothing is taken for a small one, all its indexes
    seem equally good, and the wrong one walks through everything. If somebody else is at it, that is as good.
    """
    if engine_of(db) is Engine.POSTGRES:
        db.execute(f"analyze (skip_locked) {table}")


@functools.lru_cache(maxsize=64)
def _insertion(table: str, columns: tuple[str, ...], rows: int) -> str:
    marks = f"({', '.join('?' * len(columns))})"
    return f"insert into {table} ({', '.join(columns)}) values {', '.join([marks] * rows)}"  # noqa: S608 - own names
