"""Training, salespersons, badges, the safe, whose shift it is, and a shift that is left open over midnight."""

import msgspec
import pytest
from msgspec.structs import replace

from session_fakes import BREAD, DONE, MILK, POLICY, REFUSED, SOLD, running
from store.gateway.states import Mode as Answers
from store.register.intents import IntentKind
from store.register.session.badge import badge_hash
from store.register.view import Entry, Mode, Tone
from store.sale.people_policy import PeoplePolicy

DAY_S = 86_400
BADGE = "2912345678906"


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        yield await running_till.ready()


@pytest.fixture
async def manager(tmp_path):
    async with running(tmp_path) as running_till:
        yield await running_till.ready("201")


async def answer(till, word="yes"):
    return await till.send(IntentKind.ANSWER, word, question=till.view.question.id)


def policy_of(till, **people):
    till.world.shop.store_policy = replace(POLICY, people=PeoplePolicy(**people))


async def close(till, counted="100"):
    await till.operation(1055)
    await till.enter(counted)
    await answer(till)
    return (await till.records())[-1]


# -- training


@pytest.mark.parametrize("answers", [Answers.ONLINE, Answers.OFFLINE_AUTO])
async def test_what_is_sold_in_training_is_marked_and_counts_nowhere(manager, answers):
    manager.world.connection.mode = answers
    await manager.operation(9135)
    await answer(manager)
    assert manager.view.header.training
    await manager.scan(BREAD)
    await manager.operation(301, "50")
    await manager.operation(206)
    assert manager.view.mode is Mode.PAID
    assert any("TRAINING" in line for line in manager.view.paper)
    practice = (await manager.records())[-1]
    assert (practice["kind"], practice["training"], "receipt_no" in practice) == ("training.sale", 1, False)
    jobs = [job.kind for job in await manager.real_journal.newest_jobs(20)]
    assert "drawer" not in jobs
    await manager.scan(MILK)
    await manager.operation(500)
    await answer(manager)
    assert (await manager.records())[-1]["kind"] == "training.void"
    await manager.operation(9135)
    await answer(manager)
    assert not manager.view.header.training
    await manager.scan(MILK)
    await manager.operation(206)
    real = (await manager.records())[-1]
    assert (real["kind"], real["receipt_no"]) == ("sale", 1), "no number was burnt"
    closed = await close(manager, "101.09")
    assert (closed["sales"], closed["sales_total"], closed["expected_cash"]) == (1, 109, 10109)
    assert (closed["training_sales"], closed["training_total"], closed["voids"]) == (1, 174, 0)
    assert closed["grand_total"] == 109


async def test_in_training_nothing_runs_that_reaches_out_of_it(manager):
    await manager.operation(9135)
    await answer(manager)
    for number in (1000, 1055, 1201, 517, 1056, 115, 504, 1220):
        assert (await manager.operation(number)).outcome is REFUSED, number
        assert manager.view.message.text.endswith("not in training. /9135 leaves training first.")
    await manager.scan(MILK)
    assert (await manager.operation(503)).outcome is REFUSED
    again = await manager.restarted()
    assert again.view.header.training, "a restart is no way out"


async def test_a_cashier_begins_training_with_a_manager_only(till):
    assert (await till.operation(9135)).outcome is REFUSED
    await till.enter("201")
    await till.enter("201201")
    await answer(till)
    assert (await till.records())[-1]["allowed_by"] == "201"
    assert till.view.header.training


async def test_who_looks_twice_stays_out_of_training(manager):
    await manager.operation(9135)
    await answer(manager, "no")
    assert not manager.view.header.training


# -- salesperson


async def test_salespersons_stand_on_sale_lines_receipt_and_record(till):
    await till.scan(MILK)
    await till.scan(BREAD)
    await till.operation(502)
    assert till.view.entry is Entry.OPERATOR
    assert (await till.enter("999")).outcome is REFUSED
    await till.enter("102")
    assert till.view.message.text == "Sold by Bob Cook."
    await till.operation(9136, "301")
    await till.operation(206)
    sale = (await till.records())[-1]
    assert (sale["salesperson"], sale["salesperson_name"]) == ("102", "Bob Cook")
    assert [line.get("salesperson") for line in sale["lines"]] == [None, "301"]
    assert any("Served by" in line and "Bob Cook" in line for line in till.view.paper)


async def test_no_salesperson_is_none_on_any_line(till):
    await till.scan(MILK)
    assert (await till.operation(121)).why == "No salesperson is on this sale."
    await till.operation(502, "102")
    await till.operation(9136, "301")
    assert (await till.operation(121)).outcome is DONE
    await till.operation(206)
    sale = (await till.records())[-1]
    assert "salesperson" not in sale
    assert "salesperson" not in sale["lines"][0]


# -- badges


async def with_badge(till, number="101"):
    await till.operation(919)
    await till.enter(number)
    await till.scan(BADGE)
    return (await till.records())[-1]


async def test_a_badge_names_its_person_and_the_pin_is_asked_for(manager):
    record = await with_badge(manager)
    assert record["badge"] == badge_hash(manager.world.pepper, BADGE)
    assert BADGE.encode() not in manager.world.path.read_bytes(), "the badge itself is kept nowhere"
    await manager.operation(701)
    await manager.scan(BADGE)
    assert (manager.view.entry, manager.view.sign_on.operator) == (Entry.PIN, "101")
    await manager.enter("101101")
    assert manager.view.header.operator == "Ann Baker"


async def test_by_the_stores_policy_a_badge_alone_signs_in(manager):
    policy_of(manager, badge="alone")
    await with_badge(manager)
    again = await manager.restarted()
    await again.operation(701)
    assert (await again.scan(BADGE)).outcome is DONE
    assert again.view.header.operator == "Ann Baker"
    signed = [record for record in await again.records() if record["kind"] == "sign.on"][-1]
    assert signed["by"] == "badge"


async def test_a_badge_known_to_the_server_signs_in_at_every_register_and_allows_an_operation(till):
    policy_of(till, badge="alone")
    till.world.staff.badges[badge_hash(till.world.pepper, BADGE)] = "201"
    await till.operation(9135)
    await till.scan(BADGE)
    override = next(record for record in await till.records() if record["kind"] == "override")
    assert (override["allowed_by"], override["badge"]) == ("201", 1)


async def test_a_scan_that_is_no_badge_is_refused_as_before_and_nobody_takes_the_badge_of_another(manager):
    await with_badge(manager)
    await manager.operation(919)
    await manager.enter("102")
    assert (await manager.scan(BADGE)).why == "That is the badge of Ann Baker. Take another one."
    await manager.back()
    await manager.operation(701)
    assert (await manager.scan(MILK)).outcome is REFUSED
    assert "Sign in first" in manager.view.message.text


async def test_a_badge_that_was_taken_away_signs_nobody_in(manager):
    await with_badge(manager)
    await manager.operation(919)
    await manager.enter("101")
    await manager.enter("-")
    await manager.operation(701)
    assert (await manager.scan(BADGE)).outcome is REFUSED


# -- the safe


async def test_the_safe_is_counted_and_its_money_moved_without_the_drawer(manager):
    await manager.operation(1211, "20")
    await manager.operation(1220)
    assert "Safe drops of this shift: 1, together 20.00." in manager.view.question.lines
    await manager.enter("1")
    await manager.enter("2500 counted twice")
    await manager.operation(1220, "3 1000 bag 4711")
    counted, out = (await manager.records())[-2:]
    assert (counted["kind"], counted["total"], counted["reason"]) == ("safe.count", 250000, "counted twice")
    assert (out["kind"], out["total"]) == ("safe.out", 100000)
    assert (await manager.operation(1220, "2 0")).outcome is REFUSED
    closed = await close(manager, "80")
    assert (closed["expected_cash"], closed["over_short"]) == (8000, 0)


# -- shifts


async def test_each_operator_of_a_shared_shift_has_a_total_of_their_own(till):
    await till.scan(MILK)
    await till.operation(206)
    await till.operation(701)
    await till.sign_in("102")
    for code in (MILK, BREAD):
        await till.scan(code)
        await till.operation(206)
    closed = await close(till, "105.67")
    assert [(row["operator"], row["sales"], row["total"]) for row in closed["operators"]] == [
        ("101", 1, 109),
        ("102", 2, 458),
    ]
    assert closed["over_short"] == 0


async def test_a_personal_shift_waits_while_somebody_else_works_in_their_own(till):
    policy_of(till, shift="personal")
    await till.scan(MILK)
    await till.operation(206)
    await till.operation(701)
    await till.sign_in("102")
    assert (
        (till.view.question.title, [row.key for row in till.view.question.choices])
        if till.view.question
        else True
    )
    assert till.view.header.shift == 0
    await till.enter("50")
    assert till.view.header.shift == 2
    await till.scan(BREAD)
    await till.operation(206)
    assert (await till.records())[-1]["shift"] == 2
    assert (await till.operation(918, "1")).outcome is REFUSED
    await till.operation(701)
    await till.sign_in("101")
    await till.enter("1")
    assert till.view.header.shift == 1
    await till.scan(MILK)
    await till.operation(206)
    closed = await close(till, "102.18")
    assert (closed["shift"], closed["sales"], closed["over_short"]) == (1, 2, 0)


async def test_f43_f49_a_shift_left_open_over_midnight_keeps_its_date_and_flags_what_is_sold_late(till):
    """F49: the business day is stored, not derived. F43: late sales stay in their shift and are flagged."""
    await till.scan(MILK)
    await till.operation(206)
    till.world.clock.move(2 * DAY_S)
    await till.operation(703)
    await till.sign_in()
    assert till.view.message.tone is Tone.WARN
    assert (
        till.view.message.text
        == "Shift 1 is open since 2026-11-24; sales count for that day. Close it by F11."
    )
    assert (await till.scan(BREAD)).outcome is SOLD
    await till.operation(206)
    first, late = (record for record in await till.records() if record["kind"] == "sale")
    assert ("late" in first, late["late"], late["business_date"]) == (False, 1, "2026-11-24")
    closed = await close(till, "104.58")
    assert (closed["late_sales"], closed["late_total"], closed["business_date"]) == (1, 349, "2026-11-24")


async def test_f58_a_shift_closes_over_any_difference_and_never_fails_for_a_cent(till):
    """F58: a session would not close over a rounding cent."""
    await till.scan(MILK)
    await till.operation(206)
    closed = await close(till, "101.08")
    assert (closed["expected_cash"], closed["over_short"]) == (10109, -1)


async def test_f44_the_totals_of_a_shift_are_those_of_its_records_whatever_the_clock_says(till):
    """F44: totals from ids, not from times."""
    await till.scan(MILK)
    await till.operation(206)
    till.world.clock.move(-3 * DAY_S)
    await till.scan(MILK)
    await till.operation(206)
    till.world.clock.move(400 * DAY_S)
    await till.scan(MILK)
    await till.operation(206)
    closed = await close(till, "103.27")
    assert (closed["sales"], closed["sales_total"], closed["over_short"]) == (3, 327, 0)


async def test_a_suspended_shift_of_an_older_program_is_everybodys(till):
    policy_of(till, shift="personal")
    state = till.session._work.state
    till.session._work.state = msgspec.structs.replace(state, shift=replace(state.shift, owner=""))
    await till.operation(701)
    await till.sign_in("102")
    assert till.view.header.shift == 1
