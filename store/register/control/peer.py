"""One connection to the control socket: framing, the order of the protocol, and the credit for views."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

import msgspec

from store.register.control.access import PeerCheck
from store.register.control.mailbox import Mailbox
from store.register.control.messages import (
    MESSAGE_LIMIT_BYTES,
    PROTOCOL,
    Bye,
    ClientMessage,
    Command,
    CoreMessage,
    Hello,
    IntentMessage,
    Query,
    Refuse,
    Seen,
)

VIEW_CREDIT = 2
"""Views a client may have that it has not confirmed; more would wait, stale, in the socket's buffer."""
BUFFER_LIMIT_BYTES = 262_144
"""A client that lets answers pile up beyond this is closed."""
HELLO_WITHIN_S = 5.0
FAREWELL_S = 1.0
"""How long the other end may take to hang up after it was told to."""
ROLES = ("cashier", "watch", "console")

ENCODER = msgspec.json.Encoder()
DECODER: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)


class Core(Protocol):
    """What a connection needs of the server."""

    mailbox: Mailbox

    def arrived(self, peer: "Peer") -> bool:
        """A connection was made; False when there are too many."""
        ...

    def greet(self, peer: "Peer", hello: Hello) -> int:
        """Welcome a client; returns the number of the last intent applied for it."""
        ...

    def question(self, peer: "Peer", question: Query | Command) -> None:
        """Answer a question in its own time."""
        ...

    def left(self, peer: "Peer") -> None:
        """A connection is gone."""
        ...


class Peer(asyncio.Protocol):
    """The server's end of one connection."""

    def __init__(self, core: Core, check: PeerCheck) -> None:
        self.client = ""
        self.role = ""
        self.questions = 0
        self.stalled_since: float | None = None
        self._core = core
        self._check = check
        self._received = bytearray()
        self._next_n = 1
        self._held_back = False
        self._finished = False
        self._paused = False
        self._waiting_view: tuple[int, bytes] | None = None
        self._unconfirmed: deque[int] = deque()
        self._timer: asyncio.TimerHandle | None = None

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Look at who it is, then wait for hello."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=0)
        if not self._core.arrived(self):
            self.refuse("Too many screens and scripts are connected to this register. Close one.")
        elif refusal := self._check.refusal(self._transport.get_extra_info("socket")):
            self.refuse(refusal)
        else:
            self._timer = self._restart_timer(HELLO_WITHIN_S, self._no_hello)

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if self._transport.is_closing() or self._finished:
            return
        self._received += data
        self._take_lines()

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end went away, or we hung up."""
        self._stop_timer()
        self._core.left(self)

    def pause_writing(self) -> None:
        """The socket's buffer is full: views wait in the slot."""
        self._paused = True

    def resume_writing(self) -> None:
        """The other end reads again: it gets the newest view, not those it missed."""
        self._paused = False
        self._push_view()

    # -- for the server

    def send(self, message: CoreMessage) -> None:
        """Send a small message at once; a client that does not read them is closed."""
        self._write(ENCODER.encode(message) + b"\n")

    def offer(self, seq: int, message: bytes) -> None:
        """Put a view into the slot; an unsent older one is forgotten."""
        self._waiting_view = (seq, message)
        self._push_view()

    def go_on(self) -> None:
        """The mailbox has room again."""
        if self._held_back and not self._finished and not self._core.mailbox.full:
            self._held_back = False
            self._transport.resume_reading()
            self._take_lines()

    def refuse(self, why: str, again: bool = False) -> None:
        """Say why, and wait for the other end to hang up."""
        self.finish(Refuse(why=why, again=again))

    def hang_up(self) -> None:
        """Close after what is in the buffer has gone out; nothing more is taken."""
        self._received.clear()
        self._waiting_view = None
        self._transport.close()

    def finish(self, farewell: Bye | Refuse) -> None:
        """Say a last word and wait a moment for the other end to hang up.

        Closing at once could take that word back: a client that just then writes meets a broken pipe and stops
        reading, and a screen that missed the goodbye would start the core again.
        """
        if self._finished:
            return
        self.send(farewell)
        self._timer = self._restart_timer(FAREWELL_S, self.abort)
        self._finished = True
        self._received.clear()
        self._waiting_view = None
        if self._held_back:
            self._transport.resume_reading()
        if not self._transport.is_closing():
            self._transport.write_eof()

    def abort(self) -> None:
        """Close at once; what was not sent is lost."""
        self._transport.abort()

    # -- inside

    def _restart_timer(self, after_s: float, call: Callable[[], None]) -> asyncio.TimerHandle:
        self._stop_timer()
        return asyncio.get_running_loop().call_later(after_s, call)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _no_hello(self) -> None:
        self.refuse(f"No hello came within {HELLO_WITHIN_S:g} s.")

    def _take_lines(self) -> None:
        while not self._held_back and not self._finished and not self._transport.is_closing():
            if self._core.mailbox.full:
                self._hold_back()
                return
            end = self._received.find(b"\n", 0, MESSAGE_LIMIT_BYTES)
            if end < 0:
                if len(self._received) >= MESSAGE_LIMIT_BYTES:
                    self.refuse("A message longer than 64 kB is none of ours.")
                return
            line = bytes(self._received[:end])
            del self._received[: end + 1]
            self._take_line(line)

    def _hold_back(self) -> None:
        """Read no more until the mailbox has room: the client keeps its intents, and nothing is lost."""
        self._held_back = True
        self._transport.pause_reading()

    def _take_line(self, line: bytes) -> None:
        try:
            message = DECODER.decode(line)
        except msgspec.MsgspecError as error:
            self.refuse(f"This is not a message of the control protocol {PROTOCOL}: {error}.")
            return
        if isinstance(message, Hello):
            self._hello(message)
        elif not self.client:
            self.refuse("The first message must be hello.")
        else:
            self._take(message)

    def _hello(self, hello: Hello) -> None:
        if hello.protocol != PROTOCOL:
            older = "screen" if hello.protocol < PROTOCOL else "register core"
            self.refuse(
                f"The screen speaks protocol {hello.protocol}, the register core {PROTOCOL}. Restart the {older}."
            )
        elif self.client or not hello.client:
            self.refuse("One hello with a client's name, please.")
        elif hello.role not in ROLES:
            self.refuse(f"Role {hello.role!r} is unknown; known are {', '.join(ROLES)}.")
        else:
            self._stop_timer()
            self.client, self.role = hello.client, hello.role
            self._next_n = self._core.greet(self, hello) + 1

    def _take(self, message: IntentMessage | Seen | Query | Command) -> None:
        if isinstance(message, Seen):
            self._confirm(message.seq)
        elif isinstance(message, IntentMessage):
            self._intent(message)
        elif isinstance(message, Command) and self.role == "watch":
            self.refuse("A watching screen only looks.")
        else:
            self._core.question(self, message)

    def _intent(self, message: IntentMessage) -> None:
        intent = message.intent
        if self.role != "cashier":
            self.refuse(
                "A watching screen only looks." if self.role == "watch" else "A console does not sell."
            )
            return
        if intent.n > self._next_n:
            self.refuse(f"Intent {self._next_n} is missing before {intent.n}. Say hello again.", again=True)
            return
        self._next_n = max(self._next_n, intent.n + 1)
        self._core.mailbox.submit(self.client, intent)

    def _confirm(self, seq: int) -> None:
        while self._unconfirmed and self._unconfirmed[0] <= seq:
            self._unconfirmed.popleft()
        self._push_view()

    def _push_view(self) -> None:
        if self._waiting_view is None or self._transport.is_closing() or self._finished:
            return
        if self._paused or len(self._unconfirmed) >= VIEW_CREDIT:
            if self.stalled_since is None:
                self.stalled_since = asyncio.get_running_loop().time()
            return
        seq, message = self._waiting_view
        self._waiting_view, self.stalled_since = None, None
        self._unconfirmed.append(seq)
        self._write(message)

    def _write(self, message: bytes) -> None:
        if self._transport.is_closing() or self._finished:
            return
        self._transport.write(message)
        if self._transport.get_write_buffer_size() > BUFFER_LIMIT_BYTES:
            self._transport.abort()
