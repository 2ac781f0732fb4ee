"""The terminal's driver: Textual's, but for the Esc key and for where and how it writes.

Textual reads Esc directly followed by a character as one Alt key: Esc and then a scan within ESCDELAY (half a second
over SSH) became one strange character and a code without its first digit. Nothing here is bound to Alt keys, so Esc
that does not begin a sequence is Esc, at once, and what follows keeps its meaning.
"""

import os
import select
import selectors
import sys
import time
from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from tui.launch import IMPLICIT

if TYPE_CHECKING:
    from textual.app import App

ESCAPE = "\x1b"
SEQUENCES = frozenset("[O")
"""What follows ESC in what a terminal sends us: keys are CSI or SS3, and so are the answers to what Textual asks."""
POLL_S = 0.1
READ_BYTES = 4096


class EscapeKeys:
    """Tells the Esc key from the beginning of a sequence, in a stream that may be cut anywhere."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._since_s: float | None = None
        """When an ESC came that nothing has followed yet."""

    def take(self, text: str, now_s: float) -> Iterator[str]:
        """Pieces of `text` in order: `ESCAPE` alone for the key, everything else for the parser."""
        if self._since_s is not None:
            text, self._since_s = ESCAPE + text, None
        start = 0
        while (at := text.find(ESCAPE, start)) >= 0 and at + 1 < len(text):
            if text[at + 1] in SEQUENCES:
                start = at + 1
                continue
            if at:
                yield text[:at]
            yield ESCAPE
            text, start = text[at + 1 :], 0
        if text.endswith(ESCAPE):
            self._since_s = now_s
            text = text[:-1]
        if text:
            yield text

    def tick(self, now_s: float) -> Iterator[str]:
        """The key, once nothing has followed an ESC for the delay."""
        if self._since_s is not None and now_s - self._since_s >= self._delay_s:
            self._since_s = None
            yield ESCAPE

    def wait_s(self, now_s: float) -> float:
        """How long the next read may wait."""
        if self._since_s is None:
            return POLL_S
        return max(0.0, min(POLL_S, self._since_s + self._delay_s - now_s))


class TakesKeys(Protocol):
    """The program at the other end."""

    def take_keys(self, keys: Sequence[events.Key | events.Paste]) -> None:
        """All keys of one read, in order; called on the loop."""
        ...


class TillDriver(LinuxDriver):
    """Textual's driver with `EscapeKeys` before its parser, writing to standard output.

    The keys of one read go to the app in one call, in order: for a scan that is one call instead of fourteen tasks.
    """

    def __init__(self, app: "App[Any]", **options: Any) -> None:
        super().__init__(app, **options)
        self._keyboard = cast(TakesKeys, app)
        # Textual writes to standard error; `2>log` would then take the screen away.
        self._file = sys.__stdout__ or sys.__stderr__

    def write(self, data: str) -> None:
        """Write at once: handing a line to Textual's writing thread costs half a millisecond of every scan.

        A terminal that does not read holds the screen up either way, here a few pictures earlier; the core goes on.
        """
        assert self._file is not None
        rest, fd = memoryview(data.encode()), self._file.fileno()
        while rest:
            try:
                rest = rest[os.write(fd, rest) :]
            except BlockingIOError:  # another program made the terminal non-blocking
                select.select([], [fd], [])
            except OSError:
                return  # the line is gone; the reading side notices and ends the screen

    def stop_application_mode(self) -> None:
        """Leave, and let the terminal order right-to-left text by itself again."""
        super().stop_application_mode()
        self.write(IMPLICIT)

    def _get_terminal_size(self) -> tuple[int, int]:
        """Columns and rows of the terminal itself.

        Textual believes COLUMNS and LINES first, which `resize` on a serial line exports and no later change of the
        window corrects; here they only help a line that does not know its size.
        """
        assert self._file is not None
        try:
            columns, rows = os.get_terminal_size(self._file.fileno())
        except OSError:
            columns, rows = 0, 0
        if columns and rows:
            return columns, rows
        return super()._get_terminal_size()

    def run_input_thread(self) -> None:
        """Read until the program ends or the line is gone."""
        keys = EscapeKeys(constants.ESCAPE_DELAY)
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                ready = selector.select(keys.wait_s(time.monotonic()))
                now_s = time.monotonic()
                read: list[Message] = []
                if ready:
                    data = self._read()
                    if not data:
                        self._app.call_later(self._app.exit)
                        return
                    read += parsed(parser, keys.take(decode(data), now_s))
                read += parsed(parser, keys.tick(now_s))
                read += parser.tick()
                self._hand_on(read)

    def _read(self) -> bytes:
        """What was typed; nothing when the line is gone (a terminal that hung up reads as end of file or an error)."""
        try:
            return os.read(self.fileno, READ_BYTES)
        except OSError:
            return b""

    def _hand_on(self, read: Sequence[Message]) -> None:
        keys = []
        for message in read:
            if isinstance(message, events.Key | events.Paste):
                keys.append(message)
            else:
                self.process_message(message)
        if keys:
            self._loop.call_soon_threadsafe(self._keyboard.take_keys, keys)


def parsed(parser: XTermParser, pieces: Iterator[str]) -> Iterator[Message]:
    """The messages that pieces of input are."""
    for piece in pieces:
        if piece == ESCAPE:
            yield events.Key("escape", ESCAPE)
        else:
            yield from parser.feed(piece)
