"""Makes what was written without its own sync durable right after, one sync at a time."""

import asyncio
import logging
from pathlib import Path

from store.register.ports import Storage

_log = logging.getLogger(__name__)


class Syncer:
    """A task that syncs the write-ahead log whenever it is woken; what is written meanwhile shares the next sync."""

    def __init__(self, path: Path, storage: Storage) -> None:
        self._path = path
        self._storage = storage
        self._wanted = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._task: asyncio.Task[None] | None = None
        self.trouble = ""
        """A sentence when the last sync failed; the next commit with its own sync finds out what that means."""

    def start(self) -> None:
        """Begin to wait."""
        self._task = asyncio.create_task(self._run(), name="journal-syncer")

    def wake(self) -> None:
        """Ask for a sync of all that is written by now."""
        self._settled.clear()
        self._wanted.set()

    async def settled(self) -> None:
        """Wait until nothing that was written by now is left to sync (or its sync has failed)."""
        await self._settled.wait()

    async def close(self) -> None:
        """Finish the sync under way and one that was asked for, then end."""
        if self._task is None:
            return
        await self._settled.wait()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await asyncio.to_thread(self._storage.sync, str(self._path))
                self.trouble = ""
            except OSError as error:
                self.trouble = f"The disk did not confirm the last lines ({error.strerror or error})."
                _log.warning("sync of the journal failed", extra={"reason": str(error)})
            if not self._wanted.is_set():
                self._settled.set()
