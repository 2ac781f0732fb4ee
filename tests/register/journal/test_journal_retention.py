"""Records leave the journal only when headquarters has them, their time is over and nothing here needs them."""

import asyncio
import io
import random
import sqlite3
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from journal_disk import RecordingDisk, crash_images
from journal_world import START_MS, KeySigner, StillClock, draft, event, identity, opened, sale
from store.exchange.messages import SeriesHead
from store.gateway.connection import HeadVerdict
from store.register.journal.chain import check_records
from store.register.journal.commit import Moment
from store.register.journal.export import export_journal
from store.register.journal.file import JournalFile
from store.register.journal.pruning import DAY_MS, prune_unit
from store.register.journal.reads import anchor_seq, counts, read_head, records_after
from store.register.journal.retention import Retention
from store.register.journal.upload import read_upload, write_upload
from store.register.process.runtime import keep_records
from store.register.sync.heads import HeadComparison
from store.register.verification.verify import verify_file
from store.sale.policy import StorePolicy

LATER_MS = START_MS + 100 * DAY_MS
OPENING = {"start_amount": 0, "currency": "EUR", "grand_total": 0}


def fill(file, days=10, per_day=3):
    """A shift a day: opened, sold in, closed."""
    for day in range(days):
        moment = Moment(wall_ms=START_MS + day * DAY_MS, utc_offset_min=60)
        shift = {"shift": day + 1, "shift_id": f"shift-{day + 1}"}
        file.commit(event("shift.open", f"open-{day}", OPENING, **shift), moment)
        for n in range(per_day):
            file.commit(sale(f"sale-{day}-{n}", job=False, **shift), moment)


def tell(file, *, acked=None, archived=None):
    """What the server and headquarters said they have."""

    def unit(connection):
        head = read_head(connection, identity())
        seq = head.seq if acked is None else acked
        state = read_upload(connection, identity().series)
        state = replace(
            state, acked_seq=seq, acked_hash=head.hash, archived_seq=seq if archived is None else archived
        )
        write_upload(connection, state)

    file.write(unit)


def prune_all(file, before_ms=LATER_MS, most=7):
    removed = 0
    while pruned := file.write(lambda c: prune_unit(c, before_ms, most)).records:
        removed += pruned
    return removed


def seqs(file):
    return [row[0] for row in file.read(lambda c: c.execute("select seq from record order by n").fetchall())]


@pytest.fixture
def file(tmp_path):
    file = JournalFile(tmp_path / "journal.db", identity(), KeySigner())
    file.open()
    fill(file)
    yield file
    file.close()


def test_only_what_headquarters_has_goes(file):
    tell(file, archived=17)
    assert prune_all(file) == 17
    assert seqs(file) == list(range(18, 41))


def test_f13_only_what_the_server_has_acknowledged_goes_whatever_is_said_of_headquarters(file):
    tell(file, acked=9, archived=40)
    assert prune_all(file) == 9


def test_only_what_is_older_than_the_retention_goes(file):
    tell(file)
    assert prune_all(file, before_ms=START_MS + 4 * DAY_MS) == 16
    assert prune_all(file, before_ms=START_MS) == 0


def test_the_last_shift_and_the_last_receipt_stay(file):
    tell(file)
    assert prune_all(file) == 36
    assert seqs(file) == [37, 38, 39, 40], "the shift that was opened last, whole"
    assert file.read(lambda c: read_head(c, identity())).receipt_no == 30


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        (b"{}", 37),
        (b"no state that can be read", 37),
        (b'{"shift":{"shift_id":"shift-4"}}', 13),
        (b'{"aside":[{"shift":{"shift_id":"shift-5"}},{"shift":{"shift_id":"shift-3"}}]}', 9),
        (b'{"suspended":[{"id":"sale-6-1"},{"id":"sale-4-2"}]}', 20),
    ],
)
def test_shifts_that_were_set_aside_stay_with_all_that_follows(file, state, kept):
    file.write(lambda c: c.execute("update till set draft = ?", (state,)))
    tell(file)
    prune_all(file)
    assert seqs(file)[0] == kept


def test_the_last_closing_stays_for_its_report_once_more(file):
    file.commit(
        event("shift.close", "close-9", {}, shift=10, shift_id="shift-10"),
        Moment(wall_ms=START_MS + 9 * DAY_MS, utc_offset_min=60),
    )
    file.commit(
        event("shift.open", "open-10", OPENING, shift=11, shift_id="shift-11"),
        Moment(wall_ms=LATER_MS, utc_offset_min=60),
    )
    file.commit(
        sale("sale-10", job=False, shift=11, shift_id="shift-11"), Moment(wall_ms=LATER_MS, utc_offset_min=60)
    )
    tell(file)
    prune_all(file, before_ms=LATER_MS + 100 * DAY_MS)
    kinds = file.read(lambda c: c.execute("select kind from record order by n").fetchall())
    assert "shift.close" in {row[0] for row in kinds}


def test_a_record_that_is_still_to_be_printed_stays(file):
    moment = Moment(wall_ms=START_MS + 10 * DAY_MS, utc_offset_min=60)
    file.commit(sale("printing", job=True), moment)
    for n in range(3):
        file.commit(event("shift.open", f"more-{n}", shift_id=f"more-{n}"), moment)
        file.commit(sale(f"after-{n}", job=False, shift_id=f"more-{n}"), moment)
    tell(file)
    prune_all(file)
    assert seqs(file)[0] == 41


def test_counts_head_and_chain_hold_after_pruning_and_selling_goes_on(file):
    tell(file, acked=20)
    prune_all(file)
    assert file.read(lambda c: counts(c, identity())).pending_records == 20
    assert file.read(lambda c: counts(c, identity())).pending_transactions == 20
    file.commit(sale("next", job=False), Moment(wall_ms=LATER_MS, utc_offset_min=60))
    assert file.read(lambda c: check_records(c, identity())) == 21
    assert file.read(lambda c: check_records(c, identity(), 1000)) == 21


def test_a_pruned_journal_and_its_export_verify_and_say_what_is_missing(file, tmp_path):
    tell(file, archived=22)
    prune_all(file)
    file.close()
    report = verify_file(tmp_path / "journal.db")
    assert (report.ok, report.records, report.removed) == (True, 18, 22)
    out = io.StringIO()
    assert export_journal(tmp_path / "journal.db", out) == 18
    path = tmp_path / "export.jsonl"
    path.write_text(out.getvalue())
    report = verify_file(path)
    assert (report.ok, report.records, report.removed) == (True, 18, 22)


@pytest.mark.parametrize(
    ("change", "seq"),
    [
        ("update record set payload = cast(payload || ' ' as blob) where seq = 23", 23),
        ("delete from record where seq = 23", 23),
        ("delete from record where seq = 30", 30),
        ("update anchor set seq = 21", 22),
        ("update anchor set hash = zeroblob(32)", 23),
        ("update anchor set receipt_no = 3", 23),
        ("update anchor set transactions = 3", 23),
    ],
)
def test_a_pruned_journal_that_was_changed_is_found_out(file, tmp_path, change, seq):
    tell(file, archived=22)
    prune_all(file)
    file.close()
    with sqlite3.connect(tmp_path / "journal.db") as db:
        for (name,) in db.execute("select name from sqlite_schema where type = 'trigger'").fetchall():
            db.execute(f"drop trigger {name}")
        db.execute(change)
    db.close()
    report = verify_file(tmp_path / "journal.db")
    assert not report.ok and report.first_bad.seq == seq


@pytest.mark.parametrize(
    "statement",
    [
        "delete from record where seq = 1",
        "delete from record where seq = 40",
        "insert into anchor select epoch, 40, hash, 0, 0, 0, 0 from record where seq = 40",
        "insert into anchor select epoch, 5, zeroblob(32), 0, 0, 0, 0 from record where seq = 5",
        "insert into anchor values (2, 1, zeroblob(32), 0, 0, 0, 0)",
    ],
)
def test_the_schema_refuses_every_other_way(file, tmp_path, statement):
    tell(file, archived=20)
    with pytest.raises(Exception, match=r"never deleted|that headquarters has"):
        file.write(lambda c: c.execute(statement))
    assert len(seqs(file)) == 40


@pytest.mark.parametrize(
    "statement", ["delete from anchor", "update anchor set seq = 3", "update anchor set epoch = 9"]
)
def test_an_anchor_only_moves_on(file, statement):
    tell(file, archived=20)
    prune_all(file)
    with pytest.raises(Exception, match=r"never deleted|only moves on"):
        file.write(lambda c: c.execute(statement))


def test_an_old_note_of_how_far_the_journal_came_is_no_alarm_when_the_beginning_is_gone(file, tmp_path):
    tell(file)
    prune_all(file)
    note = tmp_path / "journal.db.counter"
    note.write_text('{"series":"S0042-R03.1","seq":3,"hash":"00"}')
    file._drop_connection()
    assert file._open_checked().seq == 40


def test_an_earlier_series_of_the_file_goes_too_but_for_its_last_records(tmp_path):
    file = JournalFile(tmp_path / "journal.db", identity(), KeySigner())
    file.open()
    fill(file)
    tell(file)
    file.close()
    file = JournalFile(tmp_path / "journal.db", identity(epoch=2), KeySigner())
    file.open()
    try:
        file.commit(sale("new", job=False), Moment(wall_ms=LATER_MS, utc_offset_min=60))
        assert prune_all(file) == 36
        assert seqs(file) == [37, 38, 39, 40, 1]
    finally:
        file.close()
    assert verify_file(tmp_path / "journal.db").ok


def test_records_that_were_written_without_the_key_can_begin_a_pruned_journal(tmp_path):
    signer = KeySigner()
    file = JournalFile(tmp_path / "journal.db", identity(), signer)
    file.open()
    signer.lost = True
    fill(file, days=3)
    signer.lost = False
    fill_more = Moment(wall_ms=START_MS + 3 * DAY_MS, utc_offset_min=60)
    file.commit(event("shift.open", "last", OPENING, shift_id="last"), fill_more)
    file.commit(sale("signed", job=False, shift_id="last"), fill_more)
    for archived in range(1, 16):
        tell(file, archived=archived)
        prune_all(file)
        copy = tmp_path / "copy.db"
        copy.unlink(missing_ok=True)
        file.read(lambda c, copy=copy: c.execute("vacuum into ?", (str(copy),)))
        assert verify_file(copy).ok, archived
    file.close()


# --- when and by whom


async def test_a_round_removes_everything_that_may_go_but_never_while_somebody_sells(tmp_path):
    clock = StillClock()
    async with opened(tmp_path, clock=clock) as journal:
        for n in range(120):
            await journal.commit(event("lock", f"e{n}"))
        await journal.commit(sale("last", job=False))
        heads = HeadComparison(journal)
        head = await journal.head()
        said = SeriesHead(
            series=head.series, seq=head.seq, hash=head.hash.hex(), time_ms=0, archived_seq=head.seq
        )
        assert await heads(said) is HeadVerdict.AGREED
        days, busy = [0], [True, True]
        retention = Retention(
            journal, clock, days=lambda: days[0], occupied=lambda: bool(busy) and busy.pop()
        )
        clock.pass_s(91 * 86_400)
        assert await retention.round() == 0, "0 days keeps everything"
        days[0] = 92
        assert await retention.round() == 0
        days[0] = 90
        assert await retention.round() == 120
        assert busy == [], "it waited while somebody was selling"
        assert await journal.removed_seq() == 120
        assert (await journal.counts()).pending_records == 0
        assert (await journal.check_tail()).ok


async def test_a_server_that_lost_what_was_removed_here_is_no_rolled_back_register(tmp_path):
    clock = StillClock()
    async with opened(tmp_path, clock=clock) as journal:
        for n in range(10):
            await journal.commit(event("lock", f"e{n}"))
        head = await journal.head()
        heads = HeadComparison(journal)
        said = SeriesHead(
            series=head.series, seq=head.seq, hash=head.hash.hex(), time_ms=0, archived_seq=head.seq
        )
        await heads(said)
        clock.pass_s(200 * 86_400)
        await journal.prune(clock.wall_ms())
        assert await journal.removed_seq() == 9
        assert await heads(replace(said, seq=3, hash="00" * 32)) is HeadVerdict.AGREED
        state = await journal.upload_state()
        assert state.hold == "server_behind" and "restore a newer backup" in state.hold_detail
        assert state.acked_seq == 10, "nothing is sent that is not there"
        await heads(said)
        assert (await journal.upload_state()).hold == ""


async def test_trouble_with_the_disk_does_not_end_the_watch(tmp_path, caplog):
    from store.register.journal.journal import JournalFull

    class Full:
        idle_s = 100.0
        asked = 0

        async def prune(self, before_ms):
            self.asked += 1
            if self.asked > 2:
                raise StopIteration
            raise JournalFull("The disk is full.")

    clock, journal = StillClock(), Full()
    with pytest.raises(RuntimeError):
        await Retention(journal, clock, days=lambda: 1, occupied=lambda: False).run()
    assert journal.asked == 3 and "could not be removed" in caplog.text


# --- whatever happens in whatever order

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sell"), st.integers(1, 6)),
        st.tuples(st.just("open"), st.integers(1, 2)),
        st.tuples(st.just("upload"), st.integers(1, 12)),
        st.tuples(st.just("archive"), st.integers(1, 12)),
        st.tuples(st.just("prune"), st.integers(0, 30)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    min_size=5,
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_what_is_here_and_what_headquarters_has_is_always_the_whole_journal(steps):
    with tempfile.TemporaryDirectory(prefix="outpost-journal-") as folder:
        path = Path(folder) / "journal.db"
        written, headquarters, acked, day, count = [], [], 0, 0, 0
        file = JournalFile(path, identity(), KeySigner())
        file.open()
        for step, amount in steps:
            if step in ("sell", "open"):
                for _ in range(amount):
                    count, day = count + 1, day + 1
                    moment = Moment(wall_ms=START_MS + day * DAY_MS, utc_offset_min=60)
                    entry = (
                        sale(f"t{count}", job=False, shift_id=f"shift-{day}")
                        if step == "sell"
                        else event("shift.open", f"t{count}", OPENING, shift_id=f"shift-{day}")
                    )
                    written.append(file.commit(entry, moment).record)
            elif step == "upload":
                acked = min(acked + amount, len(written))
                tell(file, acked=acked, archived=len(headquarters))
            elif step == "archive":
                headquarters = written[: min(len(headquarters) + amount, acked)]
                tell(file, acked=acked, archived=len(headquarters))
            elif step == "prune":
                file.write(lambda c, now=day - amount: prune_unit(c, START_MS + now * DAY_MS, 5))
            else:
                file.close()
                file = JournalFile(path, identity(), KeySigner())
                file.open()
            removed = file.read(lambda c: anchor_seq(c, 1))
            here = file.read(lambda c: records_after(c, 1, 0, 10_000))
            assert removed <= len(headquarters)
            assert headquarters[:removed] + here == written
            assert file.read(lambda c: check_records(c, identity())) == len(here)
        file.close()
        report = verify_file(path)
        assert (report.ok, report.removed + report.records) == (True, len(written))


# --- power cuts


def record_removal(folder: Path, disk):
    file = JournalFile(folder / "journal.db", identity(), KeySigner(), disk.driver())
    file.open()
    fill(file, days=4)
    file.write(lambda c: write_upload(c, replace(read_upload(c, identity().series), acked_seq=16, acked_hash=b"",
                                                 archived_seq=11)))  # fmt: skip
    disk.note("mark", "filled")
    for n in range(4):
        file.write(lambda c: prune_unit(c, LATER_MS, 4))
        disk.note("mark", "removed")
        if n == 1:
            file.checkpoint()
    file.commit(
        sale("last", job=False, draft=draft('"after"', screen=1)), Moment(wall_ms=LATER_MS, utc_offset_min=60)
    )
    file.close()


def test_a_power_cut_at_any_operation_of_a_removal_leaves_a_whole_journal_or_a_whole_rest(tmp_path):
    disk, rng = RecordingDisk(), random.Random(7)
    (tmp_path / "sold").mkdir()
    found = tmp_path / "found"
    found.mkdir()
    record_removal(tmp_path / "sold", disk)
    filled = next(n for n, operation in enumerate(disk.log) if operation[:2] == ("mark", "filled"))
    seen = set()
    for index, outcome, files in crash_images(disk.log, rng):
        if index <= filled:
            continue
        for path in found.iterdir():
            path.unlink()
        for name, content in files.items():
            if not name.endswith("-shm"):
                (found / name).write_bytes(content)
        file = JournalFile(found / "journal.db", identity(), KeySigner())
        file.open()
        try:
            removed = file.read(lambda c: anchor_seq(c, 1))
            left = seqs(file)
            assert file.read(lambda c: c.execute("pragma integrity_check").fetchone())[0] == "ok"
        finally:
            file.close()
        assert removed in (0, 4, 8, 11), (index, outcome)
        assert left[0] == removed + 1 and left == list(range(removed + 1, left[-1] + 1)), (index, outcome)
        assert left[-1] in (16, 17)
        assert verify_file(found / "journal.db").ok, (index, outcome)
        seen.add(removed)
    assert seen == {0, 4, 8, 11}


async def test_the_core_keeps_records_as_long_as_the_channel_configuration_says(tmp_path, monkeypatch):
    monkeypatch.setattr("store.register.journal.retention.FIRST_LOOK_S", 0.0)
    clock = StillClock()
    async with opened(tmp_path, clock=clock) as journal:
        for n in range(5):
            await journal.commit(event("lock", f"e{n}"))
        head = await journal.head()
        said = SeriesHead(
            series=head.series, seq=head.seq, hash=head.hash.hex(), time_ms=0, archived_seq=head.seq
        )
        await HeadComparison(journal)(said)
        clock.pass_s(3 * 86_400)
        parts = SimpleNamespace(
            journal=journal,
            shop=SimpleNamespace(policy=lambda: StorePolicy(journal_retention_days=2)),
            session=SimpleNamespace(occupied=False),
        )
        keeping = asyncio.create_task(keep_records(parts, clock))
        async with asyncio.timeout(5):
            while await journal.removed_seq() < 4:
                await asyncio.sleep(0.01)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
