"""A stock count at the till: what was counted of which item, as one document (docs/journal.md, kind `stock.count`).

Counting the same item again adds to it; a count is the sum of what was scanned. Pure.
"""

from typing import Any

import msgspec
from msgspec.structs import replace

from store.sale.item import Item
from store.sale.language import phrase
from store.sale.quantity import from_thousandths, thousandths
from store.sale.refusal import SaleRefused
from store.sale.selling import checked_quantity, decimals_of, is_measured
from store.sale.text import printable, stored

MAX_ROWS = 300
"""Items in one document; a record holds at most 64 KiB."""
NAME_LIMIT = 40
PLACE_LIMIT = 30


class CountedRow(msgspec.Struct, frozen=True, kw_only=True):
    """An item with what was counted of it, and the code it was scanned by last."""

    sku: str
    name: str
    quantity: str
    unit: str
    code: str


class StockCount(msgspec.Struct, frozen=True, kw_only=True):
    """A count that goes on. `count_id` becomes the record's transaction id, `place` is what the counter called it."""

    count_id: str
    begun_ms: int
    place: str = ""
    rows: tuple[CountedRow, ...] = ()
    last: str = ""
    """The item that was counted last."""

    @property
    def last_row(self) -> CountedRow | None:
        """The row of that item."""
        return next((row for row in self.rows if row.sku == self.last), None)


def begun(count_id: str, at_ms: int, place: str = "") -> StockCount:
    """A count of nothing yet."""
    return StockCount(count_id=count_id, begun_ms=at_ms, place=stored(printable(place).strip(), PLACE_LIMIT))


def counted(count: StockCount, item: Item, quantity: str, code: str) -> StockCount:
    """The count with more of an item. Raises SaleRefused for a quantity out of bounds and a full document."""
    more = checked_quantity(quantity, is_measured(item), item.name, decimals_of(item))
    row = next((row for row in count.rows if row.sku == item.sku), None)
    if row is None and len(count.rows) >= MAX_ROWS:
        raise SaleRefused(
            phrase(
                "This count is full with {max_rows} items. Finish it with end, then begin the next one.",
                MAX_ROWS,
            )
        )
    before = thousandths(row.quantity) if row is not None else 0
    made = CountedRow(
        sku=item.sku,
        name=stored(item.name, NAME_LIMIT),
        quantity=from_thousandths(before + thousandths(more)),
        unit=item.unit,
        code=stored(code, PLACE_LIMIT),
    )
    rows = (
        tuple(made if one is row else one for one in count.rows) if row is not None else (*count.rows, made)
    )
    return replace(count, rows=rows, last=item.sku)


def set_last(count: StockCount, quantity: str) -> StockCount:
    """The count with another quantity of the item that was counted last; 0 takes it out. Raises SaleRefused."""
    row = count.last_row
    if row is None:
        raise SaleRefused(phrase("Nothing is counted yet. Scan an item first."))
    if quantity.strip() == "0":
        return replace(count, rows=tuple(one for one in count.rows if one is not row), last="")
    quantity = checked_quantity(quantity, True, row.name)
    rows = tuple(replace(one, quantity=quantity) if one is row else one for one in count.rows)
    return replace(count, rows=rows)


def pieces_of(count: StockCount) -> str:
    """All quantities together, a decimal string."""
    return from_thousandths(sum(thousandths(row.quantity) for row in count.rows))


def count_body(count: StockCount, begun_at: str) -> dict[str, Any]:
    """The record: the rows in the order of their first scan; `begun_at` is UTC text."""
    body: dict[str, Any] = {
        "begun_at": begun_at,
        "items": len(count.rows),
        "rows": [
            {"sku": row.sku, "name": row.name, "quantity": row.quantity, "unit": row.unit, "code": row.code}
            for row in count.rows
        ],
    }
    if count.place:
        body["place"] = count.place
    return body
