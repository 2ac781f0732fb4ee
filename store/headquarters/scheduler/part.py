"""How the scheduler plugs into headquarters."""

import asyncio
import functools

import msgspec

from store.database.chunks import ChunkFolder
from store.headquarters.context import Headquarters
from store.headquarters.part import Part
from store.headquarters.scheduler import schedules
from store.headquarters.scheduler.delivery import DeliveryDesk, delivery_routes
from store.headquarters.scheduler.directory import DirectorySource
from store.headquarters.scheduler.feed import FeedBell
from store.headquarters.scheduler.rules import check_parameter
from store.headquarters.scheduler.runner import JobRunner
from store.headquarters.scheduler.scheduler import Scheduler
from store.headquarters.scheduler.stock import stock_routes
from store.headquarters.scheduler.verbs import SchedulerDesk
from store.headquarters.scheduler.worker import Worker, WorkerProcess
from store.headquarters.servers.senders import Senders


class Assembled(msgspec.Struct, frozen=True, kw_only=True):
    """A scheduler with all it consists of."""

    bell: FeedBell
    runner: JobRunner
    scheduler: Scheduler
    part: Part


async def open_part(hq: Headquarters) -> Part:
    """The scheduler of a headquarters, with a process for its job runs."""
    worker = WorkerProcess()
    part = (await assemble(hq, worker)).part
    warm = functools.partial(_warm_up, worker)
    return msgspec.structs.replace(part, tasks={**part.tasks, "warm up the worker": warm})


async def assemble(hq: Headquarters, worker: Worker) -> Assembled:
    """A scheduler whose job runs work in any place."""
    await hq.channel.work(schedules.seed, hq.now_ms())
    bell = FeedBell()
    runner = JobRunner(hq, worker, bell)
    scheduler = Scheduler(hq, runner, bell)
    source = DirectorySource(root_key=hq.secrets.root_public.hex(), pepper=hq.secrets.pepper)
    senders = Senders()
    delivery = DeliveryDesk(ChunkFolder(hq.packages), bell, senders, source, scheduler)
    part = Part(
        name="scheduler",
        routes=(*delivery_routes(delivery), *stock_routes(senders)),
        verbs=SchedulerDesk(scheduler, runner, bell).verbs(),
        tasks={"clock": scheduler.watch, "runs": scheduler.work},
        rules={"parameter": (check_parameter,)},
        changed=scheduler.changed,
        stopping=bell.end,
        close=worker.close,
    )
    return Assembled(bell=bell, runner=runner, scheduler=scheduler, part=part)


async def _warm_up(worker: WorkerProcess) -> None:
    """Start the process beside everything else; then there is nothing more to do."""
    await worker.warm_up()
    await asyncio.Event().wait()
