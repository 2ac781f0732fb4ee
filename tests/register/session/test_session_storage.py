"""The disk: what cannot be stored is not sold, is said, and can be tried again; nothing shown is lost."""

import pytest

from session_fakes import BREAD, DONE, MILK, REFUSED, SOLD, running
from store.register.intents import IntentKind
from store.register.journal.journal import EntryRefused, JournalFull, JournalUnknown
from store.register.view import Mode, Tone

FULL = JournalFull("The disk is full. Free some space.")


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        await running_till.ready()
        await running_till.scan(MILK)
        yield running_till


async def test_a_line_that_cannot_be_stored_is_refused_and_the_sale_is_as_before(till):
    till.journal.fails = FULL
    outcome = await till.scan(BREAD)
    assert (outcome.outcome, outcome.why) == (REFUSED, FULL.sentence)
    assert (till.view.mode, till.view.count) == (Mode.SAFE_STOP, 1)
    assert "disk is full" in till.view.message.text
    assert (till.view.message.tone, till.view.message.sound) == (Tone.ERROR, True)


async def test_a_sale_that_cannot_be_committed_is_not_paid_and_can_be_paid_later(till):
    await till.operation(139)
    till.journal.fails = FULL
    assert (await till.enter("10")).outcome is REFUSED
    assert (till.view.mode, till.view.paid) == (Mode.SAFE_STOP, None)
    assert till.world.printing.wakes == 0
    assert (await till.scan(BREAD)).outcome is REFUSED
    assert (await till.enter()).outcome is REFUSED
    till.journal.fails = None
    assert (await till.enter()).outcome is DONE
    assert (till.view.mode, till.view.totals.due) == (Mode.TENDER, 109)
    await till.enter("10")
    assert till.view.mode is Mode.PAID
    assert (await till.kinds()).count("sale") == 1


async def test_what_came_before_the_failure_in_the_same_batch_and_was_committed_stays(till):
    await till.operation(139)
    batch = [till.submission(IntentKind.ENTER), till.submission(IntentKind.ENTER, BREAD)]
    save_draft = till.journal.save_draft

    async def full(draft):
        raise FULL

    till.journal.save_draft = full
    outcomes = await till.session.handle(batch)
    assert [outcome.outcome for outcome in outcomes] == [DONE, REFUSED]
    assert (await till.kinds()).count("sale") == 1
    till.journal.save_draft = save_draft
    await till.enter()
    assert (till.view.mode, till.view.paid.total) == (Mode.PAID, 109)


async def test_the_command_retry_leaves_the_safe_stop_too(till):
    assert await till.session.retry() == "The register is not stopped."
    till.journal.fails = FULL
    await till.scan(BREAD)
    till.journal.fails = None
    assert "can be written again" in await till.session.retry()
    assert till.view.mode is Mode.SALE


async def test_a_commit_of_unknown_outcome_stops_safely_and_is_settled_at_the_next_start(till):
    await till.operation(139)
    till.journal.fails = JournalUnknown("The disk failed.")
    await till.enter()
    assert till.view.mode is Mode.SAFE_STOP
    till = await till.restarted()
    assert (till.view.mode, till.view.totals.due) == (Mode.TENDER, 109)


async def test_a_commit_that_came_true_after_all_is_not_paid_a_second_time(till):
    await till.operation(139)
    commit = till.journal.commit

    async def fails_afterwards(entry):
        await commit(entry)
        raise JournalUnknown("The disk failed.")

    till.journal.commit = fails_afterwards
    assert (await till.enter("10")).outcome is REFUSED
    assert till.view.mode is Mode.SAFE_STOP
    till.journal.commit = commit
    assert (await till.enter()).outcome is DONE
    assert (till.view.mode, till.view.count) == (Mode.IDLE, 0)
    assert till.view.message.text == "The last sale is stored: receipt 1, change 8.91."
    assert (await till.scan(BREAD)).outcome is SOLD
    assert (await till.kinds()).count("sale") == 1


async def test_a_record_that_is_refused_stops_nothing(till):
    await till.operation(139)
    till.journal.fails = EntryRefused("The record is too large.")
    till.journal.save_draft = till.real_journal.save_draft
    assert (await till.enter()).outcome is REFUSED
    assert (till.view.mode, till.view.message.text) == (Mode.TENDER, "The record is too large.")


async def test_with_little_free_space_the_open_sale_is_finished_and_no_other_begun(till):
    till.world.free = 10 * 1024 * 1024
    assert (await till.scan(BREAD)).outcome is SOLD
    await till.operation(139)
    await till.enter()
    assert till.view.mode is Mode.PAID
    assert (await till.scan(MILK)).outcome is REFUSED
    assert till.view.mode is Mode.SAFE_STOP
    assert "Free space, then Enter." in till.view.message.text
    assert (await till.enter()).outcome is REFUSED
    assert (till.view.mode, "nearly full" in till.view.message.text) == (Mode.SAFE_STOP, True)
    till.world.free = 10**12
    await till.enter()
    assert (await till.scan(MILK)).outcome is SOLD


async def test_a_forked_series_stops_in_mid_sale_and_no_enter_gets_past_it(till):
    till.world.series_trouble = "The server has another record than this register."
    await till.session.refresh()
    assert till.view.mode is Mode.SAFE_STOP
    assert (await till.enter()).outcome is REFUSED
    assert till.view.message.text == till.world.series_trouble
    till.world.series_trouble = ""
    assert (await till.enter()).outcome is DONE
    assert (till.view.mode, till.view.count) == (Mode.SALE, 1)


async def test_no_sale_begins_in_a_series_that_is_refused(till):
    await till.operation(206)
    till.world.series_trouble = "This register was set back."
    assert (await till.scan(MILK)).outcome is REFUSED
    assert till.view.mode is Mode.SAFE_STOP


@pytest.mark.parametrize(
    ("steps", "mode"),
    [
        ([(1056, "")], Mode.PAID),
        ([(115, "")], Mode.PAID),
        ([(1000, "")], Mode.PAID),
        ([(1055, ""), (0, "100"), (0, "yes")], Mode.CLOSING),
        ([(703, "")], Mode.PAID),
        ([(701, "")], Mode.PAID),
    ],
)
async def test_every_shift_flow_meets_a_failing_journal_with_a_sentence_and_no_harm(till, steps, mode):
    """Reads fail first, then writes; afterwards the till stands where it stood."""
    await till.operation(206)
    commits = list(till.journal.commits)
    for number, text in steps[:-1]:
        await (till.operation(number) if number else till.enter(text))
    number, text = steps[-1]

    async def step():
        return await (till.operation(number) if number else till.answer(text))

    reads = {name: getattr(till.real_journal, name) for name in ("shift_payloads", "last_receipt", "head")}
    question = till.view.question
    for name in reads:
        setattr(till.journal, name, fails)
    if number in (1056, 115) or text:
        assert (await step()).outcome is REFUSED
        assert till.view.message.text == FULL.sentence
    for name, read in reads.items():
        setattr(till.journal, name, read)
    if question is not None:
        await till.enter("100")
    till.journal.fails = FULL
    assert (await step()).outcome is REFUSED
    assert till.view.mode is Mode.SAFE_STOP
    assert till.journal.commits == commits
    till.journal.fails = None
    await till.enter()
    assert till.view.mode is (Mode.IDLE if mode is Mode.CLOSING else mode)


async def fails(*_):
    raise FULL


async def test_a_pin_is_not_judged_when_the_attempt_cannot_be_stored(till):
    await till.operation(703)
    till.journal.save_lockout = fails
    await till.enter("101")
    assert (await till.enter("101101")).outcome is REFUSED
    assert till.view.mode is Mode.SAFE_STOP
    del till.journal.save_lockout
    await till.enter()
    assert till.view.mode is Mode.LOCKED
    assert (await till.sign_in()).outcome is DONE


async def test_a_sale_that_cannot_be_voided_stays(till):
    await till.operation(500)
    till.journal.fails = FULL
    assert (await till.answer("yes")).outcome is REFUSED
    till.journal.fails = None
    await till.enter()
    assert (till.view.mode, till.view.count) == (Mode.SALE, 1)


async def test_filling_up_is_told_at_sign_in(tmp_path):
    async with running(tmp_path) as till:
        await till.ready()
        await till.operation(701)
        till.world.free = 100 * 1024 * 1024
        await till.sign_in()
        assert "disk is filling up" in till.view.message.text


async def test_connection_status_works_while_the_register_is_stopped(till):
    till.journal.fails = FULL
    await till.scan(BREAD)
    assert (await till.operation(917)).outcome is DONE
    assert 917 in till.view.operations
