"""How money goes back: which tender types may be used and up to which amount, by what was paid with (docs/money.md)."""

from collections.abc import Iterable, Mapping
from typing import Any

from store.sale.language import phrase
from store.sale.money import shown_amount
from store.sale.policy import StorePolicy
from store.sale.sale import Sale
from store.sale.tender import RefundWay
from store.sale.tender_type import GivenBack, TenderKind, TenderType, find_type, first_of

ROWS_OF_OTHERS = frozenset({"change", "rounding"})
"""Rows of a record that belong to the payment before them."""


def refund_ways(
    policy: StorePolicy, paid: Iterable[Mapping[str, Any]] | None, amount: int, *, override: bool = False
) -> tuple[RefundWay, ...]:
    """With which tender types `amount` (minor units) may be given back, and how much with each at most.

    `paid` are the tender rows of the records that were paid (rows of what was given back since, below zero, use them
    up); None is without a receipt. What was paid with a type goes back as its `refund` says; each way also keeps its
    own `refund_limit`. `override` lets everything go back as without a receipt. What it was paid with comes first,
    then cash, then vouchers.
    """
    if paid is None or override:
        free = [one for one in policy.tenders if one.refund_without_receipt]
        limits = {one.code: amount for one in free}
    else:
        limits = _limits(policy, paid)
    ways = []
    for one in sorted(policy.tenders, key=_first_itself):
        most = min(limits.get(one.code, 0), amount, one.refund_limit or amount)
        if most > 0:
            ways.append(RefundWay(type=one.code, most=most))
    return tuple(ways)


def ways_of_sale(sale: Sale, policy: StorePolicy) -> tuple[RefundWay, ...]:
    """With what is paid back in this sale: goods with a receipt by how it was paid, those without as policy says.

    What was paid by goods that came back on the receipt (an exchange, empties) goes back as without a receipt.
    Empty when nothing is owed to the customer, and when nothing has a receipt.
    """
    amount = -sum(line.gross for line in sale.live_lines)
    origins = {(line.returns_of.series, line.returns_of.seq) for line in sale.live_lines if line.returns_of}
    if amount <= 0 or not origins:
        return ()
    pasts = [past for past in sale.returned_from if (past.series, past.seq) in origins]
    paid = [row for past in pasts for row in past.tenders]
    loose = sum(past.given_in_goods for past in pasts) - sum(
        line.gross for line in sale.live_lines if line.gross < 0 and line.returns_of is None
    )
    most: dict[str, int] = {}
    for way in (*refund_ways(policy, paid, amount), *refund_ways(policy, None, loose)):
        most[way.type] = min(most.get(way.type, 0) + way.most, amount)
    return tuple(RefundWay(type=code, most=limit) for code, limit in most.items())


def ways_of(sale: Sale, policy: StorePolicy, due: int) -> tuple[RefundWay, ...]:
    """The ways by which what is due (below zero) may be given back now: what was given back already is taken off."""
    back: dict[str, int] = {}
    for tender in sale.live_tenders:
        if tender.amount < 0 and not tender.change_of:
            back[tender.code] = back.get(tender.code, 0) - tender.amount
    whole = -due + sum(back.values())
    ways = sale.refund_ways or refund_ways(policy, None, whole)
    left = (RefundWay(type=way.type, most=way.most - back.get(way.type, 0)) for way in ways)
    return tuple(way for way in left if way.most > 0)


def refund_refused(sale: Sale, policy: StorePolicy, code: str, magnitude: int) -> str:
    """Why so much more may not be given back with a tender type, a sentence; empty when it may."""
    due = sum(line.gross for line in sale.live_lines) - sum(one.amount for one in sale.live_tenders)
    ways = ways_of(sale, policy, due)
    way = next((one for one in ways if one.type == code), None)
    if way is not None and magnitude <= way.most:
        return ""
    named = ", ".join(_name(policy, one.type) for one in ways) or "nothing; ask a manager"
    if way is None:
        return phrase("{name} is not given back here. There is: {named}.", _name(policy, code), named)
    most = shown_amount(way.most, sale.currency)
    return phrase("{name}: at most {most} goes back so. There is: {named}.", _name(policy, code), most, named)


def _limits(policy: StorePolicy, paid: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How much may go back as each type: what was paid with the types that may be given back so."""
    taken: dict[tuple[str, str], int] = {}
    last = ("", "")
    for row in paid:
        kind = row["kind"]
        key = last if kind in ROWS_OF_OTHERS else (row.get("type") or kind, kind)
        last = key
        taken[key] = taken.get(key, 0) + row["amount"]
    limits: dict[str, int] = {}
    for (code, kind), amount in taken.items():
        for target in _targets(policy, code, kind):
            limits[target.code] = limits.get(target.code, 0) + max(amount, 0)
    return limits


def _targets(policy: StorePolicy, code: str, kind: str) -> list[TenderType]:
    """The types as which money comes back that was paid with one; a type that is gone comes back as its kind does."""
    own = find_type(policy.tenders, code) or next((one for one in policy.tenders if one.kind == kind), None)
    cash, voucher = (first_of(policy.tenders, one) for one in (TenderKind.CASH, TenderKind.VOUCHER))
    if own is None:
        return [one for one in (cash, voucher) if one is not None]
    itself = cash if own.kind is TenderKind.FOREIGN else own  # notes go back as the store's own money
    as_what = {GivenBack.ITSELF: itself, GivenBack.CASH: cash, GivenBack.VOUCHER: voucher}
    found = (as_what[word] for word in own.refund)
    return list({one.code: one for one in found if one is not None}.values())


def _first_itself(one: TenderType) -> int:
    return {TenderKind.CASH: 1, TenderKind.VOUCHER: 2}.get(one.kind, 0)


def _name(policy: StorePolicy, code: str) -> str:
    found = find_type(policy.tenders, code)
    return found.name if found is not None else code
