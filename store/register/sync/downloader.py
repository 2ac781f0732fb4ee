"""Brings data packages from the Retail Server into the register's catalog (docs/sync.md).

One round: ask what leads from our package to the newest, fetch headers and missing chunks one after the other, let the
keeper make a catalog file of them, say what became of each session. The till takes the new file at its next
transaction start. What breaks off goes on at the same byte in the next round.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection
from pathlib import Path

from store.database.chunks import ChunkFolder
from store.exchange.delivery import DownloadEntry, Downloads, SessionReport
from store.exchange.jobs import TRY_COUNT, DownloadStatus
from store.exchange.package_header import READER, ChunkEntry, PackageHeader, read_header
from store.gateway.client import Write
from store.gateway.errors import GatewayError, ServerBusy, ServerRefused, ServerUnreachable
from store.register.catalog.keeper import CatalogKeeper, CatalogRefused, ChunkNeeded, WrongBase
from store.register.ports import Clock
from store.register.sync.fetch import FileDamaged, Wanted, fetch_file
from store.register.sync.history import SyncHistory, job_words
from store.register.sync.round import PackageFailed, RoundEnd, RoundResult, SyncCallsPort

_log = logging.getLogger(__name__)

FAILURES = frozenset({DownloadStatus.DOWNLOAD_FAILED, DownloadStatus.APPLY_FAILED})
YIELD_S = 0.1
"""How often to look whether the payment is over."""
MAX_HEADER_BYTES = 1024 * 1024
KEEP_FREE_BYTES = 100 * 1024 * 1024
"""Free space that a download leaves: selling needs the disk more than new prices do."""
FILE_PER_RAW = 2
"""A catalog file with its indexes takes at most so many bytes for each byte of rows."""


class Downloader:
    """Downloads of one register. `look` is one round; the pace is the library's."""

    def __init__(
        self,
        *,
        register: str,
        keeper: CatalogKeeper,
        chunks: ChunkFolder,
        headers: Path,
        calls: SyncCallsPort,
        unreachable: Callable[[str], None],
        root_key: bytes,
        clock: Clock,
        free_bytes: Callable[[], int],
        paying: Callable[[], bool],
        history: SyncHistory,
        on_change: Callable[[], None],
        on_step: Callable[[], None],
    ) -> None:
        self._register = register
        self._keeper = keeper
        self._chunks = chunks
        self._headers = headers
        self._calls = calls
        self._unreachable = unreachable
        self._root_key = root_key
        self._clock = clock
        self._free_bytes = free_bytes
        self._paying = paying
        self._history = history
        self._on_change = on_change
        self._on_step = on_step
        self.listed: tuple[DownloadEntry, ...] = ()
        """What the server listed and is not applied yet, in order."""
        self.step = ""
        """What is being done now, in words for a person; empty between rounds."""
        self.paused_by_server: bool | None = None
        """Whether headquarters pauses synchronisation of this register, by its newest word; None before the first."""

    @property
    def pending(self) -> int:
        """Packages known to wait at the server."""
        return len(self._history.waiting)

    async def look(self) -> RoundResult:
        """One round; never raises for network, package or disk."""
        try:
            result = await self._round()
        except ServerUnreachable as error:
            self._unreachable(error.reason)
            result = RoundResult(end=RoundEnd.UNREACHABLE, reason=error.reason)
        except ServerBusy as error:
            result = RoundResult(
                end=RoundEnd.UNREACHABLE, reason=error.reason, retry_after_s=error.retry_after_s
            )
        except GatewayError as error:
            result = RoundResult(end=RoundEnd.REFUSED, reason=error.reason)
        except PackageFailed as failed:
            result = RoundResult(end=RoundEnd.FAILED, reason=failed.reason)
        except OSError as error:
            result = RoundResult(
                end=RoundEnd.FAILED, reason=f"the disk does not take the download: {error.strerror}"
            )
        finally:
            self.step = ""
        if result.end is not RoundEnd.DONE:
            _log.info("download round ended", extra={"end": result.end.value, "reason": result.reason})
        if result.end is not RoundEnd.PAUSED:  # a pause is no attempt that failed
            said = "ok" if result.end is RoundEnd.DONE else result.reason
            self._history.attempted(down=said, at_ms=self._clock.wall_ms())
        await self.deliver_reports()
        await self._history.save()
        self._on_change()
        return result

    async def deliver_reports(self) -> None:
        """Tell the server what became of sessions; what it does not take now is told in the next round."""
        reports = self._history.memory.reports
        if not reports:
            return
        try:
            await self._calls.report_sessions(reports)
        except GatewayError as error:
            _log.info("reports not delivered", extra={"reason": error.reason, "reports": len(reports)})
        else:
            self._history.delivered(reports)

    # ---- a round

    async def _round(self) -> RoundResult:
        self._says("asking the server")
        answer = await self._ask()
        if answer.paused:
            return RoundResult(end=RoundEnd.PAUSED, reason="paused by headquarters")
        if answer.reader > READER and not answer.entries:
            reason = "the server's packages need a newer program; update this register"
            return RoundResult(end=RoundEnd.REFUSED, reason=reason)
        if not answer.entries:
            return RoundResult(end=RoundEnd.DONE)
        try:
            return RoundResult(end=RoundEnd.DONE, applied=await self._bring(answer.entries))
        except WrongBase as error:
            # What lies here is not what the deltas build on: a full package replaces it.
            _log.warning("wrong base, asking for a full package", extra={"reason": error.sentence})
        answer = self._take(await self._calls.downloads(0, READER))
        try:
            return RoundResult(end=RoundEnd.DONE, applied=await self._bring(answer.entries))
        except WrongBase as error:
            raise self._failed(self.listed[0], error.sentence, DownloadStatus.APPLY_FAILED) from error

    async def _ask(self) -> Downloads:
        """What waits for this register; asked again when it is told to keep other tables than it does."""
        answer = await self._calls.downloads(self._base(), READER)
        before = self._history.memory.support_offline
        self._take(answer)
        if answer.support_offline != before and not answer.paused:
            answer = self._take(await self._calls.downloads(self._base(), READER))
        return answer

    def _base(self) -> int:
        return self._keeper.base_seq(support_offline=self._history.memory.support_offline)

    def _take(self, answer: Downloads) -> Downloads:
        self.paused_by_server = answer.paused
        self._history.server_said(support_offline=answer.support_offline, archived_seq=answer.archived_seq)
        if not answer.paused:
            self.listed = answer.entries
            is_held = not answer.entries and answer.newest_seq > self._base() and answer.reader <= READER
            self._history.held_back(answer.newest_seq if is_held else 0)
            self._history.listed(answer.entries, self._clock.wall_ms())
        self._on_change()
        return answer

    async def _bring(self, entries: tuple[DownloadEntry, ...]) -> int:
        """Fetch all, then apply what came whole; answers how many were applied. Raises what stopped it."""
        headers: list[bytes] = []
        stopped: Exception | None = None
        for entry in entries:
            try:
                headers.append(await self._download(entry))
            except (GatewayError, PackageFailed) as error:
                stopped = error
                break
        await self.deliver_reports()
        applied = await self._apply(entries[: len(headers)], headers) if headers else 0
        if stopped is not None:
            raise stopped
        return applied

    # ---- fetching

    async def _download(self, entry: DownloadEntry) -> bytes:
        row = self._history.row_of(entry)
        if row is not None and row.tries >= TRY_COUNT:
            raise PackageFailed(
                f"{job_words(entry.job)} was given up after {row.tries} tries ({row.message}); run it again at "
                "headquarters, or press Sync now",
                DownloadStatus.DOWNLOAD_FAILED,
            )
        self._moved(entry, DownloadStatus.REQUESTED)
        try:
            header = await self._fetch_header(entry)
            await self._fetch_chunks(entry, header)
        except FileDamaged as error:
            raise self._failed(entry, error.sentence, DownloadStatus.DOWNLOAD_FAILED) from error
        except CatalogRefused as error:
            raise self._failed(entry, error.sentence, DownloadStatus.DOWNLOAD_FAILED) from error
        except ServerRefused as error:
            raise self._failed(entry, error.reason, DownloadStatus.DOWNLOAD_FAILED) from error
        except OSError as error:
            reason = f"the disk does not take it: {error.strerror}"
            raise self._failed(entry, reason, DownloadStatus.DOWNLOAD_FAILED, counts=False) from error
        self._moved(entry, DownloadStatus.DOWNLOADED)
        return header

    async def _fetch_header(self, entry: DownloadEntry) -> bytes:
        self._says(f"downloading {job_words(entry.job)}")
        await asyncio.to_thread(self._headers.mkdir, mode=0o700, parents=True, exist_ok=True)
        wanted = Wanted(
            name=f"the header of package {entry.package_seq}",
            path=self._headers / entry.header_sha256,
            sha256=entry.header_sha256,
            size=None,
            most=MAX_HEADER_BYTES,
        )
        if not is_digest(entry.header_sha256):
            raise FileDamaged(f"the list names no digest for package {entry.package_seq}")
        if not await asyncio.to_thread(wanted.path.exists):
            await self._pause()

            async def get(begin: int, write: Write) -> None:
                await self._calls.header(entry.package_seq, entry.kind, begin, write)

            await fetch_file(get, wanted, self._pause)
        return await asyncio.to_thread(wanted.path.read_bytes)

    async def _fetch_chunks(self, entry: DownloadEntry, header: bytes) -> None:
        offline = self._history.memory.support_offline
        missing = await asyncio.to_thread(
            self._keeper.missing, header, root_key=self._root_key, support_offline=offline
        )
        await self._check_room(entry, header, missing)
        for n, chunk in enumerate(missing, start=1):
            self._says(f"downloading {job_words(entry.job)}, part {n} of {len(missing)}")
            await self._pause()
            await self._fetch_chunk(chunk)

    async def _fetch_chunk(self, chunk: ChunkEntry) -> None:
        wanted = Wanted(
            name=f"chunk {chunk.sha256[:12]}",
            path=self._chunks.path(chunk.sha256),
            sha256=chunk.sha256,
            size=chunk.stored_size,
            most=chunk.stored_size,
        )

        async def get(begin: int, write: Write) -> None:
            await self._calls.chunk(chunk.sha256, begin, write)

        await fetch_file(get, wanted, self._pause)

    async def _check_room(self, entry: DownloadEntry, header: bytes, missing: Collection[ChunkEntry]) -> None:
        """Before a byte is fetched: room for the chunks, for the new catalog file, and for selling."""
        free = await asyncio.to_thread(self._free_bytes)
        base = self._keeper.ready() or self._keeper.active()
        size = await asyncio.to_thread(lambda: base.path.stat().st_size) if base and entry.base_seq else 0
        raw = sum(chunk.raw_size for part in header_of(header).manifest.parts for chunk in part.chunks)
        needed = sum(chunk.stored_size for chunk in missing) + size + FILE_PER_RAW * raw + KEEP_FREE_BYTES
        if free < needed:
            reason = (
                f"the disk has {free >> 20} MB free and this needs {(needed >> 20) + 1} MB; free some space"
            )
            raise self._failed(entry, reason, DownloadStatus.DOWNLOAD_FAILED, counts=False)

    # ---- applying

    async def _apply(self, entries: tuple[DownloadEntry, ...], headers: list[bytes]) -> int:
        """All at once; when that is refused one by one, so that it is known which. Raises PackageFailed, WrongBase."""
        self._says(f"applying {job_words(entries[-1].job)}")
        await self._pause()
        try:
            await self._make(entries, headers)
        except WrongBase:
            raise
        except (CatalogRefused, FileDamaged) as error:
            if len(entries) == 1:
                raise self._failed(entries[0], error.sentence, DownloadStatus.APPLY_FAILED) from error
            for n, entry in enumerate(entries):
                await self._apply((entry,), headers[n : n + 1])
            return len(entries)
        for entry, header in zip(entries, headers, strict=True):
            parts = header_of(header).manifest.parts
            self._moved(entry, DownloadStatus.APPLIED, rows=sum(part.rows + part.deletes for part in parts))
        self.listed = tuple(entry for entry in self.listed if entry not in entries)
        await self._tidy(headers)
        self._on_change()
        return len(entries)

    async def _make(self, entries: tuple[DownloadEntry, ...], headers: list[bytes]) -> None:
        offline = self._history.memory.support_offline
        try:
            await self._keeper.apply(headers, self._root_key, support_offline=offline)
        except ChunkNeeded:
            # It was whole when it came and is not any more: fetched once more, then it is the disk's fault.
            for entry, header in zip(entries, headers, strict=True):
                await self._fetch_chunks(entry, header)
            await self._keeper.apply(headers, self._root_key, support_offline=offline)

    async def _tidy(self, headers: list[bytes]) -> None:
        """Chunks and headers that are in a catalog now are not needed any more."""

        def remove() -> None:
            if not self.listed:
                self._chunks.collect(())
                for path in self._headers.iterdir():
                    path.unlink()

        with contextlib.suppress(OSError):  # what cannot be removed now goes after the next package
            await asyncio.to_thread(remove)

    # ---- saying

    async def _pause(self) -> None:
        """Never compete with a payment on this register."""
        while self._paying():
            await self._clock.sleep(YIELD_S)

    def _says(self, step: str) -> None:
        self.step = step
        self._on_step()

    def _failed(
        self, entry: DownloadEntry, sentence: str, status: DownloadStatus, *, counts: bool = True
    ) -> PackageFailed:
        reason = sentence.rstrip(".")
        log = _log.error if counts else _log.warning
        log(
            "package not used",
            extra={"package_seq": entry.package_seq, "status": status.value, "reason": reason},
        )
        self._moved(entry, status, message=reason, counts=counts)
        words = f"{job_words(entry.job)} {status.value.lower()}: {reason}"
        return PackageFailed(words, status, counts=counts)

    def _moved(
        self,
        entry: DownloadEntry,
        status: DownloadStatus,
        *,
        rows: int = 0,
        message: str = "",
        counts: bool = False,
    ) -> None:
        """Remember where a session stands, and have it reported."""
        now_ms = self._clock.wall_ms()
        self._history.note_download(entry, status, now_ms, rows=rows, message=message, counts=counts)
        self._history.report(
            SessionReport(
                session=entry.session,
                status=status.value,
                at_ms=now_ms,
                rows=rows,
                size=entry.size,
                message=message[:500],
                database=self._register,
                package_seq=entry.package_seq,
                counts_try=counts or status not in FAILURES,
            )
        )
        self._on_change()


def header_of(data: bytes) -> PackageHeader:
    """A header that the keeper has looked at already."""
    return read_header(data)


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256 in hex, and so may name a file."""
    return len(text) == 64 and set(text) <= set("0123456789abcdef")
