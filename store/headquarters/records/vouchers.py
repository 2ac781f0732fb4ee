"""Vouchers of the house at headquarters: what is left on each, and how it came about. Reads only."""

from collections.abc import Mapping

from store.database.connection import Connection, values
from store.headquarters.errors import NotThere
from store.headquarters.nouns.vouchers import VoucherEntryRow, VoucherList, VoucherName, VoucherRow
from store.headquarters.route import Call, VerbHandler
from store.sale.voucher import parse_voucher

SELECT_LEFT = """
select number, coalesce(min(case when amount > 0 then store_id end), ''),
  coalesce(min(case when amount > 0 then business_date end), ''), min(currency), cast(sum(amount) as bigint)
from voucher_entry group by number having sum(amount) <> 0 order by 3, 1 limit $1"""
SELECT_ENTRIES = """
select store_id, series, seq, business_date, currency, amount from voucher_entry
where number = $1 order by business_date, amount desc, store_id, series, seq, effect"""


class VoucherDesk:
    """The handlers of the verbs."""

    def verbs(self) -> Mapping[tuple[str, str], VerbHandler]:
        """Noun and verb → handler."""
        return {("voucher", "list"): self.list_vouchers, ("voucher", "show"): self.show_voucher}

    async def list_vouchers(self, call: Call, given: VoucherList) -> list[VoucherRow]:
        """`voucher list`."""
        return await call.read(outstanding, given.limit)

    async def show_voucher(self, call: Call, given: VoucherName) -> list[VoucherEntryRow]:
        """`voucher show`."""
        return await call.read(entries, given.number)


def outstanding(db: Connection, limit: int) -> list[VoucherRow]:
    """Vouchers whose entries do not come to nothing, oldest first."""
    return [
        VoucherRow(number=row[0], store=row[1], issued=row[2], currency=row[3], balance=int(row[4]))
        for row in db.execute(SELECT_LEFT, values(limit)).fetchall()
    ]


def entries(db: Connection, text: str) -> list[VoucherEntryRow]:
    """The entries of a voucher in the order of their days; raises NotThere."""
    number = parse_voucher(text)
    found = db.execute(SELECT_ENTRIES, values(number)).fetchall() if number else []
    if not found:
        raise NotThere(f"No voucher has the number {text[:40]!r} here.")
    rows: list[VoucherEntryRow] = []
    balance = 0
    for store, series, seq, day, currency, amount in found:
        balance += int(amount)
        rows.append(
            VoucherEntryRow(
                store=store,
                series=series,
                seq=int(seq),
                business_date=day,
                currency=currency,
                amount=int(amount),
                balance=balance,
            )
        )
    return rows
