"""Printers for tests: one simulated device and the driver for it, with deadlines of milliseconds."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from devices.printer.code_pages import CodePage
from devices.printer.escpos_encoder import EscposEncoder
from devices.printer.escpos_printer import EscposPrinter
from devices.printer.print_limits import PrintLimits
from devices.printer.printer_memory import PrinterMemory
from devices.simulated.printer import SimulatedPrinter
from devices.wire.address import SerialAddress, TcpAddress, printer_address
from devices.wire.network_port import open_tcp
from devices.wire.serial_port import open_serial
from store.sale.document import Columns, Cut, Document, Text

SHORT = PrintLimits(
    job_s=0.8,
    status_s=0.15,
    connect_s=0.5,
    stalled_s=0.3,
    watch_s=0.2,
    trouble_s=0.1,
    quiet_s=0.03,
    mute_s=0.05,
    unproven_s=0.3,
    bytes_per_s=100_000,
    warm_up_s=0.0,
)


def receipt(number: int = 1, lines: int = 8) -> Document:
    """A receipt that can be told from others by its first row."""
    items = tuple(Columns(left=f"Item {line}", right=f"{line}.09") for line in range(lines))
    return Document(title=f"Receipt {number}", elements=(Text(text=f"Receipt {number}"), *items, Cut()))


def encoder() -> EscposEncoder:
    """Keeps python-escpos' cache where `tests/conftest.py` keeps what this run leaves."""
    cache = Path(os.environ["XDG_CACHE_HOME"]) / "escpos"
    return EscposEncoder(columns=42, page=CodePage("CP858"), cache=cache)


@dataclass
class Bench:
    """A driver and the simulated device at the other end."""

    driver: EscposPrinter
    device: SimulatedPrinter

    @property
    def slips(self) -> list[str]:
        """First rows of the slips that were cut off."""
        return [slip[0].text for slip in self.device.paper.slips]


@asynccontextmanager
async def bench(kind: str = "tcp", device: SimulatedPrinter | None = None, **options) -> AsyncIterator[Bench]:
    """A started driver connected with a simulated printer over `tcp` or `pty`."""
    encoder().prepare()  # its first import would take much of the short deadlines
    device = device or SimulatedPrinter()
    text = await device.listen_tcp() if kind == "tcp" else device.open_pty()
    address = printer_address(text)
    options = {"limits": SHORT, "memory": PrinterMemory(None, text), **options}

    async def open_it():
        if isinstance(address, TcpAddress):
            return await open_tcp(address, connect_within_s=0.3)
        assert isinstance(address, SerialAddress)
        return await open_serial(address, keep_input=False)

    driver = EscposPrinter(
        open_it,
        encoder(),
        name=str(address),
        path="" if kind == "tcp" else text,
        keeps_answers=kind != "tcp",
        **options,
    )
    await driver.start()
    try:
        yield Bench(driver, device)
    finally:
        await driver.close()
        await device.close()
