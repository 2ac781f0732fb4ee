"""Receipts of other registers: the server's word while it can be had, else what job 1200 brought."""

import asyncio

import msgspec
import pytest

from session_fakes import FakeClock
from store.exchange.offline_profile import OfflineProfile
from store.exchange.returns import (
    ReservationAnswer,
    ReservedLine,
    WireReceipt,
    WireReceiptRow,
    WireReceipts,
)
from store.gateway.catalog_rows import Returnable
from store.gateway.errors import ServerBusy, ServerRefused, ServerSilent, ServerUnreachable
from store.gateway.gateway import Source
from store.gateway.receipts import NoReceipts, ReceiptDirectory
from store.gateway.states import Mode
from store.sale.past_sale import left_of, parse_number, past_sale

NUMBER = parse_number("S0001-R02-000007")
PAYLOAD = {
    "series": "S0001-R02.1",
    "seq": 70,
    "receipt_no": 7,
    "at": "2026-11-24T13:00:00.000Z",
    "currency": "EUR",
    "total": 218,
    "lines": [
        {
            "n": 1, "sku": "1001", "name": "Milk", "quantity": "2", "unit": "pcs", "price": 109, "amount": 218,
            "tax": "B", "tax_amount": 14, "gross": 218, "price_source": "catalog",
        }
    ],
    "taxes": [{"code": "B", "name": "VAT", "rate": "7", "included": 1, "net": 204, "tax": 14, "gross": 218}],
    "tenders": [{"n": 1, "tender": 1, "kind": "cash", "amount": 218}],
}  # fmt: skip
SALE = past_sale(PAYLOAD)
LINE = ReservedLine(series="S0001-R02.1", seq=70, n=1, quantity="1")


class Calls:
    """A client that answers, or raises what it is told to."""

    def __init__(self):
        self.asked = []
        self.fails = []
        self.granted = True

    async def ask(self, path, kind, *, deadline_s):
        return self._answer(path, kind)

    async def post(self, path, document, kind, *, deadline_s, signed=True):
        return self._answer((path, document.txn_id, document.lines), kind)

    def _answer(self, asked, kind):
        self.asked.append(asked)
        if self.fails:
            raise self.fails.pop(0)
        if kind is WireReceipt:
            return WireReceipt(sale=SALE, txn_id="t1")
        if kind is WireReceipts:
            row = WireReceiptRow(
                number="S0001-R02-000007", at="", total=218, currency="EUR", goods="", lines=1
            )
            return WireReceipts(receipts=(row,))
        return ReservationAnswer(granted=self.granted)


class Connection:
    """Online until a call fails."""

    mode = Mode.ONLINE
    online_period = 1

    def __init__(self):
        self.answered = 0
        self.failed = []

    def call_answered(self, took_s, *, online_period):
        self.answered += 1

    def call_failed(self, reason, *, answered=False, online_period=None):
        self.failed.append((reason, answered))
        self.mode = Mode.OFFLINE_AUTO


class Catalog:
    """Rows of job 1200."""

    def __init__(self, *details):
        self.details = details

    def returnables_of(self, series, receipt_no):
        if (series, receipt_no) != ("S0001-R02.1", 7):
            return ()
        return tuple(
            Returnable(key=f"{series}:7:{n}", quantity="1", as_of_ms=9, detail=detail)
            for n, detail in enumerate(self.details, start=1)
        )


DETAIL = msgspec.json.encode(
    {
        "seq": 70,
        "at": PAYLOAD["at"],
        "currency": "EUR",
        "total": 218,
        "tenders": [{"kind": "cash", "amount": 218}],
        "line": PAYLOAD["lines"][0],
        "taxes": PAYLOAD["taxes"],
        "back": [
            {
                "series": "S0001-R01.1", "seq": 9, "n": 1, "of_n": 1, "quantity": "-1", "amount": -109,
                "tax_amount": -7,
            }
        ],
    }
).decode()  # fmt: skip


@pytest.fixture
def world():
    class World:
        calls, connection = Calls(), Connection()
        catalog = Catalog(DETAIL)

    world = World()
    world.receipts = ReceiptDirectory(
        client=world.calls,
        connection=world.connection,
        catalog=lambda: world.catalog,
        profile=lambda: OfflineProfile(retry_count=1),
        clock=FakeClock(),
    )
    return world


async def test_online_the_server_tells_of_the_receipt_and_keeps_what_comes_back(world):
    found = await world.receipts.find(NUMBER, "txn 1")
    assert (found.sale, found.source) == (SALE, Source.ONLINE)
    assert world.calls.asked == ["/receipts/S0001-R02-000007?txn=txn%201"]
    assert (await world.receipts.reserve("t2", [LINE])).granted
    rows = await world.receipts.search(date="2026-11-24", amount=218, item="milk & co", limit=5)
    assert rows.source is Source.ONLINE
    assert world.calls.asked[-1] == "/receipts?date=2026-11-24&amount=218&item=milk%20%26%20co&limit=5"
    assert world.connection.answered == 3


async def test_a_receipt_that_the_server_does_not_know_is_none_and_nothing_of_the_catalog_counts(world):
    world.calls.fails = [ServerRefused("none", 404, "unknown-receipt")]
    found = await world.receipts.find(NUMBER, "")
    assert (found.sale, found.source) == (None, Source.ONLINE)


async def test_a_server_of_the_last_version_knows_no_receipts_and_job_1200_does(world):
    world.calls.fails = [ServerRefused("nothing here", 404, "not-found")] * 3
    found = await world.receipts.find(NUMBER, "")
    assert (found.source, left_of(found.sale, found.sale.lines[0])) == (Source.OFFLINE, "1")
    assert (await world.receipts.search(date="", amount=None, item="", limit=5)).rows == ()
    assert await world.receipts.reserve("t", [LINE]) is None
    assert world.connection.failed == []


@pytest.mark.parametrize(
    ("errors", "asked"),
    [
        ([ServerSilent("no answer")], 1),
        ([ServerUnreachable("refused")] * 2, 2),
        ([ServerBusy("busy")] * 2, 2),
    ],
)
async def test_a_server_that_is_away_leaves_it_to_job_1200(world, errors, asked):
    world.calls.fails = list(errors)
    found = await world.receipts.find(NUMBER, "")
    assert (found.sale.total, found.as_of_ms, found.source) == (218, 9, Source.OFFLINE)
    assert len(world.calls.asked) == asked
    assert len(world.connection.failed) == 1
    assert (await world.receipts.find(NUMBER, "")).source is Source.OFFLINE
    assert len(world.calls.asked) == asked  # offline nobody is asked


async def test_rows_that_nobody_can_read_are_as_good_as_none(world):
    world.connection.mode = Mode.OFFLINE_AUTO
    for detail in ("", "{}", "rubbish", '{"line": 3}'):
        world.catalog = Catalog(detail)
        assert (await world.receipts.find(NUMBER, "")).sale is None
    world.catalog = None
    assert (await world.receipts.find(NUMBER, "")).sale is None


async def test_goods_that_are_not_taken_back_are_let_go_beside_the_till(world):
    world.receipts.release("t1")
    world.receipts.release("t2", [LINE])
    await asyncio.sleep(0)
    await world.receipts.close()
    assert [asked[1:] for asked in world.calls.asked] == [("t1", ()), ("t2", (LINE,))]
    world.connection.mode = Mode.OFFLINE_AUTO
    world.receipts.release("t3")
    assert len(world.calls.asked) == 2


async def test_where_there_is_no_server_nobody_has_a_receipt():
    none = NoReceipts()
    assert (await none.find(NUMBER, "")).sale is None
    assert (await none.search(date="", amount=None, item="", limit=1)).rows == ()
    assert await none.reserve("t", []) is None
    none.release("t")
