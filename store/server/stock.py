"""What the channel database knows of an item's stock in its own store. Reads `availability`."""

from store.database.connection import Connection, values
from store.exchange.stock import WireStoreStock

SELECT_OWN = "select quantity, as_of_ms from availability where store_id = $1 and sku = $2"


def own_stock(db: Connection, store: str, sku: str) -> WireStoreStock | None:
    """The last figure of this store, or None."""
    if "\0" in sku:  # PostgreSQL takes none in a text
        return None
    row = db.execute(SELECT_OWN, values(store, sku)).fetchone()
    return None if row is None else WireStoreStock(store=store, quantity=row[0], as_of_ms=row[1])
