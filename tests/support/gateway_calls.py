"""A Retail Server without wires for tests of the supervisor: it answers, refuses or keeps silent in virtual time."""

import asyncio

from gateway_world import LongestJitter, MemoryStore, VirtualClock, settle
from store.exchange.messages import Health, SeriesHead
from store.gateway.connection import HeadVerdict
from store.gateway.errors import ServerBusy, ServerRefused, ServerSilent, ServerUnreachable
from store.gateway.profile import OfflineProfile
from store.gateway.supervisor import ConnectionSupervisor

NAME = "shop.example:8918"


class FakeCalls:
    """The client, as far as the supervisor uses it. `state` is what the network does now."""

    def __init__(self, clock):
        self.server = NAME
        self.state = "up"
        self.delay_s = 0.002
        self.opening_s = 0.0
        self.asked = []
        """(what, monotonic time, deadline) of every request that left the register."""
        self.sealed = False
        self.supervisor = None
        self.offset_ms = 0
        self._clock = clock
        self._unsealed = asyncio.Event()

    async def open(self):
        await self._clock.sleep(self.opening_s)

    async def health(self, *, deadline_s):
        await self._request("health", deadline_s)
        return Health(ok=True, time_ms=self._clock.wall_ms() + self.offset_ms, version="1")

    async def head(self, *, deadline_s):
        await self._request("head", deadline_s)
        return SeriesHead(series="S1-R1-1", seq=0, hash="00", time_ms=self._clock.wall_ms() + self.offset_ms)

    async def lookup(self, deadline_s=0.8):
        """A call of the till that is answered or reports its failure, as failover does."""
        try:
            await self._request("item", deadline_s)
        except ServerBusy as error:
            self.supervisor.call_failed(error.reason, answered=True)
        except ServerUnreachable as error:
            self.supervisor.call_failed(error.reason)
        except ServerRefused:
            pass

    async def _request(self, what, deadline_s):
        if self.sealed:
            raise ServerUnreachable("disconnected by hand")
        self.asked.append((what, self._clock.monotonic_s(), deadline_s))
        delay_s = deadline_s if self.state == "silent" else min(self.delay_s, deadline_s)
        await self._clock.sleep(delay_s)
        if self.sealed:
            raise ServerUnreachable("disconnected by hand")
        headless = self.state == "headless" and what == "head"
        if self.state == "silent" or headless or self.delay_s > deadline_s:
            raise ServerSilent(f"no answer from {NAME} within {deadline_s:g} s")
        if self.state == "down":
            raise ServerUnreachable(f"{NAME} refused the connection")
        if self.state == "busy":
            raise ServerBusy(f"{NAME} is busy (error 503)", 20.0)
        if self.state == "fenced" and what != "health":
            self.supervisor.refused("fenced", "a newer enrolment of this register exists")
            raise ServerRefused("a newer enrolment of this register exists", 410, "fenced")
        self.supervisor.answered()

    def seal(self):
        self.sealed = True

    def unseal(self):
        self.sealed = False


class World:
    """A supervisor in virtual time with everything around it."""

    def __init__(self, *, stored=None, store=None, randomness=None, present=False, **profile):
        self.clock = VirtualClock()
        self.calls = FakeCalls(self.clock)
        self.store = store or MemoryStore(stored)
        self.profile = OfflineProfile(**profile)
        self.verdict = HeadVerdict.AGREED
        self.occupied = False
        self.present = present
        self.changes = 0
        self._randomness = randomness or LongestJitter()
        self.supervisor = None

    def build(self):
        self.supervisor = ConnectionSupervisor(
            client=self.calls,
            profile=lambda: self.profile,
            clock=self.clock,
            randomness=self._randomness,
            store=self.store,
            heads=self._compare,
            on_change=self._changed,
            occupied=lambda: self.occupied,
            present=lambda: self.present,
        )
        self.calls.supervisor = self.supervisor
        return self.supervisor

    async def start(self, *, draft_open=False, wait=True):
        """Start a supervisor; with `wait` until the starting probe has ended."""
        supervisor = self.build()
        await supervisor.start(draft_open)
        if wait:
            await self.clock.run(supervisor.started())
            await settle()
        return supervisor

    async def online(self):
        """Start against a healthy server, so that the register is online."""
        supervisor = await self.start()
        assert supervisor.mode.value == "online"
        return supervisor

    async def transaction(self):
        return await self.clock.run(self.supervisor.transaction_starts())

    async def _compare(self, head):
        return self.verdict

    def _changed(self):
        self.changes += 1
