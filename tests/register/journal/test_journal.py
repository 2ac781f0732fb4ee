"""The contract of the journal: numbers, times, idempotence, drafts, what is refused, what is remembered."""

import asyncio
import contextlib
import sqlite3

import pytest
from msgspec.structs import replace

from journal_disk import HoldingDisk
from journal_world import START_MS, HeldStorage, KeySigner, StillClock, draft, event, identity, opened, sale
from store.exchange.canonical import canonical
from store.exchange.record import fingerprint, genesis, record_hash, verify
from store.gateway.gateway import StoredMode
from store.register.journal.jobs import MAX_JOBS, JobVanished
from store.register.journal.journal import (
    EntryRefused,
    JournalBusy,
    JournalDamaged,
    JournalError,
    JournalNewer,
    JournalRolledBack,
    LinkEdge,
    Lockout,
    UploadState,
)
from store.register.journal.paths import LOG_LIMIT_BYTES, LOG_START_BYTES
from store.register.journal.reserve import RESERVE_BYTES, reserve_path
from store.register.system_ports import SystemClock


async def test_records_are_numbered_chained_signed_and_canonical(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.commit(event("shift.open", "t0"))
        first = await journal.commit(sale("t1"))
        second = await journal.commit(sale("t2"))
        prev = genesis("S0042-R03.1", identity().public_key)
        for seq, record in enumerate(await journal.records(0, 10), 1):
            assert record.seq == seq
            assert record.prev == prev
            assert record.hash == record_hash(seq, prev, record.payload)
            assert verify(identity().public_key, record.hash, record.signature)
            prev = record.hash
        assert (first.receipt_no, second.receipt_no) == (1, 2)
        assert second.record.payload == canonical(second.payload)
        assert second.fingerprint == fingerprint(second.record.hash)
        assert second.payload["at"] == "2026-01-05T08:00:00.000Z"
        assert second.payload["utc_offset_min"] == 60


async def test_same_transaction_again_answers_the_stored_record_and_changes_nothing(tmp_path):
    async with opened(tmp_path) as journal:
        first = await journal.commit(sale("t1"))
        again = await journal.commit(sale("t1", lines=5))
        assert again.repeated and not first.repeated
        assert again.record == first.record
        assert (await journal.head()).seq == 1
        assert len(await journal.jobs_of("t1")) == 1


async def test_commit_of_a_sale_replaces_the_draft_in_the_same_transaction(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.save_draft(draft('{"lines":1}', screen=4))
        await journal.commit(sale("t1", draft=draft("{}", screen=5)))
    async with opened(tmp_path) as journal:
        kept = await journal.load_draft()
        assert kept.state_json == b"{}"
        assert kept.clients == {"screen": 5}


async def test_f12_refused_entry_leaves_neither_number_nor_draft_nor_job_behind(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.save_draft(draft('"before"'))
        for body in ({"total": 1.5}, {"Total": 1}, {"note": "x" * 70_000}, {"seq": 7}, {"none": None}):
            with pytest.raises(EntryRefused):
                await journal.commit(sale("t1", body=body, draft=draft('"after"')))
        assert (await journal.head()).seq == 0
        assert (await journal.load_draft()).state_json == b'"before"'
        assert (await journal.commit(sale("t2"))).receipt_no == 1


async def test_time_never_runs_backwards_and_says_that_it_was_held(tmp_path):
    clock = StillClock()
    async with opened(tmp_path, clock=clock) as journal:
        await journal.commit(sale("t1"))
        clock.wall -= 30_000
        held = await journal.commit(sale("t2"))
        assert held.payload["at"] == "2026-01-05T08:00:00.000Z"
        assert held.payload["clock"] == "held"
        clock.pass_s(60)
        free = await journal.commit(sale("t3"))
        assert "clock" not in free.payload


async def test_f48_a_jump_of_the_wall_clock_is_a_record_of_its_own_before_the_sale(tmp_path):
    clock = StillClock()
    async with opened(tmp_path, clock=clock) as journal:
        await journal.commit(sale("t1"))
        clock.pass_s(3600)
        await journal.commit(sale("t2"))
        clock.wall += 86_400_000
        await journal.commit(sale("t3"))
        kinds = [record.payload for record in await journal.records(0, 10)]
        assert [b'"kind":"clock"' in payload for payload in kinds] == [False, False, True, False]
        assert b'"jump_ms":86400000' in kinds[2]
        assert (await journal.last_receipt()).receipt_no == 3


async def test_selling_goes_on_without_the_key_and_says_so_until_it_is_back(tmp_path):
    signer = KeySigner()
    async with opened(tmp_path, signer=signer) as journal:
        await journal.commit(sale("t1"))
        signer.lost = True
        await journal.commit(sale("t2"))
        unsigned = await journal.commit(sale("t3"))
        signer.lost = False
        await journal.commit(sale("t4"))
        records = await journal.records(0, 10)
    kinds = [canonical_kind(record) for record in records]
    assert kinds == ["sale", "sign.unavailable", "sale", "sale", "sign.recovered", "sale"]
    assert [bool(record.signature) for record in records] == [True, False, False, False, True, True]
    assert unsigned.payload["sig_state"] == "unavailable"


async def test_a_register_without_any_key_marks_it_once_across_restarts(tmp_path):
    for txn_id in ("t1", "t2"):
        async with opened(tmp_path, signer=None) as journal:
            await journal.commit(sale(txn_id))
            kinds = [canonical_kind(record) for record in await journal.records(0, 10)]
    assert kinds == ["sign.unavailable", "sale", "sale"]


def canonical_kind(record):
    import json

    return json.loads(record.payload)["kind"]


async def test_f40_records_cannot_be_changed_or_deleted_even_by_sql(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.commit(sale("t1"))
    db = sqlite3.connect(tmp_path / "journal.db")
    for sql in ("update record set kind = 'void'", "delete from record"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            db.execute(sql)
    db.close()


async def test_pragmas_are_what_durability_needs(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.save_draft(draft("1"))
        wanted = {
            "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0, "cell_size_check": 1,
            "mmap_size": 0, "temp_store": 2, "busy_timeout": 2000, "wal_autocheckpoint": 0,
        }  # fmt: skip

        def read(connection):
            return {name: connection.execute(f"pragma {name}").fetchone()[0] for name in wanted}

        assert await journal._read(read) == wanted


async def test_f18_second_opener_is_told_and_gets_nothing(tmp_path):
    async with opened(tmp_path) as journal:
        with pytest.raises(JournalBusy, match="outpost screen"):
            async with opened(tmp_path):
                pass
        await journal.commit(sale("t1"))
    async with opened(tmp_path) as journal:
        assert (await journal.head()).seq == 1


async def test_newer_schema_is_refused_with_an_export_hint(tmp_path):
    async with opened(tmp_path):
        pass
    db = sqlite3.connect(tmp_path / "journal.db")
    db.execute("pragma user_version = 99")
    db.close()
    with pytest.raises(JournalNewer, match="export"):
        async with opened(tmp_path):
            pass


async def test_file_that_is_no_database_is_a_sentence(tmp_path):
    (tmp_path / "journal.db").write_bytes(b"rubbish" * 1000)
    with pytest.raises(JournalDamaged, match=r"cannot be (read|used)"):
        async with opened(tmp_path):
            pass
    assert not (tmp_path / "journal.db-wal").exists()


async def test_place_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(JournalDamaged, match="Give it another place"):
        async with opened(tmp_path / "file" / "deeper"):
            pass


async def test_journal_of_another_key_is_refused(tmp_path):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    async with opened(tmp_path) as journal:
        await journal.commit(sale("t1"))
    other = identity(key=Ed25519PrivateKey.generate())
    with pytest.raises(JournalDamaged, match="not this register's"):
        async with opened(tmp_path, who=other):
            pass


async def test_new_epoch_begins_a_new_series_behind_the_old_one(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.commit(sale("t1"))
    async with opened(tmp_path, who=identity(epoch=2)) as journal:
        assert (await journal.head()).seq == 0
        fresh = await journal.commit(sale("t2"))
        assert (fresh.record.seq, fresh.receipt_no, fresh.payload["series"]) == (1, 1, "S0042-R03.2")
        assert (await journal.record_by_txn("t1")).payload["series"] == "S0042-R03.1"
        assert (await journal.counts()).pending_records == 1


async def test_older_copy_in_place_of_the_journal_is_noticed(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.commit(sale("t1"))
    old = (tmp_path / "journal.db").read_bytes()
    async with opened(tmp_path) as journal:
        await journal.commit(sale("t2"))
    (tmp_path / "journal.db").write_bytes(old)
    with pytest.raises(JournalRolledBack, match=r"ends at record 1, but .* record 2"):
        async with opened(tmp_path):
            pass


async def test_f61_deleted_journal_is_noticed(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.commit(sale("t1"))
    (tmp_path / "journal.db").unlink()
    with pytest.raises(JournalRolledBack):
        async with opened(tmp_path):
            pass


async def test_f41_pending_counts_follow_the_watermark_and_only_count_transactions(tmp_path):
    async with opened(tmp_path) as journal:
        for entry in (
            event("sign.on", "a"),
            event("shift.open", "b"),
            sale("c"),
            event("lock", "d"),
            sale("e"),
        ):
            await journal.commit(entry)
        counts = await journal.counts()
        assert (counts.pending_transactions, counts.pending_records) == (3, 5)
        hash_ = await journal.hash_at(3)
        await journal.change_upload_state(
            lambda state: UploadState(series=state.series, acked_seq=3, acked_hash=hash_)
        )
        counts = await journal.counts()
        assert (counts.pending_transactions, counts.pending_records) == (1, 2)


async def test_shift_payloads_hold_the_shift_from_its_opening_on(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.commit(event("shift.open", "a"))
        await journal.commit(sale("b"))
        await journal.commit(event("shift.open", "c", shift_id="shift-2"))
        await journal.commit(sale("d", shift_id="shift-2"))
        kinds = [(row["kind"], row["txn_id"]) for row in await journal.shift_payloads("shift-2")]
        assert kinds == [("shift.open", "c"), ("sale", "d")]
        assert await journal.shift_payloads("nobody's") == []


async def test_receipts_are_found_by_number_and_the_newest_is_known(tmp_path):
    async with opened(tmp_path) as journal:
        assert await journal.last_receipt() is None
        await journal.commit(sale("a"))
        await journal.commit(sale("b"))
        await journal.commit(event("lock", "c"))
        assert (await journal.last_receipt()).payload["txn_id"] == "b"
        assert (await journal.record_by_receipt_no(1)).payload["txn_id"] == "a"
        assert await journal.record_by_receipt_no(3) is None


async def test_mode_edges_are_records_that_keep_the_shift_and_mode_survives(tmp_path):
    stored = StoredMode(mode="offline_auto", reason="the server is silent", since_ms=START_MS)
    async with opened(tmp_path) as journal:
        assert await journal.load_mode() is None
        await journal.commit(sale("a"))
        await asyncio.gather(journal.save_mode(stored, "call_failed"), journal.save_mode(stored, "again"))
        records = await journal.records(1, 10)
        assert len(records) == 2
        assert b'"operator":"101"' in records[0].payload
        assert b'"event":"call_failed"' in records[0].payload
    async with opened(tmp_path) as journal:
        assert await journal.load_mode() == stored


async def test_link_history_is_bounded_and_newest_first(tmp_path):
    async with opened(tmp_path, storage=HeldStorage()) as journal:
        for n in range(520):
            await journal.note_link(n, "down", "call_failed", "silent")
        edges = await journal.link_edges(1000)
        assert len(edges) == 500
        assert edges[0] == LinkEdge(at_ms=519, link="down", event="call_failed", reason="silent")


async def test_failed_pins_and_settings_are_remembered(tmp_path):
    async with opened(tmp_path) as journal:
        assert await journal.lockout("101") == Lockout(key="101")
        await journal.save_lockout(Lockout(key="101", failures=3, locked_until_ms=5))
        await journal.save_setting("printer", "a")
    async with opened(tmp_path) as journal:
        assert (await journal.lockout("101")).failures == 3
        assert await journal.setting("printer") == "a"
        assert await journal.setting("drawer") is None


async def test_every_draft_is_followed_by_one_sync_and_syncs_do_not_pile_up(tmp_path):
    storage = HeldStorage()
    async with opened(tmp_path, storage=storage) as journal:
        await journal.save_draft(draft("1"))
        await journal.settled()
        assert storage.syncs == 1
        for n in range(50):
            await journal.save_draft(draft(str(n)))
        await journal.settled()
        assert 1 < storage.syncs <= 51


async def test_failed_sync_of_a_draft_is_a_sentence_and_heals(tmp_path):
    storage = HeldStorage()
    async with opened(tmp_path, storage=storage) as journal:
        storage.error = OSError(5, "Input/output error")
        await journal.save_draft(draft("1"))
        await journal.settled()
        assert "did not confirm" in journal.trouble
        storage.error = None
        await journal.save_draft(draft("2"))
        await journal.settled()
        assert journal.trouble == ""


async def test_cancelled_caller_changes_nothing_about_the_commit(tmp_path):
    async with opened(tmp_path) as journal:
        task = asyncio.create_task(journal.commit(sale("t1")))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await journal.commit(sale("t2"))).record.seq == 2
        assert (await journal.record_by_txn("t1")).record.seq == 1


async def test_nobody_hears_of_a_record_before_the_disk_has_confirmed_it(tmp_path):
    disk, heard = HoldingDisk(), []
    async with opened(tmp_path, driver=disk.driver(), storage=HeldStorage()) as journal:
        journal.on_commit(heard.append)
        disk.gate.clear()
        task = asyncio.create_task(journal.commit(sale("t1")))
        await asyncio.to_thread(disk.waiting.wait, 5)
        await asyncio.sleep(0.05)
        assert heard == []
        assert not task.done()
        disk.gate.set()
        assert (await task).record.seq == 1
        assert len(heard) == 1


async def test_draft_does_not_wait_for_the_disk(tmp_path):
    disk = HoldingDisk()
    async with opened(tmp_path, driver=disk.driver(), storage=HeldStorage()) as journal:
        disk.gate.clear()
        async with asyncio.timeout(5):
            for n in range(20):
                await journal.save_draft(draft(str(n)))
        assert not disk.waiting.is_set()
        disk.gate.set()


async def test_slow_disk_is_waited_for_and_logged(tmp_path, caplog):
    disk = HoldingDisk()
    async with opened(tmp_path, driver=disk.driver(), storage=HeldStorage(), clock=SystemClock()) as journal:
        disk.gate.clear()
        task = asyncio.create_task(journal.commit(sale("t1")))
        await asyncio.sleep(0.35)
        disk.gate.set()
        assert (await task).record.seq == 1
        assert journal.last_commit_s > 0.3
        assert "slow commit" in caplog.text


async def test_commit_tells_listeners_once_and_not_for_a_repeat(tmp_path):
    heard = []
    async with opened(tmp_path) as journal:
        journal.on_commit(lambda committed: heard.append(committed.record.seq))
        await journal.commit(sale("t1"))
        await journal.commit(sale("t1"))
    assert heard == [1]


async def test_reserve_is_kept_and_given_back_once(tmp_path):
    async with opened(tmp_path) as journal:
        assert reserve_path(journal.path).stat().st_size == RESERVE_BYTES
        assert await journal.release_reserve()
        assert not await journal.release_reserve()
        assert not reserve_path(journal.path).exists()


async def test_files_are_readable_by_their_owner_only(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.commit(sale("t1"))
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name


async def test_files_taken_away_under_the_register_stop_it_before_anything_is_acknowledged(tmp_path):
    async with opened(tmp_path, storage=HeldStorage()) as journal:
        await journal.commit(sale("t1"))
        for path in tmp_path.glob("journal.db*"):
            path.unlink()
        with pytest.raises(JournalDamaged, match="removed while the register ran"):
            await journal.commit(sale("t2"))
        with pytest.raises(JournalDamaged, match="removed while the register ran"):
            await journal.save_draft(draft("1"))


async def test_state_of_a_job_is_stored_and_a_job_that_is_gone_is_an_error(tmp_path):
    async with opened(tmp_path) as journal:
        await journal.commit(sale("t1"))
        await journal.commit(sale("t2"))
        first, second = await journal.open_jobs()
        assert [first.txn_id, second.txn_id] == ["t1", "t2"]
        for synced, state in ((True, "sending"), (False, "confirmed")):
            first = replace(first, state=state, attempts=first.attempts + 1, detail="paper", updated_ms=9)
            await journal.update_job(first, synced=synced)
            assert await journal.job(first.job_id) == first
        assert await journal.open_jobs() == [second]
        with pytest.raises(JobVanished):
            await journal.update_job(replace(first, n=77), synced=True)


async def test_finished_jobs_that_are_long_past_are_forgotten_waiting_ones_never(tmp_path):
    async with opened(tmp_path, storage=HeldStorage()) as journal:
        for n in range(MAX_JOBS + 20):
            await journal.commit(sale(f"t{n}"))
        jobs = await journal.open_jobs()
        assert len(jobs) == MAX_JOBS + 20
        for job in jobs[5:]:
            await journal.update_job(replace(job, state="confirmed"), synced=False)
        assert [job.txn_id for job in await journal.open_jobs()] == [f"t{n}" for n in range(5)]
        assert len(await journal.newest_jobs(1000)) <= MAX_JOBS + 5


async def test_check_of_the_tail_names_the_first_bad_record(tmp_path):
    async with opened(tmp_path) as journal:
        for n in range(30):
            await journal.commit(sale(f"t{n}"))
        assert (await journal.check_tail(10)).checked == 10
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as db:
        db.execute("drop trigger record_is_never_changed")
        db.execute(
            "update record set payload = cast(replace(payload, 'Gouda', 'Gauda') as blob) where seq = 25"
        )
    async with opened(tmp_path) as journal:
        found = await journal.check_tail(10)
        assert not found.ok
        assert found.first_bad_seq == 25


async def test_log_is_folded_in_when_it_is_large_and_then_used_again_from_its_start(tmp_path):
    log = tmp_path / "journal.db-wal"
    async with opened(tmp_path, storage=HeldStorage()) as journal:
        await journal.commit(sale("t0", lines=40))
        assert log.stat().st_size == LOG_START_BYTES
        sizes = []
        for n in range(1, 500):
            await journal.commit(sale(f"t{n}", lines=40))
            sizes.append(log.stat().st_size)
        assert LOG_LIMIT_BYTES < max(sizes) < LOG_LIMIT_BYTES * 1.1
        assert sizes[-1] <= max(sizes)
        assert (tmp_path / "journal.db").stat().st_size > LOG_LIMIT_BYTES
    assert not log.exists()


def test_every_error_is_a_journal_error_with_a_sentence():
    assert str(JournalError("Disk full.")) == JournalError("Disk full.").sentence == "Disk full."
