"""The register's journal: every record, the open sale, print jobs and the upload mark, in one file with one writer.

`Journal` hands whole units of work to one thread; a caller that goes away changes nothing. Nothing may leave the
register (paper, drawer, answer, upload) before `commit` has returned for it (docs/journal.md).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from store.database.sqlite import ConnectionThread
from store.exchange.record import Record
from store.gateway.gateway import StoredMode
from store.register.journal import drafts as journal_drafts
from store.register.journal import jobs as journal_jobs
from store.register.journal import reads as journal_reads
from store.register.journal import settings as journal_settings
from store.register.journal import upload as journal_upload
from store.register.journal.chain import TAIL_RECORDS, TailCheck, check_tail
from store.register.journal.commit import MAX_CLOCK_JUMP_MS, Moment, internal_txn_id
from store.register.journal.counter import note_head
from store.register.journal.entry import (
    Committed,
    Counts,
    Draft,
    Entry,
    Head,
    JobRow,
    JournalIdentity,
    LinkEdge,
    Lockout,
    PrintJob,
    Signer,
    SignerUnavailable,
    UploadState,
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
    SafeStop,
)
from store.register.journal.file import JournalFile
from store.register.journal.pruning import Pruned, prune_unit
from store.register.journal.receipts import OwnReceipts
from store.register.journal.sql import DEFERRED, SQLITE3, Connection, Driver
from store.register.journal.syncer import Syncer
from store.register.ports import Clock, Storage

__all__ = [
    "Committed",
    "Counts",
    "Draft",
    "Entry",
    "EntryRefused",
    "Head",
    "JobRow",
    "Journal",
    "JournalBusy",
    "JournalDamaged",
    "JournalError",
    "JournalFull",
    "JournalIdentity",
    "JournalNewer",
    "JournalRolledBack",
    "JournalUnknown",
    "LinkEdge",
    "Lockout",
    "PrintJob",
    "SafeStop",
    "Signer",
    "SignerUnavailable",
    "UploadState",
]

Result = TypeVar("Result")
_log = logging.getLogger(__name__)
SLOW_COMMIT_S = 0.25
"""A commit that takes longer is logged; the disk is ill or overloaded. It is never given up."""
_NOTE_AFTER_S = 5.0
"""How long after a commit its place is noted, so that a busy till writes one note for many sales."""
_IDLE_S = 3.0
"""Without a write for this long nobody is selling, and the log may be folded into the file."""


class Journal:
    """The journal of one register. Made by `open`, given back by `close`; all methods run in the order called."""

    def __init__(self, file: JournalFile, thread: ConnectionThread, clock: Clock, storage: Storage) -> None:
        self._file = file
        self._thread = thread
        self._clock = clock
        self._syncer = Syncer(file.path, storage)
        self._on_commit: list[Callable[[Committed], None]] = []
        self._last_clock: tuple[int, float] | None = None
        self._housekeeping: asyncio.Task[None] | None = None
        self._untidy = asyncio.Event()
        self._last_write_s = 0.0
        self.last_commit_s = 0.0
        """How long the newest commit took, waiting for its turn included."""
        self._mode_change = asyncio.Lock()
        self._context: dict[str, Any] = {}
        self.receipts = OwnReceipts(file.path, file.identity)

    @classmethod
    async def open(
        cls,
        path: Path | str,
        identity: JournalIdentity,
        signer: Signer | None,
        clock: Clock,
        storage: Storage,
        driver: Driver = SQLITE3,
    ) -> "Journal":
        """Open or create the journal, with its lock, migrated and checked.

        Without a signer selling goes on unsigned, visibly. Raises JournalBusy, JournalNewer, JournalDamaged,
        JournalRolledBack, JournalFull.
        """
        file = JournalFile(Path(path), identity, signer, driver)
        thread = await ConnectionThread.start(lambda: file)
        try:
            await thread.run(JournalFile.open)
        except BaseException:  # the thread must end before anything else happens
            await thread.close()
            raise
        journal = cls(file, thread, clock, storage)
        last = await journal._call(lambda f: f.read(lambda c: journal_reads.last_record(c, identity.epoch)))
        if last is not None:
            journal._remember(journal_reads.committed(last, repeated=True).payload)
        journal._syncer.start()
        journal._housekeeping = asyncio.create_task(journal._keep_house(), name="journal-housekeeping")
        return journal

    @property
    def path(self) -> Path:
        """Where the journal lies."""
        return self._file.path

    @property
    def identity(self) -> JournalIdentity:
        """Whose journal it is."""
        return self._file.identity

    @property
    def trouble(self) -> str:
        """A sentence when the disk did not confirm the last draft; empty when all is well."""
        return self._syncer.trouble

    def on_commit(self, take: Callable[[Committed], None]) -> None:
        """Call `take` on the event loop after every new record (uploader, spool, header counters)."""
        self._on_commit.append(take)

    async def close(self) -> None:
        """Sync what is written, note how far the journal came, close file and lock."""
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            await asyncio.gather(self._housekeeping, return_exceptions=True)
        await self._syncer.close()
        await self._thread.close()

    # ---- writing

    async def commit(self, entry: Entry) -> Committed:
        """Store an entry in one synced transaction; the same `txn_id` again answers what was stored the first time.

        Everything written before, drafts too, is durable when this returns. Raises EntryRefused and JournalFull
        (nothing changed), SafeStop.
        """
        return await self._commit(entry, None)

    async def save_draft(self, draft: Draft) -> None:
        """Write the open sale; it is synced right after this returns. Raises JournalFull, SafeStop."""
        await self._write_deferred(lambda connection: journal_drafts.draft_unit(connection, draft))

    async def load_draft(self) -> Draft | None:
        """The open sale as it was last written."""
        return await self._read(journal_drafts.read_draft)

    async def settled(self) -> None:
        """Wait until what was written by now is synced."""
        await self._syncer.settled()

    # ---- reading

    async def records(self, after_seq: int, limit: int) -> list[Record]:
        """Up to `limit` records of this series after `after_seq`, in order."""
        epoch = self.identity.epoch
        return await self._read(lambda c: journal_reads.records_after(c, epoch, after_seq, limit))

    async def record_by_txn(self, txn_id: str) -> Committed | None:
        """The record of a transaction."""
        return self._found(await self._read(lambda c: journal_reads.record_by_txn(c, txn_id)))

    async def record_by_receipt_no(self, receipt_no: int) -> Committed | None:
        """The fiscal record with that receipt number in this series."""
        epoch = self.identity.epoch
        return self._found(
            await self._read(lambda c: journal_reads.record_by_receipt_no(c, epoch, receipt_no))
        )

    async def last_receipt(self) -> Committed | None:
        """The newest fiscal record of this series."""
        return self._found(await self._read(lambda c: journal_reads.last_receipt(c, self.identity.epoch)))

    async def head(self) -> Head:
        """The end of this series."""
        return await self._read(lambda c: journal_reads.read_head(c, self.identity))

    async def hash_at(self, seq: int) -> bytes | None:
        """The hash of the record at `seq`, the genesis hash at 0."""
        return await self._read(lambda c: journal_reads.hash_at(c, self.identity, seq))

    async def counts(self) -> Counts:
        """What the server has not acknowledged."""
        return await self._read(lambda c: journal_reads.counts(c, self.identity))

    async def shift_payloads(self, shift_id: str) -> list[dict[str, Any]]:
        """The payloads of a shift's records since it was opened, in order."""
        return await self._read(lambda c: journal_reads.shift_payloads(c, shift_id))

    async def check_tail(self, last: int = TAIL_RECORDS, *, signatures: bool = True) -> TailCheck:
        """Check the newest records beside the running sale, on a connection of its own; the chain alone is quick."""
        return await asyncio.to_thread(check_tail, self.path, self.identity, last, signatures)

    # ---- what is remembered beside records

    async def upload_state(self) -> UploadState:
        """How far the server has this series."""
        return await self._read(lambda c: journal_upload.read_upload(c, self.identity.series))

    async def change_upload_state(self, change: Callable[[UploadState], UploadState]) -> UploadState:
        """Read, change and store how far the server has it, in one step; a lost mark only means sending again."""

        def unit(connection: Connection) -> UploadState:
            state = change(journal_upload.read_upload(connection, self.identity.series))
            journal_upload.write_upload(connection, state)
            return state

        return await self._write_deferred(unit)

    async def load_mode(self) -> StoredMode | None:
        """The stored mode (`ModeStore`)."""
        return await self._read(journal_settings.read_mode)

    async def save_mode(self, stored: StoredMode, event: str) -> None:
        """Store a change of mode and its record in one transaction (`ModeStore`)."""
        body = {"to": stored.mode, "reason": stored.reason, "event": event}
        async with self._mode_change:  # two changes at once must not get one id
            head = await self.head()
            txn_id = internal_txn_id(head.series, head.seq + 1, "mode")
            entry = Entry(kind="mode", txn_id=txn_id, body=body, **self._context)
            await self._commit(entry, lambda connection: journal_settings.write_mode(connection, stored))

    async def note_link(self, at_ms: int, link: str, event: str, reason: str) -> None:
        """Add a link edge to the bounded history (`ModeStore`)."""
        edge = LinkEdge(at_ms=at_ms, link=link, event=event, reason=reason)
        await self._write_deferred(lambda c: journal_settings.add_link_edge(c, edge))

    async def link_edges(self, limit: int = 50) -> list[LinkEdge]:
        """The newest link edges, newest first."""
        return await self._read(lambda c: journal_settings.link_edges(c, limit))

    async def setting(self, key: str) -> str | None:
        """A remembered value."""
        return await self._read(lambda c: journal_settings.read_setting(c, key))

    async def save_setting(self, key: str, value: str) -> None:
        """Remember a value, synced."""
        await self._write(lambda c: journal_settings.write_setting(c, key, value))

    async def lockout(self, key: str) -> Lockout:
        """Failed PIN attempts of an operator's number, or of `register`."""
        return await self._read(lambda c: journal_settings.read_lockout(c, key))

    async def save_lockout(self, lockout: Lockout) -> None:
        """Store failed attempts, synced; called before the PIN is verified, so that a power cut forgives nothing."""
        await self._write(lambda c: journal_settings.write_lockout(c, lockout))

    # ---- print jobs

    async def open_jobs(self) -> list[JobRow]:
        """Jobs that wait for something, oldest first."""
        return await self._read(journal_jobs.open_jobs)

    async def job(self, job_id: str) -> JobRow | None:
        """One job."""
        return await self._read(lambda c: journal_jobs.job_by_id(c, job_id))

    async def jobs_of(self, txn_id: str) -> list[JobRow]:
        """All jobs that render one record."""
        return await self._read(lambda c: journal_jobs.jobs_of(c, txn_id))

    async def newest_jobs(self, limit: int) -> list[JobRow]:
        """The newest jobs, newest first."""
        return await self._read(lambda c: journal_jobs.newest_jobs(c, limit))

    async def copies_of(self, txn_id: str) -> int:
        """The highest copy number given for a record."""
        return await self._read(lambda c: journal_jobs.copies_of(c, txn_id))

    async def update_job(self, job: JobRow, synced: bool) -> None:
        """Store where a job stands; `synced` before a byte goes out, later states may be found out again."""
        write = self._write if synced else self._write_deferred
        await write(lambda c: journal_jobs.update_job(c, job))

    # ---- housekeeping

    async def checkpoint(self) -> None:
        """Fold the log into the file; for idle moments."""
        await self._call(JournalFile.checkpoint)

    async def removed_seq(self) -> int:
        """The last record of this series that was removed because headquarters has it; 0 while all are here."""
        return await self._read(lambda c: journal_reads.anchor_seq(c, self.identity.epoch))

    async def prune(self, before_ms: int) -> Pruned:
        """Remove some of the records that are older than this and that headquarters has, in one short transaction."""
        return await self._write(lambda c: prune_unit(c, before_ms))

    @property
    def idle_s(self) -> float:
        """Seconds since a record or a line was written."""
        return self._clock.monotonic_s() - self._last_write_s

    async def release_reserve(self) -> bool:
        """Give back the room kept for a full disk, to close the shift and export."""
        return await self._call(JournalFile.release_reserve)

    async def _commit(self, entry: Entry, then: Callable[[Connection], None] | None) -> Committed:
        moment = self._moment()
        self._last_write_s = begin_s = self._clock.monotonic_s()
        result = await self._call(lambda file: file.commit(entry, moment, then))
        self.last_commit_s = self._clock.monotonic_s() - begin_s
        if self.last_commit_s > SLOW_COMMIT_S:
            _log.warning("slow commit", extra={"seconds": round(self.last_commit_s, 3), "kind": entry.kind})
        if not result.repeated:
            self._last_clock = (self._clock.wall_ms(), self._clock.monotonic_s())
            self._untidy.set()
            self._remember(result.payload)
            for take in self._on_commit:
                take(result)
        return result

    def _moment(self) -> Moment:
        wall_ms, monotonic_s = self._clock.wall_ms(), self._clock.monotonic_s()
        jump_ms = 0
        if self._last_clock is not None:
            then_ms, then_s = self._last_clock
            jump_ms = (wall_ms - then_ms) - round((monotonic_s - then_s) * 1000)
        if abs(jump_ms) <= MAX_CLOCK_JUMP_MS:
            jump_ms = 0
        return Moment(wall_ms=wall_ms, utc_offset_min=self._clock.utc_offset_min(), jump_ms=jump_ms)

    def _remember(self, payload: dict[str, Any]) -> None:
        names = ("operator", "operator_name", "shift", "shift_id", "business_date", "catalog")
        self._context = {name: payload[name] for name in names if name in payload}

    @staticmethod
    def _found(record: Record | None) -> Committed | None:
        return None if record is None else journal_reads.committed(record, repeated=True)

    async def _keep_house(self) -> None:
        """A while after a commit write down how far the journal came; fold the log in when nobody is selling."""
        while True:
            await self._untidy.wait()
            await self._clock.sleep(_NOTE_AFTER_S)
            self._untidy.clear()
            with contextlib.suppress(OSError, SafeStop):
                head = await self.head()
                await asyncio.to_thread(note_head, self.path, head)
                while self.idle_s < _IDLE_S:
                    await self._clock.sleep(_IDLE_S)
                await self.checkpoint()

    async def _read(self, unit: Callable[[Connection], Result]) -> Result:
        return await self._call(lambda file: file.read(unit))

    async def _write(self, unit: Callable[[Connection], Result]) -> Result:
        return await self._call(lambda file: file.write(unit))

    async def _write_deferred(self, unit: Callable[[Connection], Result]) -> Result:
        self._last_write_s = self._clock.monotonic_s()
        result = await self._call(lambda file: file.write(unit, DEFERRED))
        self._syncer.wake()
        return result

    async def _call(self, unit: Callable[[JournalFile], Result]) -> Result:
        return await self._thread.run(unit)
