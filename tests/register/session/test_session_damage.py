"""A journal whose records do not hold: nothing is sold until they do, and nothing that is stored is lost by it."""

import contextlib
import sqlite3

import pytest

from session_fakes import BREAD, DONE, MILK, REFUSED, SOLD, World
from store.register.intents import IntentKind
from store.register.journal.chain import TailCheck
from store.register.journal.errors import JournalDamaged
from store.register.session.session import Session
from store.register.view import Mode, Tone


@pytest.fixture
async def world(tmp_path):
    """The disk of a register that was killed with one sale stored and one open."""
    world = World(tmp_path)
    try:
        world.sold_seq = await sold_and_open(world)
        yield world
    finally:
        for till in tuple(world.live):
            await till.kill()


async def sold_and_open(world):
    """Sell one, begin another; answers the number of the sale's record."""
    till = await (await world.start()).ready()
    await till.scan(MILK)
    await till.operation(206)
    await till.scan(BREAD)
    (seq,) = [payload["seq"] for payload in await till.records() if payload["kind"] == "sale"]
    await till.kill()
    return seq


@contextlib.contextmanager
def opened(path):
    """The journal's file as somebody with an editor sees it."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        for (name,) in db.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            db.execute(f"drop trigger {name}")
        yield db
        db.commit()


def write(path, seq, payload):
    """Put other bytes in the place of a record's payload; returns what stood there."""
    with opened(path) as db:
        (before,) = db.execute("select payload from record where seq = ?", (seq,)).fetchone()
        db.execute("update record set payload = ? where seq = ?", (payload(before), seq))
    return before


def cheaper(payload):
    changed = bytes(payload).replace(b'"total":109', b'"total":108')
    assert changed != payload
    return changed


async def test_record_that_was_changed_stops_the_next_start_with_its_number_and_what_to_do(world):
    before = write(world.path, world.sold_seq, cheaper)
    till = await world.start()
    assert till.view.mode is Mode.SAFE_STOP
    message = till.view.message
    assert (message.tone, message.sound) == (Tone.ERROR, True)
    assert message.text == (
        f"Record {world.sold_seq} of the journal has another content than its hash says. "
        "Export the journal, call for help, sell at a spare register. Enter looks again."
    )
    assert (await till.scan(MILK)).outcome is REFUSED
    assert (await till.enter()).outcome is REFUSED
    assert f"Record {world.sold_seq}" in till.view.message.text
    write(world.path, world.sold_seq, lambda _: before)
    assert (await till.enter()).outcome is DONE
    assert (till.view.mode, till.view.count) == (Mode.SALE, 1)
    assert "Rye bread" in till.view.message.text
    assert (await till.scan(MILK)).outcome is SOLD


async def test_keys_pressed_while_stopped_are_not_taken_a_second_time_after_the_repair(world):
    before = write(world.path, world.sold_seq, cheaper)
    till = await world.start()
    stopped = till.submission(IntentKind.ENTER)
    await till.session.handle([stopped])
    write(world.path, world.sold_seq, lambda _: before)
    await till.enter()
    (again,) = await till.session.handle([stopped])
    assert again.outcome.value == "again"


async def test_open_sale_stays_when_the_check_beside_it_finds_damage(world):
    till = await world.start()
    check = till.real_journal.check_tail
    bad = TailCheck(checked=0, first_bad_seq=3, reason="has a signature that is not this register's")

    async def finds(**_):
        return bad

    till.journal.check_tail = finds
    till.session.journal_damaged(bad.sentence)
    assert (till.view.mode, till.view.count) == (Mode.SAFE_STOP, 1)
    assert "Record 3 of the journal has a signature that is not this register's." in till.view.message.text
    assert (await till.enter()).outcome is REFUSED
    till.journal.check_tail = check
    assert (await till.enter()).outcome is DONE
    assert (till.view.mode, till.view.count) == (Mode.SALE, 1)


async def test_damage_found_in_the_middle_of_a_batch_stops_after_it(world):
    till = await world.start()
    find_item = world.gateway.find_item

    async def meanwhile(keys):
        till.session.journal_damaged("Record 3 of the journal is missing.")
        return await find_item(keys)

    world.gateway.find_item = meanwhile
    assert (await till.scan(MILK)).outcome is SOLD
    assert (till.view.mode, till.view.count) == (Mode.SAFE_STOP, 2)


async def test_news_of_the_connection_do_not_cover_why_the_register_is_stopped(world):
    write(world.path, world.sold_seq, cheaper)
    till = await world.start()
    world.connection.mode = type(world.connection.mode).OFFLINE_AUTO
    till.session.connection_changed()
    assert till.view.header.connection == "OFFLINE auto"
    assert f"Record {world.sold_seq}" in till.view.message.text


async def test_draft_that_cannot_be_read_is_not_overwritten_by_the_enter_that_tries_again(world):
    till = await world.start()
    load_draft = till.real_journal.load_draft

    async def fails():
        raise JournalDamaged("The journal cannot be read.")

    till.journal.load_draft = fails
    till.session = Session(world.ports(till.journal))  # the next core on the same journal
    await till.session.restore()
    assert till.view.mode is Mode.SAFE_STOP
    assert (await till.enter()).outcome is REFUSED
    till.journal.load_draft = load_draft
    assert (await till.enter()).outcome is DONE
    assert (till.view.mode, till.view.count) == (Mode.SALE, 1)


async def test_journal_that_cannot_be_checked_at_all_says_so(world):
    till = await world.start()
    with opened(world.path) as db:
        db.execute("alter table till rename to elsewhere")
    found = await till.real_journal.check_tail()
    assert found.first_bad_seq == -1
    assert found.sentence.startswith("The journal cannot be checked (")
    with opened(world.path) as db:
        db.execute("alter table elsewhere rename to till")
