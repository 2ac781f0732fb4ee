"""Stock counts at headquarters, read from their records. Reads only."""

from collections.abc import Iterator
from typing import Any

from store.database.connection import Connection, values
from store.exchange.canonical import parse_document
from store.headquarters.nouns.counts import StockCountList, StockCountRow

SELECT_COUNTS = """
select p.store_id, p.series, p.seq, r.payload from posted p
join record r on r.store_id = p.store_id and r.series = p.series and r.seq = p.seq
where p.kind = 'stock.count' and ($1 = '' or p.store_id = $1) and ($2 = '' or p.business_date = $2)
order by p.store_id, p.series, p.seq"""


def stock_counts(db: Connection, asked: StockCountList) -> list[StockCountRow]:
    """The rows that were asked for; a record that cannot be read is in quarantine and not here."""
    rows: list[StockCountRow] = []
    for store, series, seq, payload in db.execute(
        SELECT_COUNTS, values(asked.store, asked.business_date)
    ).fetchall():
        rows += _rows(str(store), str(series), int(seq), parse_document(bytes(payload)), asked.product)
        if len(rows) >= asked.limit:
            break
    return rows[: asked.limit]


def _rows(store: str, series: str, seq: int, body: dict[str, Any], product: str) -> Iterator[StockCountRow]:
    for row in body["rows"]:
        if product in ("", row["sku"]):
            yield StockCountRow(
                store=store,
                series=series,
                seq=seq,
                at=body["at"],
                business_date=body.get("business_date", ""),
                operator=body.get("operator", ""),
                place=body.get("place", ""),
                product=row["sku"],
                name=row["name"],
                quantity=row["quantity"],
                unit=row["unit"],
            )
