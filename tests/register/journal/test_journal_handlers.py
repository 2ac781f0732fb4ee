"""Errors at the edges of the journal's file: each becomes a sentence that says what to do."""

import pytest

from journal_world import identity, opened
from store.database.errors import DatabaseBusy
from store.register.journal import file as journal_file
from store.register.journal.errors import JournalDamaged
from store.register.journal.paths import make_private


async def test_journal_whose_migration_fails_is_not_opened_and_gives_the_lock_back(tmp_path, monkeypatch):
    def fails(*_):
        raise DatabaseBusy("Somebody else writes.")

    with monkeypatch.context() as patch:
        patch.setattr(journal_file, "migrate", fails)
        with pytest.raises(JournalDamaged, match=r"cannot be used: Somebody else writes\. Nothing is lost"):
            async with opened(tmp_path):
                pass
    async with opened(tmp_path) as journal:
        assert (await journal.head()).seq == 0


async def test_directory_that_cannot_be_synced_stops_the_opening(tmp_path, monkeypatch):
    def fails(_):
        raise OSError(5, "Input/output error")

    driver = journal_file.SQLITE3
    monkeypatch.setattr(type(driver), "sync_directory", staticmethod(fails), raising=False)
    with pytest.raises(JournalDamaged, match=r"The disk of the journal .* fails"):
        async with opened(tmp_path):
            pass


@pytest.mark.parametrize("place", ["missing/journal.db", "x" * 300])
def test_file_that_cannot_be_made_is_a_sentence(tmp_path, place):
    with pytest.raises(JournalDamaged, match=r"cannot be made: .*\. Give it another place\."):
        make_private(tmp_path / place)


def test_file_that_is_there_is_left_alone(tmp_path):
    path = tmp_path / "journal.db"
    path.write_bytes(b"x")
    make_private(path)
    assert path.read_bytes() == b"x"
    make_private(tmp_path / "new.db")
    assert (tmp_path / "new.db").stat().st_mode & 0o077 == 0


async def test_identity_of_another_register_does_not_open_it(tmp_path):
    async with opened(tmp_path):
        pass
    with pytest.raises(JournalDamaged, match="not this register's"):
        async with opened(tmp_path, who=identity(register="S0042-R04")):
            pass
