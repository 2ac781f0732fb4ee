"""The print spool: every cell of its table, and lanes that never lose, overtake or repeat a paper by themselves."""

import asyncio
from contextlib import asynccontextmanager
from itertools import product

import pytest

from journal_disk import FailingDisk
from journal_world import START_MS, HeldStorage, StillClock, event, opened, sale
from store.register.journal.journal import Entry, PrintJob
from store.register.peripherals import DeviceStatus, Health, PrintOutcome, PrintResult
from store.register.printing import spool as print_spool
from store.register.printing.job_states import OPEN_STATES, STEPS, JobEvent, JobState, sentence, step
from store.register.printing.spool import DRAWER_LIFE_S, PrintSpool
from store.sale.policy import StoreFacts

ENDS = {JobState.CONFIRMED, JobState.PRESUMED, JobState.DISCARDED}


# ---- the table


@pytest.mark.parametrize(("state", "event"), list(product(JobState, JobEvent)))
def test_every_pair_is_in_the_table_or_cannot_happen(state, event):
    if (state, event) in STEPS:
        assert step(state, event) in JobState
    else:
        with pytest.raises(KeyError):
            step(state, event)


def test_ends_are_ends_and_everything_else_has_a_way_out():
    for state in JobState:
        ways = {STEPS[pair] for pair in STEPS if pair[0] is state} - {state}
        assert bool(ways) is (state not in ENDS)


def test_bytes_only_leave_from_sending_and_unknown_is_never_sent_again():
    outcomes = {JobState.CONFIRMED, JobState.UNKNOWN, JobState.FAILED}
    for (state, _), after in STEPS.items():
        if after in outcomes and state is not after:
            assert state is JobState.SENDING or (state, after) == (JobState.UNKNOWN, JobState.CONFIRMED)
    assert (JobState.UNKNOWN, JobEvent.ATTEMPT_STARTED) not in STEPS
    assert JobState.UNKNOWN not in OPEN_STATES


def test_every_state_has_a_whole_sentence_for_receipt_and_report():
    for kind, state in product(("receipt", "report"), JobState):
        text = sentence(kind, state, "Printer out of paper")
        assert text.endswith(".") and text[0].isupper(), text
    assert sentence("drawer", JobState.CONFIRMED, "") == ""
    assert (
        sentence("drawer", JobState.DISCARDED, "unplugged")
        == "The drawer did not open (unplugged); use its key."
    )


# ---- the lanes


class Paper:
    """A printer whose answers the test gives; without one it prints."""

    def __init__(self):
        self.health = Health.READY
        self.answers = []
        self.printed = []
        self.hangs = None
        self.tell_late = None

    def listen(self, take):
        self.tell_late = take

    def status(self):
        return DeviceStatus(device="printer", kind="printer", health=self.health)

    async def print(self, document, job_id):
        if self.hangs is not None:
            await self.hangs.wait()
        outcome = self.answers.pop(0) if self.answers else PrintOutcome.CONFIRMED
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is not PrintOutcome.FAILED:
            self.printed.append((job_id, document))
        return PrintResult(outcome=outcome, detail="" if outcome is PrintOutcome.CONFIRMED else "wire cut")


class Till:
    """A drawer that counts its pulses."""

    def __init__(self):
        self.answers = []
        self.pulses = []
        self.health = Health.READY

    def status(self):
        return DeviceStatus(device="drawer", kind="drawer", health=self.health)

    async def open(self, job_id):
        self.pulses.append(job_id)
        outcome = self.answers.pop(0) if self.answers else PrintOutcome.CONFIRMED
        return PrintResult(outcome=outcome, detail="no answer")


class Never:
    def uniform(self, low, high):
        return 0.01


def receipt(txn_id, **changes):
    return sale(txn_id, **changes)


def with_drawer(txn_id):
    return sale(txn_id, print_jobs=(PrintJob(job_id=f"{txn_id}-drawer", kind="drawer"),))


@asynccontextmanager
async def spool_of(journal, printer, drawer=None, clock=None, run=True):
    spool = PrintSpool(
        journal=journal, printer=printer, drawer=drawer, facts=lambda: StoreFacts(name="First store"),
        clock=clock or StillClock(), randomness=Never(), on_change=lambda: None,
    )  # fmt: skip
    await spool.start()
    lanes = [asyncio.create_task(spool.run_printer()), asyncio.create_task(spool.run_drawer())] if run else []
    try:
        yield spool
    finally:
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)


async def until(question, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not await question():
            await asyncio.sleep(0.005)


def state_is(journal, job_id, state):
    async def question():
        return (await journal.job(job_id)).state == state

    return question


async def test_f56_receipt_is_printed_after_its_commit_with_what_the_journal_says(tmp_path):
    paper = Paper()
    async with opened(tmp_path) as journal, spool_of(journal, paper) as spool:
        assert spool.has_printer
        done = await journal.commit(receipt("t1"))
        await until(state_is(journal, "t1-receipt", JobState.CONFIRMED))
        (job_id, document) = paper.printed[0]
        assert job_id == "t1-receipt"
        assert done.fingerprint in str(document)
        assert "COPY" not in str(document)
        assert spool.state_of("t1-receipt") == "Receipt printed."
        assert spool.state_of("nobody's") == ""


async def test_a_held_receipt_waits_until_it_is_asked_for_and_is_the_original(tmp_path):
    paper = Paper()
    held = PrintJob(job_id="held", kind="receipt", held=True)
    async with opened(tmp_path) as journal, spool_of(journal, paper) as spool:
        await journal.commit(sale("t1", print_jobs=(held,)))
        await journal.commit(receipt("t2"))
        await until(state_is(journal, "t2-receipt", JobState.CONFIRMED))  # it holds nothing up
        assert [job_id for job_id, _ in paper.printed] == ["t2-receipt"]
        assert (await journal.job("held")).state == JobState.HELD
        assert not await spool.ask_for("t2")
        assert await spool.ask_for("t1")
        await until(state_is(journal, "held", JobState.CONFIRMED))
        assert "COPY" not in str(paper.printed[-1][1])
        assert not await spool.ask_for("t1")


async def test_sending_is_stored_and_synced_before_the_first_byte(tmp_path):
    paper = Paper()
    paper.hangs = asyncio.Event()
    async with opened(tmp_path) as journal, spool_of(journal, paper):
        await journal.commit(receipt("t1"))
        await until(state_is(journal, "t1-receipt", JobState.SENDING))
        assert paper.printed == []
        paper.hangs.set()
        await until(state_is(journal, "t1-receipt", JobState.CONFIRMED))


async def test_hanging_printer_delays_no_sale(tmp_path):
    paper = Paper()
    paper.hangs = asyncio.Event()
    async with opened(tmp_path) as journal, spool_of(journal, paper):
        async with asyncio.timeout(2):
            for n in range(20):
                await journal.commit(receipt(f"t{n}"))
        paper.hangs.set()
        await until(state_is(journal, "t19-receipt", JobState.CONFIRMED))
        assert [job_id for job_id, _ in paper.printed] == [f"t{n}-receipt" for n in range(20)]


async def test_other_devices_are_used_from_the_next_receipt_on_and_never_in_the_middle_of_one(tmp_path):
    old, new = Paper(), Paper()
    old.hangs = asyncio.Event()
    async with opened(tmp_path) as journal, spool_of(journal, old, Till()) as spool:
        await journal.commit(receipt("t1"))
        await until(state_is(journal, "t1-receipt", JobState.SENDING))
        changing = asyncio.create_task(spool.use(new, None))
        await journal.commit(receipt("t2"))
        await asyncio.sleep(0.05)
        assert not changing.done(), "the old printer has a receipt in hand"
        old.hangs.set()
        await changing
        await until(state_is(journal, "t2-receipt", JobState.CONFIRMED))
        assert [[job_id for job_id, _ in paper.printed] for paper in (old, new)][1][-1] == "t2-receipt"
        assert old.printed[0][0] == "t1-receipt"
        assert new.tell_late is not None
        await spool.use(None, None)
        assert not spool.has_printer


async def test_driver_that_never_comes_back_is_given_up_and_the_next_receipt_is_printed(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(print_spool, "JOB_GUARD_S", 0.05)
    paper = Paper()
    paper.hangs = asyncio.Event()
    async with opened(tmp_path) as journal, spool_of(journal, paper) as spool:
        await journal.commit(receipt("t1"))
        await until(state_is(journal, "t1-receipt", JobState.UNKNOWN))
        assert "F3 prints a copy" in spool.state_of("t1-receipt")
        paper.hangs.set()
        await journal.commit(receipt("t2"))
        await until(state_is(journal, "t2-receipt", JobState.CONFIRMED))
        assert [job_id for job_id, _ in paper.printed] == ["t2-receipt"]


async def test_what_was_being_sent_when_the_register_died_is_unknown_and_stays_unsent(tmp_path):
    paper = Paper()
    paper.hangs = asyncio.Event()
    async with opened(tmp_path) as journal:
        async with spool_of(journal, paper):
            await journal.commit(receipt("t1"))
            await until(state_is(journal, "t1-receipt", JobState.SENDING))
        paper.hangs = None
        async with spool_of(journal, paper) as spool:
            await journal.commit(receipt("t2"))
            await until(state_is(journal, "t2-receipt", JobState.CONFIRMED))
            assert (await journal.job("t1-receipt")).state == JobState.UNKNOWN
            assert [job_id for job_id, _ in paper.printed] == ["t2-receipt"]
            assert "F3 prints a copy" in spool.state_of("t1-receipt")


async def test_copy_says_copy_and_renders_the_first_record(tmp_path):
    paper = Paper()
    async with opened(tmp_path) as journal, spool_of(journal, paper):
        await journal.commit(receipt("t1"))
        assert await journal.copies_of("t1") == 0
        copy = PrintJob(job_id="copy", kind="receipt", copy_no=1, source_txn_id="t1", reason="asked")
        await journal.commit(event("reprint", "r1", {"of_seq": 1, "copy_no": 1}, print_jobs=(copy,)))
        await until(state_is(journal, "copy", JobState.CONFIRMED))
        assert await journal.copies_of("t1") == 1
        assert "COPY" in str(paper.printed[1][1])
        assert [job.job_id for job in await journal.jobs_of("t1")] == ["t1-receipt", "copy"]


async def test_printer_without_paper_blocks_with_a_sentence_and_goes_on_by_itself(tmp_path):
    paper = Paper()
    paper.health = Health.PAPER_OUT
    async with opened(tmp_path) as journal, spool_of(journal, paper) as spool:
        await journal.commit(receipt("t1"))
        await journal.commit(receipt("t2"))
        await until(state_is(journal, "t1-receipt", JobState.BLOCKED))
        assert spool.state_of("t1-receipt") == "Printer out of paper; the receipt waits."
        assert (await journal.job("t2-receipt")).state == JobState.QUEUED
        assert paper.printed == []
        paper.health = Health.READY
        spool.wake()
        await until(state_is(journal, "t2-receipt", JobState.CONFIRMED))
        assert [job_id for job_id, _ in paper.printed] == ["t1-receipt", "t2-receipt"]


async def test_failed_attempt_with_nothing_sent_is_repeated_in_order(tmp_path):
    paper = Paper()
    paper.answers = [PrintOutcome.FAILED, PrintOutcome.FAILED]
    async with opened(tmp_path) as journal, spool_of(journal, paper):
        await journal.commit(receipt("t1"))
        await until(state_is(journal, "t1-receipt", JobState.CONFIRMED))
        assert (await journal.job("t1-receipt")).attempts == 3
        assert len(paper.printed) == 1


async def test_driver_that_breaks_leaves_an_unknown_job_and_the_lane_goes_on(tmp_path):
    paper = Paper()
    paper.answers = [ValueError("bug")]
    async with opened(tmp_path) as journal, spool_of(journal, paper):
        await journal.commit(receipt("t1"))
        await journal.commit(receipt("t2"))
        await until(state_is(journal, "t2-receipt", JobState.CONFIRMED))
        assert (await journal.job("t1-receipt")).state == JobState.UNKNOWN


async def test_two_unanswered_jobs_stop_the_lane_until_somebody_asks_for_a_copy(tmp_path):
    paper = Paper()
    paper.answers = [PrintOutcome.UNKNOWN, PrintOutcome.UNKNOWN]
    async with opened(tmp_path) as journal, spool_of(journal, paper) as spool:
        for txn_id in ("t1", "t2", "t3"):
            await journal.commit(receipt(txn_id))
        await until(state_is(journal, "t3-receipt", JobState.BLOCKED))
        assert "check it" in spool.state_of("t3-receipt")
        copy = PrintJob(job_id="copy", kind="receipt", copy_no=1, source_txn_id="t2")
        await journal.commit(event("reprint", "r1", {"of_seq": 2, "copy_no": 1}, print_jobs=(copy,)))
        await until(state_is(journal, "copy", JobState.CONFIRMED))
        assert (await journal.job("t3-receipt")).state == JobState.CONFIRMED


async def test_person_who_sees_the_paper_settles_an_unknown_job(tmp_path):
    paper = Paper()
    paper.answers = [PrintOutcome.UNKNOWN]
    async with opened(tmp_path) as journal, spool_of(journal, paper) as spool:
        await journal.commit(receipt("t1"))
        await until(state_is(journal, "t1-receipt", JobState.UNKNOWN))
        await spool.person_saw_paper("t1-receipt")
        assert (await journal.job("t1-receipt")).state == JobState.PRESUMED


async def test_paper_that_comes_out_after_all_settles_an_unknown_job(tmp_path):
    paper = Paper()
    paper.answers = [PrintOutcome.UNKNOWN]
    async with opened(tmp_path) as journal, spool_of(journal, paper) as spool:
        await journal.commit(receipt("t1"))
        await until(state_is(journal, "t1-receipt", JobState.UNKNOWN))
        paper.tell_late("t1-receipt")
        paper.tell_late("nobody's")
        await until(state_is(journal, "t1-receipt", JobState.CONFIRMED))
        assert spool.state_of("t1-receipt") == "Receipt printed."


async def test_full_disk_sends_nothing_says_why_and_goes_on_when_there_is_room(tmp_path):
    paper, disk = Paper(), FailingDisk()
    paper.health = Health.PAPER_OUT
    async with opened(tmp_path, driver=disk.driver(), storage=HeldStorage()) as journal:
        async with spool_of(journal, paper) as spool:
            await journal.commit(receipt("t1"))
            await until(state_is(journal, "t1-receipt", JobState.BLOCKED))
            disk.arm(1, "FULL", persistent=True)
            paper.health = Health.READY
            spool.wake()
            async with asyncio.timeout(5):
                while spool.state_of("t1-receipt") != "The disk is full; the receipt waits.":
                    await asyncio.sleep(0.01)
            assert paper.printed == []
            disk.disarm()
            spool.wake()
            await until(state_is(journal, "t1-receipt", JobState.CONFIRMED))
            assert len(paper.printed) == 1


async def test_outcome_that_cannot_be_stored_prints_nothing_twice(tmp_path):
    paper, disk = Paper(), FailingDisk()
    paper.hangs = asyncio.Event()
    async with opened(tmp_path, driver=disk.driver(), storage=HeldStorage()) as journal:
        async with spool_of(journal, paper):
            await journal.commit(receipt("t1"))
            await until(state_is(journal, "t1-receipt", JobState.SENDING))
            disk.arm(1, "FULL", persistent=True)
            paper.hangs.set()
            await asyncio.sleep(0.1)
            disk.disarm()
            await until(state_is(journal, "t1-receipt", JobState.CONFIRMED))
            assert len(paper.printed) == 1


async def test_lane_that_broke_off_while_sending_leaves_an_unknown_job(tmp_path):
    paper = Paper()
    paper.hangs = asyncio.Event()
    async with opened(tmp_path) as journal, spool_of(journal, paper, run=False) as spool:
        first = asyncio.create_task(spool.run_printer())
        await journal.commit(receipt("t1"))
        await until(state_is(journal, "t1-receipt", JobState.SENDING))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        paper.hangs = None
        second = asyncio.create_task(spool.run_printer())
        await until(state_is(journal, "t1-receipt", JobState.UNKNOWN))
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        assert paper.printed == []


async def test_without_a_printer_jobs_end_and_the_till_is_told(tmp_path):
    async with opened(tmp_path) as journal, spool_of(journal, None) as spool:
        assert not spool.has_printer
        await journal.commit(receipt("t1"))
        await until(state_is(journal, "t1-receipt", JobState.DISCARDED))
        assert spool.state_of("t1-receipt") == "No printer is attached."


async def test_record_without_paper_does_not_stop_the_lane(tmp_path):
    paper = Paper()
    job = PrintJob(job_id="odd", kind="report")
    async with opened(tmp_path) as journal, spool_of(journal, paper):
        await journal.commit(event("lock", "t1", print_jobs=(job,)))
        await journal.commit(Entry(kind="sale", txn_id="t2", body={"lines": 3}, fiscal=True,
                                   print_jobs=(PrintJob(job_id="broken", kind="receipt"),)))  # fmt: skip
        await journal.commit(receipt("t3"))
        await until(state_is(journal, "t3-receipt", JobState.CONFIRMED))
        assert (await journal.job("odd")).state == JobState.DISCARDED
        assert (await journal.job("broken")).state == JobState.DISCARDED


async def test_drawer_opens_once_per_job_and_is_never_tried_again(tmp_path):
    drawer = Till()
    drawer.answers = [PrintOutcome.CONFIRMED, PrintOutcome.FAILED, PrintOutcome.UNKNOWN]
    async with opened(tmp_path) as journal, spool_of(journal, Paper(), drawer) as spool:
        for txn_id in ("t1", "t2", "t3"):
            await journal.commit(with_drawer(txn_id))
        await until(state_is(journal, "t3-drawer", JobState.UNKNOWN))
        assert drawer.pulses == ["t1-drawer", "t2-drawer", "t3-drawer"]
        assert spool.state_of("t1-drawer") == ""
        assert "use its key" in spool.state_of("t2-drawer")
        await asyncio.sleep(0.05)
        assert len(drawer.pulses) == 3


async def test_drawer_of_a_printer_that_is_off_is_told_in_plain_words(tmp_path):
    drawer = Till()
    drawer.health = Health.OFFLINE
    drawer.answers = [PrintOutcome.FAILED]
    async with opened(tmp_path) as journal, spool_of(journal, Paper(), drawer) as spool:
        await journal.commit(with_drawer("t1"))
        await until(state_is(journal, "t1-drawer", JobState.DISCARDED))
        assert spool.state_of("t1-drawer") == "The drawer did not open (it is off or unplugged); use its key."


async def test_drawer_jobs_found_at_start_expire_and_never_fire(tmp_path):
    drawer = Till()
    async with opened(tmp_path) as journal:
        await journal.commit(with_drawer("t1"))
        async with spool_of(journal, Paper(), drawer):
            await journal.commit(with_drawer("t2"))
            await until(state_is(journal, "t2-drawer", JobState.CONFIRMED))
        assert (await journal.job("t1-drawer")).state == JobState.DISCARDED
        assert drawer.pulses == ["t2-drawer"]


async def test_drawer_that_nobody_waits_for_any_more_stays_closed(tmp_path):
    drawer, clock = Till(), StillClock(START_MS)
    async with opened(tmp_path, clock=clock, storage=HeldStorage()) as journal:
        async with spool_of(journal, Paper(), drawer, clock, run=False) as spool:
            await journal.commit(with_drawer("t1"))
            clock.pass_s(DRAWER_LIFE_S + 1)
            lane = asyncio.create_task(spool.run_drawer())
            await until(state_is(journal, "t1-drawer", JobState.DISCARDED))
            lane.cancel()
            await asyncio.gather(lane, return_exceptions=True)
    assert drawer.pulses == []


async def test_register_without_a_drawer_says_so_once(tmp_path):
    async with opened(tmp_path) as journal, spool_of(journal, Paper(), None) as spool:
        await journal.commit(with_drawer("t1"))
        await until(state_is(journal, "t1-drawer", JobState.DISCARDED))
        assert "no drawer is attached" in spool.state_of("t1-drawer")
