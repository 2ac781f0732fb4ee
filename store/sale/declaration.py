"""The tender declaration: what was counted by notes and coins and by tender, and what it is off by."""

from collections.abc import Mapping
from typing import Any

import msgspec

from store.sale.record import Body

MOST_PIECES = 9_999
"""Of one note or coin; more is a code or an amount typed as a count."""


class Pieces(msgspec.Struct, frozen=True):
    """So many of one note or coin; `value` in minor units."""

    value: int
    count: int


class TenderCount(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted of one tender type, in its own currency if it has one; `pieces` for cash."""

    kind: str
    amount: int
    pieces: tuple[Pieces, ...] = ()
    type: str = ""
    name: str = ""
    currency: str = ""

    @property
    def code(self) -> str:
        """The tender type."""
        return self.type or self.kind


def cash_count(pieces: tuple[Pieces, ...]) -> TenderCount:
    """The cash that these notes and coins come to; those of which there are none are left out."""
    there = tuple(each for each in pieces if each.count)
    return TenderCount(kind="cash", amount=sum(each.value * each.count for each in there), pieces=there)


def declaration_body(counted: tuple[TenderCount, ...], currency: str) -> Body:
    """A declaration; `total` is all of it together but for foreign notes, which stand in their own currency."""
    return {
        "currency": currency,
        "total": sum(each.amount for each in counted if not each.currency),
        "tenders": [_row(each) for each in counted],
    }


def declared_rows(counted: tuple[TenderCount, ...], expected: dict[str, int]) -> list[Body]:
    """Per tender what should be there, what was counted, and the difference: what a closing says of it."""
    rows: list[Body] = []
    for each in counted:
        should = expected.get(each.code, 0)
        rows.append(
            {
                "kind": each.kind,
                **_facts(each),
                "expected": should,
                "counted": each.amount,
                "over_short": each.amount - should,
            }
        )
    return rows


def counted_of(payload: Mapping[str, Any]) -> tuple[TenderCount, ...]:
    """What a declaration's record says was counted, without the pieces."""
    return tuple(
        TenderCount(
            kind=row["kind"],
            amount=row["amount"],
            type=row.get("type", ""),
            name=row.get("name", ""),
            currency=row.get("currency", ""),
        )
        for row in payload["tenders"]
    )


def _row(each: TenderCount) -> Body:
    row: Body = {"kind": each.kind, **_facts(each), "amount": each.amount}
    if each.pieces:
        row["pieces"] = [{"value": piece.value, "count": piece.count} for piece in each.pieces]
    return row


def _facts(each: TenderCount) -> Body:
    facts = {"type": each.type, "name": each.name, "currency": each.currency}
    return {name: value for name, value in facts.items() if value}
