"""Shifts set aside: suspended and resumed, blind closed and counted later, listed; the last Z once more."""

import pytest

from session_fakes import BREAD, DONE, MILK, REFUSED, running
from store.gateway.states import Mode as ConnectionMode
from store.register.journal.errors import JournalFull, JournalUnknown
from store.register.verification.verify import verify_file
from store.register.view import Entry, Mode


async def last(till):
    return (await till.records())[-1]


async def sell(till, code):
    await till.scan(code)
    await till.operation(206)


async def close(till, counted):
    await till.operation(1055)
    await till.enter(counted)
    await till.answer("yes")


async def blind(till):
    await till.operation(1053)
    await till.answer("yes")


@pytest.mark.parametrize("online", [True, False], ids=["online", "offline"])
async def test_a_suspended_shift_is_resumed_at_the_sign_in_with_its_own_totals(tmp_path, online):
    async with running(tmp_path) as till:
        await till.ready()
        if not online:
            till.world.connection.mode = ConnectionMode.OFFLINE_AUTO
        await sell(till, MILK)
        assert (await till.operation(1054)).outcome is DONE
        assert (till.view.mode, till.view.header.shift) == (Mode.LOCKED, 0)
        assert ((await last(till))["kind"], (await last(till))["shift"]) == ("shift.suspend", 1)
        await till.sign_in("102")
        assert (till.view.question.title, till.view.entry) == ("Resume a shift?", Entry.CHOICE)
        assert [choice.key for choice in till.view.question.choices] == ["1", "0"]
        assert "by Ann Baker" in till.view.question.choices[0].label
        assert (await till.enter("7")).outcome is REFUSED
        assert (await till.scan(MILK)).outcome is REFUSED
        await till.enter("1")
        assert (till.view.mode, till.view.header.shift) == (Mode.IDLE, 1)
        assert ((await last(till))["kind"], (await last(till))["shift"]) == ("shift.resume", 1)
        await sell(till, BREAD)
        await close(till, "104.58")
        record = await last(till)
        assert (record["shift"], record["sales"], record["over_short"]) == (1, 2, 0)


async def test_another_shift_in_between_keeps_both_totals_and_the_grand_total_runs_on(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await sell(till, MILK)
        await till.operation(1054)
        await till.sign_in("102")
        await till.enter("0")
        assert (till.view.mode, till.view.question) == (Mode.SHIFT, None)
        await till.enter("50")
        assert till.view.header.shift == 2
        await sell(till, BREAD)
        await till.operation(1201, "10")
        await close(till, "63.49")
        second = await last(till)
        assert (second["shift"], second["sales_total"], second["over_short"]) == (2, 349, 0)
        assert (second["grand_total_before"], second["grand_total"]) == (0, 349)
        await till.sign_in()
        await till.enter("1")
        await close(till, "101.09")
        first = await last(till)
        assert (first["shift"], first["sales_total"], first["over_short"]) == (1, 109, 0)
        assert (first["grand_total_before"], first["grand_total"]) == (349, 458)
        await till.ready()
        assert ((await last(till))["shift"], (await last(till))["grand_total"]) == (3, 458)
        await till.kill()
        assert verify_file(till.world.path).ok


async def test_a_blind_closed_shift_is_never_resumed_and_counted_later(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await sell(till, MILK)
        await till.operation(1053)
        assert till.view.question.guarded
        await till.answer("no")
        assert (till.view.mode, till.view.header.shift) == (Mode.PAID, 1)
        await blind(till)
        assert till.view.mode is Mode.LOCKED
        assert (await last(till))["kind"] == "shift.blind_close"
        await till.sign_in("102")
        assert till.view.question is None
        await till.enter("50")
        await till.operation(918)
        assert [choice.key for choice in till.view.question.choices] == ["1", "2"]
        assert "blind closed" in till.view.question.choices[0].label
        assert (await till.enter("1")).outcome is REFUSED
        assert "Shift 2 is open" in till.view.message.text
        await till.back()
        await close(till, "50")
        await till.sign_in("201")
        await till.operation(918)
        await till.enter("1")
        assert (till.view.mode, till.view.header.shift) == (Mode.CLOSING, 1)
        await till.enter("101")
        assert "short 0.09" in till.view.question.lines[0]
        await till.answer("yes")
        record = await last(till)
        assert (record["kind"], record["shift"], record["over_short"]) == ("shift.close", 1, -9)
        await till.sign_in()
        assert (await till.operation(918)).outcome is REFUSED


async def test_a_blind_closed_shift_can_be_declared_by_notes_and_coins(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await blind(till)
        await till.sign_in()
        await till.operation(918, "1")
        await till.operation(1052)
        await till.enter("2*50")
        for _ in range(15):
            await till.enter()
        await till.answer("yes")
        assert till.view.question.lines == ("Counted 100.00, expected 100.00, difference 0.00.",)
        await till.answer("yes")
        assert [row["kind"] for row in (await last(till))["declared"]] == ["cash"]
        assert (await till.kinds()).count("shift.close") == 1


async def test_counting_a_blind_closed_shift_can_be_left_and_a_kill_sets_it_aside_again(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await blind(till)
        await till.sign_in()
        await till.operation(918, "1")
        await till.back()
        assert (till.view.mode, till.view.header.shift) == (Mode.SHIFT, 0)
        await till.operation(918, "1")
        till = await till.restarted()
        assert (till.view.mode, till.view.header.shift) == (Mode.SHIFT, 0)
        await till.operation(918)
        assert [choice.key for choice in till.view.question.choices] == ["1"]
        await till.enter("1")
        await till.enter("100")
        await till.answer("yes")
        assert (await last(till))["kind"] == "shift.close"


async def test_a_blind_closed_shift_whose_records_cannot_be_read_waits_on(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await blind(till)
        await till.sign_in()

        async def fails(shift_id):
            raise JournalUnknown("The disk does not answer.")

        till.journal.shift_payloads = fails
        assert (await till.operation(918, "1")).outcome is REFUSED
        assert (till.view.mode, till.view.header.shift) == (Mode.SHIFT, 0)
        del till.journal.shift_payloads
        await till.operation(918, "1")
        assert till.view.mode is Mode.CLOSING


async def test_a_full_disk_while_a_blind_closed_shift_is_counted_sets_it_aside_again(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await blind(till)
        await till.sign_in()
        await till.operation(918, "1")
        await till.enter("100")
        till.journal.fails = JournalFull("The disk is full.")
        await till.answer("yes")
        assert till.view.mode is Mode.SAFE_STOP
        till.journal.fails = None
        await till.enter()
        assert (till.view.mode, till.view.header.shift) == (Mode.SHIFT, 0)
        await till.operation(918)
        assert [choice.key for choice in till.view.question.choices] == ["1"]


async def test_a_killed_core_still_knows_every_shift_that_waits(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1054)
        till = await till.restarted()
        await till.sign_in()
        await till.enter("0")
        await till.enter("20")
        await blind(till)
        till = await till.restarted()
        await till.sign_in()
        assert [choice.key for choice in till.view.question.choices] == ["1", "0"]
        till = await till.restarted()
        assert till.view.question.title == "Resume a shift?"
        await till.back()
        await till.operation(918)
        assert [choice.key for choice in till.view.question.choices] == ["1", "2"]


async def test_nothing_is_set_aside_in_a_sale_or_by_a_technician(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        for number in (1053, 1054, 918):
            assert (await till.operation(number)).outcome is REFUSED
        await till.operation(206)
        await till.operation(701)
        await till.sign_in("301")
        for number in (1053, 1054, 918):
            assert (await till.operation(number)).outcome is REFUSED
            assert "Sign on as cashier or manager" in till.view.message.text
            await till.back()


async def test_a_technician_is_offered_no_shift_to_resume(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1054)
        await till.sign_in("301")
        assert till.view.question is None


async def test_at_most_nine_shifts_wait(tmp_path):
    async with running(tmp_path) as till:
        for _ in range(9):
            await till.sign_in()
            await till.enter("0")
            await till.enter("0")
            await till.operation(1054)
        await till.sign_in()
        await till.enter("0")
        await till.enter("0")
        assert (await till.operation(1054)).outcome is REFUSED
        assert "9 shifts wait already" in till.view.message.text


@pytest.mark.parametrize("where", ["shift", "idle"])
async def test_the_last_z_report_is_printed_again_as_a_counted_copy(tmp_path, where):
    async with running(tmp_path) as till:
        await till.ready()
        assert (await till.operation(1057)).outcome is REFUSED
        await sell(till, MILK)
        await close(till, "101.09")
        closing = (await last(till))["txn_id"]
        await till.sign_in()
        if where == "idle":
            await till.enter("50")
        for copy_no in (1, 2):
            assert (await till.operation(1057)).outcome is DONE
            record = await last(till)
            assert (record["kind"], record["copy_no"]) == ("reprint.z", copy_no)
            assert f"Copy {copy_no} of the Z report of shift 1" in till.view.message.text
        jobs = await till.journal.jobs_of(closing)
        assert [(job.document_kind, job.copy_no) for job in jobs] == [("z_report", n) for n in (0, 1, 2)]
        assert any("COPY 2" in row for row in till.view.paper)
        till = await till.restarted()
        await till.operation(1057)
        assert (await last(till))["copy_no"] == 3


async def test_f44_the_totals_of_a_shift_are_those_of_its_records_not_of_a_time(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await sell(till, MILK)
        till.world.clock.move(-3 * 3600)  # the clock is set back in mid-shift, and over midnight later
        await sell(till, MILK)
        till.world.clock.move(40 * 3600)
        await sell(till, MILK)
        await close(till, "103.27")
        record = await last(till)
        assert (record["sales"], record["over_short"], record["business_date"]) == (3, 0, "2026-11-24")


async def test_f43_sales_stay_in_the_shift_they_were_made_in(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await sell(till, MILK)
        await blind(till)
        await till.ready("102", "0")
        await sell(till, BREAD)
        sales = [record["shift"] for record in await till.records() if record["kind"] == "sale"]
        assert sales == [1, 2]
        await till.operation(1056)
        assert (await last(till))["sales_total"] == 349
