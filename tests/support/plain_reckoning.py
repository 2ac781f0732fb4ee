"""A second computation of a sale, written from docs/money.md with exact fractions and nothing of `store/sale` but data.

`reckon` takes what was asked for (prices, quantities, discounts, offers, taxes) and says what must come out.
"""

from collections.abc import Sequence
from fractions import Fraction

WHOLE = Fraction(100)


def nearest(value: Fraction) -> int:
    """The nearest whole number, a half away from zero."""
    size = abs(value)
    whole = size.numerator // size.denominator
    whole += size - whole >= Fraction(1, 2)
    return -whole if value < 0 else whole


def dealt(total: int, exact: Sequence[Fraction]) -> list[int]:
    """Parts cut to whole cents, the missing cents to the largest remainders, the first among equals."""
    if sum(exact) < 0:
        return [-part for part in dealt(-total, [-part for part in exact])]
    cut = [part.numerator // part.denominator for part in exact]
    order = sorted(range(len(cut)), key=lambda at: (cut[at] - exact[at], at))
    for at in order[: total - sum(cut)]:
        cut[at] += 1
    return cut


def taken_off(given, worth: int) -> int:
    """What a discount by hand takes off goods of that worth, within the limits it was given under."""
    if given is None or worth <= 0:
        return 0
    asked = nearest(worth * Fraction(given.percent) / WHOLE) if given.percent else given.amount
    most = nearest(worth * Fraction(given.most_percent) / WHOLE)
    return max(0, min(asked, most, given.most_amount or most))


def offered(line) -> int:
    """What the offers of headquarters take off a line at its catalog's price: the cheapest way for the customer."""
    if not line.offers or line.amount <= 0 or line.price_source not in ("catalog", "typed"):
        return 0
    mine = [one for one in line.offers if not one.price_group]
    if line.price_source == "typed":
        mine = [one for one in mine if one.new_price is None]
    if not mine:
        return 0
    first = max(one.priority for one in mine)
    mine = [one for one in mine if one.priority == first]
    together = [one for one in mine if one.combined]
    together.sort(key=lambda one: (one.new_price is None, bool(one.percent), one.code))
    return max(_way(line, way) for way in (*([one] for one in mine), together[:4]))


def _way(line, way) -> int:
    left = line.amount
    for one in way:
        if one.new_price is not None:
            off = left - nearest(one.new_price * Fraction(line.quantity))
        elif one.percent:
            off = nearest(left * Fraction(one.percent) / WHOLE)
        else:
            off = nearest(one.amount * Fraction(line.quantity))
        left -= max(0, min(off, left))
    return line.amount - left


def exact_taxes(base: int, quantity: str, tax) -> list[Fraction]:
    """Each tax of goods that cost `base`, unrounded: two nets are tried, and taxes are linear."""
    members = tax.members or (tax,)

    def of_net(net: Fraction) -> list[Fraction]:
        found: list[Fraction] = []
        for one in members:
            if one.detail.fixed:
                found.append(one.detail.fixed * Fraction(quantity))
            else:
                under = net + (sum(found) if one.detail.compound else 0)
                found.append(under * Fraction(one.rate) / WHOLE)
        return found

    def price_of(net: Fraction) -> Fraction:
        return net + sum(part for part, one in zip(of_net(net), members, strict=True) if one.included)

    at_nought, at_one = price_of(Fraction(0)), price_of(Fraction(1))
    return of_net((base - at_nought) / (at_one - at_nought))


def contained(base: int, quantity: str, tax) -> int:
    """The taxes a price contains, each rounded."""
    members = tax.members or (tax,)
    parts = exact_taxes(base, quantity, tax)
    return sum(nearest(part) for part, one in zip(parts, members, strict=True) if one.included)


class Reckoned:
    """What must come out for the lines at prices of today; goods back with a receipt keep their cents."""

    def __init__(self, sale) -> None:
        self.lines = [line for line in sale.lines if not line.voided and line.returns_of is None]
        # The amount of a price label is final; the quantity follows from it.
        self.amounts = [
            line.amount
            if line.price_source == "label" and line.measured
            else nearest(line.price * Fraction(line.quantity))
            for line in self.lines
        ]
        self.offered = [offered(line) for line in self.lines]
        left = [amount - off for amount, off in zip(self.amounts, self.offered, strict=True)]
        own = [
            0 if line.no_discount or line.is_return else taken_off(line.given, rest)
            for line, rest in zip(self.lines, left, strict=True)
        ]
        self.discounts = [off + mine for off, mine in zip(self.offered, own, strict=True)]
        weights = [
            0 if line.no_discount or line.is_return else max(amount - off, 0)
            for line, amount, off in zip(self.lines, self.amounts, self.discounts, strict=True)
        ]
        whole = taken_off(sale.given, sum(weights))
        self.shares = dealt(whole, [Fraction(whole * weight, sum(weights) or 1) for weight in weights])
        self.bases = [
            amount - off - share
            for amount, off, share in zip(self.amounts, self.discounts, self.shares, strict=True)
        ]
        self.bases = [
            base - (contained(base, line.quantity, line.tax_before) if _exempt(line) else 0)
            for base, line in zip(self.bases, self.lines, strict=True)
        ]
        self._tax(sale.rounding_scope)

    def _tax(self, scope: str) -> None:
        """`by_tax`: the rounded sum of each tax; `on_top`: what of all of them comes to the prices."""
        exact: dict[object, list[Fraction]] = {}
        for line, base in zip(self.lines, self.bases, strict=True):
            members = line.tax.members or (line.tax,)
            for one, part in zip(members, exact_taxes(base, line.quantity, line.tax), strict=True):
                exact.setdefault(one, []).append(part)
        if scope == "line":
            self.by_tax = {one: sum(map(nearest, parts)) for one, parts in exact.items()}
        elif scope == "rate":
            self.by_tax = {one: nearest(sum(parts, Fraction())) for one, parts in exact.items()}
        else:
            self.by_tax = {}
            for included in (True, False):
                sums = {
                    one: sum(parts, Fraction()) for one, parts in exact.items() if one.included is included
                }
                self.by_tax |= dict(
                    zip(
                        sums, dealt(nearest(sum(sums.values(), Fraction())), list(sums.values())), strict=True
                    )
                )
        self.on_top = sum(amount for one, amount in self.by_tax.items() if not one.included)

    @property
    def total(self) -> int:
        """What the customer owes for these lines."""
        return sum(self.bases) + self.on_top


def _exempt(line) -> bool:
    return line.tax_before is not None and line.tax.detail.exempt
