"""Asking a printer over one open connection: questions in order, fences behind jobs, what is still owed."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

from devices.printer.escpos_protocol import (
    FENCE_STATUS,
    AnswerParser,
    PaperStatus,
    ProcessId,
    RealTimeStatus,
    ask,
    fence_id,
    process_id,
)
from devices.wire.byte_stream import ByteStream

MOST_KEPT = 64
"""Unasked answers kept; a printer that chatters loses its oldest."""

T = TypeVar("T")


class Inbox(Generic[T]):
    """Answers of one kind, waiting to be asked for."""

    def __init__(self, lost: "asyncio.Future[str]") -> None:
        self._items: deque[T] = deque(maxlen=MOST_KEPT)
        self._arrived = asyncio.Event()
        self._lost = lost
        lost.add_done_callback(lambda _: self._arrived.set())

    def put(self, item: T) -> None:
        """Add an answer."""
        self._items.append(item)
        self._arrived.set()

    def clear(self) -> None:
        """Forget what was not asked for."""
        self._items.clear()

    async def next(self, within_s: float) -> T | None:
        """The next answer; None when none comes in time or the connection is gone."""
        try:
            async with asyncio.timeout(within_s):
                while not self._items:
                    if self._lost.done():
                        return None
                    self._arrived.clear()
                    await self._arrived.wait()
        except TimeoutError:
            return None
        return self._items.popleft()


class Dialogue:
    """One connection's conversation; used once, thrown away with the connection."""

    def __init__(self, stream: ByteStream) -> None:
        self.stream = stream
        self.heard = False
        """Whether anything at all was answered on this connection."""
        self.taken_for_mute = not stream.readable
        """Whether a first question stayed unanswered; then nothing more is asked."""
        self.owed = 0
        """Fences sent and not yet answered."""
        self._parser = AnswerParser()
        self._statuses: Inbox[int] = Inbox(stream.lost)
        self._fences: Inbox[bytes] = Inbox(stream.lost)
        stream.listen(self._arrived)

    async def statuses(self, within_s: float) -> tuple[int, int, int] | None:
        """The answers to DLE EOT 1, 2 and 4; None when they do not all come in time. Raises TransferBroken."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        found: list[int] = []
        self._statuses.clear()
        for n in (1, 2, 4):
            await self.stream.write(ask(n), stalled_after_s=within_s)
            bits = await self._statuses.next(until - loop.time())
            if bits is None:
                return None
            found.append(bits)
        return found[0], found[1], found[2]

    def fence(self, kind: str, number: int) -> bytes:
        """Bytes of a fence to put behind a job; from now on its answer is owed."""
        self.owed += 1
        return fence_id(number) if kind == "id" else FENCE_STATUS

    async def passed(self, kind: str, number: int, within_s: float) -> bool:
        """Whether the fence is answered in time. GS r has no id: it counts only when nothing older is owed."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while (answer := await self._fences.next(until - loop.time())) is not None:
            self.owed = max(self.owed - 1, 0)
            if (answer == process_id(number)) if kind == "id" else (not answer and not self.owed):
                self.owed = 0
                return True
        return False

    async def settle(self, within_s: float, quiet_s: float) -> bool:
        """Get rid of what earlier jobs owe: ask once more, wait until no answer comes for `quiet_s`.

        False: the printer is still busy. Without this a late answer to the job before would confirm the next one.
        Raises TransferBroken.
        """
        if not self.owed:
            return True
        self._fences.clear()
        await self.stream.write(FENCE_STATUS, stalled_after_s=within_s)
        self.owed += 1
        if await self._fences.next(within_s) is None:
            return False
        while await self._fences.next(quiet_s) is not None:
            pass
        self.owed = 0
        return not self.stream.lost.done()

    def _arrived(self, data: bytes) -> None:
        for answer in self._parser.feed(data):
            self.heard = True
            match answer:
                case RealTimeStatus(bits):
                    self._statuses.put(bits)
                case PaperStatus():
                    self._fences.put(b"")
                case ProcessId(id):
                    self._fences.put(id)
