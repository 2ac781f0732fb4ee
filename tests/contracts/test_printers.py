"""What every receipt printer driver promises, over every way to reach one."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from dev_escpos_decoder import Stream, decode
from dev_printers import SHORT, bench, encoder, receipt
from dev_waiting import until
from devices.drawer import PrinterDrawer
from devices.printer.escpos_printer import EscposPrinter
from devices.printer.file_printer import FilePrinter
from devices.simulated.printer import Fault, SimulatedPrinter
from devices.wire.address import NodeAddress
from devices.wire.node_port import open_node
from store.register.peripherals import Health, PrintOutcome
from store.sale.layout import render_text


@dataclass
class Subject:
    """A driver under test, what its paper says, and the best outcome it can give."""

    driver: EscposPrinter | FilePrinter
    slips: Callable[[], list[list[str]]]
    pulses: Callable[[], int]
    best: PrintOutcome


@pytest.fixture(params=["file", "tcp", "pty", "mute tcp", "pipe"])
async def subject(request, tmp_path) -> AsyncIterator[Subject]:
    make = {"file": on_a_file, "pipe": on_a_pipe}.get(request.param)
    async with make(tmp_path) if make else on_a_device(request.param) as made:
        yield made


@asynccontextmanager
async def on_a_file(folder) -> AsyncIterator[Subject]:
    path = folder / "paper"
    driver = FilePrinter(path, encoder(), limits=SHORT)
    await driver.start()
    yield subject_of(driver, lambda: decode(path.read_bytes()), PrintOutcome.CONFIRMED)
    await driver.close()


@asynccontextmanager
async def on_a_device(kind: str) -> AsyncIterator[Subject]:
    device = SimulatedPrinter()
    mute = kind == "mute tcp"
    if mute:
        device.misbehave(Fault.MUTE)
    async with bench("pty" if kind == "pty" else "tcp", device) as made:
        yield Subject(
            made.driver,
            lambda: [[row.text for row in slip] for slip in device.paper.slips],
            lambda: len(device.paper.pulses),
            PrintOutcome.PRESUMED if mute else PrintOutcome.CONFIRMED,
        )


@asynccontextmanager
async def on_a_pipe(folder) -> AsyncIterator[Subject]:
    """A named pipe with a reader: the plainest printer there is."""
    path, collected = folder / "pipe", bytearray()
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reading, True)

    def read() -> None:
        while data := os.read(reading, 4096):
            collected.extend(data)

    driver = EscposPrinter(
        lambda: open_node(NodeAddress(path=str(path)), for_writing=True),
        encoder(),
        name=str(path),
        limits=SHORT,
    )
    await driver.start()
    await until(lambda: "connected" in driver.status().detail)
    thread = threading.Thread(target=read)
    thread.start()
    yield subject_of(driver, lambda: decode(bytes(collected)), PrintOutcome.PRESUMED)
    await driver.close()
    await asyncio.to_thread(thread.join)
    os.close(reading)


def subject_of(
    driver: EscposPrinter | FilePrinter, stream: Callable[[], Stream], best: PrintOutcome
) -> Subject:
    return Subject(
        driver,
        lambda: [slip.rows for slip in stream().receipts],
        lambda: len(stream().pulses),
        best,
    )


async def test_a_receipt_is_on_paper_when_the_printer_says_so(subject):
    result = await subject.driver.print(receipt(7), "job-7")
    assert result.outcome is subject.best
    if subject.best is PrintOutcome.PRESUMED:
        await asyncio.sleep(0.05)
    assert subject.slips() == [render_text(receipt(7), 42)]


async def test_receipts_asked_for_at_once_come_out_whole_one_after_another(subject):
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


async def test_status_names_the_device_and_silence_is_never_ready(subject):
    await subject.driver.print(receipt(), "job")
    status = subject.driver.status()
    assert (status.device, status.kind) == ("printer", "printer")
    well = Health.READY if subject.best is PrintOutcome.CONFIRMED else Health.UNKNOWN
    assert status.health is well


async def test_a_closed_printer_refuses_with_a_sentence_and_a_file_needs_no_opening(subject):
    await subject.driver.close()
    result = await subject.driver.print(receipt(), "job")
    if isinstance(subject.driver, FilePrinter):
        assert result.outcome is PrintOutcome.CONFIRMED
    else:
        assert result.outcome is PrintOutcome.FAILED
        assert result.detail.endswith(".")
        assert subject.slips() == []
