"""Recovery grants for a dead register, and the code by telephone for a forgotten PIN."""

import json

import pytest

from hq_arrivals import deliver, open_world, put_series, till
from store.exchange.codes import code_hash
from store.exchange.emergency_code import challenge_of, is_emergency_code
from store.headquarters.registers.grants import GRANT_LIFE_MS, open_grants


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path) as world:
        await world.chain("S0001-R01")
        await world.office.set("staff", "201", name="Max Chief", role="manager", pin="201201")
        yield world


async def grants(world, later_ms=0):
    return await world.read(open_grants, world.hq.now_ms() + later_ms)


async def test_a_grant_names_the_series_that_died_and_servers_hear_of_its_hash(world):
    server = await world.server()
    await put_series(server, till())
    await put_series(server, till(epoch=2))
    heard = []
    world.hq.on_change = heard.append
    given = await world.do("register", "grant-recovery", register="S0001-R01", reason="burnt")
    assert given["series"] == "S0001-R01.1" and given["code"] in given["sentence"]
    [entry] = await grants(world)
    assert (entry.series, entry.store, entry.code_hash) == (
        given["series"],
        "S0001",
        code_hash(given["code"]),
    )
    assert given["code"] not in json.dumps(await world.sql("select * from recovery_grant"))
    assert heard == [("recovery-grant",)] and await grants(world, GRANT_LIFE_MS) == ()
    again = await world.do("register", "grant-recovery", register="S0001-R01")
    assert [entry.code_hash for entry in await grants(world)] == [code_hash(again["code"])]


async def test_a_grant_is_used_up_when_the_last_record_came(world):
    server, dead = await world.server(), till()
    dead.add()
    await put_series(server, dead)
    await put_series(server, till(epoch=2))
    await world.do("register", "grant-recovery", register="S0001-R01")
    await deliver(server, dead)
    await put_series(server, dead, closed_ms=1_790_000_000_005, recovered_ms=1_790_000_000_009)
    assert await grants(world) == ()
    refused = await world.do(
        "register", "grant-recovery", expect=409, register="S0001-R01", series="S0001-R01.1"
    )
    assert "closed for good" in refused["detail"]
    # The next one that may die is the newest.
    assert (await world.do("register", "grant-recovery", register="S0001-R01"))["series"] == "S0001-R01.2"


async def test_a_series_that_headquarters_does_not_know_gets_no_grant(world):
    await world.do("register", "grant-recovery", expect=404, register="S0001-R01")
    await put_series(await world.server(), till())
    await world.do("register", "grant-recovery", expect=404, register="S0001-R01", series="S0001-R01.9")
    assert (await world.do("register", "grant-recovery", register="S0001-R01"))["series"] == "S0001-R01.1"


async def test_a_code_by_telephone_fits_the_register_and_is_written_down_without_itself(world):
    challenge = challenge_of(b"12345")
    given = await world.do(
        "staff",
        "unlock-code",
        register="S0001-R01",
        operator="201",
        challenge=challenge.lower().replace("-", ""),
        reason="PIN forgotten, shop manager on the telephone",
    )
    who = {"register": "S0001-R01", "operator": "201", "challenge": challenge}
    assert is_emergency_code(world.hq.secrets.pepper("S0001"), given["code"], **who)
    [entry] = await world.ask("staff", "unlock-codes")
    assert (entry["register"], entry["operator"], entry["challenge"]) == ("S0001-R01", "201", challenge)
    assert "telephone" in entry["reason"] and entry["at"]
    assert given["code"] not in json.dumps(await world.sql("select * from emergency_code"))


@pytest.mark.parametrize(
    ("change", "expect"),
    [({"challenge": "12"}, 422), ({"register": "S0001-R99"}, 404), ({"operator": "999"}, 404)],
)
async def test_a_code_for_nobody_or_for_no_challenge_is_refused(world, change, expect):
    asked = {"register": "S0001-R01", "operator": "201", "challenge": "7K2M-Q0ZT"}
    await world.do("staff", "unlock-code", expect=expect, **(asked | change))
    assert await world.ask("staff", "unlock-codes") == []
