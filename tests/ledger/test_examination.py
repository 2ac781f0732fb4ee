"""A batch is examined beside the database, and judged as if it had been looked at inside the unit."""

import sqlite3

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hq_arrivals import opening, till
from store.database.connection import run_unit
from store.database.migrations import load_steps, migrate
from store.exchange.acknowledgement import examine_all
from store.exchange.messages import RecordBatch
from store.exchange.record import to_wire
from store.ledger.examination import Examination
from store.ledger.series import accept, find_series, open_series


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


def examination_of(batch, facts):
    return Examination(public_key=facts.public_key, records=examine_all(facts, batch.records))


def batch_of(register, *wires):
    content = register.batch_of(wires) if wires else register.batch()
    return msgspec.json.decode(content, type=RecordBatch)


@pytest.mark.parametrize(
    "damage", [{"signature": "00" * 64}, {"hash": "zz"}, {"payload": "{}"}, {"key_id": "x"}]
)
def test_what_is_wrong_with_a_record_is_found_before_and_inside_the_unit_alike(db, damage):
    register = till()
    for _ in range(3):
        register.add()
    facts = opened(db, register)
    wires = [to_wire(record) for record in register.records]
    wires[1] = msgspec.structs.replace(wires[1], **damage)
    batch = batch_of(register, *wires)
    examination = examination_of(batch, facts)
    outcomes = []
    for given in (examination, None):
        db.execute("begin")
        done = accept(db, batch, 1, examination=given)
        outcomes.append(([each.outcome for each in done.answer.records], done.refused))
        db.execute("rollback")
    assert outcomes[0] == outcomes[1] and outcomes[0][0] == ["accepted", "rejected", "skipped"]


def test_an_examination_under_another_key_is_not_believed(db):
    register = till()
    register.add()
    facts = opened(db, register)
    forged = till(key=Ed25519PrivateKey.generate())
    forged.add()
    other = msgspec.structs.replace(
        facts, public_key=forged.public_key, key_id=to_wire(forged.records[0]).key_id
    )
    batch = batch_of(forged)
    examination = examination_of(batch, other)
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
