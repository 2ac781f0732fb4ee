"""Every way out of the link is taken here once: what comes out is a sentence, and everything goes on later."""

import asyncio
import os
import time

import msgspec
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server_headquarters import headquarters, linked_world, until
from server_world import REGISTER, STORE, TABLES
from store.database.errors import DatabaseBusy
from store.exchange.delivery import ServerAnswer
from store.exchange.messages import BatchAnswer
from store.server import archive, packages, retention
from store.server.link import client as clients
from store.server.link.client import HeadquartersClient
from store.server.link.errors import HeadquartersAway, HeadquartersRefused
from store.server.link.link import check_address, home_id, server_name
from store.server.link.uplink import _partly
from store.service.channel import Channel
from store.service.errors import ServiceTrouble


@pytest.fixture
async def hq(tmp_path):
    async with headquarters(tmp_path / "hq") as made:
        yield made


@pytest.fixture
async def world(tmp_path, hq):
    hq.publish(1)
    async with linked_world(tmp_path / "srv", hq) as world:
        await loaded(world, 1)
        yield world


async def loaded(world, seq):
    async def reached():
        return await world.sql(f"select 1 from store where store_id = '{STORE}' and applied_seq = {seq}")

    await until(reached)


def cheaper(price):
    return TABLES | {"item": [TABLES["item"][0] | {"price": price}, *TABLES["item"][1:]]}


# --- the client


async def answering(handler):
    """A client of something that answers everything by `handler`; end it with the second."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    client = HeadquartersClient(url, "MAIN", Ed25519PrivateKey.generate(), lambda: 1)

    async def end():
        await client.close()
        await runner.cleanup()

    return client, end


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "sentence"),
    [
        (200, b"<html>", {}, HeadquartersAway, "not as headquarters of this version"),
        (404, b"<html>", {}, HeadquartersAway, "not as headquarters"),
        (302, b"", {"Location": "/"}, HeadquartersAway, "not as headquarters"),
        (503, b"", {"Retry-After": "7"}, HeadquartersAway, "busy"),
        (503, b"", {"Retry-After": "soon"}, HeadquartersAway, "busy"),
        (429, b"", {}, HeadquartersAway, "busy"),
        (
            403,
            b'{"type":"/problems/x","title":"T","status":403,"detail":"No."}',
            {},
            HeadquartersRefused,
            "No",
        ),
        (403, b'{"type":"/problems/x","title":"T","status":403}', {}, HeadquartersRefused, "T"),
    ],
)
async def test_an_answer_that_is_none_is_a_sentence(status, body, headers, kind, sentence):
    async def handler(_):
        return web.Response(status=status, body=body, headers=headers)

    client, end = await answering(handler)
    with pytest.raises(kind, match=sentence) as caught:
        await client.ask("GET", "/x", ServerAnswer)
    if "Retry-After" in headers:
        assert caught.value.retry_after_s == (7.0 if headers["Retry-After"] == "7" else None)
    if kind is HeadquartersRefused:
        assert (caught.value.word, caught.value.status) == ("x", 403)
    await end()


async def test_silence_a_cut_line_and_an_endless_answer_are_headquarters_away(monkeypatch):
    monkeypatch.setattr(clients, "MAX_ANSWER_BYTES", 100_000)

    async def handler(request):
        if request.path == "/silent":
            await asyncio.sleep(5)
        response = web.StreamResponse()
        response.content_length = 1_000_000
        await response.prepare(request)
        await response.write(b"x" * (200_000 if request.path == "/endless" else 10))
        request.transport.close()
        return response

    client, end = await answering(handler)
    for path, sentence in (
        ("/silent", "in time"),
        ("/cut", "cannot be reached"),
        ("/endless", "larger than any"),
    ):
        with pytest.raises(HeadquartersAway, match=sentence):
            await client.ask("GET", path, ServerAnswer, deadline_s=0.3)
    await end()


async def test_nobody_listening_and_a_certificate_that_is_none_are_sentences(tmp_path):
    key = Ed25519PrivateKey.generate()
    client = HeadquartersClient("http://127.0.0.1:9", "MAIN", key, lambda: 1)
    with pytest.raises(HeadquartersAway, match="cannot be reached"):
        await client.ask("GET", "/x", ServerAnswer)
    await client.close()
    (tmp_path / "ca.pem").write_text("none")
    client = HeadquartersClient("https://127.0.0.1:9", "MAIN", key, lambda: 1, ca_file=tmp_path / "ca.pem")
    with pytest.raises(HeadquartersAway, match="cannot be used"):
        await client.ask("GET", "/x", ServerAnswer)
    await client.close()


async def test_a_headquarters_without_ranges_is_read_from_the_right_byte_all_the_same():
    async def handler(_):
        return web.Response(body=bytes(range(200)))

    client, end = await answering(handler)
    assert b"".join([part async for part in client.stream("/x", 150)]) == bytes(range(150, 200))
    await end()


# --- configuration


@pytest.mark.parametrize(
    "address", ["", "hq", "ftp://hq", "http://", "https://hq:x", "https://hq/x", "http://:1"]
)
def test_an_address_that_is_none_is_refused_with_one_that_works(address):
    with pytest.raises(ServiceTrouble, match="write https://HOST:PORT"):
        check_address(address)


def test_plain_http_is_for_this_machine_only():
    for address in ("http://127.0.0.1:8917", "http://localhost:8917", "https://hq.example:8917"):
        assert check_address(address) == address
    with pytest.raises(ServiceTrouble, match="in the clear"):
        check_address("http://hq.example:8917")


def test_a_server_is_called_by_its_name_or_that_of_the_machine(monkeypatch):
    assert server_name("MAIN.1") == "MAIN.1"
    monkeypatch.setattr("socket.gethostname", lambda: "back room (2)")
    assert server_name("") == "back-room--2-"
    monkeypatch.setattr("socket.gethostname", lambda: "")
    assert server_name("") == "server"
    with pytest.raises(ServiceTrouble, match="no name of a server"):
        server_name("a b")


def test_a_home_keeps_its_name(tmp_path):
    assert home_id(tmp_path, lambda: "abc") == "abc" == home_id(tmp_path, lambda: "def")


# --- loops


async def test_a_database_that_is_busy_is_waited_out(world, hq, monkeypatch, caplog):
    work, left = Channel.work, [3]

    async def busy(self, fn, *args):
        if self is not hq.ledger and fn.__name__ == "take" and left[0]:
            left[0] -= 1
            raise DatabaseBusy("Somebody writes.")
        return await work(self, fn, *args)

    monkeypatch.setattr(Channel, "work", busy)
    hq.publish(2, cheaper(2))
    await loaded(world, 2)
    assert left == [0] and any(record.message == "feed waits" for record in caplog.records)


async def test_a_folder_that_cannot_be_written_is_waited_out(world, hq, monkeypatch):
    folder, left = world.context.shelf.folder, [2]
    partial = folder.partial

    def full(*args):
        if left[0]:
            left[0] -= 1
            raise OSError(28, "No space left on device")
        return partial(*args)

    monkeypatch.setattr(folder, "partial", full)
    hq.publish(2, cheaper(2))
    await loaded(world, 2)
    assert left == [0] and "Download failed" not in hq.statuses(2)


async def test_a_headquarters_that_forgot_the_server_meets_it_anew(world, hq):
    hq.server_key = b"\0" * 32
    hq.publish(2, cheaper(2))
    await loaded(world, 2)
    assert hq.asked.count(("POST", "/servers")) >= 2


async def test_a_refusal_that_is_no_question_of_identity_is_said_in_health(world, hq):
    hq.refuses_feed = True
    hq.direct()
    await until(
        lambda: "refuses this server: The request cannot be read" in world.context.link.standing.sentence
    )
    hq.refuses_feed = False
    await until(lambda: world.context.link.standing.sentence == "Headquarters answers.")


# --- packages


async def test_a_chunk_that_vanishes_between_fetching_and_loading_is_fetched_again(world, hq, monkeypatch):
    folder, left = world.context.shelf.folder, [1]
    read = folder.read

    def vanished(sha256, size):
        if left[0]:
            left[0] -= 1
            folder.drop(sha256)
        return read(sha256, size)

    monkeypatch.setattr(folder, "read", vanished)
    hq.publish(2, cheaper(2))
    await loaded(world, 2)
    assert left == [0] and "Apply failed" not in hq.statuses(2)


async def test_a_package_for_registers_that_cannot_be_fetched_is_said_in_health(world, hq):
    hq.direct(**{"S0042-R09": {"data_group": "pilot"}})
    hq.publish(2, cheaper(1), group="pilot", ring=False)
    path = "/packages/2"
    hq.faults[path] = lambda data: (data[:-1] + b" ", None)
    hq.ring()
    await until(lambda: "Registers cannot have package 2" in world.context.link.standing.sentence)
    del hq.faults[path]
    await until(lambda: world.context.link.standing.sentence == "Headquarters answers.")


async def test_a_package_of_a_group_that_left_headquarters_is_no_end(world, hq):
    hq.direct(**{"S0042-R09": {"data_group": "pilot"}})
    hq.publish(2, cheaper(1), group="pilot", ring=False)
    del hq.headers[2, "full"]
    hq.ring()
    await until(lambda: "does not keep package 2" in world.context.link.standing.sentence)
    hq.publish(3, cheaper(1), group="pilot", full=True)

    async def held():
        forms = await world.read(packages.fetched_forms, STORE, "pilot")
        return [form.package_seq for form in forms] == [3]

    await until(held)


async def test_old_packages_and_their_chunks_go_and_what_a_new_register_needs_stays(world, hq):
    for seq in range(2, 30):
        hq.publish(seq, cheaper(seq), full=seq == 25)
        await loaded(world, seq)

    async def tidied():
        return (await world.read(packages.forms, STORE, STORE))[0].package_seq > 8

    await until(tidied)
    names = {form.name for form in await world.read(packages.forms, STORE, STORE)}
    assert (25, "full") in names and (1, "full") not in names
    assert {seq for seq, kind in names if kind == "delta"} == set(range(9, 30)) - {25}
    chunks = world.context.shelf.folder.root / "chunks"
    before = len(list(chunks.iterdir()))
    (chunks / "stray.part").write_bytes(b"x")
    for path in chunks.iterdir():
        os.utime(path, (time.time() - 9_999, time.time() - 9_999))
    await retention.collect(world.context.channel, world.context.shelf)
    left = {path.name for path in chunks.iterdir()}
    assert len(left) < before and "stray.part" not in left
    register = await world.enrolled_at_headquarters(hq)
    _, told = await register.get("/downloads?after=0&reader=2")
    assert told["entries"][0]["kind"] == "full"
    for name in left:
        assert (await register.send("GET", f"/chunks/{name}"))[0] == 200


async def test_a_file_that_another_process_removes_is_no_trouble(world, monkeypatch):
    chunks = world.context.shelf.folder.root / "chunks"
    monkeypatch.setattr(retention, "_files", lambda _: [chunks / "gone", *chunks.iterdir()])
    await retention.collect(world.context.channel, world.context.shelf, grace_s=0)


async def test_the_packages_of_a_group_that_nobody_is_in_any_more_go(world, hq):
    hq.direct(**{"S0042-R09": {"data_group": "pilot"}})
    hq.publish(2, cheaper(1), group="pilot")

    async def held():
        return await world.read(packages.fetched_forms, STORE, "pilot")

    await until(held)
    hq.direct(**{"S0042-R09": {}})
    hq.publish(3, cheaper(3))

    async def gone():
        return not await world.read(packages.forms, STORE, "pilot")

    await until(gone)


async def test_facts_of_a_series_that_a_newer_headquarters_says_in_another_way_are_passed_over(world, hq):
    hq.direct(**{REGISTER: {"public_key": "no hex", "epoch": 1}, "S0042-R05": {"public_key": "00" * 32}})
    hq.publish(2, cheaper(2))
    await loaded(world, 2)
    assert await world.sql("select * from series") == []


async def test_a_chunk_that_ends_early_goes_on_at_the_next_attempt(world, hq):
    hq.publish(2, cheaper(2), ring=False)
    path = f"/chunks/{list(hq.chunks)[-1]}"
    left = [3]

    def shorter(data):
        left[0] -= 1
        return (data[: 4 - left[0]] if left[0] >= 0 else data), None

    hq.faults[path] = shorter
    hq.ring()
    await loaded(world, 2)
    assert left[0] < 0 and "Download failed" not in hq.statuses(2)


async def test_a_header_that_is_none_is_not_on_the_shelf(world):
    shelf = world.context.shelf
    assert shelf.contents("00", b"no header") is None and not shelf.holds("00", b"no header")


# --- the way up


async def test_a_headquarters_that_takes_nothing_is_not_asked_for_ever(world, hq):
    register = await world.enrolled_at_headquarters(hq)
    hq.answers_records = BatchAnswer(series=register.series, acked_seq=0, acked_hash="", time_ms=1)
    register.add()
    await register.upload()
    await until(lambda: "takes nothing after record 0" in world.context.link.standing.sentence)
    hq.answers_records = None
    hq.direct()

    async def there():
        return len(await hq.records(register.series)) == 1

    await until(there)
    await until(lambda: world.context.link.standing.sentence == "Headquarters answers.")


async def test_a_headquarters_with_another_record_at_the_place_is_a_fork(world, hq):
    register = await world.enrolled_at_headquarters(hq)
    hq.answers_records = BatchAnswer(series=register.series, acked_seq=1, acked_hash="00" * 32, time_ms=1)
    register.add()
    await register.upload()
    await until(lambda: "a fork" in world.context.link.standing.sentence)
    assert await world.read(archive.archived_seq, STORE, register.series) == 0


async def test_a_headquarters_that_lost_a_series_is_told_of_it_again(world, hq):
    register = await world.enrolled_at_headquarters(hq)
    for _ in range(3):
        register.add()
    await register.upload()

    async def archived():
        return await world.read(archive.archived_seq, STORE, register.series) == 3

    await until(archived)

    def forget(db):
        db.execute("drop trigger record_stays")
        db.execute("delete from record")
        db.execute("delete from series")

    await hq.ledger.work(forget)
    hq.ask_for_records(session=5)
    await until(lambda: [r.status for r in hq.reports if r.session == 5] == ["Uploaded"])
    assert len(await hq.records(register.series)) == 3


async def test_enrolments_and_openings_that_headquarters_refuses_are_a_trouble_of_that_series_only(world, hq):
    hq.refuses_paths = ("/devices/reports",)
    register = await world.enrolled_at_headquarters(hq)
    await until(lambda: f"Series {register.series} is not delivered" in world.context.link.standing.sentence)
    hq.refuses_paths = (f"/series/{REGISTER}.2",)
    again = await world.enrolled_at_headquarters(hq, code="AGAIN")
    hq.direct()
    await until(lambda: f"Series {again.series} is not delivered" in world.context.link.standing.sentence)
    hq.refuses_paths = ()
    hq.direct()
    await until(lambda: world.context.link.standing.sentence == "Headquarters answers.")


def test_a_gap_whose_answer_cannot_be_read_is_the_refusal_itself():
    error = HeadquartersRefused("gap", 409, "records are missing", b"{}")
    with pytest.raises(HeadquartersRefused) as caught:
        _partly(error)
    assert caught.value is error
    pending = HeadquartersRefused("server-pending", 403, "not accepted")
    with pytest.raises(HeadquartersRefused):
        _partly(pending)
    answer = BatchAnswer(series="S", acked_seq=2, acked_hash="", time_ms=1, expected=3)
    assert _partly(HeadquartersRefused("gap", 409, "x", msgspec.json.encode(answer))) == answer
