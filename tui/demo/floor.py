"""The shop floor of the demo: the network cable between register and server, and the server's power switch.

A process of its own, so that pulling the cable does not depend on the screen that asks for it. It is steered over a
Unix socket, one JSON line each way: `{"do": "cable"}` answers `{"sentence": "...", ...}`.
"""

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

log = logging.getLogger("outpost.demo.floor")

ANSWER_TIMEOUT_S = 20.0
START_TIMEOUT_S = 15.0
START_CHECK_S = 0.05
IDLE_CHECK_S = 2.0
GONE_LIMIT_S = 30.0
"""How long the floor outlives a register that ended: long enough to restart a killed one."""


class Cable:
    """A TCP line from a port of its own to the server. Pulled, it swallows everything and lets nobody notice.

    That is what a pulled cable does: nothing is refused, nothing is answered. Put back, what was connected before is
    reset, as a switch does that forgot it.
    """

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.port = 0
        self._whole = asyncio.Event()
        self._whole.set()
        self._lines: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None

    @property
    def pulled(self) -> bool:
        """Whether nothing passes."""
        return not self._whole.is_set()

    async def open(self, port: int = 0) -> None:
        """Listen on loopback; `port` 0 takes a free one."""
        self._listener = await asyncio.start_server(self._carry, "127.0.0.1", port)
        self.port = self._listener.sockets[0].getsockname()[1]

    def pull(self) -> None:
        """Let nothing pass from now on."""
        self._whole.clear()

    def restore(self) -> None:
        """Let new connections pass; drop those that were cut."""
        for line in self._lines:
            line.cancel()
        self._whole.set()

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._listener is not None:
            self._listener.close()
        for line in tuple(self._lines):
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._lines.add(task)
            task.add_done_callback(self._lines.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._whole.wait()
            await self._join(reader, writer)
        writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        try:
            ways = (self._pour(reader, far_writer), self._pour(far_reader, writer))
            pours = [asyncio.create_task(way, name="demo-cable") for way in ways]
            try:
                await asyncio.wait(pours, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pour in pours:
                    pour.cancel()
                await asyncio.gather(*pours, return_exceptions=True)
        finally:
            far_writer.transport.abort()

    async def _pour(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            await self._whole.wait()
            sink.write(data)
            await sink.drain()


class ServiceSwitch:
    """Starts and kills a service of the demo (`server` or `hq`) as a process of its own."""

    def __init__(self, service: str, home: Path, port: int, *options: str) -> None:
        self.service = service
        self.home = home
        self.port = port
        self._options = options
        self._process: asyncio.subprocess.Process | None = None

    @property
    def output(self) -> Path:
        """What the service wrote to standard output and error."""
        return self.home / f"{self.service}.out"

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process id, 0 when it does not run."""
        return self._process.pid if self._process is not None and self.running else 0

    async def start(self) -> None:
        """Start it and wait until it listens; raises TimeoutError, or ChildProcessError with its last words."""
        place = ("--home", str(self.home), "--port", str(self.port))
        command = (sys.executable, "-m", "tui", self.service, *place, *self._options)
        with self.output.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out
            )
        for _ in range(round(START_TIMEOUT_S / START_CHECK_S)):
            if await self._listens():
                return
            if not self.running:
                raise ChildProcessError(self._last_words())
            await asyncio.sleep(START_CHECK_S)
        raise TimeoutError(f"no answer within {START_TIMEOUT_S:.0f} s")

    async def kill(self) -> None:
        """Kill it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it in order."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> None:
        if self._process is None or not self.running:
            return
        self._process.send_signal(number)
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _last_words(self) -> str:
        lines = self.output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return (lines or ["it ended at once"])[-1].removeprefix(f"outpost {self.service}: ").rstrip(".")

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True


class Floor:
    """Cable and server switch behind one control socket."""

    def __init__(
        self, cable: Cable, switch: ServiceSwitch, path: Path, headquarters: ServiceSwitch | None = None
    ) -> None:
        self.cable = cable
        self.switch = switch
        self.headquarters = headquarters
        self.path = path
        self.ended = asyncio.Event()
        self._control: asyncio.Server | None = None
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Listen on the control socket; one that a killed floor left behind is replaced."""
        self.path.unlink(missing_ok=True)
        self._control = await asyncio.start_unix_server(self._serve, self.path)

    async def close(self) -> None:
        """Give socket, cable and services back."""
        if self._control is not None:
            self._control.close()
        self.path.unlink(missing_ok=True)
        await self.cable.close()
        await self.switch.stop()
        if self.headquarters is not None:
            await self.headquarters.stop()

    async def run(self, register_lives: Callable[[], bool]) -> None:
        """Wait until somebody ends the floor, or until its register has been gone for a while."""
        loop = asyncio.get_running_loop()
        seen_s = loop.time()
        while not self.ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), IDLE_CHECK_S)
            if register_lives():
                seen_s = loop.time()
            elif loop.time() - seen_s > GONE_LIMIT_S:
                log.info("the register is gone; the shop closes")
                return

    async def toggle_cable(self) -> str:
        """Pull the cable, or put it back; returns what happened."""
        if self.cable.pulled:
            self.cable.restore()
            return "The network cable is back in. The next sale connects."
        self.cable.pull()
        return "The network cable is pulled. Scan on: the offline database answers."

    async def toggle_server(self) -> str:
        """Kill the server, or start it again; returns what happened."""
        if self.switch.running:
            await self.switch.kill()
            return "The server is killed. Scan on: the offline database answers."
        try:
            await self.switch.start()
        except (OSError, TimeoutError) as error:
            return f"The server did not start: {error}. Its output is in {self.switch.output}."
        return "The server runs again. The next sale connects."

    def state(self) -> dict[str, Any]:
        """Where everything is, JSON-ready."""
        return {
            "cable_port": self.cable.port,
            "cable_pulled": self.cable.pulled,
            "server_port": self.switch.port,
            "server_pid": self.switch.pid,
            "headquarters_pid": self.headquarters.pid if self.headquarters is not None else 0,
        }

    async def _end(self) -> str:
        self.ended.set()
        return "The shop closes."

    async def _look(self) -> str:
        return ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        actions: dict[str, Callable[[], Awaitable[str]]] = {
            "cable": self.toggle_cable,
            "server": self.toggle_server,
            "state": self._look,
            "end": self._end,
        }
        try:
            word = _word_of(await reader.readline())
            action = actions.get(word)
            async with self._turn:
                sentence = await action() if action else f"The shop floor cannot {word!r}."
            writer.write(json.dumps({"sentence": sentence} | self.state()).encode() + b"\n")
            await writer.drain()
        except OSError:
            log.info("whoever asked has gone")
        finally:
            writer.close()


def _word_of(line: bytes) -> str:
    """What a line asks for; empty for rubbish."""
    try:
        request = json.loads(line)
    except ValueError:
        return ""
    return str(request.get("do", "")) if isinstance(request, dict) else ""


class FloorLine:
    """The register's line to the shop floor; never raises, a floor that is gone is a sentence."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def toggle_cable(self) -> str:
        """Pull the cable, or put it back; returns what happened."""
        return await self._say("cable")

    async def toggle_server(self) -> str:
        """Kill the server, or start it again; returns what happened."""
        return await self._say("server")

    async def end(self) -> str:
        """Close the shop."""
        return await self._say("end")

    async def state(self) -> dict[str, Any]:
        """Where everything is; raises OSError when there is no floor."""
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await self._ask("state")

    async def _say(self, word: str) -> str:
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return str((await self._ask(word))["sentence"])
        except (OSError, TimeoutError, ValueError, KeyError):
            return "The shop floor of the demo does not answer. Start `outpost demo` again."

    async def _ask(self, word: str) -> dict[str, Any]:
        reader, writer = await asyncio.open_unix_connection(self.path)
        try:
            writer.write(json.dumps({"do": word}).encode() + b"\n")
            await writer.drain()
            answer: dict[str, Any] = json.loads(await reader.readline())
            return answer
        finally:
            writer.close()
