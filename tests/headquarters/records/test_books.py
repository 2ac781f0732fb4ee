"""Totals at headquarters equal the journals; what differs has its cause; what cannot be booked is replayed."""

from collections import Counter

import pytest

from hq_arrivals import deliver, open_world, put_series, till
from server_world import sale
from store.ledger.causes import cause_of
from store.ledger.effects import post

CLOSING = {
    "currency": "EUR",
    "sales": 2,
    "sales_total": 1252,
    "cash_in": 2000,
    "change": 748,
    "expected_cash": 11252,
    "counted": 11252,
    "over_short": 0,
    "grand_total": 1252,
    "tenders": [{"kind": "cash", "count": 2, "amount": 1252}],
    "taxes": [],
}


def journal_totals(*registers):
    """The same sums by adding up what the registers wrote, and nothing else."""
    sums = Counter()
    for register in registers:
        for record in register.records:
            body = register.bodies[record.seq]
            day = (body["business_date"], register.name)
            if body["kind"] == "sale":
                sums[*day, "sales"] += 1
                sums[*day, "sales_total"] += body["total"]
                for row in body["tenders"]:
                    sums[*day, "tender", row["kind"]] += row["amount"]
                for row in body["taxes"]:
                    for part in ("net", "tax", "gross"):
                        sums[*day, "tax", row["rate"], part] += row[part]
            if body["kind"] == "void":
                sums[*day, "voids"] += 1
                sums[*day, "voids_total"] += body["total"]
    return {key: value for key, value in sums.items() if value}


def headquarters_totals(rows):
    sums = Counter()
    for row in rows:
        day = (row["business_date"], row["register"])
        for name in ("sales", "sales_total", "voids", "voids_total"):
            sums[*day, name] += row[name]
        for tender in row["tenders"]:
            sums[*day, "tender", tender["kind"]] += tender["amount"]
        for tax in row["taxes"]:
            for part in ("net", "tax", "gross"):
                sums[*day, "tax", tax["rate"], part] += tax[part]
    return {key: value for key, value in sums.items() if value}


def sold(name, sales=7):
    """A register with a few days of sales and voids, and what its records say."""
    from store.exchange.canonical import parse_document

    register = till(name)
    for n in range(sales):
        day = f"2026-01-{5 + n % 3:02d}"
        register.add("void" if n % 5 == 4 else "sale", business_date=day)
    register.bodies = {record.seq: parse_document(record.payload) for record in register.records}
    return register


async def test_totals_per_store_day_register_tender_and_tax_are_those_of_the_journals(tmp_path):
    async with open_world(tmp_path) as world:
        server = await world.server()
        registers = [sold("S0001-R01"), sold("S0001-R02", 12), sold("S0002-R01", 3)]
        for register in registers:
            await put_series(server, register)
            await deliver(server, register)
        await world.settled("S0001")
        await world.settled("S0002")
        rows = await world.ask("total", "list")
        assert headquarters_totals(rows) == journal_totals(*registers)
        assert [row["store"] for row in rows] == sorted(row["store"] for row in rows)
        chosen = await world.ask("total", "list", register="S0001-R02", business_date="2026-01-06")
        assert [(row["register"], row["business_date"]) for row in chosen] == [("S0001-R02", "2026-01-06")]
        assert {row["store"] for row in await world.ask("total", "list", store="S0002")} == {"S0002"}


@pytest.mark.parametrize(
    ("kind", "change", "effect", "words"),
    [
        ("sale", {"total": 627}, "total", "sum of the lines"),
        ("sale", {"subtotal": 1}, "subtotal", "sum of the lines"),
        ("sale", {"lines": [sale()["lines"][0] | {"amount": 625}]}, "line:1.amount", "line 1"),
        ("sale", {"taxes": [sale()["taxes"][0] | {"net": 1}]}, "tax:B.net", "code B"),
        ("shift.close", CLOSING | {"sales_total": 9}, "shift.sales_total", "another total of sales"),
    ],
)
async def test_a_figure_that_does_not_follow_is_a_row_with_its_cause(tmp_path, kind, change, effect, words):
    async with open_world(tmp_path) as world:
        server, register = await world.server(), till()
        register.add("shift.open")
        register.add()
        register.add()
        register.add(kind, **change)
        await put_series(server, register)
        await deliver(server, register)
        await world.settled()
        rows = {row["effect"]: row for row in await world.ask("difference", "list", store="S0001")}
        assert words in rows[effect]["cause"]
        assert (rows[effect]["store"], rows[effect]["seq"]) == ("S0001", 4)
        assert rows[effect]["register_value"] != rows[effect]["headquarters_value"]


def test_every_effect_has_a_cause_that_says_what_differs():
    for effect in ("txn_id", "signature", "shift.incomplete", "shift.expected_cash", "tenders", "change"):
        assert cause_of(effect).endswith(".") and "differently" not in cause_of(effect)
    assert "differently" in cause_of("something.new") and "differently" in cause_of("")


async def test_a_record_in_quarantine_has_a_cause_and_is_booked_by_a_replay_of_the_repaired_program(tmp_path):
    broken = [True]

    def sometimes(books, ref, body):
        if broken[0] and ref.seq == 2:
            raise ZeroDivisionError("a bug in posting")
        post(books, ref, body)

    async with open_world(tmp_path, post_record=sometimes) as world:
        server, register = await world.server(), till()
        for _ in range(3):
            register.add()
        register.add("coupon")
        await put_series(server, register)
        await deliver(server, register)
        assert (await world.settled()).quarantined == 2
        rows = await world.ask("quarantine", "list")
        assert [(row["seq"], row["kind"], row["total"]) for row in rows] == [
            (2, "sale", 626),
            (4, "coupon", 0),
        ]
        assert "a bug in posting" in rows[0]["reason"] and "newer program" in rows[1]["reason"]
        again = await world.do("quarantine", "replay", series=register.series, seq=4)
        assert (again["ok"], again["tried"], again["posted"], again["left"]) == (False, 1, 0, 1)
        broken[0] = False
        done = await world.do("quarantine", "replay")
        assert (done["ok"], done["tried"], done["posted"], done["left"]) == (False, 2, 1, 1)
        assert (await world.settled()).posted == 3
        assert [row["seq"] for row in await world.ask("quarantine", "list", store="S0001")] == [4]
        nothing = await world.do("quarantine", "replay", series="S0001-R09.1")
        assert nothing["ok"] and nothing["tried"] == 0
        await world.do("quarantine", "replay", expect=422, seq=3)
    # The same when headquarters starts again: the new program may be the repair.
    async with open_world(tmp_path) as world:
        assert (await world.settled()).quarantined == 1


async def test_a_payload_that_cannot_be_read_is_listed_without_content(tmp_path):
    async with open_world(tmp_path) as world:
        server, register = await world.server(), till()
        register.add(payload=b"not even json")
        await put_series(server, register)
        await deliver(server, register)
        await world.settled()
        [row] = await world.ask("quarantine", "list")
        assert (row["kind"], row["reason"]) == ("", "not-canonical")
        [row] = await world.ask("transaction", "list")
        assert (row["state"], row["kind"], row["receipt_no"]) == ("quarantined", "", None)
