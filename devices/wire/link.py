"""Keeps one connection to a device open: opens, notices the end, waits, opens again."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from devices.errors import DeviceError, DeviceOffline
from devices.wire.byte_stream import ByteStream

PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Waits after one, two, ... failures in a row; one just switched on is found soon, a missing one costs nothing."""
PROVEN_AFTER_S = 2.0
"""A connection that lived so long was no failure."""
LOOK_EVERY_S = 0.5
"""How often the path of a missing device is looked at: plugging it in is noticed without waiting for the pause."""

_log = logging.getLogger(__name__)

Opener = Callable[[], Awaitable[ByteStream]]


class Link:
    """One supervised connection. `up` and `down` are called on the loop; `down` gets a sentence."""

    def __init__(
        self,
        opener: Opener,
        *,
        name: str,
        up: Callable[[ByteStream], None],
        down: Callable[[str], None],
        path: str = "",
    ) -> None:
        """`path`: of a device that comes and goes as a file; its appearance ends a pause."""
        self._opener = opener
        self.name = name
        self._up = up
        self._down = down
        self._path = path
        self._wanted = asyncio.Event()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stream: ByteStream | None = None
        self._attempts = 0
        """Refused ones."""
        self.reason = f"{name} has not been opened yet."
        """Why there is no connection."""

    @property
    def stream(self) -> ByteStream | None:
        """The open connection, or None."""
        return self._stream if self._stream is not None and not self._stream.lost.done() else None

    def start(self) -> None:
        """Begin; the first attempt runs in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"link {self.name}")

    async def connected(self, timeout_s: float) -> ByteStream:
        """The connection, after trying at once if there is none. Raises DeviceOffline after one failed attempt."""
        attempts = self._attempts
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.stream is None and self._attempts - attempts < 1:
                    self._changed.clear()
                    self._wanted.set()
                    await self._changed.wait()
        if (stream := self.stream) is None:
            raise DeviceOffline(self.reason)
        return stream

    async def drop(self) -> None:
        """Throw the connection away; a fresh one is opened."""
        if self._stream is not None:
            await self._stream.aclose()

    async def aclose(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        failures = 0
        try:
            while True:
                self._wanted.clear()
                failures = 0 if await self._live_once() else failures + 1
                await self._pause(PAUSES_S[min(max(failures - 1, 0), len(PAUSES_S) - 1)])
        finally:
            await self.drop()

    async def _live_once(self) -> bool:
        """Open and hold one connection until it ends; whether it was worth having."""
        loop = asyncio.get_running_loop()
        try:
            self._stream = await self._opener()
        except DeviceError as error:
            self._refused(error.reason)
            return False
        except Exception as error:  # a driver's own mistake
            self._refused(f"{self.name} cannot be opened: {error}.")
            return False
        since = loop.time()
        _log.info("%s is open", self.name)
        self._changed.set()
        self._up(self._stream)
        reason = await asyncio.shield(self._stream.lost)
        await self._stream.aclose()
        self._ended(reason)
        return loop.time() - since >= PROVEN_AFTER_S

    def _refused(self, reason: str) -> None:
        self._attempts += 1
        self._changed.set()
        self._ended(reason)

    def _ended(self, reason: str) -> None:
        if reason != self.reason:  # once, not at every attempt
            _log.warning("%s", reason)
        self.reason = reason
        self._down(reason)

    async def _pause(self, pause_s: float) -> None:
        """Wait, but not longer than until someone wants the device or its path comes into being."""
        loop = asyncio.get_running_loop()
        until = loop.time() + pause_s
        seen = self._identity()
        while (rest := until - loop.time()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(rest, LOOK_EVERY_S) if self._path else rest):
                    await self._wanted.wait()
                    return
            if self._path and (now := self._identity()) != seen:
                if now is not None:
                    return
                seen = now

    def _identity(self) -> tuple[int, int] | None:
        """Which file is at the path now; None when there is none."""
        try:
            found = Path(self._path).stat()
        except OSError:
            return None
        return found.st_ino, found.st_rdev
