"""Units of measure that a product is sold in besides its own: "box=12", "box=12:10.99" (docs/money.md)."""

import msgspec

from store.sale.item import Item
from store.sale.money import parse_amount
from store.sale.quantity import multiply, parse_quantity


class SoldUnit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit: how many of the item's own unit one of it is, and what one costs in minor units."""

    unit: str
    factor: str
    price: int


def units_of(item: Item, price: int, currency: str) -> tuple[SoldUnit, ...]:
    """The item's own unit at `price`, then the others; their price is their own or the multiple of `price`.

    What cannot be read is left out.
    """
    found = [SoldUnit(unit=item.unit, factor="1", price=price)]
    for text in item.detail.further_units:
        unit, _, rest = text.partition("=")
        factor_text, colon, price_text = rest.partition(":")
        factor = parse_quantity(factor_text)
        own = parse_amount(price_text, currency) if colon else None
        if factor in (None, "0") or (colon and own is None):
            continue
        assert factor is not None
        found.append(
            SoldUnit(unit=unit, factor=factor, price=multiply(price, factor) if own is None else own)
        )
    return tuple(found)
