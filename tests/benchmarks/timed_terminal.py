"""A terminal that notes when each piece of output came, and draws it only after the measurement.

While something is measured this process does nothing but read: the machine may have no more than two processors.
"""

import os
import select
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from pty_terminal import Terminal

QUIET_S = 0.09
"""Longer than a screen waits before it echoes: after such a silence everything is painted."""


class Piece(NamedTuple):
    """What one read gave, and when (monotonic seconds)."""

    at_s: float
    data: bytes


class TimedTerminal(Terminal):
    """One program on one pty, its output timed."""

    def __init__(self, command: Iterable[str], **how: Any) -> None:
        self.started_s = time.monotonic()
        super().__init__(tuple(command), **how)
        self.measured_bytes = 0
        """What the last `time_of` has read."""

    def time_of(
        self, *conditions: Callable[[str], bool], quiet_s: float = QUIET_S, timeout_s: float = 15.0
    ) -> list[float]:
        """When does each condition become true on the screen (monotonic seconds)?

        Reads until the program has been silent for `quiet_s` and only then draws, piece by piece. A condition that was
        true before is true at the first piece; one that does not become true in time fails with the picture.
        """
        end_s = time.monotonic() + timeout_s
        found: list[float | None] = [None] * len(conditions)
        self.measured_bytes = 0
        while None in found:
            if self.closed or time.monotonic() > end_s:
                raise AssertionError(f"never on the screen: condition {found.index(None) + 1}\n{self.text()}")
            pieces = self._read_until_quiet(quiet_s, end_s)
            for at_s, data in pieces:
                self.measured_bytes += len(data)
                self.stream.feed(data)
                text = self.text()
                for number, condition in enumerate(conditions):
                    if found[number] is None and condition(text):
                        found[number] = at_s
        return [at_s for at_s in found if at_s is not None]

    def bytes_within(self, duration_s: float) -> int:
        """How much comes within so long."""
        end_s = time.monotonic() + duration_s
        size = 0
        while (left_s := end_s - time.monotonic()) > 0:
            pieces = self._read_until_quiet(left_s, end_s)
            size += sum(len(piece.data) for piece in pieces)
            for piece in pieces:
                self.stream.feed(piece.data)
        return size

    def _read_until_quiet(self, quiet_s: float, end_s: float) -> list[Piece]:
        """Read without drawing: wait for the first piece as long as it takes, then until nothing came for `quiet_s`."""
        pieces: list[Piece] = []
        while (left_s := end_s - time.monotonic()) > 0:
            if not select.select([self.fd], [], [], min(left_s, quiet_s) if pieces else left_s)[0]:
                break
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # the program has ended
                data = b""
            if not data:
                self.closed = True
                break
            pieces.append(Piece(time.monotonic(), data))
        return pieces

    def catch_up(self) -> None:
        """Draw what has come meanwhile, so that the next measurement begins with a quiet terminal."""
        while self.feed(0.0):
            pass
