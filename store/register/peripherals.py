"""The protocols that device drivers implement; the core knows no more of a device (docs/devices.md)."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import msgspec

from store.exchange.hardware_profile import DevicesConfig
from store.sale.document import Document

__all__ = [
    "DeviceSet",
    "DeviceStatus",
    "DevicesConfig",
    "Drawer",
    "Health",
    "PrintOutcome",
    "PrintResult",
    "ReceiptPrinter",
    "ScanReading",
    "Scanner",
]


class Health(StrEnum):
    """How a device stands. Silence is UNKNOWN, never READY."""

    READY = "ready"
    OFFLINE = "offline"
    PAPER_OUT = "paper_out"
    COVER_OPEN = "cover_open"
    FAULT = "fault"
    UNKNOWN = "unknown"


class DeviceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Last known state of a device; `detail` is a sentence for a person with its cure."""

    device: str
    kind: str
    health: Health
    detail: str = ""
    since_ms: int = 0
    """Wall time at which the device came into this state; 0 before the first look."""
    heard_ms: int = 0
    """Wall time at which the device last said anything; 0 when it never did. What was heard long ago is UNKNOWN now."""


class PrintOutcome(StrEnum):
    """What is known of a print job after the attempt."""

    CONFIRMED = "confirmed"
    PRESUMED = "presumed"
    """All bytes handed over to a printer that can confirm nothing."""
    FAILED = "failed"
    """Nothing left the register; safe to try again."""
    UNKNOWN = "unknown"
    """Some bytes went out; paper may or may not hold them."""


class PrintResult(msgspec.Struct, frozen=True, kw_only=True):
    """Outcome of one attempt with a sentence for a person."""

    outcome: PrintOutcome
    detail: str = ""


class ReceiptPrinter(Protocol):
    """A printer of documents."""

    def status(self) -> DeviceStatus:
        """Last known state; never blocks."""
        ...

    async def print(self, document: Document, job_id: str) -> PrintResult:
        """Print one document within the driver's deadline; never raises for device trouble."""
        ...

    def listen(self, take: Callable[[str], None]) -> None:
        """Call `take` with the id of a job that ended UNKNOWN once the printer says that it is on paper after all.

        So it goes when the roll is changed in the middle of a receipt: the rest prints, and no copy is needed.
        """
        ...

    async def start(self) -> None:
        """Claim the device and begin to watch it; a missing device is a status, not an error."""
        ...

    async def close(self) -> None:
        """Give the device back."""
        ...


class Drawer(Protocol):
    """A cash drawer."""

    def status(self) -> DeviceStatus:
        """Last known state; never blocks."""
        ...

    async def open(self, job_id: str) -> PrintResult:
        """Send one pulse; no automatic repeat."""
        ...

    async def start(self) -> None:
        """Claim the device; a missing device is a status, not an error."""
        ...

    async def close(self) -> None:
        """Give the device back."""
        ...


class ScanReading(msgspec.Struct, frozen=True, kw_only=True):
    """One framed read of a scanner; with an `error` (a sentence) `text` is only for showing, never looked up."""

    device: str
    text: str
    symbology: str = ""
    error: str = ""


class Scanner(Protocol):
    """A scanner that pushes readings."""

    def status(self) -> DeviceStatus:
        """Last known state; never blocks."""
        ...

    def listen(self, take: Callable[[ScanReading], None]) -> None:
        """Call `take` for every reading from now on, in order, on the event loop."""
        ...

    async def start(self) -> None:
        """Claim the device and begin to read; a missing device is a status, not an error."""
        ...

    async def close(self) -> None:
        """Give the device back."""
        ...


class DeviceSet(msgspec.Struct, frozen=True, kw_only=True):
    """The devices of one register; a register without a printer shows receipts as paper on the screen."""

    printer: ReceiptPrinter | None = None
    drawer: Drawer | None = None
    scanners: tuple[Scanner, ...] = ()
