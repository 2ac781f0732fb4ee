"""Cash drawers: at the printer's plug, or on a serial line of their own.

A pulse is always a job of its own, so that a reprinted receipt can never open the drawer, and it is never repeated by
itself. Outcomes: CONFIRMED the sensor says open, PRESUMED sent (most drawers have no sensor), FAILED nothing was sent.
"""

import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from devices.errors import DeviceOffline, TransferBroken
from devices.printer.escpos_protocol import pulse
from devices.printer.print_job import failed, unknown
from devices.printer.print_limits import PrintLimits
from devices.wire.byte_stream import ByteStream
from devices.wire.link import Link, Opener
from store.register.peripherals import DeviceStatus, Health, PrintOutcome, PrintResult


class PulsingPrinter(Protocol):
    """A printer with a plug for a drawer."""

    def status(self) -> DeviceStatus:
        """Last known state of the printer."""
        ...

    async def pulse(self, pin: int, open_level: str) -> PrintResult:
        """Send one pulse."""
        ...


class PrinterDrawer:
    """The `Drawer` of store/register/peripherals.py at a printer; the printer is started and closed by its owner."""

    def __init__(self, printer: PulsingPrinter, *, pin: int, open_level: str, device: str = "drawer") -> None:
        self._printer = printer
        self._pin = pin
        self._open_level = open_level
        self._device = device

    def status(self) -> DeviceStatus:
        """As its printer: without that it cannot be opened. Paper and cover do not hinder it."""
        status = self._printer.status()
        well = status.health in (Health.READY, Health.PAPER_OUT, Health.COVER_OPEN)
        return msgspec.structs.replace(
            status,
            device=self._device,
            kind="drawer",
            health=Health.READY if well else status.health,
            detail="" if well else status.detail,
        )

    async def open(self, job_id: str) -> PrintResult:
        """Send one pulse through the printer."""
        return await self._printer.pulse(self._pin, self._open_level)

    async def start(self) -> None:
        """The printer is started by its owner."""

    async def close(self) -> None:
        """The printer is closed by its owner."""


class SerialDrawer:
    """A drawer with a trigger on a serial line of its own, obeying the printers' pulse."""

    def __init__(
        self,
        opener: Opener,
        *,
        name: str,
        path: str,
        pin: int,
        device: str = "drawer",
        limits: PrintLimits | None = None,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._pin = pin
        self._limits = limits or PrintLimits()
        self._wall_ms = wall_ms
        self._link = Link(opener, name=name, up=self._up, down=self._down, path=path)
        self._status = DeviceStatus(
            device=device, kind="drawer", health=Health.OFFLINE, detail=self._link.reason
        )

    def status(self) -> DeviceStatus:
        """Whether its line is open; such a drawer says nothing itself."""
        return self._status

    async def open(self, job_id: str) -> PrintResult:
        """Send one pulse."""
        try:
            stream = await self._link.connected(self._limits.connect_s)
            await stream.write(pulse(self._pin), stalled_after_s=self._limits.status_s)
        except DeviceOffline as error:
            return failed(error.reason)
        except TransferBroken as error:
            return unknown(error.reason) if error.sent else failed(error.reason)
        return PrintResult(outcome=PrintOutcome.PRESUMED)

    async def start(self) -> None:
        """Begin to open the line, in the background."""
        self._link.start()

    async def close(self) -> None:
        """Give the line back."""
        await self._link.aclose()

    def _up(self, stream: ByteStream) -> None:
        stream.listen(lambda data: None)  # reading is how an unplugged line is noticed
        self._set(Health.UNKNOWN, "Its line is open; a drawer says nothing itself.")

    def _down(self, reason: str) -> None:
        self._set(Health.OFFLINE, reason)

    def _set(self, health: Health, detail: str) -> None:
        self._status = msgspec.structs.replace(
            self._status, health=health, detail=detail, since_ms=self._wall_ms()
        )
