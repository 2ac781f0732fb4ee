"""The goods of the demo shop: more than two thousand items with valid, unique codes, made from `goods.txt`.

Always the same for the same number of items, so that a barcode on paper stays right.
"""

from collections.abc import Iterator
from importlib.resources import files
from itertools import count, islice
from typing import Any, NamedTuple

import msgspec

from store.sale.barcode import check_digit

PIECE, KILOGRAM = "pcs", "kg"
COMPANY_PREFIX = "4099"
"""Of the made-up brand that all codes belong to."""
LABEL_PREFIX = "28"
"""Weight labels: 28, four digits item, check digit of the weight, five digits grams, check digit (preset `DE`)."""
KNOWN_CODES = {"Fineliner 0.4 mm black 1 piece": "4006381333931"}
"""Names whose code the documentation uses."""

Row = dict[str, Any]


class Goods(NamedTuple):
    """The rows of the tables `item`, `barcode` and `department` of a data package."""

    items: list[Row]
    barcodes: list[Row]
    departments: list[Row]


class Product(NamedTuple):
    """One line of the assortment before it gets its number; the price in cents."""

    department: str
    tax: str
    name: str
    price: int
    plu: str = ""
    weighed: bool = False
    open_price: bool = False


def make_goods(products: int | None = None) -> Goods:
    """The shop's goods; `products` sets how many items there are (fewer, or more by further lots), None takes all."""
    goods = Goods([], [], [])
    position = count(1)
    for department in _departments():
        goods.departments.append(department | {"position": next(position)})
    lots = _all_lots() if products is not None else _assortment()
    for number, product in enumerate(islice(lots, products), start=1):
        _add(goods, number, product)
    return goods


def label_key(item: str) -> str:
    """The 13 digits by which the catalog knows a weight label of the four-digit item: value and inner check zeroed."""
    body = f"{LABEL_PREFIX}{item}000000"
    return body + check_digit(body)


def _add(goods: Goods, number: int, product: Product) -> None:
    sku = str(100000 + number)
    goods.items.append(
        {
            "sku": sku,
            "name": product.name,
            "unit": KILOGRAM if product.weighed else PIECE,
            "price": product.price,
            "tax": product.tax,
            "department": product.department,
            "plu": product.plu,
            "open_price": int(product.open_price),
            "weighed": int(product.weighed),
            "blocked": "",
        }
    )
    if product.weighed:
        goods.barcodes.append({"gtin": label_key(product.plu).zfill(14), "sku": sku})
    elif not product.open_price:
        goods.barcodes.append({"gtin": _code(number, product.name).zfill(14), "sku": sku})


def _code(number: int, name: str) -> str:
    if name in KNOWN_CODES:
        return KNOWN_CODES[name]
    body = f"{COMPANY_PREFIX}{number:08d}"
    return body + check_digit(body)


def _lines() -> list[str]:
    text = files("tui.demo").joinpath("goods.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _departments() -> Iterator[Row]:
    for line in _lines():
        if line.startswith("["):
            heading, _, _ = line.strip("[]").partition("|")
            code, *words, tax = heading.split()
            yield {"code": code, "name": " ".join(words), "tax": tax}


def _assortment() -> Iterator[Product]:
    department = tax = ""
    brands = [""]
    for line in _lines():
        if line.startswith("["):
            heading, _, names = line.strip("[]").partition("|")
            department, *_, tax = heading.split()
            brands = [f"{name.strip()} " for name in names.split(",")] if names else [""]
            continue
        name, variants, sizes = (part.strip() for part in line.split(";"))
        for offset, variant in enumerate(part.strip() for part in variants.split(",")):
            for size in sizes.split(","):
                product = _product(department, tax, name, variant, size.strip(), offset)
                yield from _branded(product, brands)


def _branded(product: Product, brands: list[str]) -> Iterator[Product]:
    """The product of each brand, the next one a fifth dearer; loose and open-price goods have no brand."""
    if product.plu:
        yield product
        return
    for rank, brand in enumerate(brands):
        price = product.price + product.price * rank // 5
        yield product._replace(name=f"{brand}{product.name}", price=price)


def _product(department: str, tax: str, name: str, variant: str, size: str, offset: int) -> Product:
    amount, price = size.split("=")
    cents = _cents(price) + 10 * offset if _cents(price) else 0
    words = name.lstrip("@!") if variant == "-" else f"{name.lstrip('@!')} {variant}"
    if name.startswith("@"):
        return Product(department, tax, words, cents, plu=str(int(amount) + offset), weighed=True)
    if name.startswith("!"):
        return Product(department, tax, words, 0, plu=amount, open_price=True)
    return Product(department, tax, f"{words} {amount}", cents)


def _cents(price: str) -> int:
    units, _, rest = price.partition(".")
    return int(units) * 100 + int(rest.ljust(2, "0") or "0")


def _all_lots() -> Iterator[Product]:
    """The assortment, and after it the same goods without PLU again and again as lots 2, 3, ..."""
    yield from _assortment()
    for lot in count(2):
        for product in _assortment():
            if not product.plu:
                yield product._replace(name=f"{product.name}, lot {lot}")


class SheetRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the sheet of barcodes to try: what to scan or type, what it is, and what it shows."""

    code: str
    name: str
    note: str = ""
