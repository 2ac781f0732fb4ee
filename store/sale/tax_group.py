"""Several taxes on the same goods: percentages, amounts per unit, taxes on taxes, included and on top, mixed.

Every tax is linear in the net, and the price is the net with the taxes that it contains. So each tax of goods that
cost `base` is `(p x base + q x quantity) / common` in whole numbers, the same for all goods of a group (docs/money.md).
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

from store.sale.discount import apportion
from store.sale.money import round_half_up
from store.sale.policy import RoundingScope, TaxRate
from store.sale.quantity import SCALE, thousandths

HUNDRED_PERCENT = 100 * SCALE
"""Rates are percent in thousandths."""
Taxed = tuple[int, int, TaxRate]
"""What taxes are computed from in minor units, the quantity in thousandths, and the tax."""
Place = tuple[int, int, int, int]
"""Where a part of a tax belongs (line and number of the part), and its exact value: numerator and denominator."""


def members_of(tax: TaxRate) -> tuple[TaxRate, ...]:
    """The taxes of a group in their order; one tax is a group of its own."""
    return tax.members or (tax,)


class Coefficients(NamedTuple):
    """How the taxes of a group come out of a price: each is `(p x base + q x quantity) / common`.

    The quantity counts in thousandths. `fixed` / `common_fixed` is what one of them contains of amounts per unit.
    """

    pairs: tuple[tuple[int, int], ...]
    common: int
    fixed: int
    common_fixed: int


@functools.lru_cache(maxsize=256)
def coefficients(tax: TaxRate) -> Coefficients:
    """The coefficients of a tax or a group. A compound tax is computed from the net and all taxes before it."""
    members = members_of(tax)
    unit = HUNDRED_PERCENT ** len(members)  # so that a tax on a tax on a tax is a whole number of it
    of_net: list[int] = []  # in 1/unit of the net
    of_quantity: list[int] = []  # in 1/unit minor units of a whole piece
    for one in members:
        if one.detail.fixed:
            of_net.append(0)
            of_quantity.append(one.detail.fixed * unit)
            continue
        rate = thousandths(one.rate)
        before = (sum(of_net), sum(of_quantity)) if one.detail.compound else (0, 0)
        of_net.append(rate * (unit + before[0]) // HUNDRED_PERCENT)
        of_quantity.append(rate * before[1] // HUNDRED_PERCENT)
    inside = [n for n, one in enumerate(members) if one.included]
    whole = unit + sum(of_net[n] for n in inside)
    apart = sum(of_quantity[n] for n in inside)
    # net = (base - apart x quantity) / whole, and each tax = of_net x net + of_quantity x quantity.
    pairs = [
        (net * unit * SCALE, fixed * whole - net * apart)
        for net, fixed in zip(of_net, of_quantity, strict=True)
    ]
    common = whole * unit * SCALE
    least = math.gcd(common, *(part for pair in pairs for part in pair))
    return Coefficients(
        pairs=tuple((p // least, q // least) for p, q in pairs),
        common=common // least,
        fixed=apart // math.gcd(apart, unit * SCALE),
        common_fixed=unit * SCALE // math.gcd(apart, unit * SCALE),
    )


def exact_parts(base: int, quantity: int, tax: TaxRate) -> tuple[list[int], int]:
    """The numerators of each tax of the group on goods of `base`, and their denominator.

    Amounts per unit never take more than there is: of goods that cost less than they contain of them, they are cut.
    """
    pairs, common, fixed, common_fixed = coefficients(tax)
    if abs(base) * common_fixed < fixed * abs(quantity):
        # As many units as the price pays for: quantity = base x common_fixed / fixed, and nothing is left as net.
        return [(p * fixed + q * common_fixed) * base for p, q in pairs], common * fixed
    return [p * base + q * quantity for p, q in pairs], common


def line_parts(base: int, quantity: int, tax: TaxRate) -> tuple[int, ...]:
    """Each tax of the group in minor units, rounded on this line, a half away from zero."""
    numerators, common = exact_parts(base, quantity, tax)
    return tuple(round_half_up(one, common) for one in numerators)


def contained(parts: Sequence[int], tax: TaxRate) -> int:
    """What of the taxes is in the price already."""
    return sum(part for part, one in zip(parts, members_of(tax), strict=True) if one.included)


def on_top(parts: Sequence[int], tax: TaxRate) -> int:
    """What of the taxes comes to the price."""
    return sum(part for part, one in zip(parts, members_of(tax), strict=True) if not one.included)


def ticket_parts(lines: Sequence[Taxed], scope: RoundingScope) -> list[tuple[int, ...]]:
    """The taxes of each line of a whole ticket in minor units, one number for each tax of its group.

    PER_LINE rounds each tax of each line. PER_RATE rounds once per tax, PER_DOCUMENT once for all that are included
    and once for those on top; what was rounded is spread over taxes and lines by largest remainder.
    """
    if scope is RoundingScope.PER_LINE:
        return [line_parts(*line) for line in lines]
    found = [[0] * len(members_of(tax)) for _, _, tax in lines]
    rows: dict[TaxRate, list[Place]] = {}
    for at, (base, quantity, tax) in enumerate(lines):
        numerators, common = exact_parts(base, quantity, tax)
        for n, one in enumerate(members_of(tax)):
            rows.setdefault(one, []).append((at, n, numerators[n], common))
    exact = {tax: _sum(places) for tax, places in rows.items()}
    if scope is RoundingScope.PER_RATE:
        rounded = {tax: round_half_up(*part) for tax, part in exact.items()}
    else:
        rounded = _document_taxes(exact, included=True) | _document_taxes(exact, included=False)
    for tax, places in rows.items():
        common = exact[tax][1]
        numerators = [numerator * (common // denominator) for _, _, numerator, denominator in places]
        parts = apportion(rounded[tax], numerators, common)
        for (at, n, _, _), part in zip(places, parts, strict=True):
            found[at][n] = part
    return [tuple(parts) for parts in found]


def _sum(places: Sequence[Place]) -> tuple[int, int]:
    common = math.lcm(*{denominator for _, _, _, denominator in places})
    return sum(numerator * (common // denominator) for _, _, numerator, denominator in places), common


def _document_taxes(exact: dict[TaxRate, tuple[int, int]], *, included: bool) -> dict[TaxRate, int]:
    """The taxes of one kind, rounded once in their sum, as whole numbers per tax that add up to it."""
    taxes = [tax for tax in exact if tax.included == included]
    common = math.lcm(*(exact[tax][1] for tax in taxes))
    numerators = [exact[tax][0] * (common // exact[tax][1]) for tax in taxes]
    parts = apportion(round_half_up(sum(numerators), common), numerators, common)
    return dict(zip(taxes, parts, strict=True))
