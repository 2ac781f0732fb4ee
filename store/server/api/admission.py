"""How much the server does at once: sale look-ups before heartbeats before uploads before packages.

Every kind of work has its own number of places and a bounded queue. Who finds the queue full is sent away at
once with a `Retry-After` that spreads the crowd (docs/offline-protocol.md 3.9).
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from enum import Enum

from store.service.errors import ProblemError, busy


class Work(Enum):
    """What a request asks for; value: (places, queue, typical milliseconds of one)."""

    LOOKUP = (32, 256, 2)
    HEARTBEAT = (16, 128, 5)
    UPLOAD = (8, 64, 50)
    BODY = (64, 256, 20)
    """Receiving a body, before anything is known of the sender: a slow one takes no place from real work."""
    PACKAGE = (4, 8, 500)


MOST_LARGE = 4
"""Requests of several megabytes that are received and answered at a time; they take 15 MB each while they are."""


class Admission:
    """Lets requests in; one per server process."""

    def __init__(self, limits: dict[Work, tuple[int, int, int]] | None = None) -> None:
        self._limits = {work: (limits or {}).get(work, work.value) for work in Work}
        self._places = {work: asyncio.Semaphore(limit[0]) for work, limit in self._limits.items()}
        self._waiting = dict.fromkeys(Work, 0)
        self._large = 0

    @contextlib.contextmanager
    def room(self) -> Iterator[None]:
        """Hold room for a large request; raises ProblemError `too-large`, for the same can come in smaller ones."""
        if self._large >= MOST_LARGE:
            raise ProblemError("too-large", "Others send as much already; send less at a time.")
        self._large += 1
        try:
            yield
        finally:
            self._large -= 1

    @contextlib.asynccontextmanager
    async def place(self, work: Work) -> AsyncIterator[None]:
        """Hold a place; raises ProblemError `busy` when too many wait already."""
        places, queue, typical_ms = self._limits[work]
        if self._places[work].locked() and self._waiting[work] >= queue:
            drain_s = self._waiting[work] * typical_ms / places / 1000
            raise busy(
                "busy", "Too many requests wait already.", retry_after_s=round(drain_s + random.uniform(1, 5))
            )
        self._waiting[work] += 1
        try:
            await self._places[work].acquire()
        finally:
            self._waiting[work] -= 1
        try:
            yield
        finally:
            self._places[work].release()
