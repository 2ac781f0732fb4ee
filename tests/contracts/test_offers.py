"""Discounts of headquarters: the same rows make the same offers and the same line on register and server."""

import asyncio
import random

import pytest

from catalog_files import build_catalog
from sale_shop import POLICY
from server_postgres import postgres_server
from server_world import PACKAGE_KEY, ROOT, STORE
from store.exchange.package import build_package, endorse_keys
from store.exchange.record import public_bytes
from store.gateway.offline import OfflineCatalog
from store.gateway.online import item_of
from store.sale.item import ItemKey, KeyKind
from store.sale.offer import holding
from store.sale.offer_book import OfferBook
from store.sale.sale import new_sale
from store.sale.selling import add_line
from store.server import items, packages
from store.server.loading import load_package
from store.service.channel import Channel

MOMENTS = [1_795_525_392_000 + hours * 3_600_000 for hours in range(0, 24 * 8, 5)]
HOURS = ("", "", "09:00-17:00", "16:00-18:30", "22:00-02:00", "00:00-24:00")


def tables(seed=11, missing=()):
    chance = random.Random(seed)
    skus = [f"{n:03}" for n in range(40)]
    goods = [
        {"sku": sku, "name": f"Item {sku}", "price": chance.randrange(50, 900), "department": f"D{n % 5}"}
        for n, sku in enumerate(skus)
    ]
    discounts = []
    for n in range(25):
        kind = chance.choice(('"percent":"{}"', '"amount":{}', '"new_price":{}'))
        says = [kind.format(chance.choice((5, 10, 25)))]
        where = chance.choice(("everything", "products", "departments", "departments"))
        chosen = {"products": chance.sample(skus, 6), "departments": [f"D{chance.randrange(5)}"]}
        says.append(
            '"everything":true' if where == "everything" else f'"{where}":{chosen[where]}'.replace("'", '"')
        )
        if hours := chance.choice(HOURS):
            says.append(f'"hours":"{hours}"')
        if chance.random() < 0.3:
            says.append('"weekdays":["tue","wed","sat"]')
        if chance.random() < 0.3:
            says.append('"from_day":"2026-11-25","until_day":"2026-11-29"')
        if chance.random() < 0.8:
            says.append('"combined":true')
        says.append(f'"priority":{chance.choice((0, 0, 0, 3))}')
        discounts.append({"code": f"C{n:02}", "name": f"Discount {n}", "detail": "{" + ",".join(says) + "}"})
    discounts.append({"code": "ZZ", "name": "Of a newer program", "detail": '{"percent":"7","tiers":[1]}'})
    return {"item": goods, "discount": [row for row in discounts if row["code"] not in missing]}


def priced(item, offers):
    """What the register makes of it, hour by hour."""
    sale = new_sale("t", "EUR", 0)
    found = []
    for moment in MOMENTS:
        line = add_line(
            sale, POLICY, item, "3", offers=holding(offers, moment, 60), zero_confirmed=True
        ).lines[0]
        found.append((line.gross, tuple(one.code for one in line.taken)))
    return found


def expected(rows):
    book = OfferBook((row["code"], row["name"], row["detail"]) for row in rows["discount"])
    return {goods["sku"]: book.of(goods["sku"], goods["department"]) for goods in rows["item"]}


async def answered_by_server(place, *states):
    channel = await Channel.open(place)
    keys = endorse_keys(ROOT, (public_bytes(PACKAGE_KEY),), issued_ms=1)
    found = []

    def ask(db):
        return {
            goods["sku"]: item_of(items.find_item(db, STORE, [("sku", goods["sku"])], 5))
            for goods in tables()["item"]
        }

    try:
        for seq, rows in enumerate(states, start=1):
            package = build_package(rows, seq=seq, created_ms=seq, key=PACKAGE_KEY, keys=keys)

            def load(db, package=package, seq=seq):
                state = packages.lock_store(db, STORE, public_bytes(ROOT).hex(), 1)
                load_package(db, state, STORE, package.header, package.fetch, seq)

            await channel.work(load)
            found.append(await channel.read(ask))
    finally:
        await channel.close()
    return found


@pytest.fixture(params=["sqlite", "postgres"])
def place(request, tmp_path):
    if request.param == "sqlite":
        yield tmp_path / "channel.db"
        return
    with postgres_server() as url:
        yield url.format("postgres")


def test_server_and_register_offer_and_price_alike(place, tmp_path):
    rows = tables()
    wanted = expected(rows)
    fewer = tables(missing=("C00", "C01", "C02", "C03"))
    answered, changed, none = asyncio.run(answered_by_server(place, rows, fewer, {"item": rows["item"]}))
    build_catalog(rows, tmp_path / "catalog-1.db")
    catalog = OfflineCatalog(tmp_path / "catalog-1.db")
    prices = set()
    try:
        for sku, online in answered.items():
            offline, _ = catalog.find_item((ItemKey(KeyKind.SKU, sku),), 5)
            assert online == offline
            assert online.offers == wanted[sku]
            assert priced(online, online.offers) == priced(offline, wanted[sku])
            prices |= set(priced(online, online.offers))
    finally:
        catalog.close()
    assert len(prices) > 100 and any(len(codes) > 1 for _, codes in prices)
    assert {sku: item.offers for sku, item in changed.items()} == expected(fewer)
    assert not any(item.offers for item in none.values())
