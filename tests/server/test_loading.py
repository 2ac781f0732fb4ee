"""Packages in the channel database: rows, names, counts and hashes, of one store among several."""

import asyncio
import random
import time

import msgspec
import pytest

import server_world
from server_headquarters import KEYS
from server_world import PACKAGE_KEY, ROOT, TABLES
from store.exchange import package_tables
from store.exchange.package import build_delta, build_package
from store.exchange.package_header import PackageError
from store.exchange.package_tables import TABLES as FORMAT
from store.exchange.package_tables import encode_cells, set_hash_of
from store.exchange.record import public_bytes
from store.exchange.set_hash import SetHash
from store.server import customer_keys, items, packages, tables
from store.server.config import database_place
from store.server.loading import OlderPackage, TableDiffers, WrongBase, load_package
from store.service.channel import Channel

FACTS = {"created_ms": 1, "key": PACKAGE_KEY, "keys": KEYS}


@pytest.fixture
async def channel(tmp_path, engine_before_world):
    opened = await Channel.open(database_place(tmp_path, server_world.DATABASE_URL))
    yield opened
    await opened.close()


def load(db, package, store="S1"):
    state = packages.lock_store(db, store, public_bytes(ROOT).hex(), 1)
    return load_package(db, state, store, package.header, package.fetch, 1)


def full(seq, content):
    return build_package(content, seq=seq, **FACTS)


def delta(seq, before, after, base=None):
    return build_delta(before, after, seq=seq, base_seq=base or seq - 1, **FACTS)


def stored_rows(db, table, store="S1"):
    columns = ", ".join(FORMAT[table])
    statement = f"select {columns} from {tables.stored(table)} where store_id = '{store}' order by 1"
    return [tuple(row) for row in db.execute(statement).fetchall()]


def wanted_rows(content, table):
    rows = []
    for row in content.get(table, ()):
        rows.append(tuple(row.get(c, "" if kind is str else 0) for c, kind in FORMAT[table].items()))
    return sorted(rows)


async def same(channel, content, store="S1"):
    for table in FORMAT:
        assert await channel.read(stored_rows, table, store) == wanted_rows(content, table), table
        state = (await channel.read(tables.states, store))[table]
        assert (state.rows, state.total_hash) == (
            len(content.get(table, ())), set_hash_of(table, content.get(table, ())).hex(),
        )  # fmt: skip


def some_content(chance):
    def rows(table):
        for n in sorted(chance.sample(range(40), chance.randrange(30))):
            row = {}
            for column, kind in FORMAT[table].items():
                if column in ("open_price", "weighed", "included", "support_offline"):
                    row[column] = chance.randrange(2)
                else:
                    row[column] = f"{column} {chance.randrange(9)}" if kind is str else chance.randrange(9)
            yield row | {next(iter(FORMAT[table])): f"k{n:02}"}

    return {table: list(rows(table)) for table in FORMAT}


async def test_any_chain_of_deltas_and_full_packages_ends_at_the_same_tables(channel):
    chance, content = random.Random(3), {}
    for seq in range(1, 26):
        after = some_content(chance) if chance.random() < 0.8 else content
        package = full(seq, after) if seq == 1 or chance.random() < 0.2 else delta(seq, content, after)
        await channel.work(load, package)
        content = after
        await same(channel, content)


async def test_names_are_found_as_they_are_after_every_package(channel):
    chance, content = random.Random(5), {}
    words = ("apple", "bread", "cheese", "donut", "emmer")
    for seq in range(1, 15):
        names = {
            f"{n:02}": f"{chance.choice(words)} {chance.choice(words)}"
            for n in range(30)
            if chance.random() < 0.7
        }
        after = {"item": [{"sku": sku, "name": name} for sku, name in names.items()]}
        await channel.work(load, full(seq, after) if seq in (1, 6) else delta(seq, content, after))
        content = after
        for word in words:
            found = await channel.read(items.search, "S1", word, 100, 5)
            assert sorted(item.sku for item in found) == sorted(
                s for s, name in names.items() if word in name
            )


async def test_two_stores_in_one_database_never_touch_each_other(channel):
    other = TABLES | {"item": [{"sku": "1", "name": "Gouda of another"}]}
    await channel.work(load, full(1, TABLES))
    await channel.work(load, full(7, other), "S2")
    await channel.work(load, full(2, TABLES | {"barcode": []}))
    await channel.work(load, delta(8, other, other | {"item": []}), "S2")
    await same(channel, TABLES | {"barcode": []})
    await same(channel, other | {"item": []}, "S2")
    assert [i.sku for i in await channel.read(items.search, "S1", "gouda", 9, 5)] == ["4711"]
    assert await channel.read(items.search, "S2", "gouda", 9, 5) == ()


async def test_f39_the_same_package_again_changes_nothing_and_older_or_unfitting_ones_are_refused(channel):
    await channel.work(load, full(5, TABLES))
    assert (await channel.work(load, full(5, TABLES))).again
    with pytest.raises(OlderPackage):
        await channel.work(load, full(4, {}))
    with pytest.raises(WrongBase, match="changes package 7, but package 5 is loaded"):
        await channel.work(load, delta(8, TABLES, {}))
    await same(channel, TABLES)


async def test_a_delta_made_for_other_rows_is_noticed_and_leaves_nothing(channel):
    await channel.work(load, full(1, TABLES))
    wrong = TABLES | {"item": [TABLES["item"][0] | {"price": 1}, *TABLES["item"][1:]]}
    after = wrong | {"item": [*wrong["item"], {"sku": "9"}]}
    with pytest.raises(TableDiffers, match="Table item is not what package 2 was made for"):
        await channel.work(load, delta(2, wrong, after))
    await same(channel, TABLES)
    await channel.work(tables.distrust, "S1")
    with pytest.raises(TableDiffers, match="full package has to come first"):
        await channel.work(load, delta(2, TABLES, {}))
    await channel.work(load, full(2, after))
    await same(channel, after)


async def test_cells_and_tables_of_a_newer_headquarters_are_passed_over(channel, monkeypatch):
    newer = {**FORMAT, "tax": {**FORMAT["tax"], "note": str}, "weather": {"day": str, "rain": int}}
    content = {"tax": [{"code": "A", "name": "VAT", "note": "new"}], "weather": [{"day": "Mon", "rain": 1}]}
    after = content | {"tax": [{"code": "A", "name": "VAT 2", "note": "newer"}, {"code": "B"}]}
    with monkeypatch.context() as patch:
        for table, columns in newer.items():
            patch.setitem(FORMAT, table, columns)
        package_tables._rows_decoder.cache_clear()
        first, second = full(1, content), delta(2, content, after)
    package_tables._rows_decoder.cache_clear()
    await channel.work(load, first)
    await channel.work(load, second)
    assert await channel.read(stored_rows, "tax") == [("A", "VAT 2", "", 0, ""), ("B", "", "", 0, "")]


@pytest.mark.parametrize("number", range(6))
async def test_a_damaged_chunk_anywhere_leaves_everything_as_it_was(channel, number):
    await channel.work(load, full(1, {"item": [{"sku": "old"}]}))
    package = full(2, TABLES)
    name = list(package.chunks)[number]
    package.chunks[name] = b"\0" + package.chunks[name][1:]
    with pytest.raises(PackageError, match="damaged"):
        await channel.work(load, package)
    await same(channel, {"item": [{"sku": "old"}]})


async def test_look_ups_go_on_while_a_large_package_loads(channel):
    before = {"item": [{"sku": "k00000", "name": "Old bread", "price": 1}]}
    await channel.work(load, full(1, before))
    rows = [{"sku": f"k{n:05}", "name": f"New bread {n}", "price": 2} for n in range(30_000)]
    package = full(2, {"item": rows})
    loading = asyncio.create_task(channel.work(load, package))
    seen, slowest = [], 0.0
    while not loading.done():
        began = time.monotonic()
        found = await channel.read_point(items.find_item, "S1", [("sku", "k00000")], 5)
        named = await channel.read(items.search, "S1", "bread", 1, 5)
        slowest = max(slowest, time.monotonic() - began)
        assert named[0].name.split()[0] in ("Old", "New")
        seen.append(found.price)
        await asyncio.sleep(0.001)
    await loading
    assert seen.count(1) > 5, "the old tables were answered meanwhile"
    assert sorted(seen) == seen and slowest < 2.0
    assert (await channel.read(items.find_item, "S1", [("sku", "k00000")], 5)).price == 2


async def test_the_set_hash_kept_is_that_of_the_rows_that_are_there(channel):
    await channel.work(load, full(1, TABLES))
    for table in ("item", "barcode", "tax"):
        total = SetHash()
        total.add_all(encode_cells(table, row) for row in await channel.read(stored_rows, table))
        assert (await channel.read(tables.states, "S1"))[table].total_hash == total.hex()


def customer(number, name, card="", digits="", **detail):
    text = msgspec.json.encode(detail).decode()
    return {
        "number": number,
        "name": name,
        "detail": text,
        "card": card,
        "digits": digits,
        "ends": digits[::-1],
    }


async def test_the_keys_of_customers_are_those_of_their_rows_after_any_chain(channel):
    chance = random.Random(11)
    content = TABLES
    for seq in range(1, 16):
        people = [
            customer(
                f"C{n}",
                chance.choice(["Maria Berg", "Ann Hill", "Bo Berg"]),
                chance.choice(["", f"K{n}"]),
                chance.choice(["", "4930123"]),
                **chance.choice([{}, {"merged_into": "C0"}]),
            )
            for n in range(8)
            if chance.random() < 0.7
        ]
        after = content | {"customer": people}
        await channel.work(load, full(seq, after) if seq in (1, 8) else delta(seq, content, after))
        content = after
        found = await channel.read(lambda db: db.execute("select key, number from customer_key").fetchall())
        wanted = [
            (key, row["number"])
            for row in people
            for key in customer_keys.keys_of(tuple(row[column] for column in FORMAT["customer"]))
        ]
        assert sorted(tuple(row) for row in found) == sorted(wanted)
