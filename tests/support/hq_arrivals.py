"""A headquarters to which Retail Servers deliver: real HTTP, a real database, registers with real chains."""

import asyncio
import contextlib
import functools
import json

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hq_office import serving_office
from hq_scheduler import Here, TestServer
from server_world import Register
from store.exchange.delivery import EnrolmentReport, RegisterReport, RegisterReports, SeriesOpening
from store.exchange.messages import BatchAnswer, SeriesHead
from store.exchange.record import public_bytes
from store.headquarters.records import part as records
from store.headquarters.scheduler import part as scheduler
from store.ledger.reports import conservation

OPENED_MS = 1_790_000_000_000


async def _open_scheduler(hq):
    return (await scheduler.assemble(hq, Here())).part


class World:
    """A running headquarters, the operator's session, and servers that know it."""

    def __init__(self, office, running, operator, http):
        self.office = office
        self.hq = office.hq
        self.url = running.url
        self.operator = operator
        self.http = http

    async def server(self, name="MAIN"):
        server = TestServer(self.url, self.http, name)
        assert (await server.introduce())[0] == 200
        return server

    async def chain(self, *registers, store="S0001", **fields):
        await self.office.set("store", store, name="First store")
        for register in registers:
            await self.office.set("register", register, {"store": store, "support_offline": True} | fields)

    async def sql(self, statement):
        return await self.hq.channel.read(lambda db: db.execute(statement).fetchall())

    async def read(self, fn, *args):
        return await self.hq.channel.read(fn, *args)

    async def ask(self, noun, verb, expect=200, **query):
        """A verb that reads, as the command line asks for it."""
        given = {name: str(value) for name, value in query.items()}
        async with self.operator.get(f"/commands/{noun}/{verb}", params=given) as answer:
            return await self._answer(answer, expect)

    async def do(self, noun, verb, expect=200, **body):
        """A verb that changes something."""
        async with self.operator.post(f"/commands/{noun}/{verb}", json=body) as answer:
            return await self._answer(answer, expect)

    async def put(self, noun, key, expect=200, **body):
        async with self.operator.put(f"/setup/{noun}/{key}", json=body) as answer:
            return await self._answer(answer, expect)

    async def remove(self, noun, key, expect=200):
        async with self.operator.delete(f"/setup/{noun}/{key}") as answer:
            return await self._answer(answer, expect)

    async def _answer(self, answer, expect):
        text = await answer.text()
        assert answer.status == expect, (answer.status, text)
        return json.loads(text)

    async def settled(self, store="S0001"):
        for _ in range(600):
            books = await self.read(conservation, store)
            assert books.holds, books
            if not books.waiting:
                return books
            await asyncio.sleep(0.01)
        raise AssertionError(f"posting never settled: {books}")


@contextlib.asynccontextmanager
async def open_world(home, more=(), **options):
    options.setdefault("first_wait_ms", 2)
    parts = (functools.partial(records.assemble, **options), _open_scheduler, *more)
    home.mkdir(parents=True, exist_ok=True)
    async with serving_office(home, parts) as (office, running, operator), aiohttp.ClientSession() as http:
        yield World(office, running, operator, http)


def till(register="S0001-R01", epoch=1, key=None):
    """A register with a chain of its own, that no server serves."""
    key = key or Ed25519PrivateKey.generate()
    return Register("", None, key, register, f"{register}.{epoch}")


def opening(of, closed_ms=0, **changes):
    facts = SeriesOpening(
        series=of.series,
        store=of.name.partition("-")[0],
        register=of.name,
        epoch=int(of.series.rpartition(".")[2]),
        public_key=public_bytes(of.key).hex(),
        insecure=True,
        opened_ms=OPENED_MS,
        closed_ms=closed_ms,
    )
    return msgspec.structs.replace(facts, **changes)


async def put_series(server, register, expect=200, **changes):
    status, _, body = await server.ask(
        "PUT", f"/series/{register.series}", msgspec.json.encode(opening(register, **changes))
    )
    assert status == expect, (status, body)
    return msgspec.json.decode(body, type=SeriesHead) if status == 200 else json.loads(body)


async def deliver(server, register, first=1, last=None, expect=200):
    """Records first..last in one batch."""
    content = register.batch(first, last)
    status, _, body = await server.ask("POST", f"/series/{register.series}/records", content)
    assert status == expect, (status, body)
    return msgspec.json.decode(body, type=BatchAnswer)


async def head(server, register):
    status, _, body = await server.ask("GET", f"/series/{register.series}/head")
    assert status == 200, (status, body)
    return msgspec.json.decode(body, type=SeriesHead)


async def enrolled(server, register, expect=200, at_ms=OPENED_MS):
    facts = opening(register)
    report = EnrolmentReport(
        register=facts.register,
        store=facts.store,
        epoch=facts.epoch,
        series=facts.series,
        public_key=facts.public_key,
        insecure=True,
        at_ms=at_ms,
    )
    status, _, body = await server.ask("POST", "/devices/reports", msgspec.json.encode(report))
    assert status == expect, (status, body)


def report(register, at_ms, **changes):
    facts = RegisterReport(
        register=register.name,
        store=register.name.partition("-")[0],
        series=register.series,
        mode="ONLINE",
        since_ms=OPENED_MS,
        reason="",
        unsent=0,
        unsent_transactions=0,
        oldest_unsent_ms=0,
        amount_at_risk=0,
        currency="EUR",
        catalog_seq=7,
        catalog_created_ms=OPENED_MS,
        version="0.3",
        at_ms=at_ms,
        heard_ms=at_ms,
    )
    return msgspec.structs.replace(facts, **changes)


async def say(server, *reports, expect=200):
    body = msgspec.json.encode(RegisterReports(reports=reports))
    status, _, answer = await server.ask("POST", "/registers/reports", body)
    assert status == expect, (status, answer)
