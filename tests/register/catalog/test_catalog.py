"""Catalog files: built and proved from real packages, flipped between transactions, taken back when damaged."""

import contextlib
import random
import sqlite3

import pytest

from catalog_files import apply_file, build_catalog, check_index, run_here
from journal_world import START_MS
from server_world import ROOT, TABLES, package_file
from store.exchange.package_tables import TABLES as ALL_TABLES
from store.exchange.record import public_bytes
from store.register.catalog.catalog_file import proved_content_hash
from store.register.catalog.keeper import CatalogKeeper, CatalogRefused
from store.register.catalog.version import read_version

ROOT_KEY = public_bytes(ROOT)


def keeper_at(folder, wall_ms=lambda: START_MS):
    keeper = CatalogKeeper(folder, wall_ms, run=run_here)
    keeper.load()
    return keeper


async def keeper_with(folder, *seqs):
    keeper = keeper_at(folder)
    for seq in seqs:
        await apply_file(keeper, package_file(seq), ROOT_KEY)
        keeper.flip()
        await keeper.settled()
    return keeper


def rows(path, sql):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db:
        return db.execute(sql).fetchall()


# ---- building


def test_built_file_holds_the_tables_finds_names_by_any_part_and_knows_itself(tmp_path):
    path = tmp_path / "catalog-1.db"
    assert build_catalog(TABLES, path, created_ms=5, applied_ms=6).rows == 10
    assert rows(path, "select sku from barcode where gtin = '04006381333931'") == [("4711",)]
    found = "select i.sku from item_name n join item i on i.id = n.rowid where item_name match '\"ouda\"'"
    assert rows(path, found) == [("4711",)]
    version = read_version(path)
    assert (version.package_seq, version.created_ms, version.applied_ms, version.rows) == (1, 5, 6, 10)
    assert version.content_hash == proved_content_hash(path)
    counts = dict(rows(path, "select name, rows from data_set"))
    assert counts == {name: len(TABLES.get(name, ())) for name in ALL_TABLES}
    assert rows(path, "pragma journal_mode") == [("delete",)]
    assert path.stat().st_mode & 0o077 == 0
    check_index(path)


def test_same_rows_in_another_order_have_the_same_content_hash(tmp_path):
    turned = {table: list(reversed(lines)) for table, lines in TABLES.items()}
    build_catalog(TABLES, tmp_path / "a.db")
    build_catalog(turned, tmp_path / "b.db", seq=2)
    assert proved_content_hash(tmp_path / "a.db") == proved_content_hash(tmp_path / "b.db")


@pytest.mark.parametrize(
    "table",
    [
        {
            "item": [
                {"sku": "1", "name": "a", "price": 1, "plu": "7"},
                {"sku": "2", "name": "b", "price": 1, "plu": "7"},
            ]
        },
        {"barcode": [{"gtin": "123", "sku": "1"}]},
        {"tax": [{"code": "A", "name": "x", "rate": "19", "included": 5}]},
    ],
)
def test_rows_that_contradict_themselves_are_refused_and_leave_no_file(tmp_path, table):
    path = tmp_path / "catalog-1.db"
    with pytest.raises(CatalogRefused, match="contradicts itself"):
        build_catalog(table, path)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(CatalogRefused, match="could not be written"):
        build_catalog(TABLES, tmp_path / "nowhere" / "catalog-1.db")


# ---- keeping


async def test_new_catalog_is_ready_first_and_active_after_the_flip(tmp_path):
    keeper = keeper_at(tmp_path)
    assert keeper.active() is None
    assert "no usable catalog" in keeper.sentence
    version = await apply_file(keeper, package_file(7), ROOT_KEY)
    assert (keeper.active(), keeper.ready()) == (None, version)
    assert keeper.flip()
    assert (keeper.active(), keeper.ready(), keeper.sentence) == (version, None, "")
    assert (version.name, version.rows, version.applied_ms) == ("c000007", 10, START_MS)
    assert not keeper.flip()


async def test_previous_catalog_is_kept_and_older_ones_are_forgotten(tmp_path):
    await keeper_with(tmp_path, 1, 2, 3)
    assert sorted(path.name for path in tmp_path.glob("catalog-*.db")) == ["catalog-2.db", "catalog-3.db"]
    again = keeper_at(tmp_path)
    assert again.active().package_seq == 3
    assert again.highest == 3


async def test_ready_catalog_survives_a_restart_and_is_not_active_by_itself(tmp_path):
    keeper = await keeper_with(tmp_path, 1)
    await apply_file(keeper, package_file(2), ROOT_KEY)
    again = keeper_at(tmp_path)
    assert (again.active().package_seq, again.ready().package_seq) == (1, 2)


async def test_catalog_of_a_later_day_waits_for_its_day(tmp_path):
    now_ms = START_MS
    keeper = keeper_at(tmp_path, lambda: now_ms)
    await apply_file(keeper, package_file(1, effective_from_ms=START_MS + 1000), ROOT_KEY)
    assert keeper.flip(), "nothing is there, so it counts at once"
    await apply_file(keeper, package_file(2, effective_from_ms=START_MS + 1000), ROOT_KEY)
    assert not keeper.flip()
    now_ms += 1000
    assert keeper.flip()
    assert keeper.active().package_seq == 2


async def test_catalog_past_its_date_is_used_and_says_so(tmp_path):
    now_ms = START_MS
    keeper = keeper_at(tmp_path, lambda: now_ms)
    await apply_file(keeper, package_file(1, expires_ms=START_MS + 1000), ROOT_KEY)
    assert keeper.flip()
    assert keeper.sentence == ""
    now_ms += 2000
    assert "past the date" in keeper.sentence
    assert keeper.active().package_seq == 1
    assert "past the date" in keeper_at(tmp_path, lambda: now_ms).sentence


async def test_package_of_another_root_or_with_any_flipped_byte_is_refused_and_nothing_changes(tmp_path):
    keeper, data = await keeper_with(tmp_path, 1), package_file(2)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(CatalogRefused, match="root key"):
        await apply_file(keeper, data, bytes(32))
    rng = random.Random(1)
    for _ in range(60):
        place = rng.randrange(len(data))
        flipped = data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]
        with pytest.raises(CatalogRefused):
            await apply_file(keeper, flipped, ROOT_KEY)
    for cut in (0, 10, len(data) // 2, len(data) - 1):
        with pytest.raises(CatalogRefused):
            await apply_file(keeper, data[:cut], ROOT_KEY)
    assert (keeper.active().package_seq, keeper.ready(), keeper.highest) == (1, None, 1)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


async def test_every_flipped_byte_of_the_active_file_brings_the_previous_back_with_a_sentence(tmp_path):
    await keeper_with(tmp_path, 1, 2)
    path, rng = tmp_path / "catalog-2.db", random.Random(2)
    sound = path.read_bytes()
    for _ in range(40):
        place = rng.randrange(len(sound))
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << rng.randrange(8)]) + sound[place + 1 :])
        keeper = keeper_at(tmp_path)
        assert keeper.active().package_seq == 1
        assert "catalog 2 is damaged" in keeper.sentence
        assert keeper.base_seq(support_offline=True) == 1, "what came after it is fetched again"
    path.write_bytes(sound[: len(sound) // 2])
    assert keeper_at(tmp_path).active().package_seq == 1
    path.unlink()
    assert keeper_at(tmp_path).active().package_seq == 1


async def test_damaged_catalog_is_made_again_from_the_same_package(tmp_path):
    await keeper_with(tmp_path, 1, 2)
    (tmp_path / "catalog-2.db").write_bytes(b"rubbish")
    keeper = keeper_at(tmp_path)
    await apply_file(keeper, package_file(2), ROOT_KEY)
    assert keeper.flip()
    assert keeper.active().package_seq == 2
    assert keeper.sentence == ""


async def test_damaged_ready_catalog_is_not_flipped_to(tmp_path):
    keeper = await keeper_with(tmp_path, 1)
    await apply_file(keeper, package_file(2), ROOT_KEY)
    (tmp_path / "catalog-2.db").write_bytes(b"rubbish")
    again = keeper_at(tmp_path)
    assert (again.active().package_seq, again.ready()) == (1, None)
    assert not again.flip()


async def test_only_a_damaged_file_means_no_catalog_and_a_sentence(tmp_path):
    await keeper_with(tmp_path, 1)
    (tmp_path / "catalog-1.db").write_bytes(b"rubbish")
    keeper = keeper_at(tmp_path)
    assert keeper.active() is None
    assert "no usable catalog" in keeper.sentence


async def test_lost_note_is_made_up_from_the_files_by_their_content(tmp_path):
    await keeper_with(tmp_path, 1, 2)
    (tmp_path / "catalog-3.db").write_bytes(b"rubbish")
    for text in (None, b"rubbish"):
        note = tmp_path / "catalog.json"
        note.unlink() if text is None else note.write_bytes(text)
        keeper = keeper_at(tmp_path)
        assert keeper.active().package_seq == 2
        assert keeper.highest == 2


async def test_half_made_file_of_a_killed_core_is_not_taken_for_a_catalog_and_goes(tmp_path):
    await keeper_with(tmp_path, 1)
    half = tmp_path / "catalog-2.db.new-4711"
    half.write_bytes(b"half")
    keeper = keeper_at(tmp_path)
    assert keeper.active().package_seq == 1
    assert half.exists(), "somebody else may be making it"
    await apply_file(keeper, package_file(2), ROOT_KEY)
    assert not half.exists()
    assert keeper.flip()
    assert keeper.active().package_seq == 2


async def test_reader_of_the_old_file_is_not_disturbed_by_a_flip(tmp_path):
    keeper = await keeper_with(tmp_path, 1, 2)
    path = keeper.active().path
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as old:
        for seq in (3, 4):
            await apply_file(keeper, package_file(seq), ROOT_KEY)
            keeper.flip()
        await keeper.settled()
        assert not path.exists()
        assert old.execute("select count(*) from item").fetchone() == (3,)
