"""A Retail Server of one page for tests of the gateway, inside the test or as a process that can be stopped.

It speaks the wire structs and nothing else: no database, no signatures. As a program it prints its port.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
from aiohttp import web

from gateway_world import ITEMS
from store.exchange import messages
from store.exchange.badges import PATH_BADGE, WireBadge
from store.exchange.customers import (
    PATH_CUSTOMER,
    PATH_CUSTOMERS,
    WireAccount,
    WireCustomerFacts,
    WireCustomers,
)
from store.exchange.delivery import PATH_STAFF
from store.exchange.messages import Health, Problem, SeriesHead, WireItem, WireSearch

HEADERS = {messages.PROTOCOL_HEADER: "1"}


class SmallServer:
    """Use as `async with SmallServer() as server`; change its attributes to change its answers."""

    def __init__(self, tls=None):
        self.port = 0
        self.tls = tls
        self.prices = {}
        self.offers = {}
        """sku: price instead of the catalog's."""
        self.only_here = {}
        """Keys that only the server knows: "gtin:...": (sku, name, price)."""
        self.delay_s = 0.0
        self.slow_requests = 10**9
        """How many requests `delay_s` still applies to."""
        self.problem = None
        """(status, kind, detail) for every signed request."""
        self.head_seq = 0
        self.staff = {}
        self.badges = {}
        self.customers = {}
        """number: WireStaff, as headquarters has them now."""
        self.package = b""
        self.knows_ranges = True
        self.shift = 0
        self.requests = []
        self.last = None
        """The last request as it came: path and query, headers."""
        self.peers = set()
        self._runner = None

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *_):
        await self.stop()

    async def start(self):
        """Listen, on the same port as before."""
        app = web.Application(middlewares=[self._all])
        app.add_routes(
            [
                web.get(messages.PATH_HEALTH, self._health),
                web.get(messages.PATH_ITEM, self._item),
                web.get(messages.PATH_SEARCH, self._search),
                web.get(messages.PATH_HEAD, self._head),
                web.get(PATH_STAFF, self._staff),
                web.get(PATH_BADGE, self._badge),
                web.get(PATH_CUSTOMERS, self._customers),
                web.get(PATH_CUSTOMER, self._customer),
                web.post(messages.PATH_RECORDS, self._records),
                web.get("/chunks/some", self._package),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self):
        """Stop listening and close what is open."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _all(self, request, handler):
        self.requests.append(request.path)
        self.last = request
        self.peers.add(request.transport.get_extra_info("peername"))
        if self.delay_s and self.slow_requests > 0:
            self.slow_requests -= 1
            await asyncio.sleep(self.delay_s)
        if self.problem is not None and request.path != messages.PATH_HEALTH:
            return problem(*self.problem)
        return await handler(request)

    async def _health(self, request):
        return answer(Health(ok=True, time_ms=now_ms(), version="1"))

    async def _item(self, request):
        for key in request.query.getall("key"):
            item = self._items().get(key)
            if item is not None:
                return answer(msgspec.structs.replace(item, matched=key))
        return problem(404, "unknown-item", "Not on file.")

    async def _search(self, request):
        text, limit = request.query["text"].casefold(), int(request.query["limit"])
        found = {item.sku: item for item in self._items().values() if text in item.name.casefold()}
        return answer(WireSearch(items=tuple(sorted(found.values(), key=lambda item: item.name))[:limit]))

    async def _head(self, request):
        series = request.match_info["series"]
        return answer(SeriesHead(series=series, seq=self.head_seq, hash="00", time_ms=now_ms()))

    async def _badge(self, request):
        number = self.badges.get(request.match_info["hash"])
        return answer(WireBadge(number=number or "", known=number is not None))

    async def _staff(self, request):
        if (member := self.staff.get(request.match_info["number"])) is not None:
            return answer(member)
        return problem(404, "unknown-operator", "Nobody of that number works here.")

    async def _customers(self, request):
        text = request.query["text"].casefold()
        found = tuple(one for one in self.customers.values() if text in one.name.casefold())
        return answer(WireCustomers(customers=found))

    async def _customer(self, request):
        if (found := self.customers.get(request.match_info["code"])) is None:
            return problem(404, "unknown-customer", "No customer has this number or card.")
        owed = WireAccount(customer=found.number, balance=1_234)
        return answer(WireCustomerFacts(customer=found, account=owed))

    async def _records(self, request):
        batch = msgspec.json.decode(await request.read(), type=messages.RecordBatch)
        last = batch.records[-1]
        return answer(
            messages.BatchAnswer(
                series=batch.series, acked_seq=last.seq, acked_hash=last.hash, time_ms=now_ms()
            )
        )

    async def _package(self, request):
        begin, size = request.http_range.start or 0, len(self.package)
        if not begin or not self.knows_ranges:
            return web.Response(body=self.package, content_type="application/octet-stream", headers=HEADERS)
        if begin >= size:
            return web.Response(status=416, headers=HEADERS)
        begin += self.shift
        headers = {**HEADERS, "Content-Range": f"bytes {begin}-{size - 1}/{size}"}
        return web.Response(status=206, body=self.package[begin:], headers=headers)

    def _items(self):
        items = {}
        for sku, name, price, code, plu in ITEMS:
            item = WireItem(
                sku=sku,
                name=name,
                price=self.prices.get(sku, price),
                offers=self.offers.get(sku, ()),
                unit="kg" if plu else "pcs",
                tax="A",
                department="food",
                plu=plu,
                weighed=bool(plu),
            )
            items[f"sku:{sku}"] = item
            if code:
                items[f"gtin:{code}"] = item
            if plu:
                items[f"plu:{plu}"] = item
        for key, (sku, name, price) in self.only_here.items():
            items[key] = WireItem(sku=sku, name=name, price=price)
        return items


def answer(value):
    """A success."""
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", headers=HEADERS)


def problem(status, kind, detail, **more):
    """A refusal."""
    value = Problem(type=f"/problems/{kind}", title=kind, status=status, detail=detail)
    body = msgspec.json.encode({**msgspec.to_builtins(value), **more})
    return web.Response(status=status, body=body, content_type="application/problem+json", headers=HEADERS)


def now_ms():
    """Wall time."""
    return time.time_ns() // 1_000_000


class ServerProcess:
    """The same server as a process of its own, which can be stopped and continued."""

    async def __aenter__(self):
        root = Path(__file__).parents[2]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(root), *sys.path))}
        self._process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, env=environment)
        self.port = int(await asyncio.to_thread(self._process.stdout.readline))
        return self

    async def __aexit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def freeze(self):
        """SIGSTOP: the system still takes connections, nobody answers."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        """SIGCONT."""
        self._process.send_signal(signal.SIGCONT)


async def _serve():
    async with SmallServer() as server:
        print(server.port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
