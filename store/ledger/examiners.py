"""Examines batches in processes of its own, so that signatures, books and look-ups do not wait for each other."""

import asyncio
import contextlib
import fcntl
import logging
import os
import sys
from typing import Any

import msgspec

from store.exchange.acknowledgement import Examined, examine_all
from store.exchange.messages import RecordBatch, WireRecord
from store.exchange.record import RecordError, from_wire
from store.ledger.drafts import Drafts
from store.ledger.examination import Examination
from store.ledger.examiner import LENGTH_BYTES, DraftsFound, Finding, Findings, Order, framed
from store.ledger.series import Series

LOG = logging.getLogger("outpost.ledger.examiners")

PROCESSES = min(2, os.cpu_count() or 1)
ALONE = 20
"""So few records are examined where they arrive: about two milliseconds."""
MOST_ANSWER_BYTES = 64 * 1024 * 1024
PIPE_BYTES = 1024 * 1024
"""So that an examiner goes on while its answer waits to be read."""
_COMMAND = ("-P", "-m", "store.ledger.examiner")
_LOST = (OSError, EOFError, msgspec.MsgspecError)
"""What a pipe says whose process is gone."""


class Examiners:
    """Processes that are started when a large batch first needs them, and stay."""

    def __init__(self, processes: int = PROCESSES) -> None:
        self.drafts = Drafts()
        """For whoever posts."""
        self._processes = [_Examiner(self.drafts) for _ in range(processes)]

    async def examine(self, batch: RecordBatch, series: Series, now_ms: int) -> Examination:
        """Read and verify a batch beside the event loop, on all processors; touches no database."""
        if len(batch.records) <= ALONE:
            records = examine_all(series.facts, batch.records)
            return Examination(public_key=series.facts.public_key, records=records)
        size = -(-len(batch.records) // len(self._processes))
        orders = [
            Order(series.store, series.facts, now_ms, batch.records[start : start + size])
            for start in range(0, len(batch.records), size)
        ]
        found = await asyncio.gather(
            *(_carry_out(process, order) for process, order in zip(self._processes, orders, strict=False))
        )
        return Examination(
            public_key=series.facts.public_key, records=tuple(each for part in found for each in part)
        )

    async def start(self) -> None:
        """Start the processes now, for who knows that large batches come."""
        await asyncio.gather(*(process.start() for process in self._processes))

    async def close(self) -> None:
        """End the processes; what they were about is examined again when it is sent again."""
        await asyncio.gather(*(process.close() for process in self._processes))


async def _carry_out(process: "_Examiner", order: Order) -> tuple[Examined, ...]:
    findings = await process.examine(order)
    if findings is None or len(findings) != len(order.records):
        # The process was lost. Its work is done here, more slowly; the next batch gets a new process.
        return await asyncio.to_thread(examine_all, order.facts, order.records)
    return tuple(_examined(*pair) for pair in zip(order.records, findings, strict=True))


def _examined(wire: WireRecord, finding: Finding) -> Examined:
    try:
        return Examined(record=from_wire(wire), complaint=finding.complaint, flags=finding.flags)
    except RecordError:
        return Examined(record=None, complaint=finding.complaint)


class _Examiner:
    """One process, and the task that speaks with it: whoever gives up waiting leaves no half of an answer behind."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts
        self._orders: asyncio.Queue[tuple[Order, asyncio.Future[Findings | None]]] = asyncio.Queue()
        self._speaker: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def examine(self, order: Order) -> Findings | None:
        """What is found; None when the process was lost. Drafts follow by themselves."""
        answer: asyncio.Future[Findings | None] = asyncio.get_running_loop().create_future()
        self._orders.put_nowait((order, answer))
        if self._speaker is None:
            self._speaker = asyncio.create_task(self._speak(), name="examiner")
        return await answer

    async def start(self) -> None:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *_COMMAND,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=PIPE_BYTES,
            )
            _widen(self._process)

    async def close(self) -> None:
        speaker, self._speaker = self._speaker, None
        if speaker is not None:
            speaker.cancel()
            await asyncio.gather(speaker, return_exceptions=True)
        while not self._orders.empty():
            _give(self._orders.get_nowait()[1], None)
        await self._end()

    async def _speak(self) -> None:
        while True:
            order, answer = await self._orders.get()
            try:
                await self._exchange(order, answer)
            except _LOST as error:
                LOG.error("an examiner was lost", extra={"reason": f"{type(error).__name__}: {error}"[:200]})
                await self._end()
            finally:
                _give(answer, None)

    async def _exchange(self, order: Order, answer: "asyncio.Future[Findings | None]") -> None:
        await self.start()
        process = self._process
        assert process is not None and process.stdin is not None, "it was started with pipes"
        process.stdin.write(framed(msgspec.msgpack.encode(order)))
        await process.stdin.drain()
        _give(answer, await self._answer(Findings))
        found: DraftsFound = ()
        self._drafts.announce()
        try:
            found = await self._answer(DraftsFound)
        finally:
            self._drafts.arrive(found)

    async def _answer(self, kind: Any) -> Any:
        assert self._process is not None and self._process.stdout is not None, "it was started with pipes"
        length = int.from_bytes(await self._process.stdout.readexactly(LENGTH_BYTES), "big")
        if length > MOST_ANSWER_BYTES:
            raise EOFError("an answer is too long")
        return msgspec.msgpack.decode(await self._process.stdout.readexactly(length), type=kind)

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                process.kill()
            await process.wait()
            if process.stdin is not None:
                process.stdin.close()


def _widen(process: asyncio.subprocess.Process) -> None:
    transport = process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
    pipe = None if transport is None else transport.get_extra_info("pipe")
    if pipe is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):  # the system allows less
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _give(answer: "asyncio.Future[Findings | None]", found: Findings | None) -> None:
    if not answer.done():
        answer.set_result(found)
