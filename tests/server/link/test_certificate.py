"""A server that wants a certificate waits until it is accepted, and until headquarters answers at all."""

import asyncio

import pytest

from server_headquarters import headquarters, linked_world, until
from store.server.link.errors import HeadquartersRefused


@pytest.fixture
async def hq(tmp_path):
    async with headquarters(tmp_path / "hq") as hq:
        yield hq


async def test_it_waits_for_the_operator_and_then_gets_it(tmp_path, hq):
    hq.accepted = False
    async with linked_world(tmp_path / "srv", hq) as world:
        link = world.context.link
        asking = asyncio.create_task(link.certificate("request"))
        await until(lambda: "has not accepted this server yet" in link.standing.sentence)
        assert not asking.done()
        hq.accepted = True
        assert (await asyncio.wait_for(asking, 5)).certificate == "c"


async def test_it_waits_for_a_headquarters_that_is_away(tmp_path, hq):
    async with linked_world(tmp_path / "srv", hq) as world:
        link = world.context.link
        hq.away = True
        asking = asyncio.create_task(link.certificate("request"))
        await until(lambda: "away" in link.standing.sentence)
        assert not asking.done()
        hq.away = False
        assert (await asyncio.wait_for(asking, 5)).authority == "a"


async def test_a_refusal_is_no_reason_to_wait(tmp_path, hq):
    async with linked_world(tmp_path / "srv", hq) as world:
        await until(lambda: "answers" in world.context.link.standing.sentence)
        hq.refuses_paths = {"/certificates"}
        with pytest.raises(HeadquartersRefused):
            await asyncio.wait_for(world.context.link.certificate("request"), 5)
