"""A register with a real journal, enrolled at a real Retail Server, and an uplink that a test can disturb."""

import asyncio
import functools
from contextlib import asynccontextmanager
from types import SimpleNamespace

from server_world import running_world
from store.database.vault import open_vault
from store.exchange.request import sign_request
from store.gateway.client import RetailClient
from store.gateway.errors import ServerUnreachable
from store.gateway.profile import OfflineProfile
from store.gateway.states import Link
from store.register.enrolment.activation import enrol, load_signer
from store.register.journal.journal import Journal
from store.register.sync.heads import HeadComparison
from store.register.sync.history import SyncHistory
from store.register.sync.uploader import Uploader
from store.register.system_ports import SystemClock, SystemRandomness, SystemStorage


class Wire:
    """What the uploader sees of the connection, and what it told it."""

    def __init__(self):
        self.up = asyncio.Event()
        self.up.set()
        self.link = Link.UP
        self.failures = []
        self.refusals = []

    def status(self):
        return SimpleNamespace(link=self.link)

    @property
    def link_is_up(self):
        return self.up.is_set()

    async def wait_link_up(self):
        await self.up.wait()

    def sync_failed(self, reason):
        self.failures.append(reason)

    def refused(self, kind, reason):
        self.refusals.append((kind, reason))


class Uplink:
    """The client, with answers that can be lost after the server has committed, and changed batches."""

    def __init__(self, client):
        self.client = client
        self.drop_answers = 0
        self.change = None
        self.batches = []

    async def upload(self, batch, *, deadline_s):
        self.batches.append(batch)
        if self.change is not None:
            batch = self.change(batch)
        answer = await self.client.upload(batch, deadline_s=deadline_s)
        if self.drop_answers:
            self.drop_answers -= 1
            raise ServerUnreachable("the answer was lost")
        return answer

    async def head(self, *, deadline_s):
        return await self.client.head(deadline_s=deadline_s)


class QuickRandomness(SystemRandomness):
    """Waits next to nothing."""

    def uniform(self, low, high):
        return 0.005


class Till:
    """An enrolled register with its journal and the parts that send it."""

    def __init__(self, home, enrolment, journal, client):
        self.home = home
        self.enrolment = enrolment
        self.journal = journal
        self.client = client
        self.wire = Wire()
        self.heads = HeadComparison(journal)
        self.uplink = Uplink(client)
        self.is_paying = False
        self.is_paused = False
        self.profile = OfflineProfile()
        self.history = SyncHistory(home / "sync.json")
        self.changes = 0

    def uploader(self, uplink=None, **profile):
        self.profile = OfflineProfile(**profile)
        return Uploader(
            journal=self.journal, client=uplink or self.uplink, connection=self.wire, heads=self.heads,
            server_key=bytes.fromhex(self.enrolment.server_key), clock=SystemClock(), randomness=QuickRandomness(),
            profile=lambda: self.profile, history=self.history,
            paying=lambda: self.is_paying, paused=lambda: self.is_paused, on_change=self.changed,
        )  # fmt: skip

    def changed(self):
        self.changes += 1

    async def sent(self, seconds=10.0):
        """Wait until the server has acknowledged everything."""
        async with asyncio.timeout(seconds):
            while (await self.journal.counts()).pending_records:
                await asyncio.sleep(0.005)

    async def held(self, seconds=5.0):
        """Wait until the upload is held, and say why."""
        async with asyncio.timeout(seconds):
            while not (await self.journal.upload_state()).hold:
                await asyncio.sleep(0.005)
        return (await self.journal.upload_state()).hold


@asynccontextmanager
async def running(*coroutines):
    """Run coroutines beside the test; one that fails fails the test."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def enrolled(home, world, code):
    """Enrol a machine with the register's own code; answers (vault, enrolment)."""
    vault = open_vault(home, True)
    client = RetailClient(address=world.url, clock=SystemClock(), randomness=SystemRandomness())
    try:
        return vault, await enrol(
            client, code, vault, home, server_url=world.url, wall_ms=1, token=SystemRandomness().token
        )
    finally:
        await client.close()


@asynccontextmanager
async def client_of(url, signer, enrolment):
    """The register's signed client."""
    sign = functools.partial(sign_request, signer.key, register=enrolment.register, series=enrolment.series)
    client = RetailClient(
        address=url, clock=SystemClock(), randomness=SystemRandomness(), series=enrolment.series, sign=sign
    )
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def till_at(home, url, vault, enrolment):
    """The register's journal and client against the server at `url`."""
    signer, storage = load_signer(vault, enrolment), SystemStorage()
    async with client_of(url, signer, enrolment) as client:
        journal = await Journal.open(
            home / "journal.db", enrolment.identity(), signer, SystemClock(), storage
        )
        try:
            yield Till(home, enrolment, journal, client)
        finally:
            await journal.close()
            storage.close()


@asynccontextmanager
async def shop(folder, **options):
    """A server and an enrolled till."""
    async with running_world(folder / "server", **options) as world:
        prepared = await world.prepare()
        (folder / "till").mkdir(exist_ok=True)
        vault, enrolment = await enrolled(folder / "till", world, prepared.code)
        async with till_at(folder / "till", world.url, vault, enrolment) as till:
            yield world, till
