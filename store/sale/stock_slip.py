"""The slip of a stock count."""

from collections.abc import Mapping
from typing import Any

from store.sale.document import Columns, Document
from store.sale.language import phrase
from store.sale.policy import StoreFacts
from store.sale.receipt import slip


def count_slip(payload: Mapping[str, Any], facts: StoreFacts, fingerprint: str = "") -> Document:
    """What was counted, item by item, with the place the counter named."""
    rows = tuple(
        Columns(left=str(row["name"]), right=f"{row['quantity']} {row['unit']}") for row in payload["rows"]
    )
    place = str(payload.get("place", ""))
    items = Columns(left=phrase("Items"), right=str(payload["items"]), bold=True)
    return slip(phrase("STOCK COUNT"), place, payload, facts, fingerprint, (*rows, items))
