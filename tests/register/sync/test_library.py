"""The sync library: begins with the first sign-in ever, keeps the profile's pace, pauses, and answers Sync now.

Tests that show what a field of the offline profile changes have its name in theirs.
"""

import asyncio
import contextlib
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from catalog_files import History
from journal_uplink import QuickRandomness, running, shop
from journal_world import event, sale
from store.exchange.offline_profile import OfflineProfile
from store.gateway.states import Link
from store.gateway.sync_calls import SyncCalls
from store.register.sync import library as library_module
from store.register.sync.library import SyncEnd, SyncLibrary
from store.register.sync.register_report import RegisterReporter
from store.register.system_ports import SystemClock
from sync_depot import REGISTER, rig_at, running_depot

SHOP = {"item": [{"sku": "1", "name": "Milk", "price": 109, "tax": "A"}], "tax": [{"code": "A", "rate": "7"}]}
DEARER = {**SHOP, "item": [{**SHOP["item"][0], "price": 119}]}
GOODS = History(SHOP, DEARER)
QUICK = {"download_interval_s": 1, "upload_interval_idle_s": 1}


class Desk:
    """A library over a real journal, a real server for records and a depot for packages."""

    def __init__(self, till, rig, depot, **profile):
        self.till, self.rig, self.depot = till, rig, depot
        self.profile = OfflineProfile(**(QUICK | profile))
        self.by_headquarters = False
        self.changes = 0
        till.wire.status = lambda: self.standing
        self.standing = SimpleNamespace(
            word="ONLINE", link=Link.UP, since_ms=5, reason="", mode=SimpleNamespace(value="online")
        )
        self.library = self.fresh()

    def fresh(self):
        till, rig = self.till, self.rig
        self.reporter = RegisterReporter(
            register=REGISTER,
            store="S0001",
            version="1.2.3",
            journal=till.journal,
            connection=till.wire,
            calls=SyncCalls(rig.client),
            clock=SystemClock(),
            history=rig.history,
            catalog=rig.keeper.active,
            currency=lambda: "EUR",
            pending_downloads=lambda: rig.downloader.pending,
            shift_open=lambda: True,
            least_s=0.05,
        )
        return SyncLibrary(
            journal=till.journal,
            downloader=rig.downloader,
            make_uploader=self.uploader,
            reporter=self.reporter,
            history=rig.history,
            connection=till.wire,
            clock=SystemClock(),
            randomness=QuickRandomness(),
            profile=lambda: self.profile,
            from_headquarters=lambda: self.by_headquarters,
            on_change=self.changed,
        )

    def uploader(self, paused):
        self.till.history = self.rig.history
        uploader = self.till.uploader()
        uploader._on_change = lambda: self.library.uploaded()
        uploader._paused, uploader._profile = paused, lambda: self.profile
        return uploader

    def changed(self):
        self.changes += 1

    @contextlib.asynccontextmanager
    async def running(self, signed_in=True):
        await self.library.load()
        if signed_in:
            self.library.first_sign_in()
        one = self.library
        async with running(one.run_downloads(), one.run_uploads(), one.run_reports(), one.run_memory()):
            yield one


@contextlib.asynccontextmanager
async def desk_in(folder, *packages, **profile):
    async with shop(folder) as (_, till), running_depot(*packages) as depot:
        async with rig_at(folder / "rig", depot.url) as rig:
            yield Desk(till, rig, depot, **profile)


async def until(condition, within_s=8.0):
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)


async def sent(desk):
    return (await desk.till.journal.counts()).pending_records == 0


async def test_nothing_moves_before_the_first_sign_in_and_everything_after_it(tmp_path):
    async with desk_in(tmp_path, GOODS.full(1)) as desk:
        await desk.till.journal.commit(sale("t1"))
        async with desk.running(signed_in=False) as library:
            await asyncio.sleep(0.3)
            assert (desk.depot.asked, desk.till.uplink.batches, desk.depot.registers) == ([], [], [])
            assert not library.state().started
            assert library.on_its_way == ""
            answer = await library.sync_now()
            assert (answer.end, answer.sentence) == (SyncEnd.REFUSED, library_module.BEFORE_SIGN_IN)
            library.first_sign_in()
            await until(lambda: desk.rig.keeper.ready() is not None)
            await desk.till.sent()
            await until(lambda: desk.depot.registers)
            assert library.state().started
            assert "on its way" in library.on_its_way


async def test_the_first_sign_in_counts_for_good_also_after_a_restart(tmp_path):
    async with desk_in(tmp_path) as desk:
        async with desk.running():
            await until(lambda: desk.depot.asked)
        desk.depot.asked.clear()
        desk.library = desk.fresh()
        async with desk.running(signed_in=False):
            await until(lambda: desk.depot.asked)


async def test_register_of_an_earlier_version_that_has_sent_records_goes_on_without_a_new_sign_in(tmp_path):
    async with desk_in(tmp_path) as desk:
        await desk.till.journal.commit(sale("t1"))
        async with running(desk.till.uploader().run()):
            await desk.till.sent()
        async with desk.running(signed_in=False):
            await until(lambda: desk.depot.asked)


async def test_download_interval_s_is_the_pace_of_looks_and_a_shorter_one_counts_at_once(tmp_path):
    async with desk_in(tmp_path, download_interval_s=3_600) as desk, desk.running():
        await until(lambda: len(desk.depot.asked) == 1)
        await asyncio.sleep(0.5)
        assert len(desk.depot.asked) == 1
        desk.profile = OfflineProfile(download_interval_s=1)
        await until(lambda: len(desk.depot.asked) >= 3, 6.0)


async def test_upload_interval_idle_s_finds_records_of_which_no_news_came(tmp_path):
    async with desk_in(tmp_path, upload_interval_idle_s=3_600) as desk:
        async with desk.running() as library:
            await until(lambda: library._uploader is not None)
            await asyncio.sleep(0.2)
            desk.till.journal._on_commit.clear()  # the news are lost
            await desk.till.journal.commit(sale("t1"))
            await asyncio.sleep(0.5)
            assert not await sent(desk)
        desk.profile = OfflineProfile(upload_interval_idle_s=1)
        async with desk.running():
            await desk.till.sent()


async def test_upload_batch_records_and_upload_batch_bytes_hold_from_the_next_batch_on(tmp_path):
    async with desk_in(tmp_path, upload_batch_records=2) as desk:
        for n in range(6):
            await desk.till.journal.commit(event("lock", f"lock{n}", {"note": f"{n}" * 30_000}))

        def change(batch):
            desk.profile = OfflineProfile(upload_batch_bytes=70_000)  # two of them, by size
            return batch

        desk.till.uplink.change = change
        async with desk.running():
            await desk.till.sent()
        assert [len(batch.records) for batch in desk.till.uplink.batches] == [2, 2, 2]


async def test_upload_interval_waiting_s_is_the_first_pause_after_a_failure_and_may_change_meanwhile(
    tmp_path,
):
    drawn = []

    async with desk_in(tmp_path, upload_interval_waiting_s=4) as desk:
        await desk.till.journal.commit(sale("t1"))
        desk.till.uplink.drop_answers = 3
        make = desk.uploader

        def uploader(paused):
            one = make(paused)
            one._randomness = SimpleNamespace(uniform=lambda low, high: drawn.append(high) or 0.005)
            return one

        desk.library._make_uploader = uploader
        async with desk.running():
            await desk.till.sent()
        assert drawn == [4] or drawn[:2] == [4, 8], drawn


async def test_pause_synchronisation_of_register_toml_asks_nothing_and_sends_nothing(tmp_path):
    async with desk_in(tmp_path, GOODS.full(1), pause_synchronisation=True) as desk:
        await desk.till.journal.commit(sale("t1"))
        async with desk.running() as library:
            await asyncio.sleep(1.3)
            assert (desk.depot.asked, desk.till.uplink.batches) == ([], [])
            answer = await library.sync_now()
            assert (answer.end, answer.sentence) == (SyncEnd.REFUSED, library_module.PAUSED_HERE)
            assert library.state().paused
            desk.profile = OfflineProfile(**QUICK)
            await desk.till.sent()
            await until(lambda: desk.rig.keeper.ready() is not None)


async def test_pause_synchronisation_of_headquarters_is_asked_for_its_end_and_nothing_else(tmp_path):
    async with desk_in(tmp_path, GOODS.full(1), pause_synchronisation=True) as desk:
        desk.by_headquarters = desk.depot.paused = True
        await desk.till.journal.commit(sale("t1"))
        async with desk.running() as library:
            await until(lambda: len(desk.depot.asked) >= 2)
            assert (desk.till.uplink.batches, desk.depot.chunks_asked) == ([], [])
            assert (await library.sync_now()).sentence == library_module.PAUSED
            desk.depot.paused = False
            await desk.till.sent()
            await until(lambda: desk.rig.keeper.ready() is not None)
            assert not library.state().paused, "the server's word is newer than the catalog's"


async def test_sync_now_brings_packages_sends_records_and_says_so(tmp_path):
    async with desk_in(tmp_path, download_interval_s=3_600, upload_interval_idle_s=3_600) as desk:
        async with desk.running() as library:
            await until(lambda: desk.depot.asked and library._uploader is not None)
            await asyncio.sleep(0.1)
            desk.depot.put(GOODS.full(1))
            desk.till.journal._on_commit.clear()
            await desk.till.journal.commit(sale("t1"))
            answer = await library.sync_now()
            assert answer.end is SyncEnd.DONE
            assert answer.sentence == "Synchronised: 1 package came, everything is at the server."
            assert (answer.applied, answer.pending_downloads, answer.pending_records) == (1, 0, 0)
            assert (await library.sync_now()).sentence.startswith("Synchronised: nothing new came")
            desk.depot.put(GOODS.full(2))
            desk.depot.holds_back = True
            answer = await library.sync_now()
            assert answer.end is SyncEnd.FAILED
            assert answer.sentence.startswith("Not everything came. Newer data is held back: package 2")


async def test_f21_sync_now_during_a_round_waits_for_its_end_and_begins_no_other(tmp_path):
    async with desk_in(tmp_path, GOODS.full(1), download_interval_s=3_600) as desk:
        desk.depot.hold = asyncio.Event()
        async with desk.running() as library:
            await until(lambda: desk.depot.chunks_asked)
            pressed = [asyncio.create_task(library.sync_now()) for _ in range(3)]
            await asyncio.sleep(0.2)
            assert not any(task.done() for task in pressed)
            desk.depot.hold.set()
            assert [(await task).end for task in pressed] == [SyncEnd.DONE] * 3
            assert desk.depot.asked == [0]


async def test_sync_now_says_what_is_in_the_way(tmp_path):
    async with desk_in(tmp_path, GOODS.full(1), download_interval_s=3_600) as desk, desk.running() as library:
        await until(lambda: desk.rig.keeper.ready() is not None and not library._round.locked())
        desk.standing.link = Link.PINNED
        assert (await library.sync_now()).sentence == library_module.PINNED
        desk.standing.link = Link.UP
        desk.depot.status = 403
        answer = await library.sync_now()
        assert (answer.end, answer.sentence) == (SyncEnd.REFUSED, "Not synchronised: The device is disabled.")
        desk.depot.status = 503
        assert (await library.sync_now()).end is SyncEnd.UNREACHABLE
        desk.depot.status = 0
        desk.depot.put(GOODS.delta(2))
        desk.depot.change_chunk = lambda data: b"?"
        answer = await library.sync_now()
        assert answer.end is SyncEnd.FAILED
        assert "came damaged twice" in answer.sentence


async def test_sync_now_tells_of_uploads_that_are_held(tmp_path):
    async with desk_in(tmp_path, download_interval_s=3_600) as desk, desk.running() as library:
        await until(lambda: library._uploader is not None)
        await desk.till.journal.change_upload_state(
            lambda state: replace(state, hold="fork", hold_detail="another record 3")
        )
        answer = await library.sync_now()
        assert (answer.end, answer.sentence) == (
            SyncEnd.FAILED,
            "Downloads are done; uploads are held: another record 3.",
        )


async def test_sync_now_gives_a_package_that_was_given_up_another_try(tmp_path):
    async with desk_in(tmp_path, GOODS.full(1), download_interval_s=3_600) as desk:
        desk.depot.change_chunk = lambda data: b"?"
        for _ in range(4):
            await desk.rig.look()
        desk.depot.change_chunk = None
        async with desk.running() as library:
            answer = await library.sync_now()
            if answer.end is not SyncEnd.DONE:  # it waited for the round of the start, which still gave up
                answer = await library.sync_now()
            assert answer.end is SyncEnd.DONE
            assert desk.rig.keeper.ready() is not None


async def test_pauses_after_failures_are_drawn_with_full_jitter_and_the_server_s_word_wins(tmp_path):
    slept, drawn = [], []
    async with desk_in(tmp_path) as desk:
        desk.depot.status = 500

        class Quick(SystemClock):
            def __init__(self):
                self.now_s = 0.0

            def monotonic_s(self):
                return self.now_s

            async def sleep(self, seconds):
                slept.append(seconds)
                self.now_s += seconds
                await asyncio.sleep(0.001)

        desk.library._clock = Quick()
        desk.library._randomness = SimpleNamespace(
            uniform=lambda low, high: drawn.append((low, high)) or 0.25
        )
        async with desk.running():
            await until(lambda: len(drawn) >= 12)
            desk.depot.status, desk.depot.retry_after = 503, "3"
            slept.clear()
            await until(lambda: slept.count(1.0) >= 3)
        assert [low for low, _ in drawn] == [0.0] * len(drawn)
        assert [high for _, high in drawn[:5]] == [2.0, 4.0, 8.0, 16.0, 32.0]
        assert max(high for _, high in drawn) == library_module.MOST_PAUSE_S


async def test_report_tells_how_the_register_stands(tmp_path):
    async with desk_in(tmp_path, GOODS.full(1)) as desk:
        await desk.rig.look()
        desk.rig.keeper.flip()
        first = await desk.till.journal.commit(sale("t1"))
        await desk.till.journal.commit(sale("t2"))
        await desk.till.journal.commit(event("lock", "l1", {}))
        report = await desk.reporter.report()
        total = first.payload["total"]
        assert (report.register, report.store, report.series) == (
            REGISTER,
            "S0001",
            desk.till.enrolment.series,
        )
        assert (report.unsent, report.unsent_transactions, report.amount_at_risk) == (3, 2, 2 * total)
        assert report.oldest_unsent_ms > 1_600_000_000_000
        assert (report.mode, report.currency, report.version, report.shift_open) == (
            "ONLINE",
            "EUR",
            "1.2.3",
            True,
        )
        assert (report.catalog_seq, report.catalog_created_ms, report.pending_downloads) == (1, 1, 0)
        assert (report.last_sync_result, report.last_sync_ms) == ("ok", desk.rig.history.memory.down.at_ms)
        await desk.till.journal.commit(sale("t3"))
        assert (await desk.reporter.report()).amount_at_risk == 3 * total
        async with running(desk.till.uploader().run()):
            await desk.till.sent()
        report = await desk.reporter.report()
        assert (report.unsent, report.amount_at_risk, report.oldest_unsent_ms) == (0, 0, 0)


async def test_reports_follow_rounds_shifts_and_changes_of_mode_once_the_link_is_up(tmp_path):
    async with desk_in(tmp_path, download_interval_s=3_600) as desk, desk.running() as library:
        heard = desk.depot.registers
        await until(lambda: len(heard) >= 1)
        count = len(heard)
        opened = event("shift.open", "open", {"start_amount": 0, "currency": "EUR", "grand_total": 0})
        await desk.till.journal.commit(opened)
        await until(lambda: len(heard) > count)
        await asyncio.sleep(0.2)
        count = len(heard)
        library.connection_changed()
        await asyncio.sleep(0.2)
        assert len(heard) == count, "the same mode is no news"
        desk.standing.word = "OFFLINE auto"
        desk.till.wire.up.clear()
        library.connection_changed()
        await asyncio.sleep(0.2)
        assert len(heard) == count, "there is no link"
        desk.till.wire.up.set()
        await until(lambda: len(heard) == count + 1)
        assert heard[-1].mode == "OFFLINE auto"


async def test_end_of_a_backlog_is_reported_at_once_and_ordinary_selling_is_not(tmp_path):
    async with desk_in(tmp_path, download_interval_s=3_600) as desk:
        await desk.till.journal.commit(sale("t1"))
        desk.till.is_paying = True  # so the first report goes out before the records
        async with desk.running():
            await until(lambda: desk.depot.registers)
            assert desk.depot.registers[-1].unsent == 1
            desk.till.is_paying = False
            await until(lambda: desk.depot.registers[-1].unsent == 0)
            await asyncio.sleep(0.2)
            count = len(desk.depot.registers)
            await desk.till.journal.commit(sale("t2"))
            await desk.till.sent()
            await asyncio.sleep(0.2)
            assert len(desk.depot.registers) == count


async def test_report_that_is_not_taken_goes_with_the_next_one(tmp_path):
    async with desk_in(tmp_path) as desk, desk.running():
        desk.depot.status = 503
        await asyncio.sleep(0.3)
        desk.depot.status = 0
        await until(lambda: desk.depot.registers)


@pytest.mark.parametrize("direction", ["down", "up"])
async def test_history_is_durable_a_moment_after_something_happened(tmp_path, direction):
    async with desk_in(tmp_path, GOODS.full(1)) as desk:
        async with desk.running():
            await desk.till.journal.commit(sale("t1"))
            await desk.till.sent()
            path = desk.rig.home.sync_file
            wanted = {"down": b'"Applied"', "up": b'"Uploaded"'}[direction]
            await until(lambda: path.exists() and wanted in path.read_bytes())


async def test_what_a_download_says_of_the_archive_moves_no_journal(tmp_path):
    """It may be about the series before a new enrolment; the handshake says it of this one."""
    async with desk_in(tmp_path, download_interval_s=1) as desk:
        desk.depot.archived_seq = 5
        async with desk.running():
            await until(lambda: len(desk.depot.asked) >= 2)
            await asyncio.sleep(0.1)
        assert (await desk.till.journal.upload_state()).archived_seq == 0


async def test_sync_now_does_not_wait_for_ever_for_uploads(tmp_path, monkeypatch):
    monkeypatch.setattr(library_module, "UPLOAD_ROUND_S", 0.1)
    async with desk_in(tmp_path, download_interval_s=3_600) as desk, desk.running() as library:
        await until(
            lambda: library._uploader is not None and desk.depot.asked and not library._round.locked()
        )
        desk.till.is_paying = True
        await desk.till.journal.commit(sale("t1"))
        answer = await library.sync_now()
        assert (answer.end, answer.pending_records) == (SyncEnd.FAILED, 1)
        assert answer.sentence == "Downloads are done; records are still on their way."


async def test_screens_hear_of_progress_now_and_then_and_of_every_end(tmp_path):
    async with desk_in(tmp_path, GOODS.full(1)) as desk, desk.running() as library:
        await until(lambda: desk.rig.keeper.ready() is not None and not library._round.locked())
        before = library.moves
        for _ in range(100):
            library.stepped()
        assert library.moves <= before + 1
        library._told_s = float("-inf")
        library.stepped()
        assert library.moves > before
        assert library.pending == 0
        await library.close()
