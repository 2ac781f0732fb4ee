"""The catalog as the till sees it, with real files: used, flipped, missing, damaged."""

import pytest

from catalog_files import build_catalog
from session_fakes import FakeClock
from store.database.errors import DatabaseDamaged
from store.gateway.offline import OfflineCatalog
from store.register.catalog.keeper import CatalogKeeper
from store.register.session.shop import CatalogShop
from store.sale.policy import StorePolicy

TABLES = {
    "item": [
        {
            "sku": "1001",
            "name": "Whole milk 1 l",
            "unit": "pcs",
            "price": 109,
            "tax": "B",
            "department": "10",
            "plu": "",
            "open_price": 0,
            "weighed": 0,
            "blocked": "",
        }
    ],
    "barcode": [{"gtin": "04006381333931", "sku": "1001"}],
    "department": [{"code": "10", "name": "Grocery", "tax": "B", "position": 1}],
    "tax": [{"code": "B", "name": "VAT", "rate": "7", "included": 1}],
    "staff": [{"number": "101", "name": "Ann Baker", "role": "cashier", "salt": "", "hash": "x"}],
    "setting": [{"key": "store_name", "value": "First store"}, {"key": "currency", "value": "EUR"}],
}


def made(home, seq, name="First store", **changes):
    settings = [
        {"key": "store_name", "value": name},
        {"key": "currency", "value": changes.get("currency", "EUR")},
    ]
    tables = {**TABLES, "setting": settings}
    now_ms = FakeClock().now_ms
    build_catalog(
        tables, home / f"catalog-{seq}.db", seq=seq, created_ms=now_ms - 3_600_000, applied_ms=now_ms
    )


@pytest.fixture
def shop(tmp_path):
    clock = FakeClock()
    keeper = CatalogKeeper(tmp_path, clock.wall_ms)
    shops = []

    def open_shop(pending=0):
        keeper.load()
        shop = CatalogShop(keeper, clock, lambda: pending)
        shop.open()
        shops.append(shop)
        return shop

    yield open_shop
    for shop in shops:
        shop.close()


def test_the_active_catalog_gives_policy_departments_staff_and_its_facts(tmp_path, shop):
    made(tmp_path, 1)
    shop = shop()
    assert shop.trouble == ""
    assert (shop.policy().facts.name, shop.departments()[0].name) == ("First store", "Grocery")
    assert shop.operator("101").role == "cashier"
    assert shop.operator("999") is None
    assert shop.facts == "Catalog of today 13:03, 1 items."
    assert isinstance(shop.catalog, OfflineCatalog)
    assert {table.name: table.rows for table in shop.tables()}["item"] == 1


def test_without_a_catalog_a_sentence_says_so_and_nothing_fails(tmp_path, shop):
    shop = shop()
    assert "no usable catalog" in shop.trouble
    assert shop.facts == shop.trouble
    assert (shop.policy(), shop.departments(), shop.operator("101"), shop.version) == (
        StorePolicy(),
        (),
        None,
        "",
    )


def test_a_catalog_by_which_nothing_can_be_sold_is_named(tmp_path, shop):
    made(tmp_path, 1, currency="euro")
    shop = shop()
    assert "currency" in shop.trouble
    assert shop.catalog is None


async def test_a_damaged_catalog_falls_back_to_the_one_before(tmp_path, shop):
    made(tmp_path, 1)
    made(tmp_path, 2, "Second name")
    (tmp_path / "catalog-2.db").write_bytes(b"rubbish" * 1000)
    shop = shop()
    assert shop.policy().facts.name == "First store"
    assert shop.trouble == ""
    assert shop.caution == shop._keeper.sentence


def test_an_old_catalog_says_how_old_it_is(tmp_path, shop):
    made(tmp_path, 1)
    shop = shop()
    shop._clock.move(3 * 24 * 3600)
    assert shop.facts == "Catalog of 2026-11-24 13:03, 1 items. It is 3 days old."


def test_packages_that_wait_are_counted(tmp_path, shop):
    made(tmp_path, 1)
    shop = shop(pending=2)
    assert shop.pending_downloads == 2


def test_a_file_damaged_under_the_till_is_a_sentence(tmp_path, shop):
    made(tmp_path, 1)
    shop = shop()
    shop.catalog.close()
    shop._catalog = Damaged()
    assert shop.operator("101") is None
    assert "cannot be read" in shop.trouble


class Damaged:
    """What SQLite says once it meets the damaged pages."""

    def operator(self, number):
        raise DatabaseDamaged("The database answered: disk image is malformed.")

    def close(self):
        return
