"""The uploader against the real server: exactly once, in any trouble, and its table of states."""

import asyncio
import shutil
from itertools import product

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from journal_uplink import QuickRandomness, enrolled, running, shop, till_at
from journal_world import event, sale
from server_world import MemoryKeyring, running_world
from store.exchange.acknowledgement import sign_acknowledgement
from store.exchange.messages import MAX_BATCH_BYTES, BatchAnswer, RecordAnswer, SeriesHead
from store.exchange.record import public_bytes
from store.gateway.connection import HeadVerdict
from store.gateway.errors import GatewayError, ServerBusy, ServerRefused, ServerUnreachable
from store.gateway.profile import OfflineProfile
from store.gateway.states import Link
from store.register.journal.errors import JournalDamaged
from store.register.sync import uploader as uploader_module
from store.register.sync.upload_states import STEPS, UploadEvent, UploadPhase, backoff_limit_s, step
from store.register.sync.uploader import Uploader
from store.register.system_ports import SystemClock


@pytest.mark.parametrize(("phase", "event"), list(product(UploadPhase, UploadEvent)))
def test_every_pair_is_in_the_table_or_cannot_happen(phase, event):
    if (phase, event) in STEPS:
        assert step(phase, event) in UploadPhase
    else:
        with pytest.raises(KeyError):
            step(phase, event)


def test_f32_every_phase_has_a_way_out_and_hearing_of_a_record_is_always_possible():
    for phase in UploadPhase:
        assert {after for (before, _), after in STEPS.items() if before is phase} - {phase}
        assert (phase, UploadEvent.RECORD_WRITTEN) in STEPS


def test_only_one_batch_is_out_and_held_sends_nothing():
    for (phase, happened), after in STEPS.items():
        if after is UploadPhase.IN_FLIGHT and phase is not after:
            assert (phase, happened) == (UploadPhase.DUE, UploadEvent.BATCH_STARTED)
        if phase is UploadPhase.HELD and after is not phase:
            assert happened is UploadEvent.RELEASED


def test_pauses_grow_and_are_bounded():
    limits = [backoff_limit_s(n) for n in range(100)]
    assert limits[:4] == [1, 2, 4, 8]
    assert max(limits) == 60


async def sell(till, first, last):
    for n in range(first, last):
        await till.journal.commit(sale(f"t{n}"))


async def at_server(world, till):
    """(seq, hash) of every record the server holds, in order."""
    rows = await world.sql("select seq, hash from record order by seq")
    return [(row[0], bytes(row[1])) for row in rows]


async def own(till):
    return [(record.seq, record.hash) for record in await till.journal.records(0, 10_000)]


async def test_records_reach_the_server_once_and_in_order_while_selling_goes_on(tmp_path):
    async with shop(tmp_path) as (world, till), running(till.uploader().run()):
        await till.journal.commit(
            event("shift.open", "open", {"start_amount": 0, "currency": "EUR", "grand_total": 0})
        )
        await sell(till, 0, 30)
        await till.sent()
        assert await at_server(world, till) == await own(till)
        books = await world.settled()
        assert (books["accepted"], books["quarantined"]) == (31, 0)
        assert (await till.journal.upload_state()).last_result == "ok"
        assert till.changes


async def test_long_backlog_goes_in_batches_within_the_limits(tmp_path):
    async with shop(tmp_path) as (world, till):
        await sell(till, 0, 330)
        async with running(till.uploader().run()):
            await till.sent()
        assert [len(batch.records) for batch in till.uplink.batches] == [100, 200, 30]
        assert await at_server(world, till) == await own(till)


async def test_upload_bulk_records_0_keeps_to_batches(tmp_path):
    async with shop(tmp_path) as (world, till):
        await sell(till, 0, 230)
        async with running(till.uploader(upload_bulk_records=0).run()):
            await till.sent()
        assert [len(batch.records) for batch in till.uplink.batches] == [100, 100, 30]
        assert await at_server(world, till) == await own(till)


async def test_a_server_of_version_0_1_that_refuses_more_than_a_batch_is_asked_once(tmp_path, monkeypatch):
    monkeypatch.setattr("store.server.api.endpoints.MAX_BULK_RECORDS", 100)
    async with shop(tmp_path) as (world, till):
        await sell(till, 0, 430)
        async with running(till.uploader().run()):
            await till.sent()
        assert [len(batch.records) for batch in till.uplink.batches] == [100, 200, 100, 100, 100, 30]
        assert await at_server(world, till) == await own(till)
        assert (await till.journal.upload_state()).hold == ""


async def test_a_large_request_that_fails_is_followed_by_an_ordinary_batch(tmp_path):
    async with shop(tmp_path) as (world, till):
        await sell(till, 0, 330)
        uplink = Scripted(till.client)

        def then_fail(batch):
            if len(batch.records) == 200 and uplink.sizes.count(200) == 1:
                raise ServerUnreachable("reset")

        uplink.before = then_fail
        async with running(till.uploader(uplink).run()):
            await till.sent()
        assert uplink.sizes == [100, 200, 100, 130]
        assert uplink.deadlines == [10.0, 20.0, 10.0, 20.0]
        assert await at_server(world, till) == await own(till)


async def test_the_profile_sets_how_much_goes_into_a_batch(tmp_path):
    async with shop(tmp_path) as (world, till):
        await sell(till, 0, 25)
        async with running(till.uploader(upload_batch_records=10).run()):
            await till.sent()
        assert [len(batch.records) for batch in till.uplink.batches] == [10, 10, 5]
        till.uplink.batches.clear()
        for n in range(10):
            await till.journal.commit(event("lock", f"lock{n}", {"note": f"{n}" * 15_000}))
        async with running(till.uploader(upload_batch_bytes=70_000).run()):
            await till.sent()
        sizes = [sum(len(record.payload) for record in batch.records) for batch in till.uplink.batches]
        assert len(sizes) == 3
        assert max(sizes) <= 70_000
        assert await at_server(world, till) == await own(till)


async def test_the_profile_sets_the_first_pause_after_a_failure(tmp_path):
    async with shop(tmp_path) as (_, till):
        uploader = till.uploader(upload_interval_waiting_s=5)
        drawn = []

        def uniform(low, high):
            drawn.append(high)
            return 0.0

        uploader._randomness.uniform = uniform
        await sell(till, 0, 1)
        uploader._client = Scripted(till.client, *(ServerBusy("busy") for _ in range(6)))
        async with running(uploader.run()):
            await till.sent()
        assert drawn == [5, 10, 20, 40, 60, 60]
    assert backoff_limit_s(0, 300) == backoff_limit_s(5, 300) == 300


async def test_idle_uploader_looks_again_by_itself(tmp_path):
    async with shop(tmp_path) as (world, till):
        uploader = till.uploader(upload_interval_idle_s=0.05)
        async with running(uploader.run()):
            await asyncio.sleep(0.02)
            uploader._committed = lambda _: None
            till.journal._on_commit.clear()  # the news are lost
            await sell(till, 0, 1)
            await till.sent()
        assert await at_server(world, till) == await own(till)


async def test_batch_of_large_records_stays_below_the_size_limit(tmp_path):
    async with shop(tmp_path) as (world, till):
        for n in range(20):
            await till.journal.commit(event("lock", f"t{n}", {"note": f"{n}" * 15_000}))
        async with running(till.uploader().run()):
            await till.sent()
        sizes = [sum(len(record.payload) for record in batch.records) for batch in till.uplink.batches]
        assert max(sizes) <= MAX_BATCH_BYTES
        assert len(sizes) > 1
        assert await at_server(world, till) == await own(till)


async def test_answer_lost_after_the_commit_again_and_again_still_stores_each_record_once(tmp_path):
    async with shop(tmp_path) as (world, till):
        till.uplink.drop_answers = 5
        async with running(till.uploader().run()):
            await sell(till, 0, 12)
            await till.sent()
        assert len(till.wire.failures) == 5
        assert await at_server(world, till) == await own(till)
        assert (await world.settled())["accepted"] == 12


async def test_two_uploaders_at_once_store_each_record_once(tmp_path):
    async with shop(tmp_path) as (world, till):
        async with running(till.uploader().run(), till.uploader().run()):
            for n in range(40):
                await till.journal.commit(sale(f"t{n}"))
                await asyncio.sleep(0)
            await till.sent()
        assert await at_server(world, till) == await own(till)
        assert (await till.journal.upload_state()).hold == ""


async def test_f29_restart_in_the_middle_goes_on_from_the_watermark(tmp_path):
    async with running_world(tmp_path / "server") as world:
        prepared = await world.prepare()
        (tmp_path / "till").mkdir()
        vault, enrolment = await enrolled(tmp_path / "till", world, prepared.code)
        for turn in range(3):
            async with till_at(tmp_path / "till", world.url, vault, enrolment) as till:
                await sell(till, turn * 5, turn * 5 + 5)
                async with running(till.uploader().run()):
                    await till.sent()
                    assert await at_server(world, till) == await own(till)
                assert len(till.uplink.batches) >= 1
                assert till.uplink.batches[0].records[0].seq == turn * 5 + 1


async def test_server_restored_from_an_older_backup_is_filled_again(tmp_path):
    keyring = MemoryKeyring()
    async with running_world(tmp_path / "server", keyring=keyring) as world:
        prepared = await world.prepare()
        (tmp_path / "till").mkdir()
        vault, enrolment = await enrolled(tmp_path / "till", world, prepared.code)
        async with till_at(tmp_path / "till", world.url, vault, enrolment) as till:
            await sell(till, 0, 4)
            async with running(till.uploader().run()):
                await till.sent()
            await world.settled()
    shutil.copytree(tmp_path / "server", tmp_path / "backup")
    async with running_world(tmp_path / "server", keyring=keyring) as world:
        async with till_at(tmp_path / "till", world.url, vault, enrolment) as till:
            await sell(till, 4, 9)
            async with running(till.uploader().run()):
                await till.sent()
    async with running_world(tmp_path / "backup", keyring=keyring) as world:
        async with till_at(tmp_path / "till", world.url, vault, enrolment) as till:
            assert (await till.journal.counts()).pending_records == 0
            await sell(till, 9, 10)
            async with running(till.uploader().run()):
                await till.sent()
            assert await at_server(world, till) == await own(till)


async def test_poison_record_in_the_middle_is_accepted_quarantined_and_blocks_nobody(tmp_path):
    async with shop(tmp_path) as (world, till), running(till.uploader().run()):
        await sell(till, 0, 3)
        await till.journal.commit(event("sale", "poison", {"lines": "none"}, fiscal=True))
        await sell(till, 3, 6)
        await till.sent()
        books = await world.settled()
        assert (books["accepted"], books["posted"], books["quarantined"]) == (7, 6, 1)
        assert (await till.journal.upload_state()).hold == ""


async def test_record_changed_on_the_way_is_refused_and_the_upload_held_with_its_number(tmp_path):
    def forge(batch):
        bad = replace(batch.records[1], signature="00" * 64)
        return replace(batch, records=(batch.records[0], bad, *batch.records[2:]))

    async with shop(tmp_path) as (world, till):
        await sell(till, 0, 4)
        till.uplink.change = forge
        uploader = till.uploader()
        async with running(uploader.run()):
            assert await till.held() == "bad_signature"
            assert uploader.phase is UploadPhase.HELD
            assert till.wire.refusals == []
            await sell(till, 4, 6)  # selling does not care
            till.uplink.change = None
            await uploader.release()
            await till.sent()
        assert await at_server(world, till) == await own(till)


async def test_register_with_an_older_disk_is_held_as_rolled_back(tmp_path):
    async with running_world(tmp_path / "server") as world:
        prepared = await world.prepare()
        (tmp_path / "till").mkdir()
        vault, enrolment = await enrolled(tmp_path / "till", world, prepared.code)
        async with till_at(tmp_path / "till", world.url, vault, enrolment) as till:
            await sell(till, 0, 2)
        shutil.copytree(tmp_path / "till", tmp_path / "image")
        async with till_at(tmp_path / "till", world.url, vault, enrolment) as till:
            await sell(till, 2, 6)
            async with running(till.uploader().run()):
                await till.sent()
        async with till_at(tmp_path / "image", world.url, vault, enrolment) as till:
            assert await till.heads(await till.client.head(deadline_s=5)) is HeadVerdict.ROLLED_BACK
            assert (await till.journal.upload_state()).hold == "rolled_back"
            await sell(till, 50, 51)
            async with running(till.uploader().run()):
                await asyncio.sleep(0.1)
            assert till.uplink.batches == []


async def test_cloned_register_is_found_as_a_fork_at_its_first_upload(tmp_path):
    async with running_world(tmp_path / "server") as world:
        prepared = await world.prepare()
        (tmp_path / "till").mkdir()
        vault, enrolment = await enrolled(tmp_path / "till", world, prepared.code)
        async with till_at(tmp_path / "till", world.url, vault, enrolment) as till:
            await sell(till, 0, 2)
        shutil.copytree(tmp_path / "till", tmp_path / "clone")
        async with till_at(tmp_path / "till", world.url, vault, enrolment) as till:
            await sell(till, 2, 3)
            async with running(till.uploader().run()):
                await till.sent()
        async with till_at(tmp_path / "clone", world.url, vault, enrolment) as till:
            await sell(till, 70, 72)
            async with running(till.uploader().run()):
                assert await till.held() == "fork"
            assert till.wire.refusals[0][0] == "fork"
            with pytest.raises(ServerRefused) as refused:  # both machines are told, whichever asks
                await till.client.head(deadline_s=5)
            assert refused.value.kind == "fork"


async def test_new_enrolment_of_the_register_fences_the_old_one(tmp_path):
    async with shop(tmp_path) as (world, till):
        again = await world.prepare()
        (tmp_path / "other").mkdir()
        await enrolled(tmp_path / "other", world, again.code)
        await sell(till, 0, 1)
        async with running(till.uploader().run()):
            assert await till.held() == "fenced"
        assert till.wire.refusals[0][0] == "fenced"


async def test_nothing_is_sent_while_somebody_pays_or_the_link_is_down(tmp_path):
    async with shop(tmp_path) as (_, till):
        till.is_paying = True
        async with running(till.uploader().run()):
            await sell(till, 0, 1)
            await asyncio.sleep(0.12)
            assert till.uplink.batches == []
            till.is_paying = False
            await till.sent()
            till.wire.up.clear()
            await sell(till, 1, 2)
            await asyncio.sleep(0.05)
            assert len(till.uplink.batches) == 1
            till.wire.up.set()
            await till.sent()


class Scripted:
    """A client that answers with errors first."""

    def __init__(self, inner, *errors):
        self.inner = inner
        self.errors = list(errors)
        self.sizes = []
        self.deadlines = []
        self.before = None

    async def upload(self, batch, *, deadline_s):
        self.sizes.append(len(batch.records))
        self.deadlines.append(deadline_s)
        if self.before is not None:
            self.before(batch)
        if self.errors:
            raise self.errors.pop(0)
        return await self.inner.upload(batch, deadline_s=deadline_s)

    async def head(self, *, deadline_s):
        return await self.inner.head(deadline_s=deadline_s)


async def test_f31_too_large_halves_the_batch_until_it_fits(tmp_path):
    async with shop(tmp_path) as (world, till):
        await sell(till, 0, 40)
        too_large = [ServerRefused("too large", 413, "too-large") for _ in range(3)]
        uplink = Scripted(till.client, *too_large)
        async with running(till.uploader(uplink).run()):
            await till.sent()
        assert uplink.sizes[:4] == [40, 20, 10, 5]
        assert await at_server(world, till) == await own(till)


async def test_busy_unreachable_and_odd_answers_are_tried_again(tmp_path):
    errors = [
        ServerBusy("busy", 0.01), ServerUnreachable("reset"), ServerRefused("what", 400, "bad-request"),
        ServerRefused("gap", 409, "gap"), ServerBusy("busy"),
    ]  # fmt: skip
    async with shop(tmp_path) as (world, till):
        await sell(till, 0, 3)
        uplink = Scripted(till.client, *errors)
        async with running(till.uploader(uplink).run()):
            await till.sent()
        assert len(uplink.sizes) == 6
        assert till.wire.failures == ["reset"]
        assert await at_server(world, till) == await own(till)


class Liar:
    """Something that answers like our server without its key."""

    def __init__(self, inner):
        self.inner = inner
        self.asked = 0

    async def upload(self, batch, *, deadline_s):
        self.asked += 1
        answer = await self.inner.upload(batch, deadline_s=deadline_s)
        return replace(answer, signature="00" * 64)

    async def head(self, *, deadline_s):
        return await self.inner.head(deadline_s=deadline_s)


async def test_acknowledgement_without_the_servers_signature_moves_nothing(tmp_path):
    async with shop(tmp_path) as (_, till):
        await sell(till, 0, 2)
        liar = Liar(till.client)
        async with running(till.uploader(liar).run()):
            while liar.asked < 3:
                await asyncio.sleep(0.005)
        state = await till.journal.upload_state()
        assert state.acked_seq == 0
        assert "not signed by the server" in state.last_result


async def test_head_that_names_no_hash_is_a_fork_not_a_crash(tmp_path):
    async with shop(tmp_path) as (_, till):
        await sell(till, 0, 1)
        head = SeriesHead(series=till.enrolment.series, seq=1, hash="not hex", time_ms=0)
        assert await till.heads(head) is HeadVerdict.FORKED


async def test_hold_that_the_server_has_lifted_ends_with_the_next_agreement(tmp_path):
    async with shop(tmp_path) as (_, till):
        await till.journal.change_upload_state(lambda state: replace(state, hold="fenced", hold_detail="x"))
        uploader = till.uploader()
        async with running(uploader.run()):
            await sell(till, 0, 2)
            await asyncio.sleep(0.05)
            assert uploader.phase is UploadPhase.HELD
            assert await till.heads(await till.client.head(deadline_s=5)) is HeadVerdict.AGREED
            await till.sent()


class Server:
    """Answers with what the test makes of each batch, signed with its own key."""

    def __init__(self, till, make):
        self.till = till
        self.make = make
        self.asked = 0
        self.key = Ed25519PrivateKey.generate()

    async def upload(self, batch, *, deadline_s):
        self.asked += 1
        last = batch.records[-1]
        plain = BatchAnswer(series=batch.series, acked_seq=last.seq, acked_hash=last.hash, time_ms=1)
        return sign_acknowledgement(self.key, self.make(plain, batch, self.asked))

    async def head(self, *, deadline_s):
        state = await self.till.journal.upload_state()
        hash_ = await self.till.journal.hash_at(state.acked_seq)
        return SeriesHead(series=state.series, seq=state.acked_seq, hash=hash_.hex(), time_ms=1)

    def uploader(self):
        return Uploader(
            journal=self.till.journal, client=self, connection=self.till.wire, heads=self.till.heads,
            server_key=public_bytes(self.key), clock=SystemClock(), randomness=QuickRandomness(),
            profile=OfflineProfile, history=self.till.history,
            paying=lambda: False, paused=lambda: False, on_change=lambda: None,
        )  # fmt: skip


def only_first(outcome):
    """The first answer takes one record and says something of the second; later ones take all."""

    def make(plain, batch, asked):
        if asked > 1:
            return plain
        first, second = batch.records[:2]
        said = RecordAnswer(seq=second.seq, outcome=outcome, reason="because")
        return replace(plain, acked_seq=first.seq, acked_hash=first.hash, records=(said,))

    return make


@pytest.mark.parametrize(
    ("outcome", "hold"), [("fork", "fork"), ("fenced", "fenced"), ("rejected", "bad_signature")]
)
async def test_answer_that_refuses_one_record_keeps_what_was_taken_and_holds(tmp_path, outcome, hold):
    async with shop(tmp_path) as (_, till):
        await sell(till, 0, 3)
        server = Server(till, only_first(outcome))
        async with running(server.uploader().run()):
            assert await till.held() == hold
        assert (await till.journal.upload_state()).acked_seq == 1


async def test_answer_with_a_gap_asks_for_the_head_and_goes_on(tmp_path):
    async with shop(tmp_path) as (_, till):
        await sell(till, 0, 3)
        server = Server(till, only_first("gap"))
        async with running(server.uploader().run()):
            await till.sent()
        assert server.asked > 1


async def test_answer_that_names_another_hash_or_a_record_we_do_not_have_holds(tmp_path):
    def other_hash(plain, batch, asked):
        return replace(plain, acked_hash="00" * 32)

    def from_the_future(plain, batch, asked):
        return replace(plain, acked_seq=99)

    for number, (make, hold) in enumerate(((other_hash, "fork"), (from_the_future, "rolled_back"))):
        (tmp_path / f"{number}").mkdir()
        async with shop(tmp_path / f"{number}") as (_, till):
            await sell(till, 0, 2)
            async with running(Server(till, make).uploader().run()):
                assert await till.held() == hold
            assert till.wire.refusals[0][0] == hold.replace("_", "-")


async def test_answer_that_takes_nothing_is_tried_again_with_pauses_not_in_a_loop(tmp_path):
    def nothing(plain, batch, asked):
        if asked > 4:
            return plain
        return replace(plain, acked_seq=0, acked_hash=batch.records[0].prev)

    async with shop(tmp_path) as (_, till):
        await sell(till, 0, 2)
        server = Server(till, nothing)
        async with running(server.uploader().run()):
            await till.sent()
        assert server.asked == 5


async def test_journal_that_cannot_be_read_for_a_moment_and_a_client_that_closes_are_tried_again(tmp_path):
    async with shop(tmp_path) as (world, till):
        await sell(till, 0, 2)
        real, reads = till.journal.hash_at, []

        async def fails_once(seq):
            reads.append(seq)
            if len(reads) == 1:
                raise JournalDamaged("The journal cannot be read.")
            return await real(seq)

        till.journal.hash_at = fails_once
        uplink = Scripted(till.client, GatewayError("the client is closing"))
        async with running(till.uploader(uplink).run()):
            await till.sent()
        assert uplink.sizes == [2, 2, 2]
        assert await at_server(world, till) == await own(till)
        assert (await till.journal.upload_state()).last_result == "ok"


async def test_server_that_turns_out_ahead_of_us_in_the_handshake_holds(tmp_path):
    class Ahead(Server):
        async def head(self, *, deadline_s):
            return SeriesHead(series=self.till.enrolment.series, seq=99, hash="11" * 32, time_ms=1)

    async with shop(tmp_path) as (_, till):
        await sell(till, 0, 2)
        async with running(Ahead(till, only_first("gap")).uploader().run()):
            assert await till.held() == "rolled_back"
        assert till.wire.refusals == [
            ("rolled-back", "the server has record 99 of this series, this register has not")
        ]


async def test_pause_after_a_failure_ends_when_the_link_comes_up(tmp_path):
    async with shop(tmp_path) as (_, till):
        await sell(till, 0, 1)
        uplink = Scripted(till.client, ServerUnreachable("gone"))
        uplink_upload = uplink.upload

        async def upload(batch, *, deadline_s):
            if not uplink.sizes:
                till.wire.up.clear()
            return await uplink_upload(batch, deadline_s=deadline_s)

        uplink.upload = upload
        async with running(till.uploader(uplink).run()):
            await asyncio.sleep(0.1)
            assert uplink.sizes == [1]
            till.wire.up.set()
            await till.sent()


async def test_register_that_the_server_refuses_still_tries_to_deliver_and_one_without_a_link_does_not(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(uploader_module, "REFUSED_S", 0.05)
    async with shop(tmp_path) as (_, till):
        till.wire.up.clear()
        till.wire.link = Link.DOWN
        await sell(till, 0, 2)
        async with running(till.uploader().run()):
            await asyncio.sleep(0.3)
            assert till.uplink.batches == []
            till.wire.link = Link.REFUSED
            await till.sent()


@pytest.mark.parametrize(("kind", "hold"), [("fork", "fork"), ("device-disabled", "")])
async def test_head_that_is_refused_for_good_holds_and_any_other_refusal_is_tried_again(tmp_path, kind, hold):
    async with shop(tmp_path) as (_, till):

        class Refuses:
            asked = 0

            async def upload(self, batch, *, deadline_s):
                raise ServerRefused("send from the beginning", 409, "gap")

            async def head(self, *, deadline_s):
                self.asked += 1
                raise ServerRefused("because", 409, kind)

        client = Refuses()
        await sell(till, 0, 1)
        async with running(till.uploader(client).run()):
            async with asyncio.timeout(5):
                while client.asked < (1 if hold else 3):
                    await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
        assert (await till.journal.upload_state()).hold == hold
        assert [refused for refused, _ in till.wire.refusals] == ([hold] if hold else [])
