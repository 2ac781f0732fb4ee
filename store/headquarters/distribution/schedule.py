"""Distribution schedules: which jobs go to which data groups, and when. Pure (docs/scheduler.md)."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from store.exchange.jobs import ALL_JOBS, JOB_BY_NUMBER, JOBS, UPLOAD_JOB
from store.headquarters.distribution.recurrence import BY_HAND, Recurrence, is_due, settled


class ScheduleError(ValueError):
    """A schedule that cannot be; the message is one sentence with its cure."""


class Direction(StrEnum):
    """Which way a schedule carries data."""

    DOWN = "down"
    UP = "up"


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution schedule. No data groups: all of them. Times in ms since 1970 UTC, 0 for never."""

    name: str
    direction: Direction
    jobs: tuple[str, ...]
    data_groups: tuple[str, ...] = ()
    active: bool = True
    full: bool = False
    """Every run sends everything again, not the changes."""
    recurrence: Recurrence = BY_HAND
    created_ms: int = 0
    last_run_ms: int = 0

    @property
    def counts_from_ms(self) -> int:
        """What the next run is counted from."""
        return self.last_run_ms or self.created_ms


def default_schedules(now_ms: int) -> tuple[Schedule, ...]:
    """What every headquarters begins with: one schedule per job, by hand, and P-0001 every minute."""
    down = [
        Schedule(name=job.number, direction=Direction.DOWN, jobs=(job.number,), created_ms=now_ms)
        for job in JOBS
    ]
    everything = Schedule(name=ALL_JOBS, direction=Direction.DOWN, jobs=(ALL_JOBS,), created_ms=now_ms)
    up = Schedule(
        name=UPLOAD_JOB,
        direction=Direction.UP,
        jobs=(UPLOAD_JOB,),
        recurrence=Recurrence(every_minutes=1),
        created_ms=now_ms,
    )
    return (*down, everything, up)


def check_schedule(schedule: Schedule) -> Schedule:
    """The schedule itself; raises ScheduleError when its jobs do not exist or go the other way."""
    if not schedule.jobs:
        raise ScheduleError("A schedule needs at least one job, such as 1040.")
    if not schedule.name or len(schedule.name) > 64 or not schedule.name.isprintable():
        raise ScheduleError("A schedule needs a name of 1 to 64 characters.")
    known = {UPLOAD_JOB} if schedule.direction is Direction.UP else {ALL_JOBS, *JOB_BY_NUMBER}
    for number in schedule.jobs:
        if number not in known:
            raise ScheduleError(
                f"Job {number!r:.20} does not go {schedule.direction.value}; choose of {', '.join(sorted(known))}."
            )
    return schedule


def job_numbers(jobs: Iterable[str]) -> tuple[str, ...]:
    """The jobs of the way down that are meant, each once, in their order; 9999 is all of them."""
    wanted = set(jobs)
    return tuple(job.number for job in JOBS if ALL_JOBS in wanted or job.number in wanted)


def tables_of(jobs: Iterable[str]) -> tuple[str, ...]:
    """The package tables that these jobs bring."""
    return tuple(table for number in job_numbers(jobs) for table in JOB_BY_NUMBER[number].tables)


def due_schedules(schedules: Iterable[Schedule], now_ms: int) -> list[Schedule]:
    """The active schedules whose time has come, in the order of their names; up after down."""
    due = [
        schedule
        for schedule in schedules
        if schedule.active
        and is_due(schedule.recurrence, last_ms=settled(schedule.counts_from_ms, now_ms), now_ms=now_ms)
    ]
    return sorted(due, key=lambda schedule: (schedule.direction is Direction.UP, schedule.name))


def settle(schedule: Schedule, now_ms: int) -> Schedule:
    """The schedule with times that are not in the future."""
    return msgspec.structs.replace(
        schedule,
        created_ms=settled(schedule.created_ms, now_ms),
        last_run_ms=settled(schedule.last_run_ms, now_ms),
    )


def pending_jobs(
    changed: Mapping[str, int], marks: Mapping[tuple[str, str], int], groups: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Job → data groups that have not got its latest changes.

    `changed`: table → number of the newest change that can touch it. `marks`: (group, table) → number up to which
    the group has got that table; a group that never got a table has no mark.
    """
    found: dict[str, tuple[str, ...]] = {}
    names = sorted(groups)
    for job in JOBS:
        behind = tuple(
            group
            for group in names
            if any(changed.get(table, 0) > marks.get((group, table), 0) for table in job.tables)
        )
        if behind:
            found[job.number] = behind
    return found


def pending_schedules(schedules: Iterable[Schedule], pending: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Names of the schedules down that still have to run so that every database gets the latest changes."""
    return [
        schedule.name
        for schedule in schedules
        if schedule.direction is Direction.DOWN
        and any(
            not schedule.data_groups or set(schedule.data_groups) & set(pending.get(number, ()))
            for number in job_numbers(schedule.jobs)
            if number in pending
        )
    ]
