"""Whoever is not the register of the series changes nothing and learns nothing."""

import json
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server_world import Register, problem, running_world, wall_ms
from store.exchange.messages import NONCE_HEADER, REGISTER_HEADER, SIGNATURE_HEADER, TIME_HEADER
from store.exchange.request import read_headers
from store.server.api.authentication import Gatekeeper
from store.server.api.route import Sender
from store.server.api.routes import ROUTES
from store.service.errors import ProblemError

HOUR_MS = 3_600_000


@pytest.fixture
async def world(tmp_path):
    async with running_world(tmp_path) as world:
        yield world


async def counts(world):
    tables = ("record", "rejected", "fork", "posted", "series", "register")
    return [(await world.sql(f"select count(*) from {table}"))[0][0] for table in tables]


def filled(path, register):
    known = {"series": register.series, "package_seq": "1", "sha256": "0" * 64}
    return re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "101"), path)


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.sender is Sender.REGISTER], ids=lambda r: r.name
)
async def test_an_unsigned_or_forged_request_changes_nothing(world, route):
    register = await world.enrolled()
    other = await Register.enrol(world, (await world.prepare("S0042-R04")).code)
    register.add()
    content = register.batch() if route.method == "POST" else b""
    path = filled(route.path, register)
    good = register.sign(route.method, path, content)
    forged = [
        {},
        {name: value for name, value in good.items() if name != SIGNATURE_HEADER},
        good | {SIGNATURE_HEADER: "AAAA"},
        good | {TIME_HEADER: str(wall_ms() + 1)},
        good | {NONCE_HEADER: "another"},
        good | {REGISTER_HEADER: other.name},
        register.sign(route.method, path + "?", content),
        register.sign(route.method, path, content + b" "),
        register.sign("PUT", path, content),
        other.sign(route.method, path, content, series=register.series, register=register.name),
        register.sign(route.method, path, content, series="S0042-R99.1"),
        register.sign(route.method, path, content, series="x" * 100_0),
    ]
    before = await counts(world)
    for headers in forged:
        status, answer, _ = await register.send(route.method, path, content, headers)
        assert (status, problem(answer)) == (401, "bad-signature"), headers
    assert await counts(world) == before


async def test_a_register_cannot_write_into_another_series(world):
    register = await world.enrolled()
    other = await Register.enrol(world, (await world.prepare("S0042-R04")).code)
    register.add()
    path = f"/series/{other.series}/records"
    for content in (
        register.batch(),
        register.batch().replace(register.series.encode(), other.series.encode()),
    ):
        status, answer, _ = await register.send("POST", path, content)
        assert (status, problem(answer)) == (401, "bad-signature")
    own = f"/series/{other.series}/records"
    status, answer, _ = await other.send("POST", own, register.batch())
    assert (status, problem(answer)) == (401, "bad-signature")
    assert await world.sql("select count(*) from record") == [(0,)]


@pytest.mark.parametrize("hours", [-30_000, -1, 1, 30_000])
async def test_a_wrong_clock_refuses_nothing(world, hours):
    register = await world.enrolled()
    register.add()
    time_ms = wall_ms() + hours * HOUR_MS
    content, path = register.batch(), f"/series/{register.series}/records"
    headers = register.sign("POST", path, content, time_ms=max(0, time_ms))
    for _ in range(2):
        status, answer, _ = await register.send("POST", path, content, headers)
        assert status == 200 and json.loads(answer)["acked_seq"] == 1
    headers = register.sign("GET", "/items?key=sku:4711", time_ms=max(0, time_ms))
    assert (await register.send("GET", "/items?key=sku:4711", headers=headers))[0] == 200


async def test_an_old_recording_is_answered_once_and_not_again(world):
    register = await world.enrolled()
    path = "/items?key=sku:4711"
    old = register.sign("GET", path, time_ms=wall_ms() - HOUR_MS)
    assert (await register.send("GET", path, headers=old))[0] == 200
    status, answer, _ = await register.send("GET", path, headers=old)
    assert (status, problem(answer)) == (401, "replayed")
    # The network may double a fresh request; it is answered like the first.
    fresh = register.sign("GET", path)
    assert [(await register.send("GET", path, headers=fresh))[0] for _ in range(2)] == [200, 200]


def test_remembered_nonces_are_bounded():
    keeper = Gatekeeper(max_nonces=10)
    key = Ed25519PrivateKey.generate()
    register = Register("", None, key, "S1", "S1.1")
    for n in range(100):
        keeper.check_nonce(read_headers(register.sign("GET", "/", nonce=str(n))), 0, delivers=True)
    assert len(keeper._nonces) == 10


async def test_another_protocol_version_is_told_to_update(world):
    register = await world.enrolled()
    headers = register.sign("GET", "/items?key=sku:4711") | {"Outpost-Protocol": "2"}
    status, answer, given = await register.send("GET", "/items?key=sku:4711", headers=headers)
    assert (status, problem(answer), given["Outpost-Protocol"]) == (426, "protocol", "1")


@pytest.mark.parametrize("name", [route.name for route in ROUTES if route.sender is Sender.OPERATOR])
async def test_reports_ask_for_the_operators_token(world, name):
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic x"},
        {"Authorization": "Bearer ä"},
    ):
        async with world.http.get(f"{world.url}/{name}", headers=headers) as response:
            assert (response.status, problem(await response.read())) == (401, "no-permission")


async def test_a_register_reads_the_reports_of_its_own_store_only(world):
    register = await world.enrolled()
    register.add()
    await register.upload()
    status, rows = await register.get("/transactions?store=S9999")
    assert status == 200 and [row["series"] for row in rows] == [register.series]


def test_guesses_are_counted_per_address_and_altogether():
    keeper = Gatekeeper()
    for _ in range(5):
        keeper.check_guesses("a")
        keeper.note_guess("a")
    with pytest.raises(ProblemError) as caught:
        keeper.check_guesses("a")
    assert caught.value.word == "too-many-attempts" and int(caught.value.headers["Retry-After"]) > 0
    keeper.check_guesses("b")
    for n in range(5_000):
        keeper.note_guess(str(n))
    with pytest.raises(ProblemError):
        keeper.check_guesses("never seen")
    assert len(keeper._failures) <= 1_000
