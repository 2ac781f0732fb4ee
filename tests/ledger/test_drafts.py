"""What a record does, worked out beforehand, is what posting would have done; without a draft nothing is missing."""

import asyncio
import time

import pytest

from hq_arrivals import till
from ledger_books import NOW_MS, batch_of, ledger, open_at, post_all, tables, take
from server_world import body
from store.exchange.acknowledgement import examine_all
from store.ledger import drafts as module
from store.ledger.drafts import Drafts, draft_of
from store.ledger.effects import Ref


@pytest.fixture
def db():
    with ledger() as db:
        yield db


def drafted(batch, series):
    """The drafts of a batch, as a process of its own makes them."""
    drafts = Drafts()
    drafts.announce()
    found = []
    for each in examine_all(series.facts, batch.records):
        ref = Ref(store=series.store, series=series.series, seq=each.record.seq, now_ms=NOW_MS)
        if not each.flags and (draft := draft_of(ref, each.document)) is not None:
            found.append((each.record.hash, draft))
    drafts.arrive(found)
    return drafts, len(found)


def shift(register):
    """A shift of everything there is: sound, odd, doubled, unknown and unsigned records."""
    register.add("shift.open")
    register.add()
    register.add(total=700)
    register.add("drawer.open")
    register.add(txn_id=body(register.series, 2)["txn_id"])
    register.add(receipt_no=3)
    register.add("something.new")
    register.add(lines="none")
    register.add(v=99)
    register.add("shift.close", sales=2, sales_total=1252, expected_cash=0)
    register.add()


def test_books_are_the_same_with_drafts_and_without(db):
    register = till()
    shift(register)
    series, batch = open_at(db, register), batch_of(register)
    drafts, count = drafted(batch, series)
    assert 0 < count < len(batch.records)
    take(db, batch)
    post_all(db, series, drafts)
    with ledger() as other:
        open_at(other, register)
        take(other, batch)
        post_all(other, series)
        assert tables(db) == tables(other)
    assert {row[3] for row in tables(db)["quarantine"]} >= {"txn_id is that of record 2"}
    assert tables(db)["difference"] and len(tables(db)["retry"]) == 1


def test_a_draft_gives_way_where_a_name_is_taken_meanwhile(db):
    first, second = till(), till("S0001-R02")
    first.add()
    second.add()  # with the txn_id of the other one, as a cloned machine
    batches = [(batch_of(each), open_at(db, each)) for each in (first, second)]
    for batch, series in batches:
        drafts, count = drafted(batch, series)
        take(db, batch)
        post_all(db, series, drafts)
        assert count == 1
    assert [row[1:4] for row in tables(db)["difference"]] == [("S0001-R02.1", 1, "txn_id")]


def test_only_what_is_in_a_record_makes_a_draft():
    ref = Ref(store="S0001", series="S0001-R01.1", seq=1, now_ms=NOW_MS)
    assert draft_of(ref, body(ref.series, 1)) is not None
    assert draft_of(ref, body(ref.series, 1, "shift.close")) is None, "a closing is compared with the books"
    assert draft_of(ref, body(ref.series, 1, "something.new")) is None
    assert draft_of(ref, {}) is None


def test_a_draft_is_given_out_once_and_the_oldest_go_first(monkeypatch):
    monkeypatch.setattr(module, "MOST_DRAFTS", 2)
    ref = Ref(store="S0001", series="S0001-R01.1", seq=1, now_ms=NOW_MS)
    draft = draft_of(ref, body(ref.series, 1))
    drafts = Drafts()
    drafts.announce()
    drafts.arrive((bytes([n]), draft) for n in range(3))
    assert drafts.take(b"\0") is None
    assert drafts.take(b"\1").txn_id == body(ref.series, 1)["txn_id"]
    assert drafts.take(b"\1") is None


async def test_posting_waits_for_drafts_on_their_way_but_not_for_ever(monkeypatch):
    monkeypatch.setattr(module, "SETTLE_S", 0.05)
    drafts = Drafts()
    await drafts.settle()
    drafts.announce()
    begun = time.monotonic()
    await drafts.settle()
    assert time.monotonic() - begun >= 0.05
    monkeypatch.setattr(module, "SETTLE_S", 60)
    waiting = asyncio.create_task(drafts.settle())
    await asyncio.sleep(0)
    assert not waiting.done()
    drafts.arrive(())
    await waiting


def test_a_draft_belongs_to_no_other_bytes(db):
    register = till()
    register.add()
    series = open_at(db, register)
    drafts, _ = drafted(batch_of(register), series)
    other = till(key=register.key)
    other.add(lines=[], total=0)
    take(db, batch_of(other))
    post_all(db, series, drafts)
    assert tables(db)["sale_line"] == []
