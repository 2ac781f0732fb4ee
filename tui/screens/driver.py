"""The terminal's driver: Textual's, but for the Esc key and for where it writes.

Textual reads Esc directly followed by a character as one Alt key: Esc and then a scan within ESCDELAY (half a second
over SSH) became one strange character and a code without its first digit. Nothing here is bound to Alt keys, so Esc
that does not begin a sequence is Esc, at once, and what follows keeps its meaning.
"""

import os
import selectors
import sys
import time
from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

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


class TillDriver(LinuxDriver):
    """Textual's driver with `EscapeKeys` before its parser, writing to standard output."""

    def __init__(self, app: "App[Any]", **options: Any) -> None:
        super().__init__(app, **options)
        # Textual writes to standard error; `2>log` would then take the screen away.
        self._file = sys.__stdout__ or sys.__stderr__

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
                if ready:
                    data = self._read()
                    if not data:
                        self._app.call_later(self._app.exit)
                        return
                    self._post(parser, keys.take(decode(data), now_s))
                self._post(parser, keys.tick(now_s))
                for event in parser.tick():
                    self.process_message(event)

    def _read(self) -> bytes:
        """What was typed; nothing when the line is gone (a terminal that hung up reads as end of file or an error)."""
        try:
            return os.read(self.fileno, READ_BYTES)
        except OSError:
            return b""

    def _post(self, parser: XTermParser, pieces: Iterator[str]) -> None:
        for piece in pieces:
            if piece == ESCAPE:
                self.process_message(events.Key("escape", ESCAPE))
                continue
            for event in parser.feed(piece):
                self.process_message(event)
