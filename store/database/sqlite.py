"""SQLite: one writing connection per database whose units of work run whole, and readers beside it.

A unit is one plain function, handed to the connection's own thread in one hop. Nobody sees the connection
between two statements, and a caller who is cancelled, or stops waiting, changes nothing about what the unit
does: never put a deadline around a statement (docs/offline-protocol.md, decision 5).
"""

import asyncio
import contextlib
import functools
import sqlite3
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from store.database.connection import Connection, read_unit, run_unit
from store.database.errors import (
    DatabaseBusy,
    DatabaseClosed,
    DatabaseTrouble,
    OutcomeUnknown,
    StorageReadOnly,
    translate,
)
from store.database.lock import FileLock, Turns

Result = TypeVar("Result")

BUSY_TIMEOUT_MS = 2_000
CHECKPOINT_PAGES = 1_000
"""A commit that leaves so many pages in the write-ahead log moves them into the file, within its turn.

The log is then written from its beginning. One that is emptied has to grow again, and each sync of a growing file has
to write its size too: three milliseconds instead of one.
"""
MOST_WAL_BYTES = 16 * 1024 * 1024
"""A log that readers kept growing is emptied beyond this."""
MIN_SQLITE = (3, 40, 0)

_PRAGMAS = (
    ("journal_mode", "wal", "wal"),
    ("synchronous", "FULL", 2),
    ("foreign_keys", "ON", 1),
    ("trusted_schema", "OFF", 0),
    ("cell_size_check", "ON", 1),
    ("mmap_size", "0", 0),
    ("temp_store", "MEMORY", 2),
    ("busy_timeout", str(BUSY_TIMEOUT_MS), BUSY_TIMEOUT_MS),
)


class Access(Enum):
    """Who else may write to the file."""

    OWNED = "owned"
    """This process alone, for as long as the database is open; a second one gets DatabaseInUse."""
    SHARED = "shared"
    """Several processes, one unit at a time. The lock file keeps their commits and checkpoints apart, which
    SQLite before 3.51.3 does not do safely by itself."""


class ConnectionThread(aiosqlite.Connection):
    """A thread that owns a connection: the one place that reaches into aiosqlite.

    The connection is whatever the connector makes, as long as it has `close()`.
    """

    @classmethod
    async def start(cls, connector: Callable[[], Any]) -> "ConnectionThread":
        """Start the thread and make the connection on it; raises DatabaseTrouble and what the connector raises."""
        thread = cls(lambda: translated(connector), 64)
        try:
            await thread
        except BaseException:  # aiosqlite's thread was told to end and must not outlive the loop
            await asyncio.to_thread(thread._thread.join)
            raise
        return thread

    async def run(self, fn: Callable[[Any], Result]) -> Result:
        """Run `fn(connection)`; it runs to its end even if the caller is cancelled. Raises DatabaseClosed."""
        try:
            return await self._execute(lambda: fn(self._conn))  # type: ignore[no-any-return, no-untyped-call]
        except ValueError as error:
            if str(error) in ("Connection closed", "no active connection"):
                raise DatabaseClosed("The database is closed.") from error
            raise


class Database:
    """One SQLite file: `work` writes, `read` reads, both hand over whole functions."""

    def __init__(self, path: Path, access: Access, wait_s: float) -> None:
        self.path = path
        self._owned = FileLock(_lock_path(path), wait_s=wait_s)
        self._turn: contextlib.AbstractContextManager[object] = (
            Turns(_lock_path(path), wait_s=BUSY_TIMEOUT_MS / 1000)
            if access is Access.SHARED
            else contextlib.nullcontext()
        )
        self._access = access
        self._writer: ConnectionThread | None = None
        self._readers: list[ConnectionThread] = []
        self._next_reader = 0
        self._here: sqlite3.Connection | None = None
        self._suspect = False

    @classmethod
    async def open(
        cls, path: Path | str, *, access: Access = Access.OWNED, readers: int = 1, wait_s: float = 2.0
    ) -> "Database":
        """Open or create the file, set every pragma and read it back.

        `wait_s` is how long to wait for another owner. Raises DatabaseInUse, StorageReadOnly, DatabaseDamaged.
        """
        database = cls(Path(path), access, wait_s)
        if access is Access.OWNED:
            await asyncio.to_thread(database._owned.acquire)
        try:
            await database._open_writer()
            for _ in range(readers):
                database._readers.append(await ConnectionThread.start(lambda: _open_reader(database.path)))
            if readers:
                database._here = await asyncio.to_thread(_open_reader_here, database.path)
        except BaseException:  # the threads must end before anything else happens
            await database.close()
            raise
        return database

    @property
    def usable(self) -> bool:
        """Whether `work` can be called: open, and no commit has failed on this connection."""
        return self._writer is not None and not self._suspect

    async def work(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Run `fn(connection, *args)` as one transaction, durable when this returns.

        Raises what `fn` raises (nothing stays then) and DatabaseTrouble. After OutcomeUnknown the connection is
        not used again: every call raises DatabaseClosed until `reopen`.
        """
        return await self._run_unit(lambda db: self._unit(db, fn, args))

    async def work_unsynced(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Like `work`, but the commit waits for no disk: a power cut may take it (never a part of it).

        The next `work`, or a sync of the write-ahead log, makes it durable. For drafts only.
        """

        def unit(db: sqlite3.Connection) -> Result:
            # SQLite refuses this pragma inside a transaction, so it brackets the unit.
            db.execute("pragma synchronous=NORMAL")
            try:
                return self._unit(db, fn, args)
            finally:
                db.execute("pragma synchronous=FULL")

        return await self._run_unit(unit)

    async def read(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Run `fn(connection, *args)` on one snapshot of a read-only connection."""
        if not self._readers:
            raise DatabaseClosed(f"{self.path.name} is not open for reading.")
        self._next_reader = (self._next_reader + 1) % len(self._readers)
        reader = self._readers[self._next_reader]
        return await reader.run(lambda db: translated(lambda: read_unit(db, fn, *args)))

    async def read_point(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Like `read`, on the event loop itself: for a few rows by their key, never for lists or searches.

        Two hops between threads cost more than such rows. What would wait for a lock is done by `read` after all.
        """
        if self._here is not None:
            with contextlib.suppress(DatabaseBusy):
                return translated(functools.partial(read_unit, self._here, fn, *args))
        return await self.read(fn, *args)

    async def checkpoint(self) -> None:
        """Move the write-ahead log into the file; for idle moments. A reader in the way leaves it for later."""

        def unit(db: sqlite3.Connection) -> None:
            with self._turn:
                translated(lambda: checkpoint(db))

        await self._run_unit(unit)

    async def reopen(self) -> None:
        """Replace the writing connection, as is needed after OutcomeUnknown."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await _end(writer, self._turn)
        await self._open_writer()

    async def close(self) -> None:
        """Finish what was handed over; close readers first and the writer last, which empties the log."""
        if self._here is not None:
            self._here.close()
            self._here = None
        readers, self._readers = self._readers, []
        for reader in readers:
            await _end(reader, contextlib.nullcontext())
        writer, self._writer = self._writer, None
        if writer is not None:
            await _end(writer, self._turn)
        self._owned.release()

    async def __aenter__(self) -> "Database":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _open_writer(self) -> None:
        def connect() -> sqlite3.Connection:
            # Opening may replay the log that a killed process left, and the last closing empties it: both are
            # writes like any other and wait for their turn.
            with self._turn:
                return _open_writer(self.path)

        self._writer = await ConnectionThread.start(connect)
        self._suspect = False

    async def _run_unit(self, unit: Callable[[sqlite3.Connection], Result]) -> Result:
        if self._writer is None or self._suspect:
            raise DatabaseClosed(
                f"{self.path.name} is closed, or has to be opened again after a failed commit."
            )
        try:
            return await self._writer.run(unit)
        except OutcomeUnknown:
            self._suspect = True
            raise

    def _unit(self, db: sqlite3.Connection, fn: Callable[..., Result], args: tuple[Any, ...]) -> Result:
        with self._turn:
            if self._suspect:
                raise DatabaseClosed(f"{self.path.name} has to be opened again after a failed commit.")
            try:
                result = translated(lambda: run_unit(db, fn, *args))
            except OutcomeUnknown:
                # Set here too: the next unit may already wait in this thread's queue.
                self._suspect = True
                raise
            if wal_bytes(self.path) > MOST_WAL_BYTES:
                translated(lambda: checkpoint(db))
            return result


def open_reader(path: Path | str, *, immutable: bool = False) -> sqlite3.Connection:
    """A plain read-only connection for synchronous look-ups; `immutable` for files that nobody ever changes.

    May be used from any thread, one at a time. Raises StorageReadOnly or DatabaseDamaged.
    """
    return translated(lambda: _open_reader(Path(path), immutable=immutable))


async def _end(thread: ConnectionThread, turn: contextlib.AbstractContextManager[object]) -> None:
    def close(db: sqlite3.Connection) -> None:
        with turn:
            db.close()

    # A connection that is already broken, or finds no turn, still has to let its thread go.
    with contextlib.suppress(sqlite3.Error, DatabaseTrouble):
        await thread.run(close)
    with contextlib.suppress(sqlite3.Error):
        await thread.close()


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _open_writer(path: Path) -> sqlite3.Connection:
    if sqlite3.sqlite_version_info < MIN_SQLITE:
        raise DatabaseTrouble(f"SQLite {sqlite3.sqlite_version} is too old; 3.40 or newer is needed.")
    db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        set_pragmas(db)
        path.chmod(0o600)
    except BaseException:  # the file handle must not outlive a failed opening
        db.close()
        raise
    return db


def set_pragmas(db: Connection, checkpoint_pages: int = CHECKPOINT_PAGES) -> None:
    """Set what keeps the promise of a commit on a writing connection, and read each one back.

    `checkpoint_pages` is after how many pages in the log a commit moves them into the file; 0 leaves that to the owner.
    Raises StorageReadOnly when SQLite keeps something else.
    """
    db.execute(f"pragma busy_timeout={BUSY_TIMEOUT_MS}")
    pages = ("wal_autocheckpoint", str(checkpoint_pages), checkpoint_pages)
    for name, wanted, expected in (*_PRAGMAS, pages):
        db.execute(f"pragma {name}={wanted}").fetchall()
        found = db.execute(f"pragma {name}").fetchone()[0]
        if found != expected:
            raise StorageReadOnly(
                f"SQLite keeps {name} at {found!r} instead of {expected!r}; the file is not safe."
            )


def _open_reader(path: Path, immutable: bool = False) -> sqlite3.Connection:
    quoted = str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    mode = "mode=ro&immutable=1" if immutable else "mode=ro"
    db = sqlite3.connect(
        f"file:{quoted}?{mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_MS / 1000,
        check_same_thread=False,
    )
    try:
        for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
            db.execute(f"pragma {pragma}").fetchall()
        db.execute("select count(*) from sqlite_schema").fetchone()
    except BaseException:  # the file handle must not outlive a failed opening
        db.close()
        raise
    return db


def _open_reader_here(path: Path) -> sqlite3.Connection:
    """A reader for the event loop, which must not wait for a lock."""
    db = _open_reader(path)
    db.execute("pragma busy_timeout=0")
    return db


def wal_bytes(path: Path) -> int:
    """Bytes in the write-ahead log of a database; 0 when there is none."""
    # Only the size is asked for: opening the file here would drop SQLite's own locks on it when closed.
    try:
        return path.with_name(path.name + "-wal").stat().st_size
    except FileNotFoundError:
        return 0


def checkpoint(db: Connection) -> None:
    """Move the write-ahead log into the file and empty it; outside a transaction, on the writing connection."""
    # A reader in the way is no reason to wait: the next commit tries again.
    db.execute("pragma busy_timeout=20")
    try:
        db.execute("pragma wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        db.execute(f"pragma busy_timeout={BUSY_TIMEOUT_MS}")


def translated(fn: Callable[[], Result]) -> Result:
    """Call `fn`; errors of sqlite3 come out as DatabaseTrouble, broken constraints and bad SQL as they are."""
    try:
        return fn()
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        if getattr(error, "during_commit", False):
            raise OutcomeUnknown(f"The commit failed, so it may have happened or not: {error}.") from error
        trouble = translate(error)
        if trouble is None:
            raise
        raise trouble from error
