"""ESC/POS bytes as a printer understands them: a stream cut into commands, and paper with rows on it. Pure."""

import msgspec

PARAMETERS = {
    b"\x1b@": 0, b"\x1bt": 1, b"\x1bR": 1, b"\x1ba": 1, b"\x1bE": 1, b"\x1b!": 1, b"\x1bd": 1, b"\x1bp": 3,
    b"\x1b-": 1, b"\x1bM": 1, b"\x1b2": 0, b"\x1b3": 1, b"\x1bG": 1, b"\x1b{": 1,
    b"\x1d!": 1, b"\x1dh": 1, b"\x1dw": 1, b"\x1dH": 1, b"\x1df": 1, b"\x1dr": 1, b"\x1dI": 1, b"\x1da": 1, b"\x1dB": 1,
    b"\x10\x04": 1, b"\x10\x14": 3,
}  # fmt: skip
"""Commands with a fixed number of parameter bytes."""

PAGES = {0: "cp437", 2: "cp850", 16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858"}
"""Argument of ESC t, by Epson's command reference."""


class Command(msgspec.Struct, frozen=True):
    """One command: its two or three opening bytes (a text has none) and what belongs to it."""

    name: bytes
    data: bytes


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One printed line."""

    text: str
    bold: bool = False
    size: int = 1
    symbol: str = ""
    """"barcode" or "qr" when `text` is the content of a symbol."""


class CommandSplitter:
    """Cuts a stream into commands; what is incomplete waits for more."""

    def __init__(self) -> None:
        self._waiting = b""

    def feed(self, data: bytes) -> list[Command]:
        """The commands that `data` completes. Text comes byte by byte or in runs, line ends as `\\n`."""
        buffer = self._waiting + data
        commands: list[Command] = []
        at = 0
        while at < len(buffer):
            size = _size(buffer, at)
            if size == 0 or at + size > len(buffer):
                break
            commands.append(_command(buffer[at : at + size]))
            at += size
        self._waiting = buffer[at:]
        return commands

    def forget(self) -> None:
        """Lose what is incomplete, as a printer does that is switched off."""
        self._waiting = b""


class Paper:
    """What is printed: rows of the slip in the printer, and the slips that were cut off."""

    def __init__(self) -> None:
        self.slips: list[tuple[Row, ...]] = []
        self.rows: list[Row] = []
        """Of the slip that has not been cut yet."""
        self.pulses: list[int] = []
        """Pins of the drawer pulses."""
        self.pulses_inside_receipts = 0
        self.reset()

    def reset(self) -> None:
        """ESC @ or power on: a line that was begun is lost, paper is not."""
        self._line = ""
        self._page = "cp437"
        self._bold, self._size = False, 1
        self._qr = ""

    def apply(self, command: Command) -> None:
        """Do what concerns the paper and the drawer."""
        name, data = command.name, command.data
        match name:
            case b"":
                self._text(data)
            case b"\x1b@":
                self.reset()
            case b"\x1bt":
                self._page = PAGES.get(data[0], "cp437")
            case b"\x1bE":
                self._bold = bool(data[0] & 1)
            case b"\x1d!":
                self._size = 2 if data[0] else 1
            case b"\x1bd":
                self._text(b"\n" * max(data[0], 1))
            case b"\x1bp" | b"\x10\x14":
                pin = data[0] if name == b"\x1bp" else data[1]
                self.pulses.append(5 if pin & 1 else 2)
                self.pulses_inside_receipts += bool(self.rows or self._line)
            case b"\x1dk":
                self.rows.append(Row(text=_barcode(data), symbol="barcode"))
            case b"\x1d(k":
                self._two_dimensional(data)
            case b"\x1dV":
                self.slips.append(tuple(self.rows))
                self.rows.clear()

    def text(self) -> str:
        """All paper as text, slips one below another."""
        slips = [*self.slips, tuple(self.rows)] if self.rows else self.slips
        return "\n".join("\n".join(row.text for row in slip) + "\n" for slip in slips)

    def _text(self, data: bytes) -> None:
        for byte in data:
            if byte == 0x0A:
                self.rows.append(Row(text=self._line.rstrip(), bold=self._bold, size=self._size))
                self._line = ""
            elif byte >= 0x20:
                self._line += bytes([byte]).decode(self._page, "replace")

    def _two_dimensional(self, data: bytes) -> None:
        if data[:2] == b"1P":
            self._qr = data[3:].decode("utf-8", "replace")
        elif data[:2] == b"1Q":
            self.rows.append(Row(text=self._qr, symbol="qr"))


def _size(buffer: bytes, at: int) -> int:
    """Bytes of the command that begins at `at`; 0 when that cannot be told yet."""
    if buffer[at] not in b"\x1b\x1d\x10":
        return 1
    name, rest = buffer[at : at + 2], len(buffer) - at
    if rest < 2:
        return 0
    if name in PARAMETERS:
        return 2 + PARAMETERS[name]
    if name == b"\x1dV":
        return (0 if rest < 3 else 4 if buffer[at + 2] in b"\x41\x42" else 3)  # fmt: skip
    if name == b"\x1dk":
        return _barcode_size(buffer, at)
    if name in (b"\x1d(", b"\x1b("):
        return 0 if rest < 5 else 5 + buffer[at + 3] + 256 * buffer[at + 4]
    return 2


def _barcode_size(buffer: bytes, at: int) -> int:
    if len(buffer) - at < 4:
        return 0
    if buffer[at + 2] >= 65:
        return 4 + buffer[at + 3]
    end = buffer.find(b"\0", at + 3)
    return end + 1 - at if end >= 0 else 0


def _command(data: bytes) -> Command:
    if data[0] not in b"\x1b\x1d\x10":
        return Command(b"", data)
    if data[1:2] == b"(":
        return Command(data[:3], data[5:])
    return Command(data[:2], data[2:])


def _barcode(data: bytes) -> str:
    """Content of GS k: Code 128 begins with its set, and doubles braces."""
    content = data[2:].decode("ascii", "replace")
    if data[0] == 73 and content.startswith("{"):
        content = content[2:].replace("{{", "{")
    return content
