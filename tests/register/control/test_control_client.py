"""The client on a real socket: connects, connects again, keeps what is unanswered, asks."""

import asyncio
import contextlib

import pytest

from core_till import Memory, RunningCore, running_core, wire_to
from store.register.control.client import (
    UNANSWERED_LIMIT,
    ControlClient,
    CoreAway,
    CoreLink,
    CoreRefused,
    ask,
)
from store.register.control.messages import Command, Query
from store.register.intents import IntentKind


class Screen:
    """What a screen would do with what its client tells it."""

    def __init__(self, path, role="cashier", **more):
        self.views, self.acks, self.links = [], [], []
        self.client = ControlClient(
            path,
            role,
            "0",
            self.views.append,
            self.acks.append,
            lambda link, why: self.links.append((link, why)),
            **more,
        )

    async def until(self, condition, timeout_s=5):
        async with asyncio.timeout(timeout_s):
            while not condition(self):
                await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def screen_on(path, role="cashier", **more):
    screen = Screen(path, role, **more)
    screen.client.start()
    try:
        yield screen
    finally:
        await screen.client.close()


@pytest.fixture
def path(own_folders):
    return own_folders / "run" / "client.sock"


async def test_typing_while_the_core_is_away_is_applied_in_order_when_it_comes(path):
    async with screen_on(path) as screen:
        await screen.until(lambda s: s.links == [(CoreLink.WAITING, "")])
        for text in "abc":
            assert screen.client.send(IntentKind.ENTER, text)
        async with running_core(path) as core:
            await screen.until(lambda s: len(s.acks) == 3)
            assert [arg for _, _, arg in core.till.memory.applied] == ["a", "b", "c"]
            assert screen.client.unanswered == 0
            assert screen.links[-1] == (CoreLink.CONNECTED, "")


async def test_killed_core_costs_nothing_but_a_moment(path):
    memory = Memory()
    core = RunningCore(path, memory, "e1")
    await core.start()
    async with screen_on(path) as screen:
        screen.client.send(IntentKind.ENTER, "before")
        await screen.until(lambda s: s.acks)
        core.till.hold = asyncio.Event()
        screen.client.send(IntentKind.ENTER, "during")
        await asyncio.sleep(0.02)
        await core.kill()
        await screen.until(lambda s: s.links[-1][0] is CoreLink.WAITING)
        screen.client.send(IntentKind.ENTER, "after")
        async with running_core(path, memory, epoch="e2"):
            await screen.until(lambda s: len(s.acks) == 3)
            await screen.until(lambda s: s.views[-1].epoch == "e2" and s.views[-1].message.text == "after")
    assert [arg for _, _, arg in memory.applied] == ["before", "during", "after"]


async def test_more_than_two_hundred_unanswered_intents_are_not_taken(path):
    async with screen_on(path) as screen:
        taken = [screen.client.send(IntentKind.ENTER, "x") for _ in range(UNANSWERED_LIMIT + 3)]
        assert taken == [*range(1, UNANSWERED_LIMIT + 1), 0, 0, 0]


async def test_entry_too_long_for_the_wire_and_a_watching_screen_send_nothing(path):
    async with running_core(path) as core:
        async with screen_on(path) as screen, screen_on(path, "watch") as watching:
            assert screen.client.send(IntentKind.ENTER, "x" * 70_000) == 0
            assert watching.client.send(IntentKind.ENTER, "x") == 0
            await watching.until(lambda s: s.views)
        assert core.till.memory.applied == []


async def test_core_that_says_goodbye_is_waited_for_or_ends_the_screen(path):
    revived = []
    for closed, link in ((False, CoreLink.WAITING), (True, CoreLink.CLOSED)):
        core = RunningCore(path, Memory(), "e1")
        await core.start()
        async with screen_on(path, revive=lambda: revived.append(1) or "") as screen:
            await screen.until(lambda s: s.views)
            await core.stop("The register was ended.", closed)
            await screen.until(lambda s, link=link: s.links[-1] == (link, "The register was ended."))
            await asyncio.sleep(0.4)
            assert screen.client.link is link
    assert not revived, "an orderly end must not leave a new core behind"


async def test_core_that_crashed_is_revived_and_a_useless_revival_ends_the_waiting(path):
    core = RunningCore(path, Memory(), "e1")
    await core.start()
    async with screen_on(path, revive=lambda: "The configuration is wrong.") as screen:
        await screen.until(lambda s: s.views)
        await core.kill()
        await screen.until(lambda s: s.links[-1] == (CoreLink.REFUSED, "The configuration is wrong."))


async def test_queries_and_commands_get_their_answers(path):
    async with running_core(path), screen_on(path) as screen:
        answers = await asyncio.gather(
            screen.client.query("slow", "a"), screen.client.query("find", "b"), screen.client.command("x")
        )
        assert [answer["text"] for answer in answers] == ["a", "b", ""]
        with pytest.raises(CoreRefused, match="Not now"):
            await screen.client.query("no")


async def test_question_to_a_core_that_is_away_fails_with_a_sentence(path):
    async with screen_on(path) as screen:
        with pytest.raises(CoreAway, match="did not answer within"):
            await screen.client.query("find", timeout_s=0.05)


async def test_one_question_without_an_event_loop(path):
    async with running_core(path):
        answer = await asyncio.to_thread(ask, path, Query(id=1, kind="status"), "0")
        assert answer == {"kind": "status", "text": "", "role": "console"}
        with pytest.raises(CoreRefused, match="Not now"):
            await asyncio.to_thread(ask, path, Command(id=4, kind="no"), "0")
    with pytest.raises(CoreAway, match="No register runs here"):
        ask(path, Query(id=1, kind="status"), "0")


async def test_stopped_screen_gets_at_most_two_views_then_the_newest(path):
    """Credit for two views; three hundred changes later the screen is told the last one, not three hundred."""
    async with running_core(path) as core, wire_to(path) as stopped, screen_on(path) as screen:
        stopped.hello("stopped", "watch")
        await screen.until(lambda s: s.views)
        for n in range(1, 301):
            screen.client.send(IntentKind.ENTER, str(n))
            await screen.until(lambda s, n=n: len(s.acks) == n)
        assert core.server.stalled()[0][0] == "stopped"
        first, second = await stopped.hear("view"), await stopped.hear("view")
        stopped.tell(t="seen", seq=first["view"]["seq"])
        newest = await stopped.hear("view")
        assert newest["view"]["message"]["text"] == "300"
        assert newest["view"]["seq"] > second["view"]["seq"] + 250
        assert not core.server.stalled()


async def test_client_that_lets_answers_pile_up_is_closed(path):
    async with running_core(path) as core, wire_to(path) as greedy:
        greedy.hello("greedy", "console")
        for n in range(400):
            greedy.tell(t="query", id=n, kind="echo", text="x" * 8_000)
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            while "greedy" in core.server._by_client:
                await asyncio.sleep(0.01)


async def test_client_that_confirms_views_without_reading_them_costs_no_memory_and_stays(path):
    """The socket's buffer fills, then views wait in the one slot; when it reads again it ends at the newest."""
    async with running_core(path) as core, wire_to(path) as blind, screen_on(path) as screen:
        blind.hello("blind", "watch")
        blind.tell(t="seen", seq=10**9)
        await screen.until(lambda s: s.views)
        blind.reader._transport.pause_reading()
        filler = "x" * 20_000
        for n in range(1, 101):
            screen.client.send(IntentKind.ENTER, f"{n} {filler}")
            blind.tell(t="seen", seq=10**9)
            await screen.until(lambda s, n=n: len(s.acks) == n)
        peer = core.server._by_client["blind"]
        assert peer._transport.get_write_buffer_size() < 100_000
        blind.reader._transport.resume_reading()
        text = ""
        while not text.startswith("100 "):
            view = (await blind.hear("view"))["view"]
            blind.tell(t="seen", seq=view["seq"])
            text = view["message"]["text"]
