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
    """One per headquarters process. The clock (`watch`) never waits for the work (`work`): a run may take a minute."""

    def __init__(self, hq: Headquarters, runner: JobRunner, bell: FeedBell) -> None:
        self._hq = hq
        self._runner = runner
        self._bell = bell
        self._due: dict[str, Schedule] = {}
        self._wants_full: dict[str, set[int]] = {}
        self._look_at_databases = True
        self._woken = asyncio.Event()

    def changed(self, nouns: frozenset[str]) -> None:
        """Rows of the set-up changed: servers may have to hear of it, databases may be new."""
        self._bell.ring()
        if nouns & {"store", "register", "data-group", "channel-database"}:
            self._look_at_databases = True
            self._woken.set()

    def give_full(self, group: str, session: int) -> None:
        """The database of a session needs a full package: see to it that one leads to the group's newest."""
        self._wants_full.setdefault(group, set()).add(session)
        self._woken.set()

    async def watch(self) -> None:
        """Look at the clock for ever."""
        while True:
            await self.look()
            await asyncio.sleep(TICK_S)

    async def work(self) -> None:
        """Do what is to be done for ever, beginning with what the last process left."""
        await self._runner.recover()
        while True:
            self._woken.clear()
            await self.do_all()
            await self._woken.wait()

    async def look(self) -> None:
        """What time alone brings about: retries, booked rounds, rounds to ask for, schedules to run."""
        now_ms = self._hq.now_ms()
        if await self._hq.channel.work(_by_time, now_ms):
            self._bell.ring()
        for schedule in await self._hq.channel.work(_take_due, now_ms):
            LOG.info("schedule is due", extra={"schedule": schedule.name})
            if schedule.direction is Direction.UP:
                await self.run_schedule(schedule)
            else:
                self._due[schedule.name] = schedule
                self._woken.set()

    async def do_all(self) -> None:
        """Packages for new databases, full packages that were asked for, runs that are due."""
        if self._look_at_databases:
            self._look_at_databases = False
            await self._runner.settle_databases()
        while self._wants_full:
            group, wanting = self._wants_full.popitem()
            if await self._runner.give_full(group):
                await self._hq.channel.work(_offer_again, wanting, self._hq.now_ms())
                self._bell.ring()
        while self._due:
            # It stays here while it runs, so that the clock does not find it due again.
            schedule = next(iter(self._due.values()))
            try:
                await self.run_schedule(schedule)
            finally:
                del self._due[schedule.name]

    async def run_schedule(self, schedule: Schedule, *, full: bool = False) -> list[RunResult]:
        """Run now; for a schedule up the answer is empty: servers deliver in their time."""
        began_ms = self._hq.now_ms()
        if schedule.direction is Direction.UP:
            await self.ask_uploads(schedule.data_groups)
            results = []
        else:
            order = Order(jobs=schedule.jobs, groups=schedule.data_groups, full=full or schedule.full)
            results = await self._runner.run(order)
        # Noted when it is done: one that a power cut took is due again at the next start.
        await self._hq.channel.work(schedules.note_run, schedule.name, began_ms)
        return results

    async def ask_uploads(self, groups: tuple[str, ...] = ()) -> list[uploads.UploadSession]:
        """P-0001 for the stores of these data groups (none: all)."""
        asked = await self._hq.channel.work(_ask_uploads, groups, self._hq.now_ms())
        self._bell.ring()
        return asked


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
