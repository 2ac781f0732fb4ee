"""A finished sale into the journal, against a bare SQLite commit of the same bytes with the same durability."""

import asyncio
import sqlite3
import time
from pathlib import Path

from figures import Row, ms, p50, p99
from stage import Stage

from journal_world import draft, opened, sale
from store.register.journal.journal import Committed, Journal

LIMIT = 2.0
LINES = 10
WARM_UP = 10
STATE = '{"till":"idle","shift":"shift-1","operator":"101"}' * 10
"""About as much as the till keeps between two sales."""


def measure(stage: Stage) -> list[Row]:
    """Commit by commit in turn."""
    folder = stage.path("commits")
    folder.mkdir()
    bare, ours = asyncio.run(run(folder, stage.extent.commits))
    ratio = p50(ours) / p50(bare)
    return [
        Row(
            what=f"commit of a sale of {LINES} lines",
            target=f"≤ {LIMIT:g} x a bare `synchronous=FULL` commit of the same bytes",
            measured=f"p50 {ms(p50(ours))}, p99 {ms(p99(ours))}",
            baseline=f"p50 {ms(p50(bare))}, p99 {ms(p99(bare))}",
            ratio=ratio,
            holds=ratio <= LIMIT,
        )
    ]


async def run(folder: Path, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of each bare commit, and of each commit of the journal."""
    bare_db = bare_database(folder / "bare.db")
    bare, ours = [], []
    async with opened(folder) as journal:
        for round_no in range(rounds + WARM_UP):
            took_s, done = await journal_s(journal, round_no)
            baseline_s = bare_s(bare_db, same_bytes(done))
            if round_no >= WARM_UP:
                ours.append(took_s)
                bare.append(baseline_s)
    bare_db.close()
    return bare, ours


async def journal_s(journal: Journal, round_no: int) -> tuple[float, Committed]:
    """The whole of it: number, time, canonical form, chain, signature, print job, state of the till, sync."""
    entry = sale(f"sale-{round_no}", lines=LINES, draft=draft(STATE, screen=round_no + 1))
    begin_s = time.perf_counter()
    done = await journal.commit(entry)
    return time.perf_counter() - begin_s, done


def same_bytes(done: Committed) -> bytes:
    """What the journal stored, as one value."""
    record = done.record
    return record.payload + record.hash + record.signature + STATE.encode()


def bare_database(path: Path) -> sqlite3.Connection:
    """One table, written with the journal's durability."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("pragma journal_mode = wal")
    db.execute("pragma synchronous = full")
    db.execute("create table record (n integer primary key, body blob not null)")
    return db


def bare_s(db: sqlite3.Connection, body: bytes) -> float:
    """One insert, committed and synced."""
    begin_s = time.perf_counter()
    db.execute("begin immediate")
    db.execute("insert into record (body) values (?)", (body,))
    db.execute("commit")
    return time.perf_counter() - begin_s
