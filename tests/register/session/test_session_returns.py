"""Goods that come back at the till: with receipt, without, in exchange; sales undone; gift receipts."""

import json

import pytest
from msgspec.structs import replace

from session_fakes import (
    BANANAS,
    BANANAS_LABEL,
    BREAD,
    DONE,
    FLOWERS,
    MILK,
    REFUSED,
    SOLD,
    UNKNOWN,
    WATER,
    running,
)
from store.exchange.returns import ReservedLine, WireReceiptRow
from store.gateway.states import Mode as Answers
from store.register.intents import IntentKind
from store.register.verification.sums import ShiftSums, check_sale
from store.register.view import Entry, Mode
from store.sale.past_sale import past_sale
from store.sale.return_policy import ReturnPolicy

RECEIPT = "S0001-R01-000001"
OTHER = "S0001-R02-000007"


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        yield await running_till.ready()


@pytest.fixture
async def manager(tmp_path):
    async with running(tmp_path) as running_till:
        yield await running_till.ready("201")


async def sell(till, *codes):
    for code in codes:
        await till.scan(code)
    await till.operation(206)
    return (await till.records())[-1]


async def pay_back(till):
    await till.operation(139)
    await till.enter()
    return (await till.records())[-1]


def of_other_register(payload):
    """The same sale as one of another register."""
    return replace(past_sale(payload), series="S0001-R02.1", receipt_no=7, seq=70)


async def checked(till):
    """Every sale of the journal is sound by the verifier's own arithmetic, and so is the closing."""
    sums = ShiftSums()
    for record in await till.records():
        if record["kind"] == "sale":
            check_sale(record)
        sums.add(record)


# -- with receipt


async def test_a_line_comes_back_with_a_scan_and_three_keys(till):
    sold = await sell(till, BREAD, MILK, MILK)
    assert (await till.scan(RECEIPT)).outcome is DONE
    assert till.view.question.selected == "1"
    assert (await till.enter()).outcome is SOLD  # 1: the selected line
    assert till.view.message.text == "Return: 1 x Rye bread 750 g   -3.49"
    assert till.view.totals.total == -349
    await till.operation(139)  # 2: pay
    assert till.view.mode is Mode.TENDER
    await till.enter()  # 3: cash
    assert till.view.mode is Mode.PAID
    back = (await till.records())[-1]
    assert back["tenders"] == [{"n": 1, "tender": 1, "kind": "cash", "amount": -349}]
    assert back["lines"][0]["returns_of"]["seq"] == sold["seq"]
    await checked(till)


@pytest.mark.parametrize("answers", [Answers.ONLINE, Answers.OFFLINE_AUTO])
async def test_what_came_back_is_not_offered_again(till, answers):
    await sell(till, BREAD, MILK)
    till.world.connection.mode = answers
    await till.scan(RECEIPT)
    await till.enter()
    await pay_back(till)
    await till.operation(114, RECEIPT)
    assert till.view.question.selected == "2"
    assert till.view.question.choices[0].right == "came back"
    assert (await till.enter("1")).outcome is REFUSED
    assert till.view.message.text == "Rye bread 750 g: all 1 of it came back already."
    assert till.view.question is not None
    await till.enter("*")
    assert till.view.totals.total == -109
    await pay_back(till)
    await till.scan(RECEIPT)
    assert (await till.enter("*")).outcome is REFUSED
    await checked(till)


async def test_lines_are_chosen_by_number_quantity_arrow_and_star(till):
    await till.enter(f"3*{MILK}")
    await till.scan(BREAD)
    await till.operation(206)
    await till.operation(114)
    assert till.view.entry is Entry.CODE
    await till.enter("1")  # the short number of this register
    assert till.view.question.title == "Return with receipt"
    await till.send(IntentKind.SELECT, "down")
    assert till.view.question.selected == "2"
    await till.send(IntentKind.SELECT, "last")
    await till.send(IntentKind.SELECT, "up")
    await till.enter("2*")
    assert (till.view.lines[0].quantity, till.view.totals.total) == ("-2", -218)
    await till.scan(RECEIPT)
    await till.enter("1*1 2")
    assert [line.quantity for line in till.view.lines] == ["-3", "-1"]
    await till.operation(105, "2")  # line 1 was made larger, line 2 is the newest: it is one
    assert till.view.message.text.startswith("Scan the receipt again") or till.view.totals.total
    await till.scan(RECEIPT)
    for text in ("7", "x*1", "0*1"):
        assert (await till.enter(text)).outcome is REFUSED
    await till.back()
    assert till.view.question is None


async def test_goods_are_scanned_one_by_one_while_their_receipt_is_open(till):
    await sell(till, MILK, MILK, BREAD, BANANAS_LABEL)
    await till.scan(RECEIPT)
    for code in (MILK, MILK, BANANAS_LABEL):
        assert (await till.scan(code)).outcome is SOLD
        assert till.view.question is not None
    assert [line.quantity for line in till.view.lines] == ["-1", "-1", "-0.482"]
    assert (await till.scan(WATER)).outcome is REFUSED
    assert till.view.refused[-1].text == WATER
    await till.scan(BREAD)
    assert till.view.question is None  # nothing is left
    assert await pay_back(till)
    await checked(till)


async def test_an_exchange_is_one_ticket_with_one_difference(till):
    await sell(till, BREAD)
    await till.scan(RECEIPT)
    await till.enter()
    await till.scan(WATER)
    await till.scan(WATER)
    assert till.view.totals.total == 468 - 349
    await till.operation(139)
    await till.enter("2")
    record = (await till.records())[-1]
    assert (record["total"], record["change"]) == (119, 81)
    assert [row["gross"] for row in record["taxes"]] == [-349, 468]
    await checked(till)


async def test_an_even_exchange_needs_no_payment(till):
    await sell(till, BREAD)
    await till.scan(RECEIPT)
    await till.enter()
    await till.scan(BREAD)
    await till.operation(139)
    if till.view.mode is not Mode.PAID:
        await till.enter()
    record = (await till.records())[-1]
    assert (record["total"], record["tenders"]) == (0, [])
    await checked(till)


async def test_f60_a_discounted_sale_comes_back_for_what_was_paid_to_the_cent(till):
    await till.enter(f"3*{BREAD}")
    await till.operation(301, "10")
    await till.operation(303, "5")
    await till.operation(206)
    sold = (await till.records())[-1]
    back = []
    for part in ("1*1", "1*1", "1*1"):
        await till.scan(RECEIPT)
        await till.enter(part)
        back.append(await pay_back(till))
    assert sum(record["total"] for record in back) == -sold["total"]
    for name in ("amount", "discount", "discount_share", "tax_amount", "gross"):
        assert sum(record["lines"][0].get(name, 0) for record in back) == -sold["lines"][0].get(name, 0)
    await checked(till)


async def test_f60_cash_rounding_of_a_refund_mirrors_that_of_the_sale(till):
    till.world.shop.store_policy = replace(till.world.shop.store_policy, cash_rounding_step=5)
    sold = await sell(till, BREAD, WATER)
    await till.scan(RECEIPT)
    await till.enter("*")
    back = await pay_back(till)
    assert [row["amount"] for row in back["tenders"]] == [-row["amount"] for row in sold["tenders"]]
    assert back["cash_rounding"] == -sold["cash_rounding"] != 0
    await checked(till)


@pytest.mark.parametrize("answers", [Answers.ONLINE, Answers.OFFLINE_AUTO])
async def test_receipts_are_looked_for_by_day_amount_and_item(till, answers):
    await sell(till, BREAD)
    await sell(till, MILK, MILK)
    till.world.connection.mode = answers
    for text, found in (
        ("", ["R01-000002", "R01-000001"]),
        ("3.49", ["R01-000001"]),
        ("milk", ["R01-000002"]),
        ("2026-11-24", ["R01-000002", "R01-000001"]),
        ("24.11.", ["R01-000002", "R01-000001"]),
    ):
        await till.operation(114)
        await till.enter(text)
        assert [choice.label.split()[0] for choice in till.view.question.choices] == found
        await till.back()
    await till.operation(114)
    for text in ("9.99", "nothing", "1.1.2026", "S0001-R01-000099", "S0009-R01-000001"):
        assert (await till.enter(text)).outcome is REFUSED
        assert till.view.question is not None
    await till.enter("")
    await till.send(IntentKind.SELECT, "down")
    await till.enter("")
    assert till.view.question.lines[0].startswith(RECEIPT)


async def test_a_receipt_of_another_register_needs_the_server(till):
    sold = await sell(till, BREAD, MILK)
    till.world.receipts.sales[OTHER] = of_other_register(sold)
    till.world.receipts.rows = (
        WireReceiptRow(
            number=OTHER, at="2026-11-24T14:00:00.000Z", total=458, currency="EUR", goods="x", lines=2
        ),
    )
    await till.operation(114)
    await till.enter("")
    assert till.view.question.choices[0].label.startswith("R02-000007")
    await till.enter("1")
    await till.enter()
    [kept] = till.world.receipts.kept.values()
    assert kept == (ReservedLine(series="S0001-R02.1", seq=70, n=1, quantity="1"),)
    await till.operation(102)  # the line is voided: the server may give it to others
    assert list(till.world.receipts.kept.values()) == [()]
    till.world.connection.mode = Answers.OFFLINE_AUTO
    assert (await till.scan(OTHER)).outcome is REFUSED
    assert till.view.message.text.startswith("The server does not answer: only receipts of this register")


async def test_the_server_says_when_another_register_was_faster(till):
    sold = await sell(till, BREAD)
    till.world.receipts.sales[OTHER] = of_other_register(sold)
    till.world.receipts.short = (ReservedLine(series="S0001-R02.1", seq=70, n=1, quantity="0"),)
    await till.scan(OTHER)
    assert (await till.enter()).outcome is REFUSED
    assert "another register was faster; nothing is left" in till.view.message.text
    assert till.view.count == 0


async def test_what_was_lost_while_the_sale_waited_is_told_before_payment(till):
    sold = await sell(till, BREAD, MILK)
    till.world.receipts.sales[OTHER] = of_other_register(sold)
    await till.scan(OTHER)
    await till.enter("2")
    till.world.receipts.short = (ReservedLine(series="S0001-R02.1", seq=70, n=2, quantity="0"),)
    for number in (139, 206):
        assert (await till.operation(number)).outcome is REFUSED
        assert till.view.message.text == "Whole milk 1 l: another register was faster; nothing is left."
        assert till.view.mode is Mode.SALE
    till.world.connection.mode = (
        Answers.OFFLINE_AUTO
    )  # then nobody can say, and the customer is not sent away
    assert (await pay_back(till))["total"] == -109


async def test_offline_the_policy_of_the_store_says_which_receipts_and_how_much(till):
    sold = await sell(till, BREAD, BREAD, BREAD)
    till.world.connection.mode = Answers.OFFLINE_AUTO
    till.world.receipts.local[OTHER] = of_other_register(sold)
    policy = till.world.shop.store_policy

    def decide(**changes):
        till.world.shop.store_policy = replace(policy, returns=ReturnPolicy(**changes))

    decide(offline="none")
    assert (await till.scan(RECEIPT)).outcome is REFUSED
    decide(offline="all", offline_limit=700)
    await till.scan(OTHER)
    assert "what other registers took back is not known" in till.view.question.lines[1]
    assert (await till.enter("*")).outcome is REFUSED
    assert till.view.message.text.startswith("Without the server at most 7.00")
    await till.enter("1 2")
    assert till.view.totals.total == -698
    assert await pay_back(till)


async def test_a_reason_is_asked_for_where_the_store_wants_one(till):
    await sell(till, BREAD)
    till.world.shop.store_policy = replace(
        till.world.shop.store_policy, returns=ReturnPolicy(reasons=("Stale",), ask_reason=True)
    )
    await till.scan(RECEIPT)
    await till.enter()
    assert till.view.question.title == "Why does it come back?"
    assert (await till.enter("2")).outcome is REFUSED
    await till.enter("1")
    record = await pay_back(till)
    assert record["lines"][0]["return_reason"] == "Stale"
    assert "  Stale" in till.view.paper


async def test_a_killed_core_comes_back_to_the_open_receipt_and_to_the_lines(till):
    await sell(till, BREAD, MILK)
    await till.scan(RECEIPT)
    till = await till.restarted()
    assert till.view.question.title == "Return with receipt"
    await till.enter("2")
    till = await till.restarted()
    assert till.view.totals.total == -109
    record = await pay_back(till)
    assert record["total"] == -109


async def test_without_the_permission_nothing_comes_back(till):
    await sell(till, BREAD)
    ann = till.world.shop.operator("101")
    till.world.staff.server = {"101": replace(ann, permissions="sell open_shift")}
    await till.operation(701)
    await till.sign_in()
    for _ in range(2):  # a second person is asked to allow it
        await till.scan(RECEIPT)
        assert till.view.question is not None
        assert "manager" in " ".join((till.view.message.text, *till.view.question.lines))
        await till.back()
        await till.operation(109)
        await till.back()
    assert till.view.count == 0


# -- without receipt


@pytest.mark.parametrize("answers", [Answers.ONLINE, Answers.OFFLINE_AUTO])
async def test_goods_without_a_receipt_come_back_with_a_reason(till, answers):
    till.world.connection.mode = answers
    await till.operation(109)
    await till.scan(BREAD)
    assert till.view.question.title == "Why does it come back?"
    assert (await till.enter("9")).outcome is REFUSED
    await till.enter("3")
    assert till.view.lines[0].amount == -349
    await till.operation(105, "2")
    assert till.view.totals.total == -698
    record = await pay_back(till)
    assert record["lines"][0]["return_reason"] == "Past its date or spoilt"
    assert "returns_of" not in record["lines"][0]
    await checked(till)


async def test_f8_takes_receipts_and_goods_alike(till):
    await till.operation(114)
    await till.scan(BREAD)
    await till.enter("1")
    assert till.view.lines[0].amount == -349


async def test_the_selected_line_is_turned_round(till):
    await till.scan(BREAD)
    await till.operation(109)
    assert "line 1, Rye bread 750 g" in till.view.question.lines[1]
    await till.enter("")
    await till.enter("1")
    assert till.view.lines[0].amount == -349
    await till.operation(109)
    assert (await till.enter("")).outcome is REFUSED


async def test_weights_prices_labels_and_unknown_codes_without_receipt(till):
    await till.operation(109, BANANAS)
    assert till.view.question.title == "Return without receipt"
    assert (await till.enter("x")).outcome is REFUSED
    await till.enter("0.5")
    await till.enter("1")
    await till.operation(109, FLOWERS)
    assert (await till.enter("x")).outcome is REFUSED
    await till.enter("4.50")
    await till.enter("1")
    await till.operation(109, BANANAS_LABEL)
    await till.enter("1")
    await till.operation(109, f"2*{MILK}")
    await till.enter("1")
    assert [line.amount for line in till.view.lines] == [-100, -450, -96, -218]
    assert (await till.operation(109, UNKNOWN)).outcome is REFUSED
    assert (await till.operation(109, f"x*{MILK}")).outcome is REFUSED
    assert (await pay_back(till))["total"] == -864
    await checked(till)


async def test_a_cashier_gives_back_only_so_much_without_a_receipt(till):
    await till.operation(109, f"15*{BREAD}")
    assert (await till.enter("1")).outcome is REFUSED
    assert "At most 50.00 on a line without receipt." in till.view.message.text
    await till.back()
    await till.back()
    for _ in range(4):
        await till.operation(109, f"14*{BREAD}")
        await till.enter("1")
    assert till.view.totals.total == -4 * 4886
    await pay_back(till)
    await till.operation(109, f"2*{BREAD}")
    assert (await till.enter("1")).outcome is REFUSED
    assert "At most 200.00 in a shift" in till.view.message.text


async def test_a_manager_has_no_limit(manager):
    await manager.operation(109, f"99*{BREAD}")
    await manager.enter("1")
    assert manager.view.totals.total == -99 * 349


# -- undone sales


async def test_a_sale_is_undone_by_a_new_record_that_mirrors_it(manager):
    await manager.enter(f"3*{BREAD}")
    await manager.operation(303, "10")
    await manager.operation(139)
    await manager.enter("20")
    sold = (await manager.records())[-1]
    await manager.operation(9140)
    assert manager.view.question.guarded
    assert "Give back 9.42 in cash." in manager.view.question.lines
    await manager.answer("yes")
    undone = (await manager.records())[-1]
    assert undone["voids_of"] == {"series": sold["series"], "seq": sold["seq"], "receipt_no": 1}
    assert undone["total"] == -sold["total"]
    assert [row["amount"] for row in undone["tenders"]] == [-row["amount"] for row in sold["tenders"]]
    assert any("Undoes receipt S0001-R01-000001" in line for line in manager.view.paper)
    assert (await manager.operation(9140, "1")).outcome is REFUSED
    assert manager.view.message.text == "Receipt S0001-R01-000001 is undone already by S0001-R01-000002."
    assert (await manager.operation(9140)).outcome is REFUSED
    assert "undoes a sale itself" in manager.view.message.text
    assert (await manager.scan("S0001-R01-000002")).outcome is REFUSED
    await manager.operation(1056)
    report = (await manager.records())[-1]
    assert (report["post_voids"], report["post_voids_total"], report["returns"]) == (1, sold["total"], 0)
    assert (report["sales_total"], report["discount"], report["expected_cash"]) == (0, 0, 10_000)
    await checked(manager)


async def test_a_return_is_undone_and_its_goods_may_come_back_again(manager):
    await sell(manager, BREAD)
    await manager.scan(RECEIPT)
    await manager.enter()
    await pay_back(manager)
    await manager.operation(9140)
    await manager.answer("yes")
    assert (await manager.records())[-1]["total"] == 349
    await manager.scan(RECEIPT)
    assert (await manager.enter()).outcome is SOLD
    await checked(manager)


async def test_what_cannot_be_undone_is_refused_with_the_reason(manager):
    assert (await manager.operation(9140)).outcome is REFUSED
    await sell(manager, BREAD, MILK)
    assert (await manager.operation(9140, "77")).outcome is REFUSED
    await manager.operation(9140)
    await manager.answer("no")
    assert manager.view.message.text == "The sale stays."
    manager.world.receipts.short = (ReservedLine(series="S0001-R01.1", seq=4, n=1, quantity="0"),)
    await manager.operation(9140)
    assert (await manager.answer("yes")).outcome is REFUSED
    assert "Another register took goods" in manager.view.message.text
    manager.world.receipts.short = ()
    await manager.scan(RECEIPT)
    await manager.enter()
    await pay_back(manager)
    assert (await manager.operation(9140, RECEIPT)).outcome is REFUSED
    assert "came back already" in manager.view.message.text


async def test_a_cashier_undoes_no_sale(till):
    await sell(till, BREAD)
    assert (await till.operation(9140)).outcome is REFUSED


async def test_a_sale_of_an_older_shift_is_not_undone(manager):
    await sell(manager, BREAD)
    await manager.operation(1055)
    await manager.enter("103.49")
    await manager.answer("yes")
    await manager.sign_in("201")
    await manager.enter("0")
    assert (await manager.operation(9140, "1")).outcome is REFUSED
    assert "another shift" in manager.view.message.text


# -- gifts


async def test_a_gift_receipt_is_printed_with_the_sale_and_later(till):
    await till.scan(BREAD)
    await till.operation(9130)
    await till.operation(9130)
    assert till.view.message.text == "No gift receipt."
    await till.operation(9130)
    await till.operation(206)
    jobs = await till.real_journal.jobs_of((await till.records())[-1]["txn_id"])
    assert [job.document_kind for job in jobs if job.kind == "receipt"] == ["receipt", "gift_receipt"]
    await till.operation(9130)
    assert (await till.records())[-1]["of_receipt_no"] == 1
    assert till.view.message.text == f"Gift receipt of {RECEIPT}."


async def test_there_is_no_gift_receipt_of_nothing_and_of_a_refund(till):
    assert (await till.operation(9130)).outcome is REFUSED
    await till.operation(109, BREAD)
    await till.enter("1")
    await pay_back(till)
    assert (await till.operation(9130)).outcome is REFUSED


# -- the books


async def test_x_and_z_count_returns_apart_and_the_drawer_is_right(till):
    await sell(till, BREAD, MILK)
    await till.scan(RECEIPT)
    await till.enter()
    await pay_back(till)
    await till.operation(109, MILK)
    await till.enter("1")
    await pay_back(till)
    await till.operation(1056)
    report = (await till.records())[-1]
    assert (report["returns"], report["returns_total"], report["sales_total"]) == (2, 458, 0)
    assert any(row.startswith("2 lines came back") and row.endswith("-4.58") for row in till.view.paper)
    assert ("2 lines came back", "-4.58") in till.view.shift.rows
    assert report["expected_cash"] == 10_000
    await till.operation(1055)
    await till.enter("100")
    await till.answer("yes")
    assert json.dumps((await till.records())[-1]["over_short"]) == "0"
    await checked(till)
