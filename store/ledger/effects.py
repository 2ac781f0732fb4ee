"""What a record does to the books: the effects of posting, and what the server computes by its own means.

The register's figures are stored as they are; where the server's own arithmetic disagrees, the difference is
written beside them for a person to see. Owns the tables `posted`, `sale_line`, `sale_tender`, `sale_tax`,
`shift_total` and `difference`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from store.database.connection import values
from store.ledger.books import DIFFERENCES, LINES, POSTED, SHIFT_TOTALS, TAXES, TENDERS, Books
from store.ledger.customers import post_account, post_customer
from store.ledger.recomputation import left_of, offered, price_overrides, recompute_sale, recompute_shift
from store.ledger.return_recomputation import deposits_of_shift, returns_of_shift
from store.ledger.returned import post_returned
from store.ledger.suspensions import post_badge, post_suspension
from store.ledger.tender_recomputation import (
    closing_amounts,
    recompute_closing,
    recompute_declaration,
    taken_by_kind,
    vouchers_issued,
)
from store.ledger.vouchers import post_vouchers

Body = Mapping[str, Any]


class Ref(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a record, under which all its effects stand."""

    store: str
    series: str
    seq: int
    now_ms: int

    @property
    def place(self) -> tuple[str, str, int]:
        """Store, series and seq: how the key of every row begins."""
        return self.store, self.series, self.seq


class Unpostable(ValueError):
    """A record that no further attempt will make postable; the message is the reason for its quarantine."""


SELECT_MISSING = """
select (select count(*) from retry where store_id = $1 and series = $2 and seq < $3)
  + (select count(*) from quarantine where store_id = $1 and series = $2 and seq < $3)"""
SELECT_SHIFT_KINDS = """
select kind, count(*), cast(coalesce(sum(total), 0) as bigint) from posted
where store_id = $1 and series = $2 and shift_id = $3 group by kind"""
SELECT_SHIFT_OPERATOR = """
select count(*), cast(coalesce(sum(total), 0) as bigint) from posted
where store_id = $1 and series = $2 and shift_id = $3 and operator = $4 and kind = 'sale'"""
SELECT_SHIFT_TENDERS = """
select t.kind, t.type, cast(sum(t.amount) as bigint), cast(sum(t.notes) as bigint) from sale_tender t
join posted p on p.store_id = t.store_id and p.series = t.series and p.seq = t.seq
where p.store_id = $1 and p.series = $2 and p.shift_id = $3 group by t.kind, t.type"""
SELECT_SHIFT_START = """
select amount from shift_total t join posted p
  on p.store_id = t.store_id and p.series = t.series and p.seq = t.seq
where p.store_id = $1 and p.series = $2 and p.shift_id = $3 and p.kind = 'shift.open'
  and t.effect = 'start_amount'"""

SELECT_SHIFT_BY_HAND = """
select t.effect, cast(sum(t.amount) as bigint) from shift_total t join posted p
  on p.store_id = t.store_id and p.series = t.series and p.seq = t.seq
where p.store_id = $1 and p.series = $2 and p.shift_id = $3 and p.kind = 'sale' group by t.effect"""


def post(books: Books, ref: Ref, body: Body) -> None:
    """Put all effects of one record into the books. Raises Unpostable, or whatever a bug raises."""
    kind = body["kind"]
    effect = EFFECTS.get(kind)
    if effect is None:
        raise Unpostable(f"unknown kind {kind[:40]}; a newer program may know it")
    txn_id, receipt_no = body["txn_id"], body.get("receipt_no", 0)
    _check_unique(books, ref, txn_id, receipt_no)
    books.add(
        POSTED,
        [
            (
                *ref.place,
                kind,
                txn_id,
                receipt_no,
                body.get("total", 0),
                body.get("currency", ""),
                body["at"],
                body.get("business_date", ""),
                body.get("operator", ""),
                body.get("shift_id", ""),
                ref.now_ms,
            )
        ],
    )
    books.name(txn_id, receipt_no, ref.seq)
    effect(books, ref, body)


def note_difference(
    books: Books, ref: Ref, effect: str, register_value: object, server_value: object
) -> None:
    """Write down that register and server see something differently."""
    books.add(DIFFERENCES, [(*ref.place, effect, str(register_value)[:200], str(server_value)[:200])])


def _check_unique(books: Books, ref: Ref, txn_id: str, receipt_no: int) -> None:
    found = books.with_txn(txn_id)
    for series, seq in found:
        if series == ref.series:
            raise Unpostable(f"txn_id is that of record {seq}")
    if found:
        # Two registers with the same id (a cloned machine): both sold something, so both count, and a person looks.
        series, seq = found[0]
        note_difference(books, ref, "txn_id", txn_id, f"also {series} record {seq}")
    if receipt_no and (taken := books.with_receipt(receipt_no)) is not None:
        raise Unpostable(f"receipt number {receipt_no} is that of record {taken}")


def _post_sale(books: Books, ref: Ref, body: Body) -> None:
    place = ref.place
    books.add(
        LINES,
        [
            (*place, f"line:{line['n']}", line["sku"], line["name"], line["quantity"], left_of(line))
            for line in body["lines"]
        ],
    )
    books.add(
        TENDERS,
        [tender_cells(ref, row) for row in body["tenders"]],
    )
    books.add(
        TAXES,
        [
            (*place, f"tax:{row['code']}:{row['rate']}", row["rate"], row["net"], row["tax"], row["gross"])
            for row in body["taxes"]
        ],
    )
    by_hand = {"discount": body["discount"], "price_overrides": price_overrides(body)} | vouchers_issued(body)
    by_hand |= {"late_sales": 1, "late_total": body["total"]} if body.get("late") else {}
    by_hand |= returns_of_shift(body) | deposits_of_shift(body) | {"offered": offered(body)}
    if any(by_hand.values()):
        books.add(SHIFT_TOTALS, [(*place, effect, amount) for effect, amount in by_hand.items() if amount])
    for effect, said, found in (*recompute_sale(body), *post_vouchers(books, place, body)):
        note_difference(books, ref, effect, said, found)
    for row in post_returned(books, place, body):
        note_difference(books, ref, row.effect, row.said, row.found)
    if why := post_account(books, place, body, ref.now_ms):
        note_difference(books, ref, "account", why, "")


def tender_cells(ref: Ref, row: Body) -> tuple[Any, ...]:
    """A payment as the books hold it."""
    return (
        *ref.place,
        f"tender:{row['n']}",
        row["kind"],
        row["amount"],
        row.get("type", ""),
        row.get("foreign", 0),
    )


def _post_shift_open(books: Books, ref: Ref, body: Body) -> None:
    totals = [(*ref.place, effect, body[effect]) for effect in ("start_amount", "grand_total")]
    books.add(SHIFT_TOTALS, totals)


def _post_shift_close(books: Books, ref: Ref, body: Body) -> None:
    books.add(SHIFT_TOTALS, [(*ref.place, effect, amount) for effect, amount in _shift_amounts(body)])
    missing = int(books.read(SELECT_MISSING, values(*ref.place))[0][0])
    if missing:
        # What is not posted cannot be compared; saying so beats a wrong alarm.
        note_difference(books, ref, "shift.incomplete", 0, missing)
        return
    where = values(ref.store, ref.series, body["shift_id"])
    start = books.read(SELECT_SHIFT_START, where)
    tenders = books.read(SELECT_SHIFT_TENDERS, where)
    found = recompute_shift(
        kinds=books.read(SELECT_SHIFT_KINDS, where),
        tenders=taken_by_kind(tenders),
        by_hand=books.read(SELECT_SHIFT_BY_HAND, where),
        start_amount=int(start[0][0]) if start else 0,
    )
    for effect, amount in found.items():
        if body.get(effect, 0) != amount:
            note_difference(books, ref, f"shift.{effect}", body.get(effect, 0), amount)
    for row in body.get("operators", ()):
        _compare_operator(books, ref, body["shift_id"], row)
    for effect, said, amount in recompute_closing(body, tenders, found["expected_cash"]):
        note_difference(books, ref, effect, said, amount)


def _compare_operator(books: Books, ref: Ref, shift_id: str, row: Body) -> None:
    """Where what a closing says one operator sold is not what was posted."""
    where = values(ref.store, ref.series, shift_id, str(row["operator"]))
    (found,) = books.read(SELECT_SHIFT_OPERATOR, where)
    for name, amount in zip(("sales", "total"), found, strict=True):
        if row[name] != int(amount):
            note_difference(books, ref, f"shift.operator:{row['operator']}.{name}", row[name], int(amount))


def _shift_amounts(body: Body) -> Iterator[tuple[str, int]]:
    """Every whole number a closing says, and its rows per tender and per tax."""
    common = {"v", "seq", "receipt_no", "shift", "utc_offset_min"}
    for name, value in body.items():
        if type(value) is int and name not in common:
            yield name, value
    yield from closing_amounts(body)
    for row in body.get("taxes", ()):
        yield f"tax:{row['code']}:{row['rate']}", row["gross"]


def _post_event(books: Books, ref: Ref, body: Body) -> None:
    """A record that moves no money: that it is posted is its whole effect."""


def _post_count(books: Books, ref: Ref, body: Body) -> None:
    """A stock count moves no money; headquarters lists its rows, so they have to be there."""
    for row in body["rows"]:
        if not {"sku", "name", "quantity", "unit"} <= row.keys():
            raise Unpostable("a row of the stock count says too little")


def _post_movement(books: Books, ref: Ref, body: Body) -> None:
    """Money beside sales: its amount is in `posted`; below nothing it would count the wrong way round."""
    if type(body.get("total")) is not int or body["total"] < 0:
        raise Unpostable("money moved without a sale has no amount")


def _post_account_payment(books: Books, ref: Ref, body: Body) -> None:
    """Money that a customer paid into the account: taken like that of a sale, and off what is owed."""
    total = body.get("total")
    if type(total) is not int or total <= 0 or sum(row["amount"] for row in body["tenders"]) != total:
        raise Unpostable("a payment into an account whose amounts do not agree")
    if why := post_account(books, ref.place, body, ref.now_ms):
        raise Unpostable(why)
    books.add(TENDERS, [tender_cells(ref, row) for row in body["tenders"]])


def _post_customer(books: Books, ref: Ref, body: Body) -> None:
    if why := post_customer(books, ref.place, body):
        raise Unpostable(why)


def _post_declaration(books: Books, ref: Ref, body: Body) -> None:
    counted = ((row.get("type") or row["kind"], row["amount"]) for row in body["tenders"])
    totals = [(*ref.place, f"declared:{code}", amount) for code, amount in counted]
    books.add(SHIFT_TOTALS, totals)
    for effect, said, found in recompute_declaration(body):
        note_difference(books, ref, effect, said, found)


def _post_suspension(books: Books, ref: Ref, body: Body) -> None:
    if why := post_suspension(books, ref.place, body):
        raise Unpostable(why)


def _post_badge(books: Books, ref: Ref, body: Body) -> None:
    if why := post_badge(books, ref.place, body):
        raise Unpostable(why)


EFFECTS: dict[str, Callable[[Books, Ref, Body], None]] = {
    "sale": _post_sale,
    "void": _post_event,
    "shift.open": _post_shift_open,
    "shift.close": _post_shift_close,
    "drawer.open": _post_event,
    "tender.declaration": _post_declaration,
    "shift.suspend": _post_event,
    "shift.resume": _post_event,
    "shift.blind_close": _post_event,
    "reprint.z": _post_event,
    "cash.float": _post_movement,
    "cash.income": _post_movement,
    "cash.expense": _post_movement,
    "cash.removal": _post_movement,
    "cash.safe_drop": _post_movement,
    "cash.bank_drop": _post_movement,
    "account.payment": _post_account_payment,
    "account.statement": _post_event,
    "customer.add": _post_customer,
    "customer.edit": _post_customer,
    "sign.on": _post_event,
    "sign.off": _post_event,
    "sign.emergency": _post_event,
    "lock": _post_event,
    "unlock": _post_event,
    "reprint": _post_event,
    "gift.receipt": _post_event,
    "report.x": _post_event,
    "mode": _post_event,
    "clock": _post_event,
    "sign.unavailable": _post_event,
    "sign.recovered": _post_event,
    "price.difference": _post_event,
    "override": _post_event,
    "age.refused": _post_event,
    "stock.count": _post_count,
    "badge.assign": _post_badge,
    "training.on": _post_event,
    "training.off": _post_event,
    "training.sale": _post_event,
    "training.void": _post_event,
    "training.return": _post_event,
    "sale.suspend": _post_suspension,
    "sale.release": _post_suspension,
    "sale.recall": _post_suspension,
    "sale.discard": _post_suspension,
    "safe.count": _post_event,
    "safe.in": _post_event,
    "safe.out": _post_event,
}
"""Kind of record → its effects. An unknown kind may carry money, so it is quarantined, not dropped."""
