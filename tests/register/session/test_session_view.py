"""The view: a window of lines, totals, header, what is offered; one number for one state."""

import pytest

from session_fakes import BREAD, MILK, UNKNOWN, running
from store.register.intents import IntentKind
from store.register.view import Mode


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        yield await running_till.ready()


async def test_a_long_sale_is_shown_through_a_window_with_the_selected_line_in_it(till):
    for n in range(1, 101):
        await till.enter(MILK)
        assert till.view.count == n
        numbers = [line.n for line in till.view.lines]
        assert len(numbers) <= 40
        assert numbers[-1] == n
        assert numbers == list(range(till.view.first + 1, n + 1))
    for where in ("first", *["page_down"] * 9, "50", "up", "last", *["page_up"] * 9):
        await till.send(IntentKind.SELECT, where)
        assert till.view.selected in [line.n for line in till.view.lines]


async def test_the_window_stands_still_while_the_selection_moves_inside_its_half(till):
    batch = [till.submission(IntentKind.ENTER, MILK) for _ in range(80)]
    for start in range(0, 80, 16):
        await till.session.handle(batch[start : start + 16])
    starts = []
    for _ in range(79):
        await till.send(IntentKind.SELECT, "up")
        starts.append(till.view.first)
    assert len(set(starts)) <= 4


async def test_views_count_up_and_an_unchanged_till_makes_no_new_one(till):
    seq = till.view.seq
    await till.session.refresh()
    assert till.view.seq == seq
    await till.enter(MILK)
    assert till.view.seq == seq + 1


async def test_f59_the_total_is_the_amount_to_pay_everywhere(till):
    for code in (MILK, BREAD, BREAD):
        await till.enter(code)
    await till.operation(102)
    assert till.view.totals.total == sum(line.amount for line in till.view.lines if not line.voided) == 458
    await till.operation(139)
    assert till.view.tender.exact_cash == till.view.totals.due == 458
    await till.enter("10")
    assert till.view.paid.total == 458
    (sale,) = [record for record in await till.records() if record["kind"] == "sale"]
    assert (
        sale["total"]
        == sum(row["gross"] for row in sale["lines"])
        == sum(row["amount"] for row in sale["tenders"])
    )


async def test_the_header_says_who_where_and_how_it_is_connected(till):
    header = till.view.header
    assert (header.register, header.store, header.operator, header.role) == (
        "S0001-R01",
        "First store",
        "Ann Baker",
        "cashier",
    )
    assert (header.shift, header.connection, header.up, header.down) == (1, "ONLINE", 1, 0)


async def test_the_sign_in_screen_tells_how_the_register_stands(tmp_path):
    async with running(tmp_path) as till:
        assert till.view.sign_on.facts == "Catalog of today 06:00, 6 items."
        assert till.view.header.operator == ""
        assert (till.view.mode, till.view.operations) == (Mode.LOCKED, (700, 917, 9110, 9120, 9900, 9901))


async def test_a_message_stays_until_the_next_key_and_rings_once(till):
    await till.scan(UNKNOWN)
    first = till.view.message
    assert (first.sound, first.text) == (True, f"{UNKNOWN} is not on file. Ins sells it by department.")
    await till.session.refresh()
    assert till.view.message == first
    await till.send(IntentKind.SELECT, "up")
    assert till.view.message.text == ""
    await till.scan(UNKNOWN)
    assert till.view.message.number > first.number


async def test_an_alarm_is_not_covered_by_a_remark_of_the_same_batch(till):
    batch = [till.submission(IntentKind.SCAN, code, "scanner:scanner0") for code in (UNKNOWN, MILK)]
    await till.session.handle(batch)
    assert till.view.count == 1
    assert "not on file" in till.view.message.text


async def test_questions_name_their_answers_in_words_only(till):
    await till.enter(MILK)
    for number in (500, 201):
        await till.operation(number)
        question = till.view.question
        assert question.guarded
        assert not question.yes.startswith("F")
        assert not question.no.startswith("F")
        await till.answer("no")


async def test_ending_the_register_is_asked_of_the_runtime_after_the_sale_is_stored(till):
    await till.enter(MILK)
    await till.operation(9900)
    assert till.world.stopped == 1
    assert (await till.journal.load_draft()).clients["s1"] == till.n["s1"]


async def test_nothing_about_the_screen_is_decided_by_another_client(till):
    await till.send(IntentKind.ENTER, MILK, client="other")
    assert till.session.last_n("other") == 1
    assert till.session.last_n("nobody") == 0
