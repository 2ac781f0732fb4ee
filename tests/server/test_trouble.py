"""A server in trouble says so, in bounded time, and stores all of a batch or nothing of it."""

import asyncio
import sqlite3
import threading
import time

import pytest

from server_world import problem, running_world
from store.server.api.admission import Admission, Work
from store.service.errors import ProblemError


@pytest.fixture
async def world(tmp_path):
    async with running_world(tmp_path) as world:
        yield world


async def on_writer(world, statement):
    await world.context.channel._database._writer.run(lambda db: db.execute(statement).fetchall())


async def test_health_is_a_real_commit(world):
    for n in (1, 2):
        async with world.http.get(f"{world.url}/health") as response:
            document = await response.json()
            assert (response.status, document["ok"], document["protocol"]) == (200, True, [1, 1])
            assert response.headers["Outpost-Protocol"] == "1"
        assert await world.sql("select n from health") == [(n,)]


async def test_an_item_is_found_while_every_reader_is_busy(world):
    register, free = await world.enrolled(), threading.Event()
    busy = [asyncio.create_task(world.context.channel.read(lambda _: free.wait(20))) for _ in range(4)]
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(10):
            status, item = await register.get("/items?key=sku:4711")
    finally:
        free.set()
        await asyncio.gather(*busy)
    assert (status, item["sku"]) == (200, "4711")


async def test_a_locked_database_is_a_503_and_stores_nothing(world):
    register = await world.enrolled()
    register.add()
    await world.settled()
    await on_writer(world, "pragma busy_timeout=30")
    other = sqlite3.connect(world.home / "channel.db", isolation_level=None)
    other.execute("begin immediate")
    content, path = register.batch(), f"/series/{register.series}/records"
    status, answer, headers = await register.send("POST", path, content)
    assert (status, problem(answer)) == (503, "database") and int(headers["Retry-After"]) >= 1
    async with world.http.get(f"{world.url}/health") as response:
        assert response.status == 503
    # Look-ups need no lock.
    assert (await register.get("/items?key=sku:4711"))[0] == 200
    other.execute("rollback")
    other.close()
    assert await world.sql("select count(*) from record") == [(0,)]
    assert (await register.upload())[1].acked_seq == 1


async def test_a_full_disk_is_a_503_and_stores_nothing_of_the_batch(world):
    register = await world.enrolled()
    for _ in range(5):
        register.add(note="x" * 30_000)
    await world.settled()
    pages = (await world.sql("pragma page_count"))[0][0]
    await on_writer(world, f"pragma max_page_count={pages + 12}")
    content, path = register.batch(), f"/series/{register.series}/records"
    status, answer, _ = await register.send("POST", path, content)
    assert (status, problem(answer)) == (503, "database")
    assert await world.sql("select count(*) from record") == [(0,)]
    assert (await register.get(f"/series/{register.series}/head"))[1]["seq"] == 0
    await on_writer(world, "pragma max_page_count=1000000")
    assert (await register.upload())[1].acked_seq == 5
    assert (await world.settled())["posted"] == 5


async def test_a_full_disk_during_posting_quarantines_nothing(world):
    register = await world.enrolled()
    register.add()
    await on_writer(world, "pragma query_only=ON")
    status, _, _ = await register.send("POST", f"/series/{register.series}/records", register.batch())
    assert status == 503
    await on_writer(world, "pragma query_only=OFF")
    await register.upload()
    assert (await world.settled()) == {"accepted": 1, "posted": 1, "quarantined": 0, "waiting": 0}


async def test_a_commit_of_unknown_outcome_is_a_503_and_the_server_works_on_with_a_new_connection(world):
    register = await world.enrolled()
    register.add()
    await world.settled()

    def refuse_commit(action, argument, *_):
        refused = action == 22 and argument == "COMMIT"  # SQLITE_TRANSACTION
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    await world.context.channel._database._writer.run(lambda db: db.set_authorizer(refuse_commit))
    status, answer, _ = await register.send("POST", f"/series/{register.series}/records", register.batch())
    assert (status, problem(answer)) == (503, "database")
    assert (await register.upload())[1].acked_seq == 1
    assert (await world.settled())["posted"] == 1


async def test_a_mistake_of_ours_is_a_problem_without_a_traceback(world, monkeypatch):
    register = await world.enrolled()
    monkeypatch.setattr("store.server.items.find_item", None)
    status, answer, headers = await register.send("GET", "/items?key=sku:4711")
    assert (status, problem(answer), headers["Outpost-Protocol"]) == (500, "internal", "1")
    assert b"Traceback" not in answer and b"TypeError" not in answer


@pytest.mark.parametrize(
    ("method", "path", "status", "word"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("DELETE", "/health", 405, "method-not-allowed"),
        ("GET", "/enrolments", 405, "method-not-allowed"),
    ],
)
async def test_a_wrong_path_or_method_is_a_problem_of_our_protocol(world, method, path, status, word):
    async with world.http.request(method, world.url + path) as response:
        assert (response.status, problem(await response.read())) == (status, word)
        assert response.content_type == "application/problem+json"
        assert response.headers["Outpost-Protocol"] == "1"


async def test_a_request_whose_budget_is_spent_is_dropped_unserved(world):
    register = await world.enrolled()
    register.add()
    path = f"/series/{register.series}/records"
    headers = register.sign("POST", path, register.batch()) | {"Outpost-Budget-Ms": "0"}
    status, answer, given = await register.send("POST", path, register.batch(), headers)
    assert (status, problem(answer)) == (503, "expired") and "Retry-After" in given
    assert await world.sql("select count(*) from record") == [(0,)]
    headers = register.sign("GET", "/items?key=sku:4711") | {"Outpost-Budget-Ms": "5000"}
    assert (await register.send("GET", "/items?key=sku:4711", headers=headers))[0] == 200
    headers = register.sign("GET", "/items?key=sku:4711") | {"Outpost-Budget-Ms": "soon"}
    assert (await register.send("GET", "/items?key=sku:4711", headers=headers))[0] == 200


async def test_work_that_waited_for_the_database_longer_than_its_budget_is_dropped(world):
    register = await world.enrolled()
    register.add()
    await world.settled()
    busy = asyncio.create_task(world.context.channel.work(lambda db: time.sleep(0.3)))
    await asyncio.sleep(0.05)
    path = f"/series/{register.series}/records"
    headers = register.sign("POST", path, register.batch()) | {"Outpost-Budget-Ms": "100"}
    status, answer, _ = await register.send("POST", path, register.batch(), headers)
    assert (status, problem(answer)) == (503, "expired")
    await busy
    assert await world.sql("select count(*) from record") == [(0,)]


async def test_health_waits_two_seconds_at_most_and_aborts_nothing(world, monkeypatch):
    monkeypatch.setattr("store.service.health.PATIENCE_S", 0.1)
    busy = asyncio.create_task(world.context.channel.work(lambda db: time.sleep(0.4)))
    await asyncio.sleep(0.05)
    async with world.http.get(f"{world.url}/health") as response:
        assert (response.status, problem(await response.read())) == (503, "database")
    await busy
    await world.context.channel.work(lambda db: None)
    assert await world.sql("select n from health") == [(1,)]


async def test_a_full_queue_sends_away_at_once_and_says_when_to_come_again():
    admission = Admission({Work.UPLOAD: (1, 1, 1000)})
    entered, release = asyncio.Event(), asyncio.Event()

    async def one():
        async with admission.place(Work.UPLOAD):
            entered.set()
            await release.wait()

    first = asyncio.create_task(one())
    await entered.wait()
    second = asyncio.create_task(one())
    await asyncio.sleep(0)
    with pytest.raises(ProblemError) as caught:
        async with admission.place(Work.UPLOAD):
            pass
    assert caught.value.word == "busy" and int(caught.value.headers["Retry-After"]) >= 1
    async with admission.place(Work.LOOKUP):
        pass  # look-ups have places of their own
    second.cancel()
    release.set()
    await asyncio.gather(first, second, return_exceptions=True)
    async with admission.place(Work.UPLOAD):
        pass


async def test_metrics_count_requests_records_and_the_books(world):
    register = await world.enrolled()
    register.add()
    await register.upload()
    await world.settled()
    async with world.http.get(f"{world.url}/metrics") as response:
        text = await response.text()
    assert 'outpost_records_total{outcome="accepted"} 1.0' in text
    assert 'outpost_books{place="posted",store="S0042"} 1.0' in text
    assert 'outpost_requests_total{route="records",status="200"} 1.0' in text
