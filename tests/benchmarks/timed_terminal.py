"""A terminal that notes when each piece of output came, and draws it only after the measurement.

While something is measured this process does nothing but read: the machine may have no more than two processors.
"""

import os
import select
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from pty_terminal import Terminal


class Piece(NamedTuple):
    """What one read gave, and when (monotonic seconds)."""

    at_s: float
    data: bytes


class TimedTerminal(Terminal):
    """One program on one pty, its output timed."""

    def __init__(self, command: Iterable[str], **how: Any) -> None:
        self.started_s = time.monotonic()
        super().__init__(tuple(command), **how)
        self.pieces: list[Piece] = []

    def record(self, quiet_s: float, timeout_s: float = 15.0, marker: bytes = b"") -> None:
        """Read without drawing: until `marker` has come, if one is given, and then until nothing came for `quiet_s`."""
        end_s = time.monotonic() + timeout_s
        seen = bytearray() if marker else None
        while (now_s := time.monotonic()) < end_s:
            wait_s = end_s - now_s if seen is not None else quiet_s
            if not select.select([self.fd], [], [], wait_s)[0]:
                return
            try:
                data = os.read(self.fd, 65536)
            except OSError:  # the program has ended
                data = b""
            if not data:
                self.closed = True
                return
            self.pieces.append(Piece(time.monotonic(), data))
            if seen is not None:
                seen += data
                seen = None if marker in seen else seen[-len(marker) :]

    def record_for(self, duration_s: float) -> None:
        """Read without drawing for so long."""
        end_s = time.monotonic() + duration_s
        while (left_s := end_s - time.monotonic()) > 0:
            self.record(left_s, left_s)

    def recorded_bytes(self) -> int:
        """How much was read since the last replay."""
        return sum(len(piece.data) for piece in self.pieces)

    def replay(self, *conditions: Callable[[str], bool]) -> list[float]:
        """Draw what was recorded; when did each condition become true on the screen (monotonic seconds)?

        A condition that was true before is true at the first piece; one that never became true fails with the picture.
        """
        found: list[float | None] = [None] * len(conditions)
        for at_s, data in self.pieces:
            self.stream.feed(data)
            text = self.text()
            found = [
                at_s if before is None and condition(text) else before
                for before, condition in zip(found, conditions, strict=True)
            ]
        self.pieces = []
        times = [at_s for at_s in found if at_s is not None]
        if len(times) < len(conditions):
            raise AssertionError(f"never on the screen: condition {found.index(None) + 1}\n{self.text()}")
        return times

    def catch_up(self) -> None:
        """Draw what has come meanwhile, so that the next measurement begins with a quiet terminal."""
        while self.feed(0.0):
            pass
