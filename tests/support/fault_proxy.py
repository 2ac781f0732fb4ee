"""A network that misbehaves on command: a TCP proxy whose faults are switched while it runs.

`FaultProxy(port)` listens on a port of its own and forwards to `port` on this machine. `set` takes a `Fault`, or
several in turn: one per connection, then the last for ever. Open connections feel silence, drip and cuts too.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass
from types import TracebackType

HTML = b"<html><body>Welcome to FreeShopWifi, please log in</body></html>"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with the network; the default is nothing."""

    latency_s: float = 0.0
    """Waits before each piece of an answer."""
    drip: bool = False
    """One byte of an answer a second."""
    cut_after: int | None = None
    """Resets the connection after so many bytes of answers; 0 resets when the answer begins."""
    end_after: int | None = None
    """Closes in order after so many bytes of answers: a truncated body."""
    silent: bool = False
    """A black hole: connections are taken and swallowed; what is open goes dead."""
    drop_answers: bool = False
    """Requests arrive, answers do not."""
    reset: bool = False
    """Connections are reset as soon as they are taken."""
    answer: bytes | None = None
    """Sent to whoever asks anything, instead of the server's answer; on open connections too."""


HEALTHY = Fault()
SILENT = Fault(silent=True)
DRIP = Fault(drip=True)
RESET = Fault(reset=True)
CUT = Fault(cut_after=40)
TRUNCATED = Fault(end_after=260)
ANSWERS_LOST = Fault(drop_answers=True)


def captive_portal(body: bytes = HTML) -> Fault:
    """A log-in page answers everything with 200."""
    return Fault(answer=_http("200 OK", "text/html", body))


def error_answer(status: str, *headers: str) -> Fault:
    """Something between answers everything with an error, `status` like "503 Service Unavailable"."""
    return Fault(answer=_http(status, "text/plain", b"no\n", *headers))


def _http(status: str, content_type: str, body: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class FaultProxy:
    """Use as `async with FaultProxy(server_port) as proxy`; clients connect to `proxy.port`."""

    def __init__(self, server_port: int, fault: Fault = HEALTHY) -> None:
        self.server_port = server_port
        self.port = 0
        self.connections = 0
        """Connections taken so far."""
        self.requests = 0
        """Pieces that clients have sent so far; 0 means that nobody said a word."""
        self._turns = [fault]
        self._fault = fault
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def __aenter__(self) -> "FaultProxy":
        await self.plug_in()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.unplug()

    def set(self, *faults: Fault) -> None:
        """From now on the network is like this; with several, each new connection takes the next one."""
        self._turns = list(faults)
        self._fault = faults[0]
        self._changed.set()
        self._changed = asyncio.Event()

    async def plug_in(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Stop listening (connections are refused) and reset what is open."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        tasks = list(self._open)
        for task, writer in list(self._open.items()):
            reset(writer)
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- one connection

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        self.connections += 1
        if len(self._turns) > 1:
            self._fault = self._turns.pop(0)
        else:
            self._fault = self._turns[0]
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            reset(writer)
        except asyncio.CancelledError:
            reset(writer)
        finally:
            self._open.pop(task, None)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._fault.reset:
            reset(writer)
            return
        if self._fault.answer is not None:
            await self._answer_all(reader, writer)
            return
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        try:
            there = asyncio.create_task(self._requests(reader, server_writer, writer), name="proxy: requests")
            back = asyncio.create_task(self._answers(server_reader, writer), name="proxy: answers")
            try:
                await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (there, back):
                    task.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
        finally:
            server_writer.close()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            self.requests += 1
            answer = self._fault.answer
            if answer is None:
                return
            writer.write(answer)
            await writer.drain()

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65_536):
            self.requests += 1
            while self._fault.silent:
                await self._changed.wait()
            if self._fault.reset:
                return
            if self._fault.answer is not None:
                client.write(self._fault.answer)
                continue
            writer.write(data)
            await writer.drain()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = 0
        while data := await reader.read(65_536):
            while self._fault.silent:
                await self._changed.wait()
            if self._fault.drop_answers:
                continue
            await asyncio.sleep(self._fault.latency_s)
            if self._fault.drip:
                for at in range(len(data)):
                    writer.write(data[at : at + 1])
                    await writer.drain()
                    await asyncio.sleep(1.0)
                continue
            limits = [limit for limit in (self._fault.cut_after, self._fault.end_after) if limit is not None]
            if limits and sent + len(data) > limits[0]:
                writer.write(data[: limits[0] - sent])
                await writer.drain()
                if self._fault.cut_after is not None:
                    await asyncio.sleep(0.02)
                    reset(writer)
                return
            sent += len(data)
            writer.write(data)
            await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST instead of FIN."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class FullBacklog:
    """A port whose queue is full: connecting is never answered, as with a cable that was pulled."""

    def __init__(self, port: int = 0) -> None:
        self.port = port

    def __enter__(self) -> "FullBacklog":
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(0)
        self.port = self._listener.getsockname()[1]
        self._callers = []
        for _ in range(4):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.1", self.port))
            self._callers.append(caller)
        return self

    def __exit__(self, *_: object) -> None:
        for caller in (*self._callers, self._listener):
            caller.close()
