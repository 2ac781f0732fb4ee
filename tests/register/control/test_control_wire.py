"""The contract of the control socket: what is said in which order, and a sentence for every breach of it."""

import asyncio
import grp
import json
import multiprocessing
import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from core_till import Memory, RunningCore, running_core, wire_to
from store.register.config import ConfigError
from store.register.control import peer as control_peer
from store.register.control.access import PeerCheck, make_room_for, open_socket
from store.register.control.client import CoreRefused, ask
from store.register.control.messages import PROTOCOL, Query
from store.register.control.server import PEER_LIMIT


@pytest.fixture
def path(own_folders):
    return own_folders / "run" / "control.sock"


async def test_hello_is_answered_by_welcome_and_the_newest_view(path):
    async with running_core(path, epoch="abc"), wire_to(path) as wire:
        wire.hello()
        assert await wire.hear() == {
            "t": "welcome",
            "protocol": PROTOCOL,
            "epoch": "abc",
            "last": 0,
            "version": "0",
        }
        view = await wire.hear()
        assert (view["t"], view["view"]["epoch"], view["view"]["mode"]) == ("view", "abc", "idle")


async def test_intent_is_acknowledged_after_its_view(path):
    async with running_core(path) as core, wire_to(path) as wire:
        wire.hello()
        await wire.hear("view")
        wire.intent(1, "4711")
        assert (await wire.hear("view"))["view"]["message"]["text"] == "4711"
        assert await wire.hear("ack") == {"t": "ack", "outcome": {"n": 1, "outcome": "done", "why": ""}}
        assert core.till.memory.applied == [("c1", 1, "4711")]


async def test_same_number_again_is_acknowledged_and_not_applied(path):
    async with running_core(path) as core, wire_to(path) as wire:
        wire.hello()
        wire.intent(1, "a")
        wire.intent(1, "a")
        assert (await wire.hear("ack"))["outcome"]["outcome"] == "done"
        assert (await wire.hear("ack"))["outcome"]["outcome"] == "again"
        assert len(core.till.memory.applied) == 1


async def test_welcome_names_the_last_intent_applied_also_to_a_new_core(path):
    memory = Memory()
    async with running_core(path, memory), wire_to(path) as wire:
        wire.hello("screen-7")
        wire.intent(1)
        await wire.hear("ack")
    async with running_core(path, memory, epoch="e2"), wire_to(path) as wire:
        wire.hello("screen-7")
        assert (await wire.hear("welcome"))["last"] == 1


async def test_core_that_has_forgotten_a_client_goes_on_with_its_first_unanswered_intent(path):
    async with running_core(path) as core, wire_to(path) as wire:
        wire.hello(first=58)
        assert (await wire.hear("welcome"))["last"] == 57
        wire.intent(58, "x")
        assert (await wire.hear("ack"))["outcome"]["outcome"] == "done"
        assert core.till.memory.last == {"c1": 58}


async def test_gap_in_the_numbers_is_refused_with_leave_to_say_hello_again(path):
    async with running_core(path) as core, wire_to(path) as wire:
        wire.hello()
        wire.intent(1)
        wire.intent(3)
        refusal = await wire.hear("refuse")
        assert refusal["again"] is True
        assert "2 is missing before 3" in refusal["why"]
        await asyncio.sleep(0.01)
        assert core.till.memory.last == {"c1": 1}


BREACHES = {
    "old protocol": (
        b'{"t":"hello","protocol":0,"client":"c","role":"cashier","version":""}\n',
        "Restart the screen.",
    ),
    "new protocol": (
        b'{"t":"hello","protocol":9,"client":"c","role":"cashier","version":""}\n',
        "Restart the register core.",
    ),
    "garbage": (b"\x00\xff\xfe not JSON\n", "not a message of the control protocol"),
    "unknown tag": (b'{"t":"dance"}\n', "not a message of the control protocol"),
    "wrong type": (b'{"t":"hello","protocol":"1"}\n', "not a message of the control protocol"),
    "70 kB without newline": (b"x" * 70_000, "longer than 64 kB"),
    "intent before hello": (
        b'{"t":"intent","intent":{"n":1,"kind":"enter"}}\n',
        "first message must be hello",
    ),
    "unknown role": (
        b'{"t":"hello","protocol":1,"client":"c","role":"owner","version":""}\n',
        "Role 'owner' is unknown",
    ),
    "no name": (
        b'{"t":"hello","protocol":1,"client":"","role":"cashier","version":""}\n',
        "hello with a client's name",
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
async def test_breach_of_the_protocol_gets_a_sentence_and_the_core_goes_on(path, breach):
    raw, sentence = BREACHES[breach]
    async with running_core(path) as core, wire_to(path) as healthy:
        healthy.hello("healthy")
        await healthy.hear("view")
        async with wire_to(path) as wire:
            wire.say(raw)
            assert sentence in await wire.hear_refusal()
        healthy.intent(1, "after")
        assert (await healthy.hear("ack"))["outcome"]["n"] == 1
        assert core.till.memory.applied == [("healthy", 1, "after")]


@pytest.mark.parametrize(
    ("role", "message", "sentence"),
    [
        ("watch", {"t": "intent", "intent": {"n": 1, "kind": "enter"}}, "only looks"),
        ("watch", {"t": "command", "id": 1, "kind": "connect"}, "only looks"),
        ("console", {"t": "intent", "intent": {"n": 1, "kind": "enter"}}, "does not sell"),
    ],
)
async def test_role_may_do_no_more_than_its_role(path, role, message, sentence):
    async with running_core(path) as core, wire_to(path) as wire:
        wire.hello(role=role)
        wire.tell(**message)
        assert sentence in await wire.hear_refusal()
        assert core.till.memory.applied == []


async def test_unknown_fields_are_ignored(path):
    async with running_core(path), wire_to(path) as wire:
        wire.hello(colour="green")
        wire.tell(t="intent", intent={"n": 1, "kind": "enter", "mood": "good"}, extra=[1, {}])
        assert (await wire.hear("ack"))["outcome"]["outcome"] == "done"


async def test_message_in_pieces_and_messages_in_one_piece_are_the_same(path):
    async with running_core(path) as core, wire_to(path) as wire:
        wire.hello()
        raw = b"".join(
            json.dumps({"t": "intent", "intent": {"n": n, "kind": "enter", "arg": str(n)}}).encode() + b"\n"
            for n in range(1, 41)
        )
        for start in range(0, len(raw), 7):
            wire.say(raw[start : start + 7])
            if start % 70 == 0:
                await asyncio.sleep(0)
        heard = [(await wire.hear("ack"))["outcome"]["n"] for _ in range(40)]
        assert heard == list(range(1, 41))
        assert [n for _, n, _ in core.till.memory.applied] == heard


async def test_second_connection_of_a_client_takes_the_place_of_the_first(path):
    async with running_core(path), wire_to(path) as first:
        first.hello("same")
        await first.hear("view")
        async with wire_to(path) as second:
            second.hello("same")
            await second.hear("view")
            assert await first.hear() == {}
            second.intent(1)
            assert (await second.hear("ack"))["outcome"]["n"] == 1


async def test_too_many_connections_are_turned_away_with_a_sentence(path):
    async with running_core(path):
        wires = [await asyncio.open_unix_connection(str(path)) for _ in range(PEER_LIMIT)]
        await asyncio.sleep(0.01)
        async with wire_to(path) as wire:
            assert "Too many screens" in await wire.hear_refusal()
        for _, writer in wires:
            writer.close()


async def test_client_that_says_nothing_is_hung_up_on(path, monkeypatch):
    monkeypatch.setattr(control_peer, "HELLO_WITHIN_S", 0.05)
    monkeypatch.setattr(control_peer, "FAREWELL_S", 0.05)
    async with running_core(path) as core, wire_to(path) as wire:
        assert "No hello came within 0.05 s" in await wire.hear_refusal()
        while core.server._peers:
            await asyncio.sleep(0.01)


async def test_questions_are_answered_beside_each_other_each_by_its_number(path):
    async with running_core(path), wire_to(path) as wire:
        wire.hello(role="console")
        wire.tell(t="query", id=1, kind="slow")
        wire.tell(t="query", id=2, kind="quick", text="milk")
        assert await wire.hear("answer") == {
            "t": "answer",
            "id": 2,
            "data": {"kind": "quick", "text": "milk", "role": "console"},
            "error": "",
        }
        assert (await wire.hear("answer"))["id"] == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("no", "Not now."),
        ("broken", "The register could not answer; its log says why."),
        ("huge", "The answer is too long; ask for less."),
    ],
)
async def test_question_that_cannot_be_answered_gets_a_sentence(path, kind, error):
    async with running_core(path), wire_to(path) as wire:
        wire.hello(role="console")
        wire.tell(t="query", id=7, kind=kind)
        answer = await wire.hear("answer")
        assert (answer["id"], answer["data"], answer["error"]) == (7, {}, error)


async def test_socket_is_for_user_and_group_only_and_a_stale_one_is_replaced(path):
    async with running_core(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750
    assert not path.exists()
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    async with running_core(path), wire_to(path) as wire:
        wire.hello()
        assert (await wire.hear())["t"] == "welcome"


HELLO = b'{"t":"hello","protocol":1,"client":"c","role":"watch","version":""}\n'


def connect_as_nobody(path, group, queue):
    os.setgroups([])
    os.setgid(group)
    os.setuid(65534)
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(5)
        try:
            wire.connect(str(path))
            wire.sendall(HELLO)
            queue.put(wire.recv(1000))
        except PermissionError:
            queue.put(b'{"t":"no way in"}')


async def said_to_nobody(path, group=65534):
    """What the core says to another user of a group."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    other = context.Process(target=connect_as_nobody, args=(path, group, queue))
    other.start()
    said = await asyncio.to_thread(queue.get, True, 20)
    await asyncio.to_thread(other.join)
    queue.close()
    return json.loads(said.splitlines()[0])


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
async def test_another_user_is_refused_even_where_the_modes_let_him_in(tmp_path_factory):
    folder = tmp_path_factory.mktemp("open")
    for each in (folder, *folder.parents):
        if each != each.parent and each.stat().st_uid == os.getuid() and str(each) != "/tmp":
            each.chmod(0o755)
    path = folder / "c.sock"
    async with running_core(path):
        folder.chmod(0o777)
        path.chmod(0o666)
        said = await said_to_nobody(path)
    assert said["t"] == "refuse"
    assert "may not use this register" in said["why"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
async def test_technicians_group_gets_in_and_nobody_else():
    """The home is closed to everybody; the group of the configuration passes through it to the socket."""
    group = next(each for each in grp.getgrall() if each.gr_gid not in (0, 65534))
    with tempfile.TemporaryDirectory(prefix="outpost-") as home:
        path = Path(home) / "run" / "control.sock"
        core = RunningCore(path, Memory(), "e1")
        await core.server.listen(path, group.gr_name)
        try:
            assert (await said_to_nobody(path, group.gr_gid))["t"] == "welcome"
            assert (await said_to_nobody(path))["t"] == "no way in"
            assert stat.S_IMODE(Path(home).stat().st_mode) == 0o710
        finally:
            await core.server.close("", True)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
async def test_socket_folder_of_somebody_else_is_not_used(tmp_path):
    (tmp_path / "run").mkdir()
    os.chown(tmp_path / "run", 65534, 65534)
    with pytest.raises(ConfigError, match="belongs to somebody else"):
        async with running_core(tmp_path / "run" / "c.sock"):
            pass


async def test_group_that_is_not_there_is_a_sentence(own_folders):
    with pytest.raises(ConfigError, match="There is no group 'technicians-of-nowhere'"):
        make_room_for(own_folders / "run" / "g.sock", "technicians-of-nowhere")


async def test_socket_that_may_not_be_used_is_told_from_one_that_is_not_there(path, monkeypatch):
    def forbidden(self, address):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    with pytest.raises(CoreRefused, match="technicians' group"):
        ask(path, Query(id=1, kind="status"), "0")


def test_own_user_is_let_in(own_folders):
    path = own_folders / "run" / "check.sock"
    listening = open_socket(path, "")
    with listening, socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        server, _ = listening.accept()
        with server:
            assert PeerCheck(listening).refusal(server) == ""
    path.unlink()
