"""What synchronisation did lately: downloads, uploads, reports not yet delivered; small, bounded, survives a restart.

One JSON file beside the catalog, replaced as a whole. It is a memory for people and for the try count; losing it costs
nothing but that.
"""

import asyncio
import logging
from pathlib import Path

import msgspec
from msgspec.structs import replace

from store.database.vault import replace_file
from store.exchange.delivery import DownloadEntry, SessionReport
from store.exchange.jobs import ALL_JOBS, JOB_BY_NUMBER, UPLOAD_JOB, DownloadStatus, UploadStatus
from store.sale.language import phrase
from store.sale.text import printable

_log = logging.getLogger(__name__)

MOST_ROWS = 50
"""Downloads, and uploads, that are remembered."""
MOST_REPORTS = 200
"""Reports that wait for the server; older ones are forgotten, the newest tells where a session ended."""
MESSAGE_LIMIT = 300
SAME_UPLOAD_MS = 60_000
"""Batches acknowledged within this time are one row: a busy till sends one record at a time."""
SETTLED = frozenset({DownloadStatus.APPLIED, DownloadStatus.CANCELED})


class DownloadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A download session on this register. `rows` and `size` (bytes) are what was applied; `at_ms` its last change."""

    session: int
    package_seq: int
    kind: str
    job: str
    status: str
    at_ms: int
    rows: int = 0
    size: int = 0
    message: str = ""
    tries: int = 0
    """Attempts that failed by a fault of the package or of this machine; a line that broke off is none."""

    @property
    def key(self) -> tuple[int, int, str]:
        """What tells sessions apart."""
        return self.session, self.package_seq, self.kind


class UploadRow(msgspec.Struct, frozen=True, kw_only=True):
    """A round of records sent up, or the reason why they were not."""

    status: str
    at_ms: int
    rows: int = 0
    size: int = 0
    message: str = ""
    job: str = UPLOAD_JOB


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """The last attempt of one direction: when, and `ok` or the reason; `good_ms` is the last one that went well."""

    at_ms: int = 0
    result: str = ""
    good_ms: int = 0


class SyncMemory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is remembered; rows newest first, reports oldest first."""

    downloads: tuple[DownloadRow, ...] = ()
    uploads: tuple[UploadRow, ...] = ()
    reports: tuple[SessionReport, ...] = ()
    down: Attempt = Attempt()
    up: Attempt = Attempt()
    support_offline: bool = True
    """What the server said last: whether this register keeps an offline database."""
    archived_seq: int = 0
    """Up to here headquarters has the records of this register's series."""
    held_back: int = 0
    """The newest package, while the server has it and gives nothing that leads to it; else 0."""


class SyncHistory:
    """The memory of one register; belongs to the event loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._saving = asyncio.Lock()
        self._saved = SyncMemory()
        self.memory = SyncMemory()

    def load(self) -> None:
        """Read what is there; what cannot be read is forgotten. Blocks a moment."""
        try:
            self.memory = self._saved = msgspec.json.decode(self._path.read_bytes(), type=SyncMemory)
        except FileNotFoundError:
            pass
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("sync history not readable, begun anew", extra={"reason": str(error)})

    async def save(self) -> None:
        """Make it durable when something changed; a disk that fails costs the memory, never the synchronisation."""
        async with self._saving:
            memory = self.memory
            if memory is self._saved:
                return
            try:
                await asyncio.to_thread(replace_file, self._path, msgspec.json.encode(memory))
            except OSError as error:
                _log.warning("sync history not written", extra={"reason": str(error)})
                return
            self._saved = memory

    # ---- downloads

    def row_of(self, entry: DownloadEntry) -> DownloadRow | None:
        """What is remembered of a session."""
        key = entry.session, entry.package_seq, entry.kind
        return next((row for row in self.memory.downloads if row.key == key), None)

    def note_download(
        self,
        entry: DownloadEntry,
        status: DownloadStatus,
        at_ms: int,
        *,
        rows: int = 0,
        message: str = "",
        counts: bool = False,
    ) -> DownloadRow:
        """A session moved on; `counts` says that it was a try that failed."""
        before = self.row_of(entry)
        row = DownloadRow(
            session=entry.session,
            package_seq=entry.package_seq,
            kind=entry.kind,
            job=printable(entry.job)[:40],
            status=status.value,
            at_ms=at_ms,
            rows=rows,
            size=entry.size,
            message=printable(message)[:MESSAGE_LIMIT],
            tries=(before.tries if before else 0) + counts,
        )
        others = (kept for kept in self.memory.downloads if kept.key != row.key)
        self._put(downloads=(row, *others)[:MOST_ROWS])
        return row

    def listed(self, entries: tuple[DownloadEntry, ...], at_ms: int) -> None:
        """What the server lists now: what it listed before and does not any more is not this register's to do."""
        keys = {(entry.session, entry.package_seq, entry.kind) for entry in entries}
        kept = tuple(
            row
            if row.key in keys or row.status in SETTLED
            else replace(row, status=DownloadStatus.CANCELED.value, at_ms=at_ms, tries=0)
            for row in self.memory.downloads
        )
        if kept != self.memory.downloads:
            self._put(downloads=kept)
        for entry in reversed(entries):
            row = self.row_of(entry)
            if row is None or row.status == DownloadStatus.CANCELED:
                self.note_download(entry, DownloadStatus.AVAILABLE, at_ms)

    @property
    def waiting(self) -> tuple[DownloadRow, ...]:
        """What the server listed last and is not applied, oldest first; known after a restart too."""
        return waiting_rows(self.memory)

    def forgive(self) -> None:
        """A person asked for another try: what was given up begins anew."""
        self._put(downloads=tuple(replace(row, tries=0) for row in self.memory.downloads))

    # ---- uploads

    def note_upload(self, status: UploadStatus, at_ms: int, rows: int, size: int, message: str = "") -> None:
        """Records were acknowledged, or not; what follows closely is added up, the same failure is one row."""
        fresh = UploadRow(
            status=status.value, at_ms=at_ms, rows=rows, size=size, message=printable(message)[:MESSAGE_LIMIT]
        )
        rest = self.memory.uploads
        if rest and rest[0].status == fresh.status:
            newest, rest = rest[0], rest[1:]
            if fresh.status == UploadStatus.UPLOADED and abs(at_ms - newest.at_ms) < SAME_UPLOAD_MS:
                fresh = replace(fresh, rows=newest.rows + rows, size=newest.size + size)
            elif fresh.status == UploadStatus.UPLOADED or newest.message != fresh.message:
                rest = (newest, *rest)
        self._put(uploads=(fresh, *rest)[:MOST_ROWS])

    # ---- attempts and what the server said

    def attempted(self, *, down: str | None = None, up: str | None = None, at_ms: int) -> None:
        """A look for packages, or an upload, ended: `ok` or a reason without a final stop."""
        for name, result in (("down", down), ("up", up)):
            if result is not None:
                before: Attempt = getattr(self.memory, name)
                good_ms = at_ms if result == "ok" else before.good_ms
                self._put(
                    **{name: Attempt(at_ms=at_ms, result=printable(result)[:MESSAGE_LIMIT], good_ms=good_ms)}
                )

    def server_said(self, *, support_offline: bool, archived_seq: int) -> None:
        """Facts that came with the list of packages; headquarters never has less than it once had."""
        archived_seq = max(archived_seq, self.memory.archived_seq)
        if (support_offline, archived_seq) != (self.memory.support_offline, self.memory.archived_seq):
            self._put(support_offline=support_offline, archived_seq=archived_seq)

    def held_back(self, package_seq: int) -> None:
        """The newest package is kept from this register; 0: none is."""
        if package_seq != self.memory.held_back:
            self._put(held_back=package_seq)

    # ---- reports

    def report(self, report: SessionReport) -> None:
        """Keep a report until the server has it."""
        self._put(reports=(*self.memory.reports, report)[-MOST_REPORTS:])

    def delivered(self, reports: tuple[SessionReport, ...]) -> None:
        """The server has these."""
        self._put(reports=tuple(kept for kept in self.memory.reports if kept not in reports))

    def _put(self, **changes: object) -> None:
        self.memory = replace(self.memory, **changes)


def waiting_rows(memory: SyncMemory) -> tuple[DownloadRow, ...]:
    """Packages that are to be applied yet, in order."""
    rows = (row for row in memory.downloads if row.status not in SETTLED)
    return tuple(sorted(rows, key=lambda row: row.package_seq))


def job_words(job: str) -> str:
    """What a job is called: "1020 Prices and discounts"; of several the numbers, of none in particular a word."""
    if job == ALL_JOBS:
        return phrase("{all_jobs} All jobs", ALL_JOBS)
    known = JOB_BY_NUMBER.get(job)
    return f"{known.number} {known.name}" if known else job or phrase("data package")
