"""Every way out that an error takes is taken here once: what comes out is a sentence, and the server goes on."""

import asyncio
import logging
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from server_world import STORE, MemoryKeyring, Register, problem, running_world
from store.database.connection import values
from store.database.errors import DatabaseBusy, DatabaseClosed, StorageReadOnly
from store.ledger.effects import post
from store.server.api.metrics import Metrics
from store.server.config import ServerConfig, database_place, is_loopback
from store.service.errors import ServiceTrouble
from store.service.logs import start_log, stop_log
from store.service.tasks import ServiceTasks


@pytest.fixture
async def world(tmp_path):
    async with running_world(tmp_path) as world:
        yield world


async def test_trouble_with_the_database_while_posting_is_waited_out_and_counts_against_no_record(
    tmp_path, monkeypatch
):
    calls = []

    def flaky(db, ref, payload):
        calls.append(ref.seq)
        post(db, ref, payload)
        if len(calls) == 1:
            raise DatabaseBusy("Somebody writes.")

    monkeypatch.setattr("store.ledger.posting.TROUBLE_WAIT_S", 0.01)
    async with running_world(tmp_path, post_record=flaky) as world:
        register = await world.enrolled()
        register.add()
        await register.upload()
        assert await world.settled() == {"accepted": 1, "posted": 1, "quarantined": 0, "waiting": 0}
        assert calls == [1, 1]
        assert await world.sql("select count(*) from retry") == [(0,)]


async def test_a_body_that_drips_in_is_cut_off(world, monkeypatch):
    monkeypatch.setattr("store.server.api.bodies.BODY_PATIENCE_S", 0.05)
    address = urlsplit(world.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"POST /enrolments HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    assert b"400" in await asyncio.wait_for(reader.readline(), 5)
    writer.transport.abort()


async def test_metrics_are_there_while_the_database_is_in_trouble(world, monkeypatch):
    def stores(db):
        raise DatabaseBusy("Somebody writes.")

    monkeypatch.setattr("store.ledger.reports.stores", stores)
    async with world.http.get(f"{world.url}/metrics") as response:
        assert response.status == 200 and "outpost_requests" in await response.text()


async def test_reports_of_several_stores_ask_which_one(world):
    await world.enrolled()
    insert = "insert into store (store_id, root_key, created_ms) values ($1, '', 0)"
    await world.context.channel.work(lambda db: db.execute(insert, values("S0099")))
    headers = {"Authorization": f"Bearer {world.running.operator_token}"}
    async with world.http.get(f"{world.url}/transactions", headers=headers) as response:
        assert (response.status, problem(await response.read())) == (400, "bad-request")
    assert await world.report("transactions", store="S0099") == []
    assert await world.report("transactions", store="nowhere") == []


async def test_reports_come_in_pages(world):
    register = await world.enrolled()
    for _ in range(5):
        register.add()
    await register.upload()
    await world.settled()
    first = await world.report("transactions", limit=2)
    rest = await world.report("transactions", after_series=first[-1]["series"], after_seq=first[-1]["seq"])
    assert [row["seq"] for row in first + rest] == [1, 2, 3, 4, 5]
    headers = {"Authorization": f"Bearer {world.running.operator_token}"}
    async with world.http.get(f"{world.url}/transactions?limit=many", headers=headers) as response:
        assert response.status == 400


async def test_a_store_without_pepper_enrols_nobody_for_now(world):
    code = (await world.prepare()).code
    world.context.secrets.keyring.passwords.clear()
    with pytest.raises(AssertionError, match="prepare the server again"):
        await Register.enrol(world, code)
    world.context.secrets.keep_pepper(STORE, b"p" * 32)
    assert (await Register.enrol(world, code)).series == "S0042-R03.1", "the code was not used up"


@pytest.mark.parametrize("field", ["public_key", "proof"])
async def test_a_key_or_proof_that_is_no_hexadecimal_is_refused(world, field):
    document = {"code": "x", "public_key": "00", "proof": "00"} | {field: "no hex"}
    async with world.http.post(f"{world.url}/enrolments", json=document) as response:
        assert (response.status, problem(await response.read())) == (403, "bad-proof")


async def test_a_database_that_cannot_be_opened_again_stays_a_503(world, monkeypatch):
    register = await world.enrolled()
    register.add()
    database = world.context.channel._database
    database._suspect = True

    async def refuse():
        raise StorageReadOnly("The disk is gone.")

    monkeypatch.setattr(database, "reopen", refuse)
    status, content, _ = await register.send("POST", f"/series/{register.series}/records", register.batch())
    assert (status, problem(content)) == (503, "database")
    with pytest.raises(DatabaseClosed, match="The disk is gone"):
        await world.context.channel.work(lambda db: None)
    monkeypatch.undo()
    assert (await register.upload())[1].acked_seq == 1


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:channel.db", "/srv/channel.db"),
        ("sqlite:sub/channel.db", "/srv/sub/channel.db"),
        ("sqlite:/data/channel.db", "/data/channel.db"),
        ("sqlite:///data/channel.db", "/data/channel.db"),
    ],
)
def test_a_database_address_names_a_file(url, path):
    assert database_place(Path("/srv"), url) == Path(path)


@pytest.mark.parametrize("url", ["", "sqlite:", "sqlite://host/x", "oracle:x", "channel.db"])
def test_any_other_address_is_refused_with_the_form_that_works(url):
    with pytest.raises(ServiceTrouble, match="sqlite:PATH"):
        database_place(Path("/srv"), url)


def test_loopback_is_this_machine_only():
    assert all(is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "127.8.8.8"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.0.2.1", "shop.example", ""))
    assert ServerConfig(home=Path()).host == "127.0.0.1"


def test_log_lines_are_json_in_a_file_and_carry_levels_in_the_journal(tmp_path, monkeypatch, capsys):
    handler = start_log(tmp_path / "log" / "server.log")
    logging.getLogger("outpost.server.test").warning("odd\nthing", extra={"series": "S1.1"})
    stop_log(handler)
    [line] = (tmp_path / "log" / "server.log").read_text().splitlines()
    assert '"text": "odd\\nthing"' in line and '"series": "S1.1"' in line
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    handler = start_log(None)
    try:
        raise ValueError("a mistake")
    except ValueError:
        logging.getLogger("outpost.server.test").exception("it broke")
    stop_log(handler)
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("<3>{") and "ValueError: a mistake" in line


async def test_work_nobody_waits_for_any_more_is_finished_before_the_server_ends():
    tasks, done = ServiceTasks(), []

    async def unit():
        await asyncio.sleep(0.05)
        done.append(1)

    waiting = asyncio.create_task(tasks.finish(unit()))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    await tasks.close()
    assert done == [1]


async def test_two_servers_with_one_keyring_are_one_server_to_a_register(tmp_path):
    keyring = MemoryKeyring()
    async with (
        running_world(tmp_path, keyring=keyring) as one,
        running_world(tmp_path, keyring=keyring) as two,
    ):
        assert one.context.secrets.public_key == two.context.secrets.public_key


def test_a_missing_package_is_said_so_with_its_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ServiceTrouble, match="outpost-pos"):
        Metrics()
