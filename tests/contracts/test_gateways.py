"""One body over everything that answers for the shop: offline, online and failover, against the real Retail Server."""

import functools
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from catalog_files import apply_package
from gateway_world import MemoryStore, RealClock, SeededRandomness
from server_world import package_file, running_world
from store.exchange.package import read_package
from store.exchange.request import sign_request
from store.gateway.client import RetailClient
from store.gateway.connection import HeadVerdict
from store.gateway.failover import FailoverGateway
from store.gateway.gateway import ItemFound, ItemUnknown, Source
from store.gateway.offline import OfflineCatalog, OfflineGateway
from store.gateway.online import OnlineGateway
from store.gateway.profile import OfflineProfile
from store.gateway.states import Mode
from store.gateway.supervisor import ConnectionSupervisor
from store.sale.detail import ItemDetail
from store.sale.item import Item, ItemKey, KeyKind

CHEESE = ItemKey(KeyKind.GTIN, "04006381333931")
PROFILE = OfflineProfile(offline_timeout_s=5)


def nothing(*_):
    pass


async def agree(head):
    return HeadVerdict.AGREED


@asynccontextmanager
async def catalog_in(folder):
    path = folder / "catalog-1.db"
    apply_package(read_package(package_file()), path)
    catalog = OfflineCatalog(path)
    yield catalog
    catalog.close()


@asynccontextmanager
async def client_in(folder):
    async with running_world(folder / "server") as world:
        register = await world.enrolled()
        sign = functools.partial(sign_request, register.key, register=register.name, series=register.series)
        client = RetailClient(
            address=world.url,
            clock=RealClock(),
            randomness=SeededRandomness(),
            series=register.series,
            sign=sign,
        )
        yield client
        await client.close()


@asynccontextmanager
async def offline(folder):
    async with catalog_in(folder) as catalog:
        yield OfflineGateway(lambda: catalog, RealClock().wall_ms), Source.OFFLINE


@asynccontextmanager
async def online(folder):
    async with client_in(folder) as client:
        yield OnlineGateway(client, PROFILE.offline_timeout_s), Source.ONLINE


@asynccontextmanager
async def failover(folder, *, connected):
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(client_in(folder))
        catalog = await stack.enter_async_context(catalog_in(folder))
        clock = RealClock()
        supervisor = ConnectionSupervisor(
            client=client,
            profile=lambda: PROFILE,
            clock=clock,
            randomness=SeededRandomness(),
            store=MemoryStore(),
            heads=agree,
            on_change=nothing,
        )
        client.watch(supervisor)
        await supervisor.start(draft_open=False)
        await supervisor.started()
        assert supervisor.mode is Mode.ONLINE, supervisor.status().reason
        if not connected:
            await supervisor.disconnect()
        gateway = FailoverGateway(
            client=client,
            # Without a catalog the answer must be the server's, however busy this machine is.
            catalog=lambda: None if connected else catalog,
            connection=supervisor,
            profile=lambda: PROFILE,
            clock=clock,
            on_difference=nothing,
        )
        yield gateway, Source.ONLINE if connected else Source.OFFLINE
        await gateway.close()
        await supervisor.close()


KINDS = {
    "offline": offline,
    "online": online,
    "failover online": functools.partial(failover, connected=True),
    "failover offline": functools.partial(failover, connected=False),
}


@pytest.fixture(params=KINDS)
async def shop(request, tmp_path):
    async with KINDS[request.param](tmp_path) as gateway_and_source:
        yield gateway_and_source


async def test_look_ups_answer_the_same(shop):
    gateway, source = shop
    found = await gateway.find_item((ItemKey(KeyKind.SKU, "no such"), CHEESE))
    assert found == ItemFound(
        item=Item(sku="4711", name="Käse „Gouda“ 500 g", price=626, tax="B", department="10"),
        key=CHEESE,
        source=source,
    )
    plu = ItemKey(KeyKind.PLU, "77")
    found = await gateway.find_item((CHEESE, plu))
    assert found.key == CHEESE, "the first key on file wins"
    assert (await gateway.find_item((plu,))).item.sku == "4712"
    detailed = (await gateway.find_item((ItemKey(KeyKind.SKU, "4713"),))).item
    assert (detailed.plu, detailed.detail) == ("", ItemDetail(deposit="4712", min_age=18))
    unknown = ItemUnknown(source=source)
    assert await gateway.find_item((ItemKey(KeyKind.GTIN, "00000000000017"),)) == unknown
    assert await gateway.find_item((ItemKey(KeyKind.PLU, ""),)) == unknown
    assert await gateway.find_item((ItemKey(KeyKind.SKU, "a&b=c #%?/ü"),)) == unknown
    assert await gateway.find_item(()) == unknown


async def test_searches_find_the_same(shop):
    gateway, source = shop

    async def skus(text, limit=20):
        hits = await gateway.search(text, limit)
        assert hits.source is source
        return {item.sku for item in hits.items}

    assert await skus("milch") == {"4712"}
    assert await skus("MILCH") == {"4712"}
    assert await skus("Käse Gouda") == {"4711"}
    assert await skus("Vo") == {"4712"}
    assert await skus("100%") == {"4713"}
    assert await skus("„Gou") == {"4711"}
    assert await skus("nirgends") == set()
    assert await skus('"; drop table item') == set()
    assert len(await skus("a", 1)) <= 1
    assert len(await skus("mil", 1)) == 1
