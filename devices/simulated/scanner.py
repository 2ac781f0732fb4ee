"""A serial scanner that exists only here: a pseudo-terminal that codes are typed into."""

import asyncio
import os
import tty
from collections.abc import Iterable
from pathlib import Path


class SimulatedScanner:
    """Plug it in, type codes, pull it out. Needs no event loop except in `type`."""

    def __init__(self, link: Path | None = None, *, end: str = "\r") -> None:
        """`link`: a name that stays the same when it is plugged in again, as under /dev/serial/by-id."""
        self._link = link
        self._end = end
        self._pty: tuple[int, int] | None = None
        self.path = ""

    def plug_in(self) -> str:
        """Come into being; returns the path for the configuration. What is typed waits for a reader."""
        master, slave = os.openpty()
        tty.setraw(master)
        tty.setraw(slave)
        self._pty = (master, slave)
        self.path = os.ttyname(slave)
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self.path)
            self.path = str(self._link)
        return self.path

    def pull_out(self) -> None:
        """Vanish, with the name."""
        if self._pty is None:
            return
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        for fd in self._pty:
            os.close(fd)
        self._pty = None

    def send(self, data: bytes) -> None:
        """Send bytes as they are; blocks when nobody reads and the line is full."""
        assert self._pty is not None, "the scanner is not plugged in"
        while data:
            data = data[os.write(self._pty[0], data) :]

    def scan(self, code: str) -> None:
        """One code with its end."""
        self.send((code + self._end).encode())

    async def type(self, codes: Iterable[str], *, pace_s: float) -> None:
        """Codes one after another, one every `pace_s` seconds."""
        loop = asyncio.get_running_loop()
        at = loop.time()
        for code in codes:
            self.scan(code)
            at += pace_s
            await asyncio.sleep(max(at - loop.time(), 0))
