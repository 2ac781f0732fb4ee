"""One way into the sale: order, batches, a bound, and an end that loses nothing."""

import asyncio

import pytest

from core_till import Memory, RecordingTill, running_core, wire_to
from store.register.control.mailbox import BATCH_LIMIT, CAPACITY, Mailbox
from store.register.intents import Intent, IntentKind, OutcomeKind


def scan(n):
    return Intent(n=n, kind=IntentKind.SCAN, arg=str(n))


class Listener:
    def __init__(self, mailbox):
        self.outcomes, self.views, self.rooms = [], [], 0
        mailbox.connect(self.outcome, self.views.append)
        mailbox.when_room(self.room)

    def outcome(self, client, outcome):
        self.outcomes.append((client, outcome))

    def room(self):
        self.rooms += 1


async def test_what_waits_shares_one_batch_and_one_view():
    till = RecordingTill(Memory())
    mailbox = Mailbox(till)
    heard = Listener(mailbox)
    for n in range(1, 41):
        assert mailbox.submit("scanner:1", scan(n))
    running = asyncio.create_task(mailbox.run())
    await mailbox.close()
    await running
    assert till.batches == [BATCH_LIMIT, 40 - BATCH_LIMIT]
    assert len(heard.views) == 2
    assert [outcome.n for _, outcome in heard.outcomes] == list(range(1, 41))


async def test_full_mailbox_answers_busy_and_keeps_what_it_has():
    till = RecordingTill(Memory())
    mailbox = Mailbox(till)
    heard = Listener(mailbox)
    assert all(mailbox.submit("scanner:1", scan(n)) for n in range(1, CAPACITY + 1))
    assert mailbox.full
    assert not mailbox.submit("scanner:1", scan(CAPACITY + 1))
    assert heard.outcomes[-1][1].outcome is OutcomeKind.BUSY
    running = asyncio.create_task(mailbox.run())
    await mailbox.close()
    await running
    assert len(till.memory.applied) == CAPACITY
    assert heard.rooms


async def test_closed_mailbox_takes_nothing_more():
    till = RecordingTill(Memory())
    mailbox = Mailbox(till)
    heard = Listener(mailbox)
    running = asyncio.create_task(mailbox.run())
    await mailbox.close()
    await running
    assert not mailbox.submit("c", scan(1))
    assert heard.outcomes[-1][1].why == "The register is closing."


async def test_till_that_fails_ends_the_mailbox():
    class BrokenTill(RecordingTill):
        async def handle(self, batch):
            raise OSError("the disk is gone")

    mailbox = Mailbox(BrokenTill(Memory()))
    mailbox.submit("c", scan(1))
    with pytest.raises(OSError, match="the disk is gone"):
        await mailbox.run()


async def test_two_screens_that_flood_the_mailbox_are_held_back_and_lose_nothing(own_folders):
    """A full mailbox is not answered with busy to screens: they are read again when there is room."""
    path = own_folders / "run" / "flood.sock"
    async with running_core(path) as core, wire_to(path) as one, wire_to(path) as two:
        core.till.hold = asyncio.Event()
        for wire, name in ((one, "one"), (two, "two")):
            wire.hello(name)
            for n in range(1, 201):
                wire.intent(n)
        await asyncio.sleep(0.1)
        assert core.mailbox.full
        core.till.hold.set()
        for wire in (one, two):
            outcomes = [(await wire.hear("ack"))["outcome"] for _ in range(200)]
            assert [outcome["n"] for outcome in outcomes] == list(range(1, 201))
            assert {outcome["outcome"] for outcome in outcomes} == {"done"}


async def test_who_listens_in_hears_an_intent_when_it_is_taken_and_not_when_it_is_refused():
    heard = []
    mailbox = Mailbox(RecordingTill(Memory()))
    mailbox.listen_in(heard.append)
    first, late = Intent(n=1, kind=IntentKind.BACK), Intent(n=2, kind=IntentKind.BACK)
    assert mailbox.submit("s1", first)
    assert heard == [first], "before its turn"
    running = asyncio.ensure_future(mailbox.run())
    await mailbox.close()
    await running
    assert not mailbox.submit("s1", late)
    assert heard == [first]
