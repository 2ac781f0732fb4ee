"""The offline catalog beyond items: prices by the moment, roles, registers, keys, customers, quantities, ages."""

import contextlib
import json
import random
import sqlite3

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog_files import build_catalog
from store.gateway.catalog_customers import Customer
from store.gateway.catalog_rows import (
    Availability,
    CodedRow,
    LayoutKey,
    RegisterRow,
    Returnable,
    Role,
    TenderRow,
)
from store.gateway.gateway import ItemUnknown, Source
from store.gateway.offline import OfflineCatalog, OfflineGateway
from store.sale.item import ItemKey, KeyKind
from store.sale.pricing import NO_PRICE, PriceRow, price_in_force

KEY = (ItemKey(KeyKind.SKU, "1"),)


@contextlib.contextmanager
def catalog_of(folder, **tables):
    path = folder / "catalog-1.db"
    build_catalog(tables, path, created_ms=5)
    with contextlib.closing(OfflineCatalog(path)) as catalog:
        yield catalog


def price(key, amount, from_ms, until_ms=0, sku="1"):
    return {"key": key, "sku": sku, "amount": amount, "from_ms": from_ms, "until_ms": until_ms}


def item(price=-1, sku="1", name="Milk", **more):
    return {"sku": sku, "name": name, "price": price, **more}


# ---- the price in force


def test_newest_price_that_is_valid_counts_and_then_the_item_has_its_own(tmp_path):
    prices = [price("a", 100, 10, 50), price("b", 90, 20, 30), price("c", 80, 20, 25), price("d", 1, 60, 60)]
    with catalog_of(tmp_path, item=[item(120)], price=prices) as catalog:

        def at(moment):
            return catalog.find_item(KEY, moment)[0].price

        assert [at(moment) for moment in (9, 10, 19, 20, 24, 25, 29, 30, 49, 50, 60)] == [
            120, 100, 100, 80, 80, 90, 90, 100, 100, 120, 120,
        ]  # fmt: skip


def test_item_without_any_price_cannot_be_sold_and_says_which_job_brings_it(tmp_path):
    items = [item(), item(sku="2", open_price=1), item(sku="3", blocked="recalled"), item(0, sku="4")]
    with catalog_of(tmp_path, item=items, price=[price("a", 50, 10, 20)]) as catalog:

        def at(sku, moment):
            found, _ = catalog.find_item((ItemKey(KeyKind.SKU, sku),), moment)
            return found.price, found.blocked

        assert at("1", 15) == (50, "")
        assert at("1", 20) == (0, NO_PRICE)
        assert "1020" in NO_PRICE
        assert at("2", 15) == (0, "")
        assert at("3", 15) == (0, "recalled")
        assert at("4", 15) == (0, "")
        assert catalog.search("milk", 9, 15)[0].price == 50


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prices=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
        max_size=6,
        unique_by=lambda p: p[:2],
    ),
    own=st.integers(-1, 3),
)
def test_sql_and_pure_rule_of_the_price_agree(tmp_path, prices, own):
    rows = [price(f"k{n}", amount, start, until) for n, (amount, start, until) in enumerate(prices)]
    pure = [
        PriceRow(key=row["key"], amount=row["amount"], from_ms=row["from_ms"], until_ms=row["until_ms"])
        for row in rows
    ]
    random.Random(1).shuffle(pure)
    with catalog_of(tmp_path, item=[item(own)], price=[*rows, price("x", 7, 0, sku="2")]) as catalog:
        for moment in range(11):
            in_force = price_in_force(pure, moment)
            found, _ = catalog.find_item(KEY, moment)
            wanted = own if in_force is None else in_force
            assert (found.price, found.blocked) == ((wanted, "") if wanted >= 0 else (0, NO_PRICE))


def test_mistake_of_ours_is_no_trouble_of_the_file(tmp_path):
    with catalog_of(tmp_path) as catalog, pytest.raises(sqlite3.OperationalError, match="no such table"):
        list(catalog._rows("select * from nowhere"))


async def test_gateway_without_a_catalog_knows_nothing():
    gateway = OfflineGateway(lambda: None, lambda: 0)
    assert await gateway.find_item(KEY) == ItemUnknown(source=Source.OFFLINE)
    assert (await gateway.search("milk", 5)).items == ()


async def test_gateway_asks_for_the_price_of_now(tmp_path):
    now_ms = 10
    with catalog_of(tmp_path, item=[item(120)], price=[price("a", 100, 20)]) as catalog:
        gateway = OfflineGateway(lambda: catalog, lambda: now_ms)
        assert (await gateway.find_item(KEY)).item.price == 120
        now_ms = 20
        assert (await gateway.find_item(KEY)).item.price == 100
        assert (await gateway.search("milk", 5)).items[0].price == 100


# ---- search by numbers


def test_numbers_find_items_by_either_end_of_the_code(tmp_path):
    codes = {"1": "04006381333931", "2": "00000096385074", "3": "00036000291452", "4": "12345678901231"}
    tables = {
        "item": [item(1, sku=sku, name=f"Thing {sku}") for sku in codes],
        "barcode": [{"gtin": code, "sku": sku} for sku, code in codes.items()],
    }
    with catalog_of(tmp_path, **tables) as catalog:

        def found(text):
            return sorted(hit.sku for hit in catalog.search(text, 9, 0))

        assert found("400638") == ["1"]
        assert found("4006381333931") == ["1"]
        assert found("3931") == ["1"]
        assert found("333931") == ["1"]
        assert found("1333931") == ["1"]
        assert found("2333931") == []
        assert found("96385074") == ["2"]
        assert found("036000291452") == ["3"]
        assert found("36000") == ["3"]
        assert found("12345678901231") == ["4"]
        assert found("123456789012310") == []


# ---- staff and registers


def test_operator_comes_with_the_permissions_of_the_role(tmp_path):
    tables = {
        "staff": [
            {"number": "1", "name": "Ann", "role": "lead", "hash": "h"},
            {"number": "2", "name": "Bo", "role": "cashier", "hash": "h"},
        ],
        "role": [{"code": "lead", "name": "Shift lead", "permissions": "void price"}],
    }
    with catalog_of(tmp_path, **tables) as catalog:
        assert catalog.operator("1").permissions == "void price"
        assert catalog.operator("2").permissions == ""
        assert catalog.role("lead") == Role(code="lead", name="Shift lead", permissions=("void", "price"))
        assert catalog.role("cashier") is None


def test_register_profile_and_keys_come_as_headquarters_wrote_them(tmp_path):
    def key(id_, register, position=0, **more):
        return {"id": id_, "register": register, "place": "key", "position": position, **more}

    tables = {
        "offline_profile": [
            {"code": "std", "detail": '{"retry_count": 2}'},
            {"code": "bad", "detail": "[1"},
            {"code": "list", "detail": "[1]"},
        ],
        "register": [
            {"number": "R1", "name": "Front", "support_offline": 1, "offline_profile": "std", "detail": "{}"}
        ],
        "layout_key": [
            key("c", "R1", key="F9", operation=917, caption="Link"),
            key("b", "", position=2),
            key("a", "", position=1),
            key("d", "R2"),
        ],
    }
    with catalog_of(tmp_path, **tables) as catalog:
        assert catalog.offline_profile("std") == {"retry_count": 2}
        assert (catalog.offline_profile("bad"), catalog.offline_profile("list")) == ({}, {})
        assert catalog.offline_profile("none") is None
        assert catalog.register("R1") == RegisterRow(
            number="R1", name="Front", support_offline=True, offline_profile="std", detail={}
        )
        assert catalog.register("R9") is None
        assert [row.id for row in catalog.layout_keys("R1")] == ["a", "b", "c"]
        assert catalog.layout_keys("R1")[2] == LayoutKey(
            id="c", register="R1", place="key", key="F9", operation=917, caption="Link", position=0
        )
        assert [row.id for row in catalog.layout_keys("R3")] == ["a", "b"]


# ---- the store


def test_parameters_and_tenders(tmp_path):
    tables = {
        "parameter": [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}],
        "tender": [
            {"code": "card", "name": "Card", "kind": "card", "position": 2, "detail": "{}"},
            {"code": "cash", "name": "Cash", "kind": "cash", "position": 1, "detail": '{"drawer": true}'},
        ],
    }
    with catalog_of(tmp_path, **tables) as catalog:
        assert catalog.parameters() == {"a": "1", "b": "2"}
        assert catalog.tenders()[0] == TenderRow(
            code="cash", name="Cash", kind="cash", position=1, detail={"drawer": True}
        )


def test_customers_by_number_and_by_any_part_of_the_name(tmp_path):
    customers = [
        {"number": "c1", "name": "Ann Baker", "detail": '{"card": "7"}'},
        {"number": "c2", "name": "Bo Annesley", "detail": ""},
    ]
    with catalog_of(tmp_path, customer=customers) as catalog:

        def found(text, limit=9):
            return [customer.number for customer in catalog.customers(text, limit)]

        assert catalog.customer("c1") == Customer(number="c1", name="Ann Baker", detail={"card": "7"})
        assert catalog.customer("c2").detail == {}
        assert catalog.customer("x") is None
        assert found("ann") == ["c1", "c2"]
        assert found("ann bak") == ["c1"]
        assert found("ann", 1) == ["c1"]
        assert found("bo") == ["c2"]
        assert (found(""), found("ann", 0), found('"'), found("zzz")) == ([], [], [], [])


def test_quantities_with_their_moment(tmp_path):
    tables = {
        "availability": [{"sku": "1", "quantity": "12.5", "as_of_ms": 9}],
        "returnable": [{"key": "s1/1", "sku": "1", "quantity": "2", "as_of_ms": 8}],
    }
    with catalog_of(tmp_path, **tables) as catalog:
        assert catalog.availability("1") == Availability(quantity="12.5", as_of_ms=9)
        assert catalog.availability("2") is None
        assert catalog.returnables("1") == (Returnable(key="s1/1", quantity="2", as_of_ms=8),)
        assert catalog.returnables("2") == ()


@pytest.mark.parametrize("job_table", ["item", "price", "customer", "staff", "register", "availability"])
def test_every_data_set_tells_rows_and_age(tmp_path, job_table):
    with catalog_of(tmp_path, item=[item(1)]) as catalog:
        (row,) = (row for row in catalog.data_sets() if row.name == job_table)
        assert (row.rows, row.created_ms, row.package_seq, row.kept) == (int(job_table == "item"), 5, 1, True)
        assert msgspec.json.encode(row)


# ---- a million rows must not be walked


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda catalog: catalog.search("400638", 9, 0), "PRIMARY KEY"),
        (lambda catalog: catalog.search("333931", 9, 0), "barcode_end"),
        (lambda catalog: catalog.search("Mi", 9, 0), "item_start"),
        (lambda catalog: catalog.search("milk", 9, 0), "VIRTUAL TABLE INDEX"),
        (lambda catalog: catalog.find_item(KEY, 0), "price_sku"),
        (lambda catalog: catalog.find_item((ItemKey(KeyKind.PLU, "7"),), 0), "item_plu"),
        (lambda catalog: catalog.customers("an", 9), "customer_start"),
        (lambda catalog: catalog.customers("4930", 9), "customer_digits"),
        (lambda catalog: catalog.customers("4930", 9), "customer_ends"),
        (lambda catalog: catalog.customer_by_code("C77"), "customer_card"),
        (lambda catalog: catalog.returnables("1"), "returnable_sku"),
    ],
)
def test_f54_every_question_is_answered_by_an_index(tmp_path, ask, index):
    with catalog_of(tmp_path, item=[item(1)]) as catalog:
        ask(catalog)  # the first question reads the offers of all goods, once
        asked = []
        catalog._db.set_trace_callback(asked.append)
        ask(catalog)
        catalog._db.set_trace_callback(None)
        plans = [
            row[3]
            for sql in asked
            if not sql.startswith("--")
            for row in catalog._db.execute(f"explain query plan {sql}")
        ]
    assert any(index in plan for plan in plans), plans
    assert not [
        plan
        for plan in plans
        if plan.startswith("SCAN") and not ("VIRTUAL" in plan or "_name_config" in plan)
    ], plans


# ---- column `detail`, and files of a program without it


def test_detail_of_an_item_is_read_and_what_cannot_be_read_says_nothing(tmp_path):
    rows = [
        item(1, sku="1", detail='{"min_age":18,"newer":"field"}'),
        item(1, sku="2", detail='{"min_age":"old"}'),
        item(1, sku="3"),
    ]
    with catalog_of(tmp_path, item=rows) as catalog:
        found = [catalog.find_item((ItemKey(KeyKind.SKU, sku),), 0)[0].detail.min_age for sku in "123"]
        assert found == [18, 0, 0]


def test_coded_rows_come_with_their_text(tmp_path):
    coded = {"code": "A", "name": "Name", "detail": '{"x":1}'}
    text = {"code": "z", "detail": "{}"}
    with catalog_of(tmp_path, discount=[coded], info_code=[coded], document_format=[text]) as catalog:
        row = CodedRow(code="A", name="Name", detail='{"x":1}')
        assert catalog.discounts() == catalog.info_codes() == (row,)
        assert (catalog.info_code("A"), catalog.info_code("B")) == (row, None)
        assert catalog.document_formats() == {"z": "{}"}


def test_file_of_a_program_without_details_is_sold_by(tmp_path):
    path = tmp_path / "catalog-1.db"
    build_catalog(
        {
            "item": [item(120)],
            "department": [{"code": "D", "name": "Dairy", "tax": "A"}],
            "staff": [{"number": "7", "name": "Ann"}],
            "tax": [{"code": "A", "name": "VAT", "rate": "19", "included": 1}],
        },
        path,
    )
    with contextlib.closing(sqlite3.connect(path)) as db:
        for table in ("discount", "info_code", "document_format"):
            db.execute(f"drop table {table}")
        for table in ("item", "department", "tax", "staff"):
            db.execute(f"alter table {table} drop column detail")
        db.commit()
    with contextlib.closing(OfflineCatalog(path)) as catalog:
        assert catalog.find_item(KEY, 0)[0] == catalog.search("Milk", 5, 0)[0]
        assert catalog.operator("7").name == "Ann"
        assert catalog.departments()[0].name == "Dairy" and catalog.policy().taxes[0].rate == "19"
        assert (catalog.discounts(), catalog.info_codes(), catalog.document_formats()) == ((), (), {})
        assert catalog.badge_holder("ab" * 32) == ""


def test_a_badge_is_that_of_the_person_whose_row_has_its_hash(tmp_path):
    staff = [
        {
            "number": "7",
            "name": "Ann",
            "detail": json.dumps({"badges": ["ab" * 32, "cd" * 32], "language": "de"}),
        },
        {"number": "8", "name": "Bob"},
    ]
    with catalog_of(tmp_path, staff=staff) as catalog:
        assert (catalog.badge_holder("cd" * 32), catalog.badge_holder("ef" * 32)) == ("7", "")
        assert catalog.operator("7").detail.language == "de", "what is not known here is left alone"
