"""Vouchers of the house in the books: every record adds what it put on a voucher or took off it.

A balance is the sum of a voucher's entries; it is nowhere stored. A redemption that finds less than it took (two
registers took the same voucher while no server could be asked, or it was issued by nobody) is posted all the same,
for the goods are gone, and a difference `voucher:NUMBER` beside it tells a person. Owns the tables `voucher` and
`voucher_entry`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from store.database.connection import values
from store.ledger.books import VOUCHER_ENTRIES, Books
from store.ledger.tax_recomputation import Body

LOCK_VOUCHER = """
insert into voucher (number) values ($1) on conflict (number) do update set number = excluded.number returning number"""
"""Whoever posts an entry of a voucher waits for whoever does so now."""
SELECT_BALANCE = "select cast(coalesce(sum(amount), 0) as bigint) from voucher_entry where number = $1"


def voucher_changes(body: Body) -> Iterator[tuple[str, str, int]]:
    """What a sale changes: effect, number, amount put on (above nothing) or taken off a voucher."""
    for line in body["lines"]:
        if "voucher" in line:
            yield f"line:{line['n']}", line["voucher"], line["amount"]
    for row in body["tenders"]:
        if row["kind"] == "voucher" and "voucher" in row:
            yield f"tender:{row['n']}", row["voucher"], -row["amount"]


def post_vouchers(
    books: Books, place: tuple[str, str, int], body: Mapping[str, Any]
) -> Iterator[tuple[str, int, int]]:
    """Enter what a sale does to vouchers; yields (effect, taken, what was there) for each that was overspent."""
    before: dict[str, int] = {}
    for effect, number, amount in voucher_changes(body):
        if number not in before:
            books.read(LOCK_VOUCHER, values(number))
            before[number] = int(books.read(SELECT_BALANCE, values(number))[0][0])
        cells = (
            *place,
            effect,
            number,
            amount,
            body["txn_id"],
            body["currency"],
            body.get("business_date", ""),
        )
        books.add(VOUCHER_ENTRIES, [cells])
        if amount < 0 and before[number] + amount < 0:
            yield f"voucher:{number}", -amount, before[number]
        before[number] += amount
