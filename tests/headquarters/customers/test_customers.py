"""Customers at headquarters: what registers told in any order, merged, accounts once each, disclosed, erased."""

import itertools
import json

import pytest
from msgspec.structs import replace

from hq_arrivals import deliver, open_world, put_series, till
from store.headquarters.customers import part as customers
from store.headquarters.customers.master import take_news
from store.headquarters.nouns.customers import Customer
from store.headquarters.scheduler.accounts import account_cells
from store.headquarters.setup_rows import get

ADDED = {"id": "0190-new", "name": "Nora New", "phone": "0301234567", "card": "NK-1"}
EDITED = {
    "id": "0190-new",
    "name": "Nora New",
    "phone": "030 999",
    "email": "",
    "address": "",
    "tax_id": "",
    "card": "",
}


async def no_task(hq):
    """The part without its task: the test says when news are taken."""
    return replace(await customers.open_part(hq), tasks={})


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path / "hq", more=(no_task,)) as running:
        await running.chain("S0001-R01", "S0001-R02", "S0001-R03")
        running.main = await running.server()
        yield running


async def taken(world):
    await world.settled()
    while await world.hq.channel.work(take_news, world.hq.now_ms()):
        pass


async def told(world, *records, register="S0001-R01"):
    """Records of one register, delivered and booked."""
    one = till(register)
    await put_series(world.main, one)
    for kind, more in records:
        one.add(kind, **more)
    await deliver(world.main, one)
    await taken(world)
    return one


async def row(world, key):
    return await world.read(get, "customer", key, Customer)


def on_account(customer, amount, seq):
    return "sale", {
        "customer": {"id": customer},
        "total": amount,
        "subtotal": amount,
        "lines": [
            {
                "n": 1, "sku": "1", "name": "Goods", "quantity": "1", "unit": "pcs", "price": amount, "amount": amount,
                "tax": "B", "tax_amount": 0, "gross": amount, "source": "online", "price_source": "catalog",
            }
        ],
        "taxes": [{"code": "B", "name": "None", "rate": "0", "included": 1, "net": amount, "tax": 0, "gross": amount}],
        "tenders": [{"n": 1, "tender": 1, "kind": "account", "amount": amount}],
        "change": 0,
        "receipt_no": seq,
    }  # fmt: skip


def payment(customer, amount):
    return "account.payment", {
        "customer": {"id": customer, "name": "M"},
        "total": amount,
        "currency": "EUR",
        "tenders": [{"n": 1, "tender": 1, "kind": "cash", "amount": amount}],
    }


async def test_a_register_s_customer_becomes_one_of_the_chain_under_the_own_id(world):
    await told(world, ("customer.add", {"customer": ADDED}))
    assert await row(world, "0190-new") == Customer(name="Nora New", phone="0301234567", card="NK-1")
    assert (await world.ask("customer", "disclose", customer="NK-1"))["customer"] == "0190-new"
    assert await world.sql("select count(*) from customer_news") == [(0,)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_f37_customers_and_their_edits_arrive_in_any_order(world, order):
    other = {**EDITED, "phone": ADDED["phone"], "email": "nora@example.org"}
    records = [
        ("S0001-R01", ("customer.add", {"customer": ADDED})),
        ("S0001-R02", ("customer.edit", {"customer": EDITED, "changed": ["phone"]})),
        ("S0001-R03", ("customer.edit", {"customer": other, "changed": ["email"]})),
    ]
    for place in order:
        register, record = records[place]
        await told(world, record, register=register)
    expected = Customer(name="Nora New", phone="030 999", email="nora@example.org", card="NK-1")
    assert await row(world, "0190-new") == expected


async def test_an_edit_changes_the_fields_it_names_and_no_others(world):
    await world.office.set(
        "customer", "C1", name="Old", phone="1234567", address="Road 1", account=True, credit_limit=500
    )
    edit = {
        "id": "C1",
        "name": "Other",
        "phone": "",
        "email": "a@b.c",
        "address": "",
        "tax_id": "",
        "card": "",
    }
    await told(world, ("customer.edit", {"customer": edit, "changed": ["phone", "email"]}))
    assert await row(world, "C1") == Customer(
        name="Old", email="a@b.c", address="Road 1", account=True, credit_limit=500
    )


async def test_the_same_person_is_made_one_and_who_only_shares_a_number_is_not(world):
    await world.office.set("customer", "C1", name="Nora  new", phone="+49 30 1234567")
    await world.office.set("customer", "C2", name="Nils New", email="new@example.org")
    await told(
        world,
        ("customer.add", {"customer": ADDED}),
        ("customer.add", {"customer": {"id": "0190-two", "name": "Zoe New", "email": "NEW@example.org"}}),
    )
    assert (await row(world, "0190-new")).merged_into == "C1"
    assert (await row(world, "0190-two")).merged_into == ""
    [pair] = await world.ask("customer", "duplicates")
    assert (pair["customer"], pair["other"], pair["same"]) == ("C2", "0190-two", "mail") or (
        pair["other"], pair["customer"]) == ("C2", "0190-two")  # fmt: skip


async def test_a_card_that_belongs_to_somebody_stays_theirs(world):
    await world.office.set("customer", "C1", name="First", card="NK-1")
    await told(world, ("customer.add", {"customer": ADDED}))
    assert ((await row(world, "C1")).card, (await row(world, "0190-new")).card) == ("NK-1", "")


async def test_merging_by_command_leads_number_card_and_account_to_the_one_who_stays(world):
    await world.office.set("customer", "C1", name="First", account=True, credit_limit=100)
    await world.office.set("customer", "C2", name="Second", card="K2", phone="123456")
    await world.office.set("customer", "C3", name="Third", card="K3")
    await told(world, on_account("C1", 300, 1), on_account("C2", 200, 2), payment("C1", 100))
    await world.do("customer", "merge", customer="C2", other="C3")
    await world.do("customer", "merge", customer="C1", other="C2")
    assert await row(world, "C1") == Customer(name="First", phone="123456", account=True, credit_limit=100)
    for name in ("C1", "C2", "K2", "K3"):
        answer = await world.ask("customer", "statement", customer=name)
        assert (answer[-1]["customer"], answer[-1]["balance"]) == ("C1", 400)
    assert await world.read(lambda db: [cells[:3] for cells in account_cells(db, "S0001")]) == [
        ("C1", 400, 0)
    ]
    assert await world.read(lambda db: [cells[:3] for cells in account_cells(db, "S0009")]) == [
        ("C1", 400, 400)
    ]
    [account] = await world.ask("customer", "accounts")
    assert (account["customer"], account["balance"], account["over"]) == ("C1", 400, 300)
    refused = await world.do("customer", "merge", expect=409, customer="C1", other="K3")
    assert "one customer already" in refused["detail"]


async def test_an_account_has_each_entry_once_however_often_its_record_comes(world):
    await world.office.set("customer", "C1", name="First", account=True, credit_limit=10_000)
    one = await told(world, on_account("C1", 300, 1), payment("C1", 100))
    await deliver(world.main, one)
    await taken(world)
    answer = await world.ask("customer", "statement", customer="C1")
    assert [(entry["amount"], entry["balance"]) for entry in answer] == [(300, 300), (-100, 200)]
    [account] = await world.ask("customer", "accounts")
    assert (account["customer"], account["balance"], account["credit_limit"]) == ("C1", 200, 10_000)
    assert account["over"] == 0


async def test_malformed_news_and_payments_go_into_quarantine_alone(world):
    await told(
        world,
        ("customer.add", {"customer": {"name": "No id"}}),
        ("account.payment", {"total": 5, "currency": "EUR", "tenders": []}),
        ("customer.add", {"customer": ADDED}),
    )
    assert len(await world.ask("quarantine", "list")) == 2
    assert (await row(world, "0190-new")).name == "Nora New"


async def test_a_customer_is_disclosed_with_everything_that_is_kept(world):
    await world.office.set("customer", "C1", name="First", phone="123456", account=True, credit_limit=1)
    await told(world, on_account("C1", 300, 1))
    answer = await world.ask("customer", "disclose", customer="C1")
    assert (answer["fields"]["name"], answer["fields"]["phone"]) == ("First", "123456")
    assert (answer["account"]["balance"], [sale["total"] for sale in answer["records"]]) == (300, [300])


async def test_erasing_takes_who_somebody_is_and_leaves_what_was_sold(world):
    await world.office.set("customer", "C1", name="Secret Name", phone="555123456", card="K1", account=True)
    await world.office.set("customer", "C2", name="Secret Twin", card="K2")
    await world.do("customer", "merge", customer="C1", other="C2")
    await told(
        world,
        on_account("C1", 300, 1),
        ("customer.edit", {"customer": {**EDITED, "id": "C1"}, "changed": ["card"]}),
    )
    refused = await world.do("customer", "erase", expect=409, customer="C1")
    assert "owes something" in refused["detail"]
    await world.do("customer", "erase", customer="C1", force=True, reason="asked by letter")
    kept = await world.sql("select document from setup where noun = 'customer'")
    assert kept and "Secret" not in json.dumps(kept) and "555123456" not in json.dumps(kept)
    assert await world.sql("select count(*) from setup_name where noun = 'customer'") == [(0,)]
    await world.ask("customer", "disclose", expect=404, customer="C1")
    totals = await world.ask("total", "list")
    assert totals[0]["sales_total"] == 300
    await told(
        world,
        ("customer.edit", {"customer": {**EDITED, "id": "C1"}, "changed": ["phone"]}),
        register="S0001-R02",
    )
    await world.ask("customer", "disclose", expect=404, customer="C1")


async def test_the_task_takes_news_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(customers, "LOOK_S", 0.01)
    async with open_world(tmp_path / "hq", more=(customers.open_part,)) as world:
        await world.chain("S0001-R01")
        world.main = await world.server()
        await told(world, ("customer.add", {"customer": ADDED}))
        assert (await row(world, "0190-new")).name == "Nora New"
