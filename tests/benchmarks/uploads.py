"""The waiting sales of one register into the books, against a bare batched insert of the same rows.

Ours is all that the Retail Server does with a batch once it has its bytes: read it, verify every signature, judge
every record, store, commit, and post (parse, compute every sum again, write the effects, commit). The baseline
inserts the very same rows, records and effects, with `executemany` in as many commits.
"""

import asyncio
import contextlib
import gc
import sqlite3
import time
from pathlib import Path

import asyncpg
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from figures import Row, p50
from stage import Stage

from journal_world import sale_body
from server_postgres import postgres_server
from store.database.migrations import load_steps, migrate
from store.database.postgres import PostgresConnection
from store.database.sqlite import set_pragmas
from store.exchange.canonical import canonical
from store.exchange.messages import MAX_BULK_BYTES, MAX_BULK_RECORDS, RecordBatch
from store.exchange.record import genesis, key_id_of, make_record, public_bytes, to_wire
from store.ledger.examiners import Examiners
from store.ledger.intake import Intake
from store.ledger.posting import Poster, behind
from store.ledger.reports import conservation
from store.ledger.series import find_series, open_series
from store.service.channel import Channel

STORE, REGISTER, SERIES = "S0001", "S0001-R01", "S0001-R01.1"
LINES = 10
LIMIT = 0.5
NOW_MS = 1_767_600_000_000
TABLES = ("posted", "sale_line", "sale_tender", "sale_tax")


def measure(stage: Stage) -> list[Row]:
    """SQLite, then PostgreSQL."""
    folder = stage.path("uploads")
    folder.mkdir()
    upload = Upload(stage.extent.uploads)
    rows = [compare(upload, "SQLite", _sqlite_places(folder), stage.extent.upload_rounds)]
    with postgres_server() as url:
        rows.append(compare(upload, "PostgreSQL", _postgres_places(url), stage.extent.upload_rounds))
    return rows


class Upload:
    """Signed sales of one register in batches, as they come over the wire."""

    def __init__(self, sales: int) -> None:
        self.sales = sales
        key = Ed25519PrivateKey.generate()
        self.public_key = public_bytes(key)
        head, key_id = genesis(SERIES, self.public_key), key_id_of(self.public_key)
        self.batches: list[bytes] = []
        wires, size = [], 0
        for seq in range(1, sales + 1):
            record = make_record(seq, head, canonical(_payload(seq)), key, key_id)
            if len(wires) == MAX_BULK_RECORDS or size + len(record.payload) > MAX_BULK_BYTES:
                self._close(wires)
                wires, size = [], 0
            wires.append(to_wire(record))
            size += len(record.payload)
            head = record.hash
        self._close(wires)

    def _close(self, wires: list) -> None:
        batch = RecordBatch(series=SERIES, batch=wires[-1].hash, records=tuple(wires))
        self.batches.append(msgspec.json.encode(batch))


def compare(upload: Upload, engine: str, places, rounds: int) -> Row:
    """Alternately, so that whatever else the machine does meets both."""
    ours, bare = [], []
    for _ in range(rounds):
        place = next(places)
        took_s, accepts, posts = asyncio.run(take(upload, place))
        rows, records = asyncio.run(everything(place))
        ours.append(took_s)
        bare.append(insert(next(places), records, rows, accepts, posts))
    ratio = p50(bare) / p50(ours)
    return Row(
        what=f"upload of {upload.sales:,} sales of {LINES} lines, accepted and posted, {engine}",
        target=f"≥ {LIMIT:.0%} of the rows per second of a bare `executemany`",
        measured=f"{p50(ours):.2f} s, {upload.sales / p50(ours):,.0f} sales/s",
        baseline=f"{p50(bare):.2f} s, {upload.sales / p50(bare):,.0f} sales/s",
        ratio=ratio,
        holds=ratio >= LIMIT,
    )


async def take(upload: Upload, place: Path | str) -> tuple[float, int, int]:
    """Seconds from the first byte to the last effect, and the commits that accepting and posting took."""
    channel = await Channel.open(place)
    opening = {"store": STORE, "series": SERIES, "register": REGISTER, "epoch": 1, "insecure": True}
    await channel.work(lambda db: open_series(db, public_key=upload.public_key, now_ms=NOW_MS, **opening))
    known = await channel.read(find_series, SERIES)
    examiners = Examiners()
    await examiners.start()
    poster = Poster(channel, lambda: NOW_MS, drafts=examiners.drafts)
    posts = _count_rounds(poster)
    accepts = [0]

    def taken():
        accepts[0] += 1
        poster.wake()

    intake = Intake(examiners, lambda: NOW_MS, taken)
    gc.collect()
    gc.freeze()  # as a server does once it has started
    begin_s = time.perf_counter()
    posting = asyncio.create_task(poster.run())
    for content in upload.batches:
        batch = msgspec.json.decode(content, type=RecordBatch)
        done = await intake.take(batch, known, channel.work)
        assert done is not None and done.refused is None and done.stored == len(batch.records)
    while await channel.read(behind):
        await asyncio.sleep(0.002)
    took_s = time.perf_counter() - begin_s
    await examiners.close()
    posting.cancel()
    await asyncio.gather(posting, return_exceptions=True)
    books = await channel.read(conservation, STORE)
    assert books.posted == upload.sales and books.holds, books
    await channel.close()
    return took_s, accepts[0], posts[0]


def _count_rounds(poster: Poster) -> list[int]:
    """How often posting committed a round of records."""
    count, post = [0], poster._post_series

    def counted(db, *args):
        count[0] += 1
        return post(db, *args)

    poster._post_series = counted
    return count


async def everything(place: Path | str) -> tuple[dict[str, list[tuple]], list[tuple]]:
    """All rows that were written: effects by table, and records."""
    channel = await Channel.open(place)

    def read(db):
        rows = {
            table: [tuple(row) for row in db.execute(f"select * from {table} order by store_id, series, seq")]
            for table in (*TABLES, "record")
        }
        return rows, rows.pop("record")

    found = await channel.read(read)
    await channel.close()
    return found


def insert(
    place: Path | str, records: list[tuple], rows: dict[str, list[tuple]], accepts: int, posts: int
) -> float:
    """Seconds of the bare inserts."""
    if isinstance(place, Path):
        return _insert_sqlite(place, records, rows, accepts, posts)
    return asyncio.run(_insert_postgres(place, records, rows, accepts, posts))


def _insert_sqlite(place, records, rows, accepts, posts) -> float:
    db = sqlite3.connect(place, isolation_level=None)
    set_pragmas(db)
    migrate(db, load_steps("store.server"))
    db.execute("pragma wal_autocheckpoint = 1000")
    begin_s = time.perf_counter()
    for unit in _units(records, rows, accepts, posts):
        db.execute("begin immediate")
        for table, part in unit:
            db.executemany(f"insert into {table} values ({', '.join('?' * len(part[0]))})", part)
        db.execute("commit")
    took_s = time.perf_counter() - begin_s
    db.close()
    return took_s


async def _insert_postgres(url, records, rows, accepts, posts) -> float:
    await (await Channel.open(url)).close()
    db = await asyncpg.connect(url)
    begin_s = time.perf_counter()
    for unit in _units(records, rows, accepts, posts):
        async with db.transaction():
            for table, part in unit:
                marks = ", ".join(f"${n}" for n in range(1, len(part[0]) + 1))
                await db.executemany(f"insert into {table} values ({marks})", part)
    took_s = time.perf_counter() - begin_s
    await db.close()
    return took_s


def _units(records, rows, accepts, posts):
    """What goes into one commit each: records in as many as were accepted, effects in as many as were posted."""
    for part in _split(records, accepts):
        yield [("record", part)]
    pieces = {table: _split(rows[table], posts) for table in TABLES}
    for n in range(posts):
        yield [(table, pieces[table][n]) for table in TABLES if pieces[table][n]]


def _split(rows, parts):
    size = -(-len(rows) // parts)
    return [rows[start * size : (start + 1) * size] for start in range(parts)]


def _payload(seq: int) -> dict:
    common = {
        "v": 1,
        "series": SERIES,
        "seq": seq,
        "kind": "sale",
        "txn_id": f"017f22e2-79b0-7cc3-98c4-{seq:012d}",
        "at": "2026-01-05T08:03:12.250Z",
        "business_date": "2026-01-05",
        "operator": "101",
        "operator_name": "Ann Baker",
        "shift": 1,
        "shift_id": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "receipt_no": seq,
        "mode": "offline",
        "catalog": "c000001",
        "utc_offset_min": 60,
    }
    return common | sale_body(LINES, price=100 + seq % 400)


def _sqlite_places(folder: Path):
    n = 0
    while True:
        n += 1
        yield folder / f"{n}.db"


def _postgres_places(url: str):
    n = 0
    while True:
        n += 1
        with contextlib.closing(PostgresConnection.open(url.format("postgres"))) as admin:
            admin.execute(f"create database bench_{n}")
        yield url.format(f"bench_{n}")
