"""The stock of an item: of all stores while headquarters answers, of this one else."""

import asyncio

import pytest

from server_headquarters import headquarters, linked_world, until
from server_world import STORE, TABLES, Register, package_file, running_world
from store.exchange.stock import WireStoreStock

OWN = {"sku": "4711", "quantity": "12", "as_of_ms": 5}
STOCKED = TABLES | {"availability": [OWN]}
HERE = {"store": STORE, "quantity": "12", "as_of_ms": 5, "name": ""}


@pytest.mark.parametrize("engine", ["sqlite", "postgres"], indirect=True)
async def test_a_server_without_headquarters_knows_its_own_store(tmp_path, engine):
    async with running_world(tmp_path) as world:
        prepared = await world.prepare(data=package_file(1, STOCKED))
        register = await Register.enrol(world, prepared.code)
        assert await register.get("/stock/4711") == (200, {"rows": [HERE], "everywhere": False})
        assert await register.get("/stock/none") == (200, {"rows": [], "everywhere": False})
        status, answer = await register.get("/stock/a%00b")
        assert (status, answer["rows"]) == (200, [])


async def test_headquarters_is_asked_for_all_stores_and_never_waited_for_long(tmp_path):
    async with headquarters(tmp_path / "hq") as hq:
        hq.publish(1, STOCKED)
        async with linked_world(tmp_path / "srv", hq) as world:

            async def loaded():
                return await world.sql("select 1 from availability")

            await until(loaded)
            register = await world.enrolled_at_headquarters(hq)
            hq.stock = (
                WireStoreStock(store=STORE, quantity="11", as_of_ms=9),
                WireStoreStock(store="S0099", quantity="4", as_of_ms=8, name="Harbour"),
            )
            status, answer = await register.get("/stock/4711")
            assert (status, answer["everywhere"]) == (200, True)
            assert [(row["store"], row["quantity"]) for row in answer["rows"]] == [
                (STORE, "11"),
                ("S0099", "4"),
            ]
            hq.stock_delay_s = 5.0
            began_s = asyncio.get_running_loop().time()
            assert (await register.get("/stock/4711"))[1] == {"rows": [HERE], "everywhere": False}
            assert asyncio.get_running_loop().time() - began_s < 3
