"""When schedules run: minutes, days, weeks, time zones, clocks that jump."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.headquarters.distribution.recurrence import (
    DAY_MS,
    DAYS,
    MINUTE_MS,
    Recurrence,
    RecurrenceError,
    check_recurrence,
    is_due,
    next_run_ms,
    settled,
)


def at(text, zone="UTC"):
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def iso(at_ms):
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M")


def test_schedule_by_minutes_is_due_that_long_after_its_last_run():
    every_ten = Recurrence(every_minutes=10)
    last = at("2026-11-24T08:00")
    assert not is_due(every_ten, last_ms=last, now_ms=last + 10 * MINUTE_MS - 1)
    assert is_due(every_ten, last_ms=last, now_ms=last + 10 * MINUTE_MS)


def test_daily_schedule_runs_once_a_day_at_its_time():
    nightly = Recurrence(at="02:30")
    assert iso(next_run_ms(nightly, last_ms=at("2026-11-24T02:29"))) == "2026-11-24T02:30"
    assert iso(next_run_ms(nightly, last_ms=at("2026-11-24T02:30"))) == "2026-11-25T02:30"


def test_daily_schedule_made_in_the_afternoon_waits_for_the_night():
    assert not is_due(Recurrence(at="02:30"), last_ms=at("2026-11-24T15:00"), now_ms=at("2026-11-24T15:01"))


def test_weekly_schedule_runs_on_its_days_only():
    weekly = Recurrence(at="22:00", days=("mon", "thu"))
    first = next_run_ms(weekly, last_ms=at("2026-11-24T12:00"))  # a Tuesday
    assert iso(first) == "2026-11-26T22:00"
    assert iso(next_run_ms(weekly, last_ms=first)) == "2026-11-30T22:00"


def test_time_of_day_is_that_of_the_schedules_zone():
    berlin = Recurrence(at="02:00", zone="Europe/Berlin")
    assert iso(next_run_ms(berlin, last_ms=at("2026-11-24T12:00"))) == "2026-11-25T01:00"
    assert iso(next_run_ms(berlin, last_ms=at("2026-07-24T12:00"))) == "2026-07-25T00:00"


def test_time_that_the_clocks_skip_in_spring_comes_once():
    berlin = Recurrence(at="02:30", zone="Europe/Berlin")
    first = next_run_ms(berlin, last_ms=at("2026-03-28T12:00"))
    assert iso(first) == "2026-03-29T01:30"  # 03:30 summer time
    assert iso(next_run_ms(berlin, last_ms=first)) == "2026-03-30T00:30"


def test_time_that_comes_twice_in_autumn_counts_once():
    berlin = Recurrence(at="02:30", zone="Europe/Berlin")
    first = next_run_ms(berlin, last_ms=at("2026-10-24T12:00"))
    assert iso(first) == "2026-10-25T00:30"
    assert iso(next_run_ms(berlin, last_ms=first)) == "2026-10-26T01:30"


def test_clock_that_jumps_a_week_forward_causes_one_run():
    nightly = Recurrence(at="02:30")
    last, now = at("2026-11-24T02:30"), at("2026-12-01T12:00")
    assert is_due(nightly, last_ms=last, now_ms=now)
    assert not is_due(nightly, last_ms=now, now_ms=now + MINUTE_MS)


def test_clock_that_is_put_back_lets_no_schedule_sleep():
    hourly, wrong, right = Recurrence(every_minutes=60), at("2031-01-01T00:00"), at("2026-11-24T12:00")
    last = settled(wrong, right)
    assert last == right
    assert is_due(hourly, last_ms=last, now_ms=right + 60 * MINUTE_MS)


def test_schedule_by_hand_is_never_due():
    assert next_run_ms(Recurrence(), last_ms=0) is None
    assert not is_due(Recurrence(), last_ms=0, now_ms=at("2099-01-01T00:00"))


@pytest.mark.parametrize(
    ("recurrence", "sentence"),
    [
        (Recurrence(every_minutes=-1), "every 1 to"),
        (Recurrence(every_minutes=20_000), "every 1 to"),
        (Recurrence(every_minutes=5, at="02:30"), "not both"),
        (Recurrence(days=("mon",)), "needs a time of day"),
        (Recurrence(at="25:00"), "is no time of day"),
        (Recurrence(at="2:30"), "is no time of day"),
        (Recurrence(at="02:30", days=("monday",)), "is no day"),
        (Recurrence(at="02:30", zone="Mars/Olympus"), "no known time zone"),
        (Recurrence(at="02:30", zone="../etc/passwd"), "no known time zone"),
    ],
)
def test_impossible_recurrence_is_refused_with_its_cure(recurrence, sentence):
    with pytest.raises(RecurrenceError, match=sentence):
        check_recurrence(recurrence)


@given(
    last=st.integers(at("2020-01-01T00:00"), at("2040-01-01T00:00")),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    days=st.sets(st.sampled_from(DAYS)),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_next_run_is_always_later_and_within_its_period(last, hour, minute, days, zone):
    recurrence = check_recurrence(
        Recurrence(at=f"{hour:02}:{minute:02}", days=tuple(sorted(days)), zone=zone)
    )
    coming = next_run_ms(recurrence, last_ms=last)
    assert last < coming <= last + (8 if days else 2) * DAY_MS
    assert is_due(recurrence, last_ms=last, now_ms=coming)
    assert not is_due(recurrence, last_ms=last, now_ms=coming - 1)
