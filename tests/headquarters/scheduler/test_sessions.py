"""Sessions: reports in any order, tries, strict order, cancel and rerun."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hq_scheduler import Database, told
from store.exchange.delivery import SessionReport
from store.exchange.jobs import DownloadStatus, UploadStatus
from store.headquarters.distribution.session_states import SessionRefused
from store.headquarters.nouns.till import Parameter
from store.headquarters.scheduler import packages, sessions, uploads
from store.headquarters.scheduler.rules import Rules, read_rules

REGISTER = "S0001-R01"
STRICT, LOOSE = Rules(), Rules(strict_order=False)


async def one(shop, name, database=REGISTER):
    """Make a package and answer the number of the database's session."""
    await shop.product("100", name)
    await shop.run("1040")
    return (await shop.sessions(database=database))[0].session


async def report(shop, *reports, rules=STRICT):
    def unit(db):
        for single in reports:
            sessions.report(db, single, rules, shop.clock())

    await shop.work(unit)


async def find(shop, number):
    return await shop.read(sessions.find, number)


async def test_session_goes_from_available_to_applied_with_its_times(shop):
    number = await one(shop, "Milk")
    await report(
        shop,
        told(number, "Requested", 10),
        told(number, "Downloaded", 20),
        told(number, "Applied", 30, rows=2, size=500),
    )
    session = await find(shop, number)
    assert session.status is DownloadStatus.APPLIED
    assert (session.requested_ms, session.downloaded_ms, session.applied_ms) == (10, 20, 30)
    assert (session.rows, session.size) == (2, 500)


REPORTS = (
    told(1, "Requested", 10),
    told(1, "Download failed", 20, message="line cut"),
    told(1, "Requested", 30),
    told(1, "Downloaded", 40),
    told(1, "Applied", 50, rows=2, size=9),
)


async def test_reports_in_every_order_and_doubled_end_the_same(shop):
    number = await one(shop, "Milk")
    named = [SessionReport(session=number, status=r.status, at_ms=r.at_ms, rows=r.rows) for r in REPORTS]
    for order in itertools.permutations(named):
        await shop.work(lambda db: db.execute("delete from session_try"))
        await shop.work(
            lambda db: db.execute(
                "update download_session set status = 'Available', tries = 0, reported_ms = 0, message = ''"
                " where session = $1",
                {"1": number},
            )
        )
        await report(shop, *order, *order)
        session = await find(shop, number)
        assert session.status is DownloadStatus.APPLIED, order
        assert session.tries <= 1


async def test_same_failure_told_twice_counts_one_try(shop):
    number = await one(shop, "Milk")
    failure = told(number, "Download failed", 10, message="line cut")
    await report(shop, failure, failure, failure)
    session = await find(shop, number)
    assert (session.tries, session.status, session.message) == (1, "Download failed", "line cut")


async def test_failed_session_is_available_again_after_a_growing_pause(shop):
    number = await one(shop, "Milk")
    for try_number, wait_s in ((1, 5), (2, 30)):
        await report(shop, told(number, "Apply failed", try_number * 100, message="disk full"))
        shop.clock.pass_s(wait_s - 0.001)
        assert await shop.work(sessions.retry_due, shop.clock()) == 0
        shop.clock.pass_s(0.001)
        assert await shop.work(sessions.retry_due, shop.clock()) == 1
        session = await find(shop, number)
        assert (session.status, session.tries) == ("Available", try_number)


async def fail_three_times(shop, number, rules):
    for at_ms in (1_000, 2_000, 3_000):
        await report(shop, told(number, "Apply failed", at_ms, message="disk full"), rules=rules)


async def test_third_failure_suspends_under_strict_order_and_those_behind_wait(shop):
    number = await one(shop, "Milk")
    behind = await one(shop, "Milk 2 l")
    await fail_three_times(shop, number, STRICT)
    session = await find(shop, number)
    assert (session.status, session.tries) == ("Suspended", 3)
    assert session.message == "Tried 3 times: disk full"
    assert (await find(shop, behind)).status is DownloadStatus.AVAILABLE
    assert not any(entry.canceled for entry in await shop.packages())
    # Nothing moves it by itself.
    shop.clock.pass_s(10_000)
    assert await shop.work(sessions.retry_due, shop.clock()) == 0
    await report(shop, told(number, "Requested", 9_000), told(number, "Apply failed", 9_100))
    assert (await find(shop, number)).status is DownloadStatus.SUSPENDED


async def test_a_failure_that_counts_no_try_is_tried_on_and_on(shop):
    number = await one(shop, "Milk")
    for at in range(10, 60, 10):
        await report(shop, told(number, "Download failed", at, message="the disk is full", counts_try=False))
        session = await find(shop, number)
        assert (session.status, session.tries) == (DownloadStatus.DOWNLOAD_FAILED, 0)
        assert session.message == "the disk is full"
        shop.clock.pass_s(6)
        assert await shop.work(sessions.retry_due, shop.clock()) == 1
        assert (await find(shop, number)).status is DownloadStatus.AVAILABLE
    await report(shop, *(told(number, "Download failed", at) for at in (100, 110, 120)))
    assert (await find(shop, number)).status is DownloadStatus.SUSPENDED


async def test_third_failure_cancels_without_strict_order_and_a_later_full_leads_past(shop):
    first = await one(shop, "Milk")
    await report(shop, told(first, "Applied", 1))
    await report(shop, told((await shop.sessions(database="S0001"))[0].session, "Applied", 1))
    bad = await one(shop, "Milk 2 l")
    await fail_three_times(shop, bad, LOOSE)
    assert (await find(shop, bad)).status is DownloadStatus.CANCELED
    await one(shop, "Milk 3 l")
    listed = await shop.packages()
    newest = max(entry.package_seq for entry in listed)
    assert {entry.kind for entry in listed if entry.package_seq == newest} == {"delta", "full"}
    register = Database(shop.folder, shop.hq.secrets.root_public)
    register.seq = 1  # what it applied before
    usable = [entry for entry in listed if entry.package_seq != (await find(shop, bad)).package_seq]
    assert [entry.kind for entry in register.follow(usable)] == ["full"]
    assert register.rows["item"]["100"][1] == "Milk 3 l"
    # Once is enough: the next package is a delta for everybody.
    await report(shop, told((await shop.sessions(database=REGISTER))[0].session, "Applied", 5))
    await one(shop, "Milk 4 l")
    newest = max(entry.package_seq for entry in await shop.packages())
    assert {e.kind for e in await shop.packages() if e.package_seq == newest} == {"delta"}


async def test_canceled_by_everybody_takes_the_package_out_of_use(shop):
    await one(shop, "Milk")
    await one(shop, "Milk 2 l")
    listed = await shop.sessions()
    seq = listed[0].package_seq
    for session in listed:
        if session.package_seq == seq:
            await shop.work(sessions.cancel, session.session)
    assert [entry.canceled for entry in await shop.packages() if entry.package_seq == seq] == [True]
    fresh = Database(shop.folder, shop.hq.secrets.root_public)
    fresh.follow(await shop.packages())
    assert fresh.rows["item"]["100"][1] == "Milk"
    await one(shop, "Milk 3 l")
    chain = packages.chain_of(await shop.packages())
    assert chain.is_sound
    fresh.follow(await shop.packages())
    assert fresh.rows["item"]["100"][1] == "Milk 3 l"


async def test_rerun_brings_a_suspended_session_back_with_new_tries(shop):
    number = await one(shop, "Milk")
    await fail_three_times(shop, number, STRICT)
    await shop.work(sessions.rerun, number, shop.clock())
    session = await find(shop, number)
    assert (session.status, session.tries, session.message) == ("Available", 0, "")
    await report(shop, told(number, "Apply failed", 4_000, message="again"))
    assert (await find(shop, number)).tries == 1


async def test_rerun_of_a_canceled_package_brings_it_back_into_use(shop):
    await one(shop, "Milk")
    numbers = [session.session for session in await shop.sessions()]
    for number in numbers:
        await shop.work(sessions.cancel, number)
    assert all(entry.canceled for entry in await shop.packages())
    await shop.work(sessions.rerun, numbers[0], shop.clock())
    assert not any(entry.canceled for entry in await shop.packages())


async def test_applied_session_can_be_neither_canceled_nor_rerun(shop):
    number = await one(shop, "Milk")
    await report(shop, told(number, "Applied", 1))
    for ask in (lambda db: sessions.cancel(db, number), lambda db: sessions.rerun(db, number, 5)):
        with pytest.raises(SessionRefused, match="Applied cannot be"):
            await shop.work(ask)


async def test_unknown_session_is_ignored_in_reports_and_none_for_operators(shop):
    await report(shop, told(4711, "Applied", 1))
    assert await shop.work(sessions.cancel, 4711) is None
    assert await shop.work(sessions.rerun, 4711, 1) is None


async def test_report_may_name_the_session_by_database_and_package(shop):
    number = await one(shop, "Milk")
    seq = (await find(shop, number)).package_seq
    await report(shop, told(0, "Applied", 7, database=REGISTER, package_seq=seq))
    assert (await find(shop, number)).status is DownloadStatus.APPLIED


async def test_applied_settles_the_sessions_before_it_of_the_same_database(shop):
    first = await one(shop, "Milk")
    second = await one(shop, "Milk 2 l")
    await report(shop, told(second, "Applied", 7))
    session = await find(shop, first)
    assert (session.status, session.message) == ("Applied", "Came with package 2.")
    assert {s.status for s in await shop.sessions(database="S0001")} == {"Available"}


async def test_applied_after_all_counts_though_it_was_canceled(shop):
    await one(shop, "Milk")
    numbers = [session.session for session in await shop.sessions()]
    for number in numbers:
        await shop.work(sessions.cancel, number)
    await report(shop, told(numbers[0], "Applied", 9))
    assert (await find(shop, numbers[0])).status is DownloadStatus.APPLIED
    assert not any(entry.canceled for entry in await shop.packages())


async def test_old_finished_sessions_are_forgotten_and_open_ones_stay(shop):
    first = await one(shop, "Milk")
    await report(shop, told(first, "Applied", 1), told(first, "Apply failed", 2))
    shop.clock.pass_s(40 * 86_400)
    await shop.work(sessions.forget_old, shop.clock())
    assert [s.database for s in await shop.sessions()] == ["S0001"]
    assert await shop.read(lambda db: db.execute("select count(*) from session_try").fetchone()[0]) == 0


async def test_rules_are_parameters_and_nonsense_counts_as_not_set(world):
    assert await world.read(read_rules) == Rules(strict_order=True, try_count=3)
    await world.put("parameter", "scheduler.strict_order", Parameter(value="no"))
    await world.put("parameter", "scheduler.try_count", Parameter(value="5"))
    assert await world.read(read_rules) == Rules(strict_order=False, try_count=5)
    for nonsense in ("0", "99", "many", "-1", "²"):
        await world.put("parameter", "scheduler.try_count", Parameter(value=nonsense))
        assert (await world.read(read_rules)).try_count == 3


# ---- up


async def test_store_never_has_two_open_rounds(world):
    first = await world.work(uploads.ask, "S0001", 1)
    assert (await world.work(uploads.ask, "S0001", 2)).session == first.session
    await world.work(uploads.report, told(first.session, "Uploaded", 5, rows=3, size=70), STRICT, 5)
    second = await world.work(uploads.ask, "S0001", 9)
    assert second.session > first.session
    done = await world.read(uploads.find, first.session)
    assert (done.status, done.rows, done.size) == ("Uploaded", 3, 70)


async def test_round_that_failed_three_times_is_given_up_and_the_next_asks_again(world):
    first = await world.work(uploads.ask, "S0001", 1)
    for at_ms in (10, 20, 30):
        failure = told(first.session, "Upload failed", at_ms, message="busy")
        for _ in range(2):
            await world.work(uploads.report, failure, STRICT, at_ms)
        await world.work(uploads.retry_due, at_ms + 200_000)
    done = await world.read(uploads.find, first.session)
    assert (done.status, done.tries, done.message) == ("Canceled", 3, "Tried 3 times: busy")
    assert (await world.work(uploads.ask, "S0001", 99)).session > first.session


async def test_late_failure_does_not_undo_a_delivered_round(world):
    first = await world.work(uploads.ask, "S0001", 1)
    await world.work(uploads.report, told(first.session, "Uploaded", 5), STRICT, 5)
    await world.work(uploads.report, told(first.session, "Upload failed", 4), STRICT, 6)
    assert (await world.read(uploads.find, first.session)).status is UploadStatus.UPLOADED


async def test_round_is_applied_when_everything_is_booked_and_empty_ones_do_not_pile_up(world):
    for number in range(4):
        asked = await world.work(uploads.ask, "S0001", number)
        await world.work(uploads.report, told(asked.session, "Uploaded", 5, rows=0), STRICT, 5)
        session = await world.read(uploads.find, asked.session)
        await world.work(uploads.posted, session, 9)
    assert [one.status for one in await world.read(lambda db: uploads.listed(db))] == ["Applied"]


async def test_round_whose_records_went_into_quarantine_says_which(world):
    asked = await world.work(uploads.ask, "S0001", 1)
    await world.work(uploads.report, told(asked.session, "Uploaded", 5, rows=1), STRICT, 5)
    session = await world.read(uploads.find, asked.session)
    await world.work(uploads.posted, session, 9, "In quarantine: S0001-R01-E1 record 4 (unknown kind).")
    failed = await world.read(uploads.find, asked.session)
    assert failed.status is UploadStatus.APPLY_FAILED
    assert "record 4" in failed.message
    await world.work(uploads.posted, failed, 10)
    assert (await world.read(uploads.find, asked.session)).status is UploadStatus.APPLIED


async def test_operator_cancels_and_reruns_a_round(world):
    asked = await world.work(uploads.ask, "S0001", 1)
    assert (await world.work(uploads.cancel, asked.session)).status is UploadStatus.CANCELED
    assert (await world.work(uploads.rerun, asked.session)).status is UploadStatus.AVAILABLE
    assert await world.work(uploads.cancel, 99) is None
    assert await world.work(uploads.rerun, 99) is None
    await world.work(uploads.forget_old, 10**15)
    assert await world.read(uploads.find, asked.session) is not None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["Requested", "Downloaded", "Applied", "Download failed", "Apply failed", "Nonsense"]
            ),
            st.integers(0, 9),
        ),
        max_size=12,
    )
)
def test_once_applied_a_session_stays_applied_whatever_comes(told_before):
    from store.headquarters.distribution.session_states import DOWN_REPORTS, step_download

    status = DownloadStatus.AVAILABLE
    seen_applied = False
    for word, _ in told_before:
        event = DOWN_REPORTS.get(word)
        if event is None:
            continue
        status = step_download(status, event)
        seen_applied |= word == "Applied"
        assert (status is DownloadStatus.APPLIED) is seen_applied
