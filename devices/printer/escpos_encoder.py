"""Documents as ESC/POS bytes, built with python-escpos.

python-escpos builds bytes and nothing else: it never opens a device. It is imported at the first use, in a thread,
because the import takes a quarter of a second; `_import_dummy` keeps its side effects away. What 3.1 gets wrong we do
ourselves: code pages (devices/printer/code_pages.py), barcodes (it prints a notice to stdout), centred QR codes (it
raises).
"""

import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import Any, Protocol

import msgspec

from devices.errors import DeviceError
from devices.printer.code_pages import CodePage
from store.sale.document import Barcode, Cut, Document, Logo, Qr
from store.sale.layout import Line, lay_out

ESC, GS, FS = b"\x1b", b"\x1d", b"\x1c"
DOTS_PER_COLUMN = 12
"""Font A of receipt printers with 203 dots per inch."""
QR_DOTS = 4
"""Size of one QR module: half a millimetre, readable by telephones."""
LONGEST_QR = 2_000
"""Bytes. More gives modules too small for thermal paper."""


class Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """A print job as bytes, and the characters that the printer lacks and that were replaced."""

    data: bytes
    replaced: str = ""


class ReceiptEncoder(Protocol):
    """Turns documents into what one kind of printer understands. May block; called in a thread."""

    def prepare(self) -> None:
        """Load what encoding needs. Raises DeviceError."""
        ...

    def encode(self, document: Document) -> Encoded:
        """One job: reset, text, cut. Raises DeviceError."""
        ...


class EscposEncoder:
    """The encoder for ESC/POS printers with `columns` characters of font A in a line."""

    def __init__(self, *, columns: int, page: CodePage, cache: Path) -> None:
        """`cache`: a folder for what python-escpos wants to keep between starts."""
        self._columns = columns
        self._page = page
        self._cache = cache
        self._dummy: Any = None
        self._loading = threading.Lock()

    def prepare(self) -> None:
        """Import python-escpos. Raises DeviceError."""
        with self._loading:
            if self._dummy is None:
                self._dummy = _import_dummy(self._cache)

    def encode(self, document: Document) -> Encoded:
        """One job. ESC @ drops what a broken job left, the page follows it, the cut is the end. Raises DeviceError."""
        self.prepare()
        job = self._dummy()
        replaced: set[str] = set()
        job.hw("INIT")
        job._raw(ESC + b"R\x00" + ESC + b"t" + bytes([self._page.number]))
        lines = lay_out(document, self._columns)
        if not lines or not isinstance(lines[-1].symbol, Cut):
            lines = [*lines, Line(symbol=Cut())]
        bold, size = False, 1
        for line in lines:
            if line.symbol is not None:
                self._symbol(job, line.symbol, replaced)
                continue
            if line.bold != bold:
                bold = line.bold
                job.set(bold=bold)
            if line.size != size:
                size = line.size
                job.set(custom_size=True, width=min(size, 2), height=min(size, 2))
            job._raw(self._page.encode(line.text, replaced) + b"\n")
        return Encoded(data=bytes(job.output), replaced="".join(sorted(replaced)))

    def _symbol(self, job: Any, symbol: Barcode | Qr | Logo | Cut, replaced: set[str]) -> None:
        if isinstance(symbol, Cut):
            job.cut(mode="PART", feed=False)  # feeds to the blade and leaves the paper hanging by a point
            return
        if isinstance(symbol, Logo):
            job.set(align="center")
            job._raw(
                FS + b"p" + bytes([min(max(symbol.number, 1), 255)]) + b"\x00"
            )  # a number it lacks prints nothing
            job.set(align="left")
            return
        if isinstance(symbol, Qr):
            drawn = len(symbol.data.encode()) <= LONGEST_QR
            if drawn and symbol.data:
                job.set(align="center")
                job.qr(symbol.data, native=True, size=QR_DOTS)
                job.set(align="left")
        else:
            drawn = self._barcode(job, symbol.data)
        if not drawn:
            for line in lay_out(_as_text(symbol.data), self._columns):
                job._raw(self._page.encode(line.text, replaced) + b"\n")

    def _barcode(self, job: Any, data: str) -> bool:
        """Draw Code 128 (set B) with its text below; False when it does not fit or cannot hold the text."""
        if not data or not (data.isascii() and data.isprintable()):
            return False
        modules = 11 * (len(data) + 2) + 13
        width = 2 if 2 * modules <= self._columns * DOTS_PER_COLUMN else 1
        payload = b"{B" + data.replace("{", "{{").encode("ascii")
        if modules * width > self._columns * DOTS_PER_COLUMN or len(payload) > 255:
            return False
        job.set(align="center")
        job._raw(GS + b"h\x40" + GS + b"w" + bytes([width]) + GS + b"H\x02" + GS + b"f\x00")
        job._raw(GS + b"k\x49" + bytes([len(payload)]) + payload)
        job.set(align="left")
        return True


def _as_text(data: str) -> Document:
    from store.sale.document import Text

    return Document(title="", elements=(Text(text=data),))


def _import_dummy(cache: Path) -> Any:
    """Import python-escpos. Raises DeviceError.

    What it keeps between starts may be torn by a power cut: then it is thrown away and made again.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        try:
            return _import_without_traces(cache)
        except Exception:  # whatever unpickling may raise
            for kept in cache.glob("*.pickle"):
                kept.unlink()
            return _import_without_traces(cache)
    except Exception as error:  # a library's own mistake
        raise DeviceError(
            f"python-escpos cannot be loaded: {error}. Receipts wait until it is repaired."
        ) from error


def _import_without_traces(cache: Path) -> Any:
    """Import python-escpos without what its import does to the process.

    It calls logging.basicConfig (a handler on the root logger draws over the screen), makes a temporary folder that it
    leaves behind, and parses 96 kB of YAML unless a kept folder holds the result.
    """
    silence = logging.NullHandler()
    variable = "ESCPOS_CAPABILITIES_PICKLE_DIR"
    before, temporary = os.environ.get(variable), tempfile.tempdir
    logging.getLogger().addHandler(silence)
    try:
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            os.environ[variable] = str(cache)
            tempfile.tempdir = folder
            from escpos.printer import Dummy
    finally:
        tempfile.tempdir = temporary
        logging.getLogger().removeHandler(silence)
        if before is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = before
    return Dummy
