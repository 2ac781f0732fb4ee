"""Where job runs work: one process of its own, so that a million rows slow down nobody who works at headquarters."""

import asyncio
import concurrent.futures
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")


class WorkerDied(Exception):
    """The process was killed in the middle of its work; nothing of it counts, and the next work gets a new one."""


class Worker(Protocol):
    """Does one thing at a time, away from the event loop."""

    async def run(self, fn: Callable[..., Result], *args: Any) -> Result:
        """`fn(*args)` there; raises what it raises, and WorkerDied."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class WorkerProcess:
    """A process that is started when it is first needed, or by `warm_up`, and stays."""

    def __init__(self) -> None:
        self._pool: concurrent.futures.ProcessPoolExecutor | None = None

    async def warm_up(self) -> None:
        """Start the process now: the first run of the day should not wait for it."""
        await self.run(_import_build)

    async def run(self, fn: Callable[..., Result], *args: Any) -> Result:
        """`fn(*args)` in the process; raises what it raises, and WorkerDied."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._started(), fn, *args)
        except BrokenProcessPool as error:
            self._pool = None
            raise WorkerDied("The process that makes packages was killed; run the job again.") from error

    async def close(self) -> None:
        """End the process, in the middle of its work if need be: what it left is settled at the next start."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        # The executor itself would wait for the work to end; it gives up its processes when they die.
        for process in list((pool._processes or {}).values()):
            process.terminate()
        await asyncio.to_thread(pool.shutdown, cancel_futures=True)

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids, for those who look from outside."""
        return tuple(self._pool._processes or ()) if self._pool is not None else ()

    def _started(self) -> concurrent.futures.ProcessPoolExecutor:
        if self._pool is None:
            # Never a fork: the parent has threads and open databases.
            self._pool = concurrent.futures.ProcessPoolExecutor(
                max_workers=1,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_live_with_the_parent,
            )
        return self._pool


def _live_with_the_parent() -> None:
    """Ctrl+C reaches the whole group, and is the parent's affair; a parent that was killed takes this process along."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent.sentinel,), name="parent", daemon=True).start()


def _die_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)  # an orphan would wait for work for ever, or build for nobody


def _import_build() -> None:
    from store.headquarters.scheduler import build

    assert build.build is not None
