"""Packages on their way: fetched from headquarters, loaded into the channel database, kept for registers.

Per store strictly in order: a package that cannot be loaded holds back those behind it until headquarters says
something new about it. What was loaded is reported in the same unit of work, so that it cannot be forgotten.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import msgspec

from store.database.chunks import ChunkMissing
from store.database.connection import Connection
from store.database.errors import ConstraintBroken
from store.exchange.delivery import SessionReport
from store.exchange.jobs import DownloadStatus
from store.exchange.package_header import PackageError, PackageHeader
from store.server import chain, directory, packages, reports, retention, tables
from store.server.chain import Form
from store.server.link import feed
from store.server.link.client import HeadquartersClient
from store.server.link.errors import HeadquartersRefused
from store.server.link.fetching import DownloadFailed, fetch_chunks, fetch_header, proved_header
from store.server.link.pace import Bell
from store.server.link.standing import Standing
from store.server.loading import Loaded, OlderPackage, TableDiffers, WrongBase, load_package
from store.server.packages import StoreState
from store.server.shelf import Shelf
from store.service.channel import Channel

LOG = logging.getLogger("outpost.server.supply")


ASK_AGAIN_S = 30.0
"""A full package that was asked for and does not come is asked for again: headquarters may have been killed."""


class HeldBack(Exception):
    """A package cannot be had or loaded now; it was reported, and headquarters has the next word.

    `waits_s`: after so long it is tried again without one.
    """

    def __init__(self, sentence: str, waits_s: float = float("inf")) -> None:
        super().__init__(sentence)
        self.waits_s = waits_s


class Supply:
    """Brings the channel database and the folder of one server up to what headquarters wants."""

    def __init__(
        self,
        *,
        client: HeadquartersClient,
        channel: Channel,
        shelf: Shelf,
        standing: Standing,
        home: str,
        news: Bell,
        now_ms: Callable[[], int],
    ) -> None:
        self._client = client
        self._channel = channel
        self._shelf = shelf
        self._standing = standing
        self._home = home
        self._news = news
        self._now_ms = now_ms
        self._held_back: dict[str, tuple[str, float]] = {}
        """Store → its data group, and until when (monotonic)."""
        self._asked_again: dict[str, int] = {}

    def heard_of(self, groups: frozenset[str]) -> None:
        """Headquarters said something about these data groups: what was held back there is tried again."""
        self._held_back = {store: held for store, held in self._held_back.items() if held[0] not in groups}

    def _is_held_back(self, store: str) -> bool:
        return store in self._held_back and time.monotonic() < self._held_back[store][1]

    async def bring(self) -> None:
        """One look at everything; raises LinkTrouble, DatabaseTrouble, OSError."""
        for state in await self._channel.read(packages.stores):
            if state.data_group and not self._is_held_back(state.store):
                await self._bring_store(state)
        for form in self._shelf.take_wanted():
            await self._keep(form)
        for state in await self._channel.read(packages.stores):
            for group in await self._channel.read(directory.groups, state.store):
                if group != state.data_group:
                    await self._keep_group(state.store, group)
        await retention.tidy(self._channel, self._shelf)

    # --- the channel database

    async def _bring_store(self, state: StoreState) -> None:
        try:
            while (form := await self._next(state)) is not None:
                await self._bring_form(state, form)
                state = await self._channel.read(packages.known_store, state.store)
        except HeldBack as held:
            self._held_back[state.store] = (state.data_group, time.monotonic() + held.waits_s)
            self._standing.trouble(f"packages of {state.store}", str(held))
            return
        self._standing.trouble(f"packages of {state.store}", "")

    async def _next(self, state: StoreState) -> Form | None:
        """The next package to load; raises HeldBack when there are newer ones that nothing leads to."""
        known = await self._channel.read(packages.forms, state.store, state.data_group)
        sessions = await self._channel.read(packages.sessions, state.store, "", state.data_group)
        rules = packages.rules_of(sessions)
        if not await self._channel.read(tables.is_trusted, state.store):
            rules = msgspec.structs.replace(rules, full_after=state.applied_seq)
        way = chain.path(known, state.applied_seq, rules)
        if way:
            return way[0]
        rules = msgspec.structs.replace(rules, full_after=None)
        newest = max((form.package_seq for form in known if chain.is_allowed(form, rules)), default=0)
        if newest > state.applied_seq:
            await self._ask_for_full(state, newest)
        if rules.stop_at is not None and rules.stop_at > state.applied_seq:
            raise HeldBack(
                f"Package {rules.stop_at} of {state.store} is suspended; rerun or cancel it at headquarters."
            )
        return None

    async def _ask_for_full(self, state: StoreState, newest: int) -> None:
        """Nothing leads on from what is loaded: everything is asked for again, then a full package."""
        sentence = f"Nothing leads from package {state.applied_seq} of {state.store} to package {newest}."
        if self._asked_again.get(state.store) != newest:
            self._asked_again[state.store] = newest
            await self._channel.work(feed.set_cursor, self._home, 0)
            raise HeldBack(f"{sentence} Headquarters is asked for all of it.", ASK_AGAIN_S)
        await self._report(state, newest, DownloadStatus.APPLY_FAILED, message=sentence, wants_full=True)
        raise HeldBack(f"{sentence} Headquarters is asked for a full package.", ASK_AGAIN_S)

    async def _bring_form(self, state: StoreState, form: Form) -> None:
        await self._report(state, form.package_seq, DownloadStatus.REQUESTED)
        header = await self._fetch(state, form)
        await self._report(state, form.package_seq, DownloadStatus.DOWNLOADED, size=form.size)
        try:
            loaded = await self._channel.work(self._load, state.store, form, header)
        except OlderPackage:
            return  # another server process on this database was faster
        except WrongBase as error:
            if isinstance(error, TableDiffers):
                await self._channel.work(tables.distrust, state.store)
            await self._fail(state, form, DownloadStatus.APPLY_FAILED, str(error), wants_full=True)
        except (PackageError, ConstraintBroken) as error:
            await self._fail(state, form, DownloadStatus.APPLY_FAILED, str(error))
        except ChunkMissing as error:
            self._shelf.doubt(form.header_sha256)
            LOG.warning("a chunk has gone and is fetched again", extra={"sha256": error.sha256})
        else:
            self._news.set()
            LOG.info(
                "package loaded",
                extra={"store": state.store, "package_seq": form.package_seq, "rows": loaded.rows},
            )

    def _load(self, db: Connection, store: str, form: Form, header: PackageHeader) -> Loaded:
        """The unit of work: load, and say so."""
        root_key = packages.known_store(db, store).root_key
        state = packages.lock_store(db, store, root_key, self._now_ms())
        folder = self._shelf.folder
        loaded = load_package(
            db,
            state,
            form.data_group,
            header,
            lambda chunk: folder.read(chunk.sha256, chunk.stored_size),
            self._now_ms(),
        )
        report = self._said(
            db, state, form.package_seq, DownloadStatus.APPLIED, rows=loaded.rows, size=form.size
        )
        reports.keep_session_report(db, store, store, report, self._now_ms())
        return loaded

    async def _fetch(self, state: StoreState, form: Form) -> PackageHeader:
        try:
            return await self._fetched(state.root_key, form)
        except DownloadFailed as error:
            return await self._fail(state, form, DownloadStatus.DOWNLOAD_FAILED, str(error))

    async def _fail(
        self,
        state: StoreState,
        form: Form,
        status: DownloadStatus,
        message: str,
        *,
        wants_full: bool = False,
    ) -> PackageHeader:
        await self._report(state, form.package_seq, status, message=message, wants_full=wants_full)
        waits_s = ASK_AGAIN_S if wants_full else float("inf")
        raise HeldBack(f"Package {form.package_seq} of {state.store}: {message}", waits_s)

    async def _report(
        self,
        state: StoreState,
        package_seq: int,
        status: DownloadStatus,
        *,
        size: int = 0,
        message: str = "",
        wants_full: bool = False,
    ) -> None:
        def keep(db: Connection) -> None:
            report = self._said(
                db, state, package_seq, status, size=size, message=message, wants_full=wants_full
            )
            reports.keep_session_report(db, state.store, state.store, report, self._now_ms())

        await self._channel.work(keep)
        self._news.set()

    def _said(
        self,
        db: Connection,
        state: StoreState,
        package_seq: int,
        status: DownloadStatus,
        *,
        rows: int = 0,
        size: int = 0,
        message: str = "",
        wants_full: bool = False,
    ) -> SessionReport:
        known = packages.sessions(db, state.store, "", state.data_group)
        numbers = {session.package_seq: session.session for session in known}
        return SessionReport(
            session=numbers.get(package_seq, 0),
            status=status,
            at_ms=self._now_ms(),
            rows=rows,
            size=size,
            message=message,
            database=state.store,
            package_seq=package_seq,
            wants_full=wants_full,
        )

    # --- the folder

    async def _fetched(self, root_key: str, form: Form) -> PackageHeader:
        """Have header and chunks of a form in this server's folder; raises DownloadFailed, LinkTrouble, OSError."""
        try:
            data = await self._channel.read(packages.header_of, form)
            if not data:
                data = await fetch_header(self._client, form)
                proved_header(form, data, root_key)
                await self._channel.work(packages.put_header, form, data)
            header = proved_header(form, data, root_key)
            await fetch_chunks(self._client, self._shelf.folder, header)
        except HeadquartersRefused as error:
            if error.word not in ("not-found", "no-package"):
                raise
            # It left headquarters' memory; what is offered now is what a fresh look at everything says.
            await self._channel.work(feed.set_cursor, self._home, 0)
            raise DownloadFailed(
                f"Headquarters does not keep package {form.package_seq} any more."
            ) from error
        await asyncio.to_thread(self._shelf.holds, form.header_sha256, data)
        return header

    async def _keep(self, form: Form) -> None:
        """Fetch a form for registers; what is wrong with it is a trouble of its own."""
        state = await self._channel.read(packages.known_store, form.store)
        about = f"package {form.package_seq} ({form.kind}) of {form.data_group}"
        try:
            await self._fetched(state.root_key, form)
        except DownloadFailed as error:
            self._standing.trouble(about, f"Registers cannot have {about}: {error}")
        else:
            self._standing.trouble(about, "")

    async def _keep_group(self, store: str, group: str) -> None:
        """Fetch what leads to the newest package of a group that only registers belong to."""
        known = await self._channel.read(packages.forms, store, group)
        held = [form for form in known if await self._is_held(form)]
        newest = max((form.package_seq for form in held), default=0)
        for form in chain.path(known, newest):
            await self._keep(form)

    async def _is_held(self, form: Form) -> bool:
        data = await self._channel.read(packages.header_of, form)
        return await asyncio.to_thread(self._shelf.holds, form.header_sha256, data)
