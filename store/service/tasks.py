"""The tasks of one server: everything that runs beside a request has its owner and its end here."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
LOG = logging.getLogger("outpost.service.tasks")

RESTART_S = (0.5, 1.0, 2.0, 5.0)
"""Waits before a supervised task starts again after it failed; the last one repeats."""


class ServiceTasks:
    """Owns supervised tasks, and units of work that must be finished though their request is gone."""

    def __init__(self) -> None:
        self._units: set[asyncio.Task[Any]] = set()
        self._supervised: list[asyncio.Task[None]] = []

    async def finish(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Await work that is not cancelled when the caller is: a client that hangs up changes nothing."""
        return await asyncio.shield(self.begin(work))

    def begin(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Begin work that is finished whoever waits for it; `close` waits for it too."""
        task = asyncio.create_task(work, name="unit of work")
        self._units.add(task)
        task.add_done_callback(self._forget)
        return task

    def supervise(self, name: str, run: Any) -> None:
        """Keep `run()` running: when it fails it is logged and started again, ever more slowly."""
        self._supervised.append(asyncio.create_task(_keep_running(name, run), name=name))

    async def close(self, patience_s: float = 5.0) -> None:
        """End the supervised tasks and wait for units that have begun."""
        for task in self._supervised:
            task.cancel()
        await asyncio.gather(*self._supervised, return_exceptions=True)
        self._supervised.clear()
        if self._units:
            await asyncio.wait(self._units, timeout=patience_s)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._units.discard(task)
        if not task.cancelled():
            # Looked at, so that an error nobody waits for any more is no "never retrieved" at exit; whoever still
            # waits gets it all the same.
            task.exception()


async def _keep_running(name: str, run: Any) -> None:
    failures = 0
    while True:
        try:
            await run()
        except Exception:  # whatever it was, the server must go on serving; the log has it
            LOG.exception("%s failed and starts again", name)
        await asyncio.sleep(RESTART_S[min(failures, len(RESTART_S) - 1)])
        failures += 1
