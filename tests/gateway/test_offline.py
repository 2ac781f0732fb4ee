"""The offline catalog: look-up, search, people, policy."""

import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway_world import MILK_KEYS, gtin, write_catalog
from store.database.errors import DatabaseTrouble
from store.gateway.offline import DataSet, OfflineCatalog
from store.sale.item import ItemKey, KeyKind
from store.sale.policy import StorePolicy, TaxRate
from store.sale.settings import PolicyRefused

NOW_MS = 1_700_000_000_000


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    opened = OfflineCatalog(write_catalog(tmp_path_factory.mktemp("catalog") / "catalog-7.db"))
    yield opened
    opened.close()


def skus(items):
    return [item.sku for item in items]


def test_the_first_key_on_file_wins(catalog):
    item, key = catalog.find_item(MILK_KEYS, NOW_MS)
    assert (item.sku, item.name, item.price, item.unit) == ("4711", "Vollmilch 3,5 % 1 l", 109, "pcs")
    assert key is MILK_KEYS[0]
    plu = ItemKey(KeyKind.PLU, "81")
    item, key = catalog.find_item((gtin("17"), plu, ItemKey(KeyKind.SKU, "4711")), NOW_MS)
    assert (item.sku, item.weighed, item.unit, key) == ("81", True, "kg", plu)
    assert catalog.find_item((gtin("17"),), NOW_MS) is None
    assert catalog.find_item((), NOW_MS) is None


def test_an_empty_plu_finds_nothing(catalog):
    assert catalog.find_item((ItemKey(KeyKind.PLU, ""),), NOW_MS) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("milch", ["4712", "4713", "4711"]),
        ("MILCH", ["4712", "4713", "4711"]),
        ("mäuse", ["4712"]),
        ("voll milch", ["4711"]),
        ("milch 1", ["4711"]),
        ("1 milch", ["4711"]),
        ("Vo", ["4711"]),
        ("100 %", ["82"]),
        ("%", []),
        ("_", []),
        ("471", ["4713", "4712", "4711"]),
        ("4712", ["4712"]),
        ("81", ["81"]),
        ("4006381333955", ["4713"]),
        ("nirgends", []),
        ("", []),
        ("   ", []),
        ('"', []),
        ('mil" OR "ban', []),
    ],
)
def test_search_finds_what_contains_the_text_best_first(catalog, text, found):
    result = skus(catalog.search(text, 20, NOW_MS))
    assert result == found or (text == "471" and sorted(result) == sorted(found))


def test_search_keeps_to_its_limit(catalog):
    assert len(catalog.search("milch", 2, NOW_MS)) == 2
    assert catalog.search("milch", 0, NOW_MS) == ()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=100))
def test_no_text_breaks_the_search(catalog, text):
    catalog.search(text, 20, NOW_MS)


def test_people_departments_and_data_sets(catalog):
    ann = catalog.operator("1001")
    assert (ann.name, ann.role, ann.hash) == ("Ann", "cashier", "h")
    assert catalog.operator("9999") is None
    assert [department.code for department in catalog.departments()] == ["food", "misc"]
    sets = {row.name: row for row in catalog.data_sets()}
    assert sets["item"] == DataSet(
        name="item", rows=5, created_ms=1_700_000_000_000, package_seq=7, kept=True
    )
    assert sets["customer"].rows == 0
    assert catalog.meta()["package_seq"] == "7"


def test_the_policy_comes_from_settings_and_taxes(catalog):
    policy = catalog.policy()
    assert isinstance(policy, StorePolicy)
    assert (policy.currency, policy.facts.name) == ("EUR", "Eckladen")
    assert policy.taxes == (TaxRate(code="A", name="7 %", rate="7", included=True),)


def test_a_policy_that_nothing_can_be_sold_by_is_refused_with_a_sentence(tmp_path):
    path = write_catalog(tmp_path / "c.db", settings=[("rounding_scope", "weekly")])
    catalog = OfflineCatalog(path)
    with pytest.raises(PolicyRefused, match="rounding_scope"):
        catalog.policy()
    catalog.close()


def test_the_file_is_opened_for_reading_only(catalog):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        catalog._db.execute("delete from item")


def test_a_missing_or_damaged_file_is_a_trouble_of_the_database(tmp_path):
    with pytest.raises(DatabaseTrouble):
        OfflineCatalog(tmp_path / "none.db")
    damaged = tmp_path / "damaged.db"
    data = bytearray(write_catalog(tmp_path / "c.db").read_bytes())
    for page in range(1, len(data) // 4_096):
        data[page * 4_096 : page * 4_096 + 512] = b"\xa5" * 512
    damaged.write_bytes(data)
    with pytest.raises(DatabaseTrouble):
        OfflineCatalog(damaged).find_item(MILK_KEYS, NOW_MS)
