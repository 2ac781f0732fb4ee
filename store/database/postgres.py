"""PostgreSQL behind the same interface as the SQLite `Database`: units are the same plain functions.

asyncpg is asynchronous and units are not, so each connection lives on a thread that has an event loop of its own
and runs it for the length of one statement. What a unit sees is `execute(sql, values(...))`, as everywhere.

Several server processes may work on one database at a time. Writing units run as `read committed` and lock the
row they decide by (a series, a cursor, a code) with their first statement; a deadlock is tried again a few times.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg

from store.database.connection import Engine, Row, Value, read_unit, run_unit
from store.database.errors import (
    ConstraintBroken,
    DatabaseBusy,
    DatabaseClosed,
    DatabaseTrouble,
    OutcomeUnknown,
    StorageFull,
    StorageReadOnly,
)
from store.database.sqlite import ConnectionThread

Result = TypeVar("Result")

CONNECT_TIMEOUT_S = 10.0
LOCK_TIMEOUT_MS = 2_000
"""How long a statement waits for another process's lock; the same as for SQLite."""
MAX_ATTEMPTS = 4
"""How often a unit that lost a deadlock is run before the caller is told to come again."""

_SETTINGS = {
    "application_name": "outpost server",
    "lock_timeout": str(LOCK_TIMEOUT_MS),
    "synchronous_commit": "on",  # an acknowledged record must be on the disk
    "default_transaction_isolation": "read committed",
}
_BEGIN = {
    "begin immediate": "begin isolation level read committed read write",
    "begin": "begin isolation level repeatable read read only",
}
_CONTROL = ("begin", "commit", "rollback", "savepoint", "release")
_LOST = (
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    OSError,
)


class UnitLost(DatabaseBusy):
    """A deadlock or a failed serialization: the unit left nothing and may be run again."""


class FetchedRows:
    """The rows a statement answered, all of them here already."""

    def __init__(self, rows: list[Row]) -> None:
        self._left = iter(rows)

    def fetchone(self) -> Row | None:
        """The next row, or None."""
        return next(self._left, None)

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        return list(self._left)

    def __iter__(self) -> Iterator[Row]:
        return self._left


class PostgresConnection:
    """One connection and the loop that drives it; used by one thread. Connects again when a unit begins."""

    engine = Engine.POSTGRES

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._connection: Any = None

    @classmethod
    def open(cls, url: str) -> "PostgresConnection":
        """Connect; raises DatabaseTrouble with a sentence that names the place, never the password."""
        opened = cls(url)
        try:
            opened._connect()
        except BaseException:  # the loop holds descriptors that must not outlive a failed opening
            opened.close()
            raise
        return opened

    def execute(self, sql: str, parameters: Mapping[str, Value] | None = None, /) -> FetchedRows:
        """Run one statement; raises DatabaseTrouble, ConstraintBroken, and asyncpg's errors for bad SQL."""
        if sql in _BEGIN:
            return self._begin(_BEGIN[sql])
        if sql == "commit":
            return self._commit()
        if sql == "rollback":
            return self._roll_back()
        arguments = tuple((parameters or {}).values())
        return FetchedRows([tuple(row) for row in self._run(self._statement(sql, arguments))])

    def executemany(self, sql: str, rows: Iterable[Sequence[Value]], /) -> None:
        """Run one statement once per row without waiting in between; raises as `execute`."""
        self._run(self._connection.executemany(sql, rows))

    def copy_rows(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
        """Insert rows by COPY, the fastest way in; raises as `execute`."""
        self._run(self._connection.copy_records_to_table(table, records=rows, columns=columns))

    def close(self) -> None:
        """Close the connection and its loop."""
        try:
            self._drop()
            self._loop.run_until_complete(asyncio.sleep(0))  # lets the transport close its socket
        finally:
            self._loop.close()

    async def _statement(self, sql: str, arguments: tuple[Value, ...]) -> list[Any]:
        if sql.startswith(_CONTROL):
            await self._connection.execute(sql)
            return []
        return await self._connection.fetch(sql, *arguments)  # type: ignore[no-any-return]

    def _begin(self, statement: str) -> FetchedRows:
        # A connection that broke while nobody used it is noticed only here, and nothing is lost with it.
        if self._connection is None or self._connection.is_closed():
            self._connect()
        try:
            self._run(self._statement(statement, ()))
        except DatabaseClosed:
            self._connect()
            self._run(self._statement(statement, ()))
        return FetchedRows([])

    def _commit(self) -> FetchedRows:
        try:
            said = self._loop.run_until_complete(self._connection.execute("commit"))
        except asyncpg.PostgresError as error:
            trouble = translate(error)
            if isinstance(trouble, UnitLost | ConstraintBroken):
                raise trouble from error  # the server says that it rolled back
            self._drop()
            raise OutcomeUnknown(f"The commit failed, so it may have happened or not: {error}.") from error
        except _LOST as error:
            self._drop()
            raise OutcomeUnknown(f"The connection broke during the commit: {error}.") from error
        if said != "COMMIT":
            raise DatabaseTrouble("PostgreSQL rolled the unit back, because a statement in it had failed.")
        return FetchedRows([])

    def _roll_back(self) -> FetchedRows:
        if self._connection is not None and not self._connection.is_closed():
            try:
                self._loop.run_until_complete(self._connection.execute("rollback"))
            except (asyncpg.PostgresError, *_LOST):
                self._drop()  # without its connection the server rolls back by itself
        return FetchedRows([])

    def _run(self, statement: Coroutine[Any, Any, Result]) -> Result:
        try:
            return self._loop.run_until_complete(statement)
        except asyncpg.PostgresError as error:
            trouble = translate(error)
            if trouble is None:
                raise
            if isinstance(trouble, DatabaseClosed):
                self._drop()
            raise trouble from error
        except _LOST as error:
            self._drop()
            raise DatabaseClosed(f"The connection to {place_of(self._url)} broke: {error}.") from error

    def _connect(self) -> None:
        self._drop()
        try:
            self._connection = self._loop.run_until_complete(
                asyncpg.connect(self._url, timeout=CONNECT_TIMEOUT_S, server_settings=_SETTINGS)
            )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
            raise DatabaseClosed(why_no_connection(self._url, error)) from error

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


class PostgresDatabase:
    """One PostgreSQL database: `work` writes, `read` reads, both hand over whole functions."""

    usable = True
    """A broken connection is replaced when the next unit begins."""

    def __init__(self) -> None:
        self._writer: ConnectionThread | None = None
        self._readers: list[ConnectionThread] = []
        self._next_reader = 0

    @classmethod
    async def open(cls, url: str, *, readers: int = 1) -> "PostgresDatabase":
        """Connect; raises DatabaseTrouble."""
        database = cls()
        try:
            database._writer = await ConnectionThread.start(lambda: PostgresConnection.open(url))
            for _ in range(readers):
                database._readers.append(await ConnectionThread.start(lambda: PostgresConnection.open(url)))
        except BaseException:  # the threads must end before anything else happens
            await database.close()
            raise
        return database

    async def work(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Run `fn(connection, *args)` as one transaction, durable when this returns; perhaps more than once.

        Raises what `fn` raises (nothing stays then) and DatabaseTrouble.
        """
        if self._writer is None:
            raise DatabaseClosed("The channel database is closed.")
        return await self._writer.run(lambda db: _repeated(db, fn, args))

    async def read(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Run `fn(connection, *args)` on one snapshot that cannot be written."""
        if not self._readers:
            raise DatabaseClosed("The channel database is not open for reading.")
        self._next_reader = (self._next_reader + 1) % len(self._readers)
        return await self._readers[self._next_reader].run(lambda db: read_unit(db, fn, *args))

    async def read_point(self, fn: Callable[..., Result], *args: Any) -> Result:
        """The same: a row of another machine must not be waited for on the event loop."""
        return await self.read(fn, *args)

    async def reopen(self) -> None:
        """Nothing to do: the next unit connects again."""

    async def close(self) -> None:
        """Finish what was handed over and close all connections."""
        threads = [*self._readers, *([self._writer] if self._writer is not None else [])]
        self._readers, self._writer = [], None
        for thread in threads:
            await thread.close()


def _repeated(db: PostgresConnection, fn: Callable[..., Result], args: tuple[Any, ...]) -> Result:
    for _ in range(MAX_ATTEMPTS - 1):
        try:
            return run_unit(db, fn, *args)
        except UnitLost:
            continue  # the others of the deadlock have gone on, so the next attempt meets them no more
    return run_unit(db, fn, *args)


def translate(error: asyncpg.PostgresError) -> Exception | None:
    """What an error of the server means to the caller; None when it is a mistake of ours (bad SQL)."""
    state = str(error.sqlstate or "")
    text = f"PostgreSQL answered: {error}."
    if state in ("40001", "40P01"):
        return UnitLost(text)
    if state == "55P03":
        return DatabaseBusy(text)
    if state in ("53100", "53200"):
        return StorageFull(text)
    if state in ("25006", "42501"):
        return StorageReadOnly(text)
    if state.startswith(("22", "23")):  # a value that fits no column, a broken constraint
        return ConstraintBroken(str(error))
    if state.startswith(("08", "57P", "53")):
        return DatabaseClosed(text)
    return None


def place_of(url: str) -> str:
    """The server and database of a URL as people may see it: without name and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or "the local socket"
    return f"PostgreSQL at {host}, database {parts.path.removeprefix('/') or '(default)'}"


def why_no_connection(url: str, error: Exception) -> str:
    """One sentence with the cure."""
    place = place_of(url)
    if isinstance(error, asyncpg.InvalidPasswordError | asyncpg.InvalidAuthorizationSpecificationError):
        return f"{place} does not accept the user or password; correct them in --database."
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return f"{place} does not exist; create it with createdb."
    if isinstance(error, asyncpg.TooManyConnectionsError):
        return f"{place} has no connection left; raise its max_connections."
    reason = str(error).splitlines()[0] if str(error) else "no answer in time"
    return f"{place} cannot be reached ({reason}); start it, or correct --database."
