"""Prices change at headquarters: how long until their package is available, and how large it is.

The set-up holds as many products, barcodes and prices as the benchmark of catalogs. The job runs in the process of
its own that headquarters has. A size is compared with the changed rows as they travel, compressed by themselves.
"""

import asyncio
import random
import time
from pathlib import Path

from figures import Row, ms, p50
from stage import Stage

from hq_scheduler import open_world
from store.database.connection import values
from store.exchange.compression import compress
from store.exchange.package_tables import encode_cells
from store.headquarters.scheduler.worker import WorkerProcess

CHANGED = 100
ROUNDS = 9
AVAILABLE_LIMIT_S = 1.0
SIZE_LIMIT = 3.0
INSERT = (
    "insert into setup (noun, key, document, changed_n, changed_ms, removed) values ($1, $2, $3, $4, 1, 0)"
)


def measure(stage: Stage) -> list[Row]:
    """One full run, then changes of a hundred prices."""
    return asyncio.run(_measure(stage.path("distribution"), stage.extent.items))


async def _measure(home: Path, products: int) -> list[Row]:
    worker = WorkerProcess()
    async with open_world(home, worker=worker) as world:
        await worker.warm_up()
        await world.store()
        await world.register()
        codes = random.Random(7).sample(range(10**11, 10**12), products)
        await world.work(_fill, codes)
        began = time.monotonic()
        [full] = await world.run("1020", "1040")
        full_s = time.monotonic() - began
        waits, ratios = [], []
        for number in range(ROUNDS):
            changed = random.Random(number).sample(codes, min(CHANGED, products))
            amounts = {code: random.Random(code + number).randrange(19, 9_999) for code in changed}
            for code, amount in amounts.items():
                await world.price(code, amount)
            began = time.monotonic()
            [delta] = await world.run("1020")
            waits.append(time.monotonic() - began)
            ratios.append(delta.size / _compressed(amounts))
    return [
        _row_of_full(full.rows, full_s),
        _row_of_waits(products, waits),
        Row(
            what="bytes of that package",
            target=f"<= {SIZE_LIMIT:.0f} x the compressed rows",
            measured=f"median {p50(ratios):.2f} x",
            ratio=p50(ratios),
            holds=p50(ratios) <= SIZE_LIMIT,
        ),
    ]


def _row_of_full(rows: int, seconds: float) -> Row:
    return Row(
        what="headquarters: the first full package",
        target="",
        measured=f"{rows:,} rows, {rows / seconds:,.0f} rows/s",
    )


def _row_of_waits(products: int, waits: list[float]) -> Row:
    return Row(
        what=f"{CHANGED} changed prices of {products:,}: Run now to Available",
        target=f"<= {ms(AVAILABLE_LIMIT_S)}",
        measured=f"median {ms(p50(waits))}, worst {ms(max(waits))}",
        holds=max(waits) <= AVAILABLE_LIMIT_S,
    )


def _fill(db: object, codes: list[int]) -> None:
    for n, code in enumerate(sorted(codes), 1):
        product = f'{{"name":"Product {code}","price":{n % 900 + 1},"barcodes":["{code:014d}"]}}'
        db.execute(INSERT, values("product", str(code), product, n))
        db.execute(INSERT, values("price", f"{code}/0", f'{{"amount":{n % 800 + 1}}}', n))
    db.execute("update counter set n = n + $1 where name = 'setup'", values(len(codes)))


def _compressed(amounts: dict[int, int]) -> int:
    lines = [
        encode_cells("price", (f"{code}/0", str(code), amount, 0, 0))
        for code, amount in sorted(amounts.items())
    ]
    return len(compress(b"\n".join(lines)))
