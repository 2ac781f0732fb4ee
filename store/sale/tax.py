"""Tax per line and the tax table of a sale, included in the price or added on top (docs/money.md)."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from store.sale.money import round_half_up
from store.sale.policy import RoundingScope, StorePolicy, TaxRate
from store.sale.quantity import SCALE, thousandths
from store.sale.tax_group import ticket_parts

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
    """One row of the tax table: sums of the rounded lines, nothing recomputed; `gross == net + tax`.

    `net` is what the tax was computed from; goods with several taxes are in several rows. `fixed` is an amount per unit
    in place of a rate, `compound` says that the tax was computed from taxes too.
    """

    code: str
    name: str
    rate: str
    included: bool
    net: int
    tax: int
    gross: int
    fixed: int = 0
    compound: bool = False
    exempt: bool = False


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
    return [sum(parts) for parts in ticket_parts([(base, SCALE, tax) for base, tax in lines], scope)]


def line_rows(tax: TaxRate, line: LineTax, parts: Sequence[int] = ()) -> Iterator[tuple[TaxRate, LineTax]]:
    """A line's taxes one by one, each with what it is computed from: of one tax the line's own sums.

    In a group a compound tax is computed from the net and the taxes before it, every other one from the net.
    """
    if not tax.members:
        yield tax, line
        return
    before = 0
    for one, part in zip(tax.members, parts, strict=True):
        base = line.net + (before if one.detail.compound else 0)
        yield one, LineTax(base, part, base + part)
        before += part


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
            code=tax.code,
            name=tax.name,
            rate=tax.rate,
            included=tax.included,
            net=net,
            tax=part,
            gross=gross,
            fixed=tax.detail.fixed,
            compound=tax.detail.compound,
            exempt=tax.detail.exempt,
        )
        for tax, (net, part, gross) in sums.items()
    )
