"""A power cut at every operation of the disk: what was acknowledged is there, and what is there holds together."""

import random
from pathlib import Path

from journal_disk import RecordingDisk, crash_images
from journal_world import START_MS, KeySigner, draft, event, identity, sale
from store.register.journal import file as journal_file
from store.register.journal.commit import Moment
from store.register.journal.drafts import draft_unit, read_draft
from store.register.journal.file import JournalFile
from store.register.journal.sql import DEFERRED, at_level
from store.register.verification.verify import verify_file

MOMENT = Moment(wall_ms=START_MS, utc_offset_min=60)


def record_a_day(folder: Path, disk):
    """Lines written as drafts, each synced right after; every third finished as a sale; a checkpoint in between.

    Marks in the log say what the outside world was told, and when.
    """
    file = JournalFile(folder / "journal.db", identity(), KeySigner(), disk.driver())
    file.open()
    disk.note("mark", "opened")
    for n in range(9):
        line = draft(f'"line {n}"', screen=n)
        file.write(lambda connection, line=line: draft_unit(connection, line), DEFERRED)
        disk.note("mark", "draft written", n)
        if n % 3 != 1:
            disk.sync_log(str(file.path))
            disk.note("mark", "draft synced", n)
        if n % 3 == 2:
            entry = (
                sale(f"t{n}", lines=3, draft=draft(f'"after {n}"', screen=n))
                if n != 5
                else event("lock", "t5")
            )
            file.commit(entry, MOMENT)
            disk.note("mark", "committed", f"t{n}")
        if n == 7:
            file.checkpoint()
    file.close()
    disk.note("mark", "closed")


def told(log, index):
    """What the world had been told at a point of the log."""
    marks = [operation[1:] for operation in log[:index] if operation[0] == "mark"]
    commits = [mark[1] for mark in marks if mark[0] == "committed"]
    synced = [mark[1] for mark in marks if mark[0] == "draft synced"]
    return ("opened",) in marks, commits, max(synced, default=-1)


def examine(folder, files):
    """Open what the power cut left, as the next start does: (transaction ids, draft as text)."""
    for path in folder.iterdir():
        path.unlink()
    for name, content in files.items():
        if not name.endswith("-shm"):
            (folder / name).write_bytes(content)
    file = JournalFile(folder / "journal.db", identity(), KeySigner())
    file.open()
    try:
        found = file.read(lambda c: [row[0] for row in c.execute("select txn_id from record order by n")])
        kept = file.read(read_draft)
        assert file.read(lambda c: c.execute("pragma integrity_check").fetchone())[0] == "ok"
    finally:
        file.close()
    assert verify_file(folder / "journal.db").ok
    return found, kept


def test_f05_no_acknowledged_record_is_lost_by_a_power_cut_at_any_operation(tmp_path):
    disk, rng = RecordingDisk(), random.Random(1)
    (tmp_path / "sold").mkdir()
    (tmp_path / "found").mkdir()
    record_a_day(tmp_path / "sold", disk)
    order = ["t2", "t5", "t8"]
    images = 0
    for index, outcome, files in crash_images(disk.log, rng):
        opened, commits, synced = told(disk.log, index)
        if not opened:
            continue  # nothing was acknowledged before the first start had ended
        images += 1
        found, kept = examine(tmp_path / "found", files)
        assert found == order[: len(found)], (index, outcome)
        assert set(commits) <= set(found), (index, outcome)
        assert kept is None or max(kept.clients.values()) >= synced, (index, outcome)
    assert images > 120


def test_first_start_that_is_cut_off_leaves_a_journal_that_can_be_opened(tmp_path):
    disk = RecordingDisk()
    (tmp_path / "sold").mkdir()
    (tmp_path / "found").mkdir()
    record_a_day(tmp_path / "sold", disk)
    for index, _, files in crash_images(disk.log, random.Random(3)):
        if told(disk.log, index)[0]:
            break
        assert examine(tmp_path / "found", files) == ([], None)
    assert index > 5


def test_the_same_test_finds_a_journal_that_does_not_sync_its_commits(tmp_path, monkeypatch):
    def unsynced(driver, connection, unit):
        return at_level(driver, connection, DEFERRED, unit)

    monkeypatch.setattr(journal_file, "in_transaction", unsynced)
    disk = RecordingDisk()
    (tmp_path / "sold").mkdir()
    (tmp_path / "found").mkdir()
    record_a_day(tmp_path / "sold", disk)
    lost = 0
    for index, _, files in crash_images(disk.log, random.Random(1), outcomes=("dropped",)):
        opened, commits, _ = told(disk.log, index)
        if opened:
            found, _ = examine(tmp_path / "found", files)
            lost += not set(commits) <= set(found)
    assert lost > 0
