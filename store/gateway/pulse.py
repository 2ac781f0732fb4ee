"""When the register asks the server of its own accord: heartbeats while UP, probes while DOWN, the head while REFUSED.

The only loop of the connection. It decides when; what an answer means is the supervisor's business.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from store.gateway.errors import GatewayError, ServerBusy, ServerUnreachable
from store.gateway.ports import Clock, Randomness
from store.gateway.states import Link

HEARTBEAT_S = 5.0
"""Without other answers the server is asked this often while the link is UP."""
MISSED_HEARTBEATS = 2
FIRST_PROBE_S, LAST_PROBE_S = 1.0, 60.0
"""Bounds of the full-jitter back-off while DOWN: a thousand registers come back over a minute, not at once."""
REFUSED_PROBE_S = 60.0
BLOCKED_LOOP_S = 0.5
"""A request that overran its deadline by more than this, or a pause its end, ran late because we did not run:
the event loop was blocked or the machine slept. That says nothing about the server."""


class Beats(Protocol):
    """What the pulse asks of the supervisor."""

    @property
    def link(self) -> Link:
        """The state of the link now."""
        ...

    @property
    def heard_s(self) -> float:
        """Monotonic time of the last answer of the server."""
        ...

    @property
    def check_due_s(self) -> float | None:
        """Monotonic time of the next background check of advanced switching; None while there is none."""
        ...

    @property
    def handshake_due(self) -> bool:
        """Whether the heads have to be compared."""
        ...

    @property
    def background_deadline_s(self) -> float:
        """How long a request nobody waits for may take."""
        ...

    async def ask_health(self) -> None:
        """One health request. Raises GatewayError."""
        ...

    async def ask_head(self, deadline_s: float) -> None:
        """One head request and the comparison. Raises GatewayError."""
        ...

    def heartbeats_missed(self, reason: str) -> None:
        """Two heartbeats in a row were not answered."""
        ...


class Pulse:
    """The loop; `wake` makes it look at the link again, `wake_now` makes it ask at once."""

    def __init__(self, beats: Beats, clock: Clock, randomness: Randomness) -> None:
        self._beats = beats
        self._clock = clock
        self._randomness = randomness
        self._woken = asyncio.Event()
        self._urgent = False
        self._missed = 0
        self._missed_s = 0.0
        self._probes = 0

    def wake(self) -> None:
        """The link or the need for a handshake has changed."""
        self._woken.set()

    def wake_now(self) -> None:
        """Ask the server at once."""
        self._urgent = True
        self._woken.set()

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            match self._beats.link:
                case Link.UP:
                    await self._while_up()
                case Link.DOWN:
                    await self._while_down()
                case Link.REFUSED:
                    await self._while_refused()
                case Link.PINNED:
                    self._urgent = False
                    await self._pause(None)

    async def _while_up(self) -> None:
        self._probes = 0
        due_s = self._until_check_s(self._beats.heard_s + HEARTBEAT_S - self._clock.monotonic_s())
        if self._missed_s < self._beats.heard_s:
            self._missed = 0
        if self._beats.handshake_due:
            error = await self._asked(self._head)
        elif due_s > 0 and not self._urgent:
            await self._pause(due_s)
            return
        else:
            error = await self._asked(self._beats.ask_health)
        if error is None or self._beats.link is not Link.UP:
            return
        if isinstance(error, ServerUnreachable):
            await self._miss(error)
        else:
            await self._pause(max(HEARTBEAT_S, retry_after_s(error)))

    async def _miss(self, error: ServerUnreachable) -> None:
        self._missed += 1
        self._missed_s = self._clock.monotonic_s()
        if self._missed >= MISSED_HEARTBEATS:
            self._missed = 0
            self._beats.heartbeats_missed(error.reason)
        else:
            await self._pause(HEARTBEAT_S)

    async def _while_down(self) -> None:
        if not self._urgent and await self._pause(self._until_check_s(self._jitter_s())):
            return
        error = await self._asked(self._beats.ask_health)
        self._probes += 1
        if error is not None and (wait_s := retry_after_s(error)):
            await self._pause(wait_s)

    async def _while_refused(self) -> None:
        if not self._urgent and await self._pause(REFUSED_PROBE_S):
            return
        await self._asked(self._head)

    def _until_check_s(self, otherwise_s: float) -> float:
        """Seconds until the server is asked: a background check of advanced switching may come before."""
        check_s = self._beats.check_due_s
        return (
            otherwise_s
            if check_s is None
            else min(otherwise_s, max(check_s - self._clock.monotonic_s(), 0.0))
        )

    def _jitter_s(self) -> float:
        ceiling_s = min(LAST_PROBE_S, FIRST_PROBE_S * 2.0 ** min(self._probes, 16))
        return self._randomness.uniform(0.0, ceiling_s)

    async def _head(self) -> None:
        await self._beats.ask_head(self._beats.background_deadline_s)

    async def _asked(self, ask: Callable[[], Awaitable[None]]) -> GatewayError | None:
        """Ask; the error that says something about the server, or None."""
        self._urgent = False
        began_s = self._clock.monotonic_s()
        try:
            await ask()
        except GatewayError as error:
            took_s = self._clock.monotonic_s() - began_s
            ran_late = took_s > self._beats.background_deadline_s + BLOCKED_LOOP_S
            return None if ran_late else error
        return None

    async def _pause(self, seconds: float | None) -> bool:
        """Wait that long, for ever with None; True when woken before the time was up."""
        if self._woken.is_set():
            self._woken.clear()
            return True
        woken = asyncio.create_task(self._woken.wait(), name="connection-pulse-woken")
        waits: set[asyncio.Task[object]] = {woken}
        if seconds is not None:
            waits.add(asyncio.create_task(self._clock.sleep(seconds), name="connection-pulse-pause"))
        began_s = self._clock.monotonic_s()
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        if seconds is not None and self._clock.monotonic_s() - began_s > seconds + BLOCKED_LOOP_S:
            self._missed = 0
        was_woken = self._woken.is_set()
        self._woken.clear()
        return was_woken


def retry_after_s(error: GatewayError) -> float:
    """How long the server asked us to stay away, within a minute; 0 when it did not say."""
    if isinstance(error, ServerBusy) and error.retry_after_s:
        return min(error.retry_after_s, LAST_PROBE_S)
    return 0.0
