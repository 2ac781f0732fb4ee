"""The rows of the set-up: what is kept, how changes are numbered, what is found again."""

import pytest

from hq_office import NOW_MS, open_office
from store.headquarters import setup_rows as rows
from store.headquarters.nouns.goods import Product
from store.headquarters.nouns.profiles import FunctionalityProfile


@pytest.fixture
async def work(tmp_path):
    async with open_office(tmp_path) as office:
        yield office.hq.channel.work


async def test_a_row_that_did_not_change_keeps_the_number_of_its_last_change(work):
    def unit(db):
        before = rows.current_number(db)
        assert rows.put(db, "product", "1", Product(name="Milk", price=109), now_ms=NOW_MS)
        number = rows.get_row(db, "product", "1").changed_n
        assert number == before + 1
        assert not rows.put(db, "product", "1", Product(name="Milk", price=109), now_ms=NOW_MS + 1)
        assert rows.get_row(db, "product", "1").changed_n == number == rows.current_number(db)
        assert rows.put(db, "product", "1", Product(name="Milk", price=119), now_ms=NOW_MS)
        assert rows.get(db, "product", "1", Product) == Product(name="Milk", price=119)

    await work(unit)


def test_what_stands_at_its_default_is_left_out_however_it_came_there():
    unit_text = "".join(("p", "cs"))
    typed = Product(name="Milk", unit=unit_text, barcodes=(), blocked="", price=None)
    assert rows.document_text(typed) == '{"name":"Milk"}'
    assert rows.document_text({"b": 1, "a": ""}) == '{"b":1,"a":""}'
    assert rows.document_text(FunctionalityProfile(max_line_amount=int("99999999"))) == "{}"


async def test_a_removed_row_is_gone_for_readers_and_told_to_whoever_asks_for_changes(work):
    def unit(db):
        for key in ("1", "2", "3"):
            rows.put(db, "product", key, Product(name=key), now_ms=NOW_MS)
        seen = rows.current_number(db)
        assert rows.remove(db, "product", "2", now_ms=NOW_MS)
        assert not rows.remove(db, "product", "2", now_ms=NOW_MS)
        assert rows.get(db, "product", "2", Product) is None
        assert [row.key for row in rows.list_rows(db, "product")] == ["1", "3"]
        assert [(row.key, row.removed) for row in rows.changed_since(db, "product", seen)] == [("2", True)]
        assert rows.changed_nouns(db, seen) == ("product",)
        rows.put(db, "product", "2", Product(name="2"), now_ms=NOW_MS)
        assert not rows.get_row(db, "product", "2").removed
        assert rows.count_rows(db, "product") == 3

    await work(unit)


async def test_pages_go_on_behind_the_last_key(work):
    def unit(db):
        for key in range(7):
            rows.put(db, "product", f"{key}", Product(name="x"), now_ms=NOW_MS)
        first = rows.list_page(db, "product", "", 3)
        second = rows.list_page(db, "product", first[-1].key, 3)
        assert [row.key for row in (*first, *second)] == ["0", "1", "2", "3", "4", "5"]
        assert [row.key for row in rows.list_page(db, "product", "6", 3)] == []

    await work(unit)


async def test_numbers_of_other_counters_count_by_themselves_and_are_only_ever_raised(work):
    def unit(db):
        assert rows.current_number(db, "package_seq") == 0
        assert [rows.next_number(db, "package_seq") for _ in range(3)] == [1, 2, 3]
        assert rows.raise_number(db, "package_seq", 10) == 10
        assert rows.raise_number(db, "package_seq", 5) == 10
        assert rows.next_number(db, "package_seq") == 11

    await work(unit)


async def test_other_names_belong_to_one_row_and_go_with_it(work):
    def unit(db):
        rows.put(db, "product", "1", Product(name="x"), now_ms=NOW_MS)
        rows.set_names(db, "product", "1", ("gtin:2", "gtin:1"))
        assert rows.find_key(db, "product", "gtin:1") == "1" and rows.names_of(db, "product", "1") == (
            "gtin:1",
            "gtin:2",
        )
        rows.set_names(db, "product", "1", ("gtin:2",))
        assert rows.find_key(db, "product", "gtin:1") is None
        rows.remove(db, "product", "1", now_ms=NOW_MS)
        assert rows.find_key(db, "product", "gtin:2") is None

    await work(unit)


async def test_rows_are_found_by_what_a_field_or_a_list_of_a_field_holds(work):
    def unit(db):
        rows.put(db, "product", "1", Product(name="x", tax="S"), now_ms=NOW_MS)
        rows.put(db, "product", "2", Product(name="x", tax="R", barcodes=("04006381333931",)), now_ms=NOW_MS)
        assert rows.find_where(db, "product", "tax", "S") == ["1"]
        assert rows.find_where(db, "product", "tax", "") == []
        assert rows.find_containing(db, "product", "barcodes", "04006381333931") == ["2"]
        assert rows.find_containing(db, "product", "barcodes", "4006381333931") == []
        rows.put(db, "price", "1/0", {"amount": 1}, now_ms=NOW_MS)
        rows.put(db, "price", "10/0", {"amount": 1}, now_ms=NOW_MS)
        assert [row.key for row in rows.list_beginning(db, "price", "1/")] == ["1/0"]

    await work(unit)


async def test_the_first_rows_are_planted_once_so_that_what_was_removed_stays_away(tmp_path):
    async with open_office(tmp_path) as office:
        assert (await office.row("role", "cashier")).permissions
        assert (await office.row("tender", "cash")).kind == "cash"
        await office.remove("role", "technician")
    async with open_office(tmp_path) as office:
        assert await office.row("role", "technician") is None
        assert await office.row("role", "manager") is not None
