"""How much the stores have of an item, as register, Retail Server and headquarters ask each other (operation 801)."""

import msgspec

PATH_STOCK = "/stock/{sku}"
"""GET: a WireStock, at the server (by a register) and at headquarters (by a server)."""
MAX_STORES = 500


class WireStoreStock(msgspec.Struct, frozen=True, kw_only=True):
    """What a store had of the item at a moment (wall ms): a decimal text."""

    store: str
    quantity: str
    as_of_ms: int
    name: str = ""


class WireStock(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an item's stock, by store. `everywhere`: headquarters was asked, so all stores are here."""

    rows: tuple[WireStoreStock, ...]
    everywhere: bool = False
