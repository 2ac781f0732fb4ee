"""Tax per line and the tax table of a sale, included in the price or added on top (docs/money.md)."""

import math
from collections.abc import Iterable, Sequence

import msgspec

from store.sale.discount import apportion
from store.sale.money import round_half_up
from store.sale.policy import RoundingScope, StorePolicy, TaxRate
from store.sale.quantity import thousandths

HUNDRED_PERCENT = 100_000
"""A rate in percent is kept in thousandths: 19 % is 19 000, the whole is 100 000."""

UNTAXED = TaxRate(code="", name="", rate="0", included=True)
"""For goods without a tax code; gets no row in the tax table."""


class LineTax(msgspec.Struct, frozen=True):
    """The tax of one line in minor units; `gross == net + tax`."""

    net: int
    tax: int
    gross: int


class TaxRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the tax table: sums of the rounded lines, nothing recomputed; `gross == net + tax`."""

    code: str
    name: str
    rate: str
    included: bool
    net: int
    tax: int
    gross: int


def find_tax(policy: StorePolicy, code: str) -> TaxRate | None:
    """The tax of that code, UNTAXED for an empty one, None when the store has none such."""
    if not code:
        return UNTAXED
    return next((tax for tax in policy.taxes if tax.code == code), None)


def line_taxes(amount: int, tax: TaxRate) -> LineTax:
    """Net, tax and gross of a line of `amount`, rounded on this line (scope PER_LINE), a half away from zero.

    Included: 1.09 with 19 % holds 0.17 (0.17403) and 0.92 net. On top: 1.09 with 19 % costs 0.21 (0.2071) more, 1.30.
    """
    rate = thousandths(tax.rate)
    if tax.included:
        part = round_half_up(amount * rate, HUNDRED_PERCENT + rate)
        return LineTax(amount - part, part, amount)
    part = round_half_up(amount * rate, HUNDRED_PERCENT)
    return LineTax(amount, part, amount + part)


def ticket_taxes(lines: Sequence[tuple[int, TaxRate]], scope: RoundingScope) -> list[int]:
    """The tax of each line (what it is computed from, and its tax) of a whole ticket, in minor units.

    PER_LINE rounds each line. PER_RATE rounds once per rate, PER_DOCUMENT once for the taxes included and once for
    those on top; what was rounded is then spread over rates and lines by largest remainder, so that it adds up.
    """
    if scope is RoundingScope.PER_LINE:
        return [line_taxes(base, tax).tax for base, tax in lines]
    rows: dict[TaxRate, list[int]] = {}
    for at, (_, tax) in enumerate(lines):
        rows.setdefault(tax, []).append(at)
    exact = {tax: _exact(sum(lines[at][0] for at in places), tax) for tax, places in rows.items()}
    if scope is RoundingScope.PER_RATE:
        rounded = {tax: round_half_up(*part) for tax, part in exact.items()}
    else:
        rounded = _document_taxes(exact, included=True) | _document_taxes(exact, included=False)
    taxes = [0] * len(lines)
    for tax, places in rows.items():
        numerators = [_exact(lines[at][0], tax)[0] for at in places]
        for at, part in zip(places, apportion(rounded[tax], numerators, exact[tax][1]), strict=True):
            taxes[at] = part
    return taxes


def _exact(base: int, tax: TaxRate) -> tuple[int, int]:
    """The tax in or on `base` as a fraction, numerator and denominator."""
    rate = thousandths(tax.rate)
    return base * rate, HUNDRED_PERCENT + rate if tax.included else HUNDRED_PERCENT


def _document_taxes(exact: dict[TaxRate, tuple[int, int]], *, included: bool) -> dict[TaxRate, int]:
    """The taxes of one kind, rounded once in their sum, as whole numbers per rate that add up to it."""
    taxes = [tax for tax in exact if tax.included == included]
    common = math.lcm(*(exact[tax][1] for tax in taxes))
    numerators = [exact[tax][0] * (common // exact[tax][1]) for tax in taxes]
    parts = apportion(round_half_up(sum(numerators), common), numerators, common)
    return dict(zip(taxes, parts, strict=True))


def tax_table(lines: Iterable[tuple[TaxRate, LineTax]]) -> tuple[TaxRow, ...]:
    """The sums per tax, in the order of first use; untaxed lines make no row."""
    sums: dict[TaxRate, list[int]] = {}
    for tax, line in lines:
        if tax.code:
            row = sums.setdefault(tax, [0, 0, 0])
            row[0] += line.net
            row[1] += line.tax
            row[2] += line.gross
    return tuple(
        TaxRow(
            code=tax.code, name=tax.name, rate=tax.rate, included=tax.included, net=net, tax=part, gross=gross
        )
        for tax, (net, part, gross) in sums.items()
    )
