"""The one owner of all tasks of the core: names, who may fail, who is started again (docs/core-and-screen.md)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from store.register.ports import Clock

LOG = logging.getLogger("outpost.register.tasks")

BACK_OFF_FIRST_S = 0.5
BACK_OFF_LAST_S = 30.0
HEALTHY_AFTER_S = 60.0
"""A child that ran this long starts again without a pause that remembers older failures."""


class CoreTasks:
    """Tasks of one core process.

    An essential task is the process: its end, by error or by return, sets `failure` and wakes `ended`. A supervised
    one is started again after a pause and never takes the sale down. A short one may fail by itself.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._ending = False
        self.ended = asyncio.Event()
        self.failure: BaseException | None = None

    def essential(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run a task that must not end before the process does."""
        task = self._own(work, name)
        task.add_done_callback(self._essential_ended)
        return task

    def supervised(self, start: Callable[[], Awaitable[None]], name: str) -> None:
        """Run `start()` for ever: when it fails or returns it is called again after a growing pause."""
        self._own(self._supervise(start, name), name)

    def short(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something small to its end."""
        if self._closing:
            work.close()
            return
        self._own(work, name).add_done_callback(log_failure)

    def expect_end(self) -> None:
        """The process ends in order: from now on an essential task may return."""
        self._ending = True

    async def close(self) -> None:
        """Cancel what still runs and wait for it."""
        self._closing = True
        running = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _own(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _essential_ended(self, task: asyncio.Task[None]) -> None:
        if self._closing or task.cancelled() or (self._ending and task.exception() is None):
            return
        self.failure = task.exception() or RuntimeError(f"{task.get_name()} ended by itself")
        LOG.critical("%s ended, so the core ends", task.get_name(), exc_info=self.failure)
        self.ended.set()

    async def _supervise(self, start: Callable[[], Awaitable[None]], name: str) -> None:
        pause_s = BACK_OFF_FIRST_S
        while True:
            began_s = self._clock.monotonic_s()
            try:
                await start()
                LOG.warning("%s ended; it starts again", name)
            except Exception:  # whatever a child does must not take the sale down
                LOG.exception("%s failed; it starts again", name)
            if self._clock.monotonic_s() - began_s > HEALTHY_AFTER_S:
                pause_s = BACK_OFF_FIRST_S
            await self._clock.sleep(pause_s)
            pause_s = min(pause_s * 2, BACK_OFF_LAST_S)


def log_failure(task: asyncio.Task[None]) -> None:
    """Say in the log that a short task failed."""
    if not task.cancelled() and (error := task.exception()) is not None:
        LOG.error("%s failed", task.get_name(), exc_info=error)
