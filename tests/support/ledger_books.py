"""A ledger on a SQLite database in memory: series are opened, batches accepted, records posted, tables compared."""

import contextlib
import sqlite3

import msgspec

from hq_arrivals import opening
from store.database.connection import run_unit
from store.database.migrations import load_steps, migrate
from store.exchange.messages import RecordBatch
from store.ledger.posting import Poster
from store.ledger.series import accept, find_series, open_series

NOW_MS = 1_790_000_000_000


@contextlib.contextmanager
def ledger():
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, load_steps("store.server"))
    yield db
    db.close()


def open_at(db, register):
    facts = opening(register)
    names = {name: getattr(facts, name) for name in ("store", "series", "register", "epoch")}
    open_series(db, **names, public_key=register.public_key, insecure=True, now_ms=1)
    return find_series(db, register.series)


def batch_of(register, *wires):
    content = register.batch_of(wires) if wires else register.batch()
    return msgspec.json.decode(content, type=RecordBatch)


def take(db, batch, examination=None):
    return run_unit(db, lambda db: accept(db, batch, NOW_MS, examination=examination))


def post_all(db, series, drafts=None):
    poster = Poster(None, lambda: NOW_MS, drafts=drafts)
    while run_unit(db, poster._post_series, series.store, series.series).handled:
        pass


def tables(db):
    """All that posting writes, by table."""
    names = [name for (name,) in db.execute("select name from sqlite_schema where type = 'table'").fetchall()]
    books = [name for name in names if name in BOOKS]
    return {name: sorted(db.execute(f"select * from {name}").fetchall()) for name in books}


BOOKS = frozenset((
    "posted", "sale_line", "sale_tender", "sale_tax", "shift_total", "difference", "posting_cursor", "retry",
    "quarantine", "returned", "voucher", "voucher_entry",
))  # fmt: skip
