"""Catalog files: built and proved from real packages, flipped between transactions, taken back when damaged."""

import asyncio
import contextlib
import hashlib
import random
import sqlite3

import pytest

from journal_uplink import Wire, shop
from journal_world import START_MS, StillClock
from server_world import ROOT, TABLES, package_file
from store.exchange.messages import PackageInfo
from store.exchange.package import read_package
from store.exchange.record import public_bytes
from store.gateway.errors import ServerBusy, ServerUnreachable
from store.register.catalog.build import build_catalog, content_digest
from store.register.catalog.keeper import CatalogKeeper, CatalogRefused
from store.register.sync.catalog_download import CatalogDownloader

ROOT_KEY = public_bytes(ROOT)
META = {"package_seq": "1", "created": "0"}


def keeper_at(folder):
    keeper = CatalogKeeper(folder, lambda: START_MS)
    keeper.load()
    return keeper


async def keeper_with(folder, *seqs):
    keeper = keeper_at(folder)
    for seq in seqs:
        await keeper.apply(package_file(seq), ROOT_KEY)
        keeper.flip()
    return keeper


def rows(path, sql):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db:
        return db.execute(sql).fetchall()


# ---- building


def test_built_file_holds_the_tables_finds_names_by_any_part_and_knows_itself(tmp_path):
    path = tmp_path / "catalog-1.db"
    counts = build_catalog(TABLES, path, META)
    assert counts == {"item": 3, "barcode": 1, "department": 1, "tax": 2, "staff": 1, "setting": 2}
    assert rows(path, "select sku from barcode where gtin = '04006381333931'") == [("4711",)]
    assert rows(path, "select sku from item_name where item_name match '\"ouda\"'") == [("4711",)]
    meta = dict(rows(path, "select key, value from meta"))
    assert meta["rows"] == "10"
    assert meta["content_hash"] == content_digest(path)
    assert rows(path, "pragma journal_mode") == [("delete",)]
    assert path.stat().st_mode & 0o077 == 0


def test_same_rows_in_another_order_have_the_same_content_hash(tmp_path):
    turned = {table: list(reversed(lines)) for table, lines in TABLES.items()}
    build_catalog(TABLES, tmp_path / "a.db", META)
    build_catalog(turned, tmp_path / "b.db", META)
    assert content_digest(tmp_path / "a.db") == content_digest(tmp_path / "b.db")


@pytest.mark.parametrize(
    "table",
    [
        {
            "item": [
                {"sku": "1", "name": "a", "price": 1, "plu": "7"},
                {"sku": "2", "name": "b", "price": 1, "plu": "7"},
            ]
        },
        {"item": [{"sku": "1", "name": "a", "price": "cheap"}]},
        {"barcode": [{"gtin": "123", "sku": "1"}]},
        {"tax": [{"code": "A", "name": "x", "rate": "19", "included": 5}]},
    ],
)
def test_rows_that_contradict_themselves_are_refused_and_leave_no_file(tmp_path, table):
    path = tmp_path / "catalog-1.db"
    with pytest.raises(CatalogRefused, match="not used"):
        build_catalog(table, path, META)
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(CatalogRefused, match="could not be written"):
        build_catalog(TABLES, tmp_path / "nowhere" / "catalog-1.db", META)


# ---- keeping


async def test_new_catalog_is_ready_first_and_active_after_the_flip(tmp_path):
    keeper = keeper_at(tmp_path)
    assert keeper.active() is None
    assert "no usable catalog" in keeper.sentence
    version = await keeper.apply(package_file(7), ROOT_KEY)
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
    await keeper.apply(package_file(2), ROOT_KEY)
    again = keeper_at(tmp_path)
    assert (again.active().package_seq, again.ready().package_seq) == (1, 2)


async def test_older_genuine_package_is_refused(tmp_path):
    keeper = await keeper_with(tmp_path, 5)
    with pytest.raises(CatalogRefused, match="older than 5"):
        await keeper.apply(package_file(4), ROOT_KEY)
    with pytest.raises(CatalogRefused):
        await keeper.apply(package_file(5), ROOT_KEY)
    assert keeper.active().package_seq == 5


async def test_package_of_another_root_or_with_any_flipped_byte_is_refused_and_nothing_changes(tmp_path):
    keeper, data = await keeper_with(tmp_path, 1), package_file(2)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(CatalogRefused, match="root key"):
        await keeper.apply(data, bytes(32))
    rng = random.Random(1)
    for _ in range(60):
        place = rng.randrange(len(data))
        flipped = data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]
        with pytest.raises(CatalogRefused):
            await keeper.apply(flipped, ROOT_KEY)
    for cut in (0, 10, len(data) // 2, len(data) - 1):
        with pytest.raises(CatalogRefused):
            await keeper.apply(data[:cut], ROOT_KEY)
    assert (keeper.active().package_seq, keeper.ready(), keeper.highest) == (1, None, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


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
        assert keeper.wants(2), "the server's copy is fetched again"
    path.write_bytes(sound[: len(sound) // 2])
    assert keeper_at(tmp_path).active().package_seq == 1
    path.unlink()
    assert keeper_at(tmp_path).active().package_seq == 1


async def test_damaged_catalog_is_made_again_from_the_same_package(tmp_path):
    await keeper_with(tmp_path, 1, 2)
    (tmp_path / "catalog-2.db").write_bytes(b"rubbish")
    keeper = keeper_at(tmp_path)
    await keeper.apply(package_file(2), ROOT_KEY)
    assert keeper.flip()
    assert keeper.active().package_seq == 2
    assert keeper.sentence == ""


async def test_only_a_damaged_file_means_no_catalog_and_a_sentence(tmp_path):
    await keeper_with(tmp_path, 1)
    (tmp_path / "catalog-1.db").write_bytes(b"rubbish")
    keeper = keeper_at(tmp_path)
    assert keeper.active() is None
    assert "no usable catalog" in keeper.sentence


async def test_lost_note_is_made_up_from_the_files_by_their_content(tmp_path):
    await keeper_with(tmp_path, 1, 2)
    for text in (None, b"rubbish"):
        note = tmp_path / "catalog.json"
        note.unlink() if text is None else note.write_bytes(text)
        keeper = keeper_at(tmp_path)
        assert keeper.active().package_seq == 2
        assert keeper.highest == 2


async def test_half_made_file_of_a_crash_is_not_taken_for_a_catalog(tmp_path):
    await keeper_with(tmp_path, 1)
    (tmp_path / "catalog-2.db.new").write_bytes(b"half")
    keeper = keeper_at(tmp_path)
    assert keeper.active().package_seq == 1
    await keeper.apply(package_file(2), ROOT_KEY)
    assert keeper.flip()
    assert keeper.active().package_seq == 2


async def test_reader_of_the_old_file_is_not_disturbed_by_a_flip(tmp_path):
    keeper = await keeper_with(tmp_path, 1, 2)
    path = keeper.active().path
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as old:
        for seq in (3, 4):
            await keeper.apply(package_file(seq), ROOT_KEY)
            keeper.flip()
        assert not path.exists()
        assert old.execute("select count(*) from item").fetchone() == (3,)


# ---- downloading


class Server:
    """Answers with a package, or with what the test wants instead."""

    def __init__(self, seq=1):
        self.data = package_file(seq)
        self.seq = seq
        self.errors = []
        self.asked = 0

    async def package_info(self, *, deadline_s):
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        manifest = read_package(package_file(self.seq)).manifest
        digest = hashlib.sha256(package_file(self.seq)).hexdigest()
        return PackageInfo(
            package_seq=self.seq,
            size=len(package_file(self.seq)),
            sha256=digest,
            created_ms=manifest.created_ms,
        )

    async def package(self, *, deadline_s):
        return self.data


class Chance:
    def uniform(self, low, high):
        return 0.01


def downloader_of(keeper, server, wire=None, paying=lambda: False, interval_s=0.01):
    return CatalogDownloader(
        keeper=keeper, client=server, connection=wire or Wire(), root_key=ROOT_KEY, clock=StillClock(),
        randomness=Chance(), interval_s=interval_s, paying=paying, on_change=lambda: None,
    )  # fmt: skip


async def test_newer_package_is_fetched_once_and_made_ready(tmp_path):
    keeper, server = keeper_at(tmp_path), Server(3)
    downloader = downloader_of(keeper, server)
    assert await downloader.look()
    assert keeper.ready().package_seq == 3
    assert not await downloader.look()
    assert (downloader.pending, downloader.last_result) == (0, "ok")


async def test_damaged_download_is_refused_and_counts_as_pending(tmp_path):
    keeper, server = keeper_at(tmp_path), Server(3)
    server.data = server.data[:-1]
    downloader = downloader_of(keeper, server)
    assert not await downloader.look()
    assert keeper.ready() is None
    assert downloader.pending == 1
    assert downloader.last_result == "The package was damaged on the way"


async def test_server_in_trouble_is_asked_again_by_itself(tmp_path):
    keeper, server, wire = keeper_at(tmp_path), Server(2), Wire()
    server.errors = [ServerBusy("busy"), ServerUnreachable("reset")]
    downloader = downloader_of(keeper, server, wire)
    task = asyncio.create_task(downloader.run())
    async with asyncio.timeout(5):
        while keeper.ready() is None:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert wire.failures == ["reset"]


async def test_nothing_is_asked_while_the_link_is_down_and_nothing_fetched_while_somebody_pays(tmp_path):
    keeper, server, wire, paying = keeper_at(tmp_path), Server(2), Wire(), True
    wire.up.clear()
    downloader = downloader_of(keeper, server, wire, paying=lambda: paying)
    task = asyncio.create_task(downloader.run())
    await asyncio.sleep(0.05)
    assert server.asked == 0
    wire.up.set()
    await asyncio.sleep(0.05)
    assert (server.asked, keeper.ready()) == (1, None)
    paying = False
    async with asyncio.timeout(5):
        while keeper.ready() is None:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_package_of_the_real_server_becomes_a_catalog(tmp_path):
    async with shop(tmp_path) as (_, till):
        keeper = keeper_at(till.home)
        downloader = downloader_of(keeper, till.client)
        assert await downloader.look()
        assert keeper.flip()
        assert keeper.active().rows == 10
