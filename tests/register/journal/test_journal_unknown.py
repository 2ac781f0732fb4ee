"""Outcomes that nobody was told: a COMMIT that happened and said it had not, a foreign writer, a head that lies."""

import contextlib
import errno
import os
import sqlite3

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from journal_world import KEY, START_MS, HeldStorage, KeySigner, draft, identity, opened, sale
from store.exchange.record import record_hash, sign
from store.register.journal.commit import Moment
from store.register.journal.counter import read_counter, write_counter
from store.register.journal.drafts import draft_unit, read_draft
from store.register.journal.file import JournalFile
from store.register.journal.journal import JournalBusy, JournalDamaged, JournalUnknown
from store.register.journal.paths import fill_log
from store.register.journal.reserve import keep_reserve, reserve_path
from store.register.journal.sql import SQLITE3
from store.register.verification.verify import verify_file

MOMENT = Moment(wall_ms=START_MS, utc_offset_min=60)
IOERR_FSYNC, IOERR_WRITE = 10 | 4 << 8, 10 | 3 << 8


class Liar:
    """A connection whose COMMIT does its work and then says that it failed, as often as it is told."""

    def __init__(self, connection, lies):
        self.connection = connection
        self.lies = lies

    def execute(self, sql, *parameters):
        rows = self.connection.execute(sql, *parameters)
        if sql == "commit" and self.lies:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = self.lies.pop(0)
            raise error
        return rows

    def close(self):
        self.connection.close()


def file_with_lies(folder):
    lies = []
    driver = replace(SQLITE3, connect=lambda path: Liar(SQLITE3.connect(path), lies))
    file = JournalFile(folder / "journal.db", identity(), KeySigner(), driver)
    file.open()
    return file, lies


@pytest.mark.parametrize("code", [IOERR_FSYNC, IOERR_WRITE])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_commit_that_happened_and_said_it_failed_books_once(tmp_path, code, times):
    file, lies = file_with_lies(tmp_path)
    file.commit(sale("t1"), MOMENT)
    lies.extend([code] * times)
    for n in range(2, 5):
        result = file.commit(sale(f"t{n}", draft=draft(f'"{n}"')), MOMENT)
        assert (result.record.seq, result.receipt_no, result.repeated) == (n, n, False)
    assert file.read(read_draft).state_json == b'"4"'
    file.close()
    report = verify_file(tmp_path / "journal.db")
    assert (report.ok, report.records) == (True, 4)
    assert (tmp_path / "journal.db").stat().st_mode & 0o077 == 0


def test_draft_that_happened_and_said_it_failed_is_there(tmp_path):
    file, lies = file_with_lies(tmp_path)
    lies.append(IOERR_WRITE)
    file.write(lambda connection: draft_unit(connection, draft('"kept"')))
    assert file.read(read_draft).state_json == b'"kept"'
    file.close()


def test_file_that_cannot_be_read_back_stops_selling(tmp_path):
    calls = []

    def connect(path):
        calls.append(path)
        if len(calls) in (2, 3):
            raise sqlite3.OperationalError("unable to open database file")
        return Liar(SQLITE3.connect(path), lies if len(calls) == 1 else [])

    lies = []
    file = JournalFile(tmp_path / "journal.db", identity(), KeySigner(), replace(SQLITE3, connect=connect))
    file.open()
    lies.append(IOERR_WRITE)
    with pytest.raises(JournalUnknown, match="cannot be read back"):
        file.commit(sale("t1"), MOMENT)
    with pytest.raises(JournalUnknown, match="still fails"):
        file.commit(sale("t1"), MOMENT)
    again = file.commit(sale("t1"), MOMENT)
    assert again.repeated, "the commit of unknown outcome had come true"
    file.close()
    assert verify_file(tmp_path / "journal.db").records == 1


async def test_foreign_writer_is_a_sentence_and_nothing_happened(tmp_path):
    async with opened(tmp_path, storage=HeldStorage()) as journal:
        await journal._read(lambda connection: connection.execute("pragma busy_timeout=20").fetchall())
        with contextlib.closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as other:
            other.execute("begin immediate")
            with pytest.raises(JournalBusy, match="Another program"):
                await journal.commit(sale("t1"))
            other.execute("rollback")
        assert (await journal.commit(sale("t1"))).record.seq == 1


async def test_head_that_does_not_agree_with_the_last_record_stops_selling_at_once_and_at_start(tmp_path):
    async with opened(tmp_path, storage=HeldStorage()) as journal:
        await journal.commit(sale("t1"))
        with contextlib.closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as other:
            other.execute("update till set receipt_no = receipt_no + 1")
        with pytest.raises(JournalDamaged, match="receipt number"):
            await journal.commit(sale("t2"))
    with pytest.raises(JournalDamaged, match="receipt number"):
        async with opened(tmp_path):
            pass


def change_last(path, **columns):
    """Change columns of the last record, and the head with its hash, as somebody without the key could."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("drop trigger record_is_never_changed")
        for name, value in columns.items():
            db.execute(f"update record set {name} = ? where n = (select max(n) from record)", (value,))
        db.execute("update till set hash = (select hash from record order by n desc limit 1)")


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (lambda last: {"prev": bytes(32)}, "does not follow"),
        (lambda last: {"signature": bytes(64)}, "not this register's"),
        (lambda last: {"signature": b""}, "not signed"),
        (lambda last: resealed(last, last.payload + b" "), "canonical"),
        (lambda last: resealed(last, last.payload.replace(b'"seq":3', b'"seq":9')), "another place"),
        (lambda last: resealed(last, last.payload, Ed25519PrivateKey.generate()), "not this register's"),
    ],
)
async def test_check_at_start_names_a_forged_last_record(tmp_path, forge, reason):
    async with opened(tmp_path) as journal:
        for n in range(3):
            await journal.commit(sale(f"t{n}"))
        last = (await journal.records(2, 1))[0]
    change_last(tmp_path / "journal.db", **forge(last))
    (tmp_path / "journal.db.counter").unlink()
    async with opened(tmp_path) as journal:
        found = await journal.check_tail()
    assert found.first_bad_seq == 3
    assert reason in found.reason


def resealed(last, payload, key=KEY):
    hash_ = record_hash(last.seq, last.prev, payload)
    return {"payload": payload, "hash": hash_, "signature": sign(key, hash_)}


async def test_check_at_start_names_a_missing_record(tmp_path):
    async with opened(tmp_path) as journal:
        for n in range(5):
            await journal.commit(sale(f"t{n}"))
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as db:
        db.execute("drop trigger record_is_never_deleted")
        db.execute("delete from record where seq = 3")
    async with opened(tmp_path) as journal:
        assert (await journal.check_tail()).first_bad_seq == 3
        assert (await journal.check_tail(2)).first_bad_seq == 3, "the record before the first one checked"
        assert (await journal.check_tail(1)).ok


async def test_check_of_a_file_that_is_gone_is_an_answer(tmp_path):
    async with opened(tmp_path, storage=HeldStorage()) as journal:
        for path in tmp_path.glob("journal.db*"):
            path.unlink()
        assert not (await journal.check_tail()).ok


def test_disk_without_room_for_reserve_and_zeros_is_no_reason_not_to_start(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "journal.db"
    monkeypatch.setattr(os, "posix_fallocate", full)
    assert not keep_reserve(path)
    assert not reserve_path(path).exists()
    assert not keep_reserve(tmp_path / "nowhere" / "journal.db")
    (tmp_path / "log").write_bytes(b"x")
    monkeypatch.setattr(os, "pwrite", full)
    fill_log(tmp_path / "log")
    fill_log(tmp_path / "nowhere")
    file = JournalFile(path, identity(), KeySigner())
    file.open()
    file.commit(sale("t1"), MOMENT)
    file.close()


def test_disk_that_fails_while_the_log_is_filled_is_a_sentence(tmp_path, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pwrite", broken)
    with pytest.raises(JournalDamaged, match=r"disk .* fails"):
        JournalFile(tmp_path / "journal.db", identity(), KeySigner()).open()
    monkeypatch.undo()
    file = JournalFile(tmp_path / "journal.db", identity(), KeySigner())
    file.open()
    file.close()


def test_note_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "journal.db"
    file = JournalFile(path, identity(), KeySigner())
    file.open()
    file.commit(sale("t1"), MOMENT)
    file.note_counter()
    noted = read_counter(path)

    def broken(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        write_counter(path, replace(noted, seq=9))
    monkeypatch.undo()
    assert read_counter(path) == noted
    assert not (tmp_path / "journal.db.counter.new").exists()
    file.close()
