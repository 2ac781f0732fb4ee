"""Customers at the till: found, scanned, cleared, added, edited; prices, exemption, accounts, statements; kills."""

import pytest
from msgspec.structs import replace

from customer_fakes import BERG, BLOCKED, CARD, EXEMPT, TRADE, FakeCustomers
from session_fakes import BREAD, DONE, MILK, POLICY, REFUSED, SOLD, UNKNOWN, UNKNOWN_CODE, WATER, World
from store.gateway.customers import AccountFacts
from store.gateway.gateway import ItemFound
from store.register.intents import IntentKind
from store.register.session.query import answer as ask
from store.register.view import Mode
from store.sale.detail import TaxDetail
from store.sale.offer import Offer
from store.sale.policy import TaxRate
from store.sale.tender_type import completed, tender_type

ACCOUNT = tender_type("account", "Account", "account", 9)
EXEMPTION = TaxRate(code="X", name="Exempt", rate="0", detail=TaxDetail(replaces=("*",), exempt=True))


@pytest.fixture
async def world(tmp_path):
    world = World(tmp_path)
    world.customers = FakeCustomers(world.connection)
    world.shop.store_policy = replace(
        POLICY,
        taxes=(*POLICY.taxes, EXEMPTION),
        tenders=completed((*POLICY.tenders, ACCOUNT)),
        account_offline_limit=1_000,
    )
    yield world
    for till in tuple(world.live):
        await till.kill()


@pytest.fixture
async def till(world):
    till = await world.start()
    await till.ready()
    return till


def with_offers(world, *offers):
    """Every item that is found carries these offers."""
    find = world.gateway.find_item

    async def find_item(keys):
        found = await find(keys)
        if isinstance(found, ItemFound):
            found = replace(found, item=replace(found.item, offers=offers))
        return found

    world.gateway.find_item = find_item


async def of_kind(till, kind):
    return [record for record in await till.records() if record["kind"] == kind]


def sale_of(till):
    return till.session._work.state.sale


# -- on the sale


async def test_a_customer_begins_the_sale_and_is_in_its_record(till):
    assert (await till.operation(602, BERG)).outcome is DONE
    assert (till.view.mode, till.view.customer, till.view.count) == (Mode.SALE, "Maria Berg", 0)
    await till.scan(MILK)
    await till.operation(206)
    (sale,) = await of_kind(till, "sale")
    assert sale["customer"] == {"id": BERG, "name": "Maria Berg"}  # the account wants a name
    assert any("Maria Berg" in row for row in till.view.paid.paper)


async def test_a_name_stays_out_of_the_books_where_nobody_needs_it(till, world):
    world.customers.server["C9"] = replace(world.customers.server[BERG], number="C9", detail={})
    await till.operation(602, "C9")
    await till.scan(MILK)
    await till.operation(206)
    (sale,) = await of_kind(till, "sale")
    assert sale["customer"] == {"id": "C9"}


async def test_the_scan_of_a_customer_card_puts_its_customer_on_the_sale(till):
    await till.scan(MILK)
    assert (await till.scan(CARD)).outcome is DONE
    assert (till.view.customer, till.view.count) == ("Maria Berg", 1)
    assert (await till.scan(UNKNOWN)).outcome is UNKNOWN_CODE
    assert till.view.customer == "Maria Berg"


async def test_an_item_is_sold_before_anybody_asks_for_a_card(till, world):
    await till.scan(MILK)
    assert world.customers.asked == []


async def test_a_part_of_a_name_that_several_have_is_a_list_and_a_number_chooses(till):
    await till.operation(602, "mari")
    assert till.view.question.title == "Which customer?"
    assert [choice.label.split("  ")[0] for choice in till.view.question.choices] == [
        "Maria Berg",
        "Marius Trade",
    ]
    assert (await till.enter("7")).outcome is REFUSED
    await till.enter("2", question=till.view.question.id)
    assert (till.view.customer, till.view.question) == ("Marius Trade", None)


async def test_whom_nobody_knows_is_said_and_changes_nothing(till):
    outcome = await till.operation(602, "zzz")
    assert (outcome.outcome, "612 adds" in outcome.why) == (REFUSED, True)
    assert till.view.mode is Mode.IDLE


async def test_a_blocked_customer_is_refused_with_the_reason(till):
    outcome = await till.operation(602, BLOCKED)
    assert outcome.why == "Bo Blocked is blocked: unpaid bills"
    assert till.view.mode is Mode.IDLE


async def test_clearing_an_empty_sale_leaves_no_sale_and_no_record(till):
    await till.operation(602, BERG)
    before = await till.kinds()
    assert (await till.operation(603)).outcome is DONE
    assert (till.view.mode, till.view.customer) == (Mode.IDLE, "")
    assert await till.kinds() == before
    assert (await till.operation(603)).outcome is REFUSED


async def test_customers_are_changed_between_lines_only_and_not_while_paying(till):
    await till.scan(MILK)
    await till.operation(139)
    for number in (602, 603, 612, 623):
        assert (await till.operation(number, BERG)).outcome is REFUSED
    assert till.view.mode is Mode.TENDER


# -- prices


async def test_f52_the_price_from_a_label_or_by_hand_stays_when_a_customer_is_set_and_the_rest_is_priced_anew(
    till, world
):
    with_offers(world, Offer(code="T", name="Trade", percent="10", price_group="TRADE"))
    await till.scan(MILK)  # 1.09
    await till.scan("2800010004825")  # a label: its price or weight is final
    await till.scan(BREAD)
    await till.operation(104, "3.20")  # a price by hand asks for its reason
    await till.enter("1", question=till.view.question.id)
    milk, label, bread = sale_of(till).lines
    await till.operation(602, TRADE)
    after = sale_of(till).lines
    assert after[0].offered == 11
    assert (after[1].amount, after[1].price) == (label.amount, label.price)
    assert (after[2].price, after[2].amount) == (bread.price, bread.amount)
    await till.scan(MILK)
    assert sale_of(till).lines[-1].offered == 11, "a line that comes later is priced for the customer too"
    await till.operation(603)
    assert sale_of(till).lines[0].offered == milk.offered == 0
    assert sale_of(till).lines[-1].offered == 0


async def test_a_price_for_one_customer_is_an_offer_to_their_own_number(till, world):
    with_offers(world, Offer(code="B", name="For Maria", new_price=99, price_group=BERG))
    await till.scan(MILK)
    await till.operation(602, BERG)
    assert till.view.totals.total == 99


async def test_a_certificate_takes_the_tax_out_and_goes_with_the_customer(till):
    await till.scan(WATER)  # 2.34 with 19 %
    await till.operation(602, EXEMPT)
    exempt = till.view.totals
    assert exempt.total == 197
    await till.operation(603)
    assert till.view.totals.total == 234
    await till.operation(602, EXEMPT)
    await till.operation(602, BERG)
    assert till.view.totals.total == 234, "another customer pays tax"
    await till.operation(602, EXEMPT)
    await till.operation(206)
    (sale,) = await of_kind(till, "sale")
    assert sale["certificate"] == "EX-9"


# -- added and edited


async def add(till, name, *rest):
    await till.operation(612)
    for text in (name, *rest):
        outcome = await till.enter(text, question=till.view.question.id)
    return outcome


@pytest.mark.parametrize("online", [True, False], ids=["online", "offline"])
async def test_a_customer_is_added_with_an_own_id_found_at_once_and_kept(till, world, online):
    if not online:
        await world.connection.disconnect()
    await till.scan(MILK)
    await add(till, "Nora New", "0301234567", "", "NK-1")
    (record,) = await of_kind(till, "customer.add")
    own = record["customer"]["id"]
    assert record["customer"] == {"id": own, "name": "Nora New", "phone": "0301234567", "card": "NK-1"}
    assert (till.view.customer, till.view.question) == ("Nora New", None)
    await till.operation(206)
    (sale,) = await of_kind(till, "sale")
    assert sale["customer"] == {"id": own}, "the sale needs nothing remapped"
    for text in ("nora", "1234567", "NK-1", own):
        await till.operation(602, text)
        assert till.view.customer == "Nora New", text
        await till.operation(603)


async def test_the_own_customers_come_back_from_the_journal_after_a_kill(till, world):
    await world.connection.disconnect()
    await add(till, "Nora New", "0301234567", "", "NK-1")
    till = await till.restarted()
    found = await ask(till.session._work, till.view, "customers", "nora")
    assert [row["name"] for row in found["customers"]] == ["Nora New"]


async def test_what_is_typed_about_a_customer_is_checked_and_cleaned(till):
    await till.operation(612)
    assert (await till.enter("", question=till.view.question.id)).outcome is REFUSED
    assert (await till.scan(MILK)).outcome is REFUSED, "a scan is no name"
    await till.enter("Eve\x1b[31m\u202e  Evil ", question=till.view.question.id)
    assert (await till.enter("abc", question=till.view.question.id)).outcome is REFUSED
    await till.enter("", question=till.view.question.id)
    assert (await till.enter("no mail", question=till.view.question.id)).outcome is REFUSED
    await till.enter("eve@example.org", question=till.view.question.id)
    await till.scan("CARD-5")
    (record,) = await of_kind(till, "customer.add")
    assert record["customer"]["name"] == "Eve[31m Evil"
    assert record["customer"]["card"] == "CARD-5"
    assert till.view.mode is Mode.IDLE


async def test_nothing_of_a_new_customer_stays_when_esc_leaves_the_question(till):
    await till.operation(612, "Half Done")
    await till.back()
    assert till.view.question is None
    assert await of_kind(till, "customer.add") == []


async def test_a_new_customer_with_a_known_telephone_number_is_added_and_pointed_out(till, world):
    world.customers.search = _everybody(world)
    await add(till, "Maria B.", "030 123456", "", "")
    assert till.view.message.text == "Maria B. is added. Maria Berg has the same telephone number."


def _everybody(world):
    async def search(text, limit):
        from store.gateway.customers import CustomerHits
        from store.gateway.gateway import Source

        return CustomerHits(
            customers=tuple(world.customers.server.values()), source=Source.ONLINE, complete=True
        )

    return search


async def test_editing_needs_the_server_and_says_so_in_one_sentence(till, world):
    await till.operation(602, BERG)
    await world.connection.disconnect()
    outcome = await till.operation(623)
    assert outcome.why == "Editing a customer needs the server, which is away. Nothing was changed."
    assert (till.view.customer, till.view.question) == ("Maria Berg", None)


async def test_a_field_is_edited_and_the_record_names_it(till):
    await till.operation(602, BERG)
    await till.operation(623)
    await till.enter("2", question=till.view.question.id)
    assert till.view.question.lines[0] == "Now: +49 30 123456"
    await till.enter("030 999", question=till.view.question.id)
    assert till.view.question.title == "Edit customer", "the next field can be chosen"
    await till.enter("1", question=till.view.question.id)
    await till.enter("Maria Berg-Hill", question=till.view.question.id)
    await till.back()
    first, second = await of_kind(till, "customer.edit")
    assert (first["changed"], first["customer"]["phone"]) == (["phone"], "030 999")
    assert (second["changed"], second["customer"]["name"]) == (["name"], "Maria Berg-Hill")
    assert till.view.customer == "Maria Berg-Hill"


async def test_the_server_dying_while_a_field_is_edited_changes_nothing(till, world):
    await till.operation(602, BERG)
    await till.operation(623)
    await till.enter("2", question=till.view.question.id)
    await world.connection.disconnect()
    assert (await till.enter("030 999", question=till.view.question.id)).outcome is REFUSED
    assert await of_kind(till, "customer.edit") == []
    assert till.view.question is None


async def test_details_are_a_panel_that_the_next_scan_closes(till):
    await till.operation(602, BERG)
    await till.operation(9160)
    assert till.view.question.lines == (
        "Number: C1001",
        "Telephone number: +49 30 123456",
        "Customer card: KC-77",
        "Owes: 0.00 of 50.00",
    )
    assert (await till.scan(MILK)).outcome is SOLD
    assert till.view.question is None


# -- accounts


async def test_a_sale_goes_on_account_and_opens_no_drawer(till):
    await till.operation(602, BERG)
    await till.scan(MILK)
    assert (await till.operation(202)).outcome is DONE
    (sale,) = await of_kind(till, "sale")
    assert [(row["kind"], row["amount"]) for row in sale["tenders"]] == [("account", 109)]
    assert {job.kind for job in await till.journal.jobs_of(sale["txn_id"])} == {"receipt"}


async def test_nobody_without_an_account_pays_by_it_and_the_sale_stays(till):
    await till.scan(MILK)
    assert (
        await till.operation(202)
    ).why == "Nobody is on the sale. Put the customer on it first: Esc, then F5."
    assert till.view.mode is Mode.SALE
    await till.operation(602, TRADE)
    assert "has no account" in (await till.operation(202)).why
    assert till.view.mode is Mode.SALE


async def test_the_limit_counts_what_the_server_knows_and_what_waits_here(till, world):
    world.customers.balances[BERG] = 4_850
    await till.operation(602, BERG)
    await till.scan(MILK)
    assert (await till.operation(202)).outcome is DONE  # 48.50 + 1.09
    await till.operation(602, BERG)
    await till.scan(MILK)
    outcome = await till.operation(202)
    assert outcome.why == "Maria Berg may owe 50.00 and owes 49.59: 0.41 can go on account."
    assert (await till.operation(202, "0.41")).outcome is DONE
    assert till.view.totals.due == 68
    await till.operation(206)
    _, sale = await of_kind(till, "sale")
    assert [(row["kind"], row["amount"]) for row in sale["tenders"]] == [("account", 41), ("cash", 68)]


async def test_offline_the_last_known_balance_and_a_small_limit_decide(till, world):
    world.customers.last_known[BERG] = (4_000, 1_000)
    await world.connection.disconnect()
    await till.operation(602, BERG)
    for _ in range(3):
        await till.scan(BREAD)  # 10.47
    assert (await till.operation(202)).why == (
        "Offline 10.00 can go on this account until the server answers again."
    )
    assert (await till.operation(202, "9.50")).outcome is DONE
    await till.operation(206)
    (sale,) = await of_kind(till, "sale")
    assert (sale["tenders"][0]["amount"], sale["tenders"][0]["offline"]) == (950, 1)
    await till.operation(602, BERG)
    await till.scan(MILK)
    assert "Offline 0.50 can go" in (await till.operation(202)).why


async def test_offline_nothing_goes_on_an_account_nobody_knows_of_or_where_the_store_forbids_it(till, world):
    await world.connection.disconnect()
    await till.operation(602, BERG)
    await till.scan(MILK)
    assert "Nothing is known here of the account" in (await till.operation(202)).why
    world.shop.store_policy = replace(world.shop.store_policy, account_offline_limit=0)
    await till.operation(500)
    await till.answer("yes")
    await till.operation(602, BERG)
    await till.scan(MILK)
    assert (await till.operation(202)).why == (
        "An account needs the server, which is away. Choose another way to pay."
    )


async def test_the_last_balance_that_the_server_told_holds_while_it_is_away(till, world):
    world.customers.balances[BERG] = 4_950
    await till.operation(602, BERG)
    await world.connection.disconnect()
    await till.scan(MILK)
    assert "0.50 can go on account" in (await till.operation(202)).why


async def test_money_is_paid_into_an_account_in_cash_and_counts_in_the_drawer(till, world):
    world.customers.balances[BERG] = 2_000
    await till.operation(1100)
    await till.scan(CARD)
    assert till.view.question.lines[0] == "To pay: 20.00."
    assert (await till.enter("x", question=till.view.question.id)).outcome is REFUSED
    await till.enter("15", question=till.view.question.id)
    (record,) = await of_kind(till, "account.payment")
    assert (record["total"], record["balance"], record["customer"]["id"]) == (1_500, 500, BERG)
    assert [(row["kind"], row["amount"]) for row in record["tenders"]] == [("cash", 1_500)]
    assert any("To pay" in row and "5.00" in row for row in till.view.paper)
    await till.operation(1056)
    (report,) = await of_kind(till, "report.x")
    assert (report["account_payments"], report["account_payments_total"], report["cash_in"]) == (
        1,
        1_500,
        1_500,
    )
    assert (report["expected_cash"], report["sales_total"]) == (11_500, 0)
    assert [(row["kind"], row["amount"]) for row in report["tenders"]] == [("cash", 1_500)]


async def test_money_is_paid_in_by_card_after_the_terminal_said_so(till):
    await till.operation(1100, BERG)
    await till.enter("15 c", question=till.view.question.id)
    await till.answer("no")
    assert await of_kind(till, "account.payment") == []
    await till.operation(1100, "berg")
    await till.enter("15 c", question=till.view.question.id)
    await till.answer("yes")
    (record,) = await of_kind(till, "account.payment")
    assert [(row["kind"], row["amount"]) for row in record["tenders"]] == [("card", 1_500)]
    jobs = await till.journal.jobs_of(record["txn_id"])
    assert [job.kind for job in jobs] == ["report"], "no drawer for a card"


async def test_the_same_payment_twice_is_one(till):
    await till.operation(1100, BERG)
    question = till.view.question.id
    submission = till.submission(IntentKind.ENTER, "15", question=question)
    await till.session.handle([submission])
    await till.session.handle([submission])
    assert len(await of_kind(till, "account.payment")) == 1


async def test_a_statement_shows_entries_and_balance_and_offline_their_age(till, world):
    world.customers.balances[BERG] = 500
    await till.operation(9161, BERG)
    assert any("To pay" in row and "5.00" in row for row in till.view.paper)
    await world.connection.disconnect()
    await till.operation(9161, BERG)
    online, offline = await of_kind(till, "account.statement")
    assert (len(online["entries"]), "as_of" in online) == (1, False)
    assert (offline["balance"], "as_of" in offline) == (500, True)
    assert (await till.operation(9161, TRADE)).outcome is REFUSED


async def test_in_training_no_account_is_touched(till):
    work = till.session._work
    await till.operation(602, BERG)
    await till.scan(MILK)
    work.put(training=True)
    assert (await till.operation(603)).outcome is DONE
    assert (await till.operation(602, BERG)).outcome is DONE
    for number in (202, 612, 623):
        assert "training" in (await till.operation(number, BERG)).why.lower()


async def test_the_shift_closes_with_payments_into_accounts(till, world):
    await till.operation(1100, BERG)
    await till.enter("15", question=till.view.question.id)
    await till.operation(602, BERG)
    await till.scan(MILK)
    await till.operation(202)
    await till.operation(1055)
    await till.enter("115")
    while till.view.question is not None:
        await till.answer("yes")
    (closing,) = await of_kind(till, "shift.close")
    assert (closing["over_short"], closing["sales_total"], closing["account_payments_total"]) == (
        0,
        109,
        1_500,
    )
    assert {row["kind"]: row["amount"] for row in closing["tenders"]} == {"account": 109, "cash": 1_500}


# -- with everything else


async def test_a_suspended_sale_keeps_its_customer(till, world):
    with_offers(world, Offer(code="T", name="Trade", percent="10", price_group="TRADE"))
    await till.operation(602, TRADE)
    await till.scan(MILK)
    await till.operation(503)
    assert (till.view.mode is Mode.SALE, till.view.customer) == (False, "")
    await till.operation(504)
    if till.view.question is not None:
        await till.enter("1", question=till.view.question.id)
    assert (till.view.customer, till.view.totals.total) == ("Marius Trade", 98)
    await till.operation(603)
    assert till.view.totals.total == 109


@pytest.mark.parametrize("step", range(5))
async def test_a_kill_at_any_step_of_adding_leaves_the_question_or_the_customer_and_never_two(world, step):
    till = await world.start()
    await till.ready()
    await till.operation(602, TRADE)
    await till.scan(MILK)
    texts = ["Nora New", "0301234567", "", "NK-1"]
    await till.operation(612)
    for text in texts[:step]:
        await till.enter(text, question=till.view.question.id)
    till = await till.restarted()
    if till.view.mode is Mode.LOCKED:
        await till.sign_in()
    assert till.view.customer == ("Nora New" if step == 4 else "Marius Trade")
    for text in texts[step:]:
        await till.enter(text, question=till.view.question.id)
    assert len(await of_kind(till, "customer.add")) == 1
    assert till.view.customer == "Nora New"


async def test_the_same_intent_twice_adds_one_customer_and_sells_on_account_once(till):
    await till.operation(602, BERG)
    await till.scan(MILK)
    submission = till.submission(IntentKind.OPERATION, "", operation=202)
    await till.session.handle([submission])
    await till.session.handle([submission])
    assert len(await of_kind(till, "sale")) == 1
    await till.operation(612, "Nora")
    for _ in range(2):
        await till.enter("", question=till.view.question.id)
    last = till.submission(IntentKind.ENTER, "", question=till.view.question.id)
    await till.session.handle([last])
    await till.session.handle([last])
    assert len(await of_kind(till, "customer.add")) == 1


async def test_what_the_server_has_booked_is_not_counted_twice(till, world):
    find = world.customers.find
    await till.operation(602, BERG)
    await till.scan(MILK)
    await till.operation(202)
    sale = (await of_kind(till, "sale"))[0]

    async def find_booked(code):
        answer = await find(code)
        return replace(answer, account=replace(answer.account, balance=109, booked_seq=sale["seq"]))

    world.customers.find = find_booked  # stored and booked there, but its acknowledgement was lost
    await till.operation(9160, BERG)
    assert till.view.question.lines[-1] == "Owes: 1.09 of 50.00"


@pytest.mark.parametrize("number", [202, 602, 603, 612, 623, 1100, 9160, 9161])
async def test_a_technician_touches_no_customer(world, number):
    till = await world.start()
    await till.ready()
    await till.operation(701)
    await till.sign_in("301")
    outcome = await till.operation(number, BERG)
    assert outcome.outcome is REFUSED
    found = await ask(till.session._work, till.view, "customers", "mari")
    assert found["customers"] == []


async def test_a_sale_on_account_that_is_undone_takes_the_debt_back(world):
    till = await world.start()
    await till.ready("201")
    await till.operation(602, BERG)
    await till.scan(MILK)
    await till.operation(202)
    work = till.session._work
    await work.own.read(work.ports.journal)
    assert work.own.waiting(BERG, AccountFacts(final=True)) == 109
    await till.operation(9140, "1")
    for _ in range(3):
        if till.view.question is None:
            break
        await till.answer("yes") if till.view.question.guarded else await till.enter(
            "1", question=till.view.question.id
        )
    assert len(await of_kind(till, "sale")) == 2
    await work.own.read(work.ports.journal)
    assert work.own.waiting(BERG, AccountFacts(final=True)) == 0


async def test_what_was_on_account_goes_back_to_that_account_and_no_other(world):
    till = await world.start()
    await till.ready("201")
    await till.operation(602, BERG)
    await till.scan(MILK)
    await till.operation(202)
    number = till.view.paid.receipt_no
    await till.operation(114, number)
    await till.enter("*")
    assert till.view.totals.total == -109
    outcome = await till.operation(202)
    assert outcome.why == "Its customer has to be on the sale for that: Esc, then F5."
    await till.operation(602, TRADE)
    assert (await till.operation(202)).outcome is REFUSED
    await till.operation(602, BERG)
    assert (await till.operation(202)).outcome is DONE
    _, back = await of_kind(till, "sale")
    assert [(row["kind"], row["amount"]) for row in back["tenders"]] == [("account", -109)]
    assert back["customer"]["id"] == BERG
