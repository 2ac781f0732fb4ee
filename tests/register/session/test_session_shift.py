"""The shift: opened, reported, counted, closed; the drawer without a sale; the business date; who is forgotten."""

import pytest

from session_fakes import BREAD, DONE, MILK, REFUSED, running
from store.register.intents import IntentKind
from store.register.view import Entry, Mode


async def sell(till, *codes, given=""):
    for code in codes:
        await till.scan(code)
    await till.operation(139)
    await till.enter(given)


async def test_a_start_amount_opens_the_shift_and_nothing_typed_does_nothing(tmp_path):
    async with running(tmp_path) as till:
        await till.sign_in()
        assert (till.view.mode, till.view.entry, till.view.shift.number) == (Mode.SHIFT, Entry.AMOUNT, 1)
        await till.enter()
        assert till.view.mode is Mode.SHIFT
        for text in ("abc", "-1", "99999999999"):
            assert (await till.enter(text)).outcome is REFUSED
        await till.enter("0")
        assert (till.view.mode, till.view.header.shift) == (Mode.IDLE, 1)
        record = (await till.records())[-1]
        assert (record["kind"], record["start_amount"], record["business_date"]) == (
            "shift.open",
            0,
            "2026-11-24",
        )


async def test_a_scan_before_the_shift_is_open_is_refused_and_kept(tmp_path):
    async with running(tmp_path) as till:
        await till.sign_in()
        for send in (till.scan, till.enter):
            assert (await send(MILK)).outcome is REFUSED
        assert [scan.text for scan in till.view.refused] == [MILK, MILK]
        assert till.view.mode is Mode.SHIFT


async def test_the_start_amount_can_be_declared_by_number(tmp_path):
    async with running(tmp_path) as till:
        await till.sign_in()
        await till.operation(1200, "50")
        assert till.view.mode is Mode.IDLE


async def test_f49_the_business_date_is_that_of_the_opening_also_after_midnight(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        till.world.clock.move(12 * 3600)
        await sell(till, MILK)
        assert (await till.records())[-1]["business_date"] == "2026-11-24"


async def test_the_local_date_counts_not_utc(tmp_path):
    async with running(tmp_path) as till:
        till.world.clock.now_ms += 10 * 3600 * 1000  # 23:03 UTC, 00:03 on the 25th here
        await till.ready()
        assert (await till.records())[-1]["business_date"] == "2026-11-25"


async def test_x_report_tells_what_the_drawer_should_hold_and_closes_nothing(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await sell(till, MILK, given="10")
        assert (await till.operation(1056)).outcome is DONE
        assert "1 sale, 1.09; the drawer should hold 101.09" in till.view.message.text
        assert ("Cash expected", "101.09") in till.view.shift.rows
        await sell(till, BREAD)
        assert (await till.kinds())[-2:] == ["report.x", "sale"]
        assert till.view.shift is None


async def test_reports_and_slips_are_readable_on_the_screen_while_no_printer_is_attached(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await sell(till, MILK, given="10")
        assert till.view.paper_title == "Receipt S0001-R01-000001"
        await till.operation(1056)
        assert till.view.paper_title == "X report, shift 1"
        assert any("X REPORT" in row for row in till.view.paper)
        await till.send(IntentKind.SELECT, "down")
        assert till.view.paper
        await till.back()
        assert (till.view.paper, till.view.paper_title) == ((), "")
        await till.operation(1000)
        assert (till.view.paper_title, till.view.mode) == ("No sale", Mode.IDLE)
        await till.operation(1055)
        await till.enter("101.09")
        await till.answer("yes")
        await till.enter("101")
        assert till.view.paper_title == "Z report, shift 1"
        assert any("Z REPORT" in row for row in till.view.paper)
        await till.enter("101101")
        assert till.view.paper == ()


async def test_with_a_printer_the_paper_is_in_the_printer(tmp_path):
    async with running(tmp_path) as till:
        till.world.printing.has_printer = True
        await till.ready()
        await till.operation(1056)
        assert till.view.paper == ()


async def test_the_drawer_opens_without_a_sale_only_with_a_record(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1000)
        record = (await till.records())[-1]
        assert record["kind"] == "drawer.open"
        assert [job.kind for job in await till.journal.jobs_of(record["txn_id"])] == ["drawer"]
        await till.scan(MILK)
        assert (await till.operation(1000)).outcome is REFUSED


@pytest.mark.parametrize(
    ("counted", "words", "difference"),
    [
        ("104.58", "difference 0.00", 0),
        ("104", "short 0.58", -58),
        ("105", "over 0.42", 42),
    ],
)
async def test_closing_counts_first_then_tells_then_asks_guarded(tmp_path, counted, words, difference):
    async with running(tmp_path) as till:
        await till.ready()
        await sell(till, MILK, given="10")
        await sell(till, BREAD)
        await till.operation(1055)
        assert (till.view.mode, till.view.entry) == (Mode.CLOSING, Entry.AMOUNT)
        assert "104.58" not in repr(till.view)
        assert (await till.enter(MILK)).outcome is REFUSED
        await till.enter(counted)
        assert till.view.question.guarded
        assert words in till.view.question.lines[0]
        await till.answer("no")
        assert (till.view.mode, till.view.question) == (Mode.CLOSING, None)
        await till.enter(counted)
        await till.answer("yes")
        assert till.view.mode is Mode.LOCKED
        assert words in till.view.message.text
        record = (await till.records())[-1]
        assert record["kind"] == "shift.close"
        assert (record["sales"], record["sales_total"], record["over_short"]) == (2, 458, difference)
        assert record["expected_cash"] == 10458
        jobs = await till.journal.jobs_of(record["txn_id"])
        assert [(job.kind, job.document_kind) for job in jobs] == [("report", "z_report")]


async def test_escape_leaves_the_closing_and_the_shift_stays_open(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(1055)
        await till.back()
        assert (till.view.mode, till.view.header.shift) == (Mode.IDLE, 1)


async def test_a_shift_is_not_closed_in_mid_sale(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.scan(MILK)
        assert (await till.operation(1055)).outcome is REFUSED
        assert "a sale is open. Finish or void it first." in till.view.message.text


async def test_the_next_shift_counts_on_and_carries_the_grand_total(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await sell(till, MILK)
        await till.operation(1055)
        await till.enter("101.09")
        await till.answer("yes")
        till = await till.restarted()
        await till.ready("102", "50")
        record = (await till.records())[-1]
        assert (record["shift"], record["grand_total"], record["start_amount"]) == (2, 109, 5000)
        await sell(till, BREAD)
        assert (await till.records())[-1]["receipt_no"] == 2


async def test_clients_not_heard_in_a_whole_shift_are_forgotten(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.send(IntentKind.BACK, client="old-screen")
        assert till.session.last_n("old-screen") == 1
        for _ in range(2):
            await till.operation(1055)
            await till.enter("100")
            await till.answer("yes")
            await till.ready()
        assert till.session.last_n("old-screen") == 0
        assert till.session.last_n("s1") > 0


async def test_up_counts_transactions_that_the_server_has_not(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        assert till.view.header.up == 1
        await sell(till, MILK)
        await till.operation(1000)
        assert till.view.header.up == 3
