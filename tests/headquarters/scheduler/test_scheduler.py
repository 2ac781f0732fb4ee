"""The scheduler by its clock: due schedules, retries, rounds up, new databases, a clock that jumps."""

import asyncio

import pytest

from hq_scheduler import told
from store.headquarters.nouns.scheduling import ScheduleRow
from store.headquarters.scheduler import schedules, sessions, uploads
from store.headquarters.setup_rows import get_row

MINUTE_S = 60


async def tick(world):
    """A second passes, and everything it brings about is done."""
    await world.scheduler.look()
    await world.scheduler.do_all()


def tasks_of(world):
    return asyncio.gather(*(run() for run in world.part.tasks.values()))


async def test_default_schedules_are_there_once_and_removed_ones_stay_away(world):
    found = {one.name for one in await world.read(schedules.read_schedules)}
    assert {"1010", "1040", "9999", "P-0001"} <= found
    await world.remove("schedule", "1010")
    await world.work(schedules.seed, world.clock())
    assert (await world.read(get_row, "schedule", "1010")).removed


async def test_schedule_that_is_due_runs_by_itself_and_then_waits(shop):
    await shop.put("schedule", "products", ScheduleRow(jobs=("1040",), every_minutes=10))
    await tick(shop)
    assert await shop.packages() == []
    shop.clock.pass_s(10 * MINUTE_S)
    await tick(shop)
    assert [entry.job for entry in await shop.packages()] == ["1040"]
    await shop.product("100", "Milk 2 l")
    shop.clock.pass_s(9 * MINUTE_S)
    await tick(shop)
    assert len(await shop.packages()) == 1
    shop.clock.pass_s(MINUTE_S)
    await tick(shop)
    assert len(await shop.packages()) == 2


async def test_inactive_schedule_runs_by_run_now_only(shop):
    await shop.put("schedule", "products", ScheduleRow(jobs=("1040",), every_minutes=1, active=False))
    shop.clock.pass_s(1000 * MINUTE_S)
    await tick(shop)
    assert await shop.packages() == []
    [schedule] = [one for one in await shop.read(schedules.read_schedules) if one.name == "products"]
    [result] = await shop.scheduler.run_schedule(schedule)
    assert result.status == "Available"


async def test_schedule_for_a_group_runs_there_only_and_full_sends_everything(shop):
    await shop.store("S0002")
    row = ScheduleRow(jobs=("1040",), data_groups=("S0002",), full=True, every_minutes=5)
    await shop.put("schedule", "second store", row)
    for _ in range(2):
        shop.clock.pass_s(5 * MINUTE_S)
        await tick(shop)
    assert await shop.packages("S0001") == []
    assert len(await shop.sessions(database="S0002")) == 2
    # The second full leaves no use for the first.
    assert [(entry.kind, entry.package_seq) for entry in await shop.packages("S0002")] == [("full", 2)]


async def test_clock_that_jumps_a_year_forward_causes_one_run(shop):
    await shop.put("schedule", "products", ScheduleRow(jobs=("1040",), every_minutes=10))
    shop.clock.pass_s(365 * 86_400)
    for _ in range(3):
        await shop.product("100", f"Milk {shop.clock()}")
        await tick(shop)
    assert len(await shop.packages()) == 1


async def test_clock_that_is_put_back_lets_no_schedule_sleep(shop):
    await shop.put("schedule", "products", ScheduleRow(jobs=("1040",), every_minutes=10))
    right = shop.clock()
    shop.clock.pass_s(10 * 365 * 86_400)
    await tick(shop)
    assert len(await shop.packages()) == 1
    shop.clock.now_ms = right
    await shop.product("100", "Milk 2 l")
    await tick(shop)
    assert len(await shop.packages()) == 1
    shop.clock.pass_s(10 * MINUTE_S)
    await tick(shop)
    assert len(await shop.packages()) == 2


async def test_p_0001_asks_each_store_every_minute_but_never_twice(shop):
    await shop.store("S0002")
    for _ in range(3):
        shop.clock.pass_s(MINUTE_S)
        await tick(shop)
    rounds = await shop.read(lambda db: uploads.listed(db))
    assert sorted((one.store, one.status) for one in rounds) == [
        ("S0001", "Available"),
        ("S0002", "Available"),
    ]


async def test_failed_session_is_offered_again_by_the_clock(shop):
    await shop.run("1040")
    number = (await shop.sessions(database="S0001"))[0].session
    await shop.work(sessions.report, told(number, "Apply failed", 5), sessions.Rules(), shop.clock())
    await tick(shop)
    assert (await shop.read(sessions.find, number)).status == "Apply failed"
    shop.clock.pass_s(5)
    await tick(shop)
    assert (await shop.read(sessions.find, number)).status == "Available"


async def test_new_register_is_offered_packages_at_the_next_tick(shop):
    await shop.run("1040")
    await shop.register("S0001-R02")
    shop.scheduler.changed(frozenset({"register", "channel-database"}))
    await tick(shop)
    assert [one.package_seq for one in await shop.sessions(database="S0001-R02")] == [1]


async def test_task_wakes_for_a_change_and_ends_when_it_is_cancelled(shop):
    await shop.run("1040")
    task = tasks_of(shop)
    try:
        await asyncio.sleep(0.05)
        await shop.register("S0001-R02")
        shop.scheduler.changed(frozenset({"channel-database"}))
        async with asyncio.timeout(5):
            while not await shop.sessions(database="S0001-R02"):
                await asyncio.sleep(0.02)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert task.done()


async def test_task_looks_at_the_clock_again_and_again(shop):
    await shop.put("schedule", "products", ScheduleRow(jobs=("1040",), every_minutes=10))
    task = tasks_of(shop)
    try:
        await asyncio.sleep(0.05)
        shop.clock.pass_s(10 * MINUTE_S)
        async with asyncio.timeout(10):
            while not await shop.packages():
                await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_clock_goes_on_while_a_run_takes_its_time(shop):
    """P-0001 and retries do not wait for a package of a million rows."""
    await shop.put("schedule", "products", ScheduleRow(jobs=("1040",), every_minutes=1))
    at_work, go_on = asyncio.Event(), asyncio.Event()
    run = shop.worker.run

    async def slowly(fn, *args):
        at_work.set()
        await go_on.wait()
        return await run(fn, *args)

    shop.worker.run = slowly
    shop.clock.pass_s(MINUTE_S)
    await shop.scheduler.look()
    working = asyncio.create_task(shop.scheduler.do_all())
    await at_work.wait()
    shop.clock.pass_s(MINUTE_S)
    await shop.scheduler.look()  # due again, and running: not twice
    assert len(await shop.read(lambda db: uploads.listed(db))) == 1
    go_on.set()
    await working
    assert len(await shop.packages()) == 1
    assert [one.status for one in await shop.sessions(database="S0001")] == ["Available"]


async def test_schedule_that_a_power_cut_took_is_due_again(shop):
    await shop.put("schedule", "products", ScheduleRow(jobs=("1040",), every_minutes=10))
    shop.clock.pass_s(10 * MINUTE_S)

    class PowerCut(BaseException):
        pass

    def cut(_fn, _args):
        raise PowerCut

    shop.worker.before = cut
    await shop.scheduler.look()
    with pytest.raises(PowerCut):
        await shop.scheduler.do_all()
    shop.worker.before = None
    await tick(shop)
    assert len(await shop.packages()) == 1
