"""What operators type: jobs, schedules, sessions, servers."""

from types import SimpleNamespace

import pytest

from hq_scheduler import told
from store.exchange.package_header import read_header
from store.headquarters.errors import NotThere, Refused, WrongInput
from store.headquarters.nouns.scheduling import (
    DatabaseName,
    JobRun,
    JobSet,
    ScheduleRow,
    ScheduleRun,
    ServerName,
    SessionList,
    SessionNumber,
)
from store.headquarters.nouns.table import VERBS
from store.headquarters.nouns.till import Parameter
from store.headquarters.scheduler import sessions
from store.headquarters.scheduler.build import build
from store.headquarters.secrets import open_secrets


class Call(SimpleNamespace):
    """One request, without its socket."""

    async def read(self, fn, *args):
        return await self.hq.channel.read(fn, *args)

    async def work(self, fn, *args):
        return await self.hq.channel.work(fn, *args)


@pytest.fixture
def say(shop):
    """Say a verb: noun, verb, arguments."""

    async def run(noun, verb, arguments=None):
        return await shop.part.verbs[noun, verb](Call(hq=shop.hq), arguments)

    return run


def test_every_declared_verb_of_the_scheduler_has_a_handler(shop):
    nouns = {"job", "schedule", "session", "server", "package-key"}
    declared = {key for key in VERBS if key[0] in nouns} | {("channel-database", "sync")}
    assert set(shop.part.verbs) == declared


async def test_job_list_says_which_groups_wait_for_a_run(shop, say):
    before = {row["number"]: row for row in await say("job", "list")}
    assert before["1040"]["pending"] == ["S0001"]
    assert before["1010"]["pending"] == []
    await say("job", "run", JobRun(numbers=("1040",)))
    after = {row["number"]: row for row in await say("job", "list")}
    assert after["1040"]["pending"] == []
    await shop.product("100", "Milk 2 l")
    assert {row["number"]: row for row in await say("job", "list")}["1040"]["pending"] == ["S0001"]


async def test_job_run_answers_what_every_group_got(shop, say):
    done = await say("job", "run", JobRun(numbers=("1040",)))
    assert done.ok
    assert "S0001: package 1 (full) with 2 rows" in done.sentence
    await shop.remove("product", "200")
    done = await say("job", "run", JobRun(numbers=("1040",)))
    assert "package 2 (delta) with 0 rows, 1 removed" in done.sentence
    done = await say("job", "run", JobRun(numbers=("1040",)))
    assert done.sentence == "S0001: no data; every database has been sent the latest."
    done = await say("job", "run", JobRun(numbers=("1040",), full=True))
    assert done.runs[0].kind == "full"


async def test_job_run_that_fails_is_not_ok_and_says_why(shop, say):
    def refuse(fn, _args):
        if fn is build:
            raise OSError(28, "No space left on device")

    shop.worker.before = refuse
    done = await say("job", "run", JobRun(numbers=("1040",)))
    assert not done.ok
    assert "No space left on device" in done.sentence


async def test_job_run_without_databases_says_so(world):
    done = await world.part.verbs["job", "run"](Call(hq=world.hq), JobRun(numbers=("1040",)))
    assert done.ok
    assert "nobody to send to" in done.sentence


async def test_p_0001_is_run_by_its_number(say):
    done = await say("job", "run", JobRun(numbers=("P-0001",)))
    assert "S0001" in done.sentence
    [session] = await say("session", "list", SessionList(direction="up"))
    assert (session["status"], session["job"]) == ("Available", "P-0001")
    assert (await say("session", "show", SessionNumber(session=session["session"])))["direction"] == "up"
    done = await say("session", "cancel", SessionNumber(session=session["session"]))
    assert done["status"] == "Canceled"
    done = await say("session", "rerun", SessionNumber(session=session["session"]))
    assert done["status"] == "Available"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (JobRun(numbers=("4711",)), WrongInput),
        (JobRun(numbers=("P-0001", "1040")), WrongInput),
        (JobRun(numbers=("1040",), data_groups=("nowhere",)), NotThere),
    ],
)
async def test_impossible_run_is_refused(say, arguments, error):
    with pytest.raises(error):
        await say("job", "run", arguments)


async def test_job_is_excluded_whole_or_by_table_and_taken_back(say):
    await say("job", "set", JobSet(number="1040", exclude_offline=True, tables=("department",)))
    jobs = {row["number"]: row["excluded"] for row in await say("job", "list")}
    assert jobs["1040"] == ["department"]
    await say("job", "set", JobSet(number="1040", exclude_offline=True))
    jobs = {row["number"]: row["excluded"] for row in await say("job", "list")}
    assert jobs["1040"] == ["item", "barcode", "department"]
    done = await say("job", "set", JobSet(number="1040", exclude_offline=False))
    assert "get job 1040" in done["sentence"]
    jobs = {row["number"]: row["excluded"] for row in await say("job", "list")}
    assert jobs["1040"] == []


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (JobSet(number="1060", exclude_offline=True), Refused),
        (JobSet(number="4711", exclude_offline=True), NotThere),
        (JobSet(number="1040", exclude_offline=True, tables=("price",)), WrongInput),
    ],
)
async def test_impossible_exclusion_is_refused(say, arguments, error):
    with pytest.raises(error):
        await say("job", "set", arguments)


async def test_schedule_list_shows_last_and_next_run_and_what_is_pending(shop, say):
    await shop.put("schedule", "often", ScheduleRow(jobs=("1040",), every_minutes=10))
    row = {one["schedule"]: one for one in await say("schedule", "list")}["often"]
    assert (row["recurrence"], row["last_run"], row["pending"]) == ("every 10 min", "", True)
    assert row["next_run"].startswith("2026-09-21T14:23")
    done = await say("schedule", "run", ScheduleRun(schedule="often"))
    assert "package 1" in done.sentence
    row = {one["schedule"]: one for one in await say("schedule", "list")}["often"]
    assert row["last_run"].startswith("2026-09-21T14:13")
    assert row["pending"] is False


async def test_schedule_up_is_run_now(say):
    done = await say("schedule", "run", ScheduleRun(schedule="P-0001"))
    assert "servers are asked" in done.sentence


async def test_sessions_are_listed_canceled_and_rerun(shop, say):
    await say("job", "run", JobRun(numbers=("1040",)))
    listed = await say("session", "list", SessionList(database="S0001-R01"))
    [session] = listed
    assert (session["status"], session["job"], session["package_seq"]) == ("Available", "1040", 1)
    number = SessionNumber(session=session["session"])
    assert (await say("session", "cancel", number))["status"] == "Canceled"
    assert await say("session", "list", SessionList(database="S0001-R01", open=True)) == []
    assert (await say("session", "rerun", number))["sentence"].endswith("is Available again.")
    await shop.work(sessions.report, told(number.session, "Applied", 3), sessions.Rules(), 3)
    with pytest.raises(Refused, match="run its job again with --full"):
        await say("session", "rerun", number)
    for verb in ("show", "cancel", "rerun"):
        with pytest.raises(NotThere):
            await say("session", verb, SessionNumber(session=99))


async def test_servers_are_listed_accepted_and_removed(shop, say, server):
    [row] = await say("server", "list")
    assert (row["server"], row["accepted"]) == ("MAIN", True)
    assert "fetches and delivers" in (await say("server", "accept", ServerName(server="MAIN")))["sentence"]
    await say("server", "remove", ServerName(server="MAIN"))
    assert await say("server", "list") == []
    for verb in ("accept", "remove"):
        with pytest.raises(NotThere):
            await say("server", verb, ServerName(server="MAIN"))


async def test_full_sync_of_a_database_goes_to_its_group(shop, say):
    await shop.store("S0002")
    await say("job", "run", JobRun(numbers=("9999",)))
    done = await say("channel-database", "sync", DatabaseName(database="S0001-R01"))
    assert [(run.data_group, run.kind) for run in done.runs] == [("S0001", "full")]
    with pytest.raises(NotThere):
        await say("channel-database", "sync", DatabaseName(database="S0009"))


async def test_unknown_schedule_is_not_there(say):
    with pytest.raises(NotThere):
        await say("schedule", "run", ScheduleRun(schedule="nothing"))


async def test_rotated_key_signs_from_then_on_and_everybody_goes_on(shop, say, database):
    await say("job", "run", JobRun(numbers=("1040",)))
    database.follow(await shop.packages())
    before = await say("package-key", "show")
    after = await say("package-key", "rotate")
    assert before["key_id"] != after["key_id"] == (await say("package-key", "show"))["key_id"]
    await shop.product("100", "Milk 2 l")
    await say("job", "run", JobRun(numbers=("1040",)))
    signers = [
        read_header(shop.folder.header(entry.package_seq, entry.kind)).manifest.key_id
        for entry in await shop.packages()
    ]
    assert signers == [before["key_id"], after["key_id"]]
    database.follow(await shop.packages())
    assert database.rows["item"]["100"][1] == "Milk 2 l"
    assert open_secrets(shop.hq.home, allow_insecure=True).package_key.private_bytes_raw() == (
        shop.hq.secrets.package_key.private_bytes_raw()
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("scheduler.try_count", "99", "a whole number from 1 to 20, not '99'"),
        ("scheduler.try_count", "many", "from 1 to 20"),
        ("scheduler.strict_order", "maybe", "is yes or no"),
        ("scheduler.nonsense", "1", "There are scheduler.strict_order, scheduler.try_count"),
    ],
)
def test_a_parameter_of_the_scheduler_that_would_do_nothing_is_refused(shop, name, value, words):
    [check] = shop.part.rules["parameter"]
    with pytest.raises(WrongInput, match=words):
        check(None, SimpleNamespace(key=name, new=Parameter(value=value)), None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scheduler.try_count", "20"),
        ("scheduler.strict_order", "No"),
        ("anything.else", "x"),
        ("scheduler.old", None),
    ],
)
def test_other_parameters_pass(shop, name, value):
    [check] = shop.part.rules["parameter"]
    check(None, SimpleNamespace(key=name, new=None if value is None else Parameter(value=value)), None)
