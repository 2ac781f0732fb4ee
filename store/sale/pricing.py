"""The price in force: which of an item's prices counts at a moment. One rule for register and server."""

from collections.abc import Iterable

import msgspec

NO_PRICE = "has no price yet; headquarters has to run job 1020"
"""Why an item without any price cannot be sold."""


class PriceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A price with its validity: from `from_ms` on, before `until_ms` (0: open end). `amount` in minor units."""

    key: str
    amount: int
    from_ms: int
    until_ms: int


def price_in_force(rows: Iterable[PriceRow], at_ms: int) -> int | None:
    """The amount in force at a moment: of the valid prices the one that began last, then the greatest key; or None."""
    valid = [row for row in rows if row.from_ms <= at_ms and (row.until_ms == 0 or at_ms < row.until_ms)]
    return max(valid, key=lambda row: (row.from_ms, row.key)).amount if valid else None
