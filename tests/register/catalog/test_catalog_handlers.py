"""A disk that fails while a catalog is put in its place: the old one stays, and selling goes on by it."""

from pathlib import Path

import pytest

from catalog_files import apply_file, run_here
from journal_world import START_MS
from server_world import ROOT, package_file
from store.exchange.record import public_bytes
from store.register.catalog import keeper as catalog_keeper
from store.register.catalog.keeper import CatalogKeeper, CatalogRefused

ROOT_KEY = public_bytes(ROOT)


def fails(*_):
    raise OSError(28, "No space left on device")


async def keeper_with_one(folder):
    keeper = CatalogKeeper(folder, lambda: START_MS, run=run_here)
    keeper.load()
    await apply_file(keeper, package_file(1), ROOT_KEY)
    keeper.flip()
    return keeper


@pytest.mark.parametrize("what", ["chunks", "catalog-2"])
async def test_disk_that_takes_no_chunk_or_no_catalog_leaves_the_old_one(tmp_path, monkeypatch, what):
    keeper = await keeper_with_one(tmp_path)
    replace = Path.replace

    def fails_there(path, target):
        return fails() if what in str(path) else replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fails_there)
        with pytest.raises(CatalogRefused, match=r"could not be written .*; .*the old one stays"):
            await apply_file(keeper, package_file(2), ROOT_KEY)
    assert keeper.active().name == "c000001"
    await apply_file(keeper, package_file(2), ROOT_KEY)
    assert keeper.flip()


async def test_state_that_cannot_be_written_is_logged_and_found_out_again(tmp_path, monkeypatch, caplog):
    keeper = await keeper_with_one(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(catalog_keeper, "replace_file", fails)
        await apply_file(keeper, package_file(2), ROOT_KEY)
        assert keeper.flip()
    assert "catalog state not written" in caplog.text
    again = CatalogKeeper(tmp_path, lambda: START_MS)
    assert again.load().name == "c000002"
