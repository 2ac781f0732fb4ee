"""Every test has a headquarters of its own."""

import aiohttp
import pytest

from hq_scheduler import Database, TestServer, listening, open_world


@pytest.fixture
async def world(tmp_path):
    async with open_world(tmp_path / "HQ") as opened:
        yield opened


@pytest.fixture
async def shop(world):
    """One store with its own database and one register that supports offline."""
    await world.store()
    await world.register()
    await world.product("100", "Milk", price=109)
    await world.product("200", "Bread", price=299)
    return world


@pytest.fixture
def database(shop):
    return Database(shop.folder, shop.hq.secrets.root_public)


@pytest.fixture
async def served(shop):
    """The shop behind a socket: its URL."""
    async with listening(shop) as url:
        yield url


@pytest.fixture
async def server(served):
    """A Retail Server that is let in."""
    async with aiohttp.ClientSession() as http:
        made = TestServer(served, http)
        status, _ = await made.introduce()
        assert status == 200
        yield made
