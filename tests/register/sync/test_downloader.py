"""Downloads over real HTTP: in order, resumed at any byte, proved, reported, given up after three tries."""

import asyncio
import hashlib
import random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog_files import History, table_rows
from fault_proxy import HEALTHY, Fault, FaultProxy
from store.exchange.jobs import TRY_COUNT
from store.exchange.package_header import write_header
from store.register.sync import downloader as downloader_module
from store.register.sync.history import SyncHistory
from store.register.sync.round import RoundEnd
from sync_depot import rig_at, running_depot

SHOP = {
    "item": [
        {"sku": f"{n}", "name": f"Item {random.Random(n).getrandbits(200):x}", "price": n, "tax": "A"}
        for n in range(1, 400)
    ],
    "tax": [{"code": "A", "name": "VAT", "rate": "19", "included": 1}],
    "staff": [{"number": "101", "name": "Ann Baker", "role": "cashier", "salt": "", "hash": "x"}],
    "setting": [{"key": "store_name", "value": "First store"}, {"key": "currency", "value": "EUR"}],
}
DEARER = {**SHOP, "item": [{**row, "price": row["price"] + 10} for row in SHOP["item"]]}
RENAMED = {
    **DEARER,
    "setting": [{"key": "store_name", "value": "New name"}, {"key": "currency", "value": "EUR"}],
}
GOODS = History(SHOP, DEARER, RENAMED)


def prices(rig):
    rig.keeper.flip()
    return [row[3] for row in table_rows(rig.keeper.active().path)["item"]]


async def test_full_package_and_deltas_come_in_order_and_are_reported_in_order(tmp_path):
    async with running_depot(GOODS.full(1), GOODS.delta(2), GOODS.delta(3)) as depot:
        depot.jobs.update({1: "9999", 2: "1020", 3: "1070"})
        async with rig_at(tmp_path / "till", depot.url) as rig:
            result = await rig.look()
            assert (result.end, result.applied) == (RoundEnd.DONE, 3)
            assert rig.keeper.ready().package_seq == 3
            assert rig.keeper.active() is None
            assert sorted(prices(rig)) == sorted(row["price"] for row in DEARER["item"])
            assert (await rig.look()).applied == 0
            assert depot.asked == [0, 3]
            for seq in (1, 2, 3):
                assert depot.statuses(seq) == ["Requested", "Downloaded", "Applied"]
            assert [report.package_seq for report in depot.reports if report.status == "Applied"] == [1, 2, 3]
            assert {report.session for report in depot.reports} == {10, 20, 30}
            assert next(r for r in depot.reports if r.status == "Applied" and r.package_seq == 2).rows == 399
            rows = [(row.job, row.status, row.tries) for row in rig.history.memory.downloads]
            assert rows == [("1070", "Applied", 0), ("1020", "Applied", 0), ("9999", "Applied", 0)]
            assert rig.parts() == [], "chunks that are in the catalog are removed"
            assert rig.downloader.pending == 0


async def test_register_that_has_a_package_fetches_what_follows_it_only(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        await rig.look()
        fetched = len(depot.chunks_asked)
        depot.put(GOODS.delta(2))
        assert (await rig.look()).applied == 1
        assert depot.asked == [0, 1]
        assert len(depot.chunks_asked) == fetched + len(GOODS.delta(2).chunks)


@pytest.mark.parametrize("how", ["cut_after", "end_after"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_download_broken_off_at_any_byte_goes_on_there_and_ends_in_the_same_catalog(
    tmp_path_factory, how, data
):
    package = GOODS.full(1)
    total = len(write_header(package.header)) + sum(map(len, package.chunks.values())) + 2_000
    cuts = data.draw(st.lists(st.integers(0, total), min_size=1, max_size=4))
    folder = tmp_path_factory.mktemp("cut")

    async def scenario():
        async with running_depot(package) as depot, FaultProxy(depot.port) as proxy:
            proxy.set(*(Fault(**{how: cut}) for cut in cuts), HEALTHY)
            async with rig_at(folder, f"http://127.0.0.1:{proxy.port}") as rig:
                for _ in range(2 * len(cuts) + 2):
                    result = await rig.look()
                    if result.end is RoundEnd.DONE:
                        break
                    assert result.end is RoundEnd.UNREACHABLE, result
                assert result.end is RoundEnd.DONE
                assert rig.keeper.ready().content_hash
                assert len(prices(rig)) == 399
                assert [row.tries for row in rig.history.memory.downloads] == [0], "a broken line is no try"

    asyncio.run(scenario())


async def test_what_came_before_the_line_broke_is_not_fetched_again(tmp_path):
    package = GOODS.full(1)
    (sha256, data), *_ = sorted(package.chunks.items(), key=lambda pair: -len(pair[1]))
    async with running_depot(package) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        part = rig.keeper.chunks.path(sha256).with_name(f"{sha256}.part")
        part.parent.mkdir(parents=True)
        part.write_bytes(data[:7_000])
        assert (await rig.look()).end is RoundEnd.DONE
        assert (sha256, 7_000) in depot.chunks_asked
        assert [begin for name, begin in depot.chunks_asked if name == sha256] == [7_000]


async def test_part_that_is_complete_already_is_proved_and_not_asked_for(tmp_path):
    package = GOODS.full(1)
    sha256, data = max(package.chunks.items(), key=lambda pair: len(pair[1]))
    async with running_depot(package) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        part = rig.keeper.chunks.path(sha256).with_name(f"{sha256}.part")
        part.parent.mkdir(parents=True)
        part.write_bytes(data)
        assert (await rig.look()).end is RoundEnd.DONE
        assert sha256 not in {name for name, _ in depot.chunks_asked}


@pytest.mark.parametrize("damage", ["beginning", "longer"])
async def test_part_that_is_rubbish_is_thrown_away_and_the_chunk_fetched_whole(tmp_path, damage):
    package = GOODS.full(1)
    sha256, data = max(package.chunks.items(), key=lambda pair: len(pair[1]))
    async with running_depot(package) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        part = rig.keeper.chunks.path(sha256).with_name(f"{sha256}.part")
        part.parent.mkdir(parents=True)
        part.write_bytes(b"x" * 500 if damage == "beginning" else data + b"more")
        assert (await rig.look()).end is RoundEnd.DONE
        begins = [begin for name, begin in depot.chunks_asked if name == sha256]
        assert begins == ([500, 0] if damage == "beginning" else [0])


async def test_server_without_ranges_sends_from_the_beginning_and_all_is_well(tmp_path):
    package = GOODS.full(1)
    sha256, data = max(package.chunks.items(), key=lambda pair: len(pair[1]))
    async with running_depot(package) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        depot.knows_ranges = False
        part = rig.keeper.chunks.path(sha256).with_name(f"{sha256}.part")
        part.parent.mkdir(parents=True)
        part.write_bytes(data[:100])
        assert (await rig.look()).end is RoundEnd.DONE


@pytest.mark.parametrize(
    "change", [lambda data: data[:-1] + b"?", lambda data: data + b"more", lambda data: data[:-3]]
)
async def test_tampered_oversized_and_short_chunks_are_fetched_once_more_then_told_and_given_up_after_three_tries(
    tmp_path, change
):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        depot.change_chunk = change
        for turn in range(1, TRY_COUNT + 1):
            result = await rig.look()
            assert result.end is RoundEnd.FAILED
            assert "came damaged twice" in result.reason
            assert len(depot.chunks_asked) == 2 * turn
            assert rig.history.memory.downloads[0].tries == turn
        assert depot.statuses(1) == ["Requested", "Download failed"] * 3
        result = await rig.look()
        assert "given up after 3 tries" in result.reason
        assert len(depot.chunks_asked) == 2 * TRY_COUNT, "it waits for a rerun"
        again = SyncHistory(rig.home.sync_file)
        again.load()
        assert again.memory.downloads[0].tries == TRY_COUNT, "also after a restart"
        depot.change_chunk = None
        rig.history.forgive()
        assert (await rig.look()).end is RoundEnd.DONE


async def test_chunk_that_was_damaged_once_is_fetched_again_and_used(tmp_path):
    spoiled = iter([True])

    def once(data):
        return b"?" * len(data) if next(spoiled, False) else data

    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        depot.change_chunk = once
        assert (await rig.look()).end is RoundEnd.DONE
        assert rig.history.memory.downloads[0].tries == 0


async def test_session_that_headquarters_runs_again_begins_anew(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        depot.change_chunk = lambda data: b"?" * len(data)
        for _ in range(TRY_COUNT + 1):
            await rig.look()
        suspended, depot.packages = depot.packages, {}
        assert (await rig.look()).end is RoundEnd.DONE
        assert (rig.history.memory.downloads[0].status, rig.downloader.pending) == ("Canceled", 0)
        depot.packages, depot.change_chunk = suspended, None
        assert (await rig.look()).applied == 1


async def test_chunk_on_disk_that_rots_before_it_is_applied_is_fetched_again(tmp_path):
    package = GOODS.full(1)
    sha256 = max(package.chunks, key=lambda name: len(package.chunks[name]))
    async with running_depot(package) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        make = rig.downloader._make

        async def rots(entries, headers):
            path = rig.keeper.chunks.path(sha256)
            path.write_bytes(b"?" * path.stat().st_size)
            await make(entries, headers)

        rig.downloader._make = rots
        assert (await rig.look()).end is RoundEnd.DONE
        assert [begin for name, begin in depot.chunks_asked if name == sha256] == [0, 0]


@pytest.mark.parametrize("trouble", ["damaged again", "disk"])
async def test_chunk_that_rots_and_cannot_be_had_again_is_a_failure_in_words(tmp_path, monkeypatch, trouble):
    package = GOODS.full(1)
    sha256 = max(package.chunks, key=lambda name: len(package.chunks[name]))
    async with running_depot(package) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        make = rig.downloader._make

        def full(*_):
            raise OSError(28, "No space left on device")

        async def rots(entries, headers):
            path = rig.keeper.chunks.path(sha256)
            path.write_bytes(b"?" * path.stat().st_size)
            if trouble == "disk":
                monkeypatch.setattr("store.register.sync.fetch.os.pwrite", full)
            else:
                depot.change_chunk = lambda data: b"?" * len(data)
            await make(entries, headers)

        rig.downloader._make = rots
        result = await rig.look()
        assert result.end is RoundEnd.FAILED
        assert ("came damaged twice" if trouble != "disk" else "No space left on device") in result.reason
        assert rig.keeper.ready() is None


async def test_chain_that_is_refused_as_a_whole_is_applied_one_by_one(tmp_path):
    async with (
        running_depot(GOODS.full(1), GOODS.delta(2)) as depot,
        rig_at(tmp_path / "till", depot.url) as rig,
    ):
        apply = rig.keeper.apply

        async def one_at_a_time(headers, *rest, **more):
            if len(headers) > 1:
                raise downloader_module.CatalogRefused("Too much at once.")
            return await apply(headers, *rest, **more)

        rig.keeper.apply = one_at_a_time
        result = await rig.look()
        assert (result.end, result.applied, rig.keeper.ready().package_seq) == (RoundEnd.DONE, 2, 2)


async def test_header_that_is_not_the_one_listed_is_refused(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        entries = depot.entries

        def other():
            return [msgspec.structs.replace(entry, header_sha256="0" * 64) for entry in entries()]

        depot.entries = other
        result = await rig.look()
        assert result.end is RoundEnd.FAILED
        assert "the header of package 1 came damaged twice" in result.reason
        depot.entries = lambda: [
            msgspec.structs.replace(entry, header_sha256="../../etc/passwd") for entry in entries()
        ]
        assert "names no digest" in (await rig.look()).reason


async def test_package_of_another_headquarters_is_refused_and_told(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        rig.downloader._root_key = bytes(32)
        result = await rig.look()
        assert result.end is RoundEnd.FAILED
        assert depot.statuses(1) == ["Requested", "Download failed"]
        assert depot.chunks_asked == [], "not a chunk of it is fetched"


async def test_wrong_base_asks_again_and_takes_the_full_package(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        await rig.look()
        depot.put(GOODS.delta(3, base_seq=2))
        depot.put(GOODS.full(3))
        depot.path = lambda after: tuple(
            entry
            for entry in depot.entries()
            if (entry.package_seq, entry.kind) == (3, "full" if not after else "delta")
        )
        result = await rig.look()
        assert (result.end, result.applied) == (RoundEnd.DONE, 1)
        assert depot.asked == [0, 1, 0]
        assert rig.keeper.ready().package_seq == 3


async def test_wrong_base_again_and_again_is_a_failed_try_and_no_endless_loop(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        await rig.look()
        depot.put(GOODS.delta(3, base_seq=2))
        depot.path = lambda after: tuple(entry for entry in depot.entries() if entry.package_seq == 3)
        result = await rig.look()
        assert result.end is RoundEnd.FAILED
        assert depot.asked == [0, 1, 0]
        assert depot.statuses(3)[-1] == "Apply failed"


async def test_older_package_played_back_is_refused_and_the_catalog_stays(tmp_path):
    async with running_depot(GOODS.full(2)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        await rig.look()
        rig.keeper.flip()
        depot.packages.clear()
        depot.put(GOODS.full(1))
        depot.path = lambda after: tuple(depot.entries())
        result = await rig.look()
        assert result.end is RoundEnd.FAILED
        assert depot.statuses(1)[-1] == "Apply failed"
        assert rig.keeper.active().package_seq == 2


async def test_of_a_chain_that_fails_in_the_middle_the_good_beginning_is_applied_and_the_bad_one_named(
    tmp_path,
):
    bad = GOODS.delta(3)
    async with (
        running_depot(GOODS.full(1), GOODS.delta(2), bad) as depot,
        rig_at(tmp_path / "till", depot.url) as rig,
    ):
        apply = rig.keeper.apply

        async def refuses(headers, *rest, **more):
            if write_header(bad.header) in headers:
                raise downloader_module.CatalogRefused("The data package contradicts itself.")
            return await apply(headers, *rest, **more)

        rig.keeper.apply = refuses
        result = await rig.look()
        assert result.end is RoundEnd.FAILED
        assert rig.keeper.ready().package_seq == 2
        assert depot.statuses(1)[-1] == depot.statuses(2)[-1] == "Applied"
        assert depot.statuses(3)[-1] == "Apply failed"
        assert rig.downloader.pending == 1


async def test_of_a_chain_whose_end_cannot_be_fetched_the_beginning_is_applied(tmp_path):
    async with (
        running_depot(GOODS.full(1), GOODS.delta(2)) as depot,
        rig_at(tmp_path / "till", depot.url) as rig,
    ):
        missing = set(GOODS.delta(2).chunks)
        depot.change_chunk = lambda data: b"?" if hashlib.sha256(data).hexdigest() in missing else data
        result = await rig.look()
        assert (result.end, rig.keeper.ready().package_seq) == (RoundEnd.FAILED, 1)


async def test_chunk_that_the_server_does_not_have_is_a_failed_try(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        package = depot.packages[1, "full"]
        depot.packages[1, "full"] = msgspec.structs.replace(package, chunks={})
        assert (await rig.look()).end is RoundEnd.FAILED
        assert rig.history.memory.downloads[0].tries == 1


async def test_room_on_the_disk_is_looked_at_before_a_chunk_is_fetched_and_counts_no_try(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        rig.free = downloader_module.KEEP_FREE_BYTES
        result = await rig.look()
        assert result.end is RoundEnd.FAILED
        assert "the disk has 100 MB free and this needs 101 MB; free some space" in result.reason
        assert depot.chunks_asked == []
        assert (depot.statuses(1)[-1], rig.history.memory.downloads[0].tries) == ("Download failed", 0)
        assert not depot.reports[-1].counts_try, "headquarters counts none either"
        rig.free = 10**12
        assert (await rig.look()).applied == 1


async def test_a_newer_package_that_is_not_given_is_known_to_be_held_back_until_it_is(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        assert (await rig.look()).applied == 1
        assert rig.history.memory.held_back == 0
        depot.put(GOODS.full(2))
        depot.holds_back = True
        assert (await rig.look()).end is RoundEnd.DONE, "an operator has to act; nobody hurries"
        assert rig.history.memory.held_back == 2
        depot.holds_back = False
        assert (await rig.look()).applied == 1
        assert rig.history.memory.held_back == 0


async def test_disk_that_takes_nothing_is_a_sentence_and_no_try(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        monkeypatch.setattr("store.register.sync.fetch.os.pwrite", full)
        result = await rig.look()
        assert result.end is RoundEnd.FAILED
        assert "No space left on device" in result.reason
        assert rig.history.memory.downloads[0].tries == 0


async def test_nothing_is_fetched_or_applied_while_somebody_pays_also_between_chunks(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        pays_after = {"chunks": 1}
        rig.downloader._paying = lambda: rig.is_paying and len(depot.chunks_asked) >= pays_after["chunks"]
        rig.is_paying = True
        looking = asyncio.create_task(rig.look())
        await asyncio.sleep(0.5)
        assert len(depot.chunks_asked) == 1, "the payment began with the first chunk"
        assert not looking.done()
        pays_after["chunks"] = len(GOODS.full(1).chunks)
        await asyncio.sleep(0.5)
        assert len(depot.chunks_asked) == len(GOODS.full(1).chunks)
        assert rig.keeper.ready() is None, "applying waits as well"
        rig.is_paying = False
        assert (await looking).end is RoundEnd.DONE


async def test_packages_that_wait_are_known_after_a_restart_without_a_server(tmp_path):
    async with running_depot(GOODS.full(1), GOODS.delta(2)) as depot:
        async with rig_at(tmp_path / "till", depot.url) as rig:
            depot.change_chunk = lambda data: b"?"
            await rig.look()
            assert rig.downloader.pending == 2
    async with rig_at(tmp_path / "till", "http://127.0.0.1:1") as rig:
        assert rig.downloader.pending == 2
        assert (await rig.look()).end is RoundEnd.UNREACHABLE
        assert [row.package_seq for row in rig.history.waiting] == [1, 2]


async def test_reports_that_the_server_does_not_take_are_kept_over_a_restart_and_delivered_later(tmp_path):
    async with running_depot(GOODS.full(1)) as depot:
        depot.report_status = 503
        async with rig_at(tmp_path / "till", depot.url) as rig:
            assert (await rig.look()).end is RoundEnd.DONE
        assert depot.reports == []
        depot.report_status = 200
        async with rig_at(tmp_path / "till", depot.url) as rig:
            await rig.look()
        assert depot.statuses(1) == ["Requested", "Downloaded", "Applied"]


async def test_pause_by_headquarters_fetches_nothing_and_ends_by_itself(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        depot.paused = True
        assert (await rig.look()).end is RoundEnd.PAUSED
        assert rig.downloader.paused_by_server is True
        assert rig.history.memory.down.at_ms == 0, "a pause is no attempt that failed"
        depot.paused = False
        assert (await rig.look()).applied == 1
        assert rig.downloader.paused_by_server is False


async def test_packages_for_a_newer_program_are_told_and_nothing_is_fetched(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        depot.reader = 3
        result = await rig.look()
        assert (result.end, depot.chunks_asked) == (RoundEnd.REFUSED, [])
        assert "update this register" in result.reason


async def test_refusal_busy_server_and_no_server_are_told_apart(tmp_path):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        depot.status = 403
        result = await rig.look()
        assert (result.end, result.reason) == (RoundEnd.REFUSED, "The device is disabled")
        depot.status, depot.retry_after = 503, "7"
        result = await rig.look()
        assert (result.end, result.retry_after_s) == (RoundEnd.UNREACHABLE, 7)
    async with rig_at(tmp_path / "till", "http://127.0.0.1:1") as rig:
        result = await rig.look()
        assert result.end is RoundEnd.UNREACHABLE
        assert rig.unreachable == [result.reason]
        assert rig.history.memory.down.result == result.reason


async def test_without_an_offline_database_only_the_set_up_is_fetched_and_a_change_back_brings_the_rest(
    tmp_path,
):
    async with running_depot(GOODS.full(1)) as depot, rig_at(tmp_path / "till", depot.url) as rig:
        depot.support_offline = False
        assert (await rig.look()).end is RoundEnd.DONE
        rig.keeper.flip()
        rows = table_rows(rig.keeper.active().path)
        assert (rows["item"], len(rows["staff"]), len(rows["setting"])) == ([], 1, 2)
        assert rig.keeper.active().support_offline is False
        assert depot.asked == [0, 0], "asked anew once it is known what this register keeps"
        depot.support_offline = True
        assert (await rig.look()).end is RoundEnd.DONE
        rig.keeper.flip()
        assert len(table_rows(rig.keeper.active().path)["item"]) == 399


async def test_what_headquarters_has_archived_is_remembered_and_never_falls(tmp_path):
    async with running_depot() as depot, rig_at(tmp_path / "till", depot.url) as rig:
        for said, kept in ((7, 7), (3, 7)):
            depot.archived_seq = said
            await rig.look()
            assert rig.history.memory.archived_seq == kept
