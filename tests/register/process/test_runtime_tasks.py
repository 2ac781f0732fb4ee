"""Who may fail, who is started again, and what ends the core."""

import asyncio
import subprocess
import sys
import time

import pytest

from core_hand import Hand
from core_home import make_home
from store.register.control.probe import is_core_there
from store.register.process.tasks import BACK_OFF_LAST_S, HEALTHY_AFTER_S, CoreTasks


class FakeClock:
    """Time passes when somebody sleeps."""

    def __init__(self):
        self.now_s = 0.0
        self.pauses = []

    def monotonic_s(self):
        return self.now_s

    async def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)


@pytest.fixture
async def tasks():
    tasks = CoreTasks(FakeClock())
    yield tasks
    await tasks.close()


async def test_child_that_fails_is_started_again_after_a_growing_pause(tasks):
    starts = []

    async def child():
        starts.append(1)
        if len(starts) > 10:
            await asyncio.Event().wait()
        raise ValueError("a defect of the child")

    tasks.supervised(child, "child")
    while len(starts) < 11:
        await asyncio.sleep(0)
    pauses = tasks._clock.pauses
    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(pauses) == BACK_OFF_LAST_S
    assert not tasks.ended.is_set()


async def test_child_that_ran_well_for_long_starts_again_soon(tasks):
    runs = []

    async def child():
        runs.append(1)
        if len(runs) == 5:
            tasks._clock.now_s += HEALTHY_AFTER_S + 1
        if len(runs) == 6:
            await asyncio.Event().wait()

    tasks.supervised(child, "child")
    while len(runs) < 6:
        await asyncio.sleep(0)
    assert tasks._clock.pauses[-1] == 0.5


async def test_essential_task_that_fails_or_returns_ends_the_core(tasks):
    async def fails():
        raise OSError("the disk is gone")

    tasks.essential(fails(), "mailbox")
    await asyncio.wait_for(tasks.ended.wait(), 1)
    assert isinstance(tasks.failure, OSError)


async def test_essential_task_that_returns_ends_the_core(tasks):
    async def returns():
        return

    tasks.essential(returns(), "mailbox")
    await asyncio.wait_for(tasks.ended.wait(), 1)
    assert str(tasks.failure) == "mailbox ended by itself"


async def test_short_task_fails_by_itself(tasks):
    async def fails():
        raise ValueError

    tasks.short(fails(), "answer")
    await asyncio.sleep(0.01)
    assert not tasks.ended.is_set()


async def test_closing_ends_every_task_and_starts_none():
    tasks = CoreTasks(FakeClock())
    ended = []

    async def waits():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    tasks.essential(waits(), "mailbox")
    tasks.supervised(waits, "child")
    tasks.short(waits(), "answer")
    await asyncio.sleep(0)
    await tasks.close()
    assert ended == [1, 1, 1]
    assert not tasks.ended.is_set()
    tasks.short(waits(), "too late")
    await asyncio.sleep(0)
    assert ended == [1, 1, 1]


BROKEN_TILL = """
import sys
from store.register.session.session import Session
async def broken(self, batch):
    raise ZeroDivisionError("a defect of the till")
Session.handle = broken
from tui.command import main
sys.exit(main(["register", "--core", "--home", sys.argv[1]]))
"""


def test_till_that_breaks_ends_the_process_loudly_and_is_told_from_an_orderly_end(tmp_path):
    home = make_home(tmp_path / "till")
    core = subprocess.Popen([sys.executable, "-c", BROKEN_TILL, str(home.path)])
    end_s = time.monotonic() + 10
    while not is_core_there(home.socket):
        assert time.monotonic() < end_s
        time.sleep(0.01)
    with Hand(home) as hand:
        hand.send("enter", "101")
        assert hand.hear("bye") == {}, "no goodbye: whoever started the core starts it again"
    assert core.wait(10) == 70
    assert "mailbox ended, so the core ends" in home.log_file.read_text()
    assert not home.socket.exists()
