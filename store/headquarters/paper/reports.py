"""Sales by day and tax, what was taken by day and tender, from what is booked at headquarters. Reads only."""

from collections.abc import Iterator

import msgspec

from store.database.connection import Connection, values
from store.headquarters.nouns.paper import ReportAsked
from store.sale.accounting import Payload

SELECT_SALES = """
select p.store_id, r.payload from posted p
join record r on r.store_id = p.store_id and r.series = p.series and r.seq = p.seq
join series s on s.store_id = p.store_id and s.series = p.series
where p.kind = 'sale' and p.business_date >= $1 and p.business_date <= $2
  and ($3 = '' or p.store_id = $3) and ($4 = '' or s.register_id = $4)"""
LAST_DAY = "9999-12-31"


def booked_sales(db: Connection, asked: ReportAsked) -> Iterator[tuple[str, Payload]]:
    """The records of sales of the days asked for, each with its store."""
    where = values(asked.first, asked.last or LAST_DAY, asked.store, asked.register)
    for store, payload in db.execute(SELECT_SALES, where):
        yield str(store), msgspec.json.decode(bytes(payload))
