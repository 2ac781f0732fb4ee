"""The async sync library: downloads, uploads and reports of one register, from the first sign-in ever (docs/sync.md).

It runs only while the core runs, and it never competes with a sale: it waits while somebody pays, and whatever fails
here is a sentence on the Connection status.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

import msgspec

from store.exchange.offline_profile import OfflineProfile
from store.gateway.connection import Connection
from store.gateway.states import Link
from store.register.journal.journal import Journal
from store.register.ports import Clock, Randomness
from store.register.sync.downloader import Downloader
from store.register.sync.history import SyncHistory, SyncMemory
from store.register.sync.readiness import held_back_words
from store.register.sync.register_report import RegisterReporter
from store.register.sync.round import RoundEnd, RoundResult
from store.register.sync.upload_states import backoff_limit_s
from store.register.sync.uploader import Uploader
from store.sale.language import counted, later, phrase

_log = logging.getLogger(__name__)

STARTED = "sync.started"
"""Setting of the journal: since when (wall ms) this register synchronises."""
MOST_PAUSE_S = 300.0
"""Longest pause after failed downloads."""
UPLOAD_ROUND_S = 120.0
"""How long Sync now waits for the uploads."""
STEP_S = 0.5
"""Screens hear of progress at most this often."""

BEFORE_SIGN_IN = later("Synchronisation starts with the first sign-in. Sign in once; then it runs by itself.")
PAUSED = later("The offline profile pauses synchronisation. It goes on when headquarters ends the pause.")
PAUSED_HERE = later(
    "register.toml pauses synchronisation. Set pause_synchronisation to false and restart the register."
)
PINNED = later("The register is disconnected by hand. Press Connect first.")


class SyncEnd(StrEnum):
    """What Sync now came to."""

    DONE = "done"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


class SyncAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to Sync now: a whole sentence, and numbers for scripts."""

    end: SyncEnd
    sentence: str
    applied: int = 0
    """Packages that were made ready in this round."""
    pending_downloads: int = 0
    pending_records: int = 0


class SyncState(msgspec.Struct, frozen=True, kw_only=True):
    """How synchronisation stands, for Connection status and status."""

    started: bool
    paused: bool
    step: str
    """What is being done now; empty for nothing."""
    memory: SyncMemory
    moves: int
    """Rises with every change, so that screens ask again."""


class SyncLibrary:
    """Owns the pace of one register's synchronisation; its `run_*` are supervised tasks."""

    def __init__(
        self,
        *,
        journal: Journal,
        downloader: Downloader,
        make_uploader: Callable[[Callable[[], bool]], Uploader],
        reporter: RegisterReporter,
        history: SyncHistory,
        connection: Connection,
        clock: Clock,
        randomness: Randomness,
        profile: Callable[[], OfflineProfile],
        from_headquarters: Callable[[], bool],
        on_change: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._downloader = downloader
        self._make_uploader = make_uploader
        self._reporter = reporter
        self._history = history
        self._connection = connection
        self._clock = clock
        self._randomness = randomness
        self._profile = profile
        self._from_headquarters = from_headquarters
        self._on_change = on_change
        self._signed_in = asyncio.Event()
        self._kept = False
        self._round = asyncio.Lock()
        self._result = RoundResult(end=RoundEnd.DONE)
        self._failures = 0
        self._news = asyncio.Event()
        self._told_s = float("-inf")
        self._uploader: Uploader | None = None
        self.moves = 0

    # ---- starting

    async def load(self) -> None:
        """Remember whether somebody has signed in here once. Raises JournalError."""
        known = await self._journal.setting(STARTED)
        # Registers of an earlier version have no such mark; what they have sent tells the same.
        self._kept = known is not None
        if known is not None or (await self._journal.upload_state()).acked_seq:
            self._signed_in.set()

    def first_sign_in(self) -> None:
        """Somebody signed in: from now on, and after every restart, synchronisation runs."""
        if not self._signed_in.is_set():
            _log.info("first sign-in: synchronisation starts")
            self._signed_in.set()
            self.moved()

    async def _begin(self) -> None:
        await self._signed_in.wait()
        if not self._kept:
            await self._journal.save_setting(STARTED, str(self._clock.wall_ms()))
            self._kept = True

    async def close(self) -> None:
        """Keep the newest of the history; the tasks have ended before."""
        await self._history.save()

    # ---- the tasks

    async def run_downloads(self) -> None:
        """Look, wait, for ever."""
        await self._begin()
        while True:
            await self._connection.wait_link_up()
            result = self._result
            if not self._paused_here():
                async with self._round:
                    result = await self._look()
            await self._wait(result)

    async def run_uploads(self) -> None:
        """Send, for ever; a sender that failed is thrown away."""
        await self._begin()
        self._uploader = self._make_uploader(lambda: self.paused)
        try:
            await self._uploader.run()
        finally:
            self._uploader = None

    async def run_reports(self) -> None:
        """Tell the server how this register stands, for ever."""
        await self._begin()
        await self._reporter.run()

    async def run_memory(self) -> None:
        """Make the history durable a moment after it changed."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._clock.sleep(1.0)
            await self._history.save()

    async def _look(self) -> RoundResult:
        self._result = result = await self._downloader.look()
        self._failures = 0 if result.end in (RoundEnd.DONE, RoundEnd.PAUSED) else self._failures + 1
        self._reporter.wake()
        return result

    async def _wait(self, result: RoundResult) -> None:
        """The profile's interval; after failures with full jitter, so that no thousand registers ask together."""
        seconds = self._profile().download_interval_s
        if self._failures:
            limit_s = backoff_limit_s(self._failures, most_s=MOST_PAUSE_S)
            seconds = result.retry_after_s or self._randomness.uniform(0.0, limit_s)
        began_s = self._clock.monotonic_s()
        while (left_s := began_s + seconds - self._clock.monotonic_s()) > 0:
            await self._clock.sleep(min(left_s, 1.0))
            if not self._failures:
                seconds = self._profile().download_interval_s  # a shorter one counts at once

    # ---- pause

    @property
    def paused(self) -> bool:
        """Whether nothing is fetched and nothing sent."""
        if not self._from_headquarters():
            return self._profile().pause_synchronisation
        said = self._downloader.paused_by_server
        return self._profile().pause_synchronisation if said is None else said

    def _paused_here(self) -> bool:
        """Paused by register.toml: not even asked. Headquarters' pause has to be asked for its end."""
        return self._profile().pause_synchronisation and not self._from_headquarters()

    # ---- Sync now

    async def sync_now(self) -> SyncAnswer:
        """One round down and up, now; while one is under way its end is waited for. Raises JournalError."""
        if refusal := self._refusal():
            return SyncAnswer(end=SyncEnd.REFUSED, sentence=refusal)
        under_way = self._round.locked()
        async with self._round:
            if not under_way:
                self._history.forgive()
                await self._look()
            down = self._result
        up = ""
        if self._connection.link_is_up and self._uploader is not None and not self.paused:
            up = await self._uploader.round(UPLOAD_ROUND_S)
        await self._history.save()
        self.moved()
        return await self._answer(down, up)

    def _refusal(self) -> str:
        if not self._signed_in.is_set():
            return phrase(BEFORE_SIGN_IN)
        if self._paused_here():
            return phrase(PAUSED_HERE)
        if self._connection.status().link is Link.PINNED:
            return phrase(PINNED)
        return ""

    async def _answer(self, down: RoundResult, up: str) -> SyncAnswer:
        counts = await self._journal.counts()
        end, sentence = _end_of(down, up)
        held_back = self._history.memory.held_back
        if held_back and end is SyncEnd.DONE:
            end, sentence = (
                SyncEnd.FAILED,
                phrase("Not everything came. {held_back_words}", held_back_words(held_back)),
            )
        return SyncAnswer(
            end=end,
            sentence=sentence,
            applied=down.applied,
            pending_downloads=self._downloader.pending,
            pending_records=counts.pending_records,
        )

    # ---- looking

    def state(self) -> SyncState:
        """How it stands now."""
        return SyncState(
            started=self._signed_in.is_set(),
            paused=self.paused,
            step=self._downloader.step,
            memory=self._history.memory,
            moves=self.moves,
        )

    @property
    def pending(self) -> int:
        """Packages that wait at the server."""
        return self._downloader.pending

    @property
    def on_its_way(self) -> str:
        """A sentence while the first data of this register is being fetched; empty when it is not."""
        if not self._signed_in.is_set():
            return ""
        step = self._downloader.step
        return phrase(
            "The shop's data is on its way{what}. Selling begins as soon as it is here.",
            f" ({step})" if step else "",
        )

    def moved(self) -> None:
        """Something changed that people may look at."""
        self.moves += 1
        self._told_s = self._clock.monotonic_s()
        self._news.set()
        self._on_change()

    def uploaded(self) -> None:
        """Records were acknowledged, or not."""
        self._reporter.uploads_moved()
        self.moved()

    def stepped(self) -> None:
        """The same for progress, of which only some is told."""
        if self._clock.monotonic_s() - self._told_s >= STEP_S:
            self.moved()

    def connection_changed(self) -> None:
        """The mode or the link moved."""
        self._reporter.mode_may_have_changed()


def _end_of(down: RoundResult, up: str) -> tuple[SyncEnd, str]:
    """What a round of both came to, as one sentence."""
    if down.end is RoundEnd.PAUSED:
        return SyncEnd.REFUSED, phrase(PAUSED)
    if down.end is RoundEnd.UNREACHABLE:
        return SyncEnd.UNREACHABLE, phrase("Not synchronised: {reason}.", down.reason)
    if down.end is RoundEnd.REFUSED:
        return SyncEnd.REFUSED, phrase("Not synchronised: {reason}.", down.reason)
    if down.end is RoundEnd.FAILED:
        return SyncEnd.FAILED, phrase("Not everything came: {reason}.", down.reason)
    if up:
        return SyncEnd.FAILED, phrase("Downloads are done; {up}.", up)
    if not down.applied:
        return SyncEnd.DONE, phrase("Synchronised: nothing new came, everything is at the server.")
    return SyncEnd.DONE, counted(
        "Synchronised: {n} package came, everything is at the server.",
        "Synchronised: {n} packages came, everything is at the server.",
        down.applied,
    )
