"""The disk refuses: full, broken writes, failed syncs, at its first call, its second ... until a clean pass."""

import gc

import pytest

from journal_disk import FailingDisk
from journal_world import START_MS, KeySigner, draft, identity, sale
from store.register.journal.commit import Moment
from store.register.journal.drafts import draft_unit
from store.register.journal.file import JournalFile
from store.register.journal.journal import JournalError, JournalFull, SafeStop
from store.register.journal.sql import DEFERRED
from store.register.verification.verify import verify_file

# A connection whose disk fails while it is closed says so once more when apsw destroys it.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def nothing_is_left_for_other_tests():
    yield
    gc.collect()


MOMENT = Moment(wall_ms=START_MS, utc_offset_min=60)
ORDER = ["t1", "t2", "t3"]


def steps(file):
    """A short piece of selling: the same steps as the till's, each with what it acknowledges."""
    for n, txn_id in enumerate(ORDER):
        yield None, lambda n=n: file.write(lambda c: draft_unit(c, draft(f'"{n}"', screen=n)), DEFERRED)
        yield txn_id, lambda txn_id=txn_id: file.commit(sale(txn_id, lines=4), MOMENT)
    yield None, file.checkpoint


def sell(folder, disk, n, kind, persistent):
    """Sell with a disk that fails at its n-th call; answers (acknowledged, refused, failures of the disk)."""
    file = JournalFile(folder / "journal.db", identity(), KeySigner(), disk.driver())
    file.open()
    acknowledged, refused = [], []
    disk.arm(n, kind, persistent)
    try:
        for txn_id, step in steps(file):
            try:
                step()
            except JournalFull:
                refused.append(txn_id)
            except SafeStop:
                break
            else:
                acknowledged += [txn_id] if txn_id else []
    finally:
        failed = disk.failed
        disk.disarm()
        file.close()
    return acknowledged, [txn_id for txn_id in refused if txn_id], failed


def look(folder):
    """What the next start finds: transaction ids in order; and selling goes on where it should."""
    file = JournalFile(folder / "journal.db", identity(), KeySigner())
    file.open()
    found = file.read(lambda c: [row[0] for row in c.execute("select txn_id from record order by n")])
    for txn_id in ORDER:
        file.commit(sale(txn_id, lines=4), MOMENT)
    everything = file.read(
        lambda c: [row[0] for row in c.execute("select txn_id from record order by receipt_no")]
    )
    file.close()
    assert sorted(everything) == ORDER
    assert verify_file(folder / "journal.db").ok
    return found


@pytest.mark.parametrize("persistent", [False, True], ids=["once", "from-then-on"])
@pytest.mark.parametrize("kind", ["FULL", "EIO", "FSYNC"])
def test_f07_nothing_acknowledged_is_lost_whichever_call_of_the_disk_fails(tmp_path, kind, persistent):
    for n in range(1, 400):
        folder = tmp_path / f"{n}"
        folder.mkdir()
        acknowledged, refused, failed = sell(folder, FailingDisk(), n, kind, persistent)
        found = look(folder)
        assert set(acknowledged) <= set(found), n
        assert len(found) == len(set(found))
        if kind == "FULL":
            assert not set(refused) & set(found), n
        if not failed:
            break
    assert acknowledged == ORDER
    assert n > 5


def test_one_failed_sync_is_healed_by_a_fresh_file_and_books_once(tmp_path):
    disk = FailingDisk()
    acknowledged, refused, failed = sell(tmp_path, disk, 1, "FSYNC", False)
    assert (acknowledged, refused, failed) == (ORDER, [], 1)
    assert not (tmp_path / "journal.db.rebuilt").exists()
    assert look(tmp_path) == ORDER


def test_disk_that_fails_for_good_stops_selling_with_a_sentence(tmp_path):
    disk = FailingDisk()
    file = JournalFile(tmp_path / "journal.db", identity(), KeySigner(), disk.driver())
    file.open()
    file.commit(sale("t1"), MOMENT)
    disk.arm(1, "EIO", persistent=True)
    with pytest.raises(SafeStop, match=r"disk .*outpost journal export"):
        file.commit(sale("t2"), MOMENT)
    with pytest.raises(SafeStop, match=r"disk .*outpost journal export"):
        file.commit(sale("t2"), MOMENT)
    disk.disarm()
    assert file.commit(sale("t2"), MOMENT).receipt_no == 2  # repaired: the same journal goes on
    file.close()
    with pytest.raises(SafeStop, match="is closed"):
        file.commit(sale("t3"), MOMENT)
    assert look(tmp_path) == ["t1", "t2"]


def test_full_disk_is_told_and_the_same_sale_goes_through_once_there_is_room(tmp_path):
    disk = FailingDisk()
    file = JournalFile(tmp_path / "journal.db", identity(), KeySigner(), disk.driver())
    file.open()
    disk.arm(1, "FULL", persistent=True)
    for _ in range(3):
        with pytest.raises(JournalFull, match="nothing was booked"):
            file.commit(sale("t1"), MOMENT)
    disk.disarm()
    assert file.commit(sale("t1"), MOMENT).receipt_no == 1
    file.close()
    assert verify_file(tmp_path / "journal.db").records == 1


def test_opening_on_a_disk_that_fails_is_a_sentence_and_leaves_no_lock(tmp_path):
    for kind in ("FULL", "EIO", "FSYNC"):
        for n in range(1, 200):
            folder = tmp_path / f"{kind}-{n}"
            disk = FailingDisk()
            file = JournalFile(folder / "journal.db", identity(), KeySigner(), disk.driver())
            disk.arm(n, kind)
            try:
                file.open()
            except JournalError as error:
                assert error.sentence.endswith(".")
            clean = not disk.failed
            disk.disarm()
            file.close()
            assert look(folder) == []
            if clean:
                break
        assert clean
