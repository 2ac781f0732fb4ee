"""Files as a crash or a bad disk leaves them: logs cut anywhere, bits flipped, processes killed."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from journal_world import START_MS, KeySigner, draft, identity, sale
from store.database.errors import DatabaseTrouble
from store.database.sqlite import open_reader
from store.register.journal.chain import check_tail
from store.register.journal.commit import Moment
from store.register.journal.drafts import draft_unit, read_draft
from store.register.journal.file import JournalFile
from store.register.journal.journal import JournalError
from store.register.journal.sql import DEFERRED
from store.register.verification.verify import verify_file

MOMENT = Moment(wall_ms=START_MS, utc_offset_min=60)


def write_log(folder, sales=6):
    """A journal whose log was never folded in; answers the states it went through, oldest first."""
    file = JournalFile(folder / "journal.db", identity(), KeySigner())
    file.open()
    states = [state_of(file)]
    for n in range(sales):
        file.write(lambda c, n=n: draft_unit(c, draft(f'"{n}"')), DEFERRED)
        states.append(state_of(file))
        file.commit(sale(f"t{n}", draft=draft('"-"')), MOMENT)
        states.append(state_of(file))
    names = ("journal.db", "journal.db-wal")
    copy = {name: (folder / name).read_bytes() for name in names}
    copy["journal.db-wal"] = copy["journal.db-wal"].rstrip(
        b"\0"
    )  # the log is longer than what is written in it
    file.close()
    return copy, states


def state_of(file):
    def read(connection):
        ids = [row[0] for row in connection.execute("select txn_id from record order by n")]
        kept = read_draft(connection)
        return ids, None if kept is None else kept.state_json

    return file.read(read)


def reopen(folder, copy):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in copy.items():
        (folder / name).write_bytes(content)
    file = JournalFile(folder / "journal.db", identity(), KeySigner())
    file.open()
    try:
        return state_of(file)
    finally:
        file.close()


def test_log_cut_anywhere_reads_back_as_an_exact_earlier_state(tmp_path):
    (tmp_path / "a").mkdir()
    copy, states = write_log(tmp_path / "a")
    log, rng = copy["journal.db-wal"], random.Random(7)
    before = states[0]
    seen = set()
    for _ in range(80):
        cut = rng.randrange(len(log))
        try:
            state = reopen(tmp_path / "b", {**copy, "journal.db-wal": log[:cut]})
        except (JournalError, DatabaseTrouble):
            continue  # cut inside the first start: nothing had been acknowledged
        assert state in states or state == ([], None)
        seen.add(tuple(state[0]))
        assert verify_file(tmp_path / "b" / "journal.db").ok
    assert before in states and len(seen) > 3


def test_log_with_a_missing_page_reads_back_as_an_exact_earlier_state(tmp_path):
    (tmp_path / "a").mkdir()
    copy, states = write_log(tmp_path / "a")
    log, rng = copy["journal.db-wal"], random.Random(8)
    for _ in range(60):
        start = rng.randrange(len(log) // 4096) * 4096
        holed = log[:start] + bytes(min(4096, len(log) - start)) + log[start + 4096 :]
        state = reopen(tmp_path / "b", {**copy, "journal.db-wal": holed})
        assert state in states or state == ([], None)


def test_flipped_bit_anywhere_in_the_file_is_noticed_or_harmless(tmp_path):
    (tmp_path / "a").mkdir()
    file = JournalFile(tmp_path / "a" / "journal.db", identity(), KeySigner())
    file.open()
    for n in range(12):
        file.commit(sale(f"t{n}"), MOMENT)
    file.close()
    sound = (tmp_path / "a" / "journal.db").read_bytes()
    (tmp_path / "b").mkdir()
    rng, noticed = random.Random(9), 0
    for _ in range(80):
        place = rng.randrange(100, len(sound))
        flipped = bytearray(sound)
        flipped[place] ^= 1 << rng.randrange(8)
        path = tmp_path / "b" / "journal.db"
        path.write_bytes(flipped)
        report = verify_file(path)
        noticed += not report.ok
        if report.ok:
            assert records_of(path) == records_of(tmp_path / "a" / "journal.db")
    assert noticed > 12


def records_of(path):
    with contextlib.closing(open_reader(path)) as db:
        return db.execute("select * from record order by n").fetchall()


def test_checks_beside_a_selling_register_see_one_moment(tmp_path):
    path = tmp_path / "journal.db"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "support")}
    process = subprocess.Popen(
        [sys.executable, "-c", SELLER, str(path)], stdout=subprocess.PIPE, env=environment, text=True
    )
    try:
        process.stdout.readline()
        seen = [verify_file(path) for _ in range(12)]
        tails = [check_tail(path, identity(), 50, signatures=True) for _ in range(12)]
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
    assert all(report.ok for report in seen), seen
    assert all(tail.ok for tail in tails), tails
    assert seen[-1].records > seen[0].records


SELLER = """
import sys
from pathlib import Path
from journal_world import START_MS, KeySigner, draft, identity, sale
from store.register.journal.commit import Moment
from store.register.journal.drafts import draft_unit
from store.register.journal.file import JournalFile
from store.register.journal.sql import DEFERRED

file = JournalFile(Path(sys.argv[1]), identity(), KeySigner())
head = file.open()
start = head.seq
n = start
while True:
    n += 1
    for line in range(3):
        file.write(lambda c: draft_unit(c, draft(f'"{n}.{line}"')), DEFERRED)
    file.commit(sale(f"t{n}", draft=draft('""')), Moment(wall_ms=START_MS + n, utc_offset_min=60))
    print(f"t{n}", flush=True)
"""


def test_killed_in_the_middle_of_selling_again_and_again_nothing_acknowledged_is_lost(tmp_path):
    path = tmp_path / "journal.db"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "support")}
    rng, told = random.Random(11), []
    for _ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", SELLER, str(path)], stdout=subprocess.PIPE, env=environment, text=True
        )
        for _ in range(rng.randrange(1, 25)):
            told.append(process.stdout.readline().strip())
        process.send_signal(signal.SIGKILL)
        told += process.stdout.read().split()
        process.stdout.close()
        process.wait()
        file = JournalFile(path, identity(), KeySigner())
        file.open()
        found = state_of(file)[0]
        file.close()
        assert found[: len(told)] == told
        assert len(found) <= len(told) + 1
        told = found
        assert verify_file(path).ok
    assert len(told) > 8
