"""The scheduler: runs what is due, lets failed sessions be tried again, offers packages to new databases."""

import asyncio
import logging
from collections.abc import Mapping

from store.database.connection import Connection
from store.headquarters.context import Headquarters
from store.headquarters.distribution.schedule import Direction, Schedule, due_schedules, settle
from store.headquarters.scheduler import booked, databases, schedules, sessions, uploads
from store.headquarters.scheduler.databases import Group
from store.headquarters.scheduler.feed import FeedBell
from store.headquarters.scheduler.runner import JobRunner, Order, RunResult

LOG = logging.getLogger("outpost.hq.scheduler")

TICK_S = 1.0
"""How often the clock is looked at: a schedule begins at most so much late, whatever the clock does meanwhile."""


class Scheduler:
    """One per headquarters process; `tick` is everything that happens by time, `run_schedule` is Run now."""

    def __init__(self, hq: Headquarters, runner: JobRunner, bell: FeedBell) -> None:
        self._hq = hq
        self._runner = runner
        self._bell = bell
        self._woken = asyncio.Event()
        self._look_at_databases = True
        self.wants_full: dict[str, set[int]] = {}

    def changed(self, nouns: frozenset[str]) -> None:
        """Rows of the set-up changed: servers may have to hear of it, databases may be new."""
        self._bell.ring()
        if nouns & {"store", "register", "data-group", "channel-database"}:
            self._look_at_databases = True
            self._woken.set()

    def wake(self) -> None:
        """Something came in that `tick` should look at."""
        self._woken.set()

    async def run(self) -> None:
        """Run for ever."""
        await self._runner.recover()
        while True:
            self._woken.clear()
            await self.tick()
            await self._rest()

    async def tick(self) -> None:
        """Do what is due now; each thing is one unit or one run, so that a failure leaves the others."""
        now_ms = self._hq.now_ms()
        if await self._hq.channel.work(_by_time, now_ms):
            self._bell.ring()
        if self._look_at_databases:
            self._look_at_databases = False
            await self._runner.settle_databases()
        await self._give_fulls()
        for schedule in await self._hq.channel.work(_take_due, now_ms):
            LOG.info("schedule is due", extra={"schedule": schedule.name})
            await self.run_schedule(schedule)

    async def run_schedule(self, schedule: Schedule, *, full: bool = False) -> list[RunResult]:
        """Run now; for a schedule up the answer is empty: servers deliver in their time."""
        await self._hq.channel.work(schedules.note_run, schedule.name, self._hq.now_ms())
        if schedule.direction is Direction.UP:
            await self.ask_uploads(schedule.data_groups)
            return []
        order = Order(jobs=schedule.jobs, groups=schedule.data_groups, full=full or schedule.full)
        return await self._runner.run(order)

    async def ask_uploads(self, groups: tuple[str, ...] = ()) -> list[uploads.UploadSession]:
        """P-0001 for the stores of these data groups (none: all)."""
        asked = await self._hq.channel.work(_ask_uploads, groups, self._hq.now_ms())
        self._bell.ring()
        return asked

    async def _give_fulls(self) -> None:
        while self.wants_full:
            group, wanting = self.wants_full.popitem()
            await self._runner.give_full(group)
            await self._hq.channel.work(_offer_again, wanting, self._hq.now_ms())
            self._bell.ring()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(TICK_S):
                await self._woken.wait()
        except TimeoutError:
            return  # time to look at the clock


def _by_time(db: Connection, now_ms: int) -> int:
    """Retries that are due and rounds that are booked; answers how many sessions moved."""
    return sessions.retry_due(db, now_ms) + uploads.retry_due(db, now_ms) + booked.settle_uploads(db, now_ms)


def _take_due(db: Connection, now_ms: int) -> list[Schedule]:
    """The schedules to run now. What a wrong clock put into the future is set back first."""
    known = schedules.read_schedules(db)
    for schedule in known:
        if settle(schedule, now_ms) != schedule:
            schedules.note_run(db, schedule.name, now_ms)
    return due_schedules([settle(schedule, now_ms) for schedule in known], now_ms)


def _ask_uploads(db: Connection, groups: tuple[str, ...], now_ms: int) -> list[uploads.UploadSession]:
    known: Mapping[str, Group] = databases.read_groups(db)
    stores = {group.store for name, group in known.items() if not groups or name in groups}
    return [uploads.ask(db, store, now_ms) for store in sorted(stores)]


def _offer_again(db: Connection, numbers: set[int], now_ms: int) -> None:
    for number in sorted(numbers):
        session = sessions.find(db, number)
        if session is not None and session.status in sessions.OFFERED_AGAIN:
            sessions.make_available(db, session, now_ms)
