"""The sums of a shift, folded from the journal's payloads: stored cents are added, nothing is computed again."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from store.sale.cash import BY_KIND, MOVEMENTS, Movement
from store.sale.declaration import TenderCount, counted_of, declared_rows
from store.sale.deposit import deposits_sold, empties_taken
from store.sale.policy import StoreFacts
from store.sale.price_notes import offered, untaxed_of
from store.sale.record import Body, store_body, tax_rows
from store.sale.shift_people import PeopleSums, fold_people, people_body
from store.sale.tax import TaxRow
from store.sale.tender_rows import TenderSum, sum_rows, with_rows


class AccountSum(msgspec.Struct, frozen=True):
    """Income or expense booked to one account: `kind` is the record's, the amount never negative."""

    kind: str
    account: str
    name: str
    count: int
    amount: int


class ShiftTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in a shift so far; amounts in minor units.

    `grand_total_before` is the register's running total of all sales before this shift. `cash_in` is the cash handed
    over, `change` the cash given back, `cash_rounding` what rounding added. Sums of money moved beside sales (float
    entries, removals, drops, income and expense) are never negative; their kind says which way it went.
    """

    currency: str = ""
    shift: int = 0
    shift_id: str = ""
    business_date: str = ""
    opened_at: str = ""
    opened_by: str = ""
    start_amount: int = 0
    grand_total_before: int = 0
    sales: int = 0
    sales_total: int = 0
    discount: int = 0
    offered: int = 0
    """The part of `discount` that comes from headquarters."""
    untaxed: int = 0
    """What goods without any tax came to."""
    price_overrides: int = 0
    """Lines whose price was set by hand."""
    voids: int = 0
    voids_total: int = 0
    voided_lines: int = 0
    voided_lines_total: int = 0
    voided_tenders: int = 0
    no_sales: int = 0
    reprints: int = 0
    returns: int = 0
    """Lines by which goods came back."""
    returns_total: int = 0
    """What was given for them, never below zero."""
    post_voids: int = 0
    """Finished sales that were undone."""
    post_voids_total: int = 0
    vouchers_issued: int = 0
    vouchers_issued_total: int = 0
    """Vouchers sold, less those taken back; their amount is in the total of sales."""
    deposits_total: int = 0
    """Deposits of bottles and crates sold; in the total of sales."""
    empties_total: int = 0
    """What was given for empties, never below zero."""
    account_payments: int = 0
    account_payments_total: int = 0
    """What customers paid into their accounts; not in the total of sales, but among the tenders and the cash."""
    tenders: tuple[TenderSum, ...] = ()
    taxes: tuple[TaxRow, ...] = ()
    cash_in: int = 0
    change: int = 0
    cash_rounding: int = 0
    floats: int = 0
    floats_total: int = 0
    incomes: int = 0
    incomes_total: int = 0
    expenses: int = 0
    expenses_total: int = 0
    removals: int = 0
    removals_total: int = 0
    safe_drops: int = 0
    safe_drops_total: int = 0
    bank_drops: int = 0
    bank_drops_total: int = 0
    accounts: tuple[AccountSum, ...] = ()
    declared: tuple[TenderCount, ...] = ()
    """The last tender declaration."""
    declared_seq: int = 0
    moved_seq: int = 0
    """The last record that took or gave money."""
    first_seq: int = 0
    last_seq: int = 0
    first_receipt_no: int = 0
    last_receipt_no: int = 0
    people: PeopleSums = PeopleSums()
    """Per operator, and what is told apart from the rest."""

    @property
    def expected_cash(self) -> int:
        """What the drawer should hold: start amount + cash in - change, and what was put in and taken out beside it."""
        return self.start_amount + self.cash_in - self.change + self.moved

    @property
    def expected(self) -> dict[str, int]:
        """What should be there of each tender type; of foreign notes in their own currency."""
        return {row.code: row.in_hand for row in self.tenders} | {"cash": self.expected_cash}

    @property
    def declaration_holds(self) -> bool:
        """Whether the shift was counted and no money has moved since."""
        return self.declared_seq > self.moved_seq

    @property
    def moved(self) -> int:
        """Money moved beside sales: what came in less what went out."""
        return sum(movement.sign * int(getattr(self, movement.total_name)) for movement in MOVEMENTS)

    @property
    def grand_total(self) -> int:
        """The register's running total of all sales, this shift included."""
        return self.grand_total_before + self.sales_total

    def over_short(self, counted: int) -> int:
        """What is too much (positive) or missing (negative) in a drawer with `counted`."""
        return counted - self.expected_cash


def fold(sums: ShiftTotals, payload: Mapping[str, Any]) -> ShiftTotals:
    """The sums with one more record. Kinds that do not touch them only move the sequence numbers."""
    sums = _numbered(sums, payload)
    sums = replace(sums, people=fold_people(sums.people, payload))
    match payload.get("kind"):
        case "shift.open":
            return _opened(sums, payload)
        case "sale":
            return _sold(sums, payload)
        case "void":
            voided = payload.get("voided_lines", ())
            return replace(
                sums,
                voids=sums.voids + 1,
                voids_total=sums.voids_total + payload["total"],
                voided_lines=sums.voided_lines + len(voided),
                voided_lines_total=sums.voided_lines_total + _gross(voided),
            )
        case "drawer.open":
            return replace(sums, no_sales=sums.no_sales + 1)
        case "reprint":
            return replace(sums, reprints=sums.reprints + 1)
        case "tender.declaration":
            return replace(sums, declared=counted_of(payload), declared_seq=sums.last_seq)
        case "account.payment":
            return _paid_in(sums, payload)
        case kind if kind in BY_KIND:
            return _moved(sums, BY_KIND[kind], payload)
        case _:
            return sums


def fold_all(payloads: Iterable[Mapping[str, Any]]) -> ShiftTotals:
    """The sums over all records of one shift, in the order of the journal."""
    sums = ShiftTotals()
    for payload in payloads:
        sums = fold(sums, payload)
    return sums


def x_report_body(sums: ShiftTotals, facts: StoreFacts) -> Body:
    """An X report: the shift so far, closing nothing."""
    body: Body = {
        "store": store_body(facts),
        "currency": sums.currency,
        "opened_at": sums.opened_at,
        "opened_by": sums.opened_by,
        "tenders": sum_rows(sums.tenders),
        "taxes": tax_rows(sums.taxes),
        "expected_cash": sums.expected_cash,
        "grand_total": sums.grand_total,
    }
    body |= people_body(sums.people)
    if sums.accounts:
        body["accounts"] = [
            {
                "kind": row.kind,
                "account": row.account,
                "name": row.name,
                "count": row.count,
                "amount": row.amount,
            }
            for row in sums.accounts
        ]
    return body | {name: getattr(sums, name) for name in COUNTERS}


def shift_close_body(
    sums: ShiftTotals, facts: StoreFacts, counted: int, *, head_hash: str = "", unacknowledged: int = 0
) -> Body:
    """The closing of a shift (Z): everything of an X report, the counted cash and the difference.

    When the shift was declared and `counted` is that, the closing has the difference of every tender.
    `head_hash` is the journal's head before this record, `unacknowledged` how many records wait for the server.
    """
    body = x_report_body(sums, facts)
    body |= {"counted": counted, "over_short": sums.over_short(counted), "unacknowledged": unacknowledged}
    if sums.declaration_holds and any(row.kind == "cash" and row.amount == counted for row in sums.declared):
        body["declared"] = declared_rows(sums.declared, sums.expected)
    if head_hash:
        body["head_hash"] = head_hash
    return body


COUNTERS = (
    "start_amount",
    "grand_total_before",
    "sales",
    "sales_total",
    "discount",
    "offered",
    "untaxed",
    "price_overrides",
    "voids",
    "voids_total",
    "voided_lines",
    "voided_lines_total",
    "voided_tenders",
    "no_sales",
    "reprints",
    "returns",
    "returns_total",
    "post_voids",
    "post_voids_total",
    "vouchers_issued",
    "vouchers_issued_total",
    "deposits_total",
    "empties_total",
    "account_payments",
    "account_payments_total",
    "cash_in",
    "change",
    "cash_rounding",
    *(name for movement in MOVEMENTS for name in (movement.count_name, movement.total_name)),
    "first_seq",
    "last_seq",
    "first_receipt_no",
    "last_receipt_no",
)
"""The plain numbers of ShiftTotals that go into a report's record under their own names."""


def _numbered(sums: ShiftTotals, payload: Mapping[str, Any]) -> ShiftTotals:
    seq = payload.get("seq", 0)
    receipt_no = payload.get("receipt_no", 0)
    return replace(
        sums,
        first_seq=sums.first_seq or seq,
        last_seq=max(sums.last_seq, seq),
        first_receipt_no=sums.first_receipt_no or receipt_no,
        last_receipt_no=max(sums.last_receipt_no, receipt_no),
    )


def _opened(sums: ShiftTotals, payload: Mapping[str, Any]) -> ShiftTotals:
    return replace(
        sums,
        currency=payload["currency"],
        shift=payload.get("shift", 0),
        shift_id=payload.get("shift_id", ""),
        business_date=payload.get("business_date", ""),
        opened_at=payload.get("at", ""),
        opened_by=payload.get("operator_name", ""),
        start_amount=payload["start_amount"],
        grand_total_before=payload.get("grand_total", 0),
    )


def _sold(sums: ShiftTotals, payload: Mapping[str, Any]) -> ShiftTotals:
    rows = payload["tenders"]
    given = sum(row["amount"] for row in rows if row["kind"] == "cash")
    vouchers = [line for line in payload["lines"] if "voucher" in line]
    voided = payload.get("voided_lines", ())
    undone = int("voids_of" in payload)
    back = () if undone else came_back(payload["lines"])
    return replace(
        sums,
        currency=sums.currency or payload["currency"],
        moved_seq=sums.last_seq,
        sales=sums.sales + 1,
        sales_total=sums.sales_total + payload["total"],
        returns=sums.returns + len(back),
        returns_total=sums.returns_total - _gross(back),
        post_voids=sums.post_voids + undone,
        post_voids_total=sums.post_voids_total - payload["total"] * undone,
        discount=sums.discount + payload["discount"],
        offered=sums.offered + sum(offered(line) for line in payload["lines"]),
        untaxed=sums.untaxed + untaxed_of(payload),
        price_overrides=sums.price_overrides
        + sum(line["price_source"] == "override" for line in payload["lines"]),
        voided_lines=sums.voided_lines + len(voided),
        voided_lines_total=sums.voided_lines_total + _gross(voided),
        voided_tenders=sums.voided_tenders + len(payload.get("voided_tenders", ())),
        deposits_total=sums.deposits_total + _gross(() if undone else deposits_sold(payload["lines"])),
        empties_total=sums.empties_total - _gross(() if undone else empties_taken(payload["lines"])),
        vouchers_issued=sums.vouchers_issued + sum(1 if line["amount"] > 0 else -1 for line in vouchers),
        vouchers_issued_total=sums.vouchers_issued_total + sum(line["amount"] for line in vouchers),
        tenders=with_rows(sums.tenders, rows),
        taxes=_with_taxes(sums.taxes, payload["taxes"]),
        cash_in=sums.cash_in + given,
        change=sums.change + payload["change"],
        cash_rounding=sums.cash_rounding + payload["cash_rounding"],
    )


def _paid_in(sums: ShiftTotals, payload: Mapping[str, Any]) -> ShiftTotals:
    rows = payload["tenders"]
    return replace(
        sums,
        currency=sums.currency or payload["currency"],
        moved_seq=sums.last_seq,
        account_payments=sums.account_payments + 1,
        account_payments_total=sums.account_payments_total + payload["total"],
        tenders=with_rows(sums.tenders, rows),
        cash_in=sums.cash_in + sum(row["amount"] for row in rows if row["kind"] == "cash"),
    )


def _moved(sums: ShiftTotals, movement: Movement, payload: Mapping[str, Any]) -> ShiftTotals:
    count, total = getattr(sums, movement.count_name), getattr(sums, movement.total_name)
    counted = {movement.count_name: count + 1, movement.total_name: total + payload["total"]}
    rows = {(row.kind, row.account): row for row in sums.accounts}
    if account := payload.get("account", ""):
        key = (movement.kind, account)
        before = rows.get(key, AccountSum(movement.kind, account, payload.get("account_name", ""), 0, 0))
        rows[key] = replace(before, count=before.count + 1, amount=before.amount + payload["total"])
    return replace(sums, accounts=tuple(rows.values()), moved_seq=sums.last_seq, **counted)


def came_back(lines: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The lines of a record by which goods came back; empties are no goods."""
    return tuple(line for line in lines if line["quantity"].startswith("-") and "empties" not in line)


def _gross(lines: Iterable[Mapping[str, Any]]) -> int:
    return sum(line["gross"] for line in lines)


def _with_taxes(sums: tuple[TaxRow, ...], rows: Iterable[Mapping[str, Any]]) -> tuple[TaxRow, ...]:
    by_tax = {(row.code, row.rate, row.included): row for row in sums}
    for row in rows:
        key = (row["code"], row["rate"], bool(row["included"]))
        before = by_tax.get(key)
        by_tax[key] = TaxRow(
            code=row["code"],
            name=row["name"],
            rate=row["rate"],
            included=bool(row["included"]),
            net=row["net"] + (before.net if before else 0),
            tax=row["tax"] + (before.tax if before else 0),
            gross=row["gross"] + (before.gross if before else 0),
            fixed=row.get("fixed", 0),
            compound=row.get("compound", 0) == 1,
            exempt=row.get("exempt", 0) == 1,
        )
    return tuple(by_tax.values())
