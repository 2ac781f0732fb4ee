"""Whatever is sent twice, lost, late, by two servers or by a restored one: headquarters ends with the journal."""

import asyncio
import sqlite3
from collections import Counter

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from hq_arrivals import opening, till
from store.database.connection import read_unit, run_unit
from store.database.migrations import load_steps, migrate, render
from store.exchange.canonical import parse_document
from store.exchange.messages import RecordBatch
from store.headquarters.nouns.way_up import TotalList
from store.headquarters.records.totals import totals
from store.headquarters.registers.openings import check_opening, take_opening
from store.ledger.posting import Poster
from store.ledger.reports import conservation
from store.ledger.series import accept, find_series

KEYS = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2)]
KINDS = ("sale", "sale", "void", "drawer.open", "shift.open", "coupon")
ACTIONS = st.one_of(
    st.tuples(st.just("sell"), st.integers(0, 1), st.sampled_from(KINDS)),
    st.tuples(st.just("accept"), st.integers(0, 1), st.integers(0, 1)),
    st.tuples(st.just("restore"), st.integers(0, 1), st.integers(0, 4)),
    st.tuples(
        st.just("deliver"), st.integers(0, 1), st.integers(0, 1), st.integers(0, 12), st.integers(1, 5)
    ),
    st.tuples(st.just("crash"), st.integers(0, 1), st.integers(0, 1)),
    st.tuples(st.just("open"), st.integers(0, 1)),
    st.tuples(st.just("post")),
)


class Direct:
    """Headquarters' database in memory, used as `Channel` is."""

    def __init__(self):
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.db, load_steps("store.headquarters"))

    async def work(self, fn, *args):
        return run_unit(self.db, fn, *args)

    async def read(self, fn, *args):
        return read_unit(self.db, fn, *args)


class World:
    """Two registers, two servers that hold a beginning of each journal, one headquarters."""

    def __init__(self):
        self.hq = Direct()
        self.registers = [till(f"S0001-R0{n + 1}", key=key) for n, key in enumerate(KEYS)]
        self.accepted = [[0, 0], [0, 0]]
        self.now_ms = 1_000
        self.poster = Poster(self.hq, lambda: self.now_ms, first_wait_ms=1)

    def open(self, register):
        told = opening(self.registers[register])
        run_unit(self.hq.db, take_opening, told, check_opening(told), self.now_ms)

    def batch(self, register, first, last):
        return msgspec.json.decode(self.registers[register].batch(first, last), type=RecordBatch)

    def take(self, db, register, first, last):
        return accept(db, self.batch(register, first, last), self.now_ms, fence=False)

    def head(self, register):
        return find_series(self.hq.db, self.registers[register].series).head.seq

    def deliver(self, server, register, first, count):
        """A batch of what the server holds, from any place; whether the answer arrives changes nothing."""
        held = self.accepted[server][register]
        first = min(max(first, 1), held)
        if not held or find_series(self.hq.db, self.registers[register].series) is None:
            return
        before = self.head(register)
        done = run_unit(self.hq.db, self.take, register, first, min(held, first + count - 1))
        assert done.answer.acked_seq == self.head(register) >= before
        if first > before + 1:
            assert done.answer.records[0].outcome == "gap" and done.answer.expected == before + 1

    def crash(self, server, register):
        """Headquarters dies before the commit of a batch: nothing of it happened."""
        held, before = self.accepted[server][register], len(self.stored())

        def dies(db):
            self.take(db, register, 1, held)
            raise KeyboardInterrupt

        if held and find_series(self.hq.db, self.registers[register].series) is not None:
            with pytest.raises(KeyboardInterrupt):
                run_unit(self.hq.db, dies)
            assert len(self.stored()) == before

    def stored(self):
        return self.hq.db.execute(
            "select series, seq, payload, hash from record order by series, seq"
        ).fetchall()

    def step(self, action):
        match action:
            case ("sell", register, kind):
                self.registers[register].add(kind)
            case ("accept", server, register):
                self.accepted[server][register] = len(self.registers[register].records)
            case ("restore", server, back):
                self.accepted[server] = [max(0, held - back) for held in self.accepted[server]]
            case ("deliver", server, register, first, count):
                self.deliver(server, register, first, count)
            case ("crash", server, register):
                self.crash(server, register)
            case ("open", register):
                self.open(register)
            case ("post",):
                asyncio.run(self.poster.post_all())
        assert conservation(self.hq.db, "S0001").holds

    def settle(self):
        """In the end the registers are connected, their server holds everything and delivers from the head on."""
        for register, each in enumerate(self.registers):
            self.open(register)
            self.accepted[0][register] = len(each.records)
            while self.head(register) < len(each.records):
                self.deliver(0, register, self.head(register) + 1, 3)
        for _ in range(100):
            self.now_ms += 1_000
            if not asyncio.run(self.poster.post_all()):
                break

    def journal(self):
        return [
            (each.series, record.seq, record.payload, record.hash)
            for each in self.registers
            for record in each.records
        ]

    def bodies(self):
        return [(each, parse_document(record.payload)) for each in self.registers for record in each.records]


@given(st.lists(ACTIONS, max_size=40))
@settings(max_examples=120, deadline=None)
def test_any_order_of_deliveries_losses_crashes_and_restored_servers_ends_with_the_journals(actions):
    world = World()
    for action in actions:
        world.step(action)
    world.settle()
    assert world.stored() == world.journal()
    books = conservation(world.hq.db, "S0001")
    unknown = sum(body["kind"] == "coupon" for _, body in world.bodies())
    assert (books.accepted, books.quarantined, books.waiting) == (len(world.journal()), unknown, 0)
    sums = Counter()
    for row in totals(world.hq.db, TotalList()):
        sums[row.register, "sale"] += row.sales_total
        sums[row.register, "void"] += row.voids_total
        sums[row.register, "cash"] += sum(t.amount for t in row.tenders)
    expected = Counter()
    for register, body in world.bodies():
        if body["kind"] in ("sale", "void"):
            expected[register.name, body["kind"]] += body["total"]
        if body["kind"] == "sale":
            expected[register.name, "cash"] += sum(t["amount"] for t in body["tenders"])
    assert +sums == +expected


def test_the_ledgers_tables_at_headquarters_are_those_of_a_channel_database_word_for_word():
    channel = load_steps("store.server")[0]
    wanted = {statement for statement in render(channel.sql) if _is_ledger(statement)}
    here = load_steps("store.headquarters")[2]
    assert here.name == "0003_way_up.sql"
    assert wanted <= set(render(here.sql)) and len(wanted) > 15


LEDGER = {
    "series", "record", "rejected", "fork", "posting_cursor", "retry", "quarantine", "posted",
    "sale_line", "sale_tender", "sale_tax", "shift_total", "difference",
}  # fmt: skip


def _is_ledger(statement):
    words = statement.replace("(", " ").split()
    is_table = words[:2] == ["create", "table"] and words[2] in LEDGER
    return is_table or " on record " in statement or " on posted " in statement
