"""The keeper with chains of packages from a chunk folder: what to fetch, what to refuse, what never goes back."""

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from catalog_files import KEYS, PACKAGE_KEY, ROOT, History, run_here
from journal_world import START_MS
from store.exchange.package import build_package, endorse_keys
from store.exchange.package_header import write_header
from store.exchange.record import public_bytes
from store.register.catalog.keeper import CatalogKeeper, CatalogRefused, ChunkNeeded, RolledBack, WrongBase

ROOT_KEY = public_bytes(ROOT)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes([9]) * 32)


def state(n):
    return {
        "item": [{"sku": f"{m}", "name": f"Thing {m} of {n}", "price": n} for m in range(n)],
        "setting": [{"key": "currency", "value": "EUR"}, {"key": "n", "value": str(n)}],
        "staff": [{"number": "101", "name": "Ann", "role": "cashier"}],
    }


HISTORY = History(*map(state, range(1, 7)))


def keeper_at(folder):
    keeper = CatalogKeeper(folder, lambda: START_MS, run=run_here)
    keeper.load()
    return keeper


def arrived(keeper, *packages):
    """Packages whose chunks were fetched; their headers."""
    for package in packages:
        for name, data in package.chunks.items():
            keeper.chunks.put(name, data)
    return [write_header(package.header) for package in packages]


async def applied(keeper, *packages, **options):
    return await keeper.apply(arrived(keeper, *packages), ROOT_KEY, **options)


async def test_snapshot_and_deltas_become_one_catalog(tmp_path):
    keeper = keeper_at(tmp_path)
    assert keeper.base_seq(support_offline=True) == 0
    version = await applied(keeper, HISTORY.full(2), HISTORY.delta(3), HISTORY.delta(4))
    assert (version.package_seq, version.rows) == (4, 4 + 2 + 1)
    assert keeper.base_seq(support_offline=True) == 4
    assert sorted(path.name for path in tmp_path.glob("catalog-*")) == ["catalog-4.db"]


async def test_delta_continues_the_ready_catalog_before_it_was_ever_active(tmp_path):
    keeper = keeper_at(tmp_path)
    await applied(keeper, HISTORY.full(1))
    keeper.flip()
    await applied(keeper, HISTORY.delta(2))
    await applied(keeper, HISTORY.delta(3))
    assert (keeper.active().package_seq, keeper.ready().package_seq) == (1, 3)
    assert sorted(path.name for path in tmp_path.glob("catalog-*.db")) == ["catalog-1.db", "catalog-3.db"]
    assert keeper.flip()
    assert keeper.active().rows == 6


async def test_only_chunks_of_wanted_tables_that_are_not_here_are_missing(tmp_path):
    keeper, package = keeper_at(tmp_path), HISTORY.full(3, excluded=frozenset({"staff"}))
    header = write_header(package.header)
    chunks = {part.name: part.chunks for part in package.manifest.parts}

    def missing(support_offline=True):
        return set(keeper.missing(header, root_key=ROOT_KEY, support_offline=support_offline))

    assert missing() == {*chunks["item"], *chunks["setting"]}
    assert missing(support_offline=False) == {*chunks["setting"]}
    keeper.chunks.put(chunks["item"][0].sha256, package.chunks[chunks["item"][0].sha256])
    assert missing() == {*chunks["setting"]}
    with pytest.raises(CatalogRefused, match="root key"):
        keeper.missing(header, root_key=bytes(32), support_offline=True)
    with pytest.raises(CatalogRefused, match="damaged"):
        keeper.missing(header[:-1], root_key=ROOT_KEY, support_offline=True)


async def test_chunk_that_is_damaged_on_the_disk_is_removed_and_asked_for(tmp_path):
    keeper, package = keeper_at(tmp_path), HISTORY.full(3)
    headers = arrived(keeper, package)
    entry = package.manifest.parts[0].chunks[0]
    keeper.chunks.path(entry.sha256).write_bytes(bytes(entry.stored_size))
    with pytest.raises(ChunkNeeded) as caught:
        await keeper.apply(headers, ROOT_KEY)
    assert caught.value.sha256 == entry.sha256
    assert keeper.missing(headers[0], root_key=ROOT_KEY, support_offline=True) == (entry,)
    assert (keeper.ready(), keeper.highest) == (None, 0)
    await applied(keeper, package)
    assert keeper.ready().package_seq == 3


async def test_delta_on_another_base_is_told_apart_so_that_a_full_one_is_asked_for(tmp_path):
    keeper = keeper_at(tmp_path)
    with pytest.raises(WrongBase):
        await applied(keeper, HISTORY.delta(3))
    await applied(keeper, HISTORY.full(1))
    with pytest.raises(WrongBase):
        await applied(keeper, HISTORY.delta(3))
    with pytest.raises(WrongBase):
        await applied(keeper, HISTORY.full(2), HISTORY.delta(4))
    await applied(keeper, HISTORY.full(2), HISTORY.delta(3))
    assert keeper.ready().package_seq == 3


async def test_switching_offline_support_needs_the_same_number_once_more(tmp_path):
    keeper = keeper_at(tmp_path)
    await applied(keeper, HISTORY.full(3))
    keeper.flip()
    assert keeper.base_seq(support_offline=False) == 0
    with pytest.raises(WrongBase):
        await applied(keeper, HISTORY.delta(4), support_offline=False)
    await applied(keeper, HISTORY.full(3), support_offline=False)
    assert keeper.flip()
    assert (keeper.active().rows, keeper.active().path.name) == (3, "catalog-3-1.db")
    assert keeper.base_seq(support_offline=False) == 3
    assert keeper_at(tmp_path).active().path.name == "catalog-3-1.db"
    await applied(keeper, HISTORY.full(3), support_offline=True)
    assert keeper.flip()
    assert keeper.active().rows == 6


# ---- never back


async def test_older_genuine_package_is_refused(tmp_path):
    keeper = keeper_at(tmp_path)
    await applied(keeper, HISTORY.full(5))
    for again in (HISTORY.full(4), HISTORY.full(5)):
        with pytest.raises(RolledBack, match="not newer than 5"):
            await applied(keeper, again)
    restarted = keeper_at(tmp_path)
    with pytest.raises(RolledBack):
        await applied(restarted, HISTORY.full(4))
    assert restarted.ready() is None or restarted.ready().package_seq == 5


async def test_number_counts_only_once_the_package_was_verified_to_its_last_byte(tmp_path):
    keeper = keeper_at(tmp_path)
    await applied(keeper, HISTORY.full(1))
    package = HISTORY.full(6)
    headers = arrived(keeper, package)
    for part in package.manifest.parts:
        for entry in part.chunks:
            keeper.chunks.drop(entry.sha256)
    with pytest.raises(ChunkNeeded):
        await keeper.apply(headers, ROOT_KEY)
    assert keeper.highest == 1
    await applied(keeper, HISTORY.full(2))
    assert keeper.ready().package_seq == 2


def signed_by_other(seq, **more):
    keys = endorse_keys(ROOT, [public_bytes(OTHER_KEY)], issued_ms=2)
    return build_package(state(1), seq=seq, created_ms=1, key=OTHER_KEY, keys=keys, **more)


async def test_enormous_number_of_a_stolen_key_does_not_lock_out_its_successor(tmp_path):
    keeper = keeper_at(tmp_path)
    await applied(keeper, HISTORY.full(1))
    stolen = build_package(state(2), seq=2**52, created_ms=1, key=PACKAGE_KEY, keys=KEYS)
    await applied(keeper, stolen)
    keeper.flip()
    await applied(keeper, signed_by_other(7))
    assert keeper.flip()
    assert keeper.active().package_seq == 7


async def test_withdrawn_key_does_not_come_back_with_the_list_that_still_named_it(tmp_path):
    keeper = keeper_at(tmp_path)
    await applied(keeper, HISTORY.full(1))
    await applied(keeper, signed_by_other(7))
    with pytest.raises(RolledBack, match="older list of keys"):
        await applied(keeper, HISTORY.full(6))
    with pytest.raises(RolledBack, match="older list of keys"):
        await applied(keeper_at(tmp_path), HISTORY.full(6))
    (tmp_path / "catalog.json").unlink()
    with pytest.raises(RolledBack, match="older list of keys"):
        await applied(keeper_at(tmp_path), HISTORY.full(6))


async def test_lost_catalog_comes_back_only_as_new_as_it_was(tmp_path):
    keeper = keeper_at(tmp_path)
    await applied(keeper, HISTORY.full(3), HISTORY.delta(4))
    keeper.flip()
    (tmp_path / "catalog-4.db").write_bytes(b"rubbish")
    keeper = keeper_at(tmp_path)
    assert keeper.base_seq(support_offline=True) == 0
    with pytest.raises(RolledBack):
        await applied(keeper, HISTORY.full(3))
    await applied(keeper, HISTORY.full(3), HISTORY.delta(4))
    assert keeper.flip()
    assert keeper.active().package_seq == 4


async def test_rolled_back_catalog_can_be_gone_on_from(tmp_path):
    keeper = keeper_at(tmp_path)
    await applied(keeper, HISTORY.full(1))
    keeper.flip()
    await applied(keeper, HISTORY.delta(2))
    keeper.flip()
    (tmp_path / "catalog-2.db").write_bytes(b"rubbish")
    keeper = keeper_at(tmp_path)
    assert keeper.active().package_seq == 1
    await applied(keeper, HISTORY.delta(2), HISTORY.delta(3))
    assert keeper.flip()
    assert keeper.active().package_seq == 3


async def test_flip_in_the_middle_of_an_apply_loses_neither_the_flip_nor_the_new_catalog(tmp_path):
    keeper = keeper_at(tmp_path)
    for package in (HISTORY.full(1), HISTORY.delta(2)):
        await applied(keeper, package)
        keeper.flip()
    await applied(keeper, HISTORY.delta(3))
    headers = arrived(keeper, HISTORY.delta(4))
    flips = asyncio.create_task(flipping(keeper))
    for _ in range(3):
        await asyncio.sleep(0)
    await keeper.apply(headers, ROOT_KEY)
    flips.cancel()
    await asyncio.gather(flips, return_exceptions=True)
    keeper.flip()
    await keeper.settled()
    assert keeper.active().package_seq == 4
    assert keeper.active().path.exists()
    assert keeper_at(tmp_path).active().package_seq == 4
    assert {path.name for path in tmp_path.glob("catalog-*.db")} == {"catalog-3.db", "catalog-4.db"}


async def flipping(keeper):
    """Transactions that begin all the time."""
    while True:
        keeper.flip()
        await asyncio.sleep(0)
