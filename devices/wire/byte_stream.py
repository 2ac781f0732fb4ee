"""A file descriptor that can be waited for, as a stream of bytes: serial line, TCP socket, USB printer.

Written here and not taken from asyncio's streams because their write buffer hides the one number that matters after a
fault: how many bytes have left our hands. A successful write means "in the kernel", never "at the device".
"""

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

from devices.errors import TransferBroken

CHUNK = 512
"""Bytes of one write, so that the progress count stays close to the truth."""
READ_AT_ONCE = 65_536
STALLED_AFTER_S = 5.0
"""Without one byte of progress for so long the far end has stopped reading."""
CLOSED_WITHIN_S = 0.5
"""Closing takes microseconds unless the kernel waits for unsent data of a stopped line."""

T = TypeVar("T")


class ByteStream:
    """One open connection, used once and thrown away. All methods on the event loop that made it."""

    def __init__(
        self, fd: int, *, name: str, close: Callable[[], None] | None = None, readable: bool = True
    ) -> None:
        """Take over the non-blocking `fd`; `close` gives it back (it may block: it runs in a thread)."""
        self.readable = readable
        self._fd = fd
        self._name = name
        self._close = close or (lambda: os.close(fd))
        self._loop = asyncio.get_running_loop()
        self._take: Callable[[bytes], None] = lambda data: None
        self._reading = False
        self._closed = False
        self.lost: asyncio.Future[str] = self._loop.create_future()
        """Done once the connection is gone, with a sentence saying why."""

    def listen(self, take: Callable[[bytes], None]) -> None:
        """Call `take` with what arrives, from now on."""
        self._take = take
        if self.readable and not self._reading and not self._closed:
            self._reading = True
            self._loop.add_reader(self._fd, self._readable)

    async def write(self, data: bytes, *, stalled_after_s: float = STALLED_AFTER_S) -> None:
        """Hand all of `data` over. Raises TransferBroken with the count of bytes that went out before it stopped."""
        sent = 0
        while sent < len(data):
            if self.lost.done():
                raise TransferBroken(self.lost.result(), sent)
            try:
                sent += os.write(self._fd, data[sent : sent + CHUNK])
            except BlockingIOError:
                await self._writable(sent, stalled_after_s)
            except OSError as error:
                self._end(f"{self._name} was cut off: {error.strerror}.")
                raise TransferBroken(self.lost.result(), sent) from error

    async def aclose(self) -> None:
        """Stop listening and give the descriptor back; a port that hangs in its close is left to its thread."""
        if self._closed:
            return
        self._closed = True
        self._end(f"{self._name} is closed.")
        closing = in_thread(lambda: _quietly(self._close), name=f"close {self._name}")
        await asyncio.wait({closing}, timeout=CLOSED_WITHIN_S)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, READ_AT_ONCE)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(f"{self._name} was cut off: {error.strerror}.")
            return
        if data:
            self._take(data)
        else:  # an unplugged line reads as the end of a file, again and again
            self._end(f"{self._name} was cut off.")

    async def _writable(self, sent: int, stalled_after_s: float) -> None:
        """Wait until the descriptor takes bytes again."""
        ready = self._loop.create_future()
        self._loop.add_writer(self._fd, _wake, ready)
        try:
            done, _ = await asyncio.wait(
                {ready, self.lost}, timeout=stalled_after_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            if not self.lost.done():
                self._loop.remove_writer(self._fd)
        if not done:
            raise TransferBroken(
                f"{self._name} takes no more data. Is it switched off or out of paper?", sent
            )

    def _end(self, reason: str) -> None:
        """Stop listening first (a dead descriptor is always readable), then tell, once."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)
        if not self.lost.done():
            self._loop.remove_writer(self._fd)
            self.lost.set_result(reason)


def _quietly(close: Callable[[], None]) -> None:
    with suppress(OSError):  # the device is gone already
        close()


def _wake(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


def in_thread(
    work: Callable[[], T], *, name: str, discard: Callable[[T], object] = lambda result: None
) -> "asyncio.Future[T]":
    """Run what may block in a thread of its own that never delays the end of the process, and await its result.

    `discard` gets a result that nobody waits for any more.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            if error is None:
                discard(cast(T, result))
        elif error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast(T, result))

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # belongs to whoever awaits
            failure = error
        try:
            loop.call_soon_threadsafe(settle, result, failure)
        except RuntimeError:  # the loop has ended meanwhile
            if failure is None:
                discard(cast(T, result))

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
