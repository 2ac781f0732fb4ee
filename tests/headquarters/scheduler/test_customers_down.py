"""Job 1010: customers with what they are found by, their groups, and what they owe here and elsewhere."""

import json

from store.headquarters.customers.desk import erase
from store.headquarters.customers.merging import merge
from store.headquarters.nouns.customers import Customer, CustomerGroup

MARIA = Customer(name="Maria", phone="+49 (0)30 12-34", card="K1", group="G", account=True, credit_limit=500)
ENTRY = (
    "insert into account_entry (store_id, series, seq, effect, customer, amount, currency, business_date, at,"
    " posted_ms) values ($1, $1, $2, 'account', $3, $4, 'EUR', '', '', $5)"
)


async def owes(shop, customer, amount, seq, store="S0001"):
    def unit(db):
        db.execute(ENTRY, {"1": store, "2": seq, "3": customer, "4": amount, "5": shop.clock() + seq})

    await shop.work(unit)


async def follow(shop, database):
    await shop.run("1010")
    database.follow(await shop.packages())
    return database.rows


async def test_a_customer_travels_with_the_keys_by_which_they_are_found(shop, database):
    await shop.put("customer-group", "G", CustomerGroup(name="Regulars"))
    await shop.put("customer", "C1", MARIA)
    rows = await follow(shop, database)
    number, name, detail, card, digits, ends = rows["customer"]["C1"]
    assert (number, name, card, digits, ends) == ("C1", "Maria", "K1", "490301234", "432103094")
    assert json.loads(detail)["credit_limit"] == 500
    assert rows["customer_group"] == {"G": ("G", "Regulars", "{}")}
    assert rows["account"] == {}


async def test_balances_travel_when_entries_are_new_and_follow_a_merge(shop, database):
    for key in ("C1", "C2"):
        await shop.put("customer", key, Customer(name=key, account=True))
    await owes(shop, "C1", 300, 1)
    await owes(shop, "C1", 50, 2, store="S0002")
    await owes(shop, "C2", 7, 3)
    rows = await follow(shop, database)
    assert {key: row[1:3] for key, row in rows["account"].items()} == {"C1": (350, 50), "C2": (7, 0)}
    [again] = await shop.run("1010")
    assert again.status == "No data"
    await shop.work(lambda db: merge(db, "C1", "C2", shop.clock() + 99))
    rows = await follow(shop, database)
    assert {key: row[1:3] for key, row in rows["account"].items()} == {"C1": (357, 50)}
    assert json.loads(rows["customer"]["C2"][2])["merged_into"] == "C1"


async def test_whom_headquarters_erased_is_gone_everywhere_after_the_next_run(shop, database):
    await shop.put("customer", "C1", MARIA)
    assert set((await follow(shop, database))["customer"]) == {"C1"}
    await shop.work(lambda db: erase(db, "C1", False, shop.clock()))
    assert (await follow(shop, database))["customer"] == {}
