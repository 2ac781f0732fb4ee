"""What operators say to the scheduler: `outpost hq job|schedule|session|server ...` and the same over the API."""

import asyncio
import datetime
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from store.database.connection import Connection
from store.exchange.jobs import ALL_JOBS, JOB_BY_NUMBER, JOBS, UPLOAD_JOB, Job
from store.headquarters.distribution.recurrence import next_run_ms
from store.headquarters.distribution.schedule import (
    Direction,
    Schedule,
    ScheduleError,
    check_schedule,
    pending_jobs,
    pending_schedules,
)
from store.headquarters.distribution.session_states import SessionRefused
from store.headquarters.errors import NotThere, Refused, WrongInput
from store.headquarters.nouns.chain import ChannelDatabase
from store.headquarters.nouns.scheduling import (
    DatabaseName,
    JobRun,
    JobSet,
    ScheduleName,
    ScheduleRun,
    ServerName,
    SessionList,
    SessionNumber,
)
from store.headquarters.route import Call, VerbHandler
from store.headquarters.scheduler import databases, packages, schedules, sessions, uploads
from store.headquarters.scheduler.feed import FeedBell
from store.headquarters.scheduler.runner import JobRunner, Order, RunResult
from store.headquarters.scheduler.scheduler import Scheduler
from store.headquarters.scheduler.signing import package_key_id
from store.headquarters.servers import known
from store.headquarters.setup_rows import get

Found = TypeVar("Found")

NOT_EXCLUDED = frozenset({"1060", "1070", "1090", "1110"})
"""Without its staff, settings, registers and parameters an offline register could not even sign anybody in."""


class RunAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run; `ok` is false when a group got no package though it should have."""

    ok: bool
    sentence: str
    runs: list[RunResult]


class SchedulerDesk:
    """The handlers of the verbs; one per running headquarters."""

    def __init__(self, scheduler: Scheduler, runner: JobRunner, bell: FeedBell) -> None:
        self._scheduler = scheduler
        self._runner = runner
        self._bell = bell

    def verbs(self) -> Mapping[tuple[str, str], VerbHandler]:
        """Noun and verb → handler."""
        return {
            ("job", "list"): self.list_jobs,
            ("job", "set"): self.set_job,
            ("job", "run"): self.run_job,
            ("schedule", "list"): self.list_schedules,
            ("schedule", "run"): self.run_schedule,
            ("session", "list"): self.list_sessions,
            ("session", "show"): self.show_session,
            ("session", "cancel"): self.cancel_session,
            ("session", "rerun"): self.rerun_session,
            ("server", "list"): self.list_servers,
            ("server", "accept"): self.accept_server,
            ("server", "remove"): self.remove_server,
            ("package-key", "show"): self.show_key,
            ("package-key", "rotate"): self.rotate_key,
            ("channel-database", "sync"): self.sync_database,
        }

    async def list_jobs(self, call: Call, _given: Any) -> list[dict[str, Any]]:
        """`job list`."""
        return await call.read(_jobs)

    async def set_job(self, call: Call, given: JobSet) -> dict[str, Any]:
        """`job set`: the exclude-from-offline switch."""
        job = _job(given.number)
        if given.exclude_offline and job.number in NOT_EXCLUDED:
            raise Refused(
                f"Offline databases cannot do without job {job.number}: registers could not be used offline."
            )
        if unknown := set(given.tables) - set(job.tables):
            raise WrongInput(
                f"Job {job.number} has no table {sorted(unknown)[0]!r}; it has {', '.join(job.tables)}."
            )
        names = given.tables or (job.number, *job.tables)
        await call.work(_exclude, names, job.number, given.exclude_offline)
        what = ", ".join(given.tables) or f"job {job.number}"
        word = "do without" if given.exclude_offline else "get"
        return {
            "sentence": f"Offline databases {word} {what} from the next run of job {job.number} on.",
            "number": job.number,
            "pending_jobs": [job.number],
        }

    async def run_job(self, call: Call, given: JobRun) -> RunAnswer:
        """`job run`."""
        upward = [number for number in given.numbers if number == UPLOAD_JOB]
        if upward and len(set(given.numbers)) > 1:
            raise WrongInput(f"{UPLOAD_JOB} goes up and runs by itself, not with other jobs.")
        direction = Direction.UP if upward else Direction.DOWN
        try:
            schedule = check_schedule(
                Schedule(name="now", direction=direction, jobs=given.numbers, data_groups=given.data_groups)
            )
        except ScheduleError as error:
            raise WrongInput(str(error)) from error
        await _must_exist(call, given.data_groups)
        if upward:
            return _asked(await self._scheduler.ask_uploads(given.data_groups))
        order = Order(jobs=schedule.jobs, groups=given.data_groups, full=given.full)
        return _run_answer(await self._runner.run(order))

    async def list_schedules(self, call: Call, _given: Any) -> list[dict[str, Any]]:
        """`schedule list`."""
        return await call.read(_schedules)

    async def run_schedule(self, call: Call, given: ScheduleRun) -> RunAnswer:
        """`schedule run`: Run now, active or not."""
        found = await call.read(_find_schedule, given)
        results = await self._scheduler.run_schedule(found, full=given.full)
        if found.direction is Direction.UP:
            return RunAnswer(
                ok=True, sentence="The servers are asked for what headquarters does not have.", runs=[]
            )
        return _run_answer(results)

    async def list_sessions(self, call: Call, given: SessionList) -> list[dict[str, Any]]:
        """`session list`."""
        return await call.read(_list_sessions, given)

    async def show_session(self, call: Call, given: SessionNumber) -> dict[str, Any]:
        """`session show`."""
        found = await call.read(_find_session, given.session)
        return _there(found, f"There is no session {given.session}.")

    async def cancel_session(self, call: Call, given: SessionNumber) -> dict[str, Any]:
        """`session cancel`."""
        done = await self._ask(call, _cancel, given.session)
        return done | {"sentence": f"Session {given.session} is {done['status']}."}

    async def rerun_session(self, call: Call, given: SessionNumber) -> dict[str, Any]:
        """`session rerun`."""
        done = await self._ask(call, _rerun, given.session, call.hq.now_ms())
        return done | {"sentence": f"Session {given.session} is {done['status']} again."}

    async def list_servers(self, call: Call, _given: Any) -> list[dict[str, Any]]:
        """`server list`."""
        return [_server(server) for server in await call.read(known.all_servers)]

    async def accept_server(self, call: Call, given: ServerName) -> dict[str, Any]:
        """`server accept`."""
        done = await call.work(known.accept, given.server, call.hq.now_ms())
        server = _there(done, f"There is no server {given.server!r}; it makes itself known when it starts.")
        self._bell.ring()
        return _server(server) | {"sentence": f"Server {server.name} fetches and delivers from now on."}

    async def remove_server(self, call: Call, given: ServerName) -> dict[str, Any]:
        """`server remove`."""
        if not await call.work(known.remove, given.server):
            raise NotThere(f"There is no server {given.server!r}.")
        return {"sentence": f"Server {given.server} is forgotten.", "server": given.server}

    async def show_key(self, call: Call, _given: Any) -> dict[str, Any]:
        """`package-key show`."""
        return {"key_id": package_key_id(call.hq.secrets), "root_key": call.hq.secrets.root_public.hex()}

    async def rotate_key(self, call: Call, _given: Any) -> dict[str, Any]:
        """`package-key rotate`: a run that has begun still signs with the old one."""
        await asyncio.to_thread(call.hq.secrets.rotate_package_key)
        key_id = package_key_id(call.hq.secrets)
        return {"sentence": f"Packages are signed with key {key_id} from now on.", "key_id": key_id}

    async def sync_database(self, call: Call, given: DatabaseName) -> RunAnswer:
        """`channel-database sync`: everything again, to the one data group of the database."""
        found = await call.read(get, "channel-database", given.database, ChannelDatabase)
        database = _there(found, f"There is no channel database {given.database!r}.")
        order = Order(jobs=(ALL_JOBS,), groups=(database.data_group,), full=True)
        return _run_answer(await self._runner.run(order))

    async def _ask(self, call: Call, fn: Callable[..., dict[str, Any] | None], *args: Any) -> dict[str, Any]:
        try:
            done = await call.work(fn, *args)
        except SessionRefused as refusal:
            raise Refused(str(refusal)) from refusal
        await self._runner.settle_databases()  # a canceled package may have to be passed
        return _there(done, f"There is no session {args[0]}.")


def _jobs(db: Connection) -> list[dict[str, Any]]:
    behind = schedules.read_behind(db, tuple(databases.read_groups(db)))
    pending = pending_jobs(behind.changed, behind.marks, behind.groups)
    excluded = set(packages.excluded_tables(packages.exclusions(db)))
    return [
        {
            "number": job.number,
            "name": job.name,
            "tables": list(job.tables),
            "excluded": [table for table in job.tables if table in excluded],
            "pending": list(pending.get(job.number, ())),
        }
        for job in JOBS
    ]


def _schedules(db: Connection) -> list[dict[str, Any]]:
    behind = schedules.read_behind(db, tuple(databases.read_groups(db)))
    found = schedules.read_schedules(db)
    pending = pending_schedules(found, pending_jobs(behind.changed, behind.marks, behind.groups))
    return [_schedule_row(schedule, schedule.name in pending) for schedule in found]


def _schedule_row(schedule: Schedule, pending: bool) -> dict[str, Any]:
    coming = next_run_ms(schedule.recurrence, last_ms=schedule.counts_from_ms) if schedule.active else None
    return {
        "schedule": schedule.name,
        "direction": schedule.direction.value,
        "jobs": list(schedule.jobs),
        "data_groups": list(schedule.data_groups),
        "active": schedule.active,
        "full": schedule.full,
        "recurrence": str(schedule.recurrence),
        "last_run": _moment(schedule.last_run_ms),
        "next_run": _moment(coming or 0),
        "pending": pending,
    }


def _find_schedule(db: Connection, given: ScheduleName) -> Schedule:
    found = [one for one in schedules.read_schedules(db) if one.name == given.schedule]
    if not found:
        raise NotThere(f"There is no schedule {given.schedule!r}.")
    return found[0]


def _exclude(db: Connection, names: tuple[str, ...], number: str, excluded: bool) -> None:
    if names[0] == number and excluded:
        names = (number,)
    for name in names:
        packages.exclude(db, name, excluded)


def _list_sessions(db: Connection, given: SessionList) -> list[dict[str, Any]]:
    if given.direction == "up":
        rounds = uploads.listed(
            db, store=given.database, status=given.status, only_open=given.open, limit=given.limit
        )
        return [_upload(one) for one in rounds]
    found = sessions.listed(
        db, database=given.database, status=given.status, only_open=given.open, limit=given.limit
    )
    return [_download(one) for one in found]


def _find_session(db: Connection, number: int) -> dict[str, Any] | None:
    down, up = sessions.find(db, number), uploads.find(db, number)
    return _download(down) if down is not None else None if up is None else _upload(up)


def _cancel(db: Connection, number: int) -> dict[str, Any] | None:
    down = sessions.cancel(db, number)
    up = None if down is not None else uploads.cancel(db, number)
    return _download(down) if down is not None else None if up is None else _upload(up)


def _rerun(db: Connection, number: int, now_ms: int) -> dict[str, Any] | None:
    down = sessions.rerun(db, number, now_ms)
    up = None if down is not None else uploads.rerun(db, number)
    return _download(down) if down is not None else None if up is None else _upload(up)


def _download(session: sessions.DownloadSession) -> dict[str, Any]:
    return {
        "session": session.session,
        "direction": "down",
        "database": session.database,
        "register": session.register,
        "store": session.store,
        "data_group": session.data_group,
        "job": session.job,
        "package_seq": session.package_seq,
        "status": session.status,
        "tries": session.tries,
        "rows": session.rows,
        "size": session.size,
        "message": session.message,
        "created": _moment(session.created_ms),
        "available": _moment(session.available_ms),
        "requested": _moment(session.requested_ms),
        "downloaded": _moment(session.downloaded_ms),
        "applied": _moment(session.applied_ms),
    }


def _upload(session: uploads.UploadSession) -> dict[str, Any]:
    return {
        "session": session.session,
        "direction": "up",
        "database": session.store,
        "store": session.store,
        "job": UPLOAD_JOB,
        "package_seq": 0,
        "status": session.status,
        "tries": session.tries,
        "rows": session.rows,
        "size": session.size,
        "message": session.message,
        "created": _moment(session.created_ms),
        "uploaded": _moment(session.uploaded_ms),
        "applied": _moment(session.applied_ms),
    }


def _server(server: known.KnownServer) -> dict[str, Any]:
    return {
        "server": server.name,
        "accepted": server.accepted,
        "insecure": server.insecure,
        "version": server.version,
        "address": server.address,
        "asked": _moment(server.asked_ms),
        "last_contact": _moment(server.seen_ms),
    }


def _run_answer(results: list[RunResult]) -> RunAnswer:
    if not results:
        return RunAnswer(
            ok=True, sentence="No data group has a channel database yet; there is nobody to send to.", runs=[]
        )
    return RunAnswer(
        ok=all(result.status != "Create failed" for result in results),
        sentence="\n".join(_run_line(result) for result in results),
        runs=results,
    )


def _run_line(result: RunResult) -> str:
    match result.status:
        case "Available":
            gone = f", {result.deletes} removed" if result.deletes else ""
            return (
                f"{result.data_group}: package {result.package_seq} ({result.kind}) with {result.rows} rows{gone}, "
                f"{result.size} bytes, for {result.sessions} databases."
            )
        case "No data":
            return f"{result.data_group}: no data; every database has been sent the latest."
        case _:
            return f"{result.data_group}: {result.status}: {result.message}"


def _asked(rounds: list[uploads.UploadSession]) -> RunAnswer:
    stores = ", ".join(one.store for one in rounds) or "no store"
    return RunAnswer(ok=True, sentence=f"The servers are asked for the transactions of {stores}.", runs=[])


def _job(number: str) -> Job:
    if number not in JOB_BY_NUMBER:
        raise NotThere(f"There is no job {number[:20]!r}; there are {', '.join(JOB_BY_NUMBER)}.")
    return JOB_BY_NUMBER[number]


async def _must_exist(call: Call, groups: tuple[str, ...]) -> None:
    there = await call.read(databases.read_groups)
    for name in groups:
        if name not in there:
            raise NotThere(f"There is no data group {name[:60]!r}.")


def _there(found: Found | None, sentence: str) -> Found:
    if found is None:
        raise NotThere(sentence)
    return found


def _moment(at_ms: int) -> str:
    if not at_ms:
        return ""
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).isoformat(timespec="milliseconds")
