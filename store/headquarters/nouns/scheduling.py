"""Nouns and verbs of the Retail scheduler: schedules, jobs, sessions, servers, full data sync (docs/scheduler.md)."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from store.exchange.jobs import ALL_JOBS, JOBS, UPLOAD_JOB
from store.headquarters.distribution.recurrence import DAYS, Recurrence, RecurrenceError, check_recurrence
from store.headquarters.distribution.schedule import Direction, Schedule, ScheduleError, check_schedule
from store.headquarters.nouns.noun import KeyPart, Noun, Verb
from store.sale.quantity import thousandths

_JOB_HELP = f"Number of the job: {', '.join(job.number for job in JOBS)}, or {ALL_JOBS} for all."
_POSITIONAL = {"positional": True}


class ScheduleRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A distribution schedule."""

    jobs: Annotated[
        tuple[str, ...],
        Meta(max_length=20, description=f"{_JOB_HELP} Up: {UPLOAD_JOB}. May be given several times."),
    ]
    direction: Annotated[
        Literal["down", "up"], Meta(description="down sends data to the databases, up fetches transactions.")
    ] = "down"
    data_groups: Annotated[
        tuple[str, ...],
        Meta(
            max_length=200,
            description="Channel data groups it is for; none for all. May be given several times.",
            extra={"ref": "data-group"},
        ),
    ] = ()
    active: Annotated[bool, Meta(description="Runs by itself; no leaves it to Run now.")] = True
    full: Annotated[bool, Meta(description="Every run sends everything again, not the changes.")] = False
    every_minutes: Annotated[int, Meta(ge=0, description="Runs every so many minutes.")] = 0
    at: Annotated[str, Meta(description="Runs at this time of day, such as 02:30.")] = ""
    days: Annotated[
        tuple[str, ...], Meta(max_length=7, description=f"Only on these days, with --at: {', '.join(DAYS)}.")
    ] = ()
    zone: Annotated[str, Meta(description="Time zone of --at, such as Europe/Berlin.")] = "UTC"

    def schedule(self, name: str, *, created_ms: int = 0, last_run_ms: int = 0) -> Schedule:
        """The schedule this row is, with its times."""
        return Schedule(
            name=name,
            direction=Direction(self.direction),
            jobs=self.jobs,
            data_groups=self.data_groups,
            active=self.active,
            full=self.full,
            recurrence=Recurrence(
                every_minutes=self.every_minutes, at=self.at, days=self.days, zone=self.zone
            ),
            created_ms=created_ms,
            last_run_ms=last_run_ms,
        )


class Availability(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a store has of a product; job 1130."""

    quantity: Annotated[
        str, Meta(max_length=16, description="Quantity on hand, such as 12 or 3.5.", extra=_POSITIONAL)
    ]
    as_of_ms: Annotated[int, Meta(ge=0, description="When it was counted.", extra={"kind": "moment"})] = 0


class JobNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which job."""

    number: Annotated[str, Meta(description=_JOB_HELP, extra=_POSITIONAL)]


class JobSet(JobNumber, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change about a job."""

    exclude_offline: Annotated[
        bool, Meta(description="Offline databases do without its tables; the next run empties or fills them.")
    ]
    tables: Annotated[
        tuple[str, ...], Meta(description="Only these tables of the job. May be given several times.")
    ] = ()


class JobRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to run now."""

    numbers: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            max_length=20,
            description=f"{_JOB_HELP} Several go into one package.",
            extra=_POSITIONAL,
        ),
    ]
    full: Annotated[bool, Meta(description="Send everything again, not the changes.")] = False
    data_groups: Annotated[
        tuple[str, ...],
        Meta(
            description="Only to these channel data groups. May be given several times.",
            extra={"ref": "data-group"},
        ),
    ] = ()


class ScheduleName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which schedule."""

    schedule: Annotated[str, Meta(description="Name of the schedule.", extra=_POSITIONAL)]


class ScheduleRun(ScheduleName, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Run now."""

    full: Annotated[bool, Meta(description="Send everything again, not the changes.")] = False


class SessionList(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which sessions."""

    direction: Annotated[Literal["down", "up"], Meta(description="down (packages) or up (transactions).")] = (
        "down"
    )
    database: Annotated[str, Meta(description="Only of this channel database (up: of this store).")] = ""
    status: Annotated[str, Meta(description="Only with this status, such as Suspended.")] = ""
    open: Annotated[bool, Meta(description="Only those that are not finished.")] = False
    limit: Annotated[int, Meta(ge=1, le=1_000, description="The newest so many.")] = 50


class SessionNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which session."""

    session: Annotated[int, Meta(ge=1, description="Number of the session.", extra=_POSITIONAL)]


class ServerName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which server."""

    server: Annotated[str, Meta(description="Name of the Retail Server.", extra=_POSITIONAL)]


class DatabaseName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which channel database."""

    database: Annotated[str, Meta(description="Name of the channel database.", extra=_POSITIONAL)]


def _check_schedule(key: dict[str, str], row: Any) -> str:
    try:
        schedule = check_schedule(row.schedule(key["schedule"]))
        check_recurrence(schedule.recurrence)
    except (ScheduleError, RecurrenceError) as error:
        return str(error)
    return ""


def _check_availability(key: dict[str, str], stock: Any) -> str:
    try:
        thousandths(stock.quantity)
    except ValueError:
        return f"{stock.quantity!r} is no quantity; write 12 or 3.5."
    return ""


NOUNS: tuple[Noun, ...] = (
    Noun(
        name="schedule",
        summary="distribution schedules: which jobs go where, and when",
        key=(
            KeyPart(
                name="schedule", help="Name of the schedule.", pattern=r"[A-Za-z0-9][A-Za-z0-9._ -]{0,63}"
            ),
        ),
        fields=ScheduleRow,
        generic=("set", "list", "show", "remove", "export"),
        check=_check_schedule,
        example="outpost hq --home HQ schedule set prices --job 1020 --every-minutes 10",
    ),
    Noun(
        name="availability",
        summary="what a store has of a product",
        key=(
            KeyPart(name="product", help="Product code or barcode.", ref="product"),
            KeyPart(name="store", help="The store.", ref="store"),
        ),
        fields=Availability,
        jobs=("1130",),
        check=_check_availability,
        example="outpost hq --home HQ availability set 100001 S0001 12",
    ),
    Noun(name="job", summary="scheduler jobs by their numbers", generic=()),
    Noun(name="session", summary="download and upload sessions", generic=()),
    Noun(name="server", summary="Retail Servers that may fetch and deliver", generic=()),
    Noun(name="package-key", summary="the key that signs data packages", generic=()),
)

_SESSION_COLUMNS = ("session", "database", "job", "package_seq", "status", "tries", "rows", "size", "message")

VERBS: tuple[Verb, ...] = (
    Verb(
        noun="job",
        name="list",
        summary="All jobs, their tables, and which data groups have not got the latest changes.",
        reads=True,
        columns=("number", "name", "tables", "excluded", "pending"),
    ),
    Verb(
        noun="job",
        name="set",
        summary="Exclude a job, or tables of it, from offline databases.",
        arguments=JobSet,
        example="outpost hq --home HQ job set 1010 --exclude-offline yes",
    ),
    Verb(
        noun="job",
        name="run",
        summary="Run a job now.",
        arguments=JobRun,
        example="outpost hq --home HQ job run 1040",
    ),
    Verb(
        noun="schedule",
        name="list",
        summary="All schedules, their last and next run, and which still have to run.",
        reads=True,
        columns=("schedule", "direction", "jobs", "active", "recurrence", "last_run", "next_run", "pending"),
    ),
    Verb(
        noun="schedule",
        name="run",
        summary="Run now: send the changes (or everything).",
        arguments=ScheduleRun,
        example="outpost hq --home HQ schedule run prices",
    ),
    Verb(
        noun="session",
        name="list",
        summary="Sessions, the newest first.",
        arguments=SessionList,
        reads=True,
        columns=_SESSION_COLUMNS,
        example="outpost hq --home HQ session list --open yes",
    ),
    Verb(noun="session", name="show", summary="One session.", arguments=SessionNumber, reads=True),
    Verb(
        noun="session",
        name="cancel",
        summary="Give a session up; the database goes on with a later full package.",
        arguments=SessionNumber,
        example="outpost hq --home HQ session cancel 17",
    ),
    Verb(
        noun="session",
        name="rerun",
        summary="Try a session again from the beginning.",
        arguments=SessionNumber,
        example="outpost hq --home HQ session rerun 17",
    ),
    Verb(
        noun="server",
        name="list",
        summary="Retail Servers that made themselves known.",
        reads=True,
        columns=("server", "accepted", "insecure", "version", "address", "last_contact"),
    ),
    Verb(
        noun="server",
        name="accept",
        summary="Let a Retail Server fetch and deliver.",
        arguments=ServerName,
        example="outpost hq --home HQ server accept MAIN",
    ),
    Verb(noun="server", name="remove", summary="Forget a Retail Server and its key.", arguments=ServerName),
    Verb(noun="package-key", name="show", summary="The key that signs packages now.", reads=True),
    Verb(
        noun="package-key",
        name="rotate",
        summary="Sign with a new key from now on; nothing else has to be done anywhere.",
        example="outpost hq --home HQ package-key rotate",
    ),
    Verb(
        noun="channel-database",
        name="sync",
        summary="Full data sync: send everything again to the database's data group, once.",
        arguments=DatabaseName,
        example="outpost hq --home HQ channel-database sync S0001",
    ),
)
