"""A job run that is cut off at any of its steps leaves no package or a whole one; so does a killed process."""

import contextlib
import multiprocessing
import os
import signal
import time

import msgspec
import pytest

from hq_scheduler import Clock, Database, Here, open_world
from store.headquarters.scheduler import build as building
from store.headquarters.scheduler import runner as running
from store.headquarters.scheduler import sessions
from store.headquarters.scheduler.build import build


class PowerCut(BaseException):
    """The process ends here."""


STEPS = (
    "open",
    "compare item",
    "compare barcode",
    "compare department",
    "write item",
    "sign",
    "commit the group's file",
    "committed",
)
UNITS = ("_begin", "_write_down")


def cut_at(wanted, times=1):
    left = [times]

    def step(name):
        if name == wanted and left[0]:
            left[0] -= 1
            raise PowerCut(name)

    return step


class CutWorker(Here):
    """Ends the process at a step of the build."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    async def run(self, fn, *args):
        return fn(*args, self.step) if fn is build else fn(*args)


async def prepared(home, clock):
    async with open_world(home, clock=clock) as world:
        await world.store()
        await world.register()
        await world.product("100", "Milk", price=1)
        await world.product("200", "Bread", price=2)
        await world.run("1040")
        await world.product("100", "Milk 2 l", price=3)
        await world.remove("product", "200")
        await world.product("300", "Tea", price=4)


async def settled(home, clock):
    """Start headquarters again, run the job again, and look at all that follows."""
    async with open_world(home, clock=clock) as world:
        await world.runner.recover()
        assert await world.read(sessions.started) == []
        await world.run("1040")
        listed = await world.packages()
        channel, register = (Database(world.folder, world.hq.secrets.root_public) for _ in range(2))
        channel.follow([entry for entry in listed if entry.package_seq == 1])
        channel.follow(listed)
        register.follow(listed)
        for database in (channel, register):
            assert {key: row[1] for key, row in database.rows["item"].items()} == {
                "100": "Milk 2 l",
                "300": "Tea",
            }
        newest = max(entry.package_seq for entry in listed)
        for name in ("S0001", "S0001-R01"):
            offered = [one.package_seq for one in await world.sessions(database=name, status="Available")]
            assert sorted(offered) == sorted({entry.package_seq for entry in listed})
            assert newest in offered
        return len({entry.package_seq for entry in listed})


@pytest.mark.parametrize("step", STEPS)
async def test_power_cut_at_a_step_of_the_build_leaves_none_or_all(tmp_path, step):
    clock = Clock()
    await prepared(tmp_path, clock)
    with pytest.raises(PowerCut):
        async with open_world(tmp_path, clock=clock, worker=CutWorker(cut_at(step))) as world:
            await world.run("1040")
    assert await settled(tmp_path, clock) == 2


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_power_cut_around_a_unit_of_headquarters_leaves_none_or_all(
    tmp_path, monkeypatch, unit, moment
):
    clock = Clock()
    await prepared(tmp_path, clock)
    original = getattr(running, unit)
    with pytest.raises(PowerCut):
        async with open_world(tmp_path, clock=clock) as world:
            work = world.hq.channel.work

            async def cut(fn, *args):
                if fn is original and moment == "before":
                    raise PowerCut(unit)
                done = await work(fn, *args)
                if fn is original:
                    raise PowerCut(unit)
                return done

            monkeypatch.setattr(world.hq.channel, "work", cut)
            await world.run("1040")
    assert await settled(tmp_path, clock) == 2


async def test_steps_that_are_cut_are_all_the_steps_there_are(tmp_path):
    await prepared(tmp_path, Clock())
    seen = []
    async with open_world(tmp_path, worker=CutWorker(seen.append)) as world:
        await world.run("1040")
    assert tuple(dict.fromkeys(seen)) == STEPS


async def test_left_over_package_is_completed_by_the_next_run_without_a_restart(tmp_path):
    """The unit that tells headquarters' database fails (disk full), and the next run finds the file ahead."""
    clock = Clock()
    await prepared(tmp_path, clock)
    async with open_world(tmp_path, clock=clock) as world:
        work = world.hq.channel.work

        async def fail_once(fn, *args):
            if fn is running._write_down:
                world.hq.channel.work = work
                raise OSError(28, "No space left on device")
            return await work(fn, *args)

        world.hq.channel.work = fail_once
        [result] = await world.run("1040")
        assert result.status == "Create failed"
        await world.product("400", "Salt")
        [result] = await world.run("1040")
        assert (result.kind, result.rows) == ("delta", 1)
        database = Database(world.folder, world.hq.secrets.root_public)
        database.follow(await world.packages())
        assert set(database.rows["item"]) == {"100", "300", "400"}
        assert [entry.package_seq for entry in await world.packages()] == sorted(
            {entry.package_seq for entry in await world.packages()}
        )


async def test_headquarters_database_from_a_backup_goes_on_behind_the_group_file(tmp_path):
    """hq.db is older than the packages folder: what was sent is told again, and numbers go on."""
    clock = Clock()
    home = tmp_path / "HQ"
    await prepared(home, clock)
    backup = (home / "hq.db").read_bytes()
    async with open_world(home, clock=clock) as world:
        await world.run("1040")
        await world.product("100", "Milk 3 l")
        await world.product("500", "Never heard of again")
        await world.run("1040")
    (home / "hq.db").write_bytes(backup)
    async with open_world(home, clock=clock) as world:
        await world.runner.recover()
        assert [entry.package_seq for entry in await world.packages()][-1] == 3
        await world.product("600", "New after the backup")
        [result] = await world.run("1040")
        assert result.package_seq > 3
        fresh = Database(world.folder, world.hq.secrets.root_public)
        fresh.follow(await world.packages())
        # What this headquarters says now, whatever was sent in the life that was lost.
        assert {key: row[1] for key, row in fresh.rows["item"].items()} == {
            "100": "Milk 2 l",
            "300": "Tea",
            "600": "New after the backup",
        }
        await world.product("600", "Looked at by its change again")
        assert (await world.run("1040"))[0].rows == 1


async def test_full_form_that_cannot_be_made_is_made_later(tmp_path):
    clock = Clock()
    await prepared(tmp_path, clock)
    worker = Here()

    def refuse(fn, _args):
        if fn is building.build_full_form:
            raise OSError(28, "No space left on device")

    async with open_world(tmp_path, clock=clock, worker=worker) as world:
        worker.before = refuse
        for number in range(22):
            await world.product("100", f"Milk {number}")
            await world.run("1040")
        assert {entry.kind for entry in await world.packages() if entry.package_seq > 1} == {"delta"}
        worker.before = None
        await world.product("100", "Milk at last")
        await world.run("1040")
        assert [entry.kind for entry in await world.packages()][-1] == "full"


async def test_tidying_that_fails_leaves_files_and_no_harm(tmp_path):
    clock = Clock()
    await prepared(tmp_path, clock)
    worker = Here()

    def refuse(fn, _args):
        if fn is building.tidy:
            raise OSError(5, "Input/output error")

    async with open_world(tmp_path, clock=clock, worker=worker) as world:
        worker.before = refuse
        for number in range(45):
            await world.product("100", f"Milk {number}")
            await world.run("1040")
        assert len(world.folder.headers()) > len(await world.packages())


def _run_and_die(home, step, ready):
    """In a process of its own: run a job and be killed at a step of it."""
    import asyncio

    def die(name):
        if name == step:
            ready.set()
            time.sleep(60)

    async def main():
        async with open_world(home, worker=CutWorker(die)) as world:
            await world.run("1040")

    asyncio.run(main())


@pytest.mark.parametrize("step", ["write item", "commit the group's file", "committed"])
async def test_killed_process_leaves_none_or_all(tmp_path, step):
    clock = Clock()
    await prepared(tmp_path, clock)
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    process = spawn.Process(target=_run_and_die, args=(tmp_path, step, ready))
    process.start()
    try:
        assert ready.wait(30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.join()
    assert await settled(tmp_path, clock) == 2


async def test_group_file_that_cannot_be_looked_at_stops_no_start(tmp_path):
    clock, worker = Clock(), Here()
    await prepared(tmp_path, clock)

    def refuse(fn, _args):
        if fn is building.left_over:
            raise OSError(5, "Input/output error")

    async with open_world(tmp_path, clock=clock, worker=worker) as world:
        worker.before = refuse
        await world.runner.recover()
        assert (await world.run("1040"))[0].status == "Available"


async def test_full_form_of_a_file_that_does_not_stand_there_is_refused(tmp_path):
    await prepared(tmp_path, Clock())
    async with open_world(tmp_path) as world:
        for path in (world.hq.packages / "groups").glob("*.db"):
            path.unlink()
        assert await world.runner.give_full("S0001")  # the newest is a full one: nothing to make
        order = world.runner._order_for(
            await world.read(running._standing, (await world.groups())["S0001"]), running.Order(jobs=()), 1
        )
        with pytest.raises(LookupError, match="stands at package 0"):
            building.build_full_form(order)
        assert building.left_over(msgspec.structs.replace(order, data_group="new")) == building.Built()


async def test_full_form_that_cannot_be_made_is_not_told_of(tmp_path):
    await prepared(tmp_path, Clock())
    async with open_world(tmp_path) as world:
        await world.product("100", "Milk 2 l")
        await world.run("1040")
        for path in (world.hq.packages / "groups").glob("*.db"):
            path.unlink()
        assert not await world.runner.give_full("S0001")
        await world.run("1040")  # the lost file is made anew, and a full package with it
        assert await world.runner.give_full("S0001")
