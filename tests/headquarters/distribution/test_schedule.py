"""Schedules: what is due, which still have to run, what cannot be one."""

import pytest

from store.exchange.jobs import JOBS
from store.headquarters.distribution.recurrence import MINUTE_MS, Recurrence
from store.headquarters.distribution.schedule import (
    Direction,
    Schedule,
    ScheduleError,
    check_schedule,
    default_schedules,
    due_schedules,
    job_numbers,
    pending_jobs,
    pending_schedules,
    settle,
    tables_of,
)

NOW = 1_790_000_000_000


def schedule(name="prices", jobs=("1020",), **fields):
    return Schedule(name=name, direction=fields.pop("direction", Direction.DOWN), jobs=jobs, **fields)


def test_default_schedules_are_one_for_each_job_and_p_0001_every_minute():
    made = {one.name: one for one in default_schedules(NOW)}
    assert set(made) == {job.number for job in JOBS} | {"9999", "P-0001"}
    assert made["P-0001"].direction is Direction.UP
    assert str(made["P-0001"].recurrence) == "every minute"
    assert str(made["1040"].recurrence) == "by hand"
    for one in made.values():
        check_schedule(one)


def test_all_jobs_are_meant_by_9999_each_once():
    assert job_numbers(("1020", "9999", "1020")) == tuple(job.number for job in JOBS)
    assert tables_of(("1040",)) == ("item", "barcode", "department")


def test_only_active_schedules_whose_time_has_come_are_due_and_up_comes_last():
    every = Recurrence(every_minutes=10)
    late, early = NOW - 11 * MINUTE_MS, NOW - 9 * MINUTE_MS
    up = schedule("a-up", ("P-0001",), direction=Direction.UP, recurrence=every, last_run_ms=late)
    listed = [
        up,
        schedule("c", recurrence=every, last_run_ms=late),
        schedule("b", recurrence=every, created_ms=late),
        schedule("d", recurrence=every, last_run_ms=early),
        schedule("e", recurrence=every, last_run_ms=late, active=False),
        schedule("f"),
    ]
    assert [one.name for one in due_schedules(listed, NOW)] == ["b", "c", "a-up"]


def test_last_run_in_the_future_is_set_back_to_now():
    wrong = schedule(recurrence=Recurrence(every_minutes=1), created_ms=1, last_run_ms=NOW + 10**12)
    assert settle(wrong, NOW).last_run_ms == NOW
    assert due_schedules([wrong], NOW) == []
    assert due_schedules([settle(wrong, NOW)], NOW + MINUTE_MS) == [settle(wrong, NOW)]


def test_job_is_pending_for_every_group_that_has_not_got_its_latest_change():
    changed = {"price": 7, "item": 3, "barcode": 3}
    marks = {("A", "price"): 7, ("A", "item"): 3, ("A", "barcode"): 3, ("B", "price"): 6, ("B", "item"): 3}
    assert pending_jobs(changed, marks, ("B", "A")) == {"1020": ("B",), "1040": ("B",)}
    assert pending_jobs({}, {}, ("A",)) == {}


def test_schedule_is_pending_when_one_of_its_jobs_is_for_one_of_its_groups():
    pending = {"1020": ("B",)}
    listed = [
        schedule("all"),
        schedule("for B", data_groups=("B",)),
        schedule("for A", data_groups=("A",)),
        schedule("everything", ("9999",)),
        schedule("products", ("1040",)),
        schedule("up", ("P-0001",), direction=Direction.UP),
    ]
    assert pending_schedules(listed, pending) == ["all", "for B", "everything"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (schedule(jobs=()), "at least one job"),
        (schedule(jobs=("4711",)), "does not go down"),
        (schedule(jobs=("P-0001",)), "does not go down"),
        (schedule(jobs=("1040",), direction=Direction.UP), "does not go up"),
        (schedule(name=""), "needs a name"),
        (schedule(name="a\x1bb"), "needs a name"),
    ],
)
def test_impossible_schedule_is_refused_with_its_cure(wrong, sentence):
    with pytest.raises(ScheduleError, match=sentence):
        check_schedule(wrong)
