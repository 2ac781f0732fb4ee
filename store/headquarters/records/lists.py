"""What people and scripts read of the records at headquarters: transactions, differences, quarantine. Reads only."""

from typing import Any

from store.database.connection import Connection, values
from store.exchange.canonical import NotCanonical, parse_document
from store.exchange.kinds import COUNTED_KINDS
from store.headquarters.nouns.way_up import DifferenceRow, QuarantineRow, TransactionList
from store.ledger.causes import cause_of
from store.ledger.reports import Transaction
from store.sale.moment import utc_text

MAX_WAITING = 10_000
"""Records looked at that are not booked yet; more wait only while a long backlog comes in."""
_KINDS = ", ".join(f"'{kind}'" for kind in sorted(COUNTED_KINDS))

# Posted records and those that wait lie in different tables. Each question goes along the key, so that a page costs
# what is on it however much there is. A register's series begin with its id and a point; "/" comes right after it.
SELECT_POSTED = f"""
select series, seq, txn_id, kind, receipt_no, total, currency, at, business_date, 'posted', null from posted
where ($1 = '' or store_id = $1) and ($2 = '' or (series > $2 || '.' and series < $2 || '/'))
  and (series > $3 or (series = $3 and seq > $4)) and ($5 = '' or business_date = $5) and kind in ({_KINDS})
order by store_id, series, seq limit $6"""  # noqa: S608 - constants
SELECT_WAITING = """
select r.series, r.seq, '', '', 0, 0, '', '', '', w.state, r.payload from (
  select store_id, series, seq, 'quarantined' as state from quarantine
  union all select store_id, series, seq, 'acknowledged' from retry
  union all select i.store_id, i.series, i.seq, 'acknowledged' from series s
    left join posting_cursor c on c.store_id = s.store_id and c.series = s.series
    join record i on i.store_id = s.store_id and i.series = s.series and i.seq > coalesce(c.seq, 0)
    where s.head_seq > coalesce(c.seq, 0)
) w join record r on r.store_id = w.store_id and r.series = w.series and r.seq = w.seq
where ($1 = '' or r.store_id = $1) and ($2 = '' or (r.series > $2 || '.' and r.series < $2 || '/'))
  and (r.series > $3 or (r.series = $3 and r.seq > $4))
order by r.store_id, r.series, r.seq limit $5"""
SELECT_DIFFERENCES = """
select store_id, series, seq, effect, register_value, server_value from difference
where ($1 = '' or store_id = $1) order by store_id, series, seq, effect limit $2"""
SELECT_QUARANTINE = """
select q.store_id, q.series, q.seq, q.reason, q.attempts, q.at_ms, r.payload from quarantine q
join record r on r.store_id = q.store_id and r.series = q.series and r.seq = q.seq
where ($1 = '' or q.store_id = $1) order by q.store_id, q.series, q.seq limit $2"""


def transactions(db: Connection, asked: TransactionList) -> list[Transaction]:
    """The transactions that were asked for, by series and seq."""
    where = (asked.store, asked.register, asked.after_series, asked.after_seq)
    rows: list[Any] = []
    if asked.state in (None, "posted"):
        rows += db.execute(SELECT_POSTED, values(*where, asked.business_date, asked.limit)).fetchall()
    if asked.state != "posted":
        rows += db.execute(SELECT_WAITING, values(*where, MAX_WAITING)).fetchall()
    found = [_transaction(row) for row in sorted(rows, key=lambda row: (row[0], row[1]))]
    chosen = [
        each
        for each in found
        if asked.state in (None, each.state)
        and asked.business_date in ("", each.business_date)
        and (each.kind in COUNTED_KINDS or each.state == "quarantined")
    ]
    return chosen[: asked.limit]


def differences(db: Connection, store: str, limit: int) -> list[DifferenceRow]:
    """Every figure that a register and headquarters see differently, with its cause."""
    rows = db.execute(SELECT_DIFFERENCES, values(store, limit)).fetchall()
    return [
        DifferenceRow(
            store=row[0],
            series=row[1],
            seq=row[2],
            effect=row[3],
            register_value=row[4],
            headquarters_value=row[5],
            cause=cause_of(row[3]),
        )
        for row in rows
    ]


def quarantine(db: Connection, store: str, limit: int) -> list[QuarantineRow]:
    """Records that could not be booked, and why."""
    return [_quarantined(row) for row in db.execute(SELECT_QUARANTINE, values(store, limit)).fetchall()]


def _quarantined(row: Any) -> QuarantineRow:
    said = _said(row[6])
    return QuarantineRow(
        store=row[0],
        series=row[1],
        seq=row[2],
        kind=str(said.get("kind", "")),
        total=_whole(said.get("total")),
        currency=str(said.get("currency", "")),
        reason=row[3],
        attempts=row[4],
        at=utc_text(row[5]),
    )


def _transaction(row: Any) -> Transaction:
    names = ("txn_id", "kind", "receipt_no", "total", "currency", "at", "business_date")
    known = dict(zip(names, row[2:9], strict=True)) if row[10] is None else _said(row[10])
    return Transaction(
        series=row[0],
        seq=row[1],
        txn_id=str(known.get("txn_id", "")),
        kind=str(known.get("kind", "")),
        receipt_no=_whole(known.get("receipt_no")) or None,
        total=_whole(known.get("total")),
        currency=str(known.get("currency", "")),
        at=str(known.get("at", "")),
        business_date=str(known.get("business_date", "")),
        state=row[9],
    )


def _said(payload: Any) -> dict[str, Any]:
    try:
        return parse_document(bytes(payload))
    except NotCanonical:
        return {}  # what cannot be read is shown without content; its bytes are kept


def _whole(value: object) -> int:
    return value if type(value) is int else 0
