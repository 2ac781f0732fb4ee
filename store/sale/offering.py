"""Offers of headquarters on an open sale: counted late, taken off and put back, for the customer's price groups."""

from collections.abc import Sequence

from msgspec.structs import replace

from store.sale.language import phrase
from store.sale.line_change import RECORD_BYTES, with_change
from store.sale.refusal import SaleRefused
from store.sale.sale import OffersState, Sale

FULL = "This sale is full. Take payment, then begin a new sale."


def count_offers(sale: Sale) -> Sale:
    """The sale with the offers on every line so far (310). Raises SaleRefused when they were removed by hand."""
    if sale.offers_state is OffersState.REMOVED:
        raise SaleRefused(
            phrase("The discounts of headquarters are removed from this sale. 312 puts them back.")
        )
    return _counting(sale, True)


def remove_offers(sale: Sale) -> Sale:
    """The sale without offers, on its lines and on those to come (311). Raises SaleRefused when it has none."""
    if sale.offers_state is OffersState.REMOVED:
        raise SaleRefused(phrase("The discounts of headquarters are removed already."))
    return _counting(replace(sale, offers_state=OffersState.REMOVED), False)


def put_back_offers(sale: Sale, state: OffersState) -> Sale:
    """The sale with its offers again, and as the store counts them for lines to come (312). Raises SaleRefused."""
    if sale.offers_state is not OffersState.REMOVED:
        raise SaleRefused(phrase("No discounts of headquarters were removed from this sale."))
    return _counting(replace(sale, offers_state=state), True)


def with_price_groups(sale: Sale, groups: Sequence[str]) -> Sale:
    """The sale for a customer of these price groups, none for nobody: every line is priced anew.

    Raises SaleRefused when more is paid already than the sale would cost.
    """
    return _fitting(with_change(replace(sale, price_groups=tuple(groups)), sale.lines, 0))


def waiting_offers(sale: Sale) -> bool:
    """Whether lines have offers that are to be counted before payment begins."""
    return sale.offers_state is OffersState.LATER and any(
        line.offers and not line.offers_count for line in sale.live_lines
    )


def _counting(sale: Sale, count: bool) -> Sale:
    lines = tuple(
        replace(line, offers_count=count) if line.offers and line.offers_count is not count else line
        for line in sale.lines
    )
    return _fitting(with_change(sale, lines, 0))


def _fitting(sale: Sale) -> Sale:
    if sale.record_bytes > RECORD_BYTES:
        raise SaleRefused(phrase(FULL))
    return sale
