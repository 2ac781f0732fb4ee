"""The sums of a sale: one number is shown, paid, printed and stored."""

import msgspec

from store.sale.policy import StorePolicy
from store.sale.quantity import SCALE, from_thousandths, thousandths
from store.sale.sale import Sale
from store.sale.tax import LineTax, TaxRow, line_rows, tax_table
from store.sale.tender import exact_cash


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of a sale in minor units.

    `subtotal` adds the lines as shown, `discount` what is taken off them and off the sale; `total` is what the customer
    owes (taxes on top included, cash rounding not).
    `paid` counts payments towards the total, `due == total - paid`; what is below zero is given back. `exact_cash` is
    the cash that would end the sale now, cash rounding applied. `cash_rounding` is what rounding added (or, negative,
    forgave) so far.
    """

    items: str
    """Number of articles, a decimal string; goods sold by measure count as one each, deposits not."""
    subtotal: int
    discount: int
    taxes: tuple[TaxRow, ...]
    total: int
    cash_rounding: int
    paid: int
    due: int
    change: int
    exact_cash: int


def totals(sale: Sale, policy: StorePolicy) -> Totals:
    """The sums over the lines and payments that are not voided."""
    lines = sale.live_lines
    tenders = sale.live_tenders
    total = sum(line.gross for line in lines)
    paid = sum(tender.amount for tender in tenders)
    return Totals(
        items=from_thousandths(
            sum(
                SCALE if line.measured else thousandths(line.quantity)
                for line in lines
                if not line.no_discount
            )
        ),
        subtotal=sum(line.amount for line in lines),
        discount=sum(line.discount + line.discount_share for line in lines),
        taxes=tax_table(
            row
            for line in lines
            for row in line_rows(line.tax, LineTax(line.net, line.tax_amount, line.gross), line.tax_parts)
        ),
        total=total,
        cash_rounding=sum(tender.rounding for tender in tenders),
        paid=paid,
        due=total - paid,
        change=sum(tender.change for tender in tenders),
        exact_cash=exact_cash(total, tenders, policy.cash_step, policy.cash_rounding_tie),
    )


def due(sale: Sale) -> int:
    """What is still to pay in minor units; the same number as `totals(...).due`."""
    return sum(line.gross for line in sale.live_lines) - sum(tender.amount for tender in sale.live_tenders)
