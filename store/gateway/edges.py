"""Writes the edges of mode and link to the store, in order, without holding up who caused them."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from store.gateway.gateway import ModeStore, StoredMode

log = logging.getLogger("outpost.gateway")

MAX_WAITING = 256
"""Far more than a slow disk ever holds up; beyond it the oldest link edges are dropped, never a mode."""

Write = Callable[[], Awaitable[None]]


class EdgeWriter:
    """One task that hands edges to a `ModeStore`; a store that fails is logged and never stops the connection."""

    def __init__(self, store: ModeStore) -> None:
        self._store = store
        self._waiting: deque[tuple[bool, Write]] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._stored = True

    def start(self) -> None:
        """Begin writing."""
        self._task = asyncio.create_task(self._run(), name="connection-edges")

    def mode(self, stored: StoredMode, event: str) -> None:
        """Queue a change of mode."""
        self._add(True, lambda: self._store.save_mode(stored, event))

    def link(self, at_ms: int, link: str, event: str, reason: str) -> None:
        """Queue a change of the link."""
        self._add(False, lambda: self._store.note_link(at_ms, link, event, reason))

    async def flush(self) -> bool:
        """Return when everything queued is written; False when the last mode could not be stored."""
        await self._idle.wait()
        return self._stored

    async def close(self) -> None:
        """Write what is queued and end the task."""
        if self._task is None:
            return
        await self._idle.wait()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    def _add(self, is_mode: bool, write: Write) -> None:
        if len(self._waiting) >= MAX_WAITING:
            oldest_link = next((entry for entry in self._waiting if not entry[0]), self._waiting[0])
            self._waiting.remove(oldest_link)
        self._waiting.append((is_mode, write))
        self._idle.clear()
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                is_mode, write = self._waiting.popleft()
                stored = await self._written(write)
                if is_mode:
                    self._stored = stored
            self._idle.set()

    async def _written(self, write: Write) -> bool:
        try:
            await write()
        except Exception:  # the journal reports its own storage faults; the connection goes on regardless
            log.exception("edge of the connection not stored")
            return False
        return True
