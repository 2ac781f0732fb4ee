"""A receipt printer that exists only here: on a TCP port or a pseudo-terminal, answering like one, failing on command.

For the demo, for trying the register without hardware, and for the tests. It keeps its paper (`paper`), so that what a
register prints can be read.
"""

import asyncio
import contextlib
import os
import tty
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from devices.printer.escpos_paper import Command, CommandSplitter, Paper

READ_AT_ONCE = 4096


class Fault(StrEnum):
    """How it can fail."""

    POWER_OFF = "power_off"
    """Loses what it has not printed, and its connection."""
    PAPER_OUT = "paper_out"
    """Keeps what comes, answers only real-time questions."""
    COVER_OPEN = "cover_open"
    """The same, for another reason."""
    FREEZE = "freeze"
    """Takes bytes, does and answers nothing."""
    STALL = "stall"
    """Takes no more bytes."""
    CUT_LINE = "cut_line"
    """Its connection breaks; what has arrived is printed."""
    MUTE = "mute"
    """Prints, but its answers do not arrive."""


class SimulatedPrinter:
    """One printer. Give it a way to be reached (`listen_tcp`, `open_pty`), then `close` it."""

    def __init__(self, *, knows_fences: bool = True, drawer_sensor: bool = False) -> None:
        """`drawer_sensor`: a drawer is attached whose sensor is high while it is open."""
        self.paper = Paper()
        self.fault: Fault | None = None
        self.taken = bytearray()
        """What has arrived since the last `misbehave` or `recover`."""
        self.drawer_open = False
        self._knows_fences = knows_fences
        self._drawer_sensor = drawer_sensor
        self._splitter = CommandSplitter()
        self._held = bytearray()
        self._pending: tuple[Fault, int] | None = None
        self._send: Callable[[bytes], None] = lambda data: None
        self._hang_up: Callable[[], None] = lambda: None
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._server: asyncio.Server | None = None
        self._port = 0
        self._pty: tuple[int, int] | None = None

    async def listen_tcp(self, port: int = 0) -> str:
        """Be reachable at 127.0.0.1; returns the address for the configuration."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port or self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return f"tcp://127.0.0.1:{self._port}"

    def open_pty(self, link: Path | None = None) -> str:
        """Be reachable on a serial line; returns its path. `link`: a name that stays the same."""
        master, slave = os.openpty()
        tty.setraw(master)
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._pty = (master, slave)
        path = os.ttyname(slave)
        if link is not None:
            link.unlink(missing_ok=True)
            link.symlink_to(path)
        self._send = self._write_pty
        asyncio.get_running_loop().add_reader(master, self._read_pty)
        return str(link or path)

    def misbehave(self, fault: Fault, after: int = 0) -> None:
        """Fail in this way once `after` more bytes have arrived."""
        self.taken.clear()
        self._pending = (fault, after)
        if after == 0:
            self._break()

    async def recover(self) -> None:
        """Power back, paper in, cover closed: whatever it was is over, and what was kept is printed."""
        was, self.fault, self._pending = self.fault, None, None
        self.taken.clear()
        self._may_read.set()
        if self._pty is not None and was is Fault.STALL:
            asyncio.get_running_loop().add_reader(self._pty[0], self._read_pty)
        if was is Fault.POWER_OFF and self._port and self._server is None:
            await self.listen_tcp(self._port)
        held = bytes(self._held)
        self._held.clear()
        self._process(held)

    async def close(self) -> None:
        """Be gone."""
        self._may_read.set()
        self._hang_up()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
        if self._pty is not None:
            asyncio.get_running_loop().remove_reader(self._pty[0])
            for fd in self._pty:
                os.close(fd)
            self._pty = None

    def receive(self, data: bytes) -> None:
        """Take bytes from the line, up to the moment of a planned fault and beyond it."""
        if self._pending is not None:
            _, after = self._pending
            whole = max(after - len(self.taken), 0)
            if len(data) >= whole:
                self.taken += data[:whole]
                self._take(data[:whole])
                self._break()
                data = data[whole:]
        self.taken += data
        self._take(data)

    def _break(self) -> None:
        assert self._pending is not None
        self.fault, self._pending = self._pending[0], None
        if self.fault is Fault.POWER_OFF:
            self._held.clear()
            self._splitter.forget()
            self.paper.reset()
            if self._server is not None:
                self._server.close()
                self._server = None
        if self.fault in (Fault.POWER_OFF, Fault.CUT_LINE):
            self._hang_up()
        if self.fault is Fault.STALL:
            self._may_read.clear()
            if self._pty is not None:
                asyncio.get_running_loop().remove_reader(self._pty[0])

    def _take(self, data: bytes) -> None:
        if self.fault in (Fault.POWER_OFF, Fault.FREEZE, Fault.CUT_LINE, Fault.STALL):
            return
        if self.fault in (Fault.PAPER_OUT, Fault.COVER_OPEN):
            data = self._answered_at_once(data)
            self._held += data
        else:
            self._process(data)

    def _process(self, data: bytes) -> None:
        for command in self._splitter.feed(data):
            self.paper.apply(command)
            self._obey(command)

    def _answered_at_once(self, data: bytes) -> bytes:
        """Answer real-time commands although the buffer stands still; returns the rest."""
        rest = bytearray()
        at = 0
        while at < len(data):
            size = 3 if data[at : at + 2] == b"\x10\x04" else 5 if data[at : at + 2] == b"\x10\x14" else 0
            if size:
                command = Command(data[at : at + 2], data[at + 2 : at + size])
                self.paper.apply(command)
                self._obey(command)
            else:
                rest.append(data[at])
            at += size or 1
        return bytes(rest)

    def _obey(self, command: Command) -> None:
        match command.name:
            case b"\x10\x04":
                self._answer(bytes([self._real_time_status(command.data[0])]))
            case b"\x1dr" if self._knows_fences:
                self._answer(b"\x00")
            case b"\x1d(H" if self._knows_fences and command.data[:2] == b"00":
                self._answer(b"\x37\x22" + command.data[2:6] + b"\x00")
            case b"\x1bp" | b"\x10\x14":
                self.drawer_open = True

    def _real_time_status(self, n: int) -> int:
        off_line = self.fault in (Fault.PAPER_OUT, Fault.COVER_OPEN)
        match n:
            case 1:
                return 0x12 | 0x08 * off_line | 0x04 * (self._drawer_sensor and self.drawer_open)
            case 2:
                return 0x12 | 0x04 * (self.fault is Fault.COVER_OPEN) | 0x20 * (self.fault is Fault.PAPER_OUT)
            case 4:
                return 0x12 | 0x6C * (self.fault is Fault.PAPER_OUT)
            case _:
                return 0x12

    def _answer(self, data: bytes) -> None:
        if self.fault not in (Fault.MUTE, Fault.POWER_OFF, Fault.FREEZE, Fault.CUT_LINE):
            self._send(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection at a time, as printers do: a new one replaces the old."""
        self._hang_up()
        if self.fault is Fault.CUT_LINE:
            self.fault = None
        self._send, self._hang_up = writer.write, writer.transport.abort
        try:
            while data := await self._read(reader):
                self.receive(data)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        await self._may_read.wait()
        return await reader.read(READ_AT_ONCE)

    def _read_pty(self) -> None:
        assert self._pty is not None
        with contextlib.suppress(BlockingIOError):
            self.receive(os.read(self._pty[0], READ_AT_ONCE))

    def _write_pty(self, data: bytes) -> None:
        assert self._pty is not None
        with contextlib.suppress(BlockingIOError):  # nobody reads: as on a real line, it is lost
            os.write(self._pty[0], data)
