"""The process for job runs: it works beside the event loop, and is replaced when it is killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from hq_scheduler import Database, open_world
from store.headquarters.scheduler.worker import WorkerDied, WorkerProcess


async def test_job_run_in_a_process_of_its_own_makes_the_same_package(tmp_path):
    worker = WorkerProcess()
    async with open_world(tmp_path, worker=worker) as world:
        await worker.warm_up()
        [pid] = worker.pids
        assert pid != os.getpid()
        await world.store()
        await world.product("100", "Milk")
        [result] = await world.run("1040")
        assert (result.status, result.rows) == ("Available", 1)
        database = Database(world.folder, world.hq.secrets.root_public)
        database.follow(await world.packages())
        assert set(database.rows["item"]) == {"100"}
    assert not psutil.pid_exists(pid)


async def test_killed_worker_fails_the_run_and_the_next_one_gets_a_new_process(tmp_path):
    worker = WorkerProcess()
    async with open_world(tmp_path, worker=worker) as world:
        await worker.warm_up()
        await world.store()
        await world.product("100", "Milk")
        task = asyncio.create_task(worker.run(time.sleep, 60))
        await asyncio.sleep(0.1)
        os.kill(worker.pids[0], signal.SIGKILL)
        with pytest.raises(WorkerDied, match="run the job again"):
            await task
        [result] = await world.run("1040")
        assert result.status == "Available"


async def test_worker_ends_at_once_in_the_middle_of_its_work():
    worker = WorkerProcess()
    await worker.warm_up()
    [pid] = worker.pids
    task = asyncio.create_task(worker.run(time.sleep, 60))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    await worker.close()
    assert time.monotonic() - began < 5
    assert not psutil.pid_exists(pid)
    await asyncio.gather(task, return_exceptions=True)
    await worker.close()


ORPHAN = """
import asyncio
from store.headquarters.scheduler.worker import WorkerProcess

async def main():
    worker = WorkerProcess()
    await worker.warm_up()
    print(worker.pids[0], flush=True)
    await asyncio.sleep(60)

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_worker_of_a_killed_headquarters_does_not_live_on(tmp_path):
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # Python's own tracker says there that it tidies up
        cwd=Path.cwd(),
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )
    try:
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the worker outlives its parent"
        time.sleep(0.05)
