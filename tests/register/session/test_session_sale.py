"""Selling: codes, quantities, labels, unknown goods, lines, price checks, questions."""

import asyncio

import pytest
from msgspec.structs import replace

from session_fakes import (
    BAD_DIGIT,
    BANANAS_LABEL,
    BREAD,
    DONE,
    FLOWERS,
    LEAFLET,
    MILK,
    POLICY,
    REFUSED,
    SOLD,
    STALE,
    UNKNOWN,
    UNKNOWN_CODE,
    WATER,
    running,
)
from store.database.errors import DatabaseDamaged
from store.gateway.states import Mode as Answers
from store.register.intents import IntentKind
from store.register.view import Entry, Mode


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        yield await running_till.ready()


def lines(till):
    return [(line.name, line.quantity, line.amount) for line in till.view.lines]


async def test_a_scan_becomes_a_line_and_the_message_names_it(till):
    assert (await till.scan(MILK)).outcome is SOLD
    assert till.view.mode is Mode.SALE
    assert lines(till) == [("Whole milk 1 l", "1", 109)]
    assert till.view.message.text == "Whole milk 1 l   1.09"
    assert till.view.totals.total == 109
    assert till.view.selected == 1


@pytest.mark.parametrize("code", [BREAD, "42", "1002", "0" + BREAD])
async def test_barcode_gtin_plu_and_item_number_sell_the_same(till, code):
    assert (await till.enter(code)).outcome is SOLD
    assert lines(till) == [("Rye bread 750 g", "1", 349)]


async def test_n_times_code_sells_n_and_n_times_alone_changes_the_selected_line(till):
    await till.enter(f"3*{MILK}")
    assert lines(till) == [("Whole milk 1 l", "3", 327)]
    await till.enter("5*")
    assert lines(till) == [("Whole milk 1 l", "5", 545)]


@pytest.mark.parametrize(
    "text", ["*4006381333931", "x*4006381333931", "0*4006381333931", "1.5*4006381333931"]
)
async def test_a_wrong_quantity_is_refused_and_nothing_is_sold(till, text):
    assert (await till.enter(text)).outcome is REFUSED
    assert till.view.mode is Mode.IDLE
    assert till.view.refused


async def test_two_scans_in_one_read_are_two_lines_one_draft_and_one_view(till):
    drafts, seq = till.journal.drafts, till.view.seq
    batch = [till.submission(IntentKind.SCAN, code, "scanner:scanner0") for code in (MILK, BREAD)]
    outcomes = await till.session.handle(batch)
    assert [outcome.outcome for outcome in outcomes] == [SOLD, SOLD]
    assert [name for name, _, _ in lines(till)] == ["Whole milk 1 l", "Rye bread 750 g"]
    assert till.journal.drafts == drafts + 1
    assert till.view.seq == seq + 1


async def test_a_weight_label_sells_its_weight(till):
    assert (await till.scan(BANANAS_LABEL)).outcome is SOLD
    (line,) = till.view.lines
    assert (line.name, line.quantity, line.unit, line.amount) == ("Bananas", "0.482", "kg", 96)
    assert (await till.enter(f"2*{BANANAS_LABEL}")).outcome is REFUSED


async def test_weighed_goods_without_a_label_ask_their_weight(till):
    await till.enter("1")
    assert (till.view.question.kind, till.view.entry) == ("weight", Entry.QUANTITY)
    assert till.view.question.lines == ("Bananas", "Type the weight in kg and Enter.")
    for text in ("x", "0", "-1", "1.2345"):
        assert (await till.enter(text)).outcome is REFUSED
        assert till.view.question.kind == "weight"
    assert (await till.enter("0,482")).outcome is SOLD
    assert lines(till) == [("Bananas", "0.482", 96)]
    await till.enter("1.5*1")
    assert lines(till)[-1] == ("Bananas", "1.5", 299)


async def test_a_server_that_dies_at_the_first_line_is_named_too(till):
    till.world.gateway.dies = True
    await till.scan(MILK)
    assert till.view.message.text.startswith("Server not answering")
    await till.operation(206)
    record = (await till.records())[-1]
    assert (record["begun_mode"], record["mode"], "failover_at" in record) == ("online", "offline", True)


async def test_a_mode_that_changes_between_two_scans_is_shown_at_once_and_remembered(till):
    changes = []
    till.session.on_change = lambda: changes.append(till.view)
    await till.scan(MILK)
    till.world.connection.mode = Answers.OFFLINE_AUTO
    till.session.connection_changed()
    assert changes[-1].header.connection == "OFFLINE auto"
    assert changes[-1].message.text.startswith("Server not answering")
    await till.operation(206)
    assert "failover_at" in (await till.records())[-1]


async def test_a_late_price_of_the_server_is_journaled_with_the_next_sale_once(till):
    await till.scan(MILK)
    till.session.price_differs("1001", 109, 119)
    await till.operation(206)
    await till.scan(BREAD)
    await till.operation(206)
    first, second = [record for record in await till.records() if record["kind"] == "sale"]
    assert first["price_differences"] == [{"sku": "1001", "sold_at": 109, "server_price": 119}]
    assert "price_differences" not in second


async def test_a_damaged_catalog_in_mid_sale_is_a_sentence_and_departments_go_on(till):
    await till.scan(MILK)

    async def damaged(keys):
        raise DatabaseDamaged("The database answered: malformed.")

    till.world.gateway.find_item = damaged
    for refused in (till.scan(BREAD), till.operation(101, BREAD)):
        assert (await refused).outcome is REFUSED
        assert "catalog cannot be read" in till.view.message.text
    await till.operation(9101)
    await till.enter("1")
    assert (await till.enter("1")).outcome is SOLD


async def test_a_label_whose_inner_check_digit_is_wrong_is_refused(till):
    rule = replace(POLICY.label_rules[0], verify_check=True)
    till.world.shop.store_policy = replace(POLICY, label_rules=(rule,))
    assert (await till.scan(BANANAS_LABEL)).outcome is REFUSED
    assert "misread" in till.view.message.text


async def test_lines_that_cannot_be_changed_say_why(till):
    await till.scan(BANANAS_LABEL)
    assert (await till.operation(105, "0")).outcome is REFUSED
    await till.operation(102)
    for number in (102, 105):
        assert (await till.operation(number)).outcome is REFUSED
        assert till.view.message.text.endswith("Choose one with the arrow keys.")
    assert (await till.operation(139)).outcome is REFUSED
    assert "nothing to pay" in till.view.message.text


async def test_a_price_beyond_reason_is_asked_again(till):
    await till.enter(FLOWERS)
    assert (await till.enter("99999999")).outcome is REFUSED
    assert till.view.question.kind == "price"
    await till.enter("5")
    assert till.view.count == 1


async def test_an_amount_beyond_reason_by_department_is_asked_again(till):
    await till.operation(9101)
    await till.enter("1")
    assert (await till.enter("99999999")).outcome is REFUSED
    assert till.view.question.kind == "price"


async def test_a_store_without_departments_says_so(till):
    till.world.shop.departments = tuple
    assert (await till.operation(9101)).outcome is REFUSED
    assert "no departments" in till.view.message.text


async def test_what_takes_long_never_holds_up_the_till(till):
    gate, changes = asyncio.Event(), []

    async def restart():
        await gate.wait()
        return "The server runs again."

    till.session.on_change = lambda: changes.append(till.view.message.text)
    till.world.demo[9802] = restart
    await till.operation(9802)
    assert (await till.scan(MILK)).outcome is SOLD
    gate.set()
    await asyncio.sleep(0.01)
    assert changes == ["The server runs again."]


async def test_an_unknown_code_is_no_dialog_the_queue_goes_on(till):
    assert (await till.scan(UNKNOWN)).outcome is UNKNOWN_CODE
    assert till.view.message.sound
    assert till.view.question is None
    assert (till.view.refused[0].text, "Ins" in till.view.refused[0].why) == (UNKNOWN, True)
    assert (await till.scan(MILK)).outcome is SOLD
    assert till.view.refused[0].text == UNKNOWN


async def test_offline_an_unknown_code_says_so(till):
    till.world.connection.mode = Answers.OFFLINE_AUTO
    await till.scan(UNKNOWN)
    assert "not on file offline" in till.view.message.text


async def test_a_wrong_check_digit_names_the_digit_that_would_fit(till):
    assert (await till.scan(BAD_DIGIT)).outcome is REFUSED
    assert "1 would fit" in till.view.message.text
    assert till.view.refused[0].text == BAD_DIGIT


async def test_an_unknown_code_is_sold_by_department_with_a_typed_price(till):
    await till.scan(UNKNOWN)
    await till.operation(9101)
    assert till.view.question.kind == "department"
    assert [choice.label for choice in till.view.question.choices] == ["Grocery", "Household"]
    await till.enter("2")
    assert (till.view.question.kind, till.view.entry) == ("price", Entry.AMOUNT)
    assert (await till.enter("2,49")).outcome is SOLD
    assert lines(till) == [("Household", "1", 249)]
    assert till.view.refused == ()
    await till.operation(139)
    await till.enter()
    (sale,) = [record for record in await till.records() if record["kind"] == "sale"]
    assert (sale["lines"][0]["code"], sale["lines"][0]["price_source"]) == (UNKNOWN, "department")


@pytest.mark.parametrize("text", ["0", "3", "x", "99999"])
async def test_a_department_outside_the_list_is_asked_again(till, text):
    await till.operation(9101)
    assert (await till.enter(text)).outcome is REFUSED
    assert till.view.question.kind == "department"


async def test_an_open_price_item_asks_its_price_and_keeps_the_quantity(till):
    await till.enter(f"3*{FLOWERS}")
    assert till.view.question.kind == "price"
    assert till.view.mode is Mode.IDLE
    assert (await till.enter("rose")).outcome is REFUSED
    assert (await till.enter("2.50")).outcome is SOLD
    assert lines(till) == [("Flowers", "3", 750)]


async def test_a_price_of_zero_is_asked_and_only_a_key_answers(till):
    await till.enter(LEAFLET)
    assert till.view.question.guarded
    await till.answer("no")
    assert till.view.mode is Mode.IDLE
    await till.enter(LEAFLET)
    assert (await till.answer("yes")).outcome is SOLD
    assert lines(till) == [("Leaflet", "1", 0)]


async def test_a_blocked_item_is_refused_with_its_reason(till):
    assert (await till.enter("7003")).outcome is REFUSED
    assert "recalled" in till.view.message.text


async def test_a_scan_during_a_question_is_refused_shown_and_kept(till):
    await till.scan(MILK)
    await till.operation(105)
    for send in (till.scan, till.enter):
        assert (await send(BREAD)).outcome is REFUSED
        assert till.view.question.kind == "quantity"
        assert till.view.refused[-1].text == BREAD
    await till.enter("4")
    assert lines(till) == [("Whole milk 1 l", "4", 436)]


async def test_a_number_typed_before_the_question_was_open_never_answers_it(till):
    first = till.submission(IntentKind.ENTER, FLOWERS)
    second = till.submission(IntentKind.ENTER, "4711")
    await till.session.handle([first, second])
    assert till.view.question.kind == "price"
    assert till.view.refused[-1].text == "4711"
    assert (await till.enter("4711", question="q99")).outcome is REFUSED


async def test_text_for_a_question_that_is_closed_is_no_code(till):
    await till.enter(FLOWERS)
    question = till.view.question.id
    await till.back()
    assert (await till.enter("42", question=question)).outcome is STALE
    assert till.view.mode is Mode.IDLE


async def test_void_line_marks_it_and_selects_the_nearest(till):
    for code in (MILK, BREAD, WATER):
        await till.scan(code)
    await till.send(IntentKind.SELECT, "up")
    assert till.view.selected == 2
    assert (await till.operation(102, seq=till.view.seq)).outcome is DONE
    assert [line.voided for line in till.view.lines] == [False, True, False]
    assert till.view.selected == 1
    assert till.view.totals.total == 109 + 234
    assert "Voided: Rye bread" in till.view.message.text


async def test_void_line_pressed_before_the_new_line_was_seen_is_refused(till):
    await till.scan(MILK)
    seen = till.view.seq
    batch = [till.submission(IntentKind.SCAN, BREAD, "scanner:scanner0")]
    batch.append(till.submission(IntentKind.OPERATION, operation=102, seq=seen))
    outcomes = await till.session.handle(batch)
    assert outcomes[1].outcome is STALE
    assert not any(line.voided for line in till.view.lines)
    assert till.view.message.sound
    assert (await till.operation(102, seq=till.view.seq)).outcome is DONE
    assert [line.voided for line in till.view.lines] == [False, True]


async def test_a_bouncing_delete_key_voids_one_line(till):
    await till.scan(MILK)
    await till.scan(BREAD)
    seen = till.view.seq
    await till.operation(102, seq=seen)
    assert (await till.operation(102, seq=seen)).outcome is STALE
    assert [line.voided for line in till.view.lines] == [False, True]


@pytest.mark.parametrize(
    ("moves", "selected"),
    [(["up"], 2), (["first"], 1), (["first", "up"], 1), (["down"], 3), (["2"], 2), (["page_up", "last"], 3)],
)
async def test_arrow_keys_select_lines(till, moves, selected):
    for code in (MILK, BREAD, WATER):
        await till.scan(code)
    for move in moves:
        await till.send(IntentKind.SELECT, move)
    assert till.view.selected == selected


async def test_price_check_shows_the_price_and_begins_no_transaction(till):
    flips = till.world.shop.flips
    await till.operation(101, BREAD)
    assert till.view.message.text == "Price check: Rye bread 750 g, 3.49 per pcs."
    await till.operation(101)
    assert till.view.question.kind == "price_check"
    assert (await till.scan(MILK)).outcome is DONE
    assert "1.09" in till.view.message.text
    assert till.view.mode is Mode.IDLE
    assert till.view.question is None
    assert till.world.connection.starts == 0
    assert till.world.shop.flips == flips


async def test_a_transaction_begins_once_per_sale_with_the_catalog_of_that_moment(till):
    flips = till.world.shop.flips
    for code in (MILK, BREAD):
        await till.scan(code)
    assert (till.world.connection.starts, till.world.shop.flips) == (1, flips + 1)


async def test_the_server_dies_in_mid_sale_and_the_sale_remembers_when(till):
    await till.scan(MILK)
    till.world.gateway.dies = True
    till.world.clock.move(5)
    await till.scan(BREAD)
    assert till.view.message.text == "Server not answering since 14:03. Selling goes on."
    assert till.view.header.connection == "OFFLINE auto"
    assert [line.source for line in till.view.lines] == ["online", "offline"]
    await till.operation(139)
    await till.enter()
    (sale,) = [record for record in await till.records() if record["kind"] == "sale"]
    assert sale["failover_at"] == "2026-11-24T13:03:17.000Z"
    assert sale["mode"] == "offline"
    assert sale["begun_mode"] == "online"
    assert sale["catalog"] == "c000001"
    assert [line["source"] for line in sale["lines"]] == ["online", "offline"]


async def test_rubbish_from_the_scanner_is_refused_in_one_sentence(till):
    assert (await till.scan("\x1b[2J" + "A" * 10_000)).outcome is REFUSED
    assert "10004 characters" in till.view.message.text
    assert len(till.view.refused[0].text) <= 64
    assert "\x1b" not in till.view.refused[0].text


async def test_a_reading_that_the_scanner_itself_refused_is_shown_and_never_looked_up(till):
    lookups = till.world.gateway.lookups
    await till.send(IntentKind.SCAN, MILK, client="scanner:scanner0", question="The frame was cut off.")
    assert "cut off" in till.view.message.text
    assert till.world.gateway.lookups == lookups


async def test_escape_sequences_and_bidi_in_a_name_never_reach_the_screen(till):
    await till.scan(WATER)
    assert till.view.lines[0].name == "Evil[2Jname"
    assert "\x1b" not in till.view.message.text


async def test_no_more_than_five_refused_scans_are_kept_and_escape_clears_them(till):
    for _ in range(7):
        await till.scan(UNKNOWN)
    assert len(till.view.refused) == 5
    await till.back()
    assert till.view.refused == ()


async def test_void_sale_is_guarded_and_leaves_a_record_without_receipt_number(till):
    await till.scan(MILK)
    await till.operation(500)
    assert till.view.question.guarded
    assert (await till.enter("yes")).outcome is REFUSED
    await till.answer("no")
    assert till.view.mode is Mode.SALE
    await till.operation(500)
    await till.answer("yes")
    assert till.view.mode is Mode.IDLE
    record = (await till.records())[-1]
    assert record["kind"] == "void"
    assert "receipt_no" not in record
    assert [line["name"] for line in record["lines"]] == ["Whole milk 1 l"]


async def test_an_answer_to_a_question_that_is_gone_is_stale(till):
    await till.scan(MILK)
    await till.operation(500)
    question = till.view.question.id
    await till.back()
    assert (await till.send(IntentKind.ANSWER, "yes", question=question)).outcome is STALE
    assert till.view.mode is Mode.SALE


async def test_slash_and_number_typed_run_an_operation(till):
    await till.scan(MILK)
    await till.enter("/139")
    assert till.view.mode is Mode.TENDER
    assert (await till.enter("/4711")).outcome is REFUSED
    assert "no operation 4711" in till.view.message.text


async def test_quantity_key_with_text_sets_it_and_a_code_is_never_a_quantity(till):
    await till.scan(MILK)
    await till.operation(105, "7")
    assert lines(till) == [("Whole milk 1 l", "7", 763)]
    assert (await till.operation(105, BREAD)).outcome is REFUSED


async def test_a_catalog_that_cannot_be_used_is_named_and_nothing_is_sold_by_it(till):
    till.world.shop.trouble = "There is no catalog yet."
    assert (await till.scan(MILK)).outcome is REFUSED
    assert "There is no catalog yet." in till.view.message.text
