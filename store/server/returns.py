"""Goods that come back, at the server: the sale of a receipt, what came back of it, and who is taking back what now.

The server is the referee while registers are online: what an open sale takes back is kept for it until it is recorded,
given up or runs out, so that no two registers give the same goods back. Owns the table `return_reservation`.
"""

import itertools
from collections.abc import Iterable, Iterator

import msgspec

from store.database.connection import Connection, values
from store.exchange.returns import (
    ReservationAnswer,
    ReservationRequest,
    ReservedLine,
    WireReceipt,
    WireReceiptRow,
)
from store.ledger.returned import returning_places
from store.sale.past_sale import (
    Payload,
    ReceiptNumber,
    number_text,
    past_sale,
    with_later,
)
from store.sale.quantity import from_thousandths, thousandths

RESERVED_MS = 15 * 60_000
"""Longer than anybody stands at a till; a register that dies lets go of the goods after this."""
MAX_LOOKED = 4_000
"""Receipts of one register that a search looks at; older ones are found by their date."""

SELECT_PLACE = """
select seq from posted where store_id = $1 and series = $2 and receipt_no = $3 and kind = 'sale' order by seq limit 1"""
SELECT_PAYLOAD = "select payload from record where store_id = $1 and series = $2 and seq = $3"
SELECT_RESERVED = """
select r.of_n, cast(sum(r.thousandths) as bigint) from return_reservation r
where r.store_id = $1 and r.of_series = $2 and r.of_seq = $3 and r.txn_id <> $4 and r.until_ms > $5
  and not exists (select 1 from posted p where p.store_id = r.store_id and p.txn_id = r.txn_id) group by r.of_n"""
SELECT_BACK = """
select of_n, cast(sum(thousandths) as bigint) from returned
where store_id = $1 and of_series = $2 and of_seq = $3 group by of_n"""
LOCK_SERIES = "update series set head_seq = head_seq where store_id = $1 and series = $2"
"""Two registers that ask about the same sale at once are answered one after the other, on PostgreSQL as well."""
DELETE_OLD = "delete from return_reservation where until_ms <= $1 or (store_id = $2 and txn_id = $3)"
INSERT_RESERVATION = """
insert into return_reservation (store_id, of_series, of_seq, of_n, txn_id, register_id, thousandths, until_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8)"""
SELECT_SOLD = "select txn_id from posted where store_id = $1 and txn_id = $2"
SELECT_SERIES = "select series from series where store_id = $1 order by series"
SELECT_NEWEST = """
select seq, receipt_no, total, currency, at, business_date from posted
where store_id = $1 and series = $2 and receipt_no > 0 and receipt_no < $3 and kind = 'sale'
order by receipt_no desc limit 500"""
PAGE = 500
"""Receipts read at once, as the statement says."""
SELECT_GOODS = """
select name, sku from sale_line where store_id = $1 and series = $2 and seq = $3 order by effect limit 200"""


def receipt(
    db: Connection, store: str, number: ReceiptNumber, txn_id: str, now_ms: int
) -> WireReceipt | None:
    """The sale of a receipt with what came back of it and what others than `txn_id` are taking back; None for none."""
    place = db.execute(SELECT_PLACE, values(store, number.series, number.receipt_no)).fetchone()
    if place is None:
        return None
    seq = int(place[0])
    payload = _payload(db, store, number.series, seq)
    if payload is None:
        return None
    sale = past_sale(payload)
    for series, at in returning_places(db, store, sale.series, sale.seq):
        later = _payload(db, store, series, at)
        if later is not None:
            sale = with_later(sale, later)
    rows = db.execute(SELECT_RESERVED, values(store, sale.series, sale.seq, txn_id, now_ms)).fetchall()
    reserved = tuple((int(n), from_thousandths(int(amount))) for n, amount in rows)
    return WireReceipt(sale=msgspec.structs.replace(sale, reserved=reserved), txn_id=str(payload["txn_id"]))


def reserve(
    db: Connection, store: str, register: str, request: ReservationRequest, now_ms: int
) -> ReservationAnswer:
    """Keep what an open sale takes back, all or nothing; part of a unit of work.

    Of a sale whose record is not here nothing is known, so nothing is in the way. A recorded sale keeps nothing.
    """
    short: list[ReservedLine] = []
    places = sorted({(line.series, line.seq) for line in request.lines})
    for series, seq in places:
        db.execute(LOCK_SERIES, values(store, series))
        own = [line for line in request.lines if (line.series, line.seq) == (series, seq)]
        short += _short(db, store, own, request.txn_id, now_ms)
    if short:
        return ReservationAnswer(granted=False, short=tuple(short))
    db.execute(DELETE_OLD, values(now_ms, store, request.txn_id))
    if db.execute(SELECT_SOLD, values(store, request.txn_id)).fetchone() is None:
        for line in request.lines:
            place = (store, line.series, line.seq, line.n, request.txn_id, register)
            db.execute(INSERT_RESERVATION, values(*place, thousandths(line.quantity), now_ms + RESERVED_MS))
    return ReservationAnswer(granted=True)


def _short(
    db: Connection, store: str, lines: list[ReservedLine], txn_id: str, now_ms: int
) -> Iterator[ReservedLine]:
    """The lines of which less is left than asked for, with what is left."""
    series, seq = lines[0].series, lines[0].seq
    payload = _payload(db, store, series, seq)
    if payload is None:
        return
    sold = {line["n"]: thousandths(line["quantity"]) for line in payload.get("lines", ())}
    for sql, parameters in (
        (SELECT_BACK, values(store, series, seq)),
        (SELECT_RESERVED, values(store, series, seq, txn_id, now_ms)),
    ):
        for n, amount in db.execute(sql, parameters).fetchall():
            sold[int(n)] = sold.get(int(n), 0) - int(amount)
    for line in lines:
        left = max(sold.get(line.n, 0), 0)
        if thousandths(line.quantity) > left:
            yield msgspec.structs.replace(line, quantity=from_thousandths(left))


class _Row(msgspec.Struct, frozen=True):
    """A receipt of one register."""

    seq: int
    receipt_no: int
    total: int
    currency: str
    at: str
    date: str


def search(
    db: Connection, store: str, *, date: str = "", amount: int | None = None, item: str = "", limit: int = 20
) -> tuple[WireReceiptRow, ...]:
    """Receipts of all registers of a store, newest first: of a business date, with a total, with an item in it."""
    found: list[WireReceiptRow] = []
    for (series,) in db.execute(SELECT_SERIES, values(store)).fetchall():
        rows = (
            row
            for row in _receipts_of(db, store, str(series), date)
            if amount is None or abs(row.total) == amount
        )
        found += itertools.islice(_with_goods(db, store, str(series), rows, item), limit)
    found.sort(key=lambda row: row.at, reverse=True)
    return tuple(found[:limit])


def _receipts_of(db: Connection, store: str, series: str, date: str) -> Iterator[_Row]:
    """The receipts of a register, newest first, those of one day when it is given."""
    below, looked = 2**31, 0
    while looked < MAX_LOOKED or date:
        rows = [
            _Row(int(row[0]), int(row[1]), int(row[2]), str(row[3]), str(row[4]), str(row[5]))
            for row in db.execute(SELECT_NEWEST, values(store, series, below)).fetchall()
        ]
        for row in rows:
            if date and row.date < date:
                return
            if not date or row.date == date:
                yield row
        if len(rows) < PAGE:
            return
        below, looked = rows[-1].receipt_no, looked + len(rows)


def _with_goods(
    db: Connection, store: str, series: str, rows: Iterable[_Row], item: str
) -> Iterator[WireReceiptRow]:
    wanted = item.casefold().strip()
    for row in rows:
        goods = [
            (str(name), str(sku))
            for name, sku in db.execute(SELECT_GOODS, values(store, series, row.seq)).fetchall()
        ]
        if wanted and not any(wanted == sku.casefold() or wanted in name.casefold() for name, sku in goods):
            continue
        yield WireReceiptRow(
            number=number_text(series, row.receipt_no),
            at=row.at,
            total=row.total,
            currency=row.currency,
            goods=goods[0][0] if goods else "",
            lines=len(goods),
        )


def _payload(db: Connection, store: str, series: str, seq: int) -> Payload | None:
    row = db.execute(SELECT_PAYLOAD, values(store, series, seq)).fetchone()
    if row is None:
        return None
    payload: Payload = msgspec.json.decode(bytes(row[0]))
    return payload
