"""The real clock, randomness, disk and log of the core; scans on their way into the mailbox."""

import json
import logging
import sqlite3
import uuid

import pytest

from core_till import Memory, RecordingTill
from store.register.control.mailbox import CAPACITY, Mailbox
from store.register.home import SOCKET_PATH_LIMIT_BYTES, RegisterHome
from store.register.peripherals import ScanReading
from store.register.process.log import JsonLines, log_to
from store.register.process.scan_inlet import ScanInlet
from store.register.system_ports import SystemClock, SystemRandomness, SystemStorage


def test_transaction_ids_are_version_7_and_sort_by_time():
    randomness = SystemRandomness()
    ids = [randomness.txn_id(1_790_000_000_000 + step) for step in range(50)]
    assert ids == sorted(ids)
    for text in ids:
        value = uuid.UUID(text)
        assert (value.version, value.variant) == (7, uuid.RFC_4122)
    assert uuid.UUID(ids[0]).int >> 80 == 1_790_000_000_000
    assert len({randomness.txn_id(5) for _ in range(1000)}) == 1000


def test_clock_agrees_with_itself():
    clock = SystemClock()
    assert abs(clock.wall_ms() - clock.wall_ms()) < 1000
    assert clock.monotonic_s() <= clock.monotonic_s()
    assert -14 * 60 <= clock.utc_offset_min() <= 14 * 60


def test_sync_follows_a_log_that_sqlite_made_anew(tmp_path):
    storage, path = SystemStorage(), str(tmp_path / "x.db")
    inodes = []
    for _ in range(2):
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("pragma journal_mode=wal")
        db.execute("create table if not exists t (x)")
        db.execute("insert into t values (1)")
        storage.sync(path)
        inodes.append(tuple(storage._descriptors.values()))
        db.close()
    assert len(inodes) == 2
    storage.sync(path)  # the last connection removed the log: nothing is left to sync
    (tmp_path / "x.db").unlink()
    with pytest.raises(FileNotFoundError):
        storage.sync(path)
    storage.close()
    assert storage.free_bytes(str(tmp_path)) > 0


def test_log_line_is_one_json_object_with_its_extras(tmp_path):
    record = logging.LogRecord("outpost.x", logging.WARNING, __file__, 1, "half %d\nline", (5,), None)
    record.seq = 7
    line = JsonLines().format(record)
    assert "\n" not in line
    fields = json.loads(line)
    assert fields["text"] == "half 5\nline"
    assert (fields["level"], fields["place"], fields["seq"]) == ("warning", "outpost.x", 7)
    assert fields["at"].endswith("+00:00")


def test_log_takes_the_place_of_whatever_wrote_to_the_terminal(tmp_path):
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        log_to(tmp_path / "log" / "register.log")
        logging.getLogger("outpost").info("here")
        assert len(root.handlers) == 1
        root.handlers[0].close()
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        logging.captureWarnings(False)
    assert json.loads((tmp_path / "log" / "register.log").read_text())["text"] == "here"


def test_socket_moves_to_the_runtime_folder_where_its_path_would_be_too_long(tmp_path):
    near = RegisterHome(tmp_path)
    assert near.socket == tmp_path / "run" / "control.sock"
    far = RegisterHome(tmp_path / ("x" * 100))
    assert len(str(far.socket)) < SOCKET_PATH_LIMIT_BYTES
    assert far.socket != RegisterHome(tmp_path / ("y" * 100)).socket
    assert far.socket == RegisterHome(tmp_path / ("x" * 100)).socket


async def test_scans_are_numbered_by_scanner_and_a_refused_frame_brings_its_complaint():
    till = RecordingTill(Memory())
    mailbox = Mailbox(till)
    inlet = ScanInlet(mailbox)
    for device, text, error in (("a", "1", ""), ("b", "2", ""), ("a", "3", "too long")):
        inlet.take(ScanReading(device=device, text=text, error=error))
    assert [(s.client, s.intent.n, s.intent.arg, s.intent.question) for s in mailbox._queue] == [
        ("scanner:a", 1, "1", ""),
        ("scanner:b", 1, "2", ""),
        ("scanner:a", 2, "3", "too long"),
    ]


async def test_scan_into_a_full_mailbox_is_shown_as_missed_when_there_is_room():
    import asyncio

    till = RecordingTill(Memory())
    mailbox = Mailbox(till)
    inlet = ScanInlet(mailbox)
    for number in range(CAPACITY + 2):
        inlet.take(ScanReading(device="a", text=str(number)))
    running = asyncio.create_task(mailbox.run())
    while len(till.memory.applied) < CAPACITY + 2:
        await asyncio.sleep(0)
    await mailbox.close()
    await running
    assert [text for _, _, text in till.memory.applied] == [str(number) for number in range(CAPACITY + 2)]
    assert till.memory.last == {"scanner:a": CAPACITY + 2}
