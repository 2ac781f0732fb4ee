"""Devices over the operators' desk and the servers' paths: codes, enrolments, states, un-enrolling, support offline."""

import json

import msgspec
import pytest

from hq_arrivals import deliver, enrolled, open_world, put_series, report, say, till
from store.exchange.codes import CODE_LIFE_MS, code_hash
from store.exchange.delivery import CodeFacts, CodeRequest

KEY = "ab" * 32


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path) as world:
        await world.chain("S0001-R01")
        yield world


async def redeem(server, code, key=KEY, expect=200):
    body = msgspec.json.encode(CodeRequest(code_hash=code_hash(code), public_key=key))
    status, _, answer = await server.ask("POST", "/codes/redeem", body)
    assert status == expect, (status, answer)
    return msgspec.json.decode(answer, type=CodeFacts) if status == 200 else json.loads(answer)


async def code_for(world, register="S0001-R01"):
    return (await world.do("device", "set", register=register, activation_code=True))["activation_code"]


async def test_a_code_becomes_a_register_and_the_device_is_activated(world):
    server = await world.server()
    code = await code_for(world)
    facts = await redeem(server, code)
    assert (facts.register, facts.store, facts.epoch) == ("S0001-R01", "S0001", 0)
    assert await world.ask("device", "list") == [
        {
            "register": "S0001-R01",
            "store": "S0001",
            "device": "Pending",
            "since": (await world.ask("device", "list"))[0]["since"],
            "reason": "",
            "series": "",
            "insecure": False,
            "code_expires": "",
        }
    ]
    register = till()
    for _ in range(2):
        await enrolled(server, register)
    shown = await world.ask("device", "show", register="S0001-R01")
    assert (shown["device"], shown["series"], shown["insecure"]) == ("Activated", ["S0001-R01.1"], True)
    assert [entry["event"] for entry in shown["history"]] == ["enrolled", "code issued"]
    assert (await redeem(server, await code_for(world))).epoch == 1


async def test_a_code_has_128_bits_is_stored_hashed_works_once_and_for_a_quarter_of_an_hour(
    world, monkeypatch
):
    server, other = await world.server(), await world.server("OTHER")
    code = await code_for(world)
    assert len(code.replace("-", "")) == 26
    dump = json.dumps(await world.sql("select * from device_code"))
    assert code not in dump and code.replace("-", "") not in dump and code_hash(code) in dump
    await redeem(server, code)
    await redeem(server, code)  # the answer was lost
    await redeem(other, code, expect=403)
    await redeem(server, code, key="cd" * 32)  # the machine began anew, and none was enrolled yet
    await enrolled(server, till())
    await redeem(server, code, key="cd" * 32)
    await redeem(server, code, expect=403)
    await redeem(server, code, key="ef" * 32, expect=403)
    late = await code_for(world)
    await redeem(server, code.replace("-", "").lower(), key="cd" * 32)  # however it is typed
    real = world.hq.now_ms
    monkeypatch.setattr(world.hq, "now_ms", lambda: real() + CODE_LIFE_MS + 1_000)
    assert (await redeem(server, late, expect=403))["type"].endswith("bad-code")


async def test_a_code_that_is_shown_to_the_server_of_another_store_is_not_used_up(world):
    main, other = await world.server(), await world.server("OTHER")
    await world.put("store", "S0001", server="MAIN")
    code = await code_for(world)
    refused = await redeem(other, code, expect=403)
    assert refused["detail"] == "Store S0001 is served by MAIN; turn to that server."
    assert (await redeem(main, code)).register == "S0001-R01"


async def test_a_new_code_makes_the_one_before_worthless(world):
    server = await world.server()
    first, second = await code_for(world), await code_for(world)
    await redeem(server, first, expect=403)
    await redeem(server, second)


async def test_guessing_is_stopped(world, monkeypatch):
    monkeypatch.setattr("store.headquarters.records.arrival.WRONG_CODES", 3)
    server, other = await world.server(), await world.server("OTHER")
    code = await code_for(world)
    for n in range(3):
        await redeem(server, f"WRONG{n}", expect=403)
    assert (await redeem(server, code, expect=429))["type"].endswith("too-many-attempts")
    await redeem(other, code)


async def test_a_disabled_device_gets_no_code_and_uses_none_and_is_enabled_again(world):
    server = await world.server()
    code = await code_for(world)
    done = await world.do("device", "set", register="S0001-R01", status="disabled", reason="stolen")
    assert done["device"] == "Disabled"
    await redeem(server, code, expect=403)
    refused = await world.do("device", "set", expect=409, register="S0001-R01", activation_code=True)
    assert "enable it first" in refused["detail"]
    shown = await world.ask("device", "show", register="S0001-R01")
    assert (shown["device"], shown["reason"]) == ("Disabled", "stolen")
    assert (await world.do("device", "set", register="S0001-R01", status="activated"))["device"] == "Pending"
    await enrolled(server, till())
    await world.do("device", "set", register="S0001-R01", status="disabled")
    assert (await world.do("device", "set", register="S0001-R01", status="activated"))[
        "device"
    ] == "Activated"


async def test_a_device_is_not_unenrolled_while_records_wait_or_nobody_knows(world):
    server, register = await world.server(), till()
    await world.do("device", "set", expect=409, register="S0001-R01", status="deactivated")
    await enrolled(server, register)

    async def refused():
        answer = await world.do("device", "set", expect=409, register="S0001-R01", status="deactivated")
        return answer["detail"]

    assert "Nothing was ever heard" in await refused()
    now_ms = world.hq.now_ms()
    await say(server, report(register, now_ms - 1, unsent=4, unsent_transactions=2))
    assert "4 records wait" in await refused()
    await say(server, report(register, now_ms, heard_ms=now_ms - 11 * 60_000))
    assert "may have sold since" in await refused()
    await say(server, report(register, now_ms + 1, heard_ms=now_ms))
    assert (await world.do("device", "set", register="S0001-R01", status="deactivated"))[
        "device"
    ] == "Deactivated"


async def test_an_unenrolling_by_force_needs_a_reason_which_is_kept(world):
    server, register = await world.server(), till()
    await enrolled(server, register)
    forced = {"register": "S0001-R01", "status": "deactivated", "force": True}
    await world.do("device", "set", expect=422, **forced)
    await world.do("device", "set", reason="drowned", **forced)
    history = (await world.ask("device", "show", register="S0001-R01"))["history"]
    assert (history[0]["event"], history[0]["reason"]) == ("deactivated", "drowned")
    # What it had sold may still come in, and a new code makes the register ready for the next machine.
    register.add()
    await put_series(server, register)
    await deliver(server, register)
    await code_for(world)
    assert (await world.ask("device", "show", register="S0001-R01"))["device"] == "Pending"


async def test_a_device_is_asked_for_one_thing_at_a_time(world):
    await world.do("device", "set", expect=422, register="S0001-R01")
    await world.do("device", "set", expect=422, register="S0001-R01", activation_code=True, status="disabled")
    for more in ({"activation_code": True}, {"status": "disabled"}):
        await world.do("device", "set", expect=404, register="S0001-R77", **more)
    assert (await world.ask("device", "show", expect=404, register="S0001-R77"))["type"].endswith("not-found")


async def test_support_offline_goes_to_no_only_when_nothing_waits(world):
    server, register = await world.server(), till()
    now_ms = world.hq.now_ms()
    await say(server, report(register, now_ms, unsent=2))
    refused = await world.put("register", "S0001-R01", expect=409, support_offline=False)
    assert "2 records wait" in refused["detail"]
    await world.put("register", "S0001-R01", name="Front")
    async with world.operator.delete("/setup/register/S0001-R01") as answer:
        assert answer.status == 409
    await say(server, report(register, now_ms + 1))
    await world.put("register", "S0001-R01", support_offline=False)
    await say(server, report(register, now_ms + 2, unsent=2))
    await world.put("register", "S0001-R01", support_offline=True)


async def test_changes_of_devices_are_told_to_the_parts(world):
    heard = []
    world.hq.on_change = heard.append
    await code_for(world)
    await enrolled(await world.server(), till())
    assert heard == [("device",), ("device",)]


async def test_the_history_of_a_device_is_bounded(world, monkeypatch):
    monkeypatch.setattr("store.headquarters.registers.devices.MAX_HISTORY", 5)
    for _ in range(9):
        await code_for(world)
    assert (await world.sql("select count(*) from device_history")) == [(5,)]
