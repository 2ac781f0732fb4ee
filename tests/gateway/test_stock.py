"""The stock of an item as the till asks for it: the server's word, else the last figure; no reason to go offline."""

import contextlib

import pytest

from catalog_files import build_catalog
from store.exchange.stock import WireStock, WireStoreStock
from store.gateway.errors import ServerSilent
from store.gateway.gateway import Source
from store.gateway.offline import OfflineCatalog
from store.gateway.profile import OfflineProfile
from store.gateway.states import Mode
from store.gateway.stock import NoStock, StockDirectory

OTHERS = (
    WireStoreStock(store="S0001", quantity="4", as_of_ms=9),
    WireStoreStock(store="S0002", quantity="7", as_of_ms=8),
)


class Asked:
    """A client and a connection."""

    def __init__(self, mode):
        self.mode = mode
        self.paths = []
        self.silent = False

    async def ask(self, path, kind, *, deadline_s):
        self.paths.append(path)
        if self.silent:
            raise ServerSilent("no answer")
        return WireStock(rows=OTHERS, everywhere=True)


@pytest.fixture
def catalog(tmp_path):
    path = tmp_path / "catalog-1.db"
    build_catalog({"availability": [{"sku": "4/1", "quantity": "3", "as_of_ms": 5}]}, path)
    with contextlib.closing(OfflineCatalog(path)) as opened:
        yield opened


def directory(asked, catalog):
    return StockDirectory(
        client=asked, connection=asked, catalog=lambda: catalog, profile=OfflineProfile, store="S0001"
    )


async def test_the_server_s_word_counts(catalog):
    asked = Asked(Mode.ONLINE)
    answer = await directory(asked, catalog).find("4/1")
    assert (answer.rows, answer.source, answer.everywhere) == (OTHERS, Source.ONLINE, True)
    assert asked.paths == ["/stock/4%2F1"]


@pytest.mark.parametrize(("mode", "silent"), [(Mode.OFFLINE_AUTO, False), (Mode.ONLINE, True)])
async def test_without_it_the_last_known_figure_of_the_own_store_is_told(catalog, mode, silent):
    asked = Asked(mode)
    asked.silent = silent
    answer = await directory(asked, catalog).find("4/1")
    assert answer.rows == (WireStoreStock(store="S0001", quantity="3", as_of_ms=5),)
    assert (answer.source, answer.everywhere) == (Source.OFFLINE, False)
    assert (await directory(asked, catalog).find("9")).rows == ()


async def test_without_a_catalog_nothing_is_known():
    assert (await directory(Asked(Mode.OFFLINE_AUTO), None).find("1")).rows == ()
    assert (await NoStock().find("1")).rows == ()
