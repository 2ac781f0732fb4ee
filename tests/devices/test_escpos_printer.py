"""A printer that fails in every way: what the driver says of it, and when."""

import asyncio
import time

import msgspec
import pytest

from dev_escpos_decoder import decode
from dev_printers import SHORT, Bench, bench, encoder, receipt
from dev_waiting import until
from devices.drawer import PrinterDrawer
from devices.printer.code_pages import CodePage
from devices.printer.escpos_encoder import EscposEncoder
from devices.printer.print_limits import PrintLimits
from devices.printer.printer_memory import PrinterMemory
from devices.simulated.printer import Fault, SimulatedPrinter
from store.register.peripherals import Health, PrintOutcome, PrintResult
from store.sale.document import Document, Text

BOTH = pytest.mark.parametrize("kind", ["tcp", "pty"])


def job() -> bytes:
    """What `receipt(1, lines=3)` becomes."""
    return encoder().encode(receipt(1, lines=3)).data


async def timed(work) -> tuple[PrintResult, float]:
    start = time.monotonic()
    result = await work
    return result, time.monotonic() - start


async def proven(made: Bench) -> None:
    """One receipt, so that the driver knows what this printer can do."""
    assert (await made.driver.print(receipt(0), "job-0")).outcome is PrintOutcome.CONFIRMED


async def back(made: Bench) -> None:
    """Print until it works again, as the print spool does."""
    for _ in range(20):
        if (await made.driver.print(receipt(0), "job-0")).outcome is PrintOutcome.CONFIRMED:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the printer does not come back")


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("tcp", Fault.POWER_OFF),
        ("tcp", Fault.CUT_LINE),
        ("tcp", Fault.FREEZE),
        ("tcp", Fault.PAPER_OUT),
        ("pty", Fault.FREEZE),
        ("pty", Fault.PAPER_OUT),
    ],
)
async def test_confirmed_means_on_paper_and_failed_means_not_begun_wherever_it_breaks(kind, fault):
    """A fault after each k-th byte of the job: the only lie would be CONFIRMED without paper or FAILED with some."""
    quick = msgspec.structs.replace(SHORT, job_s=0.4, status_s=0.1, stalled_s=0.1, connect_s=0.3)
    async with bench(kind, limits=quick) as made:
        await back(made)
        for after in range(9, 9 + len(job()) + 3, 41):  # nine bytes are the preflight's questions
            before = len(made.slips)
            made.device.misbehave(fault, after=after)
            result, took_s = await timed(made.driver.print(receipt(1, lines=3), f"job-{after}"))
            assert took_s < quick.job_s + 0.5
            printed = len(made.slips) > before
            if result.outcome is PrintOutcome.CONFIRMED:
                assert printed
            assert result.outcome is not PrintOutcome.PRESUMED
            if result.outcome is PrintOutcome.FAILED:
                assert not printed
                assert b"\x1b@" not in made.device.taken
            assert result.detail or result.outcome is PrintOutcome.CONFIRMED
            await made.device.recover()
            await back(made)


@BOTH
async def test_a_printer_without_paper_or_with_an_open_cover_gets_not_one_byte(kind):
    async with bench(kind) as made:
        await proven(made)
        for fault, health, word in (
            (Fault.PAPER_OUT, Health.PAPER_OUT, "paper"),
            (Fault.COVER_OPEN, Health.COVER_OPEN, "cover"),
        ):
            made.device.misbehave(fault)
            result, took_s = await timed(made.driver.print(receipt(1), "job-1"))
            assert result.outcome is PrintOutcome.FAILED
            assert word in result.detail
            assert took_s < 0.3
            assert made.driver.status().health is health
            assert not made.device._held
            await made.device.recover()
        assert (await made.driver.print(receipt(2), "job-2")).outcome is PrintOutcome.CONFIRMED
        assert made.slips == ["Receipt 0", "Receipt 2"]


@BOTH
@pytest.mark.parametrize("fault", [Fault.FREEZE, Fault.STALL, Fault.POWER_OFF])
async def test_a_hung_or_dead_printer_answers_no_later_than_its_status_deadline(kind, fault):
    async with bench(kind) as made:
        await proven(made)
        made.device.misbehave(fault)
        result, took_s = await timed(made.driver.print(receipt(1), "job-1"))
        assert result.outcome is PrintOutcome.FAILED
        assert took_s < SHORT.status_s + SHORT.connect_s + 0.3
        assert result.detail.endswith((".", "?"))
        assert made.driver.status().health in (Health.UNKNOWN, Health.OFFLINE)
        await made.device.recover()
        await back(made)


@BOTH
async def test_a_printer_that_hangs_in_mid_receipt_keeps_nobody_beyond_the_jobs_deadline(kind):
    async with bench(kind) as made:
        await proven(made)
        made.device.misbehave(Fault.STALL, after=60)
        (result, took_s), status_s = await asyncio.gather(
            timed(made.driver.print(receipt(1, lines=40), "job-1")), slowest_status(made)
        )
        assert result.outcome is PrintOutcome.UNKNOWN
        assert took_s < SHORT.job_s + 0.3
        assert status_s < 0.1


async def slowest_status(made: Bench) -> float:
    """Longest that a look at the status, and a turn of the event loop, took meanwhile."""
    slowest = 0.0
    for _ in range(20):
        start = time.monotonic()
        made.driver.status()
        await asyncio.sleep(0.001)
        slowest = max(slowest, time.monotonic() - start)
    return slowest


async def test_jobs_that_wait_behind_a_hanging_one_have_sent_nothing():
    async with bench() as made:
        await proven(made)
        made.device.misbehave(Fault.STALL, after=60)
        results = await asyncio.gather(*(made.driver.print(receipt(n), f"job-{n}") for n in range(3)))
        assert [result.outcome for result in results] == [
            PrintOutcome.UNKNOWN,
            PrintOutcome.FAILED,
            PrintOutcome.FAILED,
        ]


@pytest.mark.parametrize("fence", ["status", "id"])
async def test_the_late_answer_of_an_old_job_never_confirms_a_new_one(fence):
    """Paper runs out under a receipt; after the roll is changed the old fence is answered, then the next job hangs."""
    async with bench("pty", fence=fence) as made:
        await proven(made)
        made.device.misbehave(Fault.PAPER_OUT, after=60)
        result = await made.driver.print(receipt(1), "job-1")
        assert result.outcome is PrintOutcome.UNKNOWN
        assert result.detail == "The printer is out of paper. Put in a new roll."
        await made.device.recover()
        assert made.slips == ["Receipt 0", "Receipt 1"]
        made.device.misbehave(Fault.FREEZE, after=9 + 3 + 40)
        result = await made.driver.print(receipt(2), "job-2")
        assert result.outcome is PrintOutcome.UNKNOWN
        assert len(made.slips) == 2


@BOTH
@pytest.mark.parametrize("fence", ["status", "id"])
async def test_a_receipt_whose_rest_prints_after_the_roll_is_changed_is_reported_once(kind, fence):
    late: list[str] = []
    async with bench(kind, fence=fence) as made:
        made.driver.listen(late.append)
        await proven(made)
        made.device.misbehave(Fault.PAPER_OUT, after=60)
        assert (await made.driver.print(receipt(1), "job-1")).outcome is PrintOutcome.UNKNOWN
        assert late == []
        await made.device.recover()
        await until(lambda: late == ["job-1"])
        assert (await made.driver.print(receipt(2), "job-2")).outcome is PrintOutcome.CONFIRMED
        assert late == ["job-1"]
        assert made.slips == ["Receipt 0", "Receipt 1", "Receipt 2"]


async def test_a_receipt_lost_with_the_power_is_never_reported_as_printed_later():
    late: list[str] = []
    async with bench() as made:
        made.driver.listen(late.append)
        await proven(made)
        made.device.misbehave(Fault.POWER_OFF, after=60)
        assert (await made.driver.print(receipt(1), "job-1")).outcome is PrintOutcome.UNKNOWN
        await made.device.recover()
        await back(made)
        assert late == []


async def test_answers_left_in_a_reopened_line_confirm_nothing():
    device = SimulatedPrinter()
    memory = PrinterMemory(None, "pty")
    memory.learn(answers=True, fences=True)
    async with bench("pty", device, memory=memory) as made:
        await until(lambda: made.driver.status().health is Health.READY)
        device._send(b"\x00\x00\x00")
        device.misbehave(Fault.FREEZE, after=9 + 3 + 40)
        assert (await made.driver.print(receipt(1), "job-1")).outcome is PrintOutcome.UNKNOWN


async def test_a_printer_that_never_answered_is_presumed_to_print_and_never_called_ready():
    device = SimulatedPrinter()
    device.misbehave(Fault.MUTE)
    async with bench(device=device) as made:
        result = await made.driver.print(receipt(1), "job-1")
        assert result.outcome is PrintOutcome.PRESUMED
        assert result.detail
        assert made.driver.status().health is Health.UNKNOWN
        await until(lambda: made.slips == ["Receipt 1"])
        _, took_s = await timed(made.driver.print(receipt(2), "job-2"))
        assert took_s < SHORT.status_s + SHORT.mute_s + 0.2


async def test_a_printer_that_has_answered_before_and_is_silent_gets_nothing_even_after_a_restart(tmp_path):
    kept = tmp_path / "cache" / "printer.json"
    async with bench(memory=PrinterMemory(kept, "here")) as made:
        await proven(made)
    device = SimulatedPrinter()
    device.misbehave(Fault.MUTE)
    async with bench(device=device, memory=PrinterMemory(kept, "here")) as made:
        assert (await made.driver.print(receipt(1), "job-1")).outcome is PrintOutcome.FAILED
        assert made.slips == []
    assert not PrinterMemory(kept, "elsewhere").answers


async def test_a_printer_that_knows_no_fences_is_presumed_when_it_is_well_and_unknown_when_it_is_not():
    async with bench(device=SimulatedPrinter(knows_fences=False)) as made:
        result, took_s = await timed(made.driver.print(receipt(1), "job-1"))
        assert result.outcome is PrintOutcome.PRESUMED
        assert took_s < SHORT.job_s
        made.device.misbehave(Fault.FREEZE, after=100)
        assert (await made.driver.print(receipt(2), "job-2")).outcome is PrintOutcome.UNKNOWN


async def test_settings_can_say_that_a_printer_has_no_fence_or_no_answers():
    async with bench(fence="none") as made:
        assert (await made.driver.print(receipt(1), "job-1")).outcome is PrintOutcome.PRESUMED
    async with bench(answers="no") as made:
        result, took_s = await timed(made.driver.print(receipt(1), "job-1"))
        assert result.outcome is PrintOutcome.PRESUMED
        assert took_s < 0.3


async def test_a_printer_that_is_switched_on_later_is_found():
    device = SimulatedPrinter()
    address = await device.listen_tcp()
    device.misbehave(Fault.POWER_OFF)
    async with bench_without_listening(device, address) as made:
        result, took_s = await timed(made.driver.print(receipt(1), "job-1"))
        assert result.outcome is PrintOutcome.FAILED
        assert "cannot be reached" in result.detail
        assert took_s < 0.3
        await device.recover()
        assert (await made.driver.print(receipt(2), "job-2")).outcome is PrintOutcome.CONFIRMED


def bench_without_listening(device: SimulatedPrinter, address: str):
    async def already() -> str:
        return address

    device.listen_tcp, listen = already, device.listen_tcp

    async def recover() -> None:
        device.listen_tcp = listen
        await SimulatedPrinter.recover(device)

    device.recover = recover
    return bench(device=device)


async def test_ready_that_was_heard_long_ago_is_unknown():
    now_ms = [1_000_000]
    async with bench(wall_ms=lambda: now_ms[0]) as made:
        await proven(made)
        assert made.driver.status().health is Health.READY
        now_ms[0] += 3_600_000
        made.device.misbehave(Fault.MUTE)
        status = made.driver.status()
        assert status.health is Health.UNKNOWN
        assert status.detail == "The printer has said nothing for 3600 seconds."


async def test_the_watch_notices_paper_and_power_without_a_job():
    async with bench() as made:
        await until(lambda: made.driver.status().health is Health.READY)
        made.device.misbehave(Fault.PAPER_OUT)
        await until(lambda: made.driver.status().health is Health.PAPER_OUT)
        await made.device.recover()
        await until(lambda: made.driver.status().health is Health.READY)
        made.device.misbehave(Fault.POWER_OFF)
        await until(lambda: made.driver.status().health is Health.OFFLINE)


async def test_replaced_characters_are_reported_with_the_outcome():
    async with bench() as made:
        result = await made.driver.print(Document(title="", elements=(Text(text="豆腐"),)), "job")
        assert result.outcome is PrintOutcome.CONFIRMED
        assert result.detail == "The printer lacks 腐豆; they were replaced."


async def test_an_encoder_that_cannot_be_loaded_fails_with_a_sentence_and_prints_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    broken = EscposEncoder(columns=42, page=CodePage("CP858"), cache=tmp_path / "file" / "x")
    async with bench() as made:
        made.driver._encoder = broken
        result = await made.driver.print(receipt(1), "job")
        assert result.outcome is PrintOutcome.FAILED
        assert result.detail.startswith("python-escpos cannot be loaded")


@pytest.mark.parametrize("sensor", [True, False])
async def test_a_drawer_with_a_sensor_says_whether_it_opened(sensor):
    async with bench(device=SimulatedPrinter(drawer_sensor=sensor)) as made:
        result = await PrinterDrawer(made.driver, pin=2, open_level="high").open("job")
        assert result.outcome is (PrintOutcome.CONFIRMED if sensor else PrintOutcome.UNKNOWN)
        assert made.device.paper.pulses == [2]


async def test_the_drawer_opens_at_once_or_never_when_the_paper_is_out():
    async with bench() as made:
        await proven(made)
        made.device.misbehave(Fault.PAPER_OUT)
        drawer = PrinterDrawer(made.driver, pin=5, open_level="none")
        assert (await drawer.open("job")).outcome is PrintOutcome.PRESUMED
        await until(lambda: made.device.paper.pulses == [5])
        assert drawer.status().health is Health.READY
        await made.device.recover()
        await asyncio.sleep(0.05)
        assert made.device.paper.pulses == [5]
        made.device.misbehave(Fault.FREEZE)
        assert (await drawer.open("job")).outcome is PrintOutcome.FAILED
        await made.device.recover()
        assert made.device.paper.pulses == [5]


async def test_a_cancelled_caller_leaves_a_printer_that_can_go_on():
    async with bench() as made:
        await proven(made)
        made.device.misbehave(Fault.FREEZE, after=60)
        job = asyncio.create_task(made.driver.print(receipt(1), "job-1"))
        await asyncio.sleep(0.1)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        made.device.misbehave(Fault.POWER_OFF)
        await made.device.recover()
        await back(made)


def test_the_whole_stream_of_a_day_decodes_to_receipts_and_no_pulse_inside():
    stream = decode(job() + b"\x1dr\x01" + b"\x1bp\x00\x19\xfa" + job())
    assert len(stream.receipts) == 2
    assert stream.pulses_inside_receipts == 0


def test_the_deadlines_of_the_real_limits_are_those_that_are_documented():
    limits = PrintLimits()
    assert (limits.job_s, limits.status_s, limits.stalled_s) == (15.0, 2.0, 5.0)
