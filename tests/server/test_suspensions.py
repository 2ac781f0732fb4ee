"""Suspended sales at the server: its record is the sale, its keeper lets go of it, one register gets it. Badges."""

import asyncio
import json

import pytest

from server_world import Register, problem, running_world

SALE = "0197f22e-79b0-7cc3-98c4-0000000000aa"


@pytest.fixture
async def world(tmp_path):
    async with running_world(tmp_path) as running:
        yield running


async def second_register(world, name="S0042-R04"):
    return await Register.enrol(world, (await world.prepare(name)).code)


def suspend(register, suspension_id=SALE, **more):
    facts = {
        "code": f"{register.name}-H1",
        "total": 626,
        "currency": "EUR",
        "items": "2",
        "operator_name": "Ann Baker",
    }
    register.add("sale.suspend", txn_id=suspension_id, resume="packed", of_txn_id="t-1", **facts, **more)


async def upload(world, register):
    status, _ = await register.upload()
    assert status == 200
    await world.settled()


async def claim(register, suspension_id=SALE):
    status, content, _ = await register.send("POST", f"/suspensions/{suspension_id}/claim", b"{}")
    return json.loads(content)["state"] if status == 200 else problem(content)


async def listed(register):
    status, answer = await register.get("/suspensions")
    assert status == 200
    return [(row["id"], row["register"], row["by"], row["claimed_by"]) for row in answer["sales"]]


async def wanted(register):
    return (await register.get("/suspensions/wanted"))[1]["ids"]


async def test_a_suspended_sale_is_listed_for_the_others_and_kept_until_its_keeper_lets_go_of_it(world):
    keeper, other = await world.enrolled(), await second_register(world)
    suspend(keeper, note="red coat")
    await upload(world, keeper)
    assert await listed(keeper) == [], "it knows its own"
    assert await listed(other) == [(SALE, keeper.name, "Ann Baker", "")]
    assert await wanted(keeper) == []
    assert await claim(other) == "waiting"
    assert await wanted(keeper) == [SALE]
    keeper.add("sale.release", of=SALE, total=626)
    await upload(world, keeper)
    assert await wanted(keeper) == []
    assert await claim(other) == "claimed"
    assert await claim(other) == "claimed", "the answer may have been lost"
    assert await claim(keeper) == "taken"
    assert await listed(keeper) == [(SALE, keeper.name, "Ann Baker", other.name)]
    other.add("sale.recall", of=SALE, total=626)
    await upload(world, other)
    assert await claim(other) == "gone"
    assert await listed(keeper) == await listed(other) == []


async def test_many_registers_that_want_one_sale_at_the_same_moment_leave_one_with_it(world):
    keeper = await world.enrolled()
    others = [await second_register(world, f"S0042-R{number:02d}") for number in range(4, 10)]
    suspend(keeper)
    keeper.add("sale.release", of=SALE, total=626)
    await upload(world, keeper)
    answers = await asyncio.gather(*(claim(one) for one in others for _ in range(3)))
    assert answers.count("claimed") == 3, "the three of one register"
    assert answers.count("taken") == 15


async def test_f02_what_its_keeper_resumed_and_sold_meanwhile_nobody_gets(world):
    keeper, other = await world.enrolled(), await second_register(world)
    suspend(keeper)
    await upload(world, keeper)
    assert await claim(other) == "waiting"
    keeper.add("sale.recall", of=SALE, total=626)
    await upload(world, keeper)
    assert await claim(other) == "gone"
    assert await claim(other, "nothing-of-that-name") == "gone"
    assert await listed(other) == []


async def test_a_record_that_ends_a_sale_may_be_posted_before_the_sale(world):
    keeper, other = await world.enrolled(), await second_register(world)
    other.add("sale.discard", of=SALE, total=626)
    await upload(world, other)
    suspend(keeper)
    await upload(world, keeper)
    assert await listed(other) == []
    assert await claim(other) == "gone"


async def test_a_record_without_the_sale_it_is_about_goes_into_quarantine(world):
    keeper = await world.enrolled()
    keeper.add("sale.release", total=1)
    await keeper.upload()
    assert (await world.settled())["quarantined"] == 1


async def test_the_newest_word_says_whose_badge_it_is(world):
    register, hashed = await world.enrolled(), "ab" * 32
    path = f"/badges/{hashed}"
    assert (await register.get(path))[1] == {"number": "", "known": False}
    register.add("badge.assign", badge=hashed, of_operator="101")
    register.add("badge.assign", badge=hashed, of_operator="102")
    await upload(world, register)
    assert (await register.get(path))[1] == {"number": "102", "known": True}
    register.add("badge.assign", badge=hashed, of_operator="")
    await upload(world, register)
    assert (await register.get(path))[1] == {"number": "", "known": True}
    assert (await register.get("/badges/abc"))[0] == 400
