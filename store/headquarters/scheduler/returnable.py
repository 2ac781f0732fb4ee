"""What may still be returned: the lines of the sales that headquarters knows, for job 1200 (docs/scheduler.md).

A register that cannot ask shows the quantity as of the last run. Where the store lets goods of every register come back
while the server does not answer (setting `offline_returns`), each line also carries how it was sold. Sales older than
the longest time a customer may take are left out, and so is what would make the table larger than a register wants to
carry.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from store.database.connection import Connection, values

RETURN_DAYS = 100
"""Longer than the usual return period of three months."""
MAX_LINES = 200_000
MAX_LINES_IN_FULL = 50_000
"""With how each line was sold, which takes ten times the room."""
DAY_MS = 86_400_000

SELECT_NEWEST_SALE = "select coalesce(max(posted_ms), 0) from posted where kind = 'sale'"
SELECT_LINES = """
select p.series, p.receipt_no, p.seq, cast(substr(l.effect, 6) as integer), l.sku, l.quantity, p.posted_ms
from posted p join sale_line l on l.store_id = p.store_id and l.series = p.series and l.seq = p.seq
where p.store_id = $1 and p.kind = 'sale' and p.posted_ms > $2 and l.effect like 'line:%'
order by p.posted_ms desc, p.series, p.seq, l.effect limit $3"""
SELECT_BACK = """
select of_series, of_seq, of_n, sum(thousandths) from returned
where store_id = $1 group by of_series, of_seq, of_n"""
SELECT_GIVEN = """
select distinct series, seq from returned
where store_id = $1 and of_series = $2 and of_seq = $3 order by series, seq"""
SELECT_PAYLOAD = "select payload from record where store_id = $1 and series = $2 and seq = $3"

OF_LINE = (
    "n", "sku", "name", "quantity", "unit", "price", "amount", "discount", "discount_share", "tax_relief", "tax",
    "tax_amount", "tax_parts", "gross", "measured", "price_source", "department", "code", "voucher", "parent",
    "no_discount", "factor", "serial",
)  # fmt: skip
"""What a register needs of a line to give it back."""


def newest_sale(db: Connection) -> int:
    """When the newest sale was posted (ms); 0 while there is none."""
    return int(db.execute(SELECT_NEWEST_SALE).fetchone()[0])


def returnable_cells(db: Connection, store: str, *, in_full: bool = False) -> Iterator[tuple[str | int, ...]]:
    """Series, receipt and line with what may still come back of it, for every line young enough.

    Lines of which nothing is left are left out. With `in_full` each says how it was sold.
    """
    since_ms = newest_sale(db) - RETURN_DAYS * DAY_MS
    back = {
        (str(row[0]), int(row[1]), int(row[2])): int(row[3])
        for row in db.execute(SELECT_BACK, values(store)).fetchall()
    }
    most = MAX_LINES_IN_FULL if in_full else MAX_LINES
    known: tuple[tuple[str, int], dict[int, str]] = (("", 0), {})
    for series, receipt_no, seq, n, sku, sold, at_ms in db.execute(
        SELECT_LINES, values(store, since_ms, most)
    ):
        left = _thousandths(str(sold)) - back.get((series, seq, n), 0)
        if left <= 0:
            continue
        if in_full and known[0] != (series, seq):
            known = ((series, seq), _details(db, store, series, seq))
        detail = known[1].get(n, "") if in_full else ""
        yield f"{series}:{receipt_no}:{n}", str(sku), _text(left), int(at_ms), detail


def _details(db: Connection, store: str, series: str, seq: int) -> dict[int, str]:
    """By line, the sale as far as it is needed to give the line back: facts, the line, its taxes, payments, returns."""
    sale = _payload(db, store, series, seq)
    if sale is None:
        return {}
    back = [
        payload
        for row in db.execute(SELECT_GIVEN, values(store, series, seq)).fetchall()
        if (payload := _payload(db, store, str(row[0]), int(row[1]))) is not None
    ]
    facts: dict[str, Any] = {name: sale[name] for name in ("seq", "at", "currency", "total") if name in sale}
    facts["tenders"] = [
        {name: row[name] for name in ("kind", "type", "amount", "voucher") if name in row}
        for row in sale["tenders"]
    ]
    return {
        line["n"]: msgspec.json.encode(
            facts
            | {
                "line": {name: line[name] for name in OF_LINE if name in line},
                "taxes": [row for row in sale["taxes"] if row["code"] in _codes(line)],
                "back": [one for payload in back for one in _given(payload, series, seq, line["n"])],
            }
        ).decode()
        for line in sale["lines"]
    }


def _payload(db: Connection, store: str, series: str, seq: int) -> dict[str, Any] | None:
    row = db.execute(SELECT_PAYLOAD, values(store, series, seq)).fetchone()
    return None if row is None else msgspec.json.decode(bytes(row[0]))


def _codes(line: dict[str, Any]) -> set[str]:
    return {part["code"] for part in line.get("tax_parts", ())} or {line["tax"]}


def _given(payload: dict[str, Any], series: str, seq: int, n: int) -> Iterator[dict[str, Any]]:
    """The lines of a record that gave back a part of a line, with their place."""
    for line in payload["lines"]:
        origin = line.get("returns_of")
        if origin is not None and (origin["series"], origin["seq"], origin["n"]) == (series, seq, n):
            row = {name: line[name] for name in OF_LINE if name in line}
            yield row | {"series": payload["series"], "seq": payload["seq"], "of_n": n}


def _thousandths(quantity: str) -> int:
    whole, _, fraction = quantity.removeprefix("-").partition(".")
    size = int(whole) * 1000 + int(fraction.ljust(3, "0") or "0")
    return -size if quantity.startswith("-") else size


def _text(thousandths: int) -> str:
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)
