"""What the supervisor asks of its own accord: health and the head of the series, and what an answer means."""

import logging
from collections.abc import Callable
from typing import Protocol

from store.exchange.messages import Health, SeriesHead
from store.gateway import sentences
from store.gateway.connection import CompareHeads, HeadVerdict
from store.gateway.errors import GatewayError, ServerRefused
from store.gateway.ports import Clock
from store.gateway.profile import OfflineProfile

log = logging.getLogger("outpost.gateway")

BACKGROUND_MIN_S, BACKGROUND_MAX_S = 0.3, 10.0
"""Nobody waits for a heartbeat or probe: it gets the offline timeout, within these bounds."""


class ServerCalls(Protocol):
    """What the supervisor asks of the client."""

    @property
    def server(self) -> str:
        """host:port."""
        ...

    async def open(self) -> None:
        """Get ready; may take a second on a slow machine. Raises GatewayError."""
        ...

    async def health(self, *, deadline_s: float) -> Health:
        """Whether the server can commit. Raises GatewayError."""
        ...

    async def head(self, *, deadline_s: float) -> SeriesHead:
        """What the server has of our series. Raises GatewayError."""
        ...

    def seal(self) -> None:
        """End all calls in flight and refuse new ones until `unseal`."""
        ...

    def unseal(self) -> None:
        """Let calls pass again."""
        ...


class Listener(Protocol):
    """Who acts on what was found."""

    def refused(self, kind: str, reason: str) -> None:
        """The server refuses this register for good."""
        ...

    def heads_agreed(self) -> None:
        """The head came, and it agrees with our journal."""
        ...

    def health_checked(self, took_s: float, *, healthy: bool) -> None:
        """A health request ended after so many seconds."""
        ...


class OwnRequests:
    """One request each; raises GatewayError. `note_offset` takes the server's clock minus ours in ms."""

    def __init__(
        self,
        *,
        client: ServerCalls,
        profile: Callable[[], OfflineProfile],
        clock: Clock,
        heads: CompareHeads,
        listener: Listener,
        note_offset: Callable[[int], None],
    ) -> None:
        self._client = client
        self._profile = profile
        self._clock = clock
        self._compare_heads = heads
        self._listener = listener
        self._note = note_offset

    @property
    def background_deadline_s(self) -> float:
        """How long a request nobody waits for may take."""
        return min(max(self._profile().offline_timeout_s, BACKGROUND_MIN_S), BACKGROUND_MAX_S)

    async def health(self) -> None:
        """One health request."""
        sent_ms, began_s = self._clock.wall_ms(), self._clock.monotonic_s()
        try:
            health = await self._client.health(deadline_s=self.background_deadline_s)
        except GatewayError:
            self._listener.health_checked(self._clock.monotonic_s() - began_s, healthy=False)
            raise
        self._note_offset(health.time_ms, sent_ms)
        self._listener.health_checked(self._clock.monotonic_s() - began_s, healthy=health.ok)

    async def head(self, deadline_s: float) -> None:
        """One head request and its comparison with the journal."""
        sent_ms = self._clock.wall_ms()
        try:
            head = await self._client.head(deadline_s=deadline_s)
        except ServerRefused as error:
            self._listener.refused(error.kind, error.reason)
            raise
        self._note_offset(head.time_ms, sent_ms)
        match await self._compare_heads(head):
            case HeadVerdict.AGREED:
                self._listener.heads_agreed()
            case HeadVerdict.FORKED:
                self._refuse("fork", sentences.forked(head.series))
            case HeadVerdict.ROLLED_BACK:
                self._refuse("rolled-back", sentences.rolled_back(head.series))

    def _refuse(self, kind: str, reason: str) -> None:
        self._listener.refused(kind, reason)
        raise ServerRefused(reason, 200, kind)

    def _note_offset(self, server_ms: int, sent_ms: int) -> None:
        """By the midpoint rule of NTP: the answer was made half-way between sending and receiving."""
        self._note(server_ms - (sent_ms + self._clock.wall_ms()) // 2)
