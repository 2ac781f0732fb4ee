"""Goods that come back at the server: what is left of a receipt, who takes it first, what a conflict becomes."""

import json

import msgspec
import pytest

from server_world import STORE, Register, body, running_world, sale
from store.exchange.returns import ReservationRequest, ReservedLine, WireReceipt
from store.sale.past_sale import left_of, past_sale
from store.sale.policy import StorePolicy, TaxRate
from store.sale.record import sale_body
from store.sale.sale import new_sale
from store.sale.taking_back import take_back

POLICY = StorePolicy(taxes=(TaxRate(code="B", name="VAT 7 %", rate="7"),))
CHEESE = "0.482"


@pytest.fixture
async def world(tmp_path):
    async with running_world(tmp_path) as world:
        world.one = await world.enrolled()
        world.two = await Register.enrol(world, (await world.prepare("S0042-R04")).code)
        yield world


def give_back(past, n, txn_id, quantity=""):
    """The lines of a record that takes a part of a sale back for cash."""
    back = sale_body(take_back(new_sale(txn_id, "EUR", 0), POLICY, past, n, quantity), POLICY)
    total = back["total"]
    return {name: back[name] for name in ("lines", "subtotal", "discount", "total", "taxes")} | {
        "tenders": [{"n": 1, "tender": 1, "kind": "cash", "amount": total}],
        "paid": total,
        "change": 0,
    }


async def received(register, number, txn=""):
    status, content, _ = await register.send("GET", f"/receipts/{number}?txn={txn}")
    assert status == 200, content
    return msgspec.json.decode(content, type=WireReceipt).sale


async def left(asked):
    past = await asked
    return left_of(past, past.lines[0])


async def reserve(register, txn_id, *lines):
    request = ReservationRequest(txn_id=txn_id, lines=tuple(ReservedLine(**line) for line in lines))
    status, content, _ = await register.send("POST", "/returns/reservations", msgspec.json.encode(request))
    return status, json.loads(content)


async def test_a_receipt_of_another_register_is_found_with_what_came_back(world):
    world.one.add()
    await world.one.upload()
    await world.settled()
    past = await received(world.two, "S0042-R03-000001")
    assert (past.series, past.receipt_no, past.total) == (world.one.series, 1, 626)
    assert left_of(past, past.lines[0]) == CHEESE
    world.two.add(txn_id="back-1", **give_back(past, 1, "back-1", "0.2"))
    await world.two.upload()
    await world.settled()
    past = await received(world.one, "S0042-R03-000001")
    assert left_of(past, past.lines[0]) == "0.282"
    assert past.returned[0].cents.amount == 260
    assert await world.report("differences") == []


async def test_a_number_that_no_receipt_has_is_a_problem_of_its_own(world):
    for number in ("S0042-R03-000009", "rubbish", "S0042-R09-000001"):
        status, answer = await world.two.get(f"/receipts/{number}")
        assert (status, answer["type"].rpartition("/")[2]) == (404, "unknown-receipt")


async def test_two_registers_that_take_back_the_same_goods_at_once_are_told_apart(world):
    world.one.add()
    await world.one.upload()
    await world.settled()
    line = {"series": world.one.series, "seq": 1, "n": 1, "quantity": CHEESE}
    assert await reserve(world.one, "t1", line) == (200, {"granted": True, "short": []})
    status, answer = await reserve(world.two, "t2", line)
    assert (status, answer["granted"], answer["short"][0]["quantity"]) == (200, False, "0")
    assert await left(received(world.two, "S0042-R03-000001", "t2")) == "0"
    assert await left(received(world.one, "S0042-R03-000001", "t1")) == CHEESE
    assert (await reserve(world.one, "t1", line))[1]["granted"]  # asked again: the same answer
    assert (await reserve(world.one, "t1"))[1]["granted"]  # given up
    assert (await reserve(world.two, "t2", line))[1]["granted"]
    assert await world.sql("select txn_id from return_reservation") == [("t2",)]


async def test_what_is_kept_for_a_sale_runs_out_and_is_gone_once_it_is_recorded(world):
    world.one.add()
    await world.one.upload()
    await world.settled()
    line = {"series": world.one.series, "seq": 1, "n": 1, "quantity": CHEESE}
    assert (await reserve(world.one, "t1", line))[1]["granted"]
    now = world.context.now_ms
    world.context.now_ms = lambda: now() + 16 * 60_000
    assert await left(received(world.two, "S0042-R03-000001")) == CHEESE
    world.context.now_ms = now
    past = await received(world.one, "S0042-R03-000001", "t1")
    world.one.add(txn_id="t1", **give_back(past, 1, "t1"))
    await world.one.upload()
    await world.settled()
    past = await received(world.two, "S0042-R03-000001")
    assert left_of(past, past.lines[0]) == "0"
    _, answer = await reserve(world.two, "t2", line)
    assert not answer["granted"]


async def test_goods_that_came_back_twice_offline_become_a_row_for_a_person(world):
    """Both registers were offline: both customers have their money, both records count, and somebody looks."""
    world.one.add()
    await world.one.upload()
    await world.settled()
    past = past_sale(body(world.one.series, 1))
    world.one.add(txn_id="t1", **give_back(past, 1, "t1"))
    world.two.add(txn_id="t2", **give_back(past, 1, "t2"))
    await world.one.upload()
    await world.settled()
    await world.two.upload()
    await world.settled()
    [row] = await world.report("differences")
    assert (row["series"], row["effect"]) == (world.two.series, "return:1.quantity")
    assert (row["register_value"], row["server_value"]) == (CHEESE, "0")
    assert await world.sql("select count(*) from posted") == [(3,)]


async def test_a_return_that_says_other_cents_than_the_sale_is_a_difference(world):
    world.one.add()
    back = give_back(past_sale(body(world.one.series, 1)), 1, "t1")
    back["lines"][0]["returns_of"]["sold"]["amount"] = 700
    world.one.add(txn_id="t1", **back)
    other = give_back(past_sale(body(world.one.series, 1)), 1, "t2")
    other["lines"][0]["returns_of"]["n"] = 5
    world.one.add(txn_id="t2", **other)
    third = give_back(past_sale(body("S0042-R77.1", 4)), 1, "t3")
    world.one.add(txn_id="t3", **third)
    await world.one.upload()
    await world.settled()
    found = {(row["seq"], row["effect"]) for row in await world.report("differences")}
    assert {
        (2, "return:1.sold_amount"),
        (2, "line:1.amount"),
        (3, "return:1.sale"),
        (4, "return:1.sale"),
    } <= found


async def test_receipts_are_found_by_day_total_and_item(world):
    world.one.add()
    world.two.add(business_date="2026-01-06", at="2026-01-06T08:00:00.000Z")
    world.two.add(total=700, at="2026-01-07T08:00:00.000Z", business_date="2026-01-07")
    for register in (world.one, world.two):
        await register.upload()
    await world.settled()

    async def numbers(query):
        status, answer = await world.one.get(f"/receipts?{query}")
        assert status == 200
        return [row["number"] for row in answer["receipts"]]

    assert await numbers("limit=2") == ["S0042-R04-000002", "S0042-R04-000001"]
    assert await numbers("date=2026-01-05") == ["S0042-R03-000001"]
    assert await numbers("amount=700") == ["S0042-R04-000002"]
    assert len(await numbers("item=4711")) == 3
    assert len(await numbers("item=k%C3%A4")) == 3
    assert await numbers("item=nothing") == []


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        ({"txn_id": "", "lines": []}, "bad-request"),
        ({"txn_id": "t", "lines": [{"series": "s", "seq": 1, "n": 1, "quantity": "-1"}]}, "bad-request"),
        ({"txn_id": "t", "lines": [{"series": "s", "seq": 1, "n": 1, "quantity": "x"}]}, "bad-request"),
        ({"txn_id": "t", "lines": [{"series": "s", "seq": 1, "n": 1, "quantity": "1"}] * 401}, "too-large"),
    ],
)
async def test_a_reservation_that_cannot_be_is_refused(world, request_, word):
    content = json.dumps(request_).encode()
    _, answer, _ = await world.one.send("POST", "/returns/reservations", content)
    assert json.loads(answer)["type"].rpartition("/")[2] == word


async def test_a_post_void_gives_the_goods_it_took_back_back_again(world):
    """A return is undone: the customer keeps the goods, and they may come back another day."""
    world.one.add()
    past = past_sale(body(world.one.series, 1))
    back = give_back(past, 1, "t1")
    world.one.add(txn_id="t1", **back)
    undone = json.loads(json.dumps(back))
    for name in ("subtotal", "discount", "total", "paid"):
        undone[name] = -undone[name]
    for row in (*undone["lines"], *undone["taxes"], *undone["tenders"]):
        for name in ("amount", "tax_amount", "gross", "net", "tax"):
            if type(row.get(name)) is int:
                row[name] = -row[name]
    undone["lines"][0]["quantity"] = CHEESE
    world.one.add(txn_id="t2", voids_of={"series": world.one.series, "seq": 2, "receipt_no": 2}, **undone)
    await world.one.upload()
    await world.settled()
    assert await world.report("differences") == []
    past = await received(world.two, "S0042-R03-000001")
    assert left_of(past, past.lines[0]) == CHEESE
    assert STORE in world.one.name
    assert sale()["total"] == 626
