"""The way in by telephone code: challenge, code, attempts, restart, and what never lets anybody in."""

import pytest

from session_fakes import DONE, MILK, PEPPER, REFUSED, running
from store.exchange.emergency_code import CHALLENGE_LIFE_MS, MAX_TRIES, emergency_code
from store.register.journal.errors import JournalFull
from store.register.view import Entry, Mode

REGISTER = "S0001-R01"


def challenge_on(view):
    """The challenge as the person at the register reads it out."""
    return view.question.lines[1]


def code_for(view, operator="201", pepper=PEPPER, register=REGISTER):
    """What headquarters tells."""
    return emergency_code(pepper, register=register, operator=operator, challenge=challenge_on(view))


async def shown(till, operator="201"):
    await till.operation(9110)
    await till.enter(operator)
    assert till.view.question.kind == "emergency_code"
    return till.view


async def test_the_code_that_headquarters_tells_signs_the_manager_in_and_is_journaled(tmp_path):
    async with running(tmp_path) as till:
        view = await shown(till)
        assert view.question.lines[0].endswith("register S0001-R01, operator 201, challenge")
        assert view.question.lines[2].endswith("Good until 14:18.")
        assert view.entry is Entry.CODE, "a code is no secret of a person and is shown"
        assert (await till.enter(code_for(view))).outcome is DONE
        assert till.view.header.operator == "Mia Manager"
        assert "once. Ask headquarters for a new PIN." in till.view.message.text
        record = (await till.records())[-1]
        assert (record["kind"], record["role"], record["operator"]) == ("sign.emergency", "manager", "201")
        assert record["challenge"] == challenge_on(view)
        assert till.world.sync.signed_in == 1


@pytest.mark.parametrize("dashes", [True, False])
async def test_the_code_is_taken_with_and_without_its_dash_even_when_it_looks_like_a_barcode(
    tmp_path, dashes
):
    async with running(tmp_path) as till:
        for n in range(30):  # about one in ten has a valid check digit
            await till.back()
            till.world.clock.move(CHALLENGE_LIFE_MS / 1_000)
            view = await shown(till)
            code = code_for(view)
            text = code if dashes else code.replace("-", "")
            assert (await till.enter(text)).outcome is DONE, (n, text)
            await till.operation(701)


async def test_one_code_is_good_for_one_sign_in(tmp_path):
    async with running(tmp_path) as till:
        view = await shown(till)
        code = code_for(view)
        await till.enter(code)
        await till.operation(701)
        again = await shown(till)
        assert challenge_on(again) != challenge_on(view)
        assert (await till.enter(code)).outcome is REFUSED


@pytest.mark.parametrize(
    "other",
    [
        {"operator": "101"},
        {"register": "S0001-R02"},
        {"pepper": b"q" * 32},
    ],
)
async def test_a_code_of_another_operator_register_or_store_is_wrong(tmp_path, other):
    async with running(tmp_path) as till:
        view = await shown(till)
        outcome = await till.enter(code_for(view, **other))
        assert outcome.outcome is REFUSED
        assert outcome.why == "The code is wrong; 2 attempts left for this challenge."
        assert till.view.mode is Mode.LOCKED


async def test_three_wrong_codes_void_the_challenge_and_count_as_wrong_pins(tmp_path):
    async with running(tmp_path) as till:
        view = await shown(till)
        code = code_for(view)
        for _ in range(MAX_TRIES - 1):
            await till.enter("0000-0000")
        outcome = await till.enter("0000-0000")
        assert outcome.why == "The code is wrong, and this challenge is void. /9110 shows another."
        assert till.view.question is None
        assert (await till.journal.lockout("201")).failures == MAX_TRIES
        assert (await till.enter(code)).outcome is REFUSED, "typed as an operator number it is nothing"
        again = await shown(till)
        assert challenge_on(again) != challenge_on(view)
        await till.enter("1111-1111")
        late = await till.enter("1111-1111")
        assert "Try again in 30 s." in late.why, "the fifth failure waits like a wrong PIN"
        waiting = await till.enter(code_for(till.view))
        assert "Too many wrong PINs. Try again in 30 s." in waiting.why
        till.world.clock.move(31)
        assert (await till.enter(code_for(till.view))).outcome is DONE
        assert (await till.journal.lockout("201")).failures == 0


async def test_an_attempt_is_counted_before_it_is_judged_so_that_pulling_the_plug_forgives_nothing(tmp_path):
    async with running(tmp_path) as till:
        view = await shown(till)
        await till.enter("0000-0000")
        again = await till.restarted()
        assert (await again.journal.lockout("201")).failures == 1
        await again.operation(9110, "201")
        assert challenge_on(again.view) == challenge_on(view)
        assert "1 attempt left" in (await again.enter("0000-0000")).why


async def test_the_challenge_outlives_a_restart_and_fifteen_minutes_end_it(tmp_path):
    async with running(tmp_path) as till:
        view = await shown(till)
        code = code_for(view)
        again = await till.restarted()
        till.world.clock.move(CHALLENGE_LIFE_MS / 1_000 - 1)
        await again.operation(9110, "201")
        assert challenge_on(again.view) == challenge_on(view)
        till.world.clock.move(1)
        outcome = await again.enter(code)
        assert outcome.why == "That challenge is no longer good. /9110 shows another."
        await again.operation(9110, "201")
        assert challenge_on(again.view) != challenge_on(view)


async def test_a_clock_set_back_does_not_make_a_challenge_good_for_longer(tmp_path):
    async with running(tmp_path) as till:
        code = code_for(await shown(till))
        till.world.clock.move(-3_600)
        assert (await till.enter(code)).outcome is REFUSED


async def test_a_scanner_never_answers(tmp_path):
    async with running(tmp_path) as till:
        view = await shown(till)
        outcome = await till.scan(code_for(view))
        assert outcome.outcome is REFUSED
        assert till.view.message.sound
        assert till.view.mode is Mode.LOCKED
        assert (await till.journal.lockout("201")).failures == 0, "a scan is no attempt"


async def test_whether_an_operator_exists_is_not_told(tmp_path):
    async with running(tmp_path) as till:
        known, unknown = [], []
        for answers, number in ((known, "201"), (unknown, "999")):
            view = await shown(till, number)
            answers.append(view.question.lines[2])
            answers.append((await till.enter("0000-0000")).why)
            await till.back()
        assert known == unknown
        view = await shown(till, "999")
        assert (await till.enter(code_for(view, "999"))).outcome is REFUSED, "nobody of that number"


async def test_the_operator_that_was_named_already_is_not_asked_for_again(tmp_path):
    async with running(tmp_path) as till:
        await till.enter("201")
        await till.operation(9110)
        assert till.view.question.kind == "emergency_code"
        assert (await till.enter(code_for(till.view))).outcome is DONE


async def test_a_cashier_that_a_manager_would_have_to_free_comes_in_by_code(tmp_path):
    async with running(tmp_path) as till:
        for _ in range(12):
            await till.sign_in("101", "999999")
            till.world.clock.move(901)
        assert "A manager signs on" in (await till.sign_in("101")).why
        view = await shown(till, "101")
        assert (await till.enter(code_for(view, "101"))).outcome is DONE
        await till.operation(701)
        assert (await till.sign_in("101")).outcome is DONE


async def test_a_code_does_not_take_over_the_sale_of_somebody_else(tmp_path):
    async with running(tmp_path) as till:
        await till.ready("101")
        await till.scan(MILK)
        await till.operation(703)
        view = await shown(till, "102")
        outcome = await till.enter(code_for(view, "102"))
        assert outcome.outcome is REFUSED
        assert "A sale of Ann Baker is open" in outcome.why
        await till.back()
        view = await shown(till, "201")
        assert (await till.enter(code_for(view, "201"))).outcome is DONE
        assert till.view.mode is Mode.SALE


async def test_without_the_secret_of_the_store_no_code_is_checked(tmp_path):
    async with running(tmp_path, pepper=b"") as till:
        outcome = await till.operation(9110)
        assert outcome.outcome is REFUSED
        assert "the vault has no secret of the store" in outcome.why


@pytest.mark.parametrize("number", ["", "2 01", "ü", "x" * 21])
async def test_what_cannot_be_an_operator_number_gets_a_sentence(tmp_path, number):
    async with running(tmp_path) as till:
        await till.operation(9110)
        outcome = await till.enter(number)
        assert outcome.outcome is REFUSED
        assert outcome.why
        assert till.view.question.kind == "emergency_operator"


async def test_esc_leaves_the_challenge_and_a_sign_in_by_pin_ends_it(tmp_path):
    async with running(tmp_path) as till:
        view = await shown(till)
        code = code_for(view)
        await till.back()
        await till.sign_in("201")
        await till.operation(701)
        await till.operation(9110, "201")
        assert (await till.enter(code)).outcome is REFUSED


async def test_an_attempt_that_cannot_be_stored_is_not_judged_and_stops_the_register(tmp_path):
    async with running(tmp_path) as till:
        code = code_for(await shown(till))

        async def full(*_):
            raise JournalFull("The disk is full. Free some space.")

        till.journal.save_lockout = full
        outcome = await till.enter(code)
        assert outcome.outcome is REFUSED
        assert till.view.mode is Mode.SAFE_STOP
        till.journal.save_lockout = till.real_journal.save_lockout
        await till.enter()
        assert till.view.mode is Mode.LOCKED
        assert (await till.enter(code_for(await shown(till)))).outcome is DONE


async def test_a_challenge_that_cannot_be_stored_before_it_is_judged_stops_the_register(tmp_path):
    async with running(tmp_path) as till:
        code = code_for(await shown(till))
        till.journal.fails = JournalFull("The disk is full. Free some space.")
        assert (await till.enter(code)).outcome is REFUSED
        assert till.view.mode is Mode.SAFE_STOP
