"""The operators' API: who may ask, what is answered, and that every mistake is a problem document."""

import asyncio
import io
from typing import Annotated

import aiohttp
import msgspec
import pytest
from aiohttp import web
from msgspec import Meta

from hq_office import open_office, serving_office
from store.database.errors import DatabaseBusy
from store.headquarters.api.dispatch import BODY_PATIENCE_S
from store.headquarters.errors import Refused
from store.headquarters.nouns import table
from store.headquarters.nouns.noun import Verb
from store.headquarters.part import Part
from store.headquarters.route import Route, Sender, answer
from store.headquarters.setup_rows import put


class Word(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of a verb."""

    word: Annotated[str, Meta(description="What to say.")]


@pytest.fixture
async def world(tmp_path):
    async with serving_office(tmp_path) as (office, running, http):
        yield office, running, http


async def ask(http, method, path, **options):
    async with http.request(method, path, **options) as response:
        return response.status, await response.json(content_type=None)


async def test_a_row_is_created_changed_shown_listed_and_removed(world):
    _, _, http = world
    status, done = await ask(http, "PUT", "/setup/store/S0001", json={"name": "First store"})
    assert status == 201 and done["outcome"] == "created" and done["jobs"] == ["1070"]
    assert (await ask(http, "PUT", "/setup/store/S0001", json={"tax-id": "DE1"}))[1]["outcome"] == "changed"
    status, row = await ask(http, "GET", "/setup/store/S0001")
    assert status == 200 and (row["name"], row["tax_id"], row["currency"]) == ("First store", "DE1", "EUR")
    status, page = await ask(http, "GET", "/setup/store")
    assert [row["store"] for row in page["rows"]] == ["S0001"] and page["after"] == ""
    assert (await ask(http, "PUT", "/setup/store/S0001", json={"tax_id": None}))[1]["fields"]["tax_id"] == ""
    assert (await ask(http, "PUT", "/setup/store/S0001"))[1]["outcome"] == "unchanged"
    assert (await ask(http, "DELETE", "/setup/store/S0001"))[1]["outcome"] == "removed"
    assert (await ask(http, "GET", "/setup/store/S0001"))[0] == 404


async def test_keys_of_several_parts_stand_apart_by_slashes(world):
    _, _, http = world
    await ask(http, "PUT", "/setup/product/100", json={"name": "Milk"})
    status, done = await ask(http, "PUT", "/setup/price/100/1796083200000", json={"amount": "1.19"})
    assert status == 201 and done["key"] == "100/1796083200000"
    assert (await ask(http, "GET", "/setup/price/100/2026-12-01T00:00+00:00"))[1]["amount"] == 119
    assert (await ask(http, "PUT", "/setup/price/100/0/9", json={"amount": 1}))[0] == 422
    assert (await ask(http, "PUT", "/setup/product/1%2F2", json={"name": "x"}))[0] == 422
    assert (await ask(http, "PUT", "/setup/key/f6//sale", json={"operation": 917}))[1]["key"] == "f6//sale"


async def test_pages_and_choices_of_a_list(world):
    office, _, http = world
    await office.set("tax", "S", rate="19")

    def fill(db):
        for number in range(25):
            put(
                db,
                "product",
                f"{number:02}",
                {"name": "x", **({"tax": "S"} if number % 5 == 0 else {})},
                now_ms=1,
            )

    await office.hq.channel.work(fill)
    _, page = await ask(http, "GET", "/setup/product?limit=20")
    assert len(page["rows"]) == 20 and page["after"] == "19"
    _, page = await ask(http, "GET", "/setup/product?limit=20&after=19")
    assert len(page["rows"]) == 5 and page["after"] == ""
    _, page = await ask(http, "GET", "/setup/product?tax=S")
    assert [row["product"] for row in page["rows"]] == ["00", "05", "10", "15", "20"]
    await office.set("price", "00", amount="1.00")
    await office.set("price", "01", amount="2.00")
    _, page = await ask(http, "GET", "/setup/price?product=00")
    assert [row["product"] for row in page["rows"]] == ["00"] and page["after"] == ""
    assert (await ask(http, "GET", "/setup/price?product=99"))[0] == 404
    await office.set("store", "S1")
    await office.set("setting", {"setting": "receipt_width", "store": "S1"}, value="40")
    await office.set("setting", "receipt_width", value="42")
    _, page = await ask(http, "GET", "/setup/setting?store=S1")
    assert [row["value"] for row in page["rows"]] == ["40"]
    for query in ("limit=0", "limit=x", "limit=99999", "colour=red"):
        assert (await ask(http, "GET", f"/setup/product?{query}"))[0] == 422


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "word"),
    [
        ("GET", "/setup/gadget", None, 404, "not-found"),
        ("GET", "/setup/job", None, 422, "invalid"),
        ("DELETE", "/setup/channel-database/S0001", None, 422, "invalid"),
        ("PUT", "/setup/store/S0001", "{", 400, "bad-request"),
        ("PUT", "/setup/store/S0001", "[1]", 400, "bad-request"),
        ("PUT", "/setup/store/S0001", b"\xff", 400, "bad-request"),
        ("PUT", "/setup/store/S0001", '{"nmae": "x"}', 422, "invalid"),
        ("PUT", "/setup/store/S0001", '{"name": "a\\u0007"}', 422, "invalid"),
        ("PUT", "/setup/store/S0001", io.BytesIO(b"x" * 1_100_000), 413, "too-large"),
        ("PUT", "/setup/staff/1", '{"name": "x", "role": "cashier", "pin": "918273"}', 409, "refused"),
        ("PUT", "/setup/staff/1", '{"name": "x", "role": "cashier", "pin": "12"}', 422, "invalid"),
        ("POST", "/setup/store/S0001", "{}", 405, "method-not-allowed"),
        ("GET", "/nothing", None, 404, "not-found"),
    ],
)
async def test_every_mistake_is_a_problem_with_a_stable_word(world, method, path, body, status, word):
    _, _, http = world
    async with http.request(method, path, data=body) as response:
        problem = await response.json(content_type="application/problem+json")
    assert response.status == status == problem["status"]
    assert problem["type"] == f"/problems/{word}"
    assert "918273" not in str(problem) and "Traceback" not in str(problem)


async def test_on_tcp_the_operators_token_is_needed_and_on_the_socket_it_is_not(world):
    _, running, http = world
    async with aiohttp.ClientSession(running.url) as wire:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": running.operator_token}):
            assert (await ask(wire, "GET", "/setup/store", headers=headers))[0] == 401
            assert (await ask(wire, "POST", "/imports/product", headers=headers, data=b"code,name\n"))[
                0
            ] == 401
        right = {"Authorization": f"Bearer {running.operator_token}"}
        assert (await ask(wire, "GET", "/setup/store", headers=right))[0] == 200
        assert (await ask(wire, "GET", "/health"))[0] == 200
        assert (await ask(wire, "GET", "/health", headers={"Outpost-Protocol": "99"}))[0] == 426
    assert (await ask(http, "GET", "/setup/store"))[0] == 200


async def test_health_commits_and_metrics_count(world):
    office, _, http = world
    assert (await ask(http, "GET", "/health"))[1] == {"status": "ok"}
    assert await office.ask(lambda db: db.execute("select n from health").fetchone()[0]) == 1
    async with http.get("/metrics") as response:
        text = await response.text()
    assert 'outpost_hq_requests_total{route="health",status="200"} 1.0' in text


async def test_a_body_that_drips_in_too_slowly_is_cut_off(world, monkeypatch):
    monkeypatch.setattr("store.headquarters.api.dispatch.BODY_PATIENCE_S", 0.05)
    assert BODY_PATIENCE_S == 10.0
    _, _, http = world

    async def slowly():
        yield b'{"name": '
        await asyncio.sleep(0.5)
        yield b'"x"}'

    status, problem = await ask(http, "PUT", "/setup/store/S0001", data=slowly())
    assert status == 400 and "did not arrive in time" in problem["detail"]


def part_with(**verbs):
    async def open_part(hq):
        return Part(name="test", **verbs)

    return open_part


async def test_a_part_brings_routes_verbs_tasks_and_rules(tmp_path, monkeypatch):
    told, closed, ran = [], [], []

    async def hello(call):
        return answer({"hello": call.local})

    async def run(call, arguments):
        return {"sentence": f"{arguments.word} is done.", "ok": False}

    def refuse(db, change, notes):
        if change.new is not None and change.new.name == "Forbidden":
            raise Refused("Not that one.")
        notes.job("9999")

    async def work():
        ran.append(1)
        await asyncio.Event().wait()

    async def close():
        closed.append(1)

    async def open_part(hq):
        return Part(
            name="test",
            routes=(
                Route(
                    name="hello",
                    method="GET",
                    path="/hello",
                    handler=hello,
                    sender=Sender.ANYBODY,
                    summary="Hello.",
                ),
            ),
            verbs={("job", "try"): run},
            tasks={"work": work},
            rules={"store": (refuse,)},
            changed=told.append,
            close=close,
        )

    verb = Verb(noun="job", name="try", summary="Try.", arguments=Word)
    monkeypatch.setitem(table.VERBS, ("job", "try"), verb)
    monkeypatch.setitem(
        table.VERBS, ("job", "nobody"), Verb(noun="job", name="nobody", summary="x", reads=True)
    )
    async with serving_office(tmp_path, (open_part,)) as (_, _, http):
        assert (await ask(http, "GET", "/hello"))[1] == {"hello": True}
        assert (await ask(http, "POST", "/commands/job/try", json={"word": "It"}))[1][
            "sentence"
        ] == "It is done."
        status, problem = await ask(http, "POST", "/commands/job/try", json={})
        assert status == 422 and problem["detail"] == "`job try` needs --word. What to say."
        status, problem = await ask(http, "POST", "/commands/job/try", json={"wrod": "x"})
        assert status == 422 and "Did you mean word?" in problem["detail"]
        status, problem = await ask(http, "GET", "/commands/job/nobody")
        assert status == 404 and "not offered" in problem["detail"]
        status, problem = await ask(http, "PUT", "/setup/store/S0001", json={"name": "Forbidden"})
        assert status == 409 and problem["detail"] == "Not that one." and told == []
        _, done = await ask(http, "PUT", "/setup/store/S0001", json={"name": "Free"})
        assert done["jobs"] == ["1070", "9999"] and told == [
            frozenset({"store", "data-group", "channel-database"})
        ]
        assert ran == [1]
    assert closed == [1]


async def test_trouble_and_mistakes_of_the_program_are_problems_too(tmp_path):
    async def full(call):
        raise DatabaseBusy("Another process is writing.")

    async def wrong(call):
        raise KeyError("oh")

    async def gone(call):
        raise web.HTTPGone(reason="away")

    routes = tuple(
        Route(name=name, method="GET", path=f"/{name}", handler=handler, sender=Sender.ANYBODY, summary="x")
        for name, handler in (("full", full), ("wrong", wrong), ("gone", gone))
    )
    async with serving_office(tmp_path, (part_with(routes=routes),)) as (_, _, http):
        status, problem = await ask(http, "GET", "/full")
        assert status == 503 and "Another process is writing." in problem["detail"]
        status, problem = await ask(http, "GET", "/wrong")
        assert status == 500 and "oh" not in str(problem)
        assert (await ask(http, "GET", "/gone"))[0] == 400


async def test_a_part_that_cannot_be_opened_leaves_nothing_open(tmp_path):
    async def broken(hq):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        async with open_office(tmp_path, (broken,)):
            raise AssertionError("it must not open")
    async with open_office(tmp_path):
        pass
