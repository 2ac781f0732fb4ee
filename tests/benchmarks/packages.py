"""A full package becomes a catalog, against bare inserts with the same indexes; then questions to it."""

import asyncio
import contextlib
import itertools
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from figures import Row, ms, p50, p50_p99, p99
from stage import Seller, Stage, attach

from catalog_files import KEYS, PACKAGE_KEY, ROOT
from devices.simulated.scanner import SimulatedScanner
from shop_hand import sign_on
from store.database.chunks import ChunkFolder
from store.exchange.package_header import FULL, PackageHeader, sign_manifest, write_header
from store.exchange.package_tables import TABLES, encode_cells
from store.exchange.package_writer import PartWriter, new_manifest
from store.exchange.record import public_bytes
from store.gateway.offline import OfflineCatalog
from store.register.catalog.catalog_file import connect, create
from store.register.catalog.worker import Order
from store.register.catalog.worker_run import run_worker
from store.sale.item import ItemKey, KeyKind

APPLY_LIMIT = 0.6
FIND_LIMIT_S, SEARCH_LIMIT_S = 0.0002, 0.030
SCAN_LIMIT = 1.5
LOOK_UPS = 2_000
SCANS_IN_A_ROW = 10
FIRST = ("Fresh", "Organic", "Whole", "Dark", "Red", "Green", "Golden", "Crisp", "Smoked", "Roasted", "Sweet")
SECOND = (
    "Milk",
    "Bread",
    "Butter",
    "Cheese",
    "Apple",
    "Coffee",
    "Tea",
    "Sugar",
    "Flour",
    "Rice",
    "Soup",
    "Water",
)
TEXTS = (
    "milk",
    "roasted coffee",
    "no. 123",
    "utte",
    "golden crisp water 1 g",
    "nothing",
    "Fr",
    "4711",
    "40000",
)
"""Frequent and rare, one word and several, letters and digits."""


def measure(stage: Stage) -> list[Row]:
    """Apply, ask, and sell meanwhile."""
    folder = stage.path("packages")
    folder.mkdir()
    tables = {"item": list(items(stage.extent.items)), "barcode": list(barcodes(stage.extent.items))}
    header = package_of(tables, ChunkFolder(folder / "packages"))
    bare_s = bare_inserts_s(tables, folder / "bare.db")
    apply_s = asyncio.run(applied_s(order_of(header, folder, folder / "catalog-1.db")))
    return [
        row_of_apply(apply_s, bare_s, 2 * stage.extent.items),
        *rows_of_questions(folder / "catalog-1.db", tables),
        row_of_scans(stage, header, folder),
    ]


# ---- the goods


def items(count: int) -> Iterator[tuple[str | int, ...]]:
    """Names of ordinary length, each different."""
    rng = random.Random(1)
    for n in range(count):
        words = f"{rng.choice(FIRST)} {rng.choice(FIRST).lower()} {rng.choice(SECOND)}"
        name = f"{words} {rng.randrange(1, 2000)} g no. {n}"
        yield f"{n:07d}", name, "pcs", rng.randrange(50, 9999), "A", "10", "", 0, 0, "", ""


def barcodes(count: int) -> Iterator[tuple[str | int, ...]]:
    """One for each item."""
    for n in range(count):
        yield f"{4_000_000_000_000 + n * 37:014d}", f"{n:07d}"


def package_of(tables: dict[str, list[tuple[str | int, ...]]], folder: ChunkFolder) -> PackageHeader:
    """A full package whose chunks lie in the folder."""
    parts = []
    for table, rows in tables.items():
        writer = PartWriter(table, FULL, folder.put)
        for cells in rows:
            writer.put(str(cells[0]), encode_cells(table, cells))
        parts.append(writer.close())
    return sign_manifest(new_manifest(parts, package_seq=1, created_ms=1), PACKAGE_KEY, KEYS)


# ---- apply


def bare_inserts_s(tables: dict[str, list[tuple[str | int, ...]]], path: Path) -> float:
    """What SQLite alone takes: rows that are in memory, `executemany`, the same indexes made afterwards."""
    begin_s = time.perf_counter()
    create(path)
    with contextlib.closing(connect(path)) as db:
        db.execute("begin")
        for table, rows in tables.items():
            indexes = taken_away(db, table)
            columns = TABLES[table]
            db.executemany(
                f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})", rows
            )
            if table == "item":
                db.execute("insert into item_name (item_name) values ('rebuild')")
            for index in indexes:
                db.execute(index)
        db.execute("commit")
    return time.perf_counter() - begin_s


def taken_away(db: sqlite3.Connection, table: str) -> list[str]:
    """The statements of the table's indexes, which are dropped."""
    found = db.execute(
        "select name, sql from sqlite_schema where type = 'index' and tbl_name = ? and sql is not null",
        (table,),
    ).fetchall()
    for name, _ in found:
        db.execute(f"drop index {name}")
    return [sql for _, sql in found]


def order_of(header: PackageHeader, folder: Path, target: Path) -> Order:
    """What the core would tell its worker."""
    return Order(
        headers=(write_header(header).decode(),),
        root_key=public_bytes(ROOT).hex(),
        chunks=str(folder / "packages"),
        base="",
        base_sha256="",
        target=str(target),
        support_offline=True,
        applied_ms=1,
    )


async def applied_s(order: Order) -> float:
    """The real thing: a process, signatures, digests, counts, hashes, checks, sync."""
    begin_s = time.perf_counter()
    await run_worker(order, lambda done, total: None)
    return time.perf_counter() - begin_s


def row_of_apply(apply_s: float, bare_s: float, rows: int) -> Row:
    """Rows per second, and the part of the bare speed."""
    ratio = bare_s / apply_s
    return Row(
        what=f"apply a full package of {rows // 2:,} items, a barcode each",
        target=f"≥ {APPLY_LIMIT:g} x the rows/s of a bare `executemany` with the same indexes",
        measured=f"{rows / apply_s:,.0f} rows/s ({apply_s:.1f} s)",
        baseline=f"{rows / bare_s:,.0f} rows/s ({bare_s:.1f} s)",
        ratio=ratio,
        holds=ratio >= APPLY_LIMIT,
    )


# ---- questions


def rows_of_questions(path: Path, tables: dict[str, list[tuple[str | int, ...]]]) -> list[Row]:
    """Item by code, and search."""
    rng = random.Random(2)
    with contextlib.closing(OfflineCatalog(path)) as catalog:
        codes = [ItemKey(KeyKind.GTIN, str(rng.choice(tables["barcode"])[0])) for _ in range(LOOK_UPS)]
        found_s = [took_s(lambda code=code: catalog.find_item((code,), 0)) for code in codes]
        search_s = [
            took_s(lambda text=text: catalog.search(text, 20, 0)) for text in TEXTS for _ in range(10)
        ]
    return [
        Row(
            what="item by barcode in that catalog",
            target=f"≤ {FIND_LIMIT_S * 1000:g} ms in the core",
            measured=p50_p99(found_s),
            holds=p99(found_s) <= FIND_LIMIT_S,
        ),
        Row(
            what="search for a part of a name or number in that catalog",
            target=f"≤ {SEARCH_LIMIT_S * 1000:g} ms in the core",
            measured=f"p50 {ms(p50(search_s))}, slowest {ms(max(search_s))}",
            holds=max(search_s) <= SEARCH_LIMIT_S,
        ),
    ]


def took_s(ask: Callable[[], object]) -> float:
    """Seconds of one question."""
    begin_s = time.perf_counter()
    ask()
    return time.perf_counter() - begin_s


# ---- selling meanwhile


def row_of_scans(stage: Stage, header: PackageHeader, folder: Path) -> Row:
    """Ten scans while the worker is at it, ten while it is not, in turn."""
    quiet_s: list[float] = []
    busy_s: list[float] = []
    scanner = SimulatedScanner()
    with stage.shop(server=False) as shop:
        shop.connect(scanners=[scanner.plug_in()])
        seller = Seller(attach(shop, "register"))
        sign_on(seller.terminal)
        seller.terminal.wait_for("OFFLINE auto", "eady")
        scans_s(seller, scanner, 2)
        for _ in range(max(1, stage.extent.scans // (2 * SCANS_IN_A_ROW))):
            quiet_s += scans_s(seller, scanner, SCANS_IN_A_ROW)
            with worker_at_it(header, folder):
                busy_s += scans_s(seller, scanner, SCANS_IN_A_ROW)
    scanner.pull_out()
    ratio = p50(busy_s) / p50(quiet_s)
    return Row(
        what="a serial scan to the painted line while a package is applied",
        target=f"≤ {SCAN_LIMIT:g} x without",
        measured=p50_p99(busy_s),
        baseline=p50_p99(quiet_s),
        ratio=ratio,
        holds=ratio <= SCAN_LIMIT,
    )


def scans_s(seller: Seller, scanner: SimulatedScanner, count: int) -> Sequence[float]:
    """Seconds of each scan of one sale, which is paid then."""
    took = []
    for _ in range(count):
        seller.terminal.catch_up()
        good, painted = seller.next_good()
        scanner.scan(good.code)
        sent_s = time.monotonic()
        (at_s,) = seller.terminal.time_of(painted)
        took.append(at_s - sent_s)
    seller.pay()
    return took


@contextlib.contextmanager
def worker_at_it(header: PackageHeader, folder: Path) -> Iterator[None]:
    """The worker applies the package, again and again, until the block ends."""
    started, over = threading.Event(), threading.Event()

    async def until_over() -> None:
        for n in itertools.count():
            target = folder / f"again-{n % 2}.db"
            run = asyncio.create_task(
                run_worker(order_of(header, folder, target), lambda done, total: started.set())
            )
            while not run.done() and not over.is_set():
                await asyncio.sleep(0.02)
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
            if over.is_set():
                return

    thread = threading.Thread(target=lambda: asyncio.run(until_over()), name="worker at it")
    thread.start()
    started.wait(60)
    try:
        yield
    finally:
        over.set()
        thread.join()
