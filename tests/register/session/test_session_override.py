"""A second person allows one operation: refused for the role, asked at once, recorded, and over when it is done."""

import pytest

from session_fakes import BREAD, DONE, MILK, PEPPER, REFUSED, SOLD, STALE, running
from store.database.pins import hash_pin
from store.gateway.offline import StaffMember
from store.gateway.states import Mode as Answers
from store.register.intents import IntentKind
from store.register.view import Entry, Mode


def cashier(permissions):
    return StaffMember(
        number="101",
        name="Ann Baker",
        role="cashier",
        salt="",
        hash=hash_pin(PEPPER, "101101"),
        permissions=permissions,
    )


@pytest.fixture
async def till(tmp_path):
    """A cashier who may only sell and open the shift."""
    async with running(tmp_path) as running_till:
        shop = running_till.world.shop
        shop.role_rows = {"cashier": "sell open_shift discount line_discount=10", "manager": ""}
        shop.staff = {**shop.staff, "101": cashier("sell open_shift discount line_discount=10")}
        yield await running_till.ready()


async def allow(till, number="201", pin=""):
    await till.enter(number)
    assert till.view.entry is Entry.PIN
    return await till.enter(pin or number * 2)


async def overrides(till):
    return [record for record in await till.records() if record["kind"] == "override"]


@pytest.mark.parametrize("answers", [Answers.ONLINE, Answers.OFFLINE_AUTO])
async def test_an_operation_that_the_role_lacks_runs_once_when_a_manager_allows_it(till, answers):
    till.world.connection.mode = answers
    outcome = await till.operation(1000)
    assert outcome.outcome is REFUSED
    assert till.view.question.title == "Somebody else allows it"
    assert "Open drawer is not allowed for a cashier." in till.view.question.lines
    assert (await allow(till)).outcome is DONE
    assert till.view.message.text == "The drawer was opened without a sale; it is recorded."
    assert till.view.header.operator == "Ann Baker", "the cashier stays signed in"
    allowed, opened = (await till.records())[-2:]
    assert (allowed["kind"], allowed["operator"], allowed["allowed_by"]) == ("override", "101", "201")
    assert (allowed["operation"], allowed["name"], allowed["permission"]) == (
        1000,
        "Open drawer",
        "open_drawer",
    )
    assert (opened["kind"], opened["operator"], opened["allowed_by"]) == ("drawer.open", "101", "201")
    assert (await till.operation(1000)).outcome is REFUSED, "only that one operation"
    assert till.view.question is not None


async def test_a_limit_is_lifted_for_the_discount_that_was_typed_and_for_no_other(till):
    await till.scan(BREAD)
    await till.operation(301)
    assert (await till.enter("50")).outcome is REFUSED
    assert "At most 10 %, here 0.35." in till.view.question.lines
    await allow(till)
    assert till.view.totals.discount == 175
    assert till.view.question is None
    (record,) = await overrides(till)
    assert record["name"] == "Line discount, percent"
    assert record["of_txn_id"]
    await till.scan(MILK)
    assert (await till.operation(301, "50")).outcome is REFUSED


async def test_an_allowed_operation_goes_on_through_its_questions_and_ends_with_them(till):
    await till.scan(BREAD)
    await till.operation(104, "1.00")
    await allow(till)
    assert till.view.question.title == "Reason for the price"
    await till.enter("1")
    assert till.view.lines[0].unit_price == 100
    await till.scan(MILK)
    assert (await till.operation(104, "1.00")).outcome is REFUSED


async def test_leaving_a_question_of_an_allowed_operation_takes_the_permission_away(till):
    await till.scan(BREAD)
    await till.operation(104, "1.00")
    await allow(till)
    await till.back()
    assert till.view.question is None
    assert (await till.operation(104, "1.00")).outcome is REFUSED


async def test_esc_leaves_everything_as_it_was_also_the_question_under_it(till):
    await till.scan(BREAD)
    await till.operation(301)
    before = till.view.question
    await till.enter("50")
    await till.back()
    assert till.view.question == before
    await till.enter("10")
    assert till.view.totals.discount == 35
    assert await overrides(till) == []


async def test_nobody_allows_an_operation_to_themselves_or_without_the_permission(till):
    await till.operation(1000)
    assert (await till.enter("101")).why == "Somebody else has to allow it."
    till.world.shop.staff["102"] = till.world.shop.staff["301"]
    till.world.shop.role_rows = {}
    outcome = await allow(till, "301")
    assert outcome.outcome is REFUSED
    assert "Tom Tech may not allow it either." in outcome.why
    assert till.view.entry is Entry.OPERATOR, "the question waits for a number"
    assert await overrides(till) == []
    await allow(till)
    assert len(await overrides(till)) == 1


async def test_wrong_pins_count_as_they_do_at_the_sign_in(till):
    await till.operation(1000)
    for _ in range(4):
        assert "Number or PIN is wrong" in (await allow(till, "201", "000000")).why
    assert (await allow(till, "201", "000000")).why == "Number or PIN is wrong. Try again in 30 s."
    assert "Too many wrong PINs" in (await allow(till)).why, "also the right one has to wait"
    till.world.clock.move(31)
    assert (await allow(till)).outcome is DONE
    again = await till.restarted()
    await again.operation(1000)
    assert (await allow(again)).outcome is DONE, "the right PIN cleared the count"


async def test_a_scan_is_no_answer_and_a_pin_typed_ahead_belongs_to_the_question(till):
    await till.operation(1000)
    question = till.view.question.id
    assert (await till.scan(MILK)).outcome is REFUSED
    assert till.view.refused[-1].text == MILK
    batch = [
        till.submission(IntentKind.ENTER, "201", question=question),
        till.submission(IntentKind.ENTER, "201201", question=question),
    ]
    assert [outcome.outcome for outcome in await till.session.handle(batch)] == [DONE, DONE]
    assert len(await overrides(till)) == 1
    assert (await till.enter("201201", question=question)).outcome is STALE


async def test_a_killed_register_has_forgotten_what_was_allowed_but_not_that_it_was(till):
    await till.scan(BREAD)
    await till.operation(104, "1.00")
    await allow(till)
    again = await till.restarted()
    assert again.view.question.title == "Reason for the price", "the same person stands there"
    await again.operation(703)
    await again.sign_in("101")
    assert (await again.operation(104, "1.00")).outcome is REFUSED
    assert len(await overrides(again)) == 1


async def test_the_pin_is_nowhere_in_the_journal(till):
    await till.operation(1000)
    await allow(till)
    await till.operation(1000)
    await till.enter("201")
    assert b"201201" not in till.world.path.read_bytes()


async def test_a_technician_who_scans_is_refused_without_a_question(till):
    await till.operation(701)
    await till.sign_in("301")
    assert (await till.scan(MILK)).outcome is REFUSED
    assert till.view.question is None
    assert (await till.operation(1055)).outcome is REFUSED
    assert till.view.question is not None
    await allow(till)
    assert till.view.mode is Mode.CLOSING
    await till.enter("100")
    await till.send(IntentKind.ANSWER, "yes", question=till.view.question.id)
    closed = (await till.records())[-1]
    assert (closed["kind"], closed["operator"], closed["allowed_by"]) == ("shift.close", "301", "201")


async def test_the_same_allowing_pin_twice_changes_nothing(till):
    await till.operation(1000)
    await till.enter("201")
    submission = till.submission(IntentKind.ENTER, "201201", question=till.view.question.id)
    await till.session.handle([submission])
    await till.session.handle([submission])
    kinds = [record["kind"] for record in await till.records()]
    assert (kinds.count("override"), kinds.count("drawer.open")) == (1, 1)
    assert (await till.scan(MILK)).outcome is SOLD


async def test_a_list_of_operations_shows_what_somebody_else_may_allow_and_the_strip_does_not(till):
    assert 1000 in till.view.allowable
    assert 1000 not in till.view.operations
    assert not set(till.view.allowable) & set(till.view.operations)
    await till.operation(703)
    assert till.view.allowable == (), "nobody is signed in"
    await till.sign_in("201")
    assert till.view.allowable == (), "a manager needs nobody"
