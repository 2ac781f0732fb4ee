"""Inventory look-up (801) at the till: all stores online, the last known figure with its age offline."""

import pytest

from session_fakes import BREAD, DONE, MILK, REFUSED, SOLD, START_MS, running
from store.exchange.stock import WireStoreStock
from store.gateway.gateway import Source
from store.gateway.stock import StockAnswer

HOUR_MS = 3_600_000


class FakeStock:
    """Answers what it is told to."""

    def __init__(self):
        self.asked = []
        self.answer = StockAnswer(rows=(), source=Source.ONLINE, everywhere=True)

    async def find(self, sku):
        self.asked.append(sku)
        return self.answer


@pytest.fixture
async def till(tmp_path, monkeypatch):
    async with running(tmp_path) as till:
        till.stock = FakeStock()
        object.__setattr__(till.session._work.ports, "stock", till.stock)
        yield await till.ready()


def row(store, quantity, hours, name=""):
    return WireStoreStock(store=store, quantity=quantity, as_of_ms=START_MS - int(hours * HOUR_MS), name=name)


async def test_this_store_comes_first_then_those_that_have_most(till):
    till.stock.answer = StockAnswer(
        rows=(row("S0002", "3", 1), row("S0003", "30", 50, "Harbour"), row("S0001", "0", 0.5)),
        source=Source.ONLINE,
        everywhere=True,
    )
    assert (await till.operation(801, MILK)).outcome is DONE
    assert till.stock.asked == ["1001"]
    assert till.view.question.lines == (
        "Whole milk 1 l   1001",
        "S0001 (here): 0 pcs, 2026-11-24 13:33 (30 min ago)",
        "S0003 Harbour: 30 pcs, 2026-11-22 12:03 (2 days ago)",
        "S0002: 3 pcs, 2026-11-24 13:03 (1 h ago)",
    )
    assert (await till.scan(BREAD)).outcome is SOLD, "the panel does not stand in the way"
    assert till.view.question is None


async def test_offline_the_age_of_what_is_known_is_told(till):
    till.stock.answer = StockAnswer(rows=(row("S0001", "8", 7),), source=Source.OFFLINE)
    await till.scan(MILK)
    await till.operation(801)
    assert "(7 h ago)" in till.view.question.lines[1]
    assert till.view.question.lines[-1].startswith("Last known here.")


async def test_what_is_missing_is_said(till):
    till.stock.answer = StockAnswer(rows=(), source=Source.ONLINE)
    await till.operation(801)
    assert till.view.question.title == "Inventory look-up"
    await till.scan(MILK)
    assert till.view.question.lines[1:] == (
        "Nothing is known of its stock.",
        "Headquarters does not answer, so the other stores are not known.",
    )
    assert (await till.operation(801, "nothing")).outcome is REFUSED


async def test_more_stores_than_fit_are_counted(till):
    rows = tuple(row(f"S{n:04}", str(n), 1) for n in range(2, 40))
    till.stock.answer = StockAnswer(rows=rows, source=Source.ONLINE, everywhere=True)
    await till.operation(801, MILK)
    assert till.view.question.lines[-1] == "24 more stores have less."
    assert "S0039: 39 pcs" in till.view.question.lines[1]


async def test_f35_stock_never_blocks_a_sale(till):
    till.stock.answer = StockAnswer(rows=(row("S0001", "0", 0),), source=Source.ONLINE, everywhere=True)
    await till.scan(MILK)
    await till.operation(801)
    assert (await till.scan(MILK)).outcome is SOLD
    await till.operation(206)
    record = (await till.records())[-1]
    assert (record["kind"], record["total"]) == ("sale", 218)
    assert till.stock.asked == ["1001"], "selling asks for no stock"
