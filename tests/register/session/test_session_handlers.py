"""Ways out of the till's flows that an error of the journal or a rule of the sale takes; each is taken here once."""

import pytest

from session_fakes import BREAD, DONE, MILK, REFUSED, running
from store.register.journal.errors import JournalFull
from store.register.session import tender_desk
from store.register.view import Mode
from store.sale import paying
from store.sale.refusal import SaleRefused

FULL = JournalFull("The disk is full. Free some space.")
NOT_NOW = "Not now. Try it in a moment."


async def full(*_, **__):
    raise FULL


def refuses(*_, **__):
    raise SaleRefused(NOT_NOW)


@pytest.fixture
async def till(tmp_path):
    async with running(tmp_path) as running_till:
        await running_till.ready()
        await running_till.scan(MILK)
        yield running_till


async def test_counters_that_cannot_be_read_are_said_and_the_sale_goes_on(till):
    counts, till.journal.counts = till.journal.counts, full
    await till.session.refresh()
    assert till.view.message.text == FULL.sentence
    till.journal.counts = counts
    assert (await till.scan(BREAD)).outcome.value == "sold"


async def test_drawer_cannot_be_counted_while_the_shift_cannot_be_read(till):
    await till.operation(206)
    await till.operation(1055)
    assert till.view.mode is Mode.CLOSING
    till.journal.shift_payloads = full
    outcome = await till.enter("100")
    assert (outcome.outcome, outcome.why) == (REFUSED, FULL.sentence)
    assert (till.view.mode, till.view.question) == (Mode.CLOSING, None)
    till.journal.shift_payloads = till.real_journal.shift_payloads
    await till.enter("100")
    assert till.view.question.kind == "close_shift"


async def test_right_pin_signs_nobody_in_whose_tries_cannot_be_forgiven(till):
    await till.operation(703)

    async def fails_after_the_tries_were_counted(lockout):
        if lockout.failures == 0:
            raise FULL
        await till.real_journal.save_lockout(lockout)

    till.journal.save_lockout = fails_after_the_tries_were_counted
    assert (await till.sign_in()).outcome is REFUSED
    assert till.view.mode is Mode.SAFE_STOP
    till.journal.save_lockout = till.real_journal.save_lockout
    await till.enter()
    assert (await till.sign_in()).outcome is DONE
    assert (till.view.mode, till.view.count) == (Mode.SALE, 1)


async def test_what_the_sale_refuses_while_paying_leaves_everything_as_it_was(till, monkeypatch):
    await till.operation(139)
    monkeypatch.setattr(paying, "back_to_sale", refuses)
    outcome = await till.back()
    assert (outcome.outcome, outcome.why, till.view.mode) == (REFUSED, NOT_NOW, Mode.TENDER)
    await till.operation(201, "0.50")
    await till.answer("yes")
    await till.operation(211)
    monkeypatch.setattr(paying, "void_tender", refuses)
    outcome = await till.answer("yes")
    assert (outcome.outcome, outcome.why) == (REFUSED, NOT_NOW)
    assert [row.amount for row in till.view.tender.taken] == [50]


async def test_sale_that_cannot_be_voided_by_its_rules_stays(till, monkeypatch):
    await till.operation(500)
    monkeypatch.setattr(tender_desk.paying, "void_sale", refuses)
    outcome = await till.answer("yes")
    assert (outcome.outcome, outcome.why) == (REFUSED, NOT_NOW)
    assert (till.view.mode, till.view.count) == (Mode.SALE, 1)
    assert "void" not in await till.kinds()
