"""How far somebody at the till may go: discounts and prices set by hand. Percent as decimal strings."""

import msgspec

WORDS = {
    "line_discount": "line_percent",
    "line_discount_amount": "line_amount",
    "total_discount": "total_percent",
    "total_discount_amount": "total_amount",
    "price_lower": "price_lower",
    "price_higher": "price_higher",
    "return_amount": "return_amount",
    "return_shift": "return_shift",
}
"""What a limit is called among the permissions of a role ("line_discount=10"), and the field it sets."""

AMOUNTS = frozenset({"line_discount_amount", "total_discount_amount", "return_amount", "return_shift"})
"""Limits in minor units of the currency; the others are percent."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The most a person may give away. An amount of 0 limits nothing beside the percentage.

    `price_lower` and `price_higher` say by how many percent of the catalog's price a price set by hand may differ.
    `return_amount` is the most that goods without a receipt may give back on one line, `return_shift` all of them in a
    shift by one person; 0 limits neither.
    """

    line_percent: str = "10"
    line_amount: int = 0
    total_percent: str = "10"
    total_amount: int = 0
    price_lower: str = "20"
    price_higher: str = "20"
    return_amount: int = 5_000
    return_shift: int = 20_000


UNLIMITED = Limits(
    line_percent="100",
    total_percent="100",
    price_lower="100",
    price_higher="1000",
    return_amount=0,
    return_shift=0,
)
"""A manager's: whatever is left above nothing."""
