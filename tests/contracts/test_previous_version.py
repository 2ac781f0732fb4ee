"""What version 0.1 of the program sent, answered and stored is understood by this one.

`previous_version/` was written by that version and is never written again: its requests and the answers it gave, the
journal of a day at its register, a journal file, a data package, and what its screen and its core said to each other.
"""

import asyncio
import base64
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from yarl import URL

from core_home import MILK, CoreRun, make_home
from gateway_shop import shop_in
from gateway_world import RealClock, SeededRandomness
from journal_world import KeySigner, event, identity
from server_world import REGISTER, STORE, running_world
from store.database.connection import values
from store.database.sqlite import open_reader
from store.exchange import messages
from store.exchange.acknowledgement import acknowledgement_is_genuine
from store.exchange.delivery import Downloads
from store.exchange.package import PackageError, read_package
from store.exchange.record import public_bytes
from store.gateway.client import RetailClient
from store.gateway.errors import ServerRefused
from store.register.journal.chain import check_records
from store.register.journal.commit import Moment
from store.register.journal.export import export_journal
from store.register.journal.file import JournalFile
from store.register.journal.reads import counts
from store.register.journal.upload import read_upload
from store.register.recovery.recovery import recover
from store.register.verification.verify import verify_file
from store.sale.item import ItemKey, KeyKind
from store.server.enrolments import create_code

FOLDER = Path(__file__).parent / "previous_version"
FACTS = json.loads((FOLDER / "calls.json").read_text(encoding="utf-8"))
CALLS = {call["name"]: call for call in FACTS["calls"]}
KEY = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(FACTS["key"]))


# --- an old register at this server


@pytest.fixture
async def world(tmp_path):
    async with running_world(tmp_path / "server", now_ms=lambda: FACTS["time_ms"]) as world:
        await world.prepare()
        await world.context.channel.work(create_code, STORE, REGISTER, FACTS["code"], FACTS["time_ms"])
        yield world


async def said_again(world, name):
    """The old request, byte for byte; (status, answer)."""
    call = CALLS[name]
    async with world.http.request(
        call["method"],
        URL(world.url + call["path"], encoded=True),
        data=call["body"].encode() or None,
        headers=call["headers"],
    ) as response:
        assert response.headers[messages.PROTOCOL_HEADER] == "1"
        return response.status, json.loads(await response.read())


TIMED = {"time_ms", "signature", "server_key", "root_key", "version", "records"}


def subset(old, new, without=TIMED):
    """Every field of an old answer is in a new one, with the same kind of value, and the same value where it may be."""
    for key, value in old.items():
        assert key in new and type(new[key]) is type(value), key
        if key not in without and not isinstance(value, list):
            assert new[key] == value, key


async def test_f42_every_request_of_an_old_register_is_answered_as_it_was(world):
    for name in (
        "enrolment", "health", "head", "item", "unknown item", "search", "records", "records again"
    ):  # fmt: skip
        status, answer = await said_again(world, name)
        assert status == CALLS[name]["status"], (name, answer)
        subset(json.loads(CALLS[name]["answer"]), answer)


async def test_records_of_an_old_register_are_accepted_and_posted(world):
    await said_again(world, "enrolment")
    _, answer = await said_again(world, "records")
    assert [row["outcome"] for row in answer["records"]] == ["accepted"] * 9
    books = await world.settled()
    old = json.loads(CALLS["records"]["answer"])
    assert answer["acked_hash"] == old["acked_hash"]
    assert books["posted"] >= 8 and books["accepted"] == 9


async def test_an_old_register_is_told_in_its_own_words_that_its_kind_of_package_is_gone(world):
    await said_again(world, "enrolment")
    status, answer = await said_again(world, "package facts")
    assert (status, answer["type"].rpartition("/")[2]) == (404, "no-package")
    assert "update the register" in answer["detail"]


# --- this register at an old server


class OldServer:
    """Answers with what version 0.1 answered; what it did not know is not found."""

    async def __aenter__(self):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        self.runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.client = RetailClient(
            address=f"http://127.0.0.1:{self.runner.addresses[0][1]}",
            clock=RealClock(),
            randomness=SeededRandomness(),
            series=f"{REGISTER}.1",
        )
        return self.client

    async def __aexit__(self, *_):
        await self.client.close()
        await self.runner.cleanup()

    async def answer(self, request):
        for call in FACTS["calls"]:
            if (call["method"], call["path"]) == (request.method, request.path_qs):
                return web.Response(
                    body=call["answer"].encode(), status=call["status"], headers=call["answer_headers"]
                )
        body = (
            b'{"type":"/problems/not-found","title":"There is no such thing here","status":404,"detail":""}'
        )
        headers = {messages.PROTOCOL_HEADER: "1", "Content-Type": "application/problem+json"}
        return web.Response(body=body, status=404, headers=headers)


async def test_every_answer_of_an_old_server_is_read(tmp_path):
    key = (
        ItemKey(kind=KeyKind.GTIN, value="04006381333931"),
        ItemKey(kind=KeyKind.SKU, value="4006381333931"),
    )
    async with OldServer() as client:
        health = await client.health(deadline_s=2)
        assert health.ok and health.protocol == (1, 1) and health.headquarters == ""
        head = await client.head(deadline_s=2)
        assert (head.seq, head.archived_seq) == (0, 0), (
            "nothing is known to be archived, so nothing is removed"
        )
        item = await client.find_item(key, deadline_s=2)
        assert (item.sku, item.price) == ("4711", 626)
        assert (await client.find_item((ItemKey(kind=KeyKind.SKU, value="9999"),), deadline_s=2)) is None
        assert (await client.search("milch", 20, deadline_s=2)).items[0].sku == "4712"
        batch = msgspec.json.decode(CALLS["records"]["body"], type=messages.RecordBatch)
        answer = await client.upload(batch)
        enrolled = await client.enrol(
            msgspec.json.decode(CALLS["enrolment"]["body"], type=messages.EnrolmentRequest)
        )
        assert acknowledgement_is_genuine(bytes.fromhex(enrolled.server_key), answer)
        with pytest.raises(ServerRefused) as refused:  # it has no sessions: the register keeps what it has
            await client.ask("/downloads?after=0&reader=2", Downloads, deadline_s=2)
        assert refused.value.kind == "not-found"


# --- what an old register stored


@pytest.mark.parametrize(("name", "records"), [("journal.jsonl", 9), ("day.jsonl", 6)])
def test_an_old_export_verifies(name, records):
    report = verify_file(FOLDER / name)
    assert (report.ok, report.records) == (True, records)


@pytest.fixture
def old_journal(tmp_path):
    path = tmp_path / "journal.db"
    with sqlite3.connect(path) as db:
        db.executescript((FOLDER / "journal.sql").read_text(encoding="utf-8"))
        db.execute("pragma user_version=1")
    db.close()
    path.chmod(0o600)
    return path


def test_f14_an_old_journal_goes_on_under_this_program(old_journal):
    who = identity(register=REGISTER, key=KEY)
    assert verify_file(old_journal).ok
    file = JournalFile(old_journal, who, KeySigner(KEY))
    head = file.open()
    assert head.seq == 9
    done = file.commit(event("lock", "new"), Moment(wall_ms=head.at_ms + 1000, utc_offset_min=0))
    assert done.record.seq == 10
    file.close()
    report = verify_file(old_journal)
    assert (report.ok, report.records, report.removed) == (True, 10, 0)


def test_an_old_journal_can_be_looked_at_before_a_core_has_opened_it(old_journal):
    """`outpost doctor`, `journal list` and `activate` come first after an update."""
    who = identity(register=REGISTER, key=KEY)
    with closing(open_reader(old_journal)) as db:
        assert check_records(db, who) == 9
        assert counts(db, who).pending_records == 9
        assert read_upload(db, who.series).archived_seq == 0
    out = io.StringIO()
    assert export_journal(old_journal, out) == 9


async def test_the_disk_of_an_old_register_is_recovered(world, old_journal):
    await said_again(world, "enrolment")
    from store.exchange.codes import code_hash

    now_ms = world.context.now_ms()
    row = values(STORE, f"{REGISTER}.1", code_hash("GRANT"), now_ms + 1000)
    await world.context.channel.work(
        lambda db: db.execute(
            "insert into recovery_grant (store_id, series, code_hash, expires_ms, used_ms) values ($1, $2, $3, $4, 0)",
            row,
        )
    )
    done = await asyncio.to_thread(recover, old_journal, server_url=world.url, code="GRANT")
    assert (done.sent, done.known) == (9, 0)


def test_an_old_package_is_refused_with_a_sentence():
    """The format changed: nothing of it is half taken."""
    with pytest.raises(PackageError) as refused:
        read_package((FOLDER / "package.outpost").read_bytes())
    assert str(refused.value).endswith((".", "!")) or len(str(refused.value)) > 10


# --- an old screen at this core


def test_an_old_screen_is_welcome_and_sells(tmp_path):
    lines = json.loads((FOLDER / "control.json").read_text(encoding="utf-8"))
    assert [line["from"] for line in lines][:2] == ["screen", "core"]
    home = make_home(tmp_path / "till")
    with CoreRun(home) as core:
        core.wait_until_it_listens()
        answers = replay(home, lines)
        assert core.end() == 0
    kinds = [json.loads(line["line"])["t"] for line in lines if line["from"] == "core"]
    assert {answer["t"] for answer in answers} >= {"welcome", "view", "ack", "answer"}
    assert set(kinds) <= {answer["t"] for answer in answers}
    old_view = [json.loads(line["line"]) for line in lines if '"t":"view"' in line["line"].replace(" ", "")][
        -1
    ]
    new_view = [answer for answer in answers if answer["t"] == "view"][-1]
    assert set(old_view["view"]) <= set(new_view["view"]), "every field an old screen draws is still there"
    assert new_view["view"]["mode"] == "paid"


def replay(home, lines):
    """Say what the old screen said, each line after the core has answered the one before; everything it answered."""
    import socket

    answers = []
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(10)
        wire.connect(str(home.socket))
        stream = wire.makefile("rb")

        def hear(kind):
            while True:
                answers.append(json.loads(stream.readline()))
                if answers[-1]["t"] == "view":
                    wire.sendall(
                        json.dumps({"t": "seen", "seq": answers[-1]["view"]["seq"]}).encode() + b"\n"
                    )
                if answers[-1]["t"] == kind:
                    return

        for line in lines:
            if line["from"] != "screen":
                continue
            said = json.loads(line["line"])
            if said["t"] == "seen":
                continue
            if said["t"] == "intent" and said["intent"]["kind"] == "scan":
                said["intent"]["arg"] = MILK  # what is on file here
            if said["t"] == "intent" and said["intent"].get("seq"):
                said["intent"]["seq"] = [a for a in answers if a["t"] == "view"][-1]["view"]["seq"]
            wire.sendall(json.dumps(said).encode() + b"\n")
            hear({"hello": "welcome", "intent": "ack", "query": "answer"}[said["t"]])
            if said["t"] == "hello":
                hear("view")
        stream.close()
    return answers


# --- too far apart


async def test_a_server_that_speaks_another_version_blocks_with_its_reason_and_selling_goes_on(tmp_path):
    async with shop_in(tmp_path) as shop:
        shop.server.problem = (426, "protocol", "This server speaks version 2; update the register.")
        await shop.find()
        await shop.word_becomes("BLOCKED", 8)
        assert "version 2" in shop.supervisor.status().reason
        answer, took_s = await shop.find()
        assert answer.item is not None and answer.source.value == "offline" and took_s < 1


async def test_a_register_of_another_version_is_told_so(world):
    call = CALLS["health"]
    headers = call["headers"] | {messages.PROTOCOL_HEADER: "2"}
    async with world.http.get(world.url + call["path"], headers=headers) as response:
        assert response.status == 426
        assert "update the register" in (await response.json(content_type=None))["detail"]


def test_the_frozen_key_is_the_one_of_the_frozen_enrolment():
    body = json.loads(CALLS["enrolment"]["body"])
    assert public_bytes(KEY).hex() == body["public_key"]
    assert base64.b64decode(CALLS["head"]["headers"]["Outpost-Signature"])
