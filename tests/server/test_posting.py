"""Posting: each effect once, a poison record alone, and the sums computed a second time."""

import asyncio

import pytest

from server_world import STORE, Register, body, running_world, sale
from store.ledger.effects import post
from store.ledger.posting import MAX_ATTEMPTS, UNIT_RECORDS, Poster
from store.ledger.recomputation import recompute_sale, recompute_shift
from store.ledger.reports import conservation


async def test_f30_a_poison_record_in_the_middle_is_quarantined_and_the_others_pass(tmp_path):
    tried = []

    def poisoned(db, ref, payload):
        post(db, ref, payload)  # the effects are written, then it breaks: nothing of them may stay
        if ref.seq == 3:
            tried.append(ref.seq)
            raise ZeroDivisionError("a bug in posting")

    async with running_world(tmp_path, post_record=poisoned) as world:
        register = await world.enrolled()
        for _ in range(5):
            register.add()
        assert (await register.upload())[1].acked_seq == 5
        assert await world.settled() == {"accepted": 5, "posted": 4, "quarantined": 1, "waiting": 0}
        assert len(tried) == MAX_ATTEMPTS
        [row] = await world.report("quarantine")
        assert (row["series"], row["seq"], row["attempts"]) == (register.series, 3, MAX_ATTEMPTS)
        assert row["reason"] == "ZeroDivisionError: a bug in posting"
        assert await world.sql("select distinct seq from sale_line order by seq") == [(1,), (2,), (4,), (5,)]
    # The repair: new code and the same bytes.
    async with running_world(tmp_path) as world:
        assert (await world.settled())["posted"] == 5
        assert await world.report("quarantine") == []


async def test_a_record_that_fails_twice_and_then_posts_is_posted_once(tmp_path):
    failures = iter([RuntimeError(), RuntimeError()])

    def shaky(db, ref, payload):
        post(db, ref, payload)
        if error := next(failures, None):
            raise error

    async with running_world(tmp_path, post_record=shaky) as world:
        register = await world.enrolled()
        register.add()
        await register.upload()
        assert (await world.settled())["posted"] == 1
        assert await world.sql("select count(*) from sale_tender") == [(2,)]


async def test_conservation_holds_at_every_moment_of_a_busy_hour(tmp_path):
    def sometimes(db, ref, payload):
        if ref.seq % 4 == 0:
            raise ValueError("not this one")
        post(db, ref, payload)

    async with running_world(tmp_path, post_record=sometimes) as world:
        register = await world.enrolled()
        for _ in range(30):
            for _ in range(4):
                register.add()
            await register.upload(register.batch(len(register.records) - 3))
            assert (await world.read(conservation, STORE)).holds
        books = await world.settled()
        assert (books["posted"], books["quarantined"]) == (90, 30)


async def test_the_same_transaction_id_twice_in_a_series_is_quarantined(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add()
        register.add(txn_id=body("", 1)["txn_id"])
        register.add(receipt_no=1)
        await register.upload()
        assert (await world.settled())["quarantined"] == 2
        reasons = {row["seq"]: row["reason"] for row in await world.report("quarantine")}
        assert reasons == {2: "txn_id is that of record 1", 3: "receipt number 1 is that of record 1"}


async def test_f45_the_same_transaction_id_in_two_series_counts_twice_and_is_flagged(tmp_path):
    async with running_world(tmp_path) as world:
        one = await world.enrolled()
        two = await Register.enrol(world, (await world.prepare("S0042-R04")).code)
        for register in (one, two):
            register.add()
            await register.upload()
            await world.settled()
        assert (await world.settled())["posted"] == 2
        [note] = await world.report("differences")
        assert (note["series"], note["effect"]) == (two.series, "txn_id")


@pytest.mark.parametrize(
    ("change", "effect"),
    [
        ({"total": 627}, "total"),
        ({"subtotal": 1}, "subtotal"),
        ({"change": 0}, "change"),
    ],
)
async def test_f38_a_sale_whose_sums_are_wrong_is_stored_as_it_says_and_flagged(tmp_path, change, effect):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add(**change)
        register.add()
        await register.upload()
        assert (await world.settled())["posted"] == 2
        notes = await world.report("differences")
        assert {note["seq"] for note in notes} == {1} and effect in {note["effect"] for note in notes}
        rows = await world.report("transactions")
        assert rows[0]["total"] == change.get("total", 626)


POISONS = {
    "two lines of one number": {"lines": [sale()["lines"][0]] * 2},
    "an amount in words": {"lines": [sale()["lines"][0] | {"amount": "much", "price_source": "label"}]},
    "a name that is a number": {"lines": [sale()["lines"][0] | {"name": 5}]},
    "a total that is a list": {"total": []},
    "a total that is a document": {"total": {"amount": 1}},
    "a time that is a number": {"at": 12},
    "a shift that is a list": {"shift_id": ["x"]},
    "a receipt number in words": {"receipt_no": "seven"},
    "NUL in an operator": {"operator": "1\x000"},
    "NUL in the id": {"txn_id": "1\x000"},
    "no lines": {"lines": 7},
    "a rate that is none": {"taxes": [sale()["taxes"][0] | {"rate": "x"}]},
}


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS.keys())
async def test_a_poison_between_sales_of_one_round_is_set_aside_alone(tmp_path, poison):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        for _ in range(3):
            register.add()
        register.add(**poison)
        for _ in range(3):
            register.add()
        await register.upload()
        books = await world.settled()
        assert books["posted"] + books["quarantined"] == 7 and books["quarantined"] <= 1
        posted = {seq for (seq,) in await world.sql("select seq from posted")}
        assert posted >= {1, 2, 3, 5, 6, 7}
        for table in ("sale_line", "sale_tender", "sale_tax"):
            assert {seq for (seq,) in await world.sql(f"select seq from {table}")} == posted


async def test_a_closing_sees_the_sales_and_the_failures_of_its_own_round(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add("shift.open")
        register.add()
        register.add(lines=[sale()["lines"][0]] * 2)
        register.add("shift.close", **CLOSING)
        register.add(receipt_no=4)
        await register.upload()
        assert (await world.settled())["quarantined"] == 1
        notes = {note["effect"] for note in await world.report("differences")}
        assert "shift.incomplete" in notes


async def test_two_records_of_one_round_cannot_have_one_number(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        for receipt_no in (1, 2, 2, 3):
            register.add(receipt_no=receipt_no)
        await register.upload()
        assert (await world.settled())["quarantined"] == 1
        [row] = await world.report("quarantine")
        assert (row["seq"], row["reason"]) == (3, "receipt number 2 is that of record 2")


async def test_a_long_backlog_is_posted_in_rounds_to_the_last_record(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        for _ in range(UNIT_RECORDS * 2 + 1):
            register.add()
        for first in range(1, len(register.records) + 1, 100):
            await register.upload(register.batch(first, first + 99))
        assert (await world.settled())["posted"] == UNIT_RECORDS * 2 + 1
        assert await world.sql("select count(distinct txn_id) from posted") == [(UNIT_RECORDS * 2 + 1,)]


def line(**change):
    return sale() | {"lines": [sale()["lines"][0] | change]}


@pytest.mark.parametrize(
    ("said", "effects"),
    [
        (sale(), []),
        (line(amount=625), ["line:1.amount", "line:1.gross", "subtotal"]),
        (line(tax_amount=40), ["line:1.tax", "tax:B.tax"]),
        (line(gross=1), ["line:1.gross", "total", "tax:B.gross"]),
        (line(price_source="label", quantity="0.001"), []),
        (sale() | {"tenders": [{"n": 1, "kind": "cash", "amount": 600}], "change": 0}, ["tenders"]),
        (sale() | {"taxes": [sale()["taxes"][0] | {"net": 1}]}, ["tax:B.net"]),
    ],
)
def test_the_second_computation_finds_what_does_not_add_up(said, effects):
    assert [effect for effect, _, _ in recompute_sale(said)] == effects


@pytest.mark.parametrize(
    ("price", "quantity", "rate", "included", "amount", "tax", "gross"),
    [
        (109, "1", "19", 1, 109, 17, 109),
        (109, "1", "19", 0, 109, 21, 130),
        (-109, "1", "19", 0, -109, -21, -130),
        (1, "0.5", "0", 1, 1, 0, 1),
        (-1, "0.5", "0", 1, -1, 0, -1),
        (3, "1", "50", 0, 3, 2, 5),
        (199, "3", "5.5", 1, 597, 31, 597),
    ],
)
def test_the_second_computation_rounds_half_away_from_zero(
    price, quantity, rate, included, amount, tax, gross
):
    said = line(price=price, quantity=quantity, amount=amount, tax_amount=tax, gross=gross)
    net = gross - tax
    taxes = [
        {"code": "B", "name": "", "rate": rate, "included": included, "net": net, "tax": tax, "gross": gross}
    ]
    said |= {"taxes": taxes, "subtotal": amount, "total": gross, "change": 0}
    said |= {"tenders": [{"n": 1, "kind": "card", "amount": gross}]}
    assert list(recompute_sale(said)) == []


def test_a_shift_is_added_up_from_what_was_posted():
    found = recompute_shift(
        kinds=[
            ("sale", 2, 1252),
            ("void", 1, 500),
            ("drawer.open", 1, 0),
            ("cash.float", 1, 5000),
            ("cash.income", 2, 300),
            ("cash.expense", 1, 40),
            ("cash.removal", 1, 2),
            ("cash.safe_drop", 1, 1000),
            ("cash.bank_drop", 1, 600),
        ],
        tenders=[("cash", 2000), ("change", -1374), ("card", 626), ("rounding", 2)],
        start_amount=10000,
    )
    assert found == {
        **dict.fromkeys(("overrides", "training_sales", "training_total", "late_sales", "late_total"), 0),
        "sales": 2,
        "sales_total": 1252,
        "voids": 1,
        "voids_total": 500,
        "no_sales": 1,
        "reprints": 0,
        "cash_in": 2000,
        "change": 1374,
        "cash_rounding": -2,
        "floats": 1,
        "floats_total": 5000,
        "incomes": 2,
        "incomes_total": 300,
        "expenses": 1,
        "expenses_total": 40,
        "removals": 1,
        "removals_total": 2,
        "safe_drops": 1,
        "safe_drops_total": 1000,
        "bank_drops": 1,
        "bank_drops_total": 600,
        "discount": 0,
        "price_overrides": 0,
        "offered": 0,
        "vouchers_issued": 0,
        "vouchers_issued_total": 0,
        "account_payments": 0,
        "account_payments_total": 0,
        "deposits_total": 0,
        "empties_total": 0,
        "returns": 0,
        "returns_total": 0,
        "post_voids": 0,
        "post_voids_total": 0,
        "expected_cash": 10626 + 5300 - 1642,
    }


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


@pytest.mark.parametrize(("change", "effects"), [({}, []), ({"sales_total": 1}, ["shift.sales_total"])])
async def test_a_closing_is_compared_with_what_was_posted(tmp_path, change, effects):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add("shift.open")
        register.add()
        register.add()
        register.add("shift.close", **(CLOSING | change))
        await register.upload()
        assert (await world.settled())["posted"] == 4
        assert [note["effect"] for note in await world.report("differences")] == effects
        stored = dict(await world.sql("select effect, amount from shift_total where seq = 4"))
        assert stored["sales_total"] == change.get("sales_total", 1252)
        assert stored["tender:cash"] == 1252


MOVES = ("float", "income", "expense", "removal", "safe_drop", "bank_drop")


@pytest.mark.parametrize(("expected", "effects"), [(11_252 - 2_000, []), (11_252, ["shift.expected_cash"])])
async def test_money_beside_sales_is_booked_and_part_of_what_the_drawer_should_hold(
    tmp_path, expected, effects
):
    counted = {f"{kind}s": 1 for kind in MOVES} | {f"{kind}s_total": 1000 for kind in MOVES}
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add("shift.open")
        register.add()
        register.add()
        for kind in MOVES:
            register.add(f"cash.{kind}", total=1000, currency="EUR")
        register.add("shift.close", **(CLOSING | counted | {"expected_cash": expected, "counted": expected}))
        register.add("cash.float", total=-1)
        await register.upload()
        settled = await world.settled()
        assert (settled["posted"], settled["quarantined"]) == (10, 1)
        assert [note["effect"] for note in await world.report("differences")] == effects


async def test_a_shift_that_was_set_aside_is_compared_with_its_own_records(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add("shift.open")
        register.add()
        register.add("shift.suspend")
        other = {"shift_id": "another", "shift": 2}
        register.add("shift.open", **other)
        register.add(**other)
        register.add("cash.float", total=9, currency="EUR", **other)
        register.add("shift.blind_close", **other)
        register.add("shift.resume")
        register.add()
        register.add("shift.close", **CLOSING)
        register.add("reprint.z", of_seq=10, copy_no=1)
        await register.upload()
        settled = await world.settled()
        assert (settled["posted"], settled["quarantined"]) == (11, 0)
        assert await world.report("differences") == []


@pytest.mark.parametrize(
    ("card", "pieces", "effects"),
    [
        (5, 1, []),
        (6, 1, ["shift.declared:card.over_short"]),
        (5, 2, ["declared:cash"]),
    ],
)
async def test_a_declaration_and_the_differences_by_tender_are_recomputed(tmp_path, card, pieces, effects):
    counted = [
        {"kind": "cash", "amount": 11_252, "pieces": [{"value": 11_252, "count": pieces}]},
        {"kind": "card", "amount": 5},
    ]
    rows = [
        {"kind": "cash", "expected": 11_252, "counted": 11_252, "over_short": 0},
        {"kind": "card", "expected": 0, "counted": 5, "over_short": card},
    ]
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add("shift.open")
        register.add()
        register.add()
        register.add("tender.declaration", total=11_257, currency="EUR", tenders=counted)
        register.add("shift.close", **(CLOSING | {"declared": rows}))
        await register.upload()
        assert (await world.settled())["posted"] == 5
        assert [note["effect"] for note in await world.report("differences")] == effects
        stored = dict(await world.sql("select effect, amount from shift_total where seq = 4"))
        assert stored == {"declared:cash": 11_252, "declared:card": 5}


async def test_a_closing_behind_a_quarantined_sale_says_that_it_cannot_be_compared(tmp_path):
    async with running_world(tmp_path) as world:
        register = await world.enrolled()
        register.add("shift.open")
        register.add("coupon")
        register.add("shift.close", **CLOSING)
        await register.upload()
        await world.settled()
        [note] = await world.report("differences")
        assert note["effect"] == "shift.incomplete"


async def test_posting_starts_again_after_a_failure_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr("store.service.tasks.RESTART_S", (0.01,))
    async with running_world(tmp_path) as world:
        real = world.context.poster._wait_s

        def broken():
            world.context.poster._wait_s = real
            raise RuntimeError("a bug in the loop itself")

        world.context.poster._wait_s = broken
        register = await world.enrolled()
        register.add()
        await register.upload()
        assert (await world.settled())["posted"] == 1
        await asyncio.sleep(0)


@pytest.mark.parametrize("ticks", range(5))
async def test_posting_ends_when_it_is_told_to_in_the_very_moment_in_which_it_is_woken(ticks):
    poster = Poster(None, lambda: 0)
    resting = asyncio.create_task(poster._rest(30))
    await asyncio.sleep(0.01)
    poster.wake()
    for _ in range(ticks):
        await asyncio.sleep(0)
    if resting.done():
        return
    resting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await resting
