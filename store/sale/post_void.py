"""A finished sale undone: the body of a new record that mirrors all of it, and why one cannot be."""

from collections.abc import Mapping
from typing import Any

from store.sale.past_sale import cents_of
from store.sale.quantity import from_thousandths, thousandths
from store.sale.record import Body
from store.sale.returning import ReturnsOf, returns_row

MIRRORED = frozenset(
    {
        "amount", "discount", "discount_share", "tax_relief", "tax_amount", "gross", "net", "tax", "foreign",
        "subtotal", "total", "paid", "change", "cash_rounding",
    }
)  # fmt: skip
"""Amounts by their name, wherever they stand in a sale's record."""
KEPT = (
    "currency", "store", "lines", "subtotal", "discount", "total", "taxes", "rounding_scope", "cash_rounding_step",
    "cash_rounding_tie",
    "customer", "tenders", "paid", "change", "cash_rounding", "salesperson", "salesperson_name",
)  # fmt: skip
DROPPED_OF_LINES = frozenset(
    {"discount_percent", "offers", "return_reason", "list_price", "price_reason", "comment"}
)
"""What was said about how a line came to its cents; the mirror has the cents."""


def post_void_body(payload: Mapping[str, Any], begun_at: str) -> Body:
    """The mirror of a sale's record: every amount and quantity the other way round, and whom it undoes.

    Goods that were sold come back whole; goods that came back on that sale are with the customer again.
    """
    body: Body = {name: _named(name, payload[name]) for name in KEPT if name in payload}
    body["lines"] = [_line(line, payload) for line in payload["lines"]]
    body["items"] = from_thousandths(-thousandths(payload["items"])) if "items" in payload else "0"
    body["begun_at"] = begun_at
    body["voids_of"] = {
        "series": payload["series"],
        "seq": payload["seq"],
        "receipt_no": payload.get("receipt_no", 0),
    }
    return body


def _line(line: Mapping[str, Any], payload: Mapping[str, Any]) -> Body:
    row: Body = {name: _named(name, value) for name, value in line.items() if name not in DROPPED_OF_LINES}
    row["quantity"] = from_thousandths(-thousandths(line["quantity"]))
    if row["price_source"] == "override":
        row["price_source"] = "catalog"
    if "returns_of" in line:
        row["returns_of"] = line["returns_of"]
        return row
    row["returns_of"] = returns_row(
        ReturnsOf(
            series=payload["series"],
            seq=payload["seq"],
            receipt_no=payload.get("receipt_no", 0),
            n=line["n"],
            quantity=line["quantity"],
            sold=cents_of(line),
        )
    )
    return row


def _named(name: str, value: Any) -> Any:
    if name in MIRRORED and type(value) is int:
        return -value
    return _mirrored(value)


def _mirrored(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _named(name, one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_mirrored(one) for one in value]
    return value
