"""What receipt printers answer (Epson's command descriptions). Pure: bytes in, answers out.

Answers are told apart by their fixed bits: 0xx1xx10 a real-time status (DLE EOT), 0xx0xxxx a paper status (GS r),
37h ... 00h and 5Fh ... 00h blocks, 0xx1xx00 and three more bytes an automatic status, 11h and 13h flow control.
"""

import msgspec

from store.register.peripherals import Health

RESET = b"\x1b@"
FENCE_STATUS = b"\x1dr\x01"
"""GS r 1: waits in the printer's buffer behind the receipt and is answered when its turn comes."""

BLOCK_STARTS = {0x37, 0x5F}
LONGEST_BLOCK = 80
"""A block that does not end is line noise."""


class RealTimeStatus(msgspec.Struct, frozen=True):
    """The answer to DLE EOT n; which n is known from the order of asking."""

    bits: int


class PaperStatus(msgspec.Struct, frozen=True):
    """The answer to GS r: all before it in the buffer has been done."""

    bits: int


class ProcessId(msgspec.Struct, frozen=True):
    """The answer to GS ( H function 48: all before it has been printed."""

    id: bytes


Answer = RealTimeStatus | PaperStatus | ProcessId


def ask(n: int) -> bytes:
    """DLE EOT n: 1 printer, 2 cause of being off-line, 3 of an error, 4 paper. Answered at once, also off-line."""
    return bytes([0x10, 0x04, n])


def fence_id(number: int) -> bytes:
    """GS ( H function 48 with a 4-digit id from `number`."""
    return b"\x1d(H\x06\x00\x30\x30" + process_id(number)


def process_id(number: int) -> bytes:
    """The id in the answer to `fence_id(number)`; digits, since the command allows only printable ASCII."""
    return b"%04d" % (number % 10_000)


def pulse(pin: int, *, on_ms: int = 50, off_ms: int = 500) -> bytes:
    """ESC p: open the drawer at `pin` (2 or 5). Complete with its two times, in units of 2 ms."""
    return bytes([0x1B, 0x70, 0 if pin == 2 else 1, on_ms // 2, min(off_ms // 2, 255)])


def real_time_pulse(pin: int) -> bytes:
    """DLE DC4 1: the same, obeyed also while the printer is off-line (100 ms on)."""
    return bytes([0x10, 0x14, 0x01, 0 if pin == 2 else 1, 0x01])


class AnswerParser:
    """Sorts what a printer sends."""

    def __init__(self) -> None:
        self._block = bytearray()
        self._automatic = 0

    def feed(self, data: bytes) -> list[Answer]:
        """The answers that `data` completes."""
        return [answer for byte in data if (answer := self._byte(byte)) is not None]

    def _byte(self, byte: int) -> Answer | None:
        if self._block:
            return self._in_block(byte)
        if byte in BLOCK_STARTS:
            self._block.append(byte)
        elif byte & 0x93 == 0x12:
            self._automatic = 0
            return RealTimeStatus(byte)
        elif byte & 0x93 == 0x10:
            self._automatic = 3
        elif byte & 0x90 == 0:
            if self._automatic:
                self._automatic -= 1
            else:
                return PaperStatus(byte)
        return None

    def _in_block(self, byte: int) -> Answer | None:
        self._block.append(byte)
        if byte != 0 and len(self._block) < LONGEST_BLOCK:
            return None
        block = bytes(self._block)
        self._block.clear()
        if byte == 0 and block[:2] == b"\x37\x22" and len(block) == 7:
            return ProcessId(block[2:6])
        return None


def health_of(printer: int, cause: int, paper: int) -> tuple[Health, str]:
    """What the answers to DLE EOT 1, 2 and 4 say, with a sentence for a person."""
    if cause & 0x04:
        return Health.COVER_OPEN, "The cover of the printer is open. Close it."
    if cause & 0x20 or paper & 0x60:
        return Health.PAPER_OUT, "The printer is out of paper. Put in a new roll."
    if cause & 0x40:
        return Health.FAULT, "The printer reports a fault. Open and close it, look for jammed paper."
    if printer & 0x08:
        return Health.OFFLINE, "The printer is off-line. Press its feed or on-line key."
    if paper & 0x0C:
        return Health.READY, "The paper is nearly used up."
    return Health.READY, ""


def drawer_is_high(printer: int) -> bool:
    """Level of the drawer's sensor in the answer to DLE EOT 1. What it means depends on the drawer."""
    return bool(printer & 0x04)
