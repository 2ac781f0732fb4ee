"""Labels for the shelves of what headquarters sells, at the prices in force now. Reads only."""

import itertools
from collections.abc import Iterator

from store.database.connection import Connection
from store.headquarters.errors import NotThere
from store.headquarters.nouns.goods import Price, Product
from store.headquarters.nouns.paper import LabelsAsked
from store.headquarters.setup_rows import get, list_beginning, list_rows
from store.sale.pricing import PriceRow, price_in_force
from store.sale.shelf_label import ShelfLabel, shown_gtin


def shelf_labels(db: Connection, asked: LabelsAsked, currency: str, now_ms: int) -> list[ShelfLabel]:
    """A label for every product asked for that has a price; raises NotThere for one that is not set up."""
    return list(itertools.islice(_labels(db, asked, currency, now_ms), asked.limit))


def _labels(db: Connection, asked: LabelsAsked, currency: str, now_ms: int) -> Iterator[ShelfLabel]:
    for key, product in _products(db, asked):
        if asked.department and product.department != asked.department:
            continue
        price = _price(db, key, product, now_ms)
        if price is None or product.open_price:
            continue
        yield ShelfLabel(
            sku=key,
            name=product.name,
            price=price,
            currency=currency,
            unit=product.unit,
            content=product.content,
            barcode=shown_gtin(product.barcodes[0]) if product.barcodes else "",
        )


def _products(db: Connection, asked: LabelsAsked) -> Iterator[tuple[str, Product]]:
    if not asked.products:
        for row in list_rows(db, "product"):
            yield row.key, row.read(Product)
        return
    for key in asked.products:
        product = get(db, "product", key, Product)
        if product is None:
            raise NotThere(f"There is no product {key[:40]!r}. `outpost hq product list` lists them.")
        yield key, product


def _price(db: Connection, key: str, product: Product, now_ms: int) -> int | None:
    """The price in force as a register would have it."""
    rows = []
    for row in list_beginning(db, "price", f"{key}/"):
        price = row.read(Price)
        from_ms = int(row.key.partition("/")[2] or 0)
        rows.append(PriceRow(key=row.key, amount=price.amount, from_ms=from_ms, until_ms=price.until_ms))
    found = price_in_force(rows, now_ms)
    return product.price if found is None else found
