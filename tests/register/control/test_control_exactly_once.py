"""Whatever is lost, cut or restarted between a screen and the core: every intent is applied once, in order."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from core_till import Memory, RecordingTill
from store.register.control.client import ControlClient, CoreLink
from store.register.control.mailbox import Mailbox
from store.register.control.peer import Peer
from store.register.control.server import ControlServer
from store.register.intents import IntentKind, OutcomeKind
from store.register.process.tasks import CoreTasks
from store.register.system_ports import SystemClock


class Pipe:
    """One end's transport: what it writes waits here until the test delivers it."""

    def __init__(self):
        self.waiting = bytearray()
        self.closing = False

    def write(self, data):
        if not self.closing:
            self.waiting += data

    def close(self):
        self.closing = True

    abort = write_eof = close

    def is_closing(self):
        return self.closing

    def set_write_buffer_limits(self, high):
        pass

    def get_write_buffer_size(self):
        return len(self.waiting)

    def get_extra_info(self, name):
        return None

    def pause_reading(self):
        pass

    resume_reading = pause_reading


class EverybodyMay:
    def refusal(self, wire):
        return ""


class World:
    """A screen, a core that can be killed, and a wire that can be cut."""

    def __init__(self):
        self.memory = Memory()
        self.acknowledged = []
        self.sent = 0
        self.client = ControlClient(
            "unused", "cashier", "0", lambda view: None, self.take_ack, lambda link, why: None
        )
        self.epochs = 0
        self.peer = None
        self.start_core()

    def take_ack(self, outcome):
        self.acknowledged.append(outcome)

    def start_core(self):
        self.epochs += 1
        self.tasks = CoreTasks(SystemClock())
        till = RecordingTill(self.memory, f"e{self.epochs}")
        self.mailbox = Mailbox(till)
        self.core = ControlServer(
            epoch=till.epoch,
            version="0",
            till=till,
            mailbox=self.mailbox,
            answering=None,
            spawn=self.tasks.short,
        )
        self.tasks.essential(self.mailbox.run(), "mailbox")

    def connect(self):
        if self.peer is not None:
            return
        self.to_core, self.to_client = Pipe(), Pipe()
        self.peer = Peer(self.core, EverybodyMay())
        self.peer.connection_made(self.to_client)
        self.client.connection_made(self.to_core)

    def drop(self):
        if self.peer is None:
            return
        peer, self.peer = self.peer, None
        self.client.connection_lost(None)
        peer.connection_lost(None)

    async def restart_core(self):
        self.drop()
        await self.tasks.close()
        self.start_core()

    def send(self):
        self.sent += 1
        assert self.client.send(IntentKind.ENTER, str(self.sent)) == self.sent

    def deliver_to_core(self, size):
        if self.peer is not None:
            data = bytes(self.to_core.waiting[:size])
            del self.to_core.waiting[:size]
            if data:
                self.peer.data_received(data)

    def deliver_to_client(self, size):
        if self.peer is not None:
            data = bytes(self.to_client.waiting[:size])
            del self.to_client.waiting[:size]
            if data:
                self.client.data_received(data)

    async def work(self):
        for _ in range(6):
            await asyncio.sleep(0)

    async def settle(self):
        self.connect()
        for _ in range(10_000):
            self.deliver_to_core(10_000)
            await self.work()
            self.deliver_to_client(10_000)
            if not self.client.unanswered and not self.to_core.waiting:
                return
            if self.to_client.closing:
                self.drop()
                self.connect()
        raise AssertionError("never settled")


STEPS = st.lists(
    st.one_of(
        st.just(("send",)),
        st.just(("send",)),
        st.just(("connect",)),
        st.just(("drop",)),
        st.just(("restart_core",)),
        st.just(("work",)),
        st.tuples(st.just("deliver_to_core"), st.integers(1, 400)),
        st.tuples(st.just("deliver_to_client"), st.integers(1, 900)),
    ),
    max_size=60,
)


async def play(steps):
    world = World()
    for name, *arguments in steps:
        done = getattr(world, name)(*arguments)
        if done is not None:
            await done
    await world.settle()
    await world.tasks.close()
    return world


@settings(max_examples=300)
@given(STEPS)
def test_each_intent_is_applied_once_and_in_order_in_any_interleaving(steps):
    world = asyncio.run(play(steps))
    assert [n for _, n, _ in world.memory.applied] == list(range(1, world.sent + 1))
    assert [outcome.n for outcome in world.acknowledged] == list(range(1, world.sent + 1))
    assert world.client.link is CoreLink.CONNECTED


async def test_intent_applied_before_the_wire_broke_is_answered_as_again_not_twice_applied():
    world = World()
    world.connect()
    world.deliver_to_core(1000)
    await world.work()
    world.deliver_to_client(10_000)
    world.send()
    world.deliver_to_core(1000)
    await world.work()
    assert len(world.memory.applied) == 1
    world.drop()
    await world.settle()
    assert [outcome.outcome for outcome in world.acknowledged] == [OutcomeKind.AGAIN]
    assert len(world.memory.applied) == 1
    await world.tasks.close()


async def test_nothing_goes_out_between_hello_and_welcome():
    world = World()
    world.connect()
    world.send()
    world.send()
    assert world.to_core.waiting.count(b"\n") == 1
    world.deliver_to_core(1000)
    await world.work()
    world.deliver_to_client(10_000)
    assert world.to_core.waiting.count(b'"t":"intent"') == 2
    await world.settle()
    await world.tasks.close()
