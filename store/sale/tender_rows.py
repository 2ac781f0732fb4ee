"""Payments as rows of a record, and what those rows add up to: by tender type, in a drawer, in foreign notes."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from store.sale.language import later, phrase
from store.sale.tender import Tender
from store.sale.tender_type import NAME_LIMIT
from store.sale.text import stored

Row = Mapping[str, Any]

CASH_ROWS = frozenset({"cash", "change", "rounding"})
"""Kinds of tender rows that together are what cash paid."""
OWN_NAMES = {"cash": later("Cash"), "card": later("Card")}
"""Names that a record does not repeat."""


class TenderSum(msgspec.Struct, frozen=True, omit_defaults=True):
    """Payments of one tender type: how many, and what they count towards the totals; `back` is what of it went back.

    `foreign` is what was handed over in `currency`, where the type is foreign notes (minor units each).
    """

    kind: str
    count: int
    amount: int
    type: str = ""
    name: str = ""
    currency: str = ""
    foreign: int = 0
    back: int = 0

    @property
    def code(self) -> str:
        """The tender type: what a declaration and a closing name it by."""
        return self.type or self.kind

    @property
    def in_hand(self) -> int:
        """What should be there of it: in its own currency where it has one."""
        return self.foreign if self.currency else self.amount


def code_of(row: Row) -> str:
    """The tender type that a row of a record belongs to; change and rounding are cash."""
    kind = str(row["kind"])
    return "cash" if kind in CASH_ROWS else str(row.get("type") or kind)


def label_of(row: Row) -> str:
    """What people call the tender of a row."""
    if row.get("name"):
        return str(row["name"])
    own = {"cash": phrase("Cash"), "card": phrase("Card"), "change": phrase("Change")}
    return own.get(row["kind"]) or str(row.get("type") or row["kind"])


def tender_rows(tenders: tuple[Tender, ...]) -> list[dict[str, Any]]:
    """Payments, and behind each its change and rounding as rows of their own with their own number `n`."""
    rows: list[dict[str, Any]] = []

    def add(tender: Tender, kind: str, amount: int) -> dict[str, Any]:
        row: dict[str, Any] = {"n": len(rows) + 1, "tender": tender.n, "kind": kind, "amount": amount}
        rows.append(row)
        return row

    for tender in tenders:
        add(tender, tender.kind.value, tender.given).update(_facts(tender))
        if tender.change:
            add(tender, "change", -tender.change)
        if tender.rounding:
            add(tender, "rounding", -tender.rounding)
    return rows


def voided_rows(tenders: tuple[Tender, ...]) -> list[dict[str, Any]]:
    """Payments that were taken back before the end."""
    return [
        {"tender": tender.n, "kind": tender.kind.value, "amount": tender.amount}
        | ({"type": tender.type} if tender.type else {})
        for tender in tenders
        if tender.voided
    ]


def _facts(tender: Tender) -> dict[str, Any]:
    """What else a row says of a payment; absent where it does not apply."""
    named = stored(tender.name, NAME_LIMIT) if tender.name != OWN_NAMES.get(tender.kind.value) else ""
    facts: dict[str, Any] = {
        "type": tender.type,
        "name": named,
        "reference": tender.reference,
        "deferred": int(tender.deferred),
        "currency": tender.currency,
        "foreign": tender.foreign,
        "rate": tender.rate,
        "voucher": tender.voucher,
        "offline": int(tender.offline),
        "change_of": tender.change_of,
    }
    return {name: value for name, value in facts.items() if value}


def with_rows(sums: tuple[TenderSum, ...], rows: Iterable[Row]) -> tuple[TenderSum, ...]:
    """The sums by tender type with the rows of one more record."""
    by_code = {one.code: one for one in sums}
    for row in rows:
        code = code_of(row)
        own = row["kind"] not in CASH_ROWS or row["kind"] == "cash"
        kind = row["kind"] if own else "cash"
        before = by_code.get(code) or TenderSum(
            kind=kind,
            count=0,
            amount=0,
            type=row.get("type", "") if own else "",
            name=row.get("name", "") if own else "",
            currency=row.get("currency", ""),
        )
        by_code[code] = replace(
            before,
            count=before.count + own,
            amount=before.amount + row["amount"],
            foreign=before.foreign + row.get("foreign", 0),
            back=before.back - min(row["amount"], 0) * own,
        )
    return tuple(by_code.values())


def sum_rows(sums: Iterable[TenderSum]) -> list[dict[str, Any]]:
    """The sums as a report's record holds them."""
    return [msgspec.to_builtins(one) for one in sums]
