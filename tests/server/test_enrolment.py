"""A one-time code works once, soon, for who holds the key; everything else is refused and counted."""

import asyncio
import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server_world import PACKAGE_KEY, ROOT, Register, enrol, problem, running_world, wall_ms
from store.exchange.codes import code_hash, format_code
from store.exchange.messages import EnrolmentAnswer
from store.exchange.record import public_bytes


class SettableClock:
    """The server's clock in the test's hand."""

    def __init__(self):
        self.ahead_ms = 0

    def __call__(self):
        return wall_ms() + self.ahead_ms


@pytest.fixture
async def world(tmp_path):
    clock = SettableClock()
    async with running_world(tmp_path, now_ms=clock) as world:
        world.clock = clock
        yield world


async def attempt(world, code, key=None, **more):
    status, content = await enrol(world, code, key or Ed25519PrivateKey.generate(), **more)
    return status, "" if status == 200 else problem(content)


async def test_the_answer_is_all_a_register_needs(world):
    key = Ed25519PrivateKey.generate()
    status, content = await enrol(world, (await world.prepare()).code, key)
    answer = msgspec.json.decode(content, type=EnrolmentAnswer)
    assert (status, answer.register, answer.store, answer.store_name) == (
        200,
        "S0042-R03",
        "S0042",
        "Corner Shop",
    )
    assert (answer.epoch, answer.series) == (1, "S0042-R03.1")
    assert answer.root_key == public_bytes(ROOT).hex() != public_bytes(PACKAGE_KEY).hex()
    assert answer.server_key == world.context.secrets.public_key.hex()
    assert answer.pepper == (b"p" * 32).hex()


async def test_a_code_is_read_however_it_is_typed(world):
    code = (await world.prepare()).code
    assert (await attempt(world, code.lower().replace("-", " ")))[0] == 200
    assert code_hash("AB-cd") == code_hash("abcd")


async def test_a_code_works_once(world):
    code = (await world.prepare()).code
    assert (await attempt(world, code))[0] == 200
    assert await attempt(world, code) == (403, "bad-code")
    assert await world.sql("select series from series") == [("S0042-R03.1",)]


async def test_the_same_device_may_ask_again_when_the_answer_was_lost(world):
    code, key = (await world.prepare()).code, Ed25519PrivateKey.generate()
    first, second = [await enrol(world, code, key) for _ in range(2)]
    assert first == second
    assert await world.sql("select epoch from register") == [(1,)]


async def test_f46_many_devices_with_one_code_at_once_leave_one_register(world):
    code = (await world.prepare()).code
    results = await asyncio.gather(*(attempt(world, code) for _ in range(5)))
    assert sorted(status for status, _ in results) == [200, 403, 403, 403, 403]


async def test_a_code_expires_after_15_minutes(world):
    code = (await world.prepare()).code
    world.clock.ahead_ms = 15 * 60 * 1000 + 2_000
    assert await attempt(world, code) == (403, "bad-code")


async def test_a_new_code_voids_the_one_before(world):
    before, after = (await world.prepare()).code, (await world.prepare()).code
    world.clock.ahead_ms = 1
    assert await attempt(world, before) == (403, "bad-code")
    assert (await attempt(world, after))[0] == 200


async def test_the_key_must_be_proved(world):
    code = (await world.prepare()).code
    assert await attempt(world, code, proof_code="another code") == (403, "bad-proof")
    assert (await attempt(world, code))[0] == 200


async def test_codes_cannot_be_guessed(world):
    await world.prepare()
    answers = [await attempt(world, format_code(bytes([n]) * 16)) for n in range(8)]
    assert answers[:5] == [(403, "bad-code")] * 5
    assert answers[5:] == [(429, "too-many-attempts")] * 3
    assert await world.sql("select count(*) from series") == [(0,)]


async def test_codes_are_long_and_stored_as_hashes_only(world):
    code = (await world.prepare()).code
    assert len(code.replace("-", "")) == 26
    [(stored,)] = await world.sql("select code_hash from enrolment_code")
    assert code not in stored and code.replace("-", "") not in stored
    assert code.replace("-", "").encode() not in (world.home / "channel.db").read_bytes()


async def test_every_enrolment_raises_the_epoch_and_closes_the_older_series(world):
    for epoch in (1, 2, 3):
        register = await Register.enrol(world, (await world.prepare()).code)
        assert register.series == f"S0042-R03.{epoch}"
    rows = await world.sql("select epoch, closed_ms > 0 from series order by epoch")
    assert rows == [(1, 1), (2, 1), (3, 0)]


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_device_with_a_throw_away_vault_is_admitted_only_where_that_is_allowed(tmp_path, allowed):
    async with running_world(tmp_path, allow_insecure=allowed) as world:
        code = (await world.prepare()).code
        status, word = await attempt(world, code, insecure=True)
        assert (status, word) == ((200, "") if allowed else (403, "insecure-device"))
        assert (await attempt(world, code, insecure=False))[0] == (403 if allowed else 200)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"code":1}', b"[" * 200_000, b"\xff" * 50])
async def test_rubbish_is_refused(world, content):
    async with world.http.post(f"{world.url}/enrolments", data=content) as response:
        assert response.status == 400
        assert json.loads(await response.read())["type"] == "/problems/bad-request"
