"""What a unit of work sees of a database, whichever driver is underneath.

SQL is written once for SQLite and PostgreSQL: placeholders `$1`, `$2`, ... and only the dialect both share.
SQLite takes `$1` as the *name* of a parameter, so the values are handed over as `values(a, b)`.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, Protocol, TypeVar

Value = str | int | bytes | float | None
Row = tuple[Any, ...]
Result = TypeVar("Result")


class Engine(Enum):
    """Which engine is underneath; asked for only where no text serves both."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"


class Rows(Protocol):
    """The rows a statement answers."""

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """All that units of work may use; a plain `sqlite3` and an `apsw` connection both fit."""

    def execute(self, sql: str, parameters: Mapping[str, Value] = ..., /) -> Rows:
        """Run one statement."""
        ...


def values(*args: Value) -> dict[str, Value]:
    """The values of `$1`, `$2`, ... in order."""
    return {str(position): value for position, value in enumerate(args, 1)}


def engine_of(db: Connection) -> Engine:
    """The engine of a connection; the drivers of SQLite say nothing."""
    engine = getattr(db, "engine", Engine.SQLITE)
    return engine if isinstance(engine, Engine) else Engine.SQLITE


def run_unit(db: Connection, fn: Callable[..., Result], *args: Any) -> Result:
    """Run `fn(db, *args)` as one transaction: all of it or nothing.

    An exception from `fn` rolls back and goes on to the caller. An error from COMMIT goes up marked by the
    attribute `during_commit`: whether the unit happened is unknown then, and the connection is not to be
    trusted with another one (docs/offline-protocol.md 3.2).
    """
    db.execute("begin immediate")
    try:
        result = fn(db, *args)
    except BaseException:  # whatever it was, a cancelled or failed unit must leave nothing behind
        _roll_back(db)
        raise
    try:
        db.execute("commit")
    except Exception as error:  # every driver has its own error here, and all of them mean the same
        error.during_commit = True  # type: ignore[attr-defined]
        _roll_back(db)
        raise
    return result


def read_unit(db: Connection, fn: Callable[..., Result], *args: Any) -> Result:
    """Run `fn(db, *args)` on one snapshot; whatever it answers, nothing is written."""
    db.execute("begin")
    try:
        return fn(db, *args)
    finally:
        _roll_back(db)


def _roll_back(db: Connection) -> None:
    # SQLite has ended the transaction by itself after some errors (a full disk), and says so here.
    try:
        db.execute("rollback")
    except Exception as error:  # sqlite3 and apsw have no error class in common
        if "no transaction is active" not in str(error):
            raise
