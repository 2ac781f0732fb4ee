"""Whatever happens in whatever order: the promises of the connection hold (docs/failover.md, "What always holds")."""

import asyncio

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway_calls import World
from gateway_world import SeededRandomness, settle
from store.gateway.connection import HeadVerdict
from store.gateway.states import Link, Mode, Prompt

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
    st.just(("slow_calls", "")),
    st.tuples(st.just("present"), st.booleans()),
    st.tuples(st.just("answer"), st.booleans()),
    st.tuples(
        st.just("profile"), st.sampled_from(({"prompt_on_switch": True}, {"advanced_switching": False}))
    ),
    st.tuples(st.just("wall"), st.sampled_from((-10_800.0, 86_400.0))),
)


PROFILES = (
    {},
    {"prompt_on_switch": True},
    {"advanced_switching": True, "slow_server_threshold_ms": 300, "health_check_interval_s": 2},
    {"advanced_switching": True, "slow_server_threshold_ms": 50, "prompt_on_switch": True},
)
SLOW_INTERVAL_S = 40


class Shop:
    """A register under random events; `check` after every step."""

    def __init__(self, seed, interval_s, profile):
        self.world = World(
            randomness=SeededRandomness(seed),
            reconnection_interval_s=interval_s,
            slow_reconnection_interval_s=SLOW_INTERVAL_S,
            **profile,
        )
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
            case "slow_calls":
                for _ in range(20):
                    period = self.supervisor.online_period
                    self.supervisor.call_answered(0.5, online_period=period)
            case "present":
                world.present = value
            case "answer":
                self.supervisor.answer_switch(value)
            case "profile":
                world.profile = msgspec.structs.replace(world.profile, **value)
                self.supervisor.profile_changed()
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
            self.open = self.world.occupied = False
            return
        before_s = self.world.clock.now_s
        self.world.occupied = True
        await self.world.transaction()
        assert self.world.clock.now_s - before_s <= 0.150001, "a transaction start waited for the network"
        self.open, self.sources = True, []

    def check(self):
        mode, link = self.supervisor.mode, self.supervisor.link
        assert (link is Link.PINNED) == (mode is Mode.OFFLINE_MANUAL)
        asked = self.supervisor.question is not None
        if mode is Mode.ONLINE and not self.asking():
            assert link is Link.UP
        assert not asked or mode is Mode.ONLINE, "nobody is asked about what has happened already"
        if mode is Mode.OFFLINE_MANUAL:
            assert self.world.calls.sealed
        if self.open:
            self.sources.append(mode is Mode.ONLINE)
            # Once local, always local until the transaction ends.
            assert self.sources == sorted(self.sources, reverse=True)
        assert self.supervisor.status().word in ("ONLINE", "OFFLINE auto", "OFFLINE manual", "BLOCKED")

    def asking(self):
        """Somebody is asked, or the server is tried again because somebody wanted it."""
        return self.supervisor._steps.prompt.stands() is Prompt.OPEN

    async def heal(self):
        """After all faults: link UP within a minute or so, online with the first transaction after the interval."""
        world = self.world
        world.calls.state, world.verdict, world.calls.delay_s = "up", HeadVerdict.AGREED, 0.002
        self.open = self.world.occupied = self.world.present = False
        if self.supervisor.mode is Mode.OFFLINE_MANUAL:
            await world.clock.run(self.supervisor.connect(False))
        await world.clock.advance(62)
        assert self.supervisor.link is Link.UP
        await world.clock.advance(max(world.profile.reconnection_interval_s, SLOW_INTERVAL_S))
        await world.transaction()
        assert self.supervisor.mode is Mode.ONLINE


async def live(seed, interval_s, profile, steps):
    shop = Shop(seed, interval_s, profile)
    await shop.world.start(wait=False)
    for step in steps:
        await shop.take(step)
    await shop.heal()
    await shop.supervisor.close()
    assert shop.world.store.stored.mode == shop.supervisor.mode.value
    left = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert not left


@settings(max_examples=120)
@given(
    seed=st.integers(0, 1_000),
    interval_s=st.sampled_from((0, 5, 60)),
    profile=st.sampled_from(PROFILES),
    steps=st.lists(STEPS, max_size=25),
)
def test_random_events_never_break_a_promise(seed, interval_s, profile, steps):
    asyncio.run(live(seed, interval_s, profile, steps))
