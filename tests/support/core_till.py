"""A till without a sale, for tests of mailbox and control socket: it remembers what it was asked."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from store.register.control.mailbox import Mailbox
from store.register.control.server import AnswerRefused, ControlServer
from store.register.intents import Outcome, OutcomeKind, Submission
from store.register.process.tasks import CoreTasks
from store.register.system_ports import SystemClock
from store.register.view import Message, Mode, View


class Memory:
    """What survives a kill of the core."""

    def __init__(self) -> None:
        self.applied: list[tuple[str, int, str]] = []
        self.last: dict[str, int] = {}


class RecordingTill:
    """Applies each intent once and shows the last one as its message."""

    def __init__(self, memory: Memory, epoch: str = "e1") -> None:
        self.memory = memory
        self.epoch = epoch
        self.seq = 1
        self.hold: asyncio.Event | None = None
        self.batches: list[int] = []

    async def handle(self, batch: Sequence[Submission]) -> list[Outcome]:
        if self.hold is not None:
            await self.hold.wait()
        self.batches.append(len(batch))
        self.seq += 1
        return [self.apply(submission) for submission in batch]

    def apply(self, submission: Submission) -> Outcome:
        client, intent = submission.client, submission.intent
        if intent.n <= self.memory.last.get(client, 0):
            return Outcome(n=intent.n, outcome=OutcomeKind.AGAIN)
        self.memory.last[client] = intent.n
        self.memory.applied.append((client, intent.n, intent.arg))
        return Outcome(n=intent.n, outcome=OutcomeKind.DONE)

    def last_n(self, client: str) -> int:
        return self.memory.last.get(client, 0)

    def view(self) -> View:
        text = self.memory.applied[-1][2] if self.memory.applied else ""
        return View(epoch=self.epoch, seq=self.seq, mode=Mode.IDLE, message=Message(text=text))


class RunningCore:
    """A control server with its mailbox on a real socket."""

    def __init__(self, path: Path, memory: Memory, epoch: str) -> None:
        self.path = path
        self.tasks = CoreTasks(SystemClock())
        self.till = RecordingTill(memory, epoch)
        self.mailbox = Mailbox(self.till)
        self.server = ControlServer(
            epoch=epoch,
            version="0",
            till=self.till,
            mailbox=self.mailbox,
            answering=self.answer,
            spawn=self.tasks.short,
        )

    async def answer(self, question: Any, role: str) -> dict[str, Any]:
        if question.kind == "slow":
            await asyncio.sleep(0.05)
        if question.kind == "no":
            raise AnswerRefused("Not now.")
        if question.kind == "broken":
            raise ValueError("a defect")
        if question.kind == "huge":
            return {"text": "x" * 70_000}
        return {"kind": question.kind, "text": question.text, "role": role}

    async def start(self) -> None:
        await self.server.listen(self.path)
        self.tasks.essential(self.mailbox.run(), "mailbox")

    async def stop(self, why: str = "", closed: bool = False) -> None:
        await self.mailbox.close()
        await self.server.close(why, closed)
        await self.tasks.close()

    async def kill(self) -> None:
        """As SIGKILL does: connections break, what waits in the mailbox is gone."""
        self.server.abort()
        await self.tasks.close()


@contextlib.asynccontextmanager
async def running_core(
    path: Path, memory: Memory | None = None, epoch: str = "e1"
) -> AsyncIterator[RunningCore]:
    core = RunningCore(path, memory or Memory(), epoch)
    await core.start()
    try:
        yield core
    finally:
        await core.stop()


class Wire:
    """A client that says exactly what a test tells it to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, path: Path) -> "Wire":
        return cls(*await asyncio.open_unix_connection(str(path), limit=1_000_000))

    def say(self, raw: bytes) -> None:
        self.writer.write(raw)

    def tell(self, **message: Any) -> None:
        self.say(json.dumps(message).encode() + b"\n")

    def hello(self, client: str = "c1", role: str = "cashier", **more: Any) -> None:
        self.tell(t="hello", **{"protocol": 1, "client": client, "role": role, "version": "0", **more})

    def intent(self, n: int, arg: str = "") -> None:
        self.tell(t="intent", intent={"n": n, "kind": "enter", "arg": arg})

    async def hear(self, kind: str = "") -> dict[str, Any]:
        """The next message, or the next of a kind; {} when the core hung up."""
        while line := await asyncio.wait_for(self.reader.readline(), 5):
            message = json.loads(line)
            if kind in ("", message["t"]):
                return message
        return {}

    async def hear_refusal(self) -> str:
        """Why the core refused; it must hang up behind it."""
        message = await self.hear("refuse")
        assert message, "hung up without a word"
        assert await self.hear() == {}
        return message["why"]

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


@contextlib.asynccontextmanager
async def wire_to(path: Path) -> AsyncIterator[Wire]:
    wire = await Wire.open(path)
    try:
        yield wire
    finally:
        await wire.close()
