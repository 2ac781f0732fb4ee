"""Vouchers at the server: what is on one, and what an open sale holds of it, so that no two registers spend the same.

What was redeemed stands in the ledger (`store.ledger.vouchers`); a hold counts until the record of its sale is there,
until it is let go, or until it runs out. Owns the table `voucher_hold`.
"""

from collections.abc import Sequence

from store.database.connection import Connection, values
from store.exchange.vouchers import HOLD_MS, WireVoucher
from store.ledger.vouchers import LOCK_VOUCHER, SELECT_BALANCE

SELECT_ISSUED = """
select currency, business_date from voucher_entry where number = $1 and amount > 0
order by business_date, store_id, series, seq limit 1"""
SELECT_HELD = """
select cast(coalesce(sum(h.amount), 0) as bigint) from voucher_hold h
where h.number = $1 and h.txn_id <> $2 and h.until_ms > $3
  and not exists (select 1 from voucher_entry e where e.number = h.number and e.txn_id = h.txn_id)"""
SELECT_COUNTED = """
select coalesce(
  (select -sum(e.amount) from voucher_entry e where e.number = $1 and e.txn_id = $2 and e.amount < 0),
  (select h.amount from voucher_hold h where h.number = $1 and h.txn_id = $2 and h.until_ms > $3), 0)"""
SELECT_SPENT = "select count(*) from voucher_entry where number = $1 and txn_id = $2"
DELETE_HOLDS = "delete from voucher_hold where until_ms <= $1 or (number = $2 and txn_id = $3)"
INSERT_HOLD = "insert into voucher_hold (number, txn_id, amount, until_ms) values ($1, $2, $3, $4)"


def find_voucher(db: Connection, _store: str, number: str, txn_id: str, now_ms: int) -> WireVoucher | None:
    """A voucher that was issued in any store of this server, None when it was not; `txn_id` is the asking sale."""
    issued = db.execute(SELECT_ISSUED, values(number)).fetchone()
    if issued is None:
        return None
    return WireVoucher(
        number=number,
        currency=str(issued[0]),
        balance=int(db.execute(SELECT_BALANCE, values(number)).fetchone()[0]),
        held=int(db.execute(SELECT_HELD, values(number, txn_id, now_ms)).fetchone()[0]),
        issued=str(issued[1]),
    )


def hold_voucher(
    db: Connection,
    store: str,
    number: str,
    txn_id: str,
    amount: int,
    now_ms: int,
    unsent: Sequence[str] = (),
) -> WireVoucher | None:
    """Keep up to `amount` of a voucher for an open sale: as much as is there. Part of a unit of work.

    Asked twice it is the same. A sale whose record is here holds nothing any more. Of the sales in `unsent` it says
    how much of the voucher is gone for them here already, held or posted.
    """
    db.execute(LOCK_VOUCHER, values(number)).fetchall()
    db.execute(DELETE_HOLDS, values(now_ms, number, txn_id))
    found = find_voucher(db, store, number, txn_id, now_ms)
    if found is None:
        return None
    spent = int(db.execute(SELECT_SPENT, values(number, txn_id)).fetchone()[0])
    granted = 0 if spent else max(min(amount, found.balance - found.held), 0)
    if granted:
        db.execute(INSERT_HOLD, values(number, txn_id, granted, now_ms + HOLD_MS))
    return WireVoucher(
        number=number,
        currency=found.currency,
        balance=found.balance,
        held=found.held,
        granted=granted,
        counted=sum(_counted(db, number, sale, now_ms) for sale in unsent),
        issued=found.issued,
    )


def _counted(db: Connection, number: str, txn_id: str, now_ms: int) -> int:
    """What a sale took of a voucher, as far as it is known here."""
    return int(db.execute(SELECT_COUNTED, values(number, txn_id, now_ms)).fetchone()[0])
