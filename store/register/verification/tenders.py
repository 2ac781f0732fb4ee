"""The verifier's own sums of payments: change, rounding, foreign notes by their rate, what a closing says of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from store.register.verification.taxes import rounded

Row = dict[str, Any]
PARTS = ("change", "rounding")
NO_PLACES = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
THREE_PLACES = "BHD IQD JOD KWD LYD OMR TND"
"""ISO 4217: currencies that have not two digits behind the point."""


def check_payments(payload: dict[str, Any]) -> None:
    """Raise ValueError unless the payments of a sale agree with its total, change and rounding, and notes with their
    rate."""
    rows, total = payload["tenders"], payload["total"]
    paid = sum(row["amount"] for row in rows)
    if paid != total:
        raise ValueError(f"has payments that add up to {paid}, not to its total {total}")
    stated = (payload["change"], payload["cash_rounding"])
    if stated != tuple(-sum(row["amount"] for row in rows if row["kind"] == kind) for kind in PARTS):
        raise ValueError("names a change or a cash rounding that its payments do not show")
    check_cash(payload)
    for row in rows:
        if "rate" not in row:
            continue
        scale = Fraction(10) ** (_places(payload["currency"]) - _places(row["currency"]))
        worth = rounded(row["foreign"] * Fraction(row["rate"]) * scale)
        if worth != row["amount"]:
            raise ValueError(
                f"counts notes of {row['currency']} as {row['amount']}; their rate makes them {worth}"
            )


def check_cash(payload: dict[str, Any]) -> None:
    """Raise ValueError when what cash paid is not the cash part of the sale in steps; other tenders' change aside."""
    rows, step = payload["tenders"], payload.get("cash_rounding_step", 0)
    cash = {row["tender"] for row in rows if row["kind"] == "cash"}
    if not step or not cash or {row["tender"] for row in rows if row["kind"] == "change"} - cash:
        return
    kept = sum(row["amount"] for row in rows if row["tender"] in cash and row["kind"] != "rounding")
    part = payload["total"] - sum(row["amount"] for row in rows if row["tender"] not in cash)
    steps = Fraction(abs(part), step)
    right = rounded(steps) * step
    if steps % 1 == Fraction(1, 2) and payload.get("cash_rounding_tie") == "down":
        right -= step
    if abs(kept) != right or kept * part < 0:
        raise ValueError(f"keeps {kept} in cash where {right if part >= 0 else -right} is right")


def check_declaration(payload: dict[str, Any]) -> None:
    """Raise ValueError when notes and coins or the total of a declaration are not what it says."""
    home = 0
    for row in payload["tenders"]:
        if "pieces" in row:
            found = sum(piece["value"] * piece["count"] for piece in row["pieces"])
            if found != row["amount"]:
                raise ValueError(f"declares {row['amount']} where its notes and coins are {found}")
        if "currency" not in row:
            home += row["amount"]
    if home != payload["total"]:
        raise ValueError("declares a total that its tenders do not add up to")


@dataclass
class TenderSums:
    """What was paid in a shift by each tender type, and in which notes; the vouchers that were sold."""

    cash_in: int = 0
    change: int = 0
    cash_rounding: int = 0
    taken: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    vouchers_issued: int = 0
    vouchers_issued_total: int = 0

    def add(self, payload: dict[str, Any]) -> None:
        """Take the payments of one record, and the vouchers among its lines."""
        for row in payload["tenders"]:
            self._add_row(row)
        for line in payload.get("lines", ()):
            if "voucher" in line:
                self.vouchers_issued += 1 if line["amount"] > 0 else -1
                self.vouchers_issued_total += line["amount"]

    def _add_row(self, row: Row) -> None:
        match row["kind"]:
            case "cash":
                self.cash_in += row["amount"]
            case "change":
                self.change -= row["amount"]
            case "rounding":
                self.cash_rounding -= row["amount"]
            case kind:
                code = str(row.get("type", kind))
                self.taken[code] = self.taken.get(code, 0) + row["amount"]
                if kind == "foreign":
                    self.notes[code] = self.notes.get(code, 0) + row["foreign"]

    def compare(self, payload: dict[str, Any], expected_cash: int) -> None:
        """Raise ValueError when a closing says something else of a tender than the records of its shift."""
        if "tenders" in payload:
            cash = self.cash_in - self.change - self.cash_rounding
            said = {row.get("type", row["kind"]): row["amount"] for row in payload["tenders"]}
            _same(said, {**self.taken, "cash": cash}, "amounts")
            notes = {
                row.get("type", row["kind"]): row["foreign"] for row in payload["tenders"] if "foreign" in row
            }
            _same(notes, self.notes, "notes")
        there = {**self.taken, **self.notes, "cash": expected_cash}
        for row in payload.get("declared", ()):
            code = row.get("type", row["kind"])
            should = there.get(code, 0)
            if (row["expected"], row["over_short"]) != (should, row["counted"] - should):
                raise ValueError(f"closes its shift with {code} {row['expected']}; its records say {should}")


def _same(said: dict[str, int], found: dict[str, int], what: str) -> None:
    for code in _codes(said, found):
        if said.get(code, 0) != found.get(code, 0):
            raise ValueError(
                f"closes its shift with {what} of {code} {said.get(code, 0)}; its records say {found.get(code, 0)}"
            )


def _codes(*sums: dict[str, int]) -> Iterable[str]:
    return sorted({code for one in sums for code in one})


def _places(currency: str) -> int:
    return 0 if currency in NO_PLACES else 3 if currency in THREE_PLACES else 2
