"""A headquarters with its scheduler on a real database, and Retail Servers that talk to it over real HTTP."""

import contextlib
import secrets as chance
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from yarl import URL

from store.database.chunks import ChunkFolder
from store.exchange.delivery import (
    Feed,
    ServerRequest,
    SessionReport,
    SessionReports,
    server_series,
    server_text,
)
from store.exchange.package_chain import path_to_newest
from store.exchange.package_header import check_header, read_header
from store.exchange.package_reader import read_part
from store.exchange.package_tables import TABLES, encode_cells
from store.exchange.record import public_bytes
from store.exchange.request import sign_request
from store.exchange.set_hash import SetHash
from store.headquarters.api.dispatch import LOCAL, add_routes
from store.headquarters.api.problems import HQ, answer_problems
from store.headquarters.config import HeadquartersConfig
from store.headquarters.context import Headquarters
from store.headquarters.metrics import Metrics
from store.headquarters.nouns.chain import ChannelDatabase, DataGroup, Register, Store
from store.headquarters.nouns.goods import Price, Product
from store.headquarters.scheduler import databases, packages, part, sessions
from store.headquarters.scheduler.runner import Order
from store.headquarters.secrets import open_secrets
from store.headquarters.setup_rows import put, remove
from store.service.channel import Channel
from store.service.tasks import ServiceTasks

START_MS = 1_790_000_000_000


class Here:
    """A worker that does everything at once, in this process; `before` may end it."""

    def __init__(self):
        self.before = None

    async def run(self, fn, *args):
        if self.before is not None:
            self.before(fn, args)
        return fn(*args)

    async def close(self):
        pass


@dataclass
class Clock:
    now_ms: int = START_MS

    def __call__(self):
        return self.now_ms

    def pass_s(self, seconds):
        self.now_ms += int(seconds * 1000)


@dataclass
class World:
    """One headquarters; what it consists of for a look inside."""

    hq: Headquarters
    clock: Clock
    worker: Here
    made: part.Assembled

    @property
    def bell(self):
        return self.made.bell

    @property
    def runner(self):
        return self.made.runner

    @property
    def scheduler(self):
        return self.made.scheduler

    @property
    def part(self):
        return self.made.part

    async def read(self, fn, *args):
        return await self.hq.channel.read(fn, *args)

    async def work(self, fn, *args):
        return await self.hq.channel.work(fn, *args)

    async def put(self, noun, key, document):
        await self.work(lambda db: put(db, noun, key, document, now_ms=self.clock()))

    async def remove(self, noun, key):
        await self.work(lambda db: remove(db, noun, key, now_ms=self.clock()))

    async def product(self, code, name=None, **fields):
        await self.put("product", code, Product(name=name or f"Product {code}", **fields))

    async def price(self, code, amount, from_ms=0):
        await self.put("price", f"{code}/{from_ms}", Price(amount=amount))

    async def store(self, number="S0001", **fields):
        await self.put("store", number, Store(name=f"Store {number}", **fields))
        await self.put("data-group", number, DataGroup(store=number))
        await self.put("channel-database", number, ChannelDatabase(data_group=number, store=number))

    async def register(self, number="S0001-R01", group=None):
        store = number.partition("-")[0]
        await self.put("register", number, Register(store=store, support_offline=True))
        database = ChannelDatabase(data_group=group or store, store=store, register=number)
        await self.put("channel-database", number, database)

    async def run(self, *jobs, full=False, groups=(), anyway=False):
        return await self.runner.run(Order(jobs=jobs, groups=groups, full=full, anyway=anyway))

    async def packages(self, group="S0001"):
        return await self.read(packages.packages_of, group)

    async def sessions(self, **wanted):
        return await self.read(lambda db: sessions.listed(db, limit=1000, **wanted))

    async def groups(self):
        return await self.read(databases.read_groups)

    @property
    def folder(self):
        return ChunkFolder(self.hq.packages)


@contextlib.asynccontextmanager
async def open_world(home: Path, *, clock=None, worker=None):
    config = HeadquartersConfig(home=home, allow_insecure=True)
    home.mkdir(parents=True, exist_ok=True)
    channel = await Channel.open(home / "hq.db", migrations="store.headquarters")
    clock = clock or Clock()
    hq = Headquarters(
        config=config,
        channel=channel,
        secrets=open_secrets(home, allow_insecure=True),
        metrics=Metrics(),
        tasks=ServiceTasks(),
        operator_token=chance.token_urlsafe(8),
        now_ms=clock,
    )
    worker = worker or Here()
    try:
        yield World(hq=hq, clock=clock, worker=worker, made=await part.assemble(hq, worker))
    finally:
        await hq.tasks.close()
        await worker.close()
        await channel.close()


@contextlib.asynccontextmanager
async def listening(world):
    """The world's part behind a socket; gives the URL."""
    app = web.Application(middlewares=[answer_problems], client_max_size=1_048_576)
    app[HQ], app[LOCAL] = world.hq, False
    add_routes(app, world.part.routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@dataclass
class TestServer:
    """A Retail Server as headquarters sees it."""

    __test__ = False

    url: str
    http: aiohttp.ClientSession
    name: str = "MAIN"
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    n: int = 0

    async def introduce(self, **fields):
        public = public_bytes(self.key).hex()
        request = ServerRequest(
            name=self.name,
            public_key=public,
            proof=self.key.sign(server_text(self.name, public)).hex(),
            version="1",
        )
        body = msgspec.json.encode(msgspec.structs.replace(request, **fields))
        async with self.http.post(self.url + "/servers", data=body) as answer:
            return answer.status, await answer.json(content_type=None)

    async def ask(self, method, path, body=b"", headers=None, *, time_ms=None, nonce=None):
        signed = sign_request(
            self.key,
            method=method,
            path_and_query=path,
            body=body,
            register=self.name,
            series=server_series(self.name),
            time_ms=time.time_ns() // 1_000_000 if time_ms is None else time_ms,
            nonce=nonce or chance.token_hex(12),
        )
        async with self.http.request(
            method, URL(self.url + path, encoded=True), data=body or None, headers=signed | (headers or {})
        ) as answer:
            return answer.status, dict(answer.headers), await answer.read()

    async def feed(self, after=None, wait=0, newest=0):
        after = self.n if after is None else after
        path = f"/servers/{self.name}/feed?after={after}&wait={wait}&newest={newest}"
        status, _, body = await self.ask("GET", path)
        assert status == 200, (status, body)
        feed = msgspec.json.decode(body, type=Feed)
        self.n = feed.n
        return feed

    async def report(self, *reports):
        body = msgspec.json.encode(SessionReports(reports=reports))
        return await self.ask("POST", "/sessions/reports", body)


def told(session, status, at_ms, **fields):
    return SessionReport(session=session, status=status, at_ms=at_ms, **fields)


class Database:
    """A channel database: applies packages by the rules and knows what it holds then."""

    def __init__(self, folder: ChunkFolder, root_key: bytes, *, offline=False):
        self.folder = folder
        self.root_key = root_key
        self.offline = offline
        self.seq = 0
        self.rows = {table: {} for table in TABLES}
        self.fetched = 0

    def follow(self, entries):
        """Apply what leads to the newest package; answers the packages that were applied."""
        usable = [entry for entry in entries if not entry.canceled]
        path = path_to_newest(usable, self.seq)
        for entry in path:
            self.apply(entry)
        return path

    def apply(self, entry):
        data = self.folder.header(entry.package_seq, entry.kind)
        header = read_header(data)
        check_header(header, self.root_key)
        manifest = header.manifest
        assert manifest.package_seq > self.seq, "numbers never go back"
        assert manifest.base_seq in (0, self.seq), "a delta fits its base only"
        if not manifest.base_seq:
            self.rows = {table: {} for table in TABLES}
        for part_ in manifest.parts:
            self._apply_part(part_)
        self.fetched += entry.size
        self.seq = manifest.package_seq

    def _apply_part(self, part_):
        table = self.rows[part_.name]
        if part_.mode == "full":
            table.clear()
        if self.offline and not part_.offline:
            return
        for batch in read_part(part_, lambda chunk: self.folder.read(chunk.sha256, chunk.stored_size)):
            for key in batch.deletes:
                del table[key]
            for row in batch.rows:
                table[row[0]] = row
        total = SetHash()
        total.add_all(encode_cells(part_.name, row) for row in table.values())
        assert (len(table), total.hex()) == (part_.total_rows, part_.total_hash)
