"""Money into and out of the drawer beside sales, at the till: by number, asked for, allowed and refused, killed."""

import pytest
from msgspec.structs import replace

from session_fakes import DONE, MILK, POLICY, REFUSED, STALE, running
from store.gateway.states import Mode as ConnectionMode
from store.register.journal.journal import JournalFull
from store.register.view import Entry, Mode
from store.sale.cash import MOVEMENTS
from store.sale.policy import CashAccount

ACCOUNTS = (
    CashAccount(number="8100", name="Vending machine", kind="income"),
    CashAccount(number="4930", name="Stamps", kind="expense"),
)
KINDS = {movement.operation: movement.kind for movement in MOVEMENTS}


def with_accounts(till):
    till.world.shop.store_policy = replace(POLICY, accounts=ACCOUNTS)


async def last(till):
    return (await till.records())[-1]


@pytest.mark.parametrize("online", [True, False], ids=["online", "offline"])
@pytest.mark.parametrize(
    ("number", "text", "expected"),
    [
        (1201, "50", 15_000),
        (1210, "12.50", 8_750),
        (1211, "30", 7_000),
        (1212, "30 BAG-7", 7_000),
        (517, "8100 5", 10_500),
        (518, "4930 7.20", 9_280),
    ],
)
async def test_every_movement_runs_from_its_number_online_and_offline(
    tmp_path, number, text, expected, online
):
    async with running(tmp_path) as till:
        with_accounts(till)
        await till.ready()
        if not online:
            till.world.connection.mode = ConnectionMode.OFFLINE_AUTO
        assert (await till.operation(number, text)).outcome is DONE
        record = await last(till)
        assert record["kind"] == KINDS[number]
        assert record["mode"] == ("online" if online else "offline")
        assert record["total"] > 0
        jobs = await till.journal.jobs_of(record["txn_id"])
        assert [job.kind for job in jobs] == ["drawer", "report"]
        assert till.view.header.up == 2
        assert any("Signature" in row for row in till.view.paper)
        await till.operation(1056)
        assert (await last(till))["expected_cash"] == expected


async def test_the_amount_is_asked_for_and_a_reason_may_stand_behind_it(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1210)
        assert (till.view.entry, till.view.question.title) == (Entry.AMOUNT, "Tender removal: how much?")
        for wrong in ("abc", "0", "-5", "99999999999"):
            assert (await till.enter(wrong)).outcome is REFUSED
        assert (await till.scan(MILK)).outcome is REFUSED
        assert (await till.enter(MILK)).outcome is REFUSED
        await till.enter("20 change for the market")
        record = await last(till)
        assert (record["kind"], record["total"], record["reason"]) == (
            "cash.removal",
            2000,
            "change for the market",
        )
        assert (till.view.mode, till.view.question) == (Mode.IDLE, None)
        assert "Tender removal: 20.00 taken out of the drawer" in till.view.message.text


async def test_an_account_is_chosen_from_the_stores_list(tmp_path):
    async with running(tmp_path) as till:
        with_accounts(till)
        await till.ready()
        await till.operation(517)
        assert [choice.label for choice in till.view.question.choices] == ["Vending machine"]
        assert (await till.enter("4930")).outcome is REFUSED
        await till.enter("8100")
        await till.enter("4")
        record = await last(till)
        assert (record["account"], record["account_name"], record["total"]) == (
            "8100",
            "Vending machine",
            400,
        )
        assert (await till.operation(518, "8100 4")).outcome is REFUSED


async def test_without_accounts_income_and_expense_say_who_sets_them(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        for number, name in ((517, "income_accounts"), (518, "expense_accounts")):
            assert (await till.operation(number)).outcome is REFUSED
            assert name in till.view.message.text
        assert till.view.question is None


async def test_the_number_of_a_bag_may_be_scanned(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1212, "50")
        assert till.view.question.title == "Bank drop: which bag?"
        assert (await till.enter("x" * 41)).outcome is REFUSED
        await till.scan(MILK)
        record = await last(till)
        assert (record["kind"], record["bag"], record["total"]) == ("cash.bank_drop", MILK, 5000)


async def test_more_than_there_is_takes_a_yes_that_no_scanner_sends(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1211, "100.01")
        assert till.view.question.guarded
        assert "100.00" not in repr(till.view.question)
        await till.scan(MILK)
        await till.answer("no")
        assert (await till.kinds())[-1] == "shift.open"
        await till.operation(1211, "100.01")
        await till.answer("yes")
        assert (await last(till))["total"] == 10_001
        await till.operation(1056)
        assert (await last(till))["expected_cash"] == -1


@pytest.mark.parametrize("number", sorted(KINDS))
async def test_money_is_moved_between_sales_only_and_not_by_a_technician(tmp_path, number):
    async with running(tmp_path) as till:
        with_accounts(till)
        await till.sign_in()
        assert (await till.operation(number, "1")).outcome is REFUSED
        await till.enter("100")
        await till.scan(MILK)
        assert (await till.operation(number, "1")).outcome is REFUSED
        assert "a sale is open" in till.view.message.text
        await till.operation(206)
        await till.operation(701)
        await till.sign_in("301")
        assert (await till.operation(number, "1")).outcome is REFUSED
        assert "Sign on as cashier or manager" in till.view.message.text
        assert not any(kind.startswith("cash.") for kind in await till.kinds())


async def test_a_killed_core_comes_back_to_the_question_with_what_was_answered(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1212, "50")
        till = await till.restarted()
        assert till.view.question.title == "Bank drop: which bag?"
        await till.enter("B1")
        till = await till.restarted()
        assert (await till.kinds()).count("cash.bank_drop") == 1
        assert till.view.question is None


async def test_the_same_answer_twice_moves_the_money_once(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1201)
        question = till.view.question.id
        await till.enter("10", question=question)
        assert (await till.enter("10", question=question)).outcome is STALE
        assert (await till.kinds()).count("cash.float") == 1


async def test_money_that_cannot_be_recorded_is_not_moved(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        till.journal.fails = JournalFull("The disk is full.")
        assert (await till.operation(1201, "10")).outcome is REFUSED
        assert till.view.mode is Mode.SAFE_STOP
        till.journal.fails = None
        await till.enter()
        assert "cash.float" not in await till.kinds()


async def test_a_movement_is_a_moment_to_come_back_online(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        before = till.world.connection.starts
        await till.operation(1201, "10")
        assert till.world.connection.starts == before + 1


async def test_the_closing_counts_what_was_moved(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1201, "50")
        await till.operation(1211, "120")
        await till.operation(1055)
        await till.enter("30")
        await till.answer("yes")
        record = await last(till)
        assert (record["floats_total"], record["safe_drops_total"], record["expected_cash"]) == (
            5000,
            12_000,
            3000,
        )
        assert record["over_short"] == 0
