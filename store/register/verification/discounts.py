"""The verifier's own arithmetic of discounts: offers, discounts by hand, and the sale's spread over its lines."""

from fractions import Fraction
from typing import Any

from store.register.verification.taxes import rounded, split


def check_discounts(payload: dict[str, Any]) -> None:
    """Raise ValueError with a reason unless the discounts of a sale follow from its lines to the cent."""
    lines = payload["lines"]
    for line in lines:
        _check_own(line)
    goods = [_bearing(line) for line in lines]
    of_sale = payload.get("sale_discount", 0)
    if "sale_discount_percent" in payload:
        right = rounded(Fraction(payload["sale_discount_percent"]) * sum(goods) / 100)
        if right != of_sale:
            raise ValueError(f"takes {of_sale} off the sale where its percentage is {right}")
    if not 0 <= of_sale <= sum(goods):
        raise ValueError(f"takes {of_sale} off a sale of {sum(goods)}")
    shares = split(of_sale, [Fraction(of_sale * part, sum(goods) or 1) for part in goods])
    for line, share in zip(lines, shares, strict=True):
        if line.get("discount_share", 0) != share:
            raise ValueError(f"spreads its discount otherwise: line {line['n']} has to bear {share}")
    total = of_sale + sum(line.get("discount", 0) for line in lines)
    if payload["discount"] != total:
        raise ValueError(f"has discounts that add up to {total}, not to its {payload['discount']}")


def _bearing(line: dict[str, Any]) -> int:
    """What the sale's discount is spread by; deposits, empties and vouchers bear nothing of it."""
    if "no_discount" in line or "voucher" in line:
        return 0
    return max(int(line["amount"] - line.get("discount", 0)), 0)


def _check_own(line: dict[str, Any]) -> None:
    """A line's offers, each of what the ones before it leave, and then its own discount."""
    discount, amount, left = line.get("discount", 0), line["amount"], line["amount"]
    for row in line.get("offers", ()):
        if "new_price" in row:
            off = left - rounded(Fraction(line["quantity"]) * row["new_price"])
        elif "percent" in row:
            off = rounded(Fraction(row["percent"]) * left / 100)
        else:
            off = rounded(Fraction(line["quantity"]) * row["amount"])
        off = max(0, min(off, left)) if amount >= 0 else min(0, max(off, left))
        if row["off"] != off:
            raise ValueError(
                f"takes {row['off']} off line {line['n']} where its offer {row['code']} is {off}"
            )
        left -= off
    offered = amount - left
    if "discount_percent" in line:
        right = offered + rounded(Fraction(line["discount_percent"]) * left / 100)
        if right != discount:
            raise ValueError(f"takes {discount} off line {line['n']} where its percentage is {right}")
    sign = -1 if amount < 0 else 1  # goods that come back without a receipt
    if sign * discount < sign * offered or (discount and not 0 < sign * discount <= sign * amount):
        raise ValueError(f"takes {discount} off line {line['n']} of {amount}")
