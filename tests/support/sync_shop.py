"""A register core as a process of its own, enrolled at a depot that also answers what a till asks online."""

import asyncio
import contextlib
import json
import time

import msgspec
from aiohttp import web

from catalog_files import ROOT
from core_hand import Hand
from core_home import MILK, PEPPER, SERIES, CoreRun, make_home, shop_tables
from store.exchange import delivery, messages
from store.exchange.record import genesis, public_bytes
from store.register.enrolment.activation import load_enrolment
from sync_depot import answer, problem, running_depot

REGISTER = "S0001-R01"
PRICE = 109


def tables(**changes):
    """The shop's tables, with the register as headquarters set it up."""
    return {**shop_tables(), **changes}


def register_row(support_offline=1, profile="", **detail):
    return {
        "number": REGISTER,
        "name": "Till 1",
        "support_offline": support_offline,
        "offline_profile": profile,
        "detail": json.dumps(detail),
    }


class Answers:
    """Health, head, items and staff."""

    def __init__(self):
        self.head = messages.SeriesHead(series=SERIES, seq=0, hash="", time_ms=0)
        self.lookups = 0

    async def health(self, request):
        return answer(messages.Health(ok=True, time_ms=time.time_ns() // 1_000_000, version="0"))

    async def get_head(self, request):
        return answer(self.head)

    async def records(self, request):
        return problem(503, "busy")

    async def items(self, request):
        self.lookups += 1
        keys = request.query.getall("key", [])
        if f"gtin:{MILK.zfill(14)}" not in keys:
            return problem(404, "unknown-item")
        return answer(
            messages.WireItem(
                sku="1001", name="Whole milk 1 l", price=PRICE, tax="B", department="10", matched=keys[0]
            )
        )

    async def staff(self, request):
        row = next(
            (row for row in shop_tables()["staff"] if row["number"] == request.match_info["number"]), None
        )
        return answer(delivery.WireStaff(**row)) if row else problem(404, "unknown-operator")

    def routes(self):
        return [
            web.get(messages.PATH_HEALTH, self.health),
            web.get("/series/{series}/head", self.get_head),
            web.post("/series/{series}/records", self.records),
            web.get(messages.PATH_ITEM, self.items),
            web.get("/staff/{number}", self.staff),
        ]


@contextlib.asynccontextmanager
async def core_shop(folder, *packages, profile="download_interval_s = 1"):
    """A depot with packages and the home of a register without any data; yields (depot, home, answers)."""
    answers = Answers()
    async with running_depot(*packages, more_routes=answers.routes()) as depot:
        config = f'[register]\nserver_url = "{depot.url}"\n[offline_profile]\nreconnection_interval_s = 0\n{profile}\n'
        home = await asyncio.to_thread(make_home, folder / "till", depot.url, config)
        for path in home.path.glob("catalog*"):
            path.unlink()
        enrolment = msgspec.structs.replace(load_enrolment(home.path), root_key=public_bytes(ROOT).hex())
        home.enrolment_file.write_bytes(msgspec.json.encode(enrolment))
        first = genesis(SERIES, bytes.fromhex(enrolment.public_key)).hex()
        answers.head = msgspec.structs.replace(answers.head, hash=first)
        yield depot, home, answers


@contextlib.asynccontextmanager
async def running_core(home):
    """The core as a process; what blocks runs in threads, because the depot lives on this loop."""
    core = CoreRun(home)
    try:
        await asyncio.to_thread(core.wait_until_it_listens)
        yield core
    finally:
        await asyncio.to_thread(core.__exit__)


@contextlib.asynccontextmanager
async def hand_at(home):
    hand = await asyncio.to_thread(Hand, home)
    try:
        yield hand
    finally:
        hand.close()


async def status(core):
    return await asyncio.to_thread(core.query, "status")


async def until(condition, within_s=15.0):
    """The first true value of an asynchronous condition."""
    end_s = time.monotonic() + within_s
    while True:
        if value := await condition():
            return value
        assert time.monotonic() < end_s, "not true in time"
        await asyncio.sleep(0.03)


__all__ = [
    "MILK",
    "PEPPER",
    "REGISTER",
    "core_shop",
    "hand_at",
    "register_row",
    "running_core",
    "status",
    "tables",
    "until",
]
