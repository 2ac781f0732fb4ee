"""Sends what a source holds to the server, from wherever the server already is, and closes the series at the end.

Sending again is harmless: the server answers how far it has the series, so an interrupted recovery is simply begun
anew with the same code (docs/spare-till.md).
"""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

import msgspec

from store.exchange.delivery import RecoveryRequest
from store.exchange.messages import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, BatchAnswer, RecordBatch
from store.exchange.record import Record, to_wire
from store.gateway.errors import ServerBusy, ServerRefused, ServerUnreachable
from store.register.recovery.source import Records, RecoveryRefused, Sound

_PAUSES_S = (1.0, 3.0, 10.0)
_RECORD_OVERHEAD_BYTES = 420
_BAD_CODE = "bad-code"


class RecoveryServer(Protocol):
    """Where records go; raises GatewayError."""

    async def recover(self, request: RecoveryRequest) -> BatchAnswer:
        """Send a batch under the grant."""
        ...


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it: how many records were sent now, how many the server had, and where the series ends."""

    series: str
    sent: int
    known: int
    last: int
    damage: str = ""


class Sending:
    """One recovery. `told` hears how many records are at the server after each batch."""

    def __init__(
        self,
        server: RecoveryServer,
        source: Records,
        sound: Sound,
        code: str,
        *,
        sleep: Callable[[float], Awaitable[None]],
        told: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._server = server
        self._source = source
        self._sound = sound
        self._code = code
        self._sleep = sleep
        self._told = told

    async def run(self) -> Recovered:
        """Send all that the server does not have, then close the series.

        Raises RecoveryRefused when the server holds something else or does not take it, GatewayError.
        """
        if self._sound.last < self._sound.first:
            await self._send([], last=True)
            return self._result(known=0, acked=0)
        try:
            known, acked = await self._begin()
        except ServerRefused as error:
            if error.kind != _BAD_CODE or not await self._closed_before():
                raise
            return self._result(known=self._sound.last, acked=self._sound.last)
        for batch in self._batches(acked):
            acked = await self._send(batch, last=False)
            self._told(acked)
        await self._send(self._last_record(), last=True)
        return self._result(known=known, acked=acked)

    def _result(self, *, known: int, acked: int) -> Recovered:
        sound = self._sound
        return Recovered(
            series=sound.series, sent=max(acked - known, 0), known=known, last=sound.last, damage=sound.damage
        )

    async def _begin(self) -> tuple[int, int]:
        """Send the first record: how far the server had the series before, and has it now."""
        first = self._one(self._sound.first)
        answer = await self._ask(first, last=False)
        if any(each.outcome == "gap" for each in answer.records):
            raise RecoveryRefused(
                f"The server has records up to {answer.acked_seq}, the disk begins with {self._sound.first}: what lies "
                "between was removed here after headquarters had it. Restore a newer backup of the server first."
            )
        self._check(answer, first)
        new = sum(each.outcome != "duplicate" for each in answer.records)
        return answer.acked_seq - new, answer.acked_seq

    async def _closed_before(self) -> bool:
        """Whether this very recovery has come to its end before: then its last step is answered once more."""
        try:
            answer = await self._ask(self._last_record(), last=True)
        except ServerRefused:
            return False
        return answer.acked_seq == self._sound.last and answer.acked_hash == self._sound.last_hash.hex()

    async def _send(self, records: list[Record], *, last: bool) -> int:
        answer = await self._ask(records, last=last)
        self._check(answer, records)
        return answer.acked_seq

    def _check(self, answer: BatchAnswer, records: list[Record]) -> None:
        bad = next((each for each in answer.records if each.outcome not in _TAKEN), None)
        if bad is not None:
            raise RecoveryRefused(
                f"The server does not take record {bad.seq} ({bad.outcome}{bad.reason and ': '}{bad.reason}); "
                f"it has {answer.acked_seq:,} records of {answer.series}. Keep the disk and call headquarters."
            )
        if records and answer.acked_seq < records[-1].seq:
            raise RecoveryRefused(f"The server answered without taking record {records[-1].seq}; try again.")

    async def _ask(self, records: list[Record], *, last: bool) -> BatchAnswer:
        """One call, tried again while the server is busy or cannot be reached."""
        batch = RecordBatch(
            series=self._sound.series,
            batch=records[-1].hash.hex() if records else "",
            records=tuple(to_wire(record) for record in records),
        )
        request = RecoveryRequest(code=self._code, batch=batch, last=last)
        for pause_s in _PAUSES_S:
            try:
                return await self._server.recover(request)
            except ServerBusy as error:
                await self._sleep(min(error.retry_after_s or pause_s, 60.0))
            except ServerUnreachable:
                await self._sleep(pause_s)
        return await self._server.recover(request)

    def _last_record(self) -> list[Record]:
        return self._one(self._sound.last)

    def _one(self, seq: int) -> list[Record]:
        return list(itertools.islice(self._source.after(seq - 1), 1))

    def _batches(self, after: int) -> Iterator[list[Record]]:
        """Contiguous records behind `after` up to the last sound one, cut to what one request may hold."""
        batch: list[Record] = []
        size = 0
        for record in self._source.after(after):
            if record.seq > self._sound.last:
                break
            more = len(record.payload) + _RECORD_OVERHEAD_BYTES
            if batch and (len(batch) == MAX_BATCH_RECORDS or size + more > MAX_BATCH_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(record)
            size += more
        if batch:
            yield batch


_TAKEN = frozenset({"accepted", "duplicate", "flagged"})
