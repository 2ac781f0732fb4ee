"""The one way into the sale: a bounded queue of intents and the single task that hands them to the session.

The mailbox is the process: when its task ends with an error, the core ends, loudly (store/register/process/runtime.py).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from store.register.intents import Intent, Outcome, OutcomeKind, Submission
from store.register.view import View

LOG = logging.getLogger("outpost.register.mailbox")

CAPACITY = 256
BATCH_LIMIT = 32
"""Intents that share one journal transaction and one view (docs/core-and-screen.md)."""


class IntentTaker(Protocol):
    """What the mailbox needs of the session."""

    async def handle(self, batch: Sequence[Submission]) -> list[Outcome]:
        """Apply a batch in order; returns after the effects are written, one outcome for each submission."""
        ...

    def view(self) -> View:
        """The newest view."""
        ...


class Mailbox:
    """Takes submissions in the order they come and acknowledges each after its effect is written."""

    def __init__(self, session: IntentTaker) -> None:
        self._session = session
        self._queue: deque[Submission] = deque()
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self._open = True
        self._on_outcome: Callable[[str, Outcome], None] = ignore_outcome
        self._on_view: Callable[[View], None] = ignore_view
        self._overhear: Callable[[Intent], None] = ignore_intent
        self._on_room: list[Callable[[], None]] = []

    def connect(self, on_outcome: Callable[[str, Outcome], None], on_view: Callable[[View], None]) -> None:
        """Say where outcomes (with the client's id) and views go."""
        self._on_outcome, self._on_view = on_outcome, on_view

    def listen_in(self, overhear: Callable[[Intent], None]) -> None:
        """Call `overhear` for every intent that is taken, before its turn."""
        self._overhear = overhear

    def when_room(self, call: Callable[[], None]) -> None:
        """Call `call` after every batch."""
        self._on_room.append(call)

    @property
    def full(self) -> bool:
        """No more can be taken now, because too much waits or the register closes."""
        return len(self._queue) >= CAPACITY or not self._open

    def submit(self, client: str, intent: Intent) -> bool:
        """Take an intent, or answer `busy` and return False when the mailbox is full or closed."""
        if self.full:
            why = "The register is busy. Scan again." if self._open else "The register is closing."
            self._on_outcome(client, Outcome(n=intent.n, outcome=OutcomeKind.BUSY, why=why))
            return False
        self._queue.append(Submission(client=client, intent=intent))
        self._emptied.clear()
        self._filled.set()
        self._overhear(intent)
        return True

    async def run(self) -> None:
        """Work until closed and empty. Never cancelled while a batch is being applied: see `close`."""
        while self._open or self._queue:
            await self._filled.wait()
            batch = [self._queue.popleft() for _ in range(min(BATCH_LIMIT, len(self._queue)))]
            if not self._queue:
                self._filled.clear()
            if batch:
                await self._apply(batch)
            if not self._queue:
                self._emptied.set()
            for call in self._on_room:
                call()

    async def close(self) -> None:
        """Take nothing more, finish what was taken, and let `run` return."""
        self._open = False
        self._filled.set()
        await self._emptied.wait()

    async def _apply(self, batch: list[Submission]) -> None:
        outcomes = await self._session.handle(batch)
        if len(outcomes) != len(batch):
            LOG.error("session answered %d of %d intents", len(outcomes), len(batch))
            raise RuntimeError("the session left an intent unanswered")
        self._on_view(self._session.view())
        for submission, outcome in zip(batch, outcomes, strict=True):
            self._on_outcome(submission.client, outcome)


def ignore_outcome(client: str, outcome: Outcome) -> None:
    """Nobody waits for outcomes yet."""


def ignore_intent(intent: Intent) -> None:
    """Nobody listens in."""


def ignore_view(view: View) -> None:
    """Nobody watches yet."""
