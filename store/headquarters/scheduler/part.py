"""How the scheduler plugs into headquarters."""

import functools

from store.database.chunks import ChunkFolder
from store.headquarters.context import Headquarters
from store.headquarters.part import Part
from store.headquarters.scheduler import schedules
from store.headquarters.scheduler.delivery import DeliveryDesk, delivery_routes
from store.headquarters.scheduler.directory import DirectorySource
from store.headquarters.scheduler.feed import FeedBell
from store.headquarters.scheduler.runner import JobRunner
from store.headquarters.scheduler.scheduler import Scheduler
from store.headquarters.scheduler.verbs import SchedulerDesk
from store.headquarters.scheduler.worker import Worker, WorkerProcess
from store.headquarters.servers.senders import Senders


async def open_part(hq: Headquarters) -> Part:
    """The scheduler of a headquarters, with a process for its job runs."""
    worker = WorkerProcess()
    return await open_with(hq, worker)


async def open_with(hq: Headquarters, worker: Worker) -> Part:
    """The same with another place for job runs."""
    await hq.channel.work(schedules.seed, hq.now_ms())
    bell = FeedBell()
    runner = JobRunner(hq, worker, bell)
    scheduler = Scheduler(hq, runner, bell)
    source = DirectorySource(root_key=hq.secrets.root_public.hex(), pepper=hq.secrets.pepper)
    delivery = DeliveryDesk(ChunkFolder(hq.packages), bell, Senders(), source, scheduler)
    desk = SchedulerDesk(scheduler, runner, bell)
    tasks = {"scheduler": scheduler.run}
    if isinstance(worker, WorkerProcess):
        tasks["warm up the worker"] = functools.partial(_warm_up, worker)
    return Part(
        name="scheduler",
        routes=delivery_routes(delivery),
        verbs=desk.verbs(),
        tasks=tasks,
        changed=scheduler.changed,
        close=worker.close,
    )


async def _warm_up(worker: WorkerProcess) -> None:
    """Start the process beside everything else; then there is nothing more to do."""
    import asyncio

    await worker.warm_up()
    await asyncio.Event().wait()
