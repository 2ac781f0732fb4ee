"""Sends the journal to the Retail Server: one sender, one batch at a time, from a watermark.

Selling never waits for it. Sending a record again is always safe; the watermark moves only when the server's signed
answer names the same hash as our own record at that place (docs/journal.md).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from store.exchange.acknowledgement import Head as WireHead
from store.exchange.acknowledgement import Progress, acknowledgement_is_genuine, advance
from store.exchange.jobs import UploadStatus
from store.exchange.messages import MAX_BATCH_RECORDS, BatchAnswer, RecordBatch, SeriesHead
from store.exchange.record import Record, to_wire
from store.gateway.connection import Connection, HeadVerdict
from store.gateway.errors import GatewayError, ServerBusy, ServerRefused, ServerUnreachable
from store.gateway.profile import OfflineProfile
from store.gateway.states import Link
from store.register.journal.journal import Committed, Journal, JournalError, UploadState
from store.register.ports import Clock, Randomness
from store.register.sync.batch_size import BatchSize
from store.register.sync.heads import HeadComparison, hash_of
from store.register.sync.history import SyncHistory
from store.register.sync.upload_states import UploadEvent, UploadPhase, backoff_limit_s, step

_log = logging.getLogger(__name__)

REQUEST_S = 10.0
"""Total deadline of one upload request, for each batch of records in it."""
YIELD_S = 0.05
"""How often to look whether the payment is over."""
PAUSED_S = 1.0
"""How often to look whether headquarters still pauses synchronisation."""
REFUSED_S = 60.0
"""Between two tries while the server refuses this register."""
_RECORD_OVERHEAD_BYTES = 420
"""Field names, hashes and signature of one record on the wire."""

_HOLDS = {
    "fork": "fork",
    "fenced": "fenced",
    "protocol": "too_old",
    "rolled-back": "rolled_back",
    "rejected": "bad_signature",
}
"""Problem types that no waiting heals, and the name of the hold."""


class UploadCalls(Protocol):
    """What the uploader asks of the gateway's client. All raise GatewayError."""

    async def upload(self, batch: RecordBatch, *, deadline_s: float) -> BatchAnswer:
        """Send a batch."""
        ...

    async def head(self, *, deadline_s: float) -> SeriesHead:
        """What the server has of our series."""
        ...


class Uploader:
    """The sender of one series; `run` until cancelled."""

    def __init__(
        self,
        *,
        journal: Journal,
        client: UploadCalls,
        connection: Connection,
        heads: HeadComparison,
        profile: Callable[[], OfflineProfile],
        server_key: bytes,
        clock: Clock,
        randomness: Randomness,
        paying: Callable[[], bool],
        paused: Callable[[], bool],
        history: SyncHistory,
        on_change: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._client = client
        self._connection = connection
        self._server_key = server_key
        self._clock = clock
        self._randomness = randomness
        self._profile = profile
        self._paying = paying
        self._paused = paused
        self._history = history
        self._on_change = on_change
        self._heads = heads
        self._news = asyncio.Event()
        self._rested = asyncio.Event()
        """Set while there is nothing to do or nothing can be done."""
        self._size = BatchSize()
        self._attempts = 0
        self._retry_after_s: float | None = None
        self.phase = UploadPhase.IDLE
        journal.on_commit(self._committed)
        heads.listen(self.wake)

    def wake(self) -> None:
        """Look again now: the link came up, or a person asked."""
        self._news.set()

    async def release(self) -> None:
        """Lift a hold after a person has looked."""
        await self._journal.change_upload_state(lambda state: replace(state, hold="", hold_detail=""))
        self._step(UploadEvent.RELEASED)
        self.wake()

    async def round(self, within_s: float) -> str:
        """Look now; "" when everything is at the server, else why not. Waits at most `within_s`."""
        self._rested.clear()
        self.wake()
        try:
            async with asyncio.timeout(within_s):
                await self._rested.wait()
        except TimeoutError:
            return "records are still on their way"
        state = await self._journal.upload_state()
        if self.phase is UploadPhase.HELD:
            return f"uploads are held: {state.hold_detail or state.hold}"
        return "" if self.phase is UploadPhase.IDLE else state.last_result

    async def run(self) -> None:
        """Send whatever waits, for ever. What was in flight when the register stopped is simply sent again."""
        await self._take_stock()
        while True:
            match self.phase:
                case UploadPhase.IDLE | UploadPhase.HELD:
                    await self._wait_for_news(self._profile().upload_interval_idle_s)
                    self._news.clear()
                    await self._take_stock()
                case UploadPhase.DUE | UploadPhase.IN_FLIGHT:
                    await self._send_when_possible()
                case UploadPhase.BACKOFF:
                    await self._pause()
                    self._step(UploadEvent.WAIT_ENDED)

    # ---- one round

    async def _send_when_possible(self) -> None:
        await self._wait_for_link()
        while self._paused():
            await self._clock.sleep(PAUSED_S)
        while self._paying():  # an upload never competes with a payment on this register
            await self._clock.sleep(YIELD_S)
        state = await self._journal.upload_state()
        if state.hold:
            self._step(UploadEvent.REFUSED_FOR_GOOD)
            return
        most, most_bytes = self._size.limits(self._profile(), self._clock.monotonic_s())
        batch = _cut(await self._journal.records(state.acked_seq, most), most_bytes)
        if not batch:
            self._step(UploadEvent.ALL_ACKNOWLEDGED)
            return
        self._step(UploadEvent.BATCH_STARTED)
        try:
            await self._exchange(batch, most)
        except JournalError as error:
            await self._failed(f"The journal cannot be read: {error.sentence}")

    async def _exchange(self, records: list[Record], most: int) -> None:
        batch = RecordBatch(
            series=self._journal.identity.series,
            batch=records[-1].hash.hex(),
            records=tuple(to_wire(record) for record in records),
        )
        try:
            await self._send(batch, most)
        except ServerUnreachable as error:
            self._connection.sync_failed(error.reason)
            await self._failed(error.reason)
        except ServerBusy as error:
            self._retry_after_s = error.retry_after_s
            await self._failed(error.reason)
        except GatewayError as error:
            await self._failed(error.reason)

    async def _send(self, batch: RecordBatch, most: int) -> None:
        began_s = self._clock.monotonic_s()
        deadline_s = REQUEST_S * -(-len(batch.records) // MAX_BATCH_RECORDS)
        try:
            answer = await self._client.upload(batch, deadline_s=deadline_s)
        except ServerRefused as error:
            await self._take_refusal(error, len(batch.records), most)
        else:
            await self._take_answer(answer, batch, self._clock.monotonic_s() - began_s)

    async def _take_answer(self, answer: BatchAnswer, batch: RecordBatch, took_s: float) -> None:
        if answer.series != self._journal.identity.series or not acknowledgement_is_genuine(
            self._server_key, answer
        ):
            await self._failed("the acknowledgement is not signed by the server that enrolled this register")
            return
        before = await self._journal.upload_state()
        acked = WireHead(seq=answer.acked_seq, hash=hash_of(answer.acked_hash))
        if acked.seq < await self._journal.removed_seq():
            await self._compare_heads()
            return
        own_hash = await self._journal.hash_at(acked.seq)
        result = advance(WireHead(seq=before.acked_seq, hash=before.acked_hash), acked, own_hash)
        match result.progress:
            case Progress.FORK:
                await self._hold("fork", f"the server holds another record {acked.seq} of this series")
                return
            case Progress.ROLLED_BACK:
                await self._hold("rolled-back", f"the server has record {acked.seq}, this register has not")
                return
            case Progress.ADVANCED:
                await self._acknowledge(acked)
                self._remember(batch, acked.seq)
            case Progress.SERVER_BEHIND | Progress.UNCHANGED:
                # An answer may be older than the mark, when two senders are at work; only a head may lower it.
                pass
        await self._after_answer(answer, acked.seq >= batch.records[0].seq, took_s)

    async def _after_answer(self, answer: BatchAnswer, progressed: bool, took_s: float) -> None:
        for record in answer.records:
            if record.outcome in ("fork", "fenced"):
                await self._hold(record.outcome, record.reason or "the server refused the record")
                return
            if record.outcome == "rejected":
                await self._hold("rejected", f"record {record.seq}: {record.reason}")
                return
        if any(record.outcome == "gap" for record in answer.records):
            await self._compare_heads()
            return
        if progressed:
            self._attempts = 0
            self._size.taken(took_s)
            await self._take_stock()
        else:
            await self._compare_heads()

    async def _take_refusal(self, error: ServerRefused, size: int, most: int) -> None:
        if error.status == 413 and size > 1:
            self._size.too_large(size, most, self._clock.monotonic_s())
            self._step(UploadEvent.SOME_LEFT)
        elif error.kind == "gap":
            await self._compare_heads()
        elif error.kind in _HOLDS:
            await self._hold(error.kind, error.reason)
        else:
            await self._failed(error.reason)

    async def _compare_heads(self) -> None:
        """Ask where the server stands and go on from there: it was restored, or somebody else sent meanwhile."""
        before = await self._journal.upload_state()
        try:
            head = await self._client.head(deadline_s=REQUEST_S)
        except ServerRefused as error:
            if error.kind not in _HOLDS:
                raise
            await self._hold(error.kind, error.reason)
            return
        verdict = await self._heads(head)
        after = await self._journal.upload_state()
        if verdict is not HeadVerdict.AGREED:
            self._connection.refused(after.hold.replace("_", "-"), after.hold_detail)
            self._step(UploadEvent.REFUSED_FOR_GOOD)
        elif after.acked_seq == before.acked_seq:
            await self._failed("the server answered without taking the records")
        else:
            await self._take_stock()

    # ---- bookkeeping

    async def _take_stock(self) -> None:
        state = await self._journal.upload_state()
        head = await self._journal.head()
        if state.hold:
            self._step(UploadEvent.REFUSED_FOR_GOOD)
            return
        if self.phase is UploadPhase.HELD:
            self._step(UploadEvent.RELEASED)
        self._step(UploadEvent.SOME_LEFT if state.acked_seq < head.seq else UploadEvent.ALL_ACKNOWLEDGED)

    async def _acknowledge(self, acked: WireHead) -> None:
        now_ms = self._clock.wall_ms()

        def change(state: UploadState) -> UploadState:
            if acked.seq <= state.acked_seq:  # another sender was further in the meantime
                return state
            moved = replace(state, acked_seq=acked.seq, acked_hash=acked.hash, attempts=0)
            return replace(moved, last_at_ms=now_ms, last_result="ok")

        await self._journal.change_upload_state(change)
        self._on_change()

    def _remember(self, batch: RecordBatch, acked_seq: int) -> None:
        """For people: what went up, and when."""
        taken = [record for record in batch.records if record.seq <= acked_seq]
        size = sum(len(record.payload) + _RECORD_OVERHEAD_BYTES for record in taken)
        now_ms = self._clock.wall_ms()
        self._history.note_upload(UploadStatus.UPLOADED, now_ms, len(taken), size)
        self._history.attempted(up="ok", at_ms=now_ms)

    async def _failed(self, reason: str) -> None:
        self._attempts += 1
        self._size.failed()
        self._remember_failure(reason)
        _log.info("upload failed", extra={"reason": reason, "attempts": self._attempts})
        if (await self._journal.upload_state()).last_result != reason:  # hours of the same trouble: one write
            await self._note(reason)
        self._step(UploadEvent.ATTEMPT_FAILED)

    def _remember_failure(self, reason: str) -> None:
        now_ms = self._clock.wall_ms()
        self._history.note_upload(UploadStatus.UPLOAD_FAILED, now_ms, 0, 0, reason)
        self._history.attempted(up=reason, at_ms=now_ms)

    async def _hold(self, kind: str, reason: str) -> None:
        hold = _HOLDS[kind]
        self._remember_failure(reason)
        await self._journal.change_upload_state(lambda state: replace(state, hold=hold, hold_detail=reason))
        await self._note(reason)
        if kind != "rejected":  # one record is in doubt, not the register
            self._connection.refused(kind, reason)
        self._step(UploadEvent.REFUSED_FOR_GOOD)

    async def _note(self, result: str) -> None:
        now_ms, attempts = self._clock.wall_ms(), self._attempts
        await self._journal.change_upload_state(
            lambda state: replace(state, attempts=attempts, last_at_ms=now_ms, last_result=result)
        )
        self._on_change()

    async def _pause(self) -> None:
        """While the link is down wait for it; else with full jitter, where what the server said wins."""
        if not self._connection.link_is_up:
            await self._wait_for_link()
            return
        limit_s = backoff_limit_s(self._attempts - 1, self._profile().upload_interval_waiting_s)
        seconds = self._retry_after_s or self._randomness.uniform(0.0, limit_s)
        self._retry_after_s = None
        self._news.clear()
        await self._wait_for_news(seconds)

    async def _wait_for_link(self) -> None:
        """The link; where the server refuses this register a try a minute, for a withdrawn one may still deliver."""
        while not self._connection.link_is_up:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REFUSED_S):
                    await self._connection.wait_link_up()
            if self._connection.status().link is Link.REFUSED:
                return

    async def _wait_for_news(self, most_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._news.wait()

    def _committed(self, _: Committed) -> None:
        self._step(UploadEvent.RECORD_WRITTEN)
        if self.phase is UploadPhase.DUE:
            self._news.set()

    def _step(self, event: UploadEvent) -> None:
        self.phase = step(self.phase, event)
        if self.phase in (UploadPhase.DUE, UploadPhase.IN_FLIGHT):
            self._rested.clear()
        elif event is not UploadEvent.RECORD_WRITTEN:
            self._rested.set()


def _cut(records: list[Record], most_bytes: int) -> list[Record]:
    """As many of the records as fit into one request; one always does."""
    size = 0
    batch: list[Record] = []
    for record in records:
        size += len(record.payload) + _RECORD_OVERHEAD_BYTES
        if batch and size > most_bytes:
            break
        batch.append(record)
    return batch
