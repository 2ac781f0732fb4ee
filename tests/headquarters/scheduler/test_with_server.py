"""A real headquarters and a real Retail Server: packages reach the channel database, whatever happens on the way."""

import asyncio
import types

import pytest

from server_headquarters import linked_world, until
from store.headquarters.nouns.chain import ChannelDatabase, DataGroup
from store.headquarters.scheduler import packages, sessions


@pytest.fixture
async def chain(shop, served, tmp_path):
    """The shop with its tasks running, and a server linked to it."""
    tasks = [asyncio.create_task(run()) for run in shop.part.tasks.values()]
    try:
        async with linked_world(tmp_path / "SRV", types.SimpleNamespace(url=served)) as server:
            yield shop, server
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def names(server):
    return dict(await server.sql("select sku, name from item order by sku"))


async def has(server, code, name):
    async def there():
        return (await names(server)).get(code) == name

    await until(there)


async def statuses(shop, **wanted):
    return {one.package_seq: one.status for one in await shop.sessions(database="S0001", **wanted)}


async def test_change_is_in_the_channel_database_and_its_session_applied(chain):
    shop, server = chain
    await shop.run("9999")
    await has(server, "100", "Milk")
    await shop.product("100", "Milk 2 l", price=119)
    await shop.run("1040")
    await has(server, "100", "Milk 2 l")

    async def applied():
        return list((await statuses(shop)).values()) == ["Applied", "Applied"]

    await until(applied)
    [newest, first] = await shop.sessions(database="S0001")
    assert (newest.rows, first.job) == (1, "9999")
    assert newest.applied_ms


async def test_chain_of_many_deltas_goes_on_over_a_new_full_form(chain):
    shop, server = chain
    await shop.run("1040")
    for number in range(24):
        await shop.product("100", f"Milk {number}")
        await shop.run("1040")
    await has(server, "100", "Milk 23")
    kinds = [entry.kind for entry in await shop.packages()]
    assert kinds.count("full") == 1
    await shop.product("100", "Milk at last")
    await shop.run("1040")
    await has(server, "100", "Milk at last")


async def test_package_that_cannot_be_fetched_is_suspended_and_comes_with_a_rerun(chain, monkeypatch):
    shop, server = chain
    monkeypatch.setattr(sessions, "RETRY_WAITS_MS", (0,))
    await shop.run("1040")
    await has(server, "100", "Milk")

    async def none_open():
        return not await shop.sessions(database="S0001", only_open=True)

    await until(none_open)
    hide = shop.hq.packages / "hidden"
    chunks = shop.hq.packages / "chunks"
    await shop.product("100", "Milk 2 l")
    bell, shop.runner._bell = shop.runner._bell, types.SimpleNamespace(ring=lambda: None)
    [result] = await shop.run("1040")
    chunks.rename(hide)
    shop.runner._bell = bell
    bell.ring()

    async def suspended():
        return (await statuses(shop))[result.package_seq] == "Suspended"

    await until(suspended)
    [session] = await shop.sessions(database="S0001", status="Suspended")
    assert session.tries == 3

    async def server_knows():  # before that it may be at one more attempt, which would now succeed
        told = "select status from download_session where register_id = '' and package_seq = "
        return await server.sql(f"{told}{result.package_seq}") == [("Suspended",)]

    await until(server_knows)
    await shop.product("200", "Bread that waits")
    hide.rename(chunks)
    await shop.run("1040")
    await asyncio.sleep(0.5)
    assert await names(server) == {"100": "Milk", "200": "Bread"}  # strict order: what is behind waits
    await shop.work(sessions.rerun, session.session, shop.clock())
    bell.ring()
    await has(server, "200", "Bread that waits")
    await has(server, "100", "Milk 2 l")


async def test_package_canceled_by_everybody_is_passed_by_a_later_full(chain):
    shop, server = chain
    await shop.run("1040")
    await has(server, "100", "Milk")
    await shop.product("100", "Milk nobody should see")
    bell, shop.runner._bell = shop.runner._bell, types.SimpleNamespace(ring=lambda: None)
    [result] = await shop.run("1040")
    for session in await shop.sessions():
        if session.package_seq == result.package_seq:
            await shop.work(sessions.cancel, session.session)
    shop.runner._bell = bell
    await shop.product("100", "Milk 3 l")
    await shop.run("1040")
    await has(server, "100", "Milk 3 l")


async def test_server_database_that_is_lost_is_filled_again(shop, served, tmp_path):
    tasks = [asyncio.create_task(run()) for run in shop.part.tasks.values()]
    at = types.SimpleNamespace(url=served)
    try:
        from server_world import MemoryKeyring

        keyring = MemoryKeyring()
        async with linked_world(tmp_path / "SRV", at, keyring=keyring) as server:
            await shop.run("1040")
            await has(server, "100", "Milk")
        lost = list((tmp_path / "SRV").rglob("channel.db*"))
        assert lost
        for path in lost:
            path.unlink()
        async with linked_world(tmp_path / "SRV", at, keyring=keyring) as server:
            await has(server, "100", "Milk")
            await shop.product("100", "Milk 2 l")
            await shop.run("1040")
            await has(server, "100", "Milk 2 l")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_moved_store_database_follows_its_new_group(chain):
    shop, server = chain
    await shop.run("1040")
    await has(server, "100", "Milk")
    await shop.put("data-group", "pilot", DataGroup(store="S0001"))
    await shop.put("channel-database", "S0001", ChannelDatabase(data_group="pilot", store="S0001"))
    shop.part.changed(frozenset({"channel-database"}))
    await shop.product("100", "Milk for the pilot")
    await shop.run("1040", groups=("pilot",))
    await has(server, "100", "Milk for the pilot")
    assert packages.chain_of(await shop.packages("pilot")).is_sound


async def test_table_that_was_changed_by_hand_in_the_channel_database_is_replaced_by_a_full_package(chain):
    shop, server = chain
    await shop.run("9999")
    await has(server, "100", "Milk")
    await server.context.channel.work(
        lambda db: db.execute("update item set name = 'Beer' where sku = '100'")
    )
    await shop.product("100", "Milk 2 l")
    await shop.run("1040")
    await has(server, "100", "Milk 2 l")

    async def settled():
        return not await shop.sessions(database="S0001", only_open=True)

    await until(settled)
    tries = await shop.read(lambda db: db.execute("select count(*) from session_try").fetchone()[0])
    assert tries < 5
