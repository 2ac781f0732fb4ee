"""What people and scripts read from the books: transactions, quarantine, differences, conservation. Reads only."""

from typing import Any

import msgspec

from store.database.connection import Connection, values
from store.exchange.canonical import NotCanonical, parse_document
from store.exchange.kinds import COUNTED_KINDS

MAX_ROWS = 10_000

SELECT_TRANSACTIONS = """
select r.series, r.seq, p.txn_id, p.kind, p.receipt_no, p.total, p.currency, p.at, p.business_date,
  q.reason, case when p.seq is null then r.payload end
from record r
left join posted p on p.store_id = r.store_id and p.series = r.series and p.seq = r.seq
left join quarantine q on q.store_id = r.store_id and q.series = r.series and q.seq = r.seq
where r.store_id = $1 and (r.series > $2 or (r.series = $2 and r.seq > $3))
order by r.series, r.seq limit $4"""
SELECT_QUARANTINE = """
select series, seq, reason, attempts, at_ms from quarantine where store_id = $1 order by series, seq limit $2"""
SELECT_DIFFERENCES = """
select series, seq, effect, register_value, server_value from difference
where store_id = $1 order by series, seq, effect limit $2"""
SELECT_STORES = "select store_id from store order by store_id"
SELECT_CONSERVATION = """
select
  (select count(*) from record where store_id = $1),
  (select count(*) from posted where store_id = $1),
  (select count(*) from quarantine where store_id = $1),
  (select count(*) from retry where store_id = $1) +
  (select count(*) from record r left join posting_cursor c on c.store_id = r.store_id and c.series = r.series
    where r.store_id = $1 and r.seq > coalesce(c.seq, 0))"""


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """One record that people call a transaction; amounts in minor units.

    `state` is `posted`, `quarantined` or `acknowledged` (accepted, not posted yet).
    """

    series: str
    seq: int
    txn_id: str
    kind: str
    receipt_no: int | None
    total: int
    currency: str
    at: str
    business_date: str
    state: str


class QuarantinedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not be posted, and why."""

    series: str
    seq: int
    reason: str
    attempts: int
    at_ms: int


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that register and server see differently."""

    series: str
    seq: int
    effect: str
    register_value: str
    server_value: str


class Conservation(msgspec.Struct, frozen=True, kw_only=True):
    """Where the accepted records of a store are; `accepted == posted + quarantined + waiting`, always."""

    accepted: int
    posted: int
    quarantined: int
    waiting: int

    @property
    def holds(self) -> bool:
        """Whether no record is lost or counted twice."""
        return self.accepted == self.posted + self.quarantined + self.waiting


def transactions(
    db: Connection, store: str, *, after_series: str = "", after_seq: int = 0, limit: int = MAX_ROWS
) -> list[Transaction]:
    """The transactions of a store in the order of series and seq, looking at up to `limit` records."""
    rows = db.execute(SELECT_TRANSACTIONS, values(store, after_series, after_seq, limit)).fetchall()
    found = [_transaction(row) for row in rows]
    return [each for each in found if each.kind in COUNTED_KINDS or each.state == "quarantined"]


def quarantine(db: Connection, store: str, limit: int = MAX_ROWS) -> list[QuarantinedRecord]:
    """What is in quarantine."""
    rows = db.execute(SELECT_QUARANTINE, values(store, limit)).fetchall()
    return [QuarantinedRecord(series=r[0], seq=r[1], reason=r[2], attempts=r[3], at_ms=r[4]) for r in rows]


def differences(db: Connection, store: str, limit: int = MAX_ROWS) -> list[Difference]:
    """Every figure that register and server see differently."""
    rows = db.execute(SELECT_DIFFERENCES, values(store, limit)).fetchall()
    return [
        Difference(series=r[0], seq=r[1], effect=r[2], register_value=r[3], server_value=r[4]) for r in rows
    ]


def conservation(db: Connection, store: str) -> Conservation:
    """Where the accepted records of a store are."""
    row = db.execute(SELECT_CONSERVATION, values(store)).fetchone()
    return Conservation(accepted=row[0], posted=row[1], quarantined=row[2], waiting=row[3])


def stores(db: Connection) -> list[str]:
    """The stores of this channel database."""
    return [row[0] for row in db.execute(SELECT_STORES).fetchall()]


def _transaction(row: Any) -> Transaction:
    said: dict[str, Any] = {}
    if row[10] is not None:
        try:
            said = parse_document(bytes(row[10]))
        except NotCanonical:
            said = {}  # what cannot be read is shown without content; its bytes are kept
    names = ("txn_id", "kind", "receipt_no", "total", "currency", "at", "business_date")
    known = dict(zip(names, row[2:9], strict=True)) if row[10] is None else said
    receipt_no = _whole(known.get("receipt_no"))
    return Transaction(
        series=row[0],
        seq=row[1],
        txn_id=str(known.get("txn_id", "")),
        kind=str(known.get("kind", "")),
        receipt_no=receipt_no or None,
        total=_whole(known.get("total")),
        currency=str(known.get("currency", "")),
        at=str(known.get("at", "")),
        business_date=str(known.get("business_date", "")),
        state="posted" if row[10] is None else "acknowledged" if row[9] is None else "quarantined",
    )


def _whole(value: object) -> int:
    return value if type(value) is int else 0
