"""A headquarters as the Retail Server meets it: real HTTP, real packages, a real ledger; faults at will."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

import server_world
from server_world import PACKAGE_KEY, REGISTER, ROOT, STORE, TABLES, running_world
from store.exchange.codes import code_hash
from store.exchange.delivery import (
    SERVER_HEADER,
    CodeFacts,
    CodeRequest,
    Directory,
    EnrolmentReport,
    Feed,
    GrantEntry,
    PackageEntry,
    RegisterEntry,
    RegisterReports,
    SeriesOpening,
    ServerAnswer,
    ServerRequest,
    SessionEntry,
    SessionReports,
    StoreEntry,
    UploadEntry,
    server_series,
    server_text,
)
from store.exchange.messages import RecordBatch, SeriesHead
from store.exchange.package import build_delta, build_package, endorse_keys
from store.exchange.package_header import write_header
from store.exchange.record import public_bytes, verify_text
from store.exchange.request import is_genuine, read_headers
from store.exchange.stock import WireStock
from store.ledger.series import accept, find_series, open_series
from store.server.link.pace import Pace
from store.server.packages import form_of
from store.service.channel import Channel
from store.service.errors import ProblemError

QUICK = Pace(first_s=0.02, most_s=0.1, pending_s=0.02, wait_s=1, idle_s=0.2, gather_s=0.0)
PEPPER = b"p" * 32
KEYS = endorse_keys(ROOT, (public_bytes(PACKAGE_KEY),), issued_ms=1_700_000_000_000)


@dataclass
class Headquarters:
    """What it knows, what it was told, and what goes wrong."""

    ledger: Channel
    accepted: bool = True
    away: bool = False
    n: int = 0
    root: object = ROOT
    news: asyncio.Event = field(default_factory=asyncio.Event)
    registers: dict = field(default_factory=lambda: {REGISTER: {}})
    grants: list = field(default_factory=list)
    tables: dict = field(default_factory=dict)
    entries: list = field(default_factory=list)
    sessions: list = field(default_factory=list)
    uploads: list = field(default_factory=list)
    directory_n: int = 1
    headers: dict = field(default_factory=dict)
    chunks: dict = field(default_factory=dict)
    codes: dict = field(default_factory=dict)
    stock: tuple = ()
    stock_delay_s: float = 0.0
    redeemed: dict = field(default_factory=dict)
    epochs: dict = field(default_factory=dict)
    faults: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    reports: list = field(default_factory=list)
    register_reports: list = field(default_factory=list)
    enrolments: list = field(default_factory=list)
    openings: list = field(default_factory=list)
    server_key: bytes = b""
    drops: object = None
    refuses_reports: object = None
    refuses_feed: bool = False
    refuses_paths: tuple = ()
    answers_records: object = None

    # --- what people do there

    def ring(self):
        self.news.set()
        self.news = asyncio.Event()

    def next_n(self):
        self.n += 1
        return self.n

    def direct(self, **registers):
        """Change what the directory says of registers."""
        for name, fields in registers.items():
            self.registers[name.replace("_", "-")] = fields
        self.directory_n = self.next_n()
        self.ring()

    def grant(self, series, code, expires_ms=2**52):
        self.grants.append(
            GrantEntry(series=series, store=STORE, code_hash=code_hash(code), expires_ms=expires_ms)
        )
        self.directory_n = self.next_n()
        self.ring()

    def publish(self, seq, tables=TABLES, *, full=False, group=STORE, session=True, ring=True):
        """A package that leads to these tables: a delta on the newest one, or full."""
        known = self.tables.get(group, {})
        base = max(known, default=0)
        facts = {"created_ms": 1_700_000_000_000 + seq, "key": PACKAGE_KEY, "keys": KEYS}
        facts |= {"store": STORE, "data_group": group, "job": "9999"}
        if full or not base:
            package = build_package(tables, seq=seq, **facts)
        else:
            package = build_delta(known[base], tables, seq=seq, base_seq=base, **facts)
        self.tables.setdefault(group, {})[seq] = tables
        return self.offer(package, group, session=session, ring=ring)

    def offer(self, package, group=STORE, *, session=True, ring=True):
        form = form_of(STORE, group, package.header)
        self.headers[form.package_seq, form.kind] = write_header(package.header)
        self.chunks |= package.chunks
        n = self.next_n()
        self.entries.append((n, _package_entry(form)))
        if session:
            self.sessions.append((n, self._session(len(self.sessions) + 1, form.package_seq, group)))
        if ring:
            self.ring()
        return form

    def _session(self, number, seq, group, status="Available"):
        return SessionEntry(
            session=number, database=group, register="", data_group=group, package_seq=seq, status=status
        )

    def set_session(self, seq, status, group=STORE, register=""):
        """Say something new of a session."""
        number = next(
            (s.session for _, s in self.sessions if s.package_seq == seq and s.register == register), 0
        )
        entry = msgspec.structs.replace(
            self._session(number or len(self.sessions) + 1, seq, group, status),
            register=register,
            database=register or group,
        )
        self.sessions.append((self.next_n(), entry))
        self.ring()

    def ask_for_records(self, session=900, store=STORE):
        self.uploads.append((self.next_n(), UploadEntry(session=session, store=store)))
        self.ring()

    def statuses(self, seq):
        return [report.status for report in self.reports if report.package_seq == seq]

    # --- what a server asks

    def directory(self):
        return Directory(
            stores=(
                StoreEntry(
                    store=STORE,
                    name="Corner Shop",
                    data_group=STORE,
                    root_key=public_bytes(self.root).hex(),
                    pepper=PEPPER.hex(),
                ),
            ),
            registers=tuple(
                RegisterEntry(
                    **({"register": name, "store": STORE, "data_group": STORE, "support_offline": True}
                       | {"device": "Activated"} | fields)
                )
                for name, fields in self.registers.items()
            ),
            grants=tuple(self.grants),
        )  # fmt: skip

    async def post_server(self, request):
        asked = msgspec.json.decode(await request.read(), type=ServerRequest)
        assert verify_text(
            bytes.fromhex(asked.public_key),
            server_text(asked.name, asked.public_key),
            bytes.fromhex(asked.proof),
        )
        self.server_key = bytes.fromhex(asked.public_key)
        answer = ServerAnswer(name=asked.name, accepted=self.accepted)
        return _answer(answer, 200 if self.accepted else 202)

    async def get_feed(self, request):
        after, wait = int(request.query["after"]), int(request.query["wait"])
        if after >= self.n:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), wait)
        return _answer(
            Feed(
                n=max(after, self.n),
                directory=self.directory() if self.directory_n > after else None,
                packages=tuple(entry for n, entry in self.entries if n > after),
                sessions=tuple(entry for n, entry in self.sessions if n > after),
                uploads=tuple(entry for n, entry in self.uploads if n > after),
            )
        )

    async def get_header(self, request):
        found = self.headers.get((int(request.match_info["seq"]), request.query["kind"]))
        return await self._bytes(request, found)

    async def get_stock(self, request):
        await asyncio.sleep(self.stock_delay_s)
        return _answer(WireStock(rows=self.stock, everywhere=True))

    async def get_chunk(self, request):
        return await self._bytes(request, self.chunks.get(request.match_info["sha256"]))

    async def _bytes(self, request, data):
        if data is None:
            raise ProblemError("not-found")
        start = int(request.headers.get("Range", "bytes=0-")[6:-1])
        fault = self.faults.get(request.path)
        cut = None
        if fault is not None:
            data, cut = fault(data)
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(data) - start
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            await response.write(data[start:cut])
            if cut is not None:
                request.transport.close()
        return response

    async def post_session_reports(self, request):
        told = msgspec.json.decode(await request.read(), type=SessionReports).reports
        if self.refuses_reports is not None and any(map(self.refuses_reports, told)):
            raise ProblemError("bad-request", "No.")
        self.reports += told
        return web.json_response({})

    async def post_register_reports(self, request):
        self.register_reports += msgspec.json.decode(await request.read(), type=RegisterReports).reports
        return web.json_response({})

    async def post_redeem(self, request):
        asked = msgspec.json.decode(await request.read(), type=CodeRequest)
        register = self.codes.get(asked.code_hash)
        if (
            register is None
            or self.redeemed.setdefault(asked.code_hash, asked.public_key) != asked.public_key
        ):
            raise ProblemError("bad-code", "The code is not known.")
        return _answer(
            CodeFacts(register=register, store=STORE, expires_ms=2**52, epoch=self.epochs.get(register, 0))
        )

    async def post_enrolment(self, request):
        self.enrolments.append(msgspec.json.decode(await request.read(), type=EnrolmentReport))
        return web.json_response({})

    async def post_certificate(self, request):
        return _answer({"certificate": "c", "authority": "a", "asked": await request.json()})

    async def put_series(self, request):
        opening = msgspec.json.decode(await request.read(), type=SeriesOpening)
        self.openings.append(opening)

        def open_once(db):
            known = find_series(db, opening.series)
            if known is None:
                open_series(
                    db, store=opening.store, series=opening.series, register=opening.register,
                    epoch=opening.epoch, public_key=bytes.fromhex(opening.public_key),
                    insecure=opening.insecure, now_ms=opening.opened_ms,
                )  # fmt: skip
                known = find_series(db, opening.series)
            if known.facts.public_key.hex() != opening.public_key:
                raise ProblemError("fork", "The series is known with another key.")
            return known

        return _answer(_head(await self.ledger.work(open_once)))

    async def get_head(self, request):
        known = await self.ledger.read(find_series, request.match_info["series"])
        if known is None:
            raise ProblemError("not-found")
        return _answer(_head(known))

    async def post_records(self, request):
        batch = msgspec.json.decode(await request.read(), type=RecordBatch)
        if self.answers_records is not None:
            return _answer(self.answers_records)
        done = await self.ledger.work(accept_always, batch)
        if done is None:
            raise ProblemError("not-found")
        if done.refused is not None:
            raise ProblemError(str(done.refused.outcome), done.refused.reason, more=done.answer)
        return _answer(done.answer)

    async def records(self, series):
        def read(db):
            return db.execute(
                f"select seq, hash from record where series = '{series}' order by seq"
            ).fetchall()

        return [(seq, bytes(hash_).hex()) for seq, hash_ in await self.ledger.read(read)]

    @web.middleware
    async def guard(self, request, handler):
        self.asked.append((request.method, request.path))
        if self.away:
            request.transport.close()
            return web.Response(status=503)
        try:
            if request.path != "/servers":
                claim = read_headers(request.headers)
                assert claim.series == server_series(request.headers[SERVER_HEADER])
                body = await request.read()
                if not is_genuine(
                    claim, self.server_key, method=request.method, path_and_query=request.path_qs, body=body
                ):
                    raise ProblemError("bad-signature")
                if not self.accepted:
                    raise ProblemError("server-pending")
                if request.path in self.refuses_paths or (self.refuses_feed and "/feed" in request.path):
                    raise ProblemError("bad-request")
            answer = await handler(request)
            if self.drops is not None and self.drops(request):
                request.transport.close()  # it is done, and nobody hears of it
            return answer
        except ProblemError as problem:
            return web.Response(
                body=problem.body(), status=problem.status, content_type="application/problem+json"
            )

    def app(self):
        app = web.Application(middlewares=[self.guard])
        app.add_routes(
            [
                web.post("/servers", self.post_server),
                web.get("/servers/{name}/feed", self.get_feed),
                web.get("/packages/{seq}", self.get_header),
                web.get("/chunks/{sha256}", self.get_chunk),
                web.get("/stock/{sku}", self.get_stock),
                web.post("/sessions/reports", self.post_session_reports),
                web.post("/registers/reports", self.post_register_reports),
                web.post("/codes/redeem", self.post_redeem),
                web.post("/devices/reports", self.post_enrolment),
                web.post("/certificates", self.post_certificate),
                web.put("/series/{series}", self.put_series),
                web.get("/series/{series}/head", self.get_head),
                web.post("/series/{series}/records", self.post_records),
            ]
        )
        return app


def accept_always(db, batch):
    """Headquarters does not fence: the server decided that when it accepted."""
    db.execute(f"update series set closed_ms = 0 where series = '{batch.series}'")
    return accept(db, batch, 1)


def _head(known):
    return SeriesHead(series=known.series, seq=known.head.seq, hash=known.head.hash.hex(), time_ms=1)


def _package_entry(form):
    fields = json.loads(msgspec.json.encode(form))
    return msgspec.convert(fields, PackageEntry)


def _answer(document, status=200):
    return web.Response(body=msgspec.json.encode(document), status=status, content_type="application/json")


@contextlib.asynccontextmanager
async def headquarters(folder):
    """A headquarters that listens; `url` says where."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = await Channel.open(folder / "ledger.db")
    made = Headquarters(ledger)
    runner = web.AppRunner(made.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()
        await ledger.close()


@contextlib.asynccontextmanager
async def linked_world(home, hq, *, name="MAIN", keyring=None, **options):
    """A Retail Server under a headquarters."""
    config = {"headquarters_url": hq.url, "name": name}
    keyring = keyring or server_world.MemoryKeyring()
    async with running_world(home, keyring=keyring, config=config, pace=QUICK, **options) as world:
        yield world


async def until(holds, patience_s=10.0):
    """Wait until it holds; answers what it answered."""
    deadline = asyncio.get_running_loop().time() + patience_s
    while True:
        found = holds()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"never happened: {holds}")
        await asyncio.sleep(0.01)
