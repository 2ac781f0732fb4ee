"""Tender declaration at the till: row by row, fast or in any order, taken by the closing, killed in the middle."""

import pytest

from session_fakes import DONE, MILK, REFUSED, running
from store.gateway.states import Mode as ConnectionMode
from store.register.intents import IntentKind
from store.register.view import Entry, Mode


async def last(till):
    return (await till.records())[-1]


async def shift_with_card(till):
    await till.ready()
    await till.scan(MILK)
    await till.operation(206)
    await till.scan(MILK)
    await till.operation(201)
    await till.answer("yes")


async def count_100(till):
    """A hundred euros: two fifties, whatever row is open."""
    for text in ("0", "", "", "2", *("",) * 10, "9"):
        await till.enter(text)


@pytest.mark.parametrize("online", [True, False], ids=["online", "offline"])
async def test_notes_coins_and_cards_are_counted_blind_and_declared(tmp_path, online):
    async with running(tmp_path) as till:
        await shift_with_card(till)
        if not online:
            till.world.connection.mode = ConnectionMode.OFFLINE_AUTO
        assert (await till.operation(1052)).outcome is DONE
        assert (till.view.question.title, till.view.entry) == ("How many 500.00?", Entry.QUANTITY)
        assert "101.09" not in repr(till.view)
        await count_100(till)
        assert (till.view.question.title, till.view.entry) == ("Card: which sum?", Entry.AMOUNT)
        assert "Cash counted 100.09" in till.view.question.lines[0]
        await till.enter("1.09")
        assert till.view.question.guarded
        assert till.view.question.lines == ("Cash 100.09", "Card 1.09")
        await till.answer("yes")
        record = await last(till)
        assert (record["kind"], record["total"]) == ("tender.declaration", 10_118)
        cash, card = record["tenders"]
        assert cash["pieces"] == [{"value": 5000, "count": 2}, {"value": 1, "count": 9}]
        assert (cash["amount"], card["amount"]) == (10_009, 109)
        assert (till.view.mode, till.view.question) == (Mode.PAID, None)
        assert any("2 x 50.00" in row for row in till.view.paper)
        jobs = await till.journal.jobs_of(record["txn_id"])
        assert [job.kind for job in jobs] == ["report"]


async def test_the_closing_takes_the_declaration_and_tells_the_difference_of_each_tender(tmp_path):
    async with running(tmp_path) as till:
        await shift_with_card(till)
        await till.operation(1052)
        await count_100(till)
        await till.enter("2")
        await till.answer("yes")
        await till.operation(1055)
        assert till.view.question.lines == (
            "Counted 100.09, expected 101.09, short 1.00.",
            "Card: counted 2.00, expected 1.09, over 0.91.",
        )
        await till.answer("yes")
        record = await last(till)
        assert (record["kind"], record["counted"], record["over_short"]) == ("shift.close", 10_009, -100)
        assert [(row["kind"], row["over_short"]) for row in record["declared"]] == [
            ("cash", -100),
            ("card", 91),
        ]


@pytest.mark.parametrize("after", ["sale", "movement"])
async def test_a_declaration_holds_only_until_money_moves(tmp_path, after):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1052)
        await till.enter("3*50")
        for _ in range(15):
            await till.enter()
        await till.answer("yes")
        if after == "sale":
            await till.scan(MILK)
            await till.operation(206)
        else:
            await till.operation(1201, "5")
        await till.operation(1055)
        assert (till.view.question, till.view.mode) == (None, Mode.CLOSING)
        await till.enter("100")
        await till.answer("yes")
        assert "declared" not in await last(till)


async def test_rows_can_be_filled_in_any_order_and_what_is_no_count_is_refused(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1052)
        await till.enter("3*50")
        await till.enter("10 * 0,20")
        assert "Cash counted 152.00" in till.view.question.lines[0]
        assert till.view.question.title == "How many 500.00?"
        for wrong in ("x", "-1", "1.5", "10000", "3*51", "*", "3*", "x*50", MILK):
            assert (await till.enter(wrong)).outcome is REFUSED, wrong
        assert (await till.scan(MILK)).outcome is REFUSED
        assert "Cash counted 152.00" in till.view.question.lines[0]


async def test_rows_typed_in_one_go_are_all_taken(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1052)
        question = till.view.question.id
        batch = [till.submission(IntentKind.ENTER, text, question=question) for text in ("1", "2", "3")]
        outcomes = await till.session.handle(batch)
        assert [outcome.outcome for outcome in outcomes] == [DONE] * 3
        assert till.view.question.title == "How many 50.00?"
        assert "Cash counted 1200.00" in till.view.question.lines[0]


async def test_escape_goes_one_row_back_and_out_at_the_first(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1052)
        await till.enter("1")
        await till.back()
        assert till.view.question.title == "How many 500.00?"
        assert "Cash counted 500.00" in till.view.question.lines[0]
        await till.back()
        assert (till.view.question, till.view.mode) == (None, Mode.IDLE)
        assert "tender.declaration" not in await till.kinds()


async def test_counting_again_keeps_what_was_filled(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1052)
        await count_100(till)
        await till.answer("no")
        assert till.view.question.title == "How many 500.00?"
        assert "Cash counted 100.09" in till.view.question.lines[0]


async def test_a_killed_core_comes_back_to_the_row_with_all_counts(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1052)
        await till.enter("1")
        await till.enter("2")
        till = await till.restarted()
        assert till.view.question.title == "How many 100.00?"
        assert "Cash counted 900.00" in till.view.question.lines[0]
        await till.back()
        for _ in range(14):
            await till.enter()
        till = await till.restarted()
        await till.answer("yes")
        till = await till.restarted()
        assert (await till.kinds()).count("tender.declaration") == 1
        assert (await last(till))["total"] == 90_000


async def test_a_technician_declares_nothing_and_nobody_in_a_sale(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        assert (await till.operation(1052)).outcome is REFUSED
        await till.operation(206)
        await till.operation(701)
        await till.sign_in("301")
        assert (await till.operation(1052)).outcome is REFUSED
        assert "Sign on as cashier or manager" in till.view.message.text
