"""The journal file and its one connection: opening, units of work, and what to do when the disk fails.

Everything here is synchronous and runs on one thread. An error out of a commit means "unknown", never "failed": the
connection is thrown away, the file opened again and the entry looked up by its `txn_id` (docs/journal.md).
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from store.database.errors import DatabaseInUse, DatabaseTrouble, SchemaTooNew
from store.database.lock import FileLock
from store.database.migrations import load_steps, migrate
from store.database.sqlite import set_pragmas
from store.exchange.record import key_id_of
from store.register.journal.chain import ChainBroken, check_chain
from store.register.journal.commit import Author, Moment, commit_unit
from store.register.journal.counter import note_head, read_counter
from store.register.journal.entry import (
    Committed,
    Entry,
    Head,
    JournalIdentity,
    Signer,
    SignerUnavailable,
)
from store.register.journal.errors import (
    EntryRefused,
    JournalBusy,
    JournalDamaged,
    JournalError,
    JournalFull,
    JournalNewer,
    JournalRolledBack,
    JournalUnknown,
)
from store.register.journal.paths import LOG_LIMIT_BYTES, fill_log, make_private, sync_file
from store.register.journal.reads import (
    HeadMismatch,
    anchor_seq,
    begin_series,
    committed,
    hash_at,
    read_head,
    record_by_txn,
)
from store.register.journal.reserve import keep_reserve, release_reserve
from store.register.journal.settings import OtherSeries, note_series
from store.register.journal.sql import (
    DEFERRED,
    FULL,
    SQLITE3,
    Connection,
    Driver,
    at_level,
    in_transaction,
    is_busy,
    is_failed_sync,
    is_full,
    is_refused,
)

Result = TypeVar("Result")

_EXPORT = "Nothing is lost: export the journal (outpost journal export) and call for help."


class JournalFile:
    """One open journal. Use it from one thread at a time; `close` gives file and lock back."""

    def __init__(
        self, path: Path, identity: JournalIdentity, signer: Signer | None, driver: Driver = SQLITE3
    ) -> None:
        self.path = path
        self.identity = identity
        self._log = f"{path}-wal"
        self._author = Author(identity=identity, key_id=key_id_of(identity.public_key), signer=signer)
        self._driver = driver
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        self._connection: Connection | None = None
        self._is_open = False
        # Whatever may go wrong while a journal is opened again.
        trouble: tuple[type[Exception], ...] = (DatabaseTrouble, ChainBroken, HeadMismatch, OSError)
        self._disk_errors = trouble + driver.errors
        self._steps = load_steps("store.register.journal")

    # ---- opening and closing

    def open(self) -> Head:
        """Take the lock, open, migrate and check; answers the end of the series.

        Raises JournalBusy, JournalNewer, JournalDamaged, JournalRolledBack, JournalFull.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock.acquire()
        except DatabaseInUse as error:
            raise JournalBusy(
                f"Another register core already works with {self.path}; attach to it with `outpost screen`, "
                "or end it first."
            ) from error
        except (DatabaseTrouble, OSError) as error:
            raise JournalDamaged(
                f"The journal {self.path} cannot be made: {error} Give it another place."
            ) from error
        self._is_open = True
        try:
            return self._open_checked()
        except BaseException:  # neither file nor lock may stay behind a failed start
            self.close()
            raise

    def close(self) -> None:
        """Write the note of how far the journal came, close (the last connection checkpoints), free the lock."""
        self._is_open = False
        try:
            if self._connection is not None:
                with contextlib.suppress(JournalError, OSError, *self._driver.errors):
                    self.note_counter()
                self._drop_connection()
        finally:
            self._lock.release()

    def _open_checked(self) -> Head:
        try:
            make_private(self.path)
            connection = self._connect()
            migrate(connection, self._steps)
            in_transaction(self._driver, connection, self._take_up_series)
            head = read_head(connection, self.identity)
            # A rollback journal of the first start whose removal was lost would undo all that came after it.
            self._driver.sync_directory(self.path.parent)
            fill_log(Path(self._log))
        except SchemaTooNew as error:
            raise JournalNewer(f"{error} {_EXPORT}") from error
        except DatabaseTrouble as error:
            raise JournalDamaged(f"The journal {self.path} cannot be used: {error} {_EXPORT}") from error
        except OSError as error:
            raise JournalDamaged(f"The disk of the journal {self.path} fails: {error}. {_EXPORT}") from error
        except OtherSeries as error:
            raise JournalDamaged(
                f"The journal {self.path} is not this register's: {error}. Put the right file back."
            ) from error
        except HeadMismatch as error:
            raise JournalDamaged(f"The journal {self.path} is damaged: {error}. {_EXPORT}") from error
        except self._driver.errors as error:
            raise self._cannot_open(error) from error
        keep_reserve(self.path)
        self._refuse_rolled_back(connection, head)
        return head

    def _take_up_series(self, connection: Connection) -> None:
        note_series(connection, self.identity)
        begin_series(connection, self.identity)

    def _connect(self) -> Connection:
        self._connection = self._driver.connect(str(self.path))
        set_pragmas(self._connection, checkpoint_pages=0)  # never while somebody waits for a commit
        # The log is used again from its start after a checkpoint, cut to this size when it was longer.
        self._connection.execute(f"pragma journal_size_limit={LOG_LIMIT_BYTES}").fetchall()
        # SQLite opens the log with the first read; from here on it is there as long as the connection is.
        self._connection.execute("select count(*) from sqlite_schema").fetchall()
        return self._connection

    def _cannot_open(self, error: Exception) -> JournalError:
        if is_full(error):
            return JournalFull(
                f"The disk is full; the journal {self.path} cannot be opened. Free some space."
            )
        return JournalDamaged(f"The journal {self.path} cannot be read ({error}). {_EXPORT}")

    def _refuse_rolled_back(self, connection: Connection, head: Head) -> None:
        counter = read_counter(self.path)
        if counter is None or counter.series != self.identity.series:
            return
        if counter.seq < anchor_seq(connection, self.identity.epoch):
            return  # an old note: the journal has been further since, and its beginning is gone
        held = hash_at(connection, self.identity, counter.seq)
        if held is None or held.hex() != counter.hash:
            raise JournalRolledBack(
                f"The journal ends at record {head.seq}, but this register had written record {counter.seq} "
                f"({counter.hash[:8]}): an older copy was put in its place. Put the right file back, or have a "
                "manager enrol the register anew."
            )

    # ---- units of work

    def commit(
        self, entry: Entry, moment: Moment, then: Callable[[Connection], None] | None = None
    ) -> Committed:
        """Store an entry, synced, once, however often it is asked for. `then` runs in the same transaction.

        Raises EntryRefused and JournalFull (nothing changed), JournalDamaged and JournalUnknown (stop selling).
        """

        def attempt() -> Committed:
            try:
                return self._commit_as(self._author, entry, moment, then)
            except SignerUnavailable:
                unsigned = Author(identity=self.identity, key_id=self._author.key_id, signer=None)
                return self._commit_as(unsigned, entry, moment, then)

        def look_up() -> Committed | None:
            record = record_by_txn(self._open_connection, entry.txn_id)
            return None if record is None else committed(record, repeated=False)

        return self._resolved(attempt, look_up)

    def _commit_as(
        self, author: Author, entry: Entry, moment: Moment, then: Callable[[Connection], None] | None
    ) -> Committed:
        def unit(connection: Connection) -> Committed:
            result = commit_unit(connection, entry, author, moment)
            if then is not None:
                then(connection)
            return result

        connection = self._open_connection
        log_bytes = self._log_bytes()
        result = in_transaction(self._driver, connection, unit)
        if log_bytes > LOG_LIMIT_BYTES:
            self.checkpoint()
        return result

    def write(self, unit: Callable[[Connection], Result], level: str = FULL) -> Result:
        """Run a unit that may be repeated without harm; with DEFERRED somebody must sync the log afterwards."""

        def attempt() -> Result:
            connection = self._open_connection
            self._log_bytes()
            if level == DEFERRED:
                return at_level(self._driver, connection, level, unit)
            return in_transaction(self._driver, connection, unit)

        return self._resolved(attempt, lambda: None)

    def read(self, unit: Callable[[Connection], Result]) -> Result:
        """Run a unit that only reads."""
        try:
            return unit(self._open_connection)
        except self._disk_errors as error:
            raise JournalDamaged(f"The journal cannot be read ({error}). {_EXPORT}") from error

    def checkpoint(self) -> None:
        """Move the log into the file; for idle moments. A disk that cannot now is met again by the next commit."""
        with contextlib.suppress(*self._driver.errors):
            self._open_connection.execute("pragma wal_checkpoint(passive)").fetchall()

    def note_counter(self) -> None:
        """Write down how far the journal has come; raises OSError."""
        note_head(self.path, self.read(lambda connection: read_head(connection, self.identity)))

    def release_reserve(self) -> bool:
        """Give back the room kept for emergencies."""
        return release_reserve(self.path)

    # ---- when the disk fails

    @property
    def _open_connection(self) -> Connection:
        """The connection; after a failure of the disk every use tries to open it again."""
        if self._connection is not None:
            return self._connection
        if not self._is_open:
            raise JournalUnknown(f"The journal {self.path} is closed.")
        try:
            return self._connect()
        except self._disk_errors as error:
            self._drop_connection()
            raise JournalUnknown(f"The disk still fails ({error}); nothing was booked. {_EXPORT}") from error

    def _resolved(self, attempt: Callable[[], Result], look_up: Callable[[], Result | None]) -> Result:
        """Run an attempt; after an error find out on a fresh connection what is stored, and try once more."""
        try:
            return self._translated(attempt)
        except self._driver.errors as error:
            first = error
        found = self._find_out(look_up, first)
        if found is not None:
            return found
        if is_full(first):
            raise self._full() from first
        try:
            return self._translated(attempt)
        except self._driver.errors as error:
            second = error
        found = self._find_out(look_up, second)
        if found is not None:
            return found
        if is_full(second):
            raise self._full() from second
        raise JournalUnknown(
            f"The disk refuses to store ({second}); nothing was booked. {_EXPORT}"
        ) from second

    def _translated(self, attempt: Callable[[], Result]) -> Result:
        """Errors that leave the connection sound become ours; the others go up as they are."""
        try:
            return attempt()
        except HeadMismatch as error:
            raise JournalDamaged(f"The journal is damaged: {error}. {_EXPORT}") from error
        except self._driver.errors as error:
            if is_busy(error):
                raise JournalBusy("Another program holds the journal; end it and try again.") from error
            if is_refused(error):
                raise EntryRefused(f"The journal refused the values: {error}.") from error
            raise

    def _full(self) -> JournalFull:
        return JournalFull("The disk is full; nothing was booked. Free some space, then try again.")

    def _find_out(self, look_up: Callable[[], Result | None], error: Exception) -> Result | None:
        try:
            self._reopen()
            found = look_up()
            if is_failed_sync(error):
                self._rebuild()
            elif found is not None:
                # What was found may be in the system's memory only; the checkpoint syncs it or raises.
                self._open_connection.execute("pragma wal_checkpoint(full)").fetchall()
            return found
        except self._disk_errors as trouble:
            self._drop_connection()
            raise JournalUnknown(
                f"The disk failed ({error}) and the journal cannot be read back ({trouble}). {_EXPORT}"
            ) from trouble

    def _reopen(self) -> None:
        self._drop_connection()
        self._connect()

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # A poisoned connection may fail to close; the descriptor is gone all the same.
            with contextlib.suppress(*self._driver.errors):
                connection.close()

    def _rebuild(self) -> None:
        """After a failed sync the file's pages are no longer trusted: copy what we read into a fresh one and swap."""
        fresh = self.path.with_name(self.path.name + ".rebuilt")
        fresh.unlink(missing_ok=True)
        self._open_connection.execute("vacuum into ?", (str(fresh),))
        fresh.chmod(0o600)
        sync_file(fresh)
        check_chain(self._driver.connect, fresh, self.identity)
        self._drop_connection()
        if Path(self._log).exists():
            # A log that is left over would be replayed into the fresh file, which it does not fit.
            raise OSError("the log could not be folded into the file")
        fresh.replace(self.path)
        self._driver.sync_directory(self.path.parent)
        self._connect()

    def _log_bytes(self) -> int:
        """Size of the log; raises JournalDamaged when the files were taken away under the running register.

        Only asks for the size: closing a descriptor of the file would drop SQLite's locks. The path is a text made
        once, since this runs with every line and every commit.
        """
        try:
            return os.stat(self._log).st_size  # noqa: PTH116
        except FileNotFoundError as error:
            raise JournalDamaged(
                f"The files of the journal {self.path} were removed while the register ran; what it writes now would "
                "be lost. Put them back, or start the register anew."
            ) from error
