"""Runs jobs: for each data group what changed becomes a package with a session for every database of the group.

One run at a time. A run has three steps: sessions are Started under a new number; the worker builds (`build`); the
package, the marks and the sessions are written in one unit. What a crash leaves between them is settled by `recover`.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.database.connection import Connection
from store.database.errors import DatabaseTrouble
from store.exchange.jobs import ALL_JOBS, JOBS
from store.exchange.package_header import PackageError
from store.exchange.package_tables import RowError
from store.headquarters.config import database_path
from store.headquarters.context import Headquarters
from store.headquarters.distribution.schedule import job_numbers, tables_of
from store.headquarters.distribution.session_states import SessionEvent
from store.headquarters.scheduler import databases, packages, sessions
from store.headquarters.scheduler.build import (
    BuildOrder,
    Built,
    BuiltForm,
    build,
    build_full_form,
    left_over,
    tidy,
)
from store.headquarters.scheduler.databases import Group
from store.headquarters.scheduler.feed import FeedBell
from store.headquarters.scheduler.signing import key_list
from store.headquarters.scheduler.worker import Worker, WorkerDied
from store.headquarters.setup_rows import current_number, next_number, raise_number

LOG = logging.getLogger("outpost.hq.runner")

NOT_BUILT = (DatabaseTrouble, sqlite3.Error, OSError, RowError, msgspec.MsgspecError, LookupError, WorkerDied)
"""What can end a build; each is a sentence for the session's message."""

CUT_OFF = "Headquarters ended while it made the package; run the job again."


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs to run, for some data groups (none: all). `anyway`: a package even of nothing, with its full form."""

    jobs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    full: bool = False
    anyway: bool = False

    @property
    def job(self) -> str:
        """What the sessions are called."""
        numbers = job_numbers(self.jobs)
        return ALL_JOBS if len(numbers) == len(JOBS) else " ".join(numbers)


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run for one data group; `status` is that of its sessions."""

    data_group: str
    status: str
    package_seq: int = 0
    kind: str = ""
    rows: int = 0
    deletes: int = 0
    size: int = 0
    sessions: int = 0
    message: str = ""


class _Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of one group whose sessions are started."""

    group: Group
    package_seq: int
    known_seq: int
    known_marks: dict[str, int]
    excluded: tuple[str, ...]
    issued_ms: int
    """When the list of package keys was issued last; never goes back, whatever the clock does."""


class JobRunner:
    """Runs jobs one after the other; one per headquarters process."""

    def __init__(self, hq: Headquarters, worker: Worker, bell: FeedBell) -> None:
        self._hq = hq
        self._worker = worker
        self._bell = bell
        self._turn = asyncio.Lock()

    async def run(self, order: Order) -> list[RunResult]:
        """Run jobs now; waits for runs that have begun. A group that fails does not stop the others."""
        async with self._turn:
            await self._settle_databases()
            return await self._run(order)

    async def settle_databases(self) -> None:
        """Offer packages to databases that are new in a group, moved ones first making a number there."""
        async with self._turn:
            await self._settle_databases()
            await self._complete_chains()

    async def give_full(self, group: str) -> bool:
        """See to it that the group's newest package has a full form, and tell of it again.

        A chain that begins with an older one does not do: whoever asks may have that number already, or a later one
        (a headquarters that was set back), and a number never goes back. Answers False when it could not be made;
        then nothing is told, and who needs it asks again in its time.
        """
        async with self._turn:
            await self._complete_chain(group, newest=True)
            if await self._hq.channel.read(_incomplete, group, True) is not None:
                return False
            await self._hq.channel.work(packages.tell_again, group)
        self._bell.ring()
        return True

    async def recover(self) -> None:
        """After a start: packages that are built are written down, sessions that a crash left are failed."""
        async with self._turn:
            for group in await self._hq.channel.read(databases.read_groups):
                await self._write_left_over(group)
            await self._hq.channel.work(_fail_started, CUT_OFF)
            await self._complete_chains()

    async def _run(self, order: Order) -> list[RunResult]:
        groups = await self._hq.channel.read(databases.read_groups)
        names = [name for name in groups if not order.groups or name in order.groups]
        results = [await self._run_group(groups[name], order) for name in names if groups[name].targets]
        await self._complete_chains(names)
        await self._tidy(names)
        return results

    async def _run_group(self, group: Group, order: Order) -> RunResult:
        now_ms = self._hq.now_ms()
        begun = await self._hq.channel.work(_begin, group, order.job, now_ms)
        try:
            result = await self._build(begun, order, now_ms)
        except NOT_BUILT as error:
            LOG.error(
                "no package", extra={"data_group": group.name, "reason": f"{type(error).__name__}: {error}"}
            )
            message = str(error) or type(error).__name__
            await self._hq.channel.work(_fail_started, message)
            return RunResult(data_group=group.name, status="Create failed", message=message)
        self._bell.ring()
        return result

    async def _build(self, begun: _Begun, order: Order, now_ms: int) -> RunResult:
        built = await self._worker.run(build, self._order_for(begun, order, now_ms))
        if built.left_over:
            # A run was cut off between its two transactions. Its packages come first; this one follows them.
            await self._hq.channel.work(_write_forms, built.left_over, self._hq.now_ms())
            again = await self._hq.channel.work(_begin_again, begun, order.job, now_ms)
            return await self._build(again, order, now_ms)
        await self._hq.channel.work(_write_down, begun, built, self._hq.now_ms())
        return _result(begun, built)

    def _order_for(self, begun: _Begun, order: Order, now_ms: int) -> BuildOrder:
        key: Ed25519PrivateKey = self._hq.secrets.package_key
        return BuildOrder(
            headquarters=str(database_path(self._hq.home)),
            folder=str(self._hq.packages),
            data_group=begun.group.name,
            store=begun.group.store,
            package_seq=begun.package_seq,
            known_seq=begun.known_seq,
            job=order.job,
            tables=tables_of(order.jobs),
            known_marks=begun.known_marks,
            excluded=begun.excluded,
            created_ms=now_ms,
            package_key=key.private_bytes_raw(),
            keys=key_list(self._hq.secrets, begun.issued_ms or now_ms),
            full=order.full,
            anyway=order.anyway,
            with_full=order.anyway,
        )

    async def _settle_databases(self) -> None:
        needed = await self._hq.channel.work(databases.settle, self._hq.now_ms())
        if needed:
            await self._run(Order(jobs=(ALL_JOBS,), groups=needed, anyway=True))
            await self._hq.channel.work(databases.settle, self._hq.now_ms())
        self._bell.ring()

    async def _complete_chains(self, groups: Iterable[str] | None = None) -> None:
        names = await self._hq.channel.read(databases.read_groups) if groups is None else groups
        for name in list(names):
            await self._complete_chain(name)

    async def _complete_chain(self, group: str, *, newest: bool = False) -> None:
        """A full form of the newest package: where the chain got long, somebody has to pass a canceled one, or asks."""
        begun = await self._hq.channel.read(_incomplete, group, newest)
        if begun is None:
            return
        wish = self._order_for(begun, Order(jobs=(ALL_JOBS,)), self._hq.now_ms())
        try:
            form = await self._worker.run(build_full_form, wish)
        except NOT_BUILT as error:
            # The chain still leads there, only longer; the next run tries again.
            LOG.error(
                "no full form", extra={"data_group": group, "reason": f"{type(error).__name__}: {error}"}
            )
            return
        await self._hq.channel.work(_write_forms, (form,), self._hq.now_ms())
        self._bell.ring()

    async def _tidy(self, groups: Iterable[str]) -> None:
        """Packages that no way leads over any more go, and their chunks."""
        keep = await self._hq.channel.work(_drop_out_of_use, list(groups))
        if keep is None:
            return
        try:
            await self._worker.run(tidy, str(self._hq.packages), keep)
        except (OSError, PackageError, WorkerDied) as error:
            LOG.error("old packages stay", extra={"reason": f"{type(error).__name__}: {error}"})

    async def _write_left_over(self, group: str) -> None:
        groups = await self._hq.channel.read(databases.read_groups)
        begun = await self._hq.channel.read(_standing, groups[group])
        try:
            built = await self._worker.run(
                left_over, self._order_for(begun, Order(jobs=()), self._hq.now_ms())
            )
        except NOT_BUILT as error:
            LOG.error("group file", extra={"data_group": group, "reason": f"{type(error).__name__}: {error}"})
            return
        if built.left_over:
            LOG.warning("packages of a run that was cut off are completed", extra={"data_group": group})
            await self._hq.channel.work(_write_forms, built.left_over, self._hq.now_ms())


def _begin(db: Connection, group: Group, job: str, now_ms: int) -> _Begun:
    package_seq = next_number(db, packages.PACKAGE_COUNTER)
    raise_number(db, packages.ISSUED_COUNTER, now_ms)
    sessions.start(db, group.targets, job, package_seq, now_ms)
    return msgspec.structs.replace(_standing(db, group), package_seq=package_seq)


def _begin_again(db: Connection, begun: _Begun, job: str, now_ms: int) -> _Begun:
    sessions.unstart(db, begun.package_seq)
    return _begin(db, begun.group, job, now_ms)


def _standing(db: Connection, group: Group) -> _Begun:
    return _Begun(
        group=group,
        package_seq=0,
        known_seq=packages.newest_seq(db, group.name),
        known_marks=packages.marks_of(db, group.name),
        excluded=packages.excluded_tables(packages.exclusions(db)),
        issued_ms=current_number(db, packages.ISSUED_COUNTER),
    )


def _incomplete(db: Connection, group: str, newest: bool) -> _Begun | None:
    """The group's standing when its newest package needs a full form; `newest`: when it has none of its own."""
    entries = packages.packages_of(db, group)
    chain = packages.chain_of(entries)
    found = databases.read_groups(db).get(group)
    if found is None or not chain.newest or chain.newest != packages.newest_seq(db, group):
        return None  # the newest itself is canceled: the next one leads past it
    if newest:
        return _standing(db, found) if chain.full is None or chain.full.package_seq < chain.newest else None
    passing = sessions.must_be_passed(db, group)
    if chain.is_sound and (chain.leads_past(passing) or passing >= chain.newest):
        return None
    return _standing(db, found)


def _drop_out_of_use(db: Connection, groups: list[str]) -> frozenset[tuple[int, str]] | None:
    """Forget old packages of groups; answers those that stay in all groups, None when nothing went."""
    gone = [entry for group in groups for entry in packages.out_of_use(packages.packages_of(db, group))]
    for entry in gone:
        packages.drop_package(db, entry)
    if not gone:
        return None
    return frozenset((entry.package_seq, entry.kind) for entry in packages.packages_since(db, 0))


def _write_down(db: Connection, begun: _Begun, built: Built, now_ms: int) -> None:
    """The one unit in which a package comes true: forms, marks, sessions."""
    _write_forms(db, built.forms, now_ms)
    packages.note_marks(db, begun.group.name, built.marks)
    if not built.forms:
        sessions.finish(db, begun.package_seq, SessionEvent.NOTHING_CHANGED, now_ms)
    sessions.forget_old(db, now_ms)


def _write_forms(db: Connection, forms: Sequence[BuiltForm], now_ms: int) -> None:
    for form in forms:
        packages.note_package(db, form)
        sessions.finish(db, form.package_seq, SessionEvent.CREATED, now_ms)


def _fail_started(db: Connection, message: str) -> None:
    """One run at a time: whatever is Started belongs to the one that failed."""
    for seq in {session.package_seq for session in sessions.started(db)}:
        sessions.finish(db, seq, SessionEvent.CREATION_FAILED, 0, message)


def _result(begun: _Begun, built: Built) -> RunResult:
    if not built.forms:
        return RunResult(data_group=begun.group.name, status="No data", sessions=len(begun.group.targets))
    form = built.forms[0]
    return RunResult(
        data_group=form.data_group,
        status="Available",
        package_seq=form.package_seq,
        kind=form.kind,
        rows=form.rows,
        deletes=form.deletes,
        size=form.size,
        sessions=len(begun.group.targets),
    )
