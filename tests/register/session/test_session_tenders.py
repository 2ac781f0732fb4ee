"""Tender types of headquarters at the till: letters, foreign notes, checks, vouchers; online, offline, refused."""

import pytest
from msgspec.structs import replace

from session_fakes import BREAD, DONE, MILK, POLICY, REFUSED, STALE, Till, running
from store.gateway.states import Mode as ConnectionMode
from store.ledger.recomputation import recompute_sale
from store.register.intents import IntentKind
from store.register.verification.sums import check_sale
from store.register.view import Entry, Mode
from store.sale.document_format import Printing
from store.sale.format_text import WrittenFormat, parsed
from store.sale.tender_type import types_of_rows
from store.sale.voucher import parse_voucher, shown_voucher, voucher_number

ROWS = [
    ("cash", "Cash", "cash", 1, {}),
    ("card", "Card", "card", 2, {"reference": "optional"}),
    ("usd", "US dollars", "foreign", 3, {"currency": "USD", "rate": "0.9217", "letter": "u"}),
    ("chf", "Francs", "foreign", 4, {"currency": "CHF", "rate": "1.0412", "letter": "s"}),
    ("check", "Check", "check", 5, {"change": "cash", "over_limit": 5_000}),
    ("voucher", "Voucher", "voucher", 6, {"valid_days": 365}),
]
OTHERS = voucher_number(b"of another one..")
"""A voucher that another register issued."""


def shop_with(*rows, **more):
    return replace(POLICY, tenders=types_of_rows(rows or ROWS), **more)


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        running_till.world.shop.store_policy = shop_with()
        await running_till.ready()
        yield running_till


async def basket(till: Till):
    """1.09 + 3.49 + 3.49 = 8.07, in payment."""
    for code in (MILK, BREAD, BREAD):
        await till.scan(code)
    await till.operation(139)


def go_offline(till: Till):
    till.world.connection.mode = ConnectionMode.OFFLINE_AUTO


async def last(till: Till):
    return (await till.records())[-1]


async def sold(till: Till):
    """The last record: a sale that server and verifier compute to the same cents."""
    record = await last(till)
    assert record["kind"] == "sale"
    assert list(recompute_sale(record)) == []
    check_sale(record)
    return record


def rows(record):
    return [(row.get("type") or row["kind"], row["amount"]) for row in record["tenders"]]


# -- the list


async def test_the_pay_screen_lists_every_type_with_its_letter_and_what_it_takes(till):
    await basket(till)
    assert [(one.key, one.name, one.takes) for one in till.view.tender.choices] == [
        ("c", "Card (terminal)", "8.07"),
        ("u", "US dollars", "8.76 USD"),
        ("s", "Francs", "7.75 CHF"),
        ("k", "Check", "8.07"),
        ("v", "Voucher", "number or scan"),
    ]
    assert (await till.enter("q")).outcome is REFUSED
    assert "There are c, u, s, k, v." in till.view.message.text


async def test_a_store_without_a_type_says_so_and_the_sale_stays_as_it_was(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        for number in (203, 204, 213, 202):
            assert (await till.operation(number)).outcome is REFUSED
            assert (till.view.mode, till.view.totals.paid) == (Mode.SALE, 0)
        assert (await till.operation(511, "20")).outcome is REFUSED


# -- foreign notes


@pytest.mark.parametrize("online", [True, False], ids=["online", "offline"])
async def test_notes_are_asked_in_their_currency_and_change_is_the_stores(till, online):
    await basket(till)
    if not online:
        go_offline(till)
    await till.enter("u")
    assert (till.view.question.title, till.view.entry) == ("US dollars: how much USD?", Entry.AMOUNT)
    assert (till.view.question.lines[0], till.view.question.currency) == ("8.07 EUR = 8.76 USD", "USD")
    assert (await till.enter(MILK)).outcome is REFUSED
    await till.enter("20")
    assert (till.view.mode, till.view.message.text) == (Mode.PAID, "CHANGE 10.36")
    record = await sold(till)
    assert rows(record) == [("usd", 1_843), ("change", -1_036)]
    row = record["tenders"][0]
    assert (row["currency"], row["foreign"], row["rate"], row["name"]) == (
        "USD",
        2_000,
        "0.9217",
        "US dollars",
    )
    assert "drawer" in [job.kind for job in await till.journal.jobs_of(record["txn_id"])]
    assert any("20.00 USD x 0.9217 EUR" in line for line in till.view.paid.paper)


async def test_an_amount_before_the_letter_is_taken_at_once_and_203_asks_which_currency(till):
    await basket(till)
    await till.enter("5u")
    assert till.view.totals.due == 807 - 461
    await till.operation(203)
    assert [choice.key for choice in till.view.question.choices] == ["u", "s"]
    assert (await till.enter("x")).outcome is REFUSED
    await till.enter("s")
    await till.enter("10")
    assert rows(await sold(till)) == [("usd", 461), ("chf", 1_041), ("change", -695)]


async def test_far_too_many_notes_are_asked_about_and_a_killed_core_comes_back_to_the_question(till):
    await basket(till)
    await till.enter("u")
    await till.enter("200")
    assert till.view.question.guarded
    again = await till.restarted()
    assert again.view.question.title == "Large amount"
    await again.answer("no")
    assert again.view.totals.paid == 0
    await again.enter("u")
    await again.enter("200")
    await again.answer("yes")
    assert rows(await sold(again))[0] == ("usd", 18_434)


# -- checks, cards with a number


async def test_a_check_asks_for_its_number_gives_change_and_never_takes_a_card_number(till):
    await basket(till)
    await till.enter("20k")
    assert till.view.question.title == "Check 20.00: number of the check?"
    for text in ("", "4111111111111111"):
        assert (await till.enter(text)).outcome is REFUSED
    assert till.view.question is not None
    await till.enter("4006381333931")  # looks like a barcode, typed it is a number
    assert rows(await sold(till)) == [("check", 2_000), ("change", -1_193)]
    assert (await last(till))["tenders"][0]["reference"] == "4006381333931"


async def test_more_than_a_check_may_be_above_is_refused_before_anything_is_asked(till):
    await basket(till)
    assert (await till.operation(204, "90")).outcome is REFUSED
    assert till.view.question is None
    assert "at most 50.00 more than is due" in till.view.message.text


async def test_a_slip_number_is_asked_before_the_terminals_answer_and_enter_leaves_it_out(till):
    await basket(till)
    await till.enter("3c")
    await till.enter("0042")
    assert till.view.question.guarded
    await till.answer("yes")
    await till.enter("c")
    await till.enter("")
    await till.answer("yes")
    record = await sold(till)
    assert [row.get("reference") for row in record["tenders"]] == ["0042", None]


async def test_206_with_a_letter_is_all_that_is_due_by_that_tender(till):
    await till.scan(MILK)
    await till.operation(206, "c")
    await till.enter("7")
    await till.answer("yes")
    assert rows(await sold(till)) == [("card", 109)]


async def test_change_of_a_check_may_be_a_voucher_with_its_slip_and_both_are_taken_back(till):
    bank = ("check", "Check", "check", 5, {"change": "voucher", "over_limit": 5_000})
    till.world.shop.store_policy = shop_with(*ROWS[:4], bank, ROWS[5])
    await basket(till)
    await till.enter("20k")
    await till.enter("4711")
    record = await sold(till)
    assert rows(record) == [("check", 2_000), ("voucher", -1_193)]
    assert (record["change"], record["tenders"][1]["change_of"]) == (0, 1)
    number = record["tenders"][1]["voucher"]
    assert any(shown_voucher(number) in text for text in till.view.paid.paper)
    await basket(till)
    await till.scan(number)  # the server has not got that far: the own journal knows it
    assert rows(await sold(till)) == [("voucher", 807)]


async def test_esc_leaves_each_question_with_nothing_taken(till):
    await basket(till)
    for letter in ("u", "k", "v", "c"):
        await till.enter(letter)
        assert till.view.question is not None
        await till.back()
        assert (till.view.question, till.view.totals.paid, till.view.mode) == (None, 0, Mode.TENDER)


# -- vouchers


async def buy_voucher(till: Till, amount="20"):
    await till.operation(511, amount)
    await till.operation(206)
    record = await sold(till)
    return record["lines"][0]["voucher"], record


async def test_a_voucher_is_sold_untaxed_with_a_slip_of_its_own(till):
    number, record = await buy_voucher(till)
    (line,) = record["lines"]
    assert (line["amount"], line["tax"], record["taxes"], record["total"]) == (2_000, "", [], 2_000)
    assert parse_voucher(number) == number
    kinds = [job.document_kind for job in await till.journal.jobs_of(record["txn_id"])]
    assert kinds == ["", "receipt", "voucher"]
    assert any(shown_voucher(number) in text for text in till.view.paid.paper)
    assert any("Valid until 2027-11-24" in text for text in till.view.paid.paper)


async def test_a_discount_on_the_sale_leaves_the_voucher_alone(till):
    await till.scan(BREAD)
    await till.operation(511, "20")
    await till.operation(303, "10")
    assert till.view.totals.total == 349 - 35 + 2_000


async def test_a_scanned_voucher_pays_what_is_due_and_the_server_keeps_it_for_this_sale(till):
    till.world.vouchers.balances[OTHERS] = 500
    await basket(till)
    await till.scan(OTHERS)
    assert (till.view.totals.due, len(till.world.vouchers.holds)) == (307, 1)
    assert (await till.scan(OTHERS)).outcome is REFUSED
    assert "pays for this sale already" in till.view.message.text
    await till.enter()
    record = await sold(till)
    assert rows(record) == [("voucher", 500), ("cash", 307)]
    assert "offline" not in record["tenders"][0]


async def test_what_was_held_for_a_sale_that_is_not_sent_yet_is_not_gone_twice(till):
    till.world.vouchers.balances[OTHERS] = 2_000
    for _ in range(2):
        await basket(till)
        await till.scan(OTHERS)
        assert rows(await sold(till)) == [("voucher", 807)]
    await basket(till)
    await till.scan(OTHERS)
    assert till.view.totals.due == 807 - (2_000 - 2 * 807)


async def test_a_voided_voucher_payment_is_let_go_and_so_is_that_of_a_voided_sale(till):
    till.world.vouchers.balances[OTHERS] = 500
    for voids in ((211,), (500,)):
        await basket(till)
        await till.enter("v")
        await till.enter(shown_voucher(OTHERS))
        assert till.view.totals.paid == 500
        for number in voids:
            await till.operation(number)
        if till.view.question is not None:
            await till.answer("yes")
        assert till.world.vouchers.holds == {}
        if till.view.mode is Mode.TENDER:
            await till.operation(206)


@pytest.mark.parametrize(
    ("balance", "issued", "held", "why"),
    [
        (None, "", 0, "No voucher has this number."),
        (0, "2026-11-01", 0, "Nothing is left on this voucher."),
        (500, "2025-11-01", 0, "has run out"),
        (500, "2026-11-01", 500, "Another register takes this voucher"),
    ],
)
async def test_a_voucher_that_does_not_pay_is_refused_with_its_reason(till, balance, issued, held, why):
    vouchers = till.world.vouchers
    vouchers.issued = issued
    if balance is not None:
        vouchers.balances[OTHERS] = balance
    if held:
        vouchers.holds[OTHERS, "somebody"] = held
    await basket(till)
    assert (await till.scan(OTHERS)).outcome is REFUSED
    assert why in till.view.message.text
    assert (till.view.totals.paid, till.view.mode) == (0, Mode.TENDER)
    assert set(vouchers.holds) <= {(OTHERS, "somebody")}


async def test_offline_the_own_voucher_pays_once_and_no_cent_more(till):
    number, _ = await buy_voucher(till)
    go_offline(till)
    await basket(till)
    await till.scan(number)
    assert rows(await sold(till)) == [("voucher", 807)]
    assert (await last(till))["tenders"][0]["offline"] == 1
    for _ in range(4):
        await till.scan(BREAD)
    await till.operation(139)
    await till.scan(number)
    assert till.view.totals.paid == 1_193
    await till.enter()
    await basket(till)
    assert (await till.scan(number)).outcome is REFUSED
    assert "Nothing is left" in till.view.message.text


async def test_online_what_was_taken_offline_and_is_not_sent_counts(till):
    number, _ = await buy_voucher(till)
    go_offline(till)
    await basket(till)
    await till.scan(number)
    till.world.connection.mode = ConnectionMode.ONLINE
    till.world.vouchers.balances[number] = 2_000
    for _ in range(4):
        await till.scan(BREAD)
    await till.operation(139)
    await till.scan(number)
    assert till.view.totals.paid == 2_000 - 807


async def test_offline_a_voucher_of_another_register_is_taken_up_to_the_limit_only(till):
    go_offline(till)
    await basket(till)
    assert (await till.scan(OTHERS)).outcome is REFUSED
    assert "not of this register" in till.view.message.text
    rows_ = [*ROWS[:-1], ("voucher", "Voucher", "voucher", 6, {"offline_limit": 1_000})]
    till.world.shop.store_policy = shop_with(*rows_)
    await till.enter()
    await basket(till)
    await till.scan(OTHERS)
    assert (till.view.question.kind, till.view.entry) == ("voucher_worth", Entry.AMOUNT)
    await till.enter("25")
    assert rows(await sold(till)) == [("voucher", 807)]
    await basket(till)
    await till.scan(OTHERS)
    await till.enter("25")
    assert till.view.totals.paid == 193
    await till.enter()
    await basket(till)
    assert (await till.scan(OTHERS)).outcome is REFUSED
    assert "no more of this voucher" in till.view.message.text


async def test_the_balance_is_told_by_the_server_or_by_the_own_records(till):
    number, _ = await buy_voucher(till)
    till.world.vouchers.balances[OTHERS] = 1_250
    await till.operation(514, OTHERS)
    assert "12.50 left, issued 2026-11-01" in till.view.message.text
    await till.scan(OTHERS)
    assert "12.50 left" in till.view.message.text
    go_offline(till)
    await till.operation(514)
    await till.scan(number)
    assert "20.00 left by this register's own records" in till.view.message.text
    assert (await till.operation(514, OTHERS)).outcome is REFUSED
    assert (await till.operation(514, "4711")).outcome is REFUSED


async def test_a_voucher_of_the_same_sale_pays_for_the_next_one_only(till):
    await till.operation(511, "20")
    await till.operation(139)
    (line,) = till.session._work.state.sale.lines
    assert (await till.scan(line.voucher)).outcome is REFUSED
    assert "next one" in till.view.message.text


async def test_a_voucher_payment_survives_a_kill_and_is_taken_once(till):
    till.world.vouchers.balances[OTHERS] = 500
    await basket(till)
    await till.scan(OTHERS)
    again = await till.restarted()
    assert (again.view.totals.paid, again.view.mode) == (500, Mode.TENDER)
    assert (await again.scan(OTHERS)).outcome is REFUSED
    await again.enter()
    assert rows(await sold(again)) == [("voucher", 500), ("cash", 307)]


# -- counted and reported


async def test_every_tender_is_counted_reported_and_closed_by_its_own(till):
    for text, answers in (("20u", ()), ("20k", ("4711",)), ("c", ("",))):
        await basket(till)
        await till.enter(text)
        for answer in answers:
            await till.enter(answer)
        if till.view.question is not None:
            await till.answer("yes")
    await buy_voucher(till, "15")
    await till.operation(1056)
    x = await last(till)
    by_code = {row.get("type") or row["kind"]: row for row in x["tenders"]}
    assert (by_code["usd"]["amount"], by_code["usd"]["foreign"], by_code["usd"]["currency"]) == (
        1_843,
        2_000,
        "USD",
    )
    assert (x["vouchers_issued"], x["vouchers_issued_total"]) == (1, 1_500)
    assert any("20.00 USD" in text for text in till.view.paper)
    await till.operation(1052)
    for _ in range(15):
        await till.enter("")
    assert till.view.question.title == "US dollars (USD): which sum?"
    for text in ("19", "20", "8.07"):
        await till.enter(text)
    await till.answer("yes")
    declared = await last(till)
    assert [(row["kind"], row["amount"]) for row in declared["tenders"]] == [
        ("cash", 0),
        ("foreign", 1_900),
        ("check", 2_000),
        ("card", 807),
    ]
    assert declared["total"] == 2_807
    await till.operation(1055)
    assert any(
        "US dollars: counted 19.00 USD, expected 20.00 USD, short 1.00 USD." in one
        for one in till.view.question.lines
    )
    await till.answer("yes")
    z = await last(till)
    assert [(row["kind"], row["over_short"]) for row in z["declared"]][1:] == [
        ("foreign", -100),
        ("check", 0),
        ("card", 0),
    ]


async def test_the_same_intent_twice_takes_one_payment(till):
    await basket(till)
    submission = till.submission(IntentKind.ENTER, "5u")
    await till.session.handle([submission])
    (again,) = await till.session.handle([submission])
    assert again.outcome not in (DONE, STALE)
    assert len(till.view.tender.taken) == 1


# -- money back


async def come_back(till: Till, number="1", what="*"):
    """Goods of receipt `number` on the sale, and the payment of what they cost."""
    await till.operation(114)
    await till.enter(number)
    await till.enter(what)
    await till.operation(139)


def ways_back(till):
    return [one.key for one in till.view.tender.choices]


@pytest.mark.parametrize("online", [True, False], ids=["online", "offline"])
async def test_what_a_card_paid_goes_back_to_the_card_only(till, online):
    await basket(till)
    await till.enter("c")
    await till.enter("")
    await till.answer("yes")
    if not online:
        go_offline(till)
    await come_back(till)
    panel = till.view.tender
    assert (panel.back, panel.cash, ways_back(till)) == (True, False, ["c"])
    assert till.view.message.text == "8.07 goes back. Press the letter of a payment."
    assert (await till.enter()).outcome is REFUSED
    assert "not given back here" in till.view.message.text
    await till.enter("c")
    await till.enter("0815")
    assert till.view.question.lines == ("Card 8.07 EUR: given back on the terminal?",)
    await till.answer("no")
    assert till.view.message.text == "Nothing is given back. Choose another way."
    await till.enter("c")
    await till.enter("0815")
    await till.answer("yes")
    record = await sold(till)
    assert (rows(record), record["total"]) == ([("card", -807)], -807)
    assert till.view.message.text == "GIVE BACK 8.07: Card."


async def test_cash_and_notes_go_back_in_cash_as_the_mirror_of_their_rounding(tmp_path):
    async with running(tmp_path) as till:
        till.world.shop.store_policy = shop_with(cash_rounding_step=5)
        await till.ready()
        await basket(till)
        await till.enter("20u")
        assert rows(await sold(till)) == [("usd", 1_843), ("change", -1_035), ("rounding", -1)]
        await come_back(till)
        assert (till.view.tender.exact_cash, till.view.tender.cash, ways_back(till)) == (805, True, [])
        await till.enter("5")
        assert "still to give back" in till.view.message.text
        await till.operation(211)
        assert "Take back 5.00" in till.view.message.text
        await till.enter()
        assert rows(await sold(till)) == [("cash", -805), ("rounding", -2)]


async def test_a_refund_as_a_voucher_issues_one_that_pays(till):
    """A voucher paid, so a voucher comes back: a new one, printed, good at once by the own records."""
    number, _ = await buy_voucher(till)
    go_offline(till)
    await basket(till)
    await till.scan(number)
    await come_back(till, "2")
    assert ways_back(till) == ["v"]
    await till.enter("v")
    record = await sold(till)
    fresh = record["tenders"][0]["voucher"]
    assert rows(record) == [("voucher", -807)]
    assert fresh != number
    assert "voucher" in [job.document_kind for job in await till.journal.jobs_of(record["txn_id"])]
    await basket(till)
    await till.scan(fresh)
    assert rows(await sold(till)) == [("voucher", 807)]


async def test_an_exchange_for_the_same_amount_needs_no_payment_and_for_more_the_difference(till):
    await basket(till)
    await till.enter()
    await till.operation(114)
    await till.enter("1")
    await till.enter("1")  # the milk
    await till.scan(MILK)
    await till.operation(139)
    assert (till.view.totals.due, till.view.message.text) == (
        0,
        "There is nothing to pay. Enter finishes the sale.",
    )
    await till.enter()
    record = await sold(till)
    assert (record["total"], record["tenders"]) == (0, [])
    await till.operation(114)
    await till.enter("1")
    await till.enter("2")  # a bread for two
    for _ in range(2):
        await till.scan(BREAD)
    await till.operation(139)
    await till.enter()
    assert rows(await sold(till)) == [("cash", 349)]


async def test_a_voucher_is_printed_whatever_the_policy_of_receipts_says(till):
    till.world.shop.formats = {"sale": parsed("sale", WrittenFormat(printing=Printing.NEVER.value))}
    _, record = await buy_voucher(till)
    jobs = await till.journal.jobs_of(record["txn_id"])
    assert [job.document_kind for job in jobs] == ["", "voucher"]


# -- training


async def test_practice_touches_no_voucher(till):
    till.world.vouchers.balances[OTHERS] = 500
    await till.operation(701)
    await till.sign_in("201")
    await till.operation(9135)
    if till.view.question is not None:
        await till.answer("yes")
    assert till.session._work.training
    await basket(till)
    await till.scan(OTHERS)
    assert till.world.vouchers.holds == {}
    assert (await last(till))["kind"] == "training.sale"
