"""Receipt bytes back to rows and commands, for comparing what is on paper with what was sold.

Written from Epson's command descriptions and sharing nothing with the encoder or with the simulated printer; what it
does not know it refuses, so a stray byte is a failure and not a blank.
"""

from dataclasses import dataclass, field

LENGTHS = {
    b"\x1bR": 1,
    b"\x1ba": 1,
    b"\x1bE": 1,
    b"\x1d!": 1,
    b"\x1dh": 1,
    b"\x1dw": 1,
    b"\x1dH": 1,
    b"\x1df": 1,
}
CODE_PAGES = {0: "cp437", 2: "cp850", 16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858"}


@dataclass
class Receipt:
    """One slip: everything between ESC @ and the cut."""

    rows: list[str] = field(default_factory=list)
    """Printed lines without trailing blanks; symbols are not among them."""
    bold: list[bool] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    """Contents of barcodes and QR codes, in order."""
    commands: list[bytes] = field(default_factory=list)
    """Everything that is not text, in order."""
    cut: bool = False

    @property
    def text(self) -> str:
        return "\n".join(self.rows)


@dataclass
class Stream:
    """All that was sent to a printer."""

    receipts: list[Receipt] = field(default_factory=list)
    pulses: list[bytes] = field(default_factory=list)
    pulses_inside_receipts: int = 0
    questions: list[bytes] = field(default_factory=list)
    """Status questions and fences."""


def decode(data: bytes) -> Stream:
    """The whole stream. Raises ValueError for what no receipt of ours may hold."""
    return _Decoder(data).run()


class _Decoder:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self.stream = Stream()
        self.receipt: Receipt | None = None
        self.page, self.bold, self.size, self.line, self.qr = "cp437", False, 1, "", ""

    def run(self) -> Stream:
        while self.at < len(self.data):
            self.step()
        if self.receipt is not None or self.line:
            raise ValueError(f"the last receipt has no cut: {self.line!r}")
        return self.stream

    def take(self, count: int) -> bytes:
        piece = self.data[self.at : self.at + count]
        if len(piece) < count:
            raise ValueError("the stream ends inside a command")
        self.at += count
        return piece

    def open_receipt(self) -> Receipt:
        if self.receipt is None:
            raise ValueError(f"text or layout outside a receipt at byte {self.at}")
        return self.receipt

    def step(self) -> None:
        first = self.data[self.at]
        if first == 0x0A:
            self.take(1)
            self.end_line()
        elif first in (0x1B, 0x1D, 0x10):
            self.command()
        elif first < 0x20 or first == 0x7F:
            raise ValueError(f"control character {first:#04x} at byte {self.at}")
        else:
            self.open_receipt()
            self.line += self.take(1).decode(self.page)

    def end_line(self) -> None:
        receipt = self.open_receipt()
        receipt.rows.append(self.line.rstrip())
        receipt.bold.append(self.bold)
        receipt.sizes.append(self.size)
        self.line = ""

    def command(self) -> None:
        name = self.take(2)
        if name == b"\x1b@":
            self.stream.receipts.append(receipt := Receipt())
            self.receipt = receipt
            self.page, self.bold, self.size = "cp437", False, 1
        elif name == b"\x1bp":
            self.stream.pulses.append(name + self.take(3))
            self.stream.pulses_inside_receipts += self.receipt is not None
        elif name == b"\x10\x14":
            self.stream.pulses.append(name + self.take(3))
        elif name in (b"\x10\x04", b"\x1dr"):
            self.stream.questions.append(name + self.take(1))
        elif name == b"\x1d(" and self.data[self.at : self.at + 1] == b"H":
            self.stream.questions.append(name + self.take(9))
        else:
            self.layout(name, self.open_receipt())

    def layout(self, name: bytes, receipt: Receipt) -> None:
        start = self.at - 2
        if name == b"\x1bt":
            self.page = CODE_PAGES[self.take(1)[0]]
        elif name == b"\x1dV":
            if self.take(2) != b"\x42\x00" or self.line:
                raise ValueError("a receipt ends with a fed partial cut behind a whole line")
            receipt.cut, self.receipt = True, None
        elif name == b"\x1dk":
            symbology, size = self.take(2)
            content = self.take(size).decode("ascii")
            if symbology != 73 or content[:2] != "{B":
                raise ValueError("barcodes are Code 128, set B")
            receipt.codes.append(content[2:].replace("{{", "{"))
        elif name == b"\x1d(":
            kind, low, high = self.take(3)
            block = self.take(low + 256 * high)
            if kind != ord("k") or block[:1] != b"1":
                raise ValueError(f"unknown block {kind:#04x}")
            if block[1:2] == b"P":
                self.qr = block[3:].decode("utf-8")
            elif block[1:2] == b"Q":
                receipt.codes.append(self.qr)
        elif name in LENGTHS:
            value = self.take(LENGTHS[name])[0]
            self.bold = bool(value & 1) if name == b"\x1bE" else self.bold
            self.size = (value & 7) + 1 if name == b"\x1d!" else self.size
        else:
            raise ValueError(f"unknown command {name!r} at byte {start}")
        receipt.commands.append(self.data[start : self.at])
