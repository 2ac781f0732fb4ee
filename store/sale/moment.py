"""Moments as text: UTC in records, local time on paper. Nothing here reads a clock."""

from datetime import UTC, date, datetime, timedelta

from store.sale.language import region_in_force
from store.sale.region import local_date, local_moment

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MIN = 24 * 60


def utc_text(at_ms: int) -> str:
    """Milliseconds since 1970 as a record holds them: "2026-01-05T08:00:00.000Z"."""
    moment = EPOCH + timedelta(milliseconds=at_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def local_text(at: str, utc_offset_min: int) -> str:
    """A record's moment in local time for people: "2026-01-05 09:00:00" for an offset of 60 minutes.

    A text that is no moment comes back as it is: paper shows what the record says.
    """
    moment = _local(at, utc_offset_min)
    return at if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def shown_text(at: str, utc_offset_min: int) -> str:
    """A record's moment in local time as the region in force writes it: "05.01.2026 09:00:00"; else as `local_text`."""
    moment = _local(at, utc_offset_min)
    return at if moment is None else local_moment(moment, region_in_force())


def shown_day(day: str) -> str:
    """A business date ("2026-01-05") as the region in force writes it; a text that is none comes back as it is."""
    try:
        return local_date(date.fromisoformat(day), region_in_force())
    except ValueError:
        return day


def days_after(day: str, days: int) -> str:
    """The business date so many days after another one; one that is none comes back as it is."""
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return day


def ms_of(at: str) -> int:
    """Milliseconds since 1970 of a record's moment; 0 for a text that is none."""
    try:
        return (datetime.fromisoformat(at) - EPOCH) // timedelta(milliseconds=1)
    except (ValueError, TypeError, OverflowError):
        return 0


def _local(at: str, utc_offset_min: int) -> datetime | None:
    if not -DAY_MIN < utc_offset_min < DAY_MIN:
        return None
    try:
        return datetime.fromisoformat(at) + timedelta(minutes=utc_offset_min)
    except (ValueError, OverflowError):
        return None
