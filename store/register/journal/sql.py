"""The little that a journal's units of work need of a database connection, so that sqlite3 and apsw both serve."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

Value = int | str | bytes | float | None
Result = TypeVar("Result")

FULL = "full"
"""Synced at COMMIT: for everything that leaves the register."""
DEFERRED = "normal"
"""Written at COMMIT, synced right after by somebody else: drafts, and what can be found out again."""


class Rows(Protocol):
    """What a statement gives back."""

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A database connection in autocommit mode: BEGIN and COMMIT are ours."""

    def execute(self, sql: str, parameters: Sequence[Value] | Mapping[str, Value] = ..., /) -> Rows:
        """Run one statement."""
        ...

    def close(self) -> object:
        """Give the file back."""
        ...


def sync_directory(path: Path) -> None:
    """Make the names in a folder durable; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Driver(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach SQLite and its disk.

    `connect(path)` opens a file for reading and writing, `errors` are what the connection raises, `sync_directory`
    makes the names in a folder durable.
    """

    connect: Callable[[str], Connection]
    errors: tuple[type[Exception], ...]
    sync_directory: Callable[[Path], None] = sync_directory


def _connect(path: str) -> Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)


SQLITE3 = Driver(connect=_connect, errors=(sqlite3.Error,))
"""The standard library's driver, which the program runs on."""

_CODE_BUSY = 5
_CODE_FULL = 13
_CODE_CONSTRAINT = 19
_CODE_MISMATCH = 20
_CODE_IOERR_FSYNC = 10 | 4 << 8
_CODE_IOERR_DIR_FSYNC = 10 | 5 << 8


def result_code(error: Exception) -> int:
    """SQLite's extended result code of a driver's exception, -1 when it has none."""
    for name in ("sqlite_errorcode", "extendedresult"):
        code = getattr(error, name, None)
        if isinstance(code, int):
            return code
    return -1


def is_full(error: Exception) -> bool:
    """Whether the disk had no room."""
    return result_code(error) & 0xFF == _CODE_FULL


def is_busy(error: Exception) -> bool:
    """Whether somebody else held the lock past the time-out; nothing was begun."""
    return result_code(error) & 0xFF == _CODE_BUSY


def is_refused(error: Exception) -> bool:
    """Whether the schema refused the values: our own mistake, the file is sound."""
    return result_code(error) & 0xFF in (_CODE_CONSTRAINT, _CODE_MISMATCH)


def is_failed_sync(error: Exception) -> bool:
    """Whether a sync failed; the kernel may then call pages clean that never reached the disk."""
    return result_code(error) in (_CODE_IOERR_FSYNC, _CODE_IOERR_DIR_FSYNC)


def in_transaction(driver: Driver, connection: Connection, unit: Callable[[Connection], Result]) -> Result:
    """Run a unit of work between BEGIN IMMEDIATE and COMMIT; any failure rolls back and is raised as it came.

    When COMMIT itself fails its outcome is unknown; the caller finds it out on a fresh connection.
    """
    connection.execute("begin immediate")
    try:
        result = unit(connection)
        connection.execute("commit")
    except BaseException:  # whatever it was, nothing of the unit may stay
        # A failed COMMIT may or may not have ended the transaction; a failed ROLLBACK adds nothing to the error.
        with contextlib.suppress(*driver.errors):
            connection.execute("rollback")
        raise
    return result


def at_level(
    driver: Driver, connection: Connection, level: str, unit: Callable[[Connection], Result]
) -> Result:
    """A transaction at another sync level than FULL; FULL is restored whatever happens.

    The level is set outside the transaction, since SQLite refuses it inside.
    """
    connection.execute(f"pragma synchronous={level}")
    try:
        return in_transaction(driver, connection, unit)
    finally:
        connection.execute("pragma synchronous=full")
