"""A batch is examined beside the database, in pieces, and judged as if it had been looked at inside the unit."""

import sqlite3

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hq_arrivals import opening, till
from store.database.connection import run_unit
from store.database.migrations import load_steps, migrate
from store.exchange.messages import RecordBatch
from store.exchange.record import to_wire
from store.ledger import series
from store.ledger.series import accept, examine_batch, find_series, open_series


@pytest.fixture
def db():
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, load_steps("store.server"))
    yield db
    db.close()


def opened(db, register):
    facts = opening(register)
    open_series(
        db,
        store=facts.store,
        series=facts.series,
        register=facts.register,
        epoch=facts.epoch,
        public_key=register.public_key,
        insecure=True,
        now_ms=1,
    )
    return find_series(db, register.series).facts


def batch_of(register, *wires):
    content = register.batch_of(wires) if wires else register.batch()
    return msgspec.json.decode(content, type=RecordBatch)


async def test_a_large_batch_is_examined_in_pieces_and_keeps_its_order(db, monkeypatch):
    monkeypatch.setattr(series, "EXAMINED_AT_ONCE", 3)
    pieces = []
    real = series._examine_all
    monkeypatch.setattr(
        series, "_examine_all", lambda wires, facts: pieces.append(len(wires)) or real(wires, facts)
    )
    register = till()
    for _ in range(8):
        register.add()
    facts = opened(db, register)
    batch = batch_of(register)
    examination = await examine_batch(batch, facts)
    assert sorted(pieces) == [2, 3, 3]
    assert [each.record.seq for each in examination.records] == list(range(1, 9))
    done = run_unit(db, lambda db: accept(db, batch, 1, examination=examination))
    assert (done.stored, done.refused, pieces[3:]) == (8, None, [])


@pytest.mark.parametrize(
    "damage", [{"signature": "00" * 64}, {"hash": "zz"}, {"payload": "{}"}, {"key_id": "x"}]
)
async def test_what_is_wrong_with_a_record_is_found_before_and_inside_the_unit_alike(db, damage):
    register = till()
    for _ in range(3):
        register.add()
    facts = opened(db, register)
    wires = [to_wire(record) for record in register.records]
    wires[1] = msgspec.structs.replace(wires[1], **damage)
    batch = batch_of(register, *wires)
    examination = await examine_batch(batch, facts)
    outcomes = []
    for given in (examination, None):
        db.execute("begin")
        done = accept(db, batch, 1, examination=given)
        outcomes.append(([each.outcome for each in done.answer.records], done.refused))
        db.execute("rollback")
    assert outcomes[0] == outcomes[1] and outcomes[0][0] == ["accepted", "rejected", "skipped"]


async def test_an_examination_under_another_key_is_not_believed(db):
    register = till()
    register.add()
    facts = opened(db, register)
    forged = till(key=Ed25519PrivateKey.generate())
    forged.add()
    other = msgspec.structs.replace(
        facts, public_key=forged.public_key, key_id=to_wire(forged.records[0]).key_id
    )
    batch = batch_of(forged)
    examination = await examine_batch(batch, other)
    assert not examination.records[0].complaint
    done = run_unit(db, lambda db: accept(db, batch, 1, examination=examination))
    assert done.answer.records[0].outcome == "rejected" and done.stored == 0


def test_a_closed_series_goes_on_only_where_nobody_fences(db):
    register = till()
    register.add()
    register.add()
    opened(db, register)
    opened(db, till(epoch=2))
    batch = batch_of(register)
    assert run_unit(db, lambda db: accept(db, batch, 1)).answer.records[0].outcome == "fenced"
    assert run_unit(db, lambda db: accept(db, batch, 1, fence=False)).stored == 2


def test_records_far_apart_in_one_batch_do_not_read_all_that_lies_between(db):
    register = till()
    for _ in range(30):
        register.add()
    opened(db, register)
    run_unit(db, lambda db: accept(db, batch_of(register), 1))
    asked = []
    db.set_trace_callback(asked.append)
    wires = [to_wire(register.records[n]) for n in (0, 29)]
    done = run_unit(db, lambda db: accept(db, batch_of(register, *wires), 1))
    assert [each.outcome for each in done.answer.records] == ["duplicate", "duplicate"]
    assert not any("between 1 and 30" in statement for statement in asked)
