"""The control socket: everything outside the core looks and speaks through here (docs/core-and-screen.md).

One JSON message a line. A client says hello, is welcomed, and from then on gets the newest view whenever it has
credit for one, and an acknowledgement for every intent after its effect is written.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol

import msgspec

from store.register.control.access import PeerCheck, make_room_for, open_socket
from store.register.control.mailbox import Mailbox
from store.register.control.messages import (
    MESSAGE_LIMIT_BYTES,
    Ack,
    Answer,
    Bye,
    Command,
    Hello,
    Query,
    ViewMessage,
    Welcome,
)
from store.register.control.peer import Peer
from store.register.intents import Outcome
from store.register.view import View

LOG = logging.getLogger("outpost.register.control")

PEER_LIMIT = 32
"""Screens, consoles and scripts at one time; a script that leaks connections must not eat the core."""
FAREWELL_S = 0.3
"""How long a client may take to hang up after the goodbye; one that is stopped must not hold up the end."""
QUESTION_LIMIT = 8
"""Questions of one client that may be under way at one time."""

ENCODER = msgspec.json.Encoder()

Answering = Callable[[Query | Command, str], Awaitable[dict[str, Any]]]
"""Answers a question of a client with the given role; raises `AnswerRefused`."""
Spawn = Callable[[Coroutine[Any, Any, None], str], None]
"""Runs a short task that somebody owns (store/register/process/tasks.py)."""


class AnswerRefused(Exception):
    """A question or command gets no for an answer; `why` is a sentence for a person."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Till(Protocol):
    """What the socket needs of the session."""

    def last_n(self, client: str) -> int:
        """Number of the last intent applied for this client, 0 when it is unknown."""
        ...

    def view(self) -> View:
        """The newest view."""
        ...


class ControlServer:
    """The core's end of the control socket."""

    def __init__(
        self, *, epoch: str, version: str, till: Till, mailbox: Mailbox, answering: Answering, spawn: Spawn
    ) -> None:
        self.epoch = epoch
        self.version = version
        self.till = till
        self.mailbox = mailbox
        self._answering = answering
        self._spawn = spawn
        self._peers: set[Peer] = set()
        self._by_client: dict[str, Peer] = {}
        self._deserted = asyncio.Event()
        self._path: Path | None = None
        self._server: asyncio.Server | None = None
        mailbox.connect(self.deliver, self.publish)
        mailbox.when_room(self._room)

    async def listen(self, path: Path, group: str = "") -> None:
        """Bind and listen; the caller holds the core's lock, so a socket found here is stale. Raises OSError."""
        make_room_for(path, group)
        wire = open_socket(path, group)
        check = PeerCheck(wire)
        self._path = path
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: Peer(self, check), sock=wire)

    def publish(self, view: View) -> None:
        """Offer a view to every client; it is encoded once."""
        message = ENCODER.encode(ViewMessage(view=view)) + b"\n"
        for peer in self._by_client.values():
            peer.offer(view.seq, message)

    def deliver(self, client: str, outcome: Outcome) -> None:
        """Acknowledge an intent to the client that sent it, if it is still there."""
        peer = self._by_client.get(client)
        if peer is not None:
            peer.send(Ack(outcome=outcome))

    def stalled(self) -> list[tuple[str, float]]:
        """Clients that have not taken a view although one waits: client id and the loop's time since when."""
        return [(peer.client, peer.stalled_since) for peer in self._peers if peer.stalled_since is not None]

    async def close(self, why: str, closed: bool) -> None:
        """Stop listening, say goodbye and remove the socket; `closed` tells screens to end too."""
        if self._server is not None:
            self._server.close()
        for peer in list(self._peers):
            peer.finish(Bye(why=why, closed=closed))
        if self._peers:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._deserted.wait(), FAREWELL_S)
        self.abort()

    def abort(self) -> None:
        """Drop everything at once and remove the socket. Without a goodbye screens know that the core crashed."""
        if self._server is not None:
            self._server.close()
        for peer in list(self._peers):
            peer.abort()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()

    # -- called by the peers

    def arrived(self, peer: Peer) -> bool:
        """A connection was made; False when there are too many."""
        if len(self._peers) >= PEER_LIMIT:
            return False
        self._peers.add(peer)
        self._deserted.clear()
        return True

    def greet(self, peer: Peer, hello: Hello) -> int:
        """Welcome a client, give it the newest view, and return the number of the last intent applied for it."""
        before = self._by_client.get(hello.client)
        if before is not None:
            before.hang_up()
        self._by_client[hello.client] = peer
        last = max(self.till.last_n(hello.client), hello.first - 1)
        peer.send(Welcome(epoch=self.epoch, last=last, version=self.version))
        view = self.till.view()
        peer.offer(view.seq, ENCODER.encode(ViewMessage(view=view)) + b"\n")
        return last

    def left(self, peer: Peer) -> None:
        """A connection is gone."""
        self._peers.discard(peer)
        if not self._peers:
            self._deserted.set()
        if self._by_client.get(peer.client) is peer:
            del self._by_client[peer.client]

    def question(self, peer: Peer, question: Query | Command) -> None:
        """Answer in a task of its own, so that a slow answer holds nobody up."""
        if peer.questions >= QUESTION_LIMIT:
            peer.send(Answer(id=question.id, error="Too many questions at once. Ask again."))
            return
        peer.questions += 1
        self._spawn(self._answer(peer, question), f"answer {question.kind}")

    async def _answer(self, peer: Peer, question: Query | Command) -> None:
        try:
            answer = Answer(id=question.id, data=await self._answering(question, peer.role))
        except AnswerRefused as refused:
            answer = Answer(id=question.id, error=refused.why)
        except Exception:  # one failing answer must neither end the core nor leave the asker waiting
            LOG.exception("answer to %s failed", question.kind)
            answer = Answer(id=question.id, error="The register could not answer; its log says why.")
        finally:
            peer.questions -= 1
        if len(ENCODER.encode(answer)) >= MESSAGE_LIMIT_BYTES:
            answer = Answer(id=question.id, error="The answer is too long; ask for less.")
        peer.send(answer)

    def _room(self) -> None:
        """The mailbox has room again: go on with clients that were held back."""
        for peer in list(self._peers):
            peer.go_on()
