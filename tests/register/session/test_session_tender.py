"""Paying: cash, card, both, voided payments, what is refused, and one sale however often Enter is pressed."""

import pytest
from msgspec.structs import replace

from session_fakes import AGAIN, BANANAS, BREAD, DONE, MILK, POLICY, REFUSED, SOLD, STALE, UNKNOWN, running
from store.register.intents import IntentKind
from store.register.session.tender_desk import CODE_IN_TENDER
from store.register.view import Entry, Mode


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        await running_till.ready()
        for code in (MILK, BREAD, BREAD):
            await running_till.scan(code)  # 1.09 + 3.49 + 3.49 = 8.07
        await running_till.operation(139)
        yield running_till


async def sale_record(till):
    (sale,) = [record for record in await till.records() if record["kind"] == "sale"]
    return sale


def tenders(record):
    return [(row["kind"], row["amount"]) for row in record["tenders"]]


async def test_enter_takes_exact_cash_and_the_sale_is_paid(till):
    assert till.view.tender.exact_cash == 807
    assert till.view.entry is Entry.AMOUNT
    assert (await till.enter()).outcome is DONE
    assert till.view.mode is Mode.PAID
    assert tenders(await sale_record(till)) == [("cash", 807)]
    assert till.view.paid.receipt_no == "S0001-R01-000001"
    assert till.view.paid.change == 0


async def test_a_typed_amount_gives_change_and_the_change_stays_until_the_next_scan(till):
    await till.enter("20")
    assert (till.view.mode, till.view.paid.change) == (Mode.PAID, 1193)
    assert till.view.message.text == "CHANGE 11.93"
    assert tenders(await sale_record(till)) == [("cash", 2000), ("change", -1193)]
    await till.operation(101, MILK)
    assert till.view.paid.change == 1193
    assert (await till.scan(MILK)).outcome is SOLD
    assert (till.view.mode, till.view.paid, till.view.count) == (Mode.SALE, None, 1)


async def test_receipt_and_drawer_are_jobs_of_the_same_commit_and_a_card_opens_no_drawer(till):
    await till.enter("10")
    record = await sale_record(till)
    jobs = await till.journal.jobs_of(record["txn_id"])
    assert [(job.kind, job.document_kind) for job in jobs] == [("drawer", ""), ("receipt", "receipt")]
    assert till.world.printing.wakes == 1
    await till.scan(MILK)
    await till.operation(201)
    await till.answer("yes")
    record = (await till.records())[-1]
    assert [job.kind for job in await till.journal.jobs_of(record["txn_id"])] == ["receipt"]


async def test_the_round_amounts_lie_above_the_exact_one(till):
    assert till.view.tender.round_amounts == (1000, 2000, 5000)


async def test_card_is_asked_guarded_and_nothing_a_scanner_sends_approves_it(till):
    await till.operation(201)
    assert till.view.question.guarded
    assert "Card 8.07 EUR: approved on the terminal?" in till.view.question.lines
    for text in ("", "yes", "1", MILK):
        await till.enter(text)
    await till.scan(BREAD)
    assert till.view.question is not None
    await till.answer("no")
    assert (till.view.mode, till.view.tender.taken) == (Mode.TENDER, ())
    await till.operation(201)
    await till.answer("yes")
    assert tenders(await sale_record(till)) == [("card", 807)]


async def test_split_cash_and_card(till):
    await till.enter("5")
    assert (till.view.totals.paid, till.view.totals.due) == (500, 307)
    await till.operation(201)
    assert "Card 3.07 EUR" in till.view.question.lines[0]
    await till.answer("yes")
    assert tenders(await sale_record(till)) == [("cash", 500), ("card", 307)]


async def test_card_for_a_part_then_cash_with_change(till):
    await till.operation(201, "5.00")
    await till.answer("yes")
    await till.enter("10")
    assert tenders(await sale_record(till)) == [("card", 500), ("cash", 1000), ("change", -693)]


async def test_a_card_pays_at_most_what_is_due(till):
    assert (await till.operation(201, "9")).outcome is REFUSED
    assert "8.07 due" in till.view.message.text


async def test_void_payment_takes_back_cash_and_a_card_only_when_the_terminal_did(till):
    await till.enter("2")
    await till.operation(201, "3")
    await till.answer("yes")
    await till.operation(211)
    assert till.view.question.kind == "void_card"
    await till.answer("no")
    assert len(till.view.tender.taken) == 2
    await till.operation(211)
    await till.answer("yes")
    assert [tender.kind for tender in till.view.tender.taken] == ["cash"]
    await till.operation(211)
    assert till.view.tender.taken == ()
    assert (await till.operation(211)).outcome is REFUSED
    assert till.view.totals.due == 807


async def test_back_to_the_sale_keeps_payments_and_one_more_item_raises_what_is_due(till):
    await till.enter("5")
    await till.back()
    assert till.view.mode is Mode.SALE
    await till.scan(MILK)
    assert till.view.totals.due == 807 + 109 - 500
    await till.operation(139)
    await till.enter()
    assert tenders(await sale_record(till)) == [("cash", 500), ("cash", 416)]


@pytest.mark.parametrize("code", [MILK, "96385074", UNKNOWN, "0" + MILK])
async def test_a_code_is_never_an_amount_typed_or_scanned(till, code):
    for send in (till.enter, till.scan):
        assert (await send(code)).outcome is REFUSED
        assert till.view.message.sound
    assert till.view.mode is Mode.TENDER
    assert [scan.why for scan in till.view.refused] == [CODE_IN_TENDER] * 2
    assert (till.view.tender.taken, await till.kinds()) == ((), ["sign.unavailable", "sign.on", "shift.open"])


async def test_a_refused_scan_stays_in_sight_when_the_sale_is_paid(till):
    await till.enter(MILK)
    await till.enter()
    assert till.view.mode is Mode.PAID
    assert [scan.text for scan in till.view.refused] == [MILK]


async def test_the_enter_that_ends_a_refused_scan_is_swallowed_with_it(till):
    seen = till.view.seq
    batch = [
        till.submission(IntentKind.SCAN, MILK, "scanner:scanner0"),
        till.submission(IntentKind.ENTER, seq=seen),
    ]
    outcomes = await till.session.handle(batch)
    assert [outcome.outcome for outcome in outcomes] == [REFUSED, STALE]
    assert till.view.mode is Mode.TENDER
    assert (await till.enter(seq=till.view.seq)).outcome is DONE
    assert till.view.mode is Mode.PAID


async def test_an_amount_over_ten_times_the_total_asks_once_more(till):
    await till.enter("80.70")
    assert till.view.mode is Mode.PAID
    await till.scan(MILK)
    await till.operation(139)
    await till.enter("4711")
    assert till.view.question.kind == "large_amount"
    assert (await till.enter("4711")).outcome is REFUSED
    await till.answer("no")
    assert (till.view.mode, till.view.tender.taken) == (Mode.TENDER, ())
    await till.enter("4711")
    await till.answer("yes")
    assert till.view.paid.change == 471100 - 109


async def test_round_amount_by_its_key_is_taken_and_the_same_amount_typed_asks_once_more(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.enter(f"0.1*{BANANAS}")
        await till.operation(139)
        assert (till.view.totals.total, till.view.tender.round_amounts) == (20, (500, 1000, 2000))
        await till.enter("5")
        assert till.view.question.kind == "large_amount"
        await till.answer("no")
        await till.operation(200, "6.00")
        assert till.view.question.kind == "large_amount"
        await till.answer("no")
        await till.operation(200, "5.00")
        assert (till.view.mode, till.view.paid.change) == (Mode.PAID, 480)


@pytest.mark.parametrize("letter", ["c", "C"])
async def test_the_card_key_typed_before_the_payments_were_shown_is_the_card_key(till, letter):
    assert (await till.enter(letter)).outcome is DONE
    assert till.view.question.kind == "card"
    await till.answer("yes")
    assert till.view.mode is Mode.PAID


@pytest.mark.parametrize("text", ["abc", "-5", "1.234", "5 5", "1e3"])
async def test_what_is_no_amount_is_refused_with_a_sentence(till, text):
    assert (await till.enter(text)).outcome is REFUSED
    assert "is no amount" in till.view.message.text


async def test_f22_enter_ten_times_is_one_sale(till):
    batch = [till.submission(IntentKind.ENTER, seq=till.view.seq) for _ in range(10)]
    await till.session.handle(batch)
    for _ in range(10):
        await till.enter()
    assert (await till.kinds()).count("sale") == 1


async def test_pay_on_an_empty_register_and_after_a_sale_does_nothing(till):
    await till.enter()
    for number in (139, 200, 201, 206):
        assert (await till.operation(number)).outcome is REFUSED
    await till.enter()
    assert (await till.kinds()).count("sale") == 1
    assert till.view.mode is Mode.PAID


async def test_f23_key_repeat_on_pay_and_payment_is_harmless(till):
    for _ in range(3):
        await till.operation(139)
    assert till.view.mode is Mode.TENDER
    intent = till.submission(IntentKind.OPERATION, operation=206)
    assert (await till.session.handle([intent]))[0].outcome is DONE
    assert (await till.session.handle([intent, intent]))[1].outcome is AGAIN
    assert (await till.kinds()).count("sale") == 1


async def test_quick_cash_pays_from_the_sale_in_one_key(till):
    await till.back()
    await till.operation(206)
    assert (till.view.mode, tenders(await sale_record(till))) == (Mode.PAID, [("cash", 807)])


async def test_pay_cash_with_a_typed_amount_from_the_sale(till):
    await till.back()
    await till.operation(200, "10")
    assert till.view.paid.change == 193


async def test_cash_is_rounded_to_the_stores_coins(tmp_path):
    async with running(tmp_path) as till:
        till.world.shop.store_policy = replace(POLICY, cash_rounding_step=5)
        await till.ready()
        await till.scan(BREAD)  # 3.49
        await till.operation(139)
        assert till.view.tender.exact_cash == 350
        assert (await till.enter("3.51")).outcome is REFUSED
        await till.enter()
        record = (await till.records())[-1]
        assert tenders(record) == [("cash", 350), ("rounding", -1)]
        assert record["cash_rounding"] == 1


async def test_a_sale_with_cash_taken_is_voided_with_the_cash_given_back(till):
    await till.enter("5")
    await till.operation(500)
    assert "Give back 5.00 in cash." in till.view.question.lines
    await till.answer("yes")
    assert (till.view.mode, (await till.kinds())[-1]) == (Mode.IDLE, "void")


async def test_a_sale_paid_in_part_is_voided_from_its_lines_too(till):
    await till.enter("5")
    await till.back()
    assert till.view.mode is Mode.SALE
    await till.operation(500)
    assert "Give back 5.00 in cash." in till.view.question.lines
    await till.answer("yes")
    assert till.view.message.text == "The sale is voided."
    assert (till.view.mode, (await till.kinds())[-1]) == (Mode.IDLE, "void")


async def test_a_sale_with_a_card_payment_is_not_voided_before_the_payment(till):
    await till.operation(201, "5")
    await till.answer("yes")
    assert (await till.operation(500)).outcome is REFUSED
    assert "Void it first" in till.view.message.text


async def test_escape_after_the_sale_clears_the_change(till):
    await till.enter("20")
    await till.back()
    assert (till.view.mode, till.view.paid) == (Mode.IDLE, None)


async def test_the_receipt_is_shown_as_paper_only_while_no_printer_is_attached(till):
    await till.enter("20")
    paper = "\n".join(till.view.paid.paper)
    assert "Whole milk 1 l" in paper
    assert "S0001-R01-000001" in paper
    assert max(map(len, till.view.paid.paper)) <= 42
    till.world.printing.has_printer = True
    await till.session.refresh()
    assert till.view.paid.paper == ()
    assert "Receipt printed." in till.view.paid.print_state


async def test_the_reprint_is_a_numbered_copy_of_the_same_record(till):
    await till.enter("20")
    for copy_no in (1, 2):
        await till.operation(115)
        record = (await till.records())[-1]
        assert (record["kind"], record["copy_no"], record["of_receipt_no"]) == ("reprint", copy_no, 1)
        assert f"Copy {copy_no} of receipt 1" in till.view.message.text
        assert "COPY" in "\n".join(till.view.paid.paper).upper()
    sale = await sale_record(till)
    assert [job.copy_no for job in await till.journal.jobs_of(sale["txn_id"]) if job.kind == "receipt"] == [
        0,
        1,
        2,
    ]


async def test_there_is_nothing_to_reprint_on_a_new_register(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        assert (await till.operation(115)).outcome is REFUSED
        assert "no receipt" in till.view.message.text
