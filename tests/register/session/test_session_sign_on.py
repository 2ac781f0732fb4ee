"""Who is at the till: number and PIN, lock-out, lock, sign-off, roles."""

import asyncio

import pytest

from session_fakes import AGAIN, BREAD, DONE, MILK, REFUSED, World, running
from store.database.pins import NOBODY, hash_pin, pin_matches
from store.register.session.sign_on import FREE_FAILURES, FREE_REGISTER_FAILURES, REGISTER_KEY, wait_s
from store.register.view import Entry, Mode


async def wrong(till, times, number="101"):
    for _ in range(times):
        await till.enter(number)
        await till.enter("999999")


async def test_number_then_pin_signs_in_and_the_pin_is_masked_and_stored_nowhere(tmp_path):
    async with running(tmp_path) as till:
        assert till.view.entry is Entry.OPERATOR
        await till.enter("101")
        assert till.view.entry is Entry.PIN
        assert till.view.sign_on.operator == "101"
        await till.enter("101101")
        assert till.view.mode is Mode.SHIFT
        assert till.view.header.operator == "Ann Baker"
        assert (await till.kinds())[-1] == "sign.on"
        assert "101101" not in repr(await till.records())
        draft = await till.journal.load_draft()
        assert b"101101" not in draft.state_json


async def test_a_scan_at_sign_in_is_refused_with_sound_and_kept_whether_typed_or_serial(tmp_path):
    async with running(tmp_path) as till:
        for send in (till.scan, till.enter):
            assert (await send(MILK)).outcome is REFUSED
            assert till.view.message.sound
            assert till.view.refused[-1].text == MILK
        await till.enter("101")
        assert (await till.scan(BREAD)).outcome is REFUSED
        assert (await till.enter(BREAD)).outcome is REFUSED
        assert till.view.entry is Entry.PIN
        assert (await till.journal.lockout("101")).failures == 0
        assert (await till.enter("101101")).outcome is DONE


async def test_wrong_number_and_wrong_pin_are_answered_alike(tmp_path):
    async with running(tmp_path) as till:
        await till.sign_in("101", "000000")
        known = till.view.message.text
        await till.sign_in("777", "000000")
        assert till.view.message.text == known
        assert till.view.mode is Mode.LOCKED


@pytest.mark.parametrize("lost_after_the_number", [False, True])
async def test_without_a_catalog_nobody_is_known_and_no_try_is_counted(tmp_path, lost_after_the_number):
    async with running(tmp_path) as till:
        shop = till.world.shop
        staff = shop.staff
        try:
            if lost_after_the_number:
                await till.enter("101")
            shop.trouble, shop.version, shop.staff = "There is no usable catalog.", "", {}
            if not lost_after_the_number:
                await till.enter("101")
            outcome = await till.enter("101101")
            assert outcome.outcome is REFUSED
            assert "No operator is known here yet: the server does not answer" in outcome.why
            assert (await till.journal.lockout("101")).failures == 0
            assert (await till.journal.lockout(REGISTER_KEY)).failures == 0
            assert till.view.entry is Entry.OPERATOR
        finally:
            shop.trouble, shop.version, shop.staff = "", "c000001", staff
        assert (await till.sign_in()).outcome is DONE


async def test_five_failures_cost_thirty_seconds_then_twice_as_long_up_to_fifteen_minutes(tmp_path):
    assert [wait_s(n, FREE_FAILURES) for n in range(1, 13)] == [0] * 4 + [
        30,
        60,
        120,
        240,
        480,
        900,
        900,
        900,
    ]
    async with running(tmp_path) as till:
        await wrong(till, 5)
        assert "30 s" in till.view.message.text
        assert (await till.sign_in()).outcome is REFUSED
        assert "Try again in 30 s" in till.view.message.text
        till.world.clock.move(31)
        assert (await till.sign_in()).outcome is DONE
        assert (await till.journal.lockout("101")).failures == 0


async def test_pulling_the_plug_forgives_no_failure(tmp_path):
    world = World(tmp_path)
    for _ in range(5):
        till = await world.start()
        await wrong(till, 1)
        await till.kill()
    till = await world.start()
    assert (await till.sign_in()).outcome is REFUSED
    await till.kill()


async def test_the_attempt_is_stored_before_the_pin_is_looked_at(tmp_path, monkeypatch):
    async with running(tmp_path) as till:
        seen = []

        async def spy(pepper, pin, stored):
            seen.append((await till.journal.lockout("101")).failures)
            return True

        monkeypatch.setattr("store.register.session.sign_on.check_pin", spy)
        await till.sign_in()
        assert seen == [1]


async def test_after_ten_failures_a_manager_frees_the_cashier(tmp_path):
    async with running(tmp_path) as till:
        for _ in range(10):
            await wrong(till, 1)
            till.world.clock.move(901)
        assert (await till.sign_in()).outcome is REFUSED
        assert "manager" in till.view.message.text
        till = await till.restarted()
        assert (await till.sign_in()).outcome is REFUSED
        await till.sign_in("201")
        assert "Free again: 101" in till.view.message.text
        await till.operation(701)
        assert (await till.sign_in()).outcome is DONE
        assert (await till.records())[-3]["freed"] == ["101"]


async def test_a_manager_after_ten_failures_waits_but_is_not_shut_out_for_ever(tmp_path):
    async with running(tmp_path) as till:
        for _ in range(11):
            await wrong(till, 1, "201")
            till.world.clock.move(901)
        assert (await till.sign_in("201")).outcome is DONE


async def test_guessing_over_many_numbers_is_slowed_down_for_the_whole_register(tmp_path, monkeypatch):
    async def never(pepper, pin, stored):
        return False

    monkeypatch.setattr("store.register.session.sign_on.check_pin", never)
    async with running(tmp_path) as till:
        for number in range(500, 501 + FREE_REGISTER_FAILURES):
            await wrong(till, 1, str(number))
        assert (await till.journal.lockout(REGISTER_KEY)).failures == FREE_REGISTER_FAILURES + 1
        await till.sign_in("102")
        assert "Too many wrong PINs" in till.view.message.text


async def test_a_clock_set_back_locks_nobody_out_for_longer_than_the_rule(tmp_path):
    async with running(tmp_path) as till:
        await wrong(till, 5)
        till.world.clock.now_ms -= 10**9
        await till.sign_in()
        assert "Try again in 900 s" in till.view.message.text


async def test_the_hash_verifies_nothing_without_the_pepper_and_survives_rubbish():
    stored = hash_pin(b"a" * 32, "123456")
    assert pin_matches(b"a" * 32, "123456", stored)
    assert not pin_matches(b"b" * 32, "123456", stored)
    assert not pin_matches(b"a" * 32, "123456", "rubbish")
    assert not pin_matches(b"a" * 32, "123456", NOBODY)


async def test_the_event_loop_runs_on_while_a_pin_is_hashed(tmp_path):
    async with running(tmp_path) as till:
        await till.enter("101")
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        task = asyncio.create_task(tick())
        await till.enter("101101")
        task.cancel()
        assert ticks > 2


async def test_lock_keeps_the_sale_and_refuses_scans_until_the_same_person_unlocks(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        await till.operation(703)
        assert till.view.mode is Mode.LOCKED
        assert till.view.sign_on.sale_open
        assert (await till.scan(BREAD)).outcome is REFUSED
        assert till.view.message.sound
        await till.sign_in()
        assert till.view.mode is Mode.SALE
        assert [line.name for line in till.view.lines] == ["Whole milk 1 l"]
        assert "last: Whole milk 1 l. Check the last item." in till.view.message.text
        assert (await till.kinds())[-2:] == ["lock", "unlock"]


async def test_only_the_owner_or_a_manager_opens_a_register_locked_in_mid_sale(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        await till.operation(139)
        await till.operation(703)
        assert (await till.sign_in("102")).outcome is REFUSED
        assert "A sale of Ann Baker is open" in till.view.message.text
        assert (await till.sign_in("201")).outcome is DONE
        assert till.view.mode is Mode.TENDER
        assert till.view.header.operator == "Mia Manager"


async def test_sign_off_is_refused_while_a_sale_is_open(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        assert (await till.operation(701)).outcome is REFUSED
        assert "a sale is open" in till.view.message.text
        await till.operation(139)
        await till.enter()
        assert (await till.operation(701)).outcome is DONE
        assert till.view.mode is Mode.LOCKED
        assert till.view.header.operator == ""


async def test_another_cashier_goes_on_in_the_open_shift(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(701)
        await till.sign_in("102")
        assert till.view.mode is Mode.IDLE
        assert till.view.header.shift == 1


async def test_a_technician_sells_nothing_and_is_told_whom_to_ask(tmp_path):
    async with running(tmp_path) as till:
        await till.sign_in("301")
        assert (await till.enter("100")).outcome is REFUSED
        assert "cashier or manager" in till.view.message.text
        await till.back()
        await till.operation(701)
        await till.ready("201")
        await till.operation(701)
        await till.sign_in("301")
        for refused in (till.scan(MILK), till.operation(1000), till.operation(1055)):
            assert (await refused).outcome is REFUSED
            assert "not allowed for a technician" in till.view.message.text
            await till.back()
        assert (await till.operation(1056)).outcome is DONE


async def test_the_register_locks_itself_when_nobody_touched_it(tmp_path):
    async with running(tmp_path, auto_lock_s=180) as till:
        await till.ready()
        await till.scan(MILK)
        assert till.session.idle_submission() is None
        till.world.clock.move(181)
        submission = till.session.idle_submission()
        await till.session.handle([submission])
        assert till.view.mode is Mode.LOCKED
        assert (await till.session.handle([submission]))[0].outcome is AGAIN
        assert till.session.idle_submission() is None


async def test_a_register_that_is_not_told_to_never_locks_itself(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        till.world.clock.move(10_000)
        assert till.session.idle_submission() is None


@pytest.mark.parametrize("number", ["(register)", "é", "1" * 21, "10 1", "'; drop table"])
async def test_strange_operator_numbers_are_refused_with_a_sentence(tmp_path, number):
    async with running(tmp_path) as till:
        assert (await till.enter(number)).outcome is REFUSED
        assert "letters and digits only" in till.view.message.text


async def test_escape_names_another_operator(tmp_path):
    async with running(tmp_path) as till:
        await till.enter("101")
        await till.back()
        assert till.view.entry is Entry.OPERATOR
