"""Distribution schedules as rows of the set-up, with the times of their last runs. Owns `schedule_run`."""

import msgspec

from store.database.connection import Connection, values
from store.headquarters.distribution.schedule import Schedule, default_schedules
from store.headquarters.nouns.scheduling import ScheduleRow
from store.headquarters.scheduler import channel_rows, packages
from store.headquarters.setup_rows import current_number, get_row, list_rows, next_number, put

NOUN = "schedule"
SEEDED = "schedules_seeded"
"""A counter that is not 0 once the default schedules were made: removed ones do not come back."""

SELECT_RUNS = "select schedule, last_run_ms from schedule_run"
SELECT_CREATED = "select key, changed_ms from setup where noun = 'schedule' and removed = 0"
UPSERT_RUN = """
insert into schedule_run (schedule, last_run_ms) values ($1, $2)
on conflict (schedule) do update set last_run_ms = excluded.last_run_ms"""


def seed(db: Connection, now_ms: int) -> None:
    """Make the default schedules at the first start."""
    if current_number(db, SEEDED):
        return
    next_number(db, SEEDED)
    for schedule in default_schedules(now_ms):
        row = ScheduleRow(
            jobs=schedule.jobs,
            direction="up" if schedule.direction.value == "up" else "down",
            every_minutes=schedule.recurrence.every_minutes,
        )
        if get_row(db, NOUN, schedule.name) is None:
            put(db, NOUN, schedule.name, row, now_ms=now_ms)


def read_schedules(db: Connection) -> list[Schedule]:
    """All schedules by name. One that never ran counts from its last change."""
    runs = {str(name): int(at_ms) for name, at_ms in db.execute(SELECT_RUNS)}
    made = {str(name): int(at_ms) for name, at_ms in db.execute(SELECT_CREATED)}
    return [
        row.read(ScheduleRow).schedule(row.key, created_ms=made[row.key], last_run_ms=runs.get(row.key, 0))
        for row in list_rows(db, NOUN)
    ]


def note_run(db: Connection, name: str, at_ms: int) -> None:
    """Write down when a schedule ran, or (after the clock was put back) that it ran no later than now."""
    db.execute(UPSERT_RUN, values(name, at_ms))


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """Newest changes and marks, from which what still has to run follows."""

    changed: dict[str, int]
    marks: dict[tuple[str, str], int]
    groups: tuple[str, ...]


def read_behind(db: Connection, groups: tuple[str, ...]) -> Behind:
    """How far the set-up is, and how far each group."""
    changed = {table: channel_rows.newest_change(db, table) for table in channel_rows.SOURCES}
    return Behind(changed=changed, marks=packages.marks(db), groups=groups)
