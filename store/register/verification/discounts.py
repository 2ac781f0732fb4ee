"""The verifier's own arithmetic of discounts, and of taxes rounded on more than one line."""

from fractions import Fraction
from typing import Any


def left_of(line: dict[str, Any]) -> int:
    """What the discounts leave of a line."""
    return int(line["amount"] - line.get("discount", 0) - line.get("discount_share", 0))


def check_discounts(payload: dict[str, Any]) -> None:
    """Raise ValueError with a reason unless the discounts of a sale follow from its lines to the cent."""
    lines = payload["lines"]
    for line in lines:
        _check_own(line)
    goods = [max(line["amount"] - line.get("discount", 0), 0) for line in lines]
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


def check_scope(payload: dict[str, Any], rates: dict[str, tuple[Fraction, int]]) -> None:
    """Raise ValueError unless taxes rounded per rate or per document are right, and spread to the cent."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in payload["lines"]:
        if line["tax"] in rates:
            rows.setdefault(line["tax"], []).append(line)
    exact: dict[str, list[Fraction]] = {}
    for code, lines in rows.items():
        rate, included = rates[code]
        part = rate / (100 + rate) if included else rate / 100
        exact[code] = [left_of(line) * part for line in lines]
    whole = {code: rounded(sum(parts, Fraction())) for code, parts in exact.items()}
    if payload["rounding_scope"] == "document":
        for kind in (1, 0):
            codes = [code for code in rows if rates[code][1] == kind]
            sums = [sum(exact[code], Fraction()) for code in codes]
            whole.update(zip(codes, split(rounded(sum(sums, Fraction())), sums), strict=True))
    for code, lines in rows.items():
        for line, tax in zip(lines, split(whole[code], exact[code]), strict=True):
            if line["tax_amount"] != tax:
                raise ValueError(f"has in line {line['n']} the tax {line['tax_amount']} where {tax} is right")


def split(total: int, exact: list[Fraction]) -> list[int]:
    """`total` as whole parts: every exact part cut off, then one more for the largest remainders, in order."""
    if sum(exact) < 0:
        return [-part for part in split(-total, [-part for part in exact])]
    whole = [part.numerator // part.denominator for part in exact]
    order = sorted(range(len(exact)), key=lambda n: (whole[n] - exact[n], n))
    for n in order[: total - sum(whole)]:
        whole[n] += 1
    return whole


def rounded(value: Fraction) -> int:
    """To the whole unit, halves away from zero."""
    whole = (abs(value) * 2 + 1) // 2
    return int(whole) if value >= 0 else -int(whole)


def _check_own(line: dict[str, Any]) -> None:
    discount, amount = line.get("discount", 0), line["amount"]
    if "discount_percent" in line:
        right = rounded(Fraction(line["discount_percent"]) * amount / 100)
        if right != discount:
            raise ValueError(f"takes {discount} off line {line['n']} where its percentage is {right}")
    if discount and not 0 < discount <= amount:
        raise ValueError(f"takes {discount} off line {line['n']} of {amount}")
