"""The price in force: one rule, answered alike by the pure function, the register's catalog and both servers."""

import asyncio
import random

import pytest

from catalog_files import build_catalog
from server_postgres import postgres_server
from server_world import PACKAGE_KEY, ROOT, STORE
from store.exchange.package import build_package, endorse_keys
from store.exchange.record import public_bytes
from store.gateway.offline import OfflineCatalog
from store.sale.item import ItemKey, KeyKind
from store.sale.pricing import NO_PRICE, PriceRow, price_in_force
from store.server import items, packages
from store.server.loading import load_package
from store.service.channel import Channel

MOMENTS = (-5, 0, 1, 9, 10, 11, 19, 20, 21, 10**13)


def tables(seed=7):
    chance = random.Random(seed)
    goods, prices = [], []
    for n in range(60):
        sku = f"{n:03}"
        goods.append(
            {"sku": sku, "name": f"Item {n}", "price": chance.choice((-1, 0, 500)), "open_price": n % 4 == 0}
            | ({"blocked": "recalled"} if n % 7 == 0 else {})
        )
        for number in range(chance.randrange(4)):
            from_ms = chance.choice((0, 1, 10, 20))
            prices.append(
                {"key": f"{sku}/{number}", "sku": sku, "amount": n * 10 + number, "from_ms": from_ms}
                | {"until_ms": chance.choice((0, 0, 10, 11, 20, 21))}
            )
    return {"item": goods, "price": prices}


def expected(goods, prices, at_ms):
    rows = [
        PriceRow(key=p["key"], amount=p["amount"], from_ms=p["from_ms"], until_ms=p["until_ms"])
        for p in prices
        if p["sku"] == goods["sku"]
    ]
    price = price_in_force(rows, at_ms)
    price = goods["price"] if price is None else price
    blocked = goods.get("blocked", "")
    if price < 0:
        return 0, blocked or ("" if goods["open_price"] else NO_PRICE)
    return price, blocked


async def answered_by_server(place, at_ms):
    channel = await Channel.open(place)
    try:
        keys = endorse_keys(ROOT, (public_bytes(PACKAGE_KEY),), issued_ms=1)
        package = build_package(tables(), seq=1, created_ms=1, key=PACKAGE_KEY, keys=keys)

        def load(db):
            state = packages.lock_store(db, STORE, public_bytes(ROOT).hex(), 1)
            load_package(db, state, STORE, package.header, package.fetch, 1)

        await channel.work(load)

        def ask(db):
            return {
                (goods["sku"], moment): (found.price, found.blocked)
                for goods in tables()["item"]
                for moment in at_ms
                for found in [items.find_item(db, STORE, [("sku", goods["sku"])], moment)]
            }

        def find(db):
            return [(item.sku, item.price) for item in items.search(db, STORE, "item", 100, 15)]

        return await channel.read(ask), await channel.read(find)
    finally:
        await channel.close()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    if request.param == "sqlite":
        yield tmp_path / "channel.db"
        return
    with postgres_server() as url:
        yield url.format("postgres")


def test_the_server_answers_the_price_of_the_rule(place):
    answered, found = asyncio.run(answered_by_server(place, MOMENTS))
    prices = tables()["price"]
    wanted = {
        (goods["sku"], moment): expected(goods, prices, moment)
        for goods in tables()["item"]
        for moment in MOMENTS
    }
    assert answered == wanted
    assert len(set(answered.values())) > 40
    assert sorted(found) == [(goods["sku"], expected(goods, prices, 15)[0]) for goods in tables()["item"]]


def test_the_register_answers_the_price_of_the_rule(tmp_path):
    build_catalog(tables(), tmp_path / "catalog-1.db")
    catalog = OfflineCatalog(tmp_path / "catalog-1.db")
    try:
        for goods in tables()["item"]:
            for moment in MOMENTS:
                item, _ = catalog.find_item((ItemKey(KeyKind.SKU, goods["sku"]),), moment)
                assert (item.price, item.blocked) == expected(goods, tables()["price"], moment)
    finally:
        catalog.close()
