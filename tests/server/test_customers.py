"""Customers at the server, on both engines: found by every key, news of registers at once, accounts once each."""

from urllib.parse import quote

import msgspec
import pytest

from server_world import STORE, TABLES, package_file, problem, running_world
from store.server.customers import account
from store.server.retention import tidy


def person(number, name, *, phone="", card="", **detail):
    digits = "".join(sign for sign in phone if sign.isdigit()).lstrip("0")
    text = msgspec.json.encode({"phone": phone, "card": card} | detail).decode()
    return {
        "number": number, "name": name, "detail": text, "card": card, "digits": digits, "ends": digits[::-1],
    }  # fmt: skip


PEOPLE = [
    person("C1001", "Maria Berg", phone="+49 30 123456", card="KC-77", account=True, credit_limit=5000),
    person("C1002", "Marius Anders Berg", phone="0171 777888"),
    person("C1003", "Old Maria", card="KC-OLD", merged_into="C1001"),
]


@pytest.fixture
async def world(tmp_path):
    async with running_world(tmp_path) as world:
        world.register = await world.enrolled()
        await world.prepare(data=package_file(2, TABLES | {"customer": PEOPLE}))
        yield world


async def found(world, text):
    status, content = await world.register.get(f"/customers?text={quote(text)}")
    assert status == 200
    return [one["number"] for one in content["customers"]]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("mar", ["C1001", "C1002"]),
        ("BERG", ["C1001", "C1002"]),
        ("berg mari", ["C1001", "C1002"]),
        ("anders", ["C1002"]),
        ("4930", ["C1001"]),
        ("123456", ["C1001"]),
        ("0171777", ["C1002"]),
        ("777 888", ["C1002"]),
        ("c1002", ["C1002"]),
        ("KC-77", ["C1001"]),
        ("zzz", []),
        ("%", []),
        ("\x00", []),
        ("", []),
    ],
)
async def test_customers_are_found_by_words_telephone_and_number(world, text, numbers):
    assert await found(world, text) == numbers


@pytest.mark.parametrize("code", ["C1001", "KC-77", "C1003", "KC-OLD"])
async def test_number_and_card_lead_to_the_customer_and_those_of_a_merged_one_too(world, code):
    status, content = await world.register.get(f"/customers/{code}")
    assert (status, content["customer"]["number"], content["account"]["balance"]) == (200, "C1001", 0)


@pytest.mark.parametrize("code", ["C9", "%00", "KC", "'--"])
async def test_whom_nobody_knows_is_unknown(world, code):
    status, content, _ = await world.register.send("GET", f"/customers/{code}")
    assert (status, problem(content)) == (404, "unknown-customer")


async def test_the_answer_is_for_registers_only(world):
    async with world.http.get(f"{world.url}/customers?text=mar") as answer:
        assert answer.status in (400, 401)


ADDED = {"id": "0190-new", "name": "Nora New", "phone": "0301234567", "card": "NK-1"}


async def told(world, *records):
    for kind, more in records:
        world.register.add(kind, **more)
    assert (await world.register.upload())[0] == 200
    await world.settled()


async def test_what_a_register_told_holds_at_once_and_until_headquarters_sends_it(world):
    edit = {
        "id": "C1001",
        "name": "Maria Hill",
        "phone": "",
        "email": "m@hill.org",
        "address": "",
        "tax_id": "",
        "card": "KC-9",
    }
    await told(
        world,
        ("customer.add", {"customer": ADDED}),
        ("customer.edit", {"customer": edit, "changed": ["name", "card"]}),
    )
    assert await found(world, "nora") == await found(world, "1234567") == ["0190-new"]
    assert (await found(world, "hill"), await found(world, "berg")) == (["C1001"], ["C1002"])
    _, content = await world.register.get("/customers/KC-9")
    detail = msgspec.json.decode(content["customer"]["detail"])
    assert (detail["account"], detail["credit_limit"], "phone" in detail) == (True, 5000, False)
    await world.prepare(
        data=package_file(3, TABLES | {"customer": [*PEOPLE, person("0190-new", "Nora Now")]})
    )
    assert (await found(world, "nora now"), await found(world, "maria berg")) == (["0190-new"], ["C1001"])
    assert await world.sql("select count(*) from customer_news") == [(0,)]


def on_account(customer, amount, **more):
    return "sale", {
        "customer": {"id": customer},
        "tenders": [{"n": 1, "tender": 1, "kind": "account", "amount": amount}],
        "change": 0,
    } | more  # fmt: skip


async def test_an_account_is_this_store_s_entries_and_what_headquarters_says_of_the_others(world):
    rows = [{"customer": "C1001", "balance": 900, "elsewhere": 400, "as_of_ms": 7}]
    await world.prepare(data=package_file(3, TABLES | {"customer": PEOPLE, "account": rows}))
    pay = {
        "customer": {"id": "C1003", "name": "M"},
        "total": 100,
        "currency": "EUR",
        "tenders": [{"n": 1, "tender": 1, "kind": "cash", "amount": 100}],
    }
    await told(world, on_account("C1001", 626), ("account.payment", pay))
    _, content = await world.register.get("/customers/C1001")
    assert (content["account"]["balance"], content["account"]["elsewhere"]) == (400 + 626 - 100, 400)
    assert [amount for _, amount in content["account"]["entries"]] == [-100, 626]
    await world.register.upload()
    await world.settled()
    assert (await world.read(account, STORE, "C1001", 20)).balance == 926


async def test_an_account_sale_without_a_customer_is_a_difference_and_no_entry(world):
    kind, more = on_account("C1001", 626)
    more.pop("customer")
    await told(world, (kind, more))
    assert "account" in {row["effect"] for row in await world.report("differences")}
    assert await world.sql("select count(*) from account_entry") == [(0,)]


async def test_news_that_nobody_sends_back_goes_after_a_month(world):
    await told(world, ("customer.add", {"customer": ADDED}))  # in January, by the clock of the register
    await tidy(world.context.channel, world.context.shelf)
    assert await found(world, "nora") == []


async def test_a_customer_who_is_gone_is_found_no_more(world):
    await told(
        world, ("customer.edit", {"customer": {"id": "C1002", "name": "Marius X"}, "changed": ["name"]})
    )
    await world.prepare(data=package_file(3, TABLES | {"customer": PEOPLE[:1]}))
    assert await found(world, "mar") == ["C1001"]
    assert await found(world, "777888") == []
