"""`/health`: can this service commit? It does so, with a write of a few bytes, in bounded time. Owns `health`."""

import asyncio

from store.database.connection import Connection, values
from store.service.channel import Channel
from store.service.errors import busy
from store.service.tasks import ServiceTasks

PATIENCE_S = 2.0
"""A commit that takes longer counts as unable; it is not aborted."""

UPSERT_HEALTH = """
insert into health (store_id, n, at_ms) values ('', 1, $1)
on conflict (store_id) do update set n = health.n + 1, at_ms = excluded.at_ms"""


class Pulse:
    """Proves that a commit is possible; callers who ask at the same time share one commit."""

    def __init__(self, channel: Channel, tasks: ServiceTasks) -> None:
        self._channel = channel
        self._tasks = tasks
        self._running: asyncio.Task[None] | None = None

    async def prove(self, now_ms: int) -> None:
        """Return after a commit; raises ProblemError `database` when it takes too long, and DatabaseTrouble."""
        if self._running is None or self._running.done():
            self._running = self._tasks.begin(self._channel.work(beat, now_ms))
        done, _ = await asyncio.wait((self._running,), timeout=PATIENCE_S)
        if not done:
            raise busy("database", "The database has not committed for two seconds.", retry_after_s=2)
        self._running.result()


def beat(db: Connection, now_ms: int) -> None:
    """The tiny write."""
    db.execute(UPSERT_HEALTH, values(now_ms))
