"""What every receipt printer driver promises, over every way to reach one."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from dev_escpos_decoder import decode
from dev_printers import SHORT, bench, encoder, receipt
from devices.drawer import PrinterDrawer
from devices.escpos_printer import EscposPrinter
from devices.factory import build
from devices.file_printer import FilePrinter
from devices.simulated_printer import SimulatedPrinter
from store.register.peripherals import DevicesConfig, Health, PrintOutcome
from store.sale.layout import render_text


@dataclass
class Subject:
    """A driver under test, what its paper says, and the best outcome it can give."""

    driver: EscposPrinter | FilePrinter
    slips: "callable"
    pulses: "callable"
    best: PrintOutcome


@pytest.fixture(params=["file", "tcp", "pty", "mute tcp", "pipe"])
async def subject(request, tmp_path) -> AsyncIterator[Subject]:
    if request.param == "file":
        path = tmp_path / "paper"
        driver = FilePrinter(path, encoder(), limits=SHORT)
        await driver.start()
        yield Subject(
            driver,
            lambda: rows_of(path),
            lambda: len(decode(path.read_bytes()).pulses),
            PrintOutcome.CONFIRMED,
        )
        await driver.close()
    elif request.param == "pipe":
        async with pipe_subject(tmp_path) as made:
            yield made
    else:
        device = SimulatedPrinter()
        mute = request.param == "mute tcp"
        if mute:
            from devices.simulated_printer import Fault

            device.misbehave(Fault.MUTE)
        async with bench("pty" if request.param == "pty" else "tcp", device) as made:
            yield Subject(
                made.driver,
                lambda: [[row.text for row in slip] for slip in device.paper.slips],
                lambda: len(device.paper.pulses),
                PrintOutcome.PRESUMED if mute else PrintOutcome.CONFIRMED,
            )


def pipe_subject(tmp_path):
    """A named pipe with a reader: the plainest printer there is."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def make():
        path, collected = tmp_path / "pipe", bytearray()
        os.mkfifo(path)
        reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(reading, True)

        def read() -> None:
            while data := os.read(reading, 4096):
                collected.extend(data)

        driver = build(DevicesConfig(printer=str(path)), tmp_path).printer
        driver._limits = SHORT
        await driver.start()
        while driver._link.stream is None:
            await asyncio.sleep(0.01)
        thread = threading.Thread(target=read)
        thread.start()
        try:
            yield Subject(
                driver,
                lambda: [slip.rows for slip in decode(bytes(collected)).receipts],
                lambda: len(decode(bytes(collected)).pulses),
                PrintOutcome.PRESUMED,
            )
        finally:
            await driver.close()
            await asyncio.to_thread(thread.join)
            os.close(reading)

    return make()


def rows_of(path) -> list[list[str]]:
    return [slip.rows for slip in decode(path.read_bytes()).receipts]


async def test_a_receipt_is_on_paper_when_the_printer_says_so(subject):
    result = await subject.driver.print(receipt(7), "job-7")
    assert result.outcome is subject.best
    if subject.best is PrintOutcome.PRESUMED:
        await asyncio.sleep(0.05)
    assert subject.slips() == [render_text(receipt(7), 42)]


async def test_receipts_come_out_whole_and_in_the_order_of_asking(subject):
    results = await asyncio.gather(*(subject.driver.print(receipt(n), f"job-{n}") for n in range(4)))
    assert {result.outcome for result in results} == {subject.best}
    await asyncio.sleep(0.05)
    assert sorted(slip[0] for slip in subject.slips()) == [f"Receipt {n}" for n in range(4)]
    assert all(len(slip) == 9 for slip in subject.slips())


async def test_the_drawer_is_a_job_of_its_own_and_no_receipt_ever_opens_it(subject):
    drawer = PrinterDrawer(subject.driver, pin=2, open_level="none")
    await subject.driver.print(receipt(1), "job-1")
    await subject.driver.print(receipt(1), "job-2")
    await asyncio.sleep(0.05)
    assert subject.pulses() == 0
    opened, printed = await asyncio.gather(drawer.open("job-3"), subject.driver.print(receipt(2), "job-4"))
    assert opened.outcome is PrintOutcome.PRESUMED
    assert printed.outcome is subject.best
    await asyncio.sleep(0.05)
    assert subject.pulses() == 1
    assert len(subject.slips()) == 3


async def test_status_is_there_at_once_and_names_device_and_kind(subject):
    await subject.driver.print(receipt(), "job")
    status = subject.driver.status()
    assert (status.device, status.kind) == ("printer", "printer")
    well = Health.READY if subject.best is PrintOutcome.CONFIRMED else Health.UNKNOWN
    assert status.health is well


async def test_a_closed_printer_refuses_with_a_sentence_or_still_writes_its_file(subject):
    await subject.driver.close()
    result = await subject.driver.print(receipt(), "job")
    if isinstance(subject.driver, FilePrinter):
        assert result.outcome is PrintOutcome.CONFIRMED
    else:
        assert result.outcome is PrintOutcome.FAILED
        assert result.detail.endswith(".")
    if subject.best is PrintOutcome.PRESUMED:
        assert subject.slips() == []
