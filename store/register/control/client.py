"""A client of the register core: keeps what is unanswered, connects again, never sends before its turn.

Used by the screen, the command line and later the console; imports the standard library and msgspec only, so that a
screen can connect before anything slow is loaded. The protocol is described in docs/core-and-screen.md.

ControlError
 ├─ CoreAway      no core answers on the socket (start one, or wait)
 └─ CoreRefused   the core answered with a sentence for a person
"""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from store.register.control.messages import (
    MESSAGE_LIMIT_BYTES,
    Ack,
    Answer,
    Bye,
    Command,
    CoreMessage,
    Hello,
    IntentMessage,
    Query,
    Refuse,
    Seen,
    ViewMessage,
    Welcome,
)
from store.register.intents import Intent, IntentKind, Outcome, OutcomeKind
from store.register.view import View

UNANSWERED_LIMIT = 200
"""Intents a screen keeps while the core is away; more would only be noise typed at a dead register."""
RECONNECT_FIRST_S = 0.01
RECONNECT_LAST_S = 0.5
REVIVE_AFTER_S = 0.3
"""How long a core may be away before a screen that started it starts it again."""
QUERY_TIMEOUT_S = 5.0

ENCODER = msgspec.json.Encoder()
DECODER: msgspec.json.Decoder[CoreMessage] = msgspec.json.Decoder(CoreMessage)


class CoreLink(StrEnum):
    """How the client stands with the core."""

    WAITING = "waiting"
    """No connection; it is tried again and again."""
    CONNECTED = "connected"
    REFUSED = "refused"
    """The core will not talk to this client; final, with a sentence."""
    CLOSED = "closed"
    """A person ended the register; final, with a sentence."""


class ControlError(Exception):
    """Root; `reason` is one sentence for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CoreAway(ControlError):
    """No register core answers."""


class CoreRefused(ControlError):
    """The core answered no."""


class ControlClient(asyncio.Protocol):
    """One client of the core on the running event loop.

    `on_view`, `on_ack` and `on_link` are called on the loop, outside any other context. `revive`, when given, is
    called again and again while the core has been away for a moment without having said goodbye; the sentence it
    returns, when not empty, says why that is useless and ends the waiting.
    """

    def __init__(
        self,
        path: Path,
        role: str,
        version: str,
        on_view: Callable[[View], None],
        on_ack: Callable[[Outcome], None],
        on_link: Callable[[CoreLink, str], None],
        *,
        revive: Callable[[], str] | None = None,
    ) -> None:
        self.path = path
        self.role = role
        self.version = version
        self.client = secrets.token_hex(8)
        self.link = CoreLink.WAITING
        self._on_view = on_view
        self._on_ack = on_ack
        self._on_link = on_link
        self._revive = revive
        self._next_n = 1
        self._unanswered: dict[int, Intent] = {}
        self._questions: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._next_question = 1
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._latest = ("", -1)
        self._said_goodbye = False
        self._was_welcomed = False
        self._away = asyncio.Event()
        self._welcomed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect; the first link to be reported is CONNECTED or WAITING."""
        self._task = asyncio.get_running_loop().create_task(self._stay_connected(), name="control client")

    @property
    def unanswered(self) -> int:
        """How many intents the core has not answered yet."""
        return len(self._unanswered)

    def send(
        self, kind: IntentKind, arg: str = "", operation: int = 0, seq: int = 0, question: str = ""
    ) -> int:
        """Send an intent now or once the core is back. Returns its number; 0 when it was not taken: ring the bell."""
        if len(self._unanswered) >= UNANSWERED_LIMIT or self.role != "cashier":
            return 0
        intent = Intent(n=self._next_n, kind=kind, arg=arg, operation=operation, seq=seq, question=question)
        message = ENCODER.encode(IntentMessage(intent=intent))
        if len(message) >= MESSAGE_LIMIT_BYTES:
            return 0
        self._next_n += 1
        self._unanswered[intent.n] = intent
        if self.link is CoreLink.CONNECTED:
            self._write(message)
        return intent.n

    async def query(self, kind: str, text: str = "", timeout_s: float = QUERY_TIMEOUT_S) -> dict[str, Any]:
        """Ask something that changes nothing. Raises CoreAway and CoreRefused."""
        return await self._ask(lambda number: Query(id=number, kind=kind, text=text), timeout_s)

    async def command(self, kind: str, text: str = "", timeout_s: float = QUERY_TIMEOUT_S) -> dict[str, Any]:
        """Steer the core. Raises CoreAway and CoreRefused."""
        return await self._ask(lambda number: Command(id=number, kind=kind, text=text), timeout_s)

    async def close(self) -> None:
        """Say nothing more and go."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._transport is not None:
            self._transport.close()
        self._fail_questions("The connection to the register core was closed.")

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet; nothing else goes out before the welcome."""
        self._transport = cast(asyncio.Transport, transport)
        self._received.clear()
        self._away.clear()
        first = min(self._unanswered, default=self._next_n)
        self._write(
            ENCODER.encode(Hello(client=self.client, role=self.role, version=self.version, first=first))
        )

    def data_received(self, data: bytes) -> None:
        """Take whole lines."""
        self._received += data
        while (end := self._received.find(b"\n")) >= 0:
            line = bytes(self._received[:end])
            del self._received[: end + 1]
            try:
                message = DECODER.decode(line)
            except msgspec.MsgspecError:
                continue  # a newer core may say more than this client understands
            self._take(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that the core is away; the task connects again."""
        self._transport = None
        self._welcomed.clear()
        self._fail_questions("The register core went away before it answered.")
        if self.link is CoreLink.CONNECTED:
            self._set_link(CoreLink.WAITING, "")
        self._away.set()

    # -- inside

    def _take(self, message: CoreMessage) -> None:
        match message:
            case Welcome(last=last):
                self._welcome(last)
            case Refuse(why=why, again=again):
                self._set_link(CoreLink.WAITING if again else CoreLink.REFUSED, why)
            case Bye(why=why, closed=closed):
                self._said_goodbye = True
                self._set_link(CoreLink.CLOSED if closed else CoreLink.WAITING, why)
            case ViewMessage(view=view):
                self._show(view)
            case Ack(outcome=outcome):
                if self._unanswered.pop(outcome.n, None) is not None:
                    self._on_ack(outcome)
            case Answer(id=number, data=data, error=error):
                future = self._questions.pop(number, None)
                if future is not None and not future.done():
                    if error:
                        future.set_exception(CoreRefused(error))
                    else:
                        future.set_result(data)

    def _welcome(self, last: int) -> None:
        """Settle what the core has applied, then resend the rest in order; only then is the way free for new ones."""
        for n in sorted(self._unanswered):
            if n <= last:
                del self._unanswered[n]
                self._on_ack(Outcome(n=n, outcome=OutcomeKind.AGAIN))
        for n in sorted(self._unanswered):
            self._write(ENCODER.encode(IntentMessage(intent=self._unanswered[n])))
        self._said_goodbye = False
        self._was_welcomed = True
        self._set_link(CoreLink.CONNECTED, "")
        self._welcomed.set()

    def _show(self, view: View) -> None:
        """Hand on a view unless a newer one of the same core was shown, and give the credit back in any case.

        Shown first: to wake the core with a message takes time, and somebody waits for the picture.
        """
        try:
            epoch, seq = self._latest
            if view.epoch != epoch or view.seq >= seq:
                self._latest = (view.epoch, view.seq)
                self._on_view(view)
        finally:
            self._write(ENCODER.encode(Seen(seq=view.seq)))

    async def _ask(self, make: Callable[[int], Query | Command], timeout_s: float) -> dict[str, Any]:
        number, self._next_question = self._next_question, self._next_question + 1
        try:
            async with asyncio.timeout(timeout_s):
                await self._welcomed.wait()
                future = asyncio.get_running_loop().create_future()
                self._questions[number] = future
                self._write(ENCODER.encode(make(number)))
                answer: dict[str, Any] = await future
                return answer
        except TimeoutError:
            raise CoreAway(f"The register core did not answer within {timeout_s:g} s.") from None
        finally:
            self._questions.pop(number, None)

    def _fail_questions(self, why: str) -> None:
        for future in self._questions.values():
            if not future.done():
                future.set_exception(CoreAway(why))
        self._questions.clear()

    def _set_link(self, link: CoreLink, why: str) -> None:
        self.link = link
        if link is not CoreLink.CONNECTED:
            self._welcomed.clear()
        self._on_link(link, why)

    def _write(self, message: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(message + b"\n")

    async def _stay_connected(self) -> None:
        """Connect, and connect again after a pause that grows until a core has said welcome."""
        pause_s, told = RECONNECT_FIRST_S, False
        loop = asyncio.get_running_loop()
        away_since = loop.time()
        while self.link not in (CoreLink.REFUSED, CoreLink.CLOSED):
            try:
                await loop.create_unix_connection(lambda: self, str(self.path))
                await self._away.wait()
            except OSError:
                if not told:
                    self._set_link(CoreLink.WAITING, "")
                if loop.time() - away_since > REVIVE_AFTER_S:
                    self._try_to_revive()
            told = True
            if self._was_welcomed:
                self._was_welcomed = False
                pause_s, away_since = RECONNECT_FIRST_S, loop.time()
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RECONNECT_LAST_S)

    def _try_to_revive(self) -> None:
        """Start the core again unless it ended in order; an orderly stop must not leave a new core behind."""
        if self._revive is not None and not self._said_goodbye and (useless := self._revive()):
            self._set_link(CoreLink.REFUSED, useless)


def ask(
    path: Path, message: Query | Command, version: str, timeout_s: float = QUERY_TIMEOUT_S
) -> dict[str, Any]:
    """Put one question to the core and wait for the answer, without an event loop. Raises CoreAway and CoreRefused."""
    hello = Hello(client=secrets.token_hex(8), role="console", version=version)
    try:
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(timeout_s)
            wire.connect(str(path))
            wire.sendall(ENCODER.encode(hello) + b"\n")
            with wire.makefile("rb") as lines:
                return _answer_of(wire, lines, message)
    except TimeoutError:
        raise CoreAway(f"The register core did not answer within {timeout_s:g} s.") from None
    except PermissionError:
        raise CoreRefused(
            f"You may not use the register at {path}. Ask for membership in its technicians' group."
        ) from None
    except OSError:
        raise CoreAway(
            "No register runs here. Start it with `outpost register`, or say which with --home."
        ) from None


def _answer_of(wire: socket.socket, lines: IO[bytes], message: Query | Command) -> dict[str, Any]:
    for line in lines:
        try:
            said = DECODER.decode(line)
        except msgspec.MsgspecError:
            continue  # a newer core may say more than this client understands
        match said:
            case Welcome():
                wire.sendall(ENCODER.encode(message) + b"\n")
            case Refuse(why=why) | Bye(why=why):
                raise CoreRefused(why)
            case Answer(id=message.id, data=data, error=""):
                return data
            case Answer(id=message.id, error=error):
                raise CoreRefused(error)
    raise CoreAway("The register core went away before it answered.")
