"""What may still be returned: the lines of the sales that headquarters knows, for job 1200 (docs/scheduler.md).

A register that cannot ask shows the quantity as of the last run; it never blocks by it. Sales older than the longest
time a customer may take are left out, and so is what would make the table larger than a register wants to carry.
"""

from collections.abc import Iterator

from store.database.connection import Connection, values

RETURN_DAYS = 100
"""Longer than the usual return period of three months."""
MAX_LINES = 200_000
DAY_MS = 86_400_000

SELECT_NEWEST_SALE = "select coalesce(max(posted_ms), 0) from posted where kind = 'sale'"
SELECT_LINES = """
select p.series || ':' || p.receipt_no || ':' || substr(l.effect, 6), l.sku, l.quantity, p.posted_ms
from posted p join sale_line l on l.store_id = p.store_id and l.series = p.series and l.seq = p.seq
where p.store_id = $1 and p.kind = 'sale' and p.posted_ms > $2 and l.effect like 'line:%'
order by p.posted_ms desc, p.series, p.seq, l.effect limit $3"""


def newest_sale(db: Connection) -> int:
    """When the newest sale was posted (ms); 0 while there is none."""
    return int(db.execute(SELECT_NEWEST_SALE).fetchone()[0])


def returnable_cells(db: Connection, store: str) -> Iterator[tuple[str | int, ...]]:
    """Series, receipt and line with what was sold on it, for every line young enough; returned lines are left out."""
    since_ms = newest_sale(db) - RETURN_DAYS * DAY_MS
    for key, sku, quantity, at_ms in db.execute(SELECT_LINES, values(store, since_ms, MAX_LINES)):
        if not str(quantity).startswith("-"):
            yield str(key), str(sku), str(quantity), int(at_ms)
