"""A CSV file as it arrives, piece by piece, as records with their line numbers. Pure.

UTF-8, with or without a byte order mark; separated by comma, semicolon or tab, whichever the heading has most of; lines
may end in LF, CR LF or CR; a quoted cell may hold line ends.
"""

import codecs
import csv
import io
from collections.abc import Iterator

import msgspec

from store.headquarters.errors import WrongInput

MAX_RECORD = 65_536
"""Characters of one record; more is a quote that was never closed."""
MAX_COLUMNS = 60
DELIMITERS = ",;\t"


class Record(msgspec.Struct, frozen=True):
    """The cells of a record and the line on which it begins, counted from 1."""

    line: int
    cells: list[str]


class RecordReader:
    """Takes bytes in, gives records out; the heading is the first of them."""

    def __init__(self) -> None:
        self._decoder = io.IncrementalNewlineDecoder(
            codecs.getincrementaldecoder("utf-8-sig")(), translate=True
        )
        self._left = ""
        self._record: list[str] = []
        self._size = 0
        self._quotes = 0
        self._line = 0
        self._begins = 1
        self._delimiter = ""

    def feed(self, data: bytes, *, last: bool = False) -> Iterator[Record]:
        """The records that are complete with this piece; raises WrongInput."""
        try:
            text = self._left + self._decoder.decode(data, final=last)
        except UnicodeDecodeError as error:
            raise WrongInput(
                f"The file is no UTF-8 text somewhere behind line {self._line}; save it as CSV with UTF-8."
            ) from error
        lines = text.split("\n")
        self._left = "" if last else lines.pop()
        if len(self._left) > MAX_RECORD:
            raise self._too_long(self._begins if self._record else self._line + 1)
        for line in lines:
            yield from self._take(line)
        if last and self._record:
            raise WrongInput(f"The quote that opens in line {self._begins} is never closed.")

    def _take(self, line: str) -> Iterator[Record]:
        self._line += 1
        if not self._record:
            self._begins = self._line
        self._record.append(line)
        self._size += len(line)
        self._quotes += line.count('"')
        if self._size > MAX_RECORD:
            raise self._too_long(self._begins)
        if self._quotes % 2:
            return
        text = "\n".join(self._record)
        self._record, self._size, self._quotes = [], 0, 0
        if text.strip():
            yield Record(self._begins, self._cells(text))

    def _cells(self, text: str) -> list[str]:
        if not self._delimiter:
            self._delimiter = max(DELIMITERS, key=text.count)
        try:
            [cells] = csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter, strict=True)
        except (csv.Error, ValueError) as error:
            raise WrongInput(f"Line {self._begins} cannot be read as CSV: {error}.") from error
        if len(cells) > MAX_COLUMNS:
            raise WrongInput(f"Line {self._begins} has {len(cells)} columns; {MAX_COLUMNS} are the most.")
        return cells

    def _too_long(self, line: int) -> WrongInput:
        return WrongInput(f"Line {line} is too long; is a quote missing?")
