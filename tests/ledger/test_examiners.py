"""Batches are examined by processes of their own, with the findings of anywhere else; who dies there hurts nobody."""

import asyncio
import io
import os
import signal

import msgspec
import psutil
import pytest

from hq_arrivals import till
from ledger_books import NOW_MS, batch_of, ledger, open_at, post_all, tables, take
from store.exchange.acknowledgement import examine_all
from store.exchange.record import to_wire
from store.ledger import examiners as module
from store.ledger.examiner import Order, framed, serve
from store.ledger.examiners import Examiners

COUNT = 9


@pytest.fixture
def db():
    with ledger() as db:
        yield db


@pytest.fixture
async def examiners(monkeypatch):
    monkeypatch.setattr(module, "ALONE", 3)
    examiners = Examiners(processes=2)
    yield examiners
    await examiners.close()


def full(register):
    for _ in range(COUNT):
        register.add()
    return register


def found(examination):
    return [(each.record and each.record.seq, each.complaint, each.flags) for each in examination]


def pids(examiners):
    return [each._process.pid for each in examiners._processes if each._process is not None]


async def test_a_large_batch_keeps_its_order_and_gets_the_findings_it_would_get_here(db, examiners):
    register = full(till())
    register.add(v=99)
    series = open_at(db, register)
    wires = [to_wire(record) for record in register.records]
    wires[1] = msgspec.structs.replace(wires[1], signature="00" * 64)
    wires[4] = msgspec.structs.replace(wires[4], hash="zz")
    wires[7] = msgspec.structs.replace(wires[7], payload="{}")
    batch = batch_of(register, *wires)
    examination = await examiners.examine(batch, series, NOW_MS)
    assert found(examination.records) == found(examine_all(series.facts, batch.records))
    assert examination.public_key == register.public_key and len(pids(examiners)) == 2


async def test_what_processes_drafted_is_posted(db, examiners, monkeypatch):
    register = full(till())
    series, batch = open_at(db, register), batch_of(register)
    examination = await examiners.examine(batch, series, NOW_MS)
    assert take(db, batch, examination).stored == COUNT
    await examiners.drafts.settle()
    monkeypatch.setattr("store.ledger.posting.parse_checked", None)  # whoever reads a record again fails
    post_all(db, series, examiners.drafts)
    assert len(tables(db)["posted"]) == COUNT and tables(db)["retry"] == []


async def test_a_small_batch_needs_no_process(db, examiners):
    register = till()
    register.add()
    await examiners.examine(batch_of(register), open_at(db, register), NOW_MS)
    assert pids(examiners) == []


async def test_a_process_that_was_killed_is_replaced_and_the_batch_is_examined_all_the_same(db, examiners):
    register = full(till())
    series, batch = open_at(db, register), batch_of(register)
    await examiners.start()
    killed = pids(examiners)
    for each in examiners._processes:
        os.kill(each._process.pid, signal.SIGKILL)
        await each._process.wait()
    for _ in range(2):
        examination = await examiners.examine(batch, series, NOW_MS)
        assert found(examination.records) == found(examine_all(series.facts, batch.records))
    assert len(pids(examiners)) == 2 and not set(pids(examiners)) & set(killed)


async def test_whoever_stops_waiting_leaves_no_half_of_an_answer_behind(db, examiners):
    register = full(till())
    series, batch = open_at(db, register), batch_of(register)
    impatient = asyncio.create_task(examiners.examine(batch, series, NOW_MS))
    await asyncio.sleep(0.01)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    examination = await examiners.examine(batch, series, NOW_MS)
    assert found(examination.records) == found(examine_all(series.facts, batch.records))


async def test_closing_ends_the_processes_and_whoever_waits(db):
    examiners = Examiners(processes=1)
    await examiners.start()
    [pid] = pids(examiners)
    register = till()
    for _ in range(module.ALONE + 1):
        register.add()
    waiting = asyncio.create_task(examiners.examine(batch_of(register), open_at(db, register), NOW_MS))
    await asyncio.sleep(0)
    await examiners.close()
    assert not psutil.pid_exists(pid)
    assert len((await waiting).records) == module.ALONE + 1


def test_a_process_ends_when_nobody_gives_orders_any_more(db):
    register = full(till())
    series = open_at(db, register)
    order = Order(series.store, series.facts, NOW_MS, batch_of(register).records)
    sink = io.BytesIO()
    serve(io.BytesIO(framed(msgspec.msgpack.encode(order)) + b"\0"), sink)
    sink.seek(0)
    answers = []
    while length := sink.read(4):
        answers.append(msgspec.msgpack.decode(sink.read(int.from_bytes(length, "big"))))
    assert [len(answer) for answer in answers] == [COUNT, COUNT]
