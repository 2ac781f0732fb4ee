"""How synchronisation stands in words, and whether the offline database is ready before it is needed."""

import pytest
from msgspec.structs import replace

from store.exchange.jobs import JOBS
from store.gateway.offline import DataSet
from store.register.sync.history import Attempt, DownloadRow, job_words
from store.register.sync.readiness import OLD_MS, readiness, warning
from store.register.sync.sync_words import SyncFacts, age_words, last_sync_words

NOW = 1_795_525_392_000
NEVER = SyncFacts(started=True, supported=True, paused=False, busy="", down=Attempt(), up=Attempt())
HOUR, DAY = 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("age_ms", "words"),
    [
        (0, "just now"),
        (999, "just now"),
        (1_000, "1 second ago"),
        (59_999, "59 seconds ago"),
        (60_000, "1 minute ago"),
        (HOUR - 1, "59 minutes ago"),
        (HOUR, "1 hour ago"),
        (23 * HOUR, "23 hours ago"),
        (DAY, "1 day ago"),
        (7 * DAY, "7 days ago"),
        (7 * DAY + 1, "more than 7 days ago"),
        (400 * DAY, "more than 7 days ago"),
        (-4_000, "just now"),
        (-6_000, "the clock of this register is behind the last sync"),
    ],
)
def test_age_in_words(age_ms, words):
    assert age_words(NOW - age_ms, NOW) == words


def at(age_ms, result="ok"):
    return Attempt(at_ms=NOW - age_ms, result=result)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "never synced"),
        ({"started": False}, "never synced; it starts with the first sign-in"),
        ({"busy": "applying 1040 Products"}, "syncing now: applying 1040 Products"),
        ({"up": at(4_000)}, "4 seconds ago, uploads done"),
        ({"up": at(4_000), "down": at(60_000)}, "4 seconds ago, uploads done, downloads done"),
        (
            {"up": at(4_000, "busy"), "down": at(1, "cut off")},
            "just now, upload failed: busy, download failed: cut off",
        ),
        (
            {"up": at(4_000), "down": at(1, "cut off")},
            "just now, download failed: cut off, uploads done",
        ),
        (
            {"up": at(4_000), "down": at(1, "1020 Prices download failed: the disk is full")},
            "just now, 1020 Prices download failed: the disk is full, uploads done",
        ),
        ({"up": at(4_000), "hold": "forked"}, "4 seconds ago, uploads are held: forked"),
        ({"supported": False}, "offline not supported on this register; never synced"),
        (
            {"supported": False, "down": at(HOUR)},
            "offline not supported on this register; 1 hour ago, downloads done",
        ),
        ({"paused": True, "down": at(DAY)}, "paused by the offline profile; 1 day ago, downloads done"),
        ({"down": at(8 * DAY)}, "more than 7 days ago, downloads done"),
        ({"down": at(-DAY)}, "the clock of this register is behind the last sync, downloads done"),
    ],
)
def test_last_sync_in_words(changes, words):
    assert last_sync_words(replace(NEVER, **changes), NOW) == words


def tables(**rows):
    everything = {table: 0 for job in JOBS for table in job.tables} | rows
    return tuple(
        DataSet(name=name, rows=count, created_ms=NOW - HOUR if count else 0, package_seq=1, kept=True)
        for name, count in everything.items()
    )


GOOD = {"item": 5, "staff": 2, "setting": 3, "tax": 1, "price": 4}


def row(job="1020", status="Available", tries=0, message=""):
    return DownloadRow(
        session=1,
        package_seq=2,
        kind="delta",
        job=job,
        status=status,
        at_ms=NOW,
        tries=tries,
        message=message,
    )


def said(found, waiting=(), looked_ms=NOW, started=True, held_back=0):
    age = age_words(looked_ms, NOW)
    return warning(found, waiting, looked_ms=looked_ms, age=age, started=started, held_back=held_back)


def found_of(kept, waiting=(), looked_ms=NOW, supported=True):
    return readiness(kept, waiting, supported=supported, looked_ms=looked_ms, now_ms=NOW)


def states(found):
    return {line.job: line.state for line in found}


def test_complete_and_fresh_data_is_ready_and_says_nothing():
    found = found_of(tables(**GOOD))
    assert states(found) == {"1020": "ready", "1040": "ready", "1060": "ready", "1070": "ready"}
    assert said(found) == ""
    assert next(line for line in found if line.job == "1070").rows == 3, "rows of the first of its tables"


def test_what_is_missing_is_named_with_the_job_that_brings_it():
    found = found_of(tables(item=5, setting=3, tax=1))
    assert states(found)["1060"] == "missing"
    assert said(found) == (
        "Not ready to sell offline: 1060 Staff missing. Headquarters runs job 1060; then Sync now."
    )
    nothing = found_of(())
    assert said(nothing, started=False) == (
        "Not ready to sell offline: 1040 Products, 1060 Staff, 1070 Channel configuration missing. "
        "Sign in; the first sign-in fetches the data."
    )


def test_data_that_nobody_looked_after_for_a_day_is_old():
    looked_ms = NOW - OLD_MS - 1
    found = found_of(tables(**GOOD), looked_ms=looked_ms)
    assert set(states(found).values()) == {"old"}
    assert said(found, looked_ms=looked_ms) == (
        "The data may be old: the server was last asked 1 day ago. Check the connection, then Sync now."
    )


def test_a_newer_package_that_waits_is_told_and_a_failed_one_with_its_cure():
    waiting = (row(),)
    found = found_of(tables(**GOOD), waiting)
    assert states(found)["1020"] == "a newer one waits"
    assert said(found, waiting) == "A newer Prices and discounts waits at the server; Sync now fetches it."
    failed = (row(status="Download failed", tries=1, message="cut off"),)
    found = found_of(tables(**GOOD), failed)
    assert states(found)["1020"] == "failed"
    assert said(found, failed) == (
        "1020 Prices and discounts: download failed, cut off; it is tried again, or press Sync now."
    )
    given_up = (replace(failed[0], tries=3),)
    assert "run it again at headquarters, or press Sync now" in said(found, given_up)


def test_data_that_is_held_back_is_told_with_who_can_release_it():
    assert said(found_of(tables(**GOOD)), held_back=20) == (
        "Newer data is held back: package 20 or one before it was given up. Headquarters runs its session again."
    )


def test_what_headquarters_keeps_from_offline_databases_is_not_missing():
    kept = tuple(replace(table, kept=table.name != "item") for table in tables(**{**GOOD, "item": 0}))
    products = [table for table in kept if table.name in ("barcode", "department")]
    left_out = tuple(replace(table, kept=False) if table in products else table for table in kept)
    assert states(found_of(left_out))["1040"] == "not kept offline"
    # An empty table that no package ever touched says nothing about the others of its job.
    untouched = tables(**{**GOOD, "item": 0, "department": 0})
    without = tuple(replace(table, kept=table.name != "item") for table in untouched)
    assert states(found_of(without, supported=False))["1040"] == "not kept offline"


def test_register_without_an_offline_database_misses_no_products():
    found = found_of(tables(staff=2, setting=3), supported=False)
    assert "1040" not in states(found)
    assert said(found) == ""


def test_package_of_all_jobs_makes_every_set_that_is_here_wait():
    found = found_of(tables(**GOOD), (row(job="9999"),))
    assert states(found) == dict.fromkeys(("1020", "1040", "1060", "1070"), "a newer one waits")


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ("1020", "1020 Prices and discounts"),
        ("9999", "9999 All jobs"),
        ("1020 1040", "1020 1040"),
        ("", "data package"),
    ],
)
def test_jobs_are_called_by_number_and_name(job, words):
    assert job_words(job) == words
