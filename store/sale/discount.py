"""Discounts given by hand: how much one comes to, and how an amount is spread to the cent (docs/money.md)."""

from collections.abc import Sequence

import msgspec

from store.sale.money import round_half_up
from store.sale.quantity import thousandths

WHOLE = 100_000
"""A percentage is counted in thousandths: 10 % is 10 000, the whole 100 000."""


class Discount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody gave: a percentage (a decimal string) or, where that is empty, an amount in minor units.

    `most_percent` and `most_amount` (0: none) are the limits of whoever gave it. They stay with it, so that it shrinks
    when the goods under it do.
    """

    percent: str = ""
    amount: int = 0
    most_percent: str = "100"
    most_amount: int = 0

    def asked(self, base: int) -> int:
        """What it says of goods worth `base`, limits aside."""
        return percent_of(base, self.percent) if self.percent else self.amount

    def most(self, base: int) -> int:
        """What its giver may take off goods worth `base`."""
        most = percent_of(base, self.most_percent)
        return min(most, self.most_amount) if self.most_amount else most


def percent_of(base: int, percent: str) -> int:
    """That part of `base`, a half away from zero: 10 % of 105 is 11."""
    return round_half_up(base * thousandths(percent), WHOLE)


def discount_of(discount: Discount | None, base: int) -> int:
    """What the discount takes off goods worth `base` in minor units: never below zero, never over its limits."""
    if discount is None or base <= 0:
        return 0
    return max(0, min(discount.asked(base), discount.most(base)))


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """`total` split by weight to the cent: 100 by 1, 1, 1 is 34, 33, 33. Weights below zero get nothing.

    No part is above its weight while `total` is not above their sum. All zero without any weight.
    """
    positive = [max(weight, 0) for weight in weights]
    whole = sum(positive)
    if whole == 0:
        return [0] * len(positive)
    return apportion(total, [total * weight for weight in positive], whole)


def apportion(target: int, numerators: Sequence[int], denominator: int) -> list[int]:
    """The exact parts `numerators / denominator` as whole numbers that add up to `target` (largest remainder).

    Each part is rounded down; what is missing goes, one unit each, to the largest remainders, the earlier part first.
    A sum below zero is the mirror of its positive. `target` is the exact sum rounded, up or down.
    """
    if sum(numerators) < 0:
        return [-part for part in apportion(-target, [-one for one in numerators], denominator)]
    parts = [one // denominator for one in numerators]
    missing = target - sum(parts)
    if missing:
        order = sorted(range(len(parts)), key=lambda at: -(numerators[at] % denominator))
        for at in order[:missing]:
            parts[at] += 1
    return parts
