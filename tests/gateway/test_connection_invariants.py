"""Whatever happens in whatever order: the promises of the connection hold (docs/failover.md, "What always holds")."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway_calls import World
from gateway_world import SeededRandomness, settle
from store.gateway.connection import HeadVerdict
from store.gateway.states import Link, Mode

NETWORKS = ("up", "up", "down", "silent", "busy", "fenced")
STEPS = st.one_of(
    st.tuples(st.just("network"), st.sampled_from(NETWORKS)),
    st.tuples(st.just("verdict"), st.sampled_from(tuple(HeadVerdict))),
    st.tuples(st.just("wait"), st.sampled_from((0.05, 0.5, 2.0, 6.0, 30.0, 61.0, 901.0))),
    st.tuples(st.just("slowness"), st.sampled_from((0.002, 0.1, 0.4, 2.0))),
    st.just(("transaction", "begin")),
    st.just(("transaction", "end")),
    st.just(("lookup", "")),
    st.just(("sync_failed", "")),
    st.just(("connect", "")),
    st.just(("disconnect", "")),
    st.just(("restart", "")),
    st.tuples(st.just("wall"), st.sampled_from((-10_800.0, 86_400.0))),
)


class Shop:
    """A register under random events; `check` after every step."""

    def __init__(self, seed, interval_s):
        self.world = World(randomness=SeededRandomness(seed), reconnection_interval_s=interval_s)
        self.open = False
        self.fell = False
        """The mode has left ONLINE since the transaction began."""
        self.sources = []

    @property
    def supervisor(self):
        return self.world.supervisor

    async def take(self, step):
        kind, value = step
        world = self.world
        match kind:
            case "network":
                world.calls.state = value
            case "verdict":
                world.verdict = value
            case "wait":
                await self.pass_time(value)
            case "slowness":
                world.calls.delay_s = value
            case "transaction":
                await self.transact(value)
            case "lookup":
                if self.supervisor.mode is Mode.ONLINE:
                    await world.clock.run(world.calls.lookup())
            case "sync_failed":
                self.supervisor.sync_failed("upload unanswered")
            case "connect":
                before_s = world.clock.now_s
                await world.clock.run(self.supervisor.connect(self.open))
                assert world.clock.now_s - before_s <= world.profile.offline_timeout_s + 0.01
            case "disconnect":
                await world.clock.run(self.supervisor.disconnect())
            case "restart":
                await self.supervisor.close()
                await world.start(draft_open=self.open, wait=False)
            case "wall":
                world.clock.wall_offset_s += value
        await settle()
        self.check()

    async def pass_time(self, seconds):
        while seconds > 0:
            step_s = min(seconds, 1.0)
            await self.world.clock.advance(step_s)
            seconds -= step_s
            self.check()

    async def transact(self, what):
        if what == "end" or self.open:
            self.open = False
            return
        before_s = self.world.clock.now_s
        await self.world.transaction()
        assert self.world.clock.now_s - before_s <= 0.150001, "a transaction start waited for the network"
        self.open, self.sources = True, []

    def check(self):
        mode, link = self.supervisor.mode, self.supervisor.link
        assert (link is Link.PINNED) == (mode is Mode.OFFLINE_MANUAL)
        if mode is Mode.ONLINE:
            assert link is Link.UP
        if mode is Mode.OFFLINE_MANUAL:
            assert self.world.calls.sealed
        if self.open:
            self.sources.append(mode is Mode.ONLINE)
            # Once local, always local until the transaction ends.
            assert self.sources == sorted(self.sources, reverse=True)
        assert self.supervisor.status().word in ("ONLINE", "OFFLINE auto", "OFFLINE manual", "BLOCKED")

    async def heal(self):
        """After all faults: link UP within a minute or so, online with the first transaction after the interval."""
        world = self.world
        world.calls.state, world.verdict, world.calls.delay_s = "up", HeadVerdict.AGREED, 0.002
        self.open = False
        if self.supervisor.mode is Mode.OFFLINE_MANUAL:
            await world.clock.run(self.supervisor.connect(False))
        await world.clock.advance(62)
        assert self.supervisor.link is Link.UP
        await world.clock.advance(world.profile.reconnection_interval_s)
        await world.transaction()
        assert self.supervisor.mode is Mode.ONLINE


async def live(seed, interval_s, steps):
    shop = Shop(seed, interval_s)
    await shop.world.start(wait=False)
    for step in steps:
        await shop.take(step)
    await shop.heal()
    await shop.supervisor.close()
    assert shop.world.store.stored.mode == shop.supervisor.mode.value
    left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left


@settings(max_examples=60)
@given(seed=st.integers(0, 1_000), interval_s=st.sampled_from((0, 5, 60)), steps=st.lists(STEPS, max_size=25))
def test_random_events_never_break_a_promise(seed, interval_s, steps):
    asyncio.run(live(seed, interval_s, steps))
