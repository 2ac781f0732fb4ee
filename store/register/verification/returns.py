"""The verifier's own arithmetic of goods that come back with their receipt, and the counters of a closing about them.

A returned line names the cents of the sold line and those given back before. After it, the part of the quantity that
is back and the part of every amount that is back are the same, rounded.
"""

from fractions import Fraction
from typing import Any

from store.register.verification.taxes import left_of, rounded

Line = dict[str, Any]


def without_returns(payload: dict[str, Any]) -> dict[str, Any]:
    """The sale as far as its amounts follow from prices, discounts and taxes of its own."""
    fresh = [line for line in payload["lines"] if "returns_of" not in line]
    if len(fresh) == len(payload["lines"]):
        return payload
    given = sum(
        line.get("discount", 0) + line.get("discount_share", 0)
        for line in payload["lines"]
        if "returns_of" in line
    )
    return {**payload, "lines": fresh, "discount": payload["discount"] - given}


def check_returns(payload: dict[str, Any]) -> None:
    """Raise ValueError with a reason unless every returned line is the part of its sale that it says it is."""
    for line in payload["lines"]:
        if "returns_of" not in line:
            continue
        if line["quantity"].startswith("-"):
            _check_part(line, line["returns_of"])
        elif "voids_of" not in payload:
            raise ValueError(f"returns in line {line['n']} less than nothing")


def _check_part(line: Line, origin: Line) -> None:
    sold, before = origin["sold"], origin.get("before")
    earlier = Fraction(before["quantity"]) if before else Fraction(0)
    part = (earlier - Fraction(line["quantity"])) / Fraction(sold["quantity"])
    if not 0 < part <= 1:
        raise ValueError(f"returns in line {line['n']} more than was sold")
    for what, of in (("amount", lambda row: row["amount"]), ("rest", left_of), ("tax", _taxes)):
        given = of(before) if before else None
        right = [rounded(whole * part) for whole in _many(of(sold))]
        found = [one - own for one, own in zip(_many(given, len(right)), _own(line, of), strict=True)]
        if right != found:
            raise ValueError(
                f"returns in line {line['n']} the {what} {_own(line, of)}; {right} is back by then"
            )


def _taxes(row: Line) -> int | list[int]:
    if "tax_parts" not in row:
        return int(row["tax_amount"])
    return [part["tax"] if isinstance(part, dict) else part for part in row["tax_parts"]]


def _own(line: Line, of: Any) -> list[int]:
    return _many(of(line))


def _many(value: int | list[int] | None, count: int = 1) -> list[int]:
    if value is None:
        return [0] * count
    return value if isinstance(value, list) else [value]


class ReturnSums:
    """What a shift's closing must say about goods that came back and sales that were undone."""

    def __init__(self) -> None:
        self.counters = {"returns": 0, "returns_total": 0, "post_voids": 0, "post_voids_total": 0}

    def add(self, payload: dict[str, Any]) -> None:
        """Take one sale."""
        if "voids_of" in payload:
            self.counters["post_voids"] += 1
            self.counters["post_voids_total"] -= payload["total"]
            return
        for line in payload["lines"]:
            if Fraction(line["quantity"]) < 0 and "empties" not in line:
                self.counters["returns"] += 1
                self.counters["returns_total"] -= line["gross"]
