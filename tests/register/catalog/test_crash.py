"""A crash at every step of an apply, before and after the rename: the old complete catalog, or the new one."""

import asyncio
import itertools
import os
import signal
import sqlite3
import sys
from pathlib import Path

import msgspec
import pytest

from catalog_files import ROOT, History, apply_file, run_here, table_rows
from journal_world import START_MS
from store.exchange.package_header import write_header
from store.exchange.record import public_bytes
from store.register.catalog import keeper as keeper_module
from store.register.catalog.keeper import CatalogKeeper, CatalogRefused
from store.register.catalog.worker_run import run_worker

ROOT_KEY = public_bytes(ROOT)


def state(n):
    return {
        "item": [{"sku": f"{m}", "name": f"Thing {m} of {n}", "price": n} for m in range(3 + n)],
        "barcode": [{"gtin": f"{m:014d}", "sku": f"{m}"} for m in range(n)],
        "setting": [{"key": "n", "value": str(n)}],
    }


HISTORY = History(*map(state, range(1, 5)))


class Crash(BaseException):
    """The power goes: no handler of the program runs because of it."""


class Steps:
    """Counts everything that touches the disk and crashes at the n-th."""

    def __init__(self):
        self.left = None

    def taken(self):
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise Crash

    def around(self, fn):
        def step(*args, **kwargs):
            self.taken()
            return fn(*args, **kwargs)

        return step


@pytest.fixture
def steps(monkeypatch):
    counted = Steps()

    class CountingConnection(sqlite3.Connection):
        execute = counted.around(sqlite3.Connection.execute)
        executemany = counted.around(sqlite3.Connection.executemany)
        executescript = counted.around(sqlite3.Connection.executescript)

    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **kwargs: connect(*args, factory=CountingConnection, **kwargs)
    )
    monkeypatch.setattr(os, "fsync", counted.around(os.fsync))
    monkeypatch.setattr(Path, "replace", counted.around(Path.replace))
    monkeypatch.setattr(Path, "unlink", counted.around(Path.unlink))
    monkeypatch.setattr(keeper_module, "replace_file", counted.around(keeper_module.replace_file))
    return counted


def keeper_at(folder, run=run_here):
    keeper = CatalogKeeper(folder, lambda: START_MS, run=run)
    keeper.load()
    return keeper


def arrived(keeper, *packages):
    for package in packages:
        for name, data in package.chunks.items():
            keeper.chunks.put(name, data)
    return [write_header(package.header) for package in packages]


async def test_crash_at_every_step_leaves_a_complete_catalog_and_the_next_attempt_succeeds(tmp_path, steps):
    crashes = 0
    for n in itertools.count(1):
        folder = tmp_path / str(n)
        keeper = keeper_at(folder_made(folder))
        await keeper.apply(arrived(keeper, HISTORY.full(1)), ROOT_KEY)
        keeper.flip()
        headers = arrived(keeper, HISTORY.delta(2), HISTORY.delta(3))
        steps.left = n
        try:
            await keeper.apply(headers, ROOT_KEY)
            keeper.flip()
        except Crash:
            crashes += 1
        finished = steps.left > 0
        steps.left = None
        again = keeper_at(folder)
        assert again.active().package_seq in (1, 3)
        assert again.sentence == ""
        assert_is(again.active(), again.active().package_seq)
        if again.ready() is None and again.active().package_seq == 1:
            await again.apply(headers, ROOT_KEY)
        again.flip()
        assert_is(again.active(), 3)
        assert not list(folder.glob("*.new-*"))
        if finished:
            break
    assert crashes > 60


def folder_made(folder):
    folder.mkdir()
    return folder


def assert_is(version, seq):
    assert version.package_seq == seq
    assert table_rows(version.path)["setting"] == [("n", str(seq))]
    assert len(table_rows(version.path)["item"]) == 3 + seq


# ---- the process


async def test_worker_makes_the_catalog_and_tells_how_far_it_is(tmp_path):
    keeper = keeper_at(tmp_path, run_worker)
    said = []
    headers = arrived(keeper, HISTORY.full(1), HISTORY.delta(2))
    await keeper.apply(headers, ROOT_KEY, on_progress=lambda done, total: said.append((done, total)))
    assert said[:3] == [(4, 6), (5, 6), (6, 6)]
    keeper.flip()
    assert_is(keeper.active(), 2)


async def test_what_the_worker_refuses_comes_out_as_the_same_error(tmp_path):
    keeper = keeper_at(tmp_path, run_worker)
    await keeper.apply(arrived(keeper, HISTORY.full(1)), ROOT_KEY)
    headers = arrived(keeper, HISTORY.delta(2))
    entry = HISTORY.delta(2).manifest.parts[0].chunks[0]
    keeper.chunks.drop(entry.sha256)
    with pytest.raises(keeper_module.ChunkNeeded) as needed:
        await keeper.apply(headers, ROOT_KEY)
    assert needed.value.sha256 == entry.sha256
    half_there = {**state(1), "item": state(2)["item"][:1] + state(1)["item"][1:]}
    wrong = History(half_there, state(2)).delta(2)
    with pytest.raises(keeper_module.WrongBase, match="would not become"):
        await keeper.apply(arrived(keeper, wrong), ROOT_KEY)
    twice = [{"sku": sku, "name": "x", "plu": "5"} for sku in "ab"]
    contradiction = History({"item": twice}).full(1)
    with pytest.raises(CatalogRefused, match="contradicts itself"):
        await apply_file(keeper_at(folder_made(tmp_path / "other"), run_worker), contradiction, ROOT_KEY)
    assert keeper.ready().package_seq == 1


MANY = History(
    {
        "item": [{"sku": f"{n:07d}", "name": f"Thing number {n} of many"} for n in range(60_000)],
        "barcode": [{"gtin": f"{n:014d}", "sku": f"{n:07d}"} for n in range(60_000)],
    }
)


class Handle:
    """Where the worker's process is caught by its first word."""

    def __init__(self):
        self.pids = []
        self.spoke = asyncio.Event()

    def progress(self, done, total):
        self.spoke.set()

    def children(self):
        return [
            int(pid.name)
            for pid in Path("/proc").glob("[0-9]*")
            if f"PPid:\t{os.getpid()}\n" in read(pid / "status") and "catalog.worker" in read(pid / "cmdline")
        ]


def read(path):
    try:
        return path.read_text()
    except OSError:
        return ""


@pytest.fixture
async def working(tmp_path):
    """A keeper with catalog 1 in use whose worker is in the middle of a large package 2."""
    keeper = keeper_at(tmp_path, run_worker)
    await keeper.apply(arrived(keeper, HISTORY.full(1)), ROOT_KEY)
    keeper.flip()
    handle = Handle()
    large = History({}, MANY.states[0]).full(2)
    task = asyncio.create_task(
        keeper.apply(arrived(keeper, large), ROOT_KEY, on_progress=handle.progress), name="apply"
    )
    async with asyncio.timeout(60):
        await handle.spoke.wait()
    return keeper, task, handle


async def test_killed_worker_leaves_the_old_catalog_and_is_a_sentence(tmp_path, working, caplog):
    keeper, task, handle = working
    (pid,) = handle.children()
    assert os.getpriority(os.PRIO_PROCESS, pid) >= 10
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(CatalogRefused, match="died; the old catalog stays"):
        await task
    assert "catalog worker died" in caplog.text
    assert (keeper.active().package_seq, keeper.ready(), keeper.highest) == (1, None, 1)
    assert not list(tmp_path.glob("*.new-*"))


async def test_cancelled_apply_kills_the_worker_and_leaves_nothing(tmp_path, working):
    keeper, task, handle = working
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert handle.children() == []
    assert not list(tmp_path.glob("*.new-*"))
    assert (keeper.active().package_seq, keeper.ready()) == (1, None)
    await keeper.apply(arrived(keeper, HISTORY.delta(2)), ROOT_KEY)
    assert keeper.ready().package_seq == 2


async def test_event_loop_is_free_while_the_worker_works(working):
    _, task, _ = working
    longest_s, loop = 0.0, asyncio.get_running_loop()
    while not task.done():
        begin_s = loop.time()
        await asyncio.sleep(0.005)
        longest_s = max(longest_s, loop.time() - begin_s - 0.005)
    assert (await task).rows == 120_000
    assert longest_s < 0.5, "the apply holds up everything else"


async def test_worker_that_is_no_worker_is_a_sentence(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(
        "store.register.catalog.worker_run._COMMAND", ("-c", "print('{}'); raise SystemExit(3)")
    )
    keeper = keeper_at(tmp_path, run_worker)
    with pytest.raises(CatalogRefused, match="died"):
        await keeper.apply(arrived(keeper, HISTORY.full(1)), ROOT_KEY)
    assert "said something unknown" in caplog.text
    assert keeper.ready() is None


async def test_worker_whose_core_is_gone_ends_by_itself(tmp_path):
    keeper = keeper_at(tmp_path, run_here)
    headers = arrived(keeper, MANY.full(1))
    order, _ = keeper._order(headers, ROOT_KEY, True)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "store.register.catalog.worker",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    process.stdin.write(msgspec.json.encode(order))
    process.stdin.close()
    await process.stdout.readline()
    process.stdout._transport.close()
    async with asyncio.timeout(60):
        assert await process.wait() == 1
    await process.stderr.read()
