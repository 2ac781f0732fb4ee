"""When a distribution schedule runs: pure functions of the schedule, its last run and the time (docs/scheduler.md).

Times of day belong to the schedule's time zone. A time that the clocks skip in spring counts as one hour later, one
that comes twice in autumn counts once, so there is exactly one instant a day. A clock that jumps forward causes one
run, never several; one that was put back moves the last run back with it (`settled`), so that nothing sleeps for days.
"""

import datetime
import re
import zoneinfo

import msgspec

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
MAX_MINUTES = 7 * 24 * 60
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class RecurrenceError(ValueError):
    """A recurrence that cannot be; the message is one sentence with its cure."""


class Recurrence(msgspec.Struct, frozen=True, kw_only=True):
    """`every_minutes` > 0; or `at` ("HH:MM") daily, or on `days` (of `DAYS`) weekly; or none of them: by hand only."""

    every_minutes: int = 0
    at: str = ""
    days: tuple[str, ...] = ()
    zone: str = "UTC"

    def __str__(self) -> str:
        if self.every_minutes:
            return f"every {self.every_minutes} min" if self.every_minutes > 1 else "every minute"
        if not self.at:
            return "by hand"
        return f"{' '.join(self.days) if self.days else 'daily'} at {self.at} {self.zone}"


BY_HAND = Recurrence()


def check_recurrence(recurrence: Recurrence) -> Recurrence:
    """The recurrence itself; raises RecurrenceError for one that cannot be."""
    if not 0 <= recurrence.every_minutes <= MAX_MINUTES:
        raise RecurrenceError(f"A schedule recurs every 1 to {MAX_MINUTES} minutes, or 0 for by hand only.")
    if recurrence.every_minutes and (recurrence.at or recurrence.days):
        raise RecurrenceError("A schedule recurs either every so many minutes or at a time of day, not both.")
    if recurrence.days and not recurrence.at:
        raise RecurrenceError("A weekly schedule needs a time of day, such as 02:30.")
    if recurrence.at and not _TIME.fullmatch(recurrence.at):
        raise RecurrenceError(f"{recurrence.at!r:.20} is no time of day; write it as 02:30.")
    if unknown := [day for day in recurrence.days if day not in DAYS]:
        raise RecurrenceError(f"{unknown[0]!r:.20} is no day; write {', '.join(DAYS)}.")
    try:
        zoneinfo.ZoneInfo(recurrence.zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RecurrenceError(
            f"{recurrence.zone!r:.60} is no known time zone; write one such as Europe/Berlin."
        ) from error
    return recurrence


def next_run_ms(recurrence: Recurrence, *, last_ms: int) -> int | None:
    """The first instant after `last_ms` (the last run, or the making of the schedule); None for by hand only."""
    if recurrence.every_minutes:
        return last_ms + recurrence.every_minutes * MINUTE_MS
    if not recurrence.at:
        return None
    zone = zoneinfo.ZoneInfo(recurrence.zone)
    day = datetime.datetime.fromtimestamp(last_ms / 1000, zone).date() - datetime.timedelta(days=1)
    for _ in range(10):  # yesterday (a zone may skip a day) and a whole week after it
        day += datetime.timedelta(days=1)
        if recurrence.days and DAYS[day.weekday()] not in recurrence.days:
            continue
        at_ms = _instant_ms(day, recurrence.at, zone)
        if at_ms > last_ms:
            return at_ms
    raise AssertionError("every weekday comes within ten days")


def is_due(recurrence: Recurrence, *, last_ms: int, now_ms: int) -> bool:
    """Whether a run is due now; give `settled` times."""
    next_ms = next_run_ms(recurrence, last_ms=last_ms)
    return next_ms is not None and next_ms <= now_ms


def settled(last_ms: int, now_ms: int) -> int:
    """The last run as it counts now: never in the future, where a clock that was wrong may have put it."""
    return min(last_ms, now_ms)


def _instant_ms(day: datetime.date, at: str, zone: zoneinfo.ZoneInfo) -> int:
    hour, minute = (int(part) for part in at.split(":"))
    local = datetime.datetime.combine(day, datetime.time(hour, minute), zone)
    return int(local.timestamp() * 1000)
