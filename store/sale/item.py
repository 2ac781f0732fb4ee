"""What can be sold: items, the keys they are found by, and departments."""

from enum import StrEnum

import msgspec

from store.sale.detail import (
    NO_DEPARTMENT_DETAIL,
    NO_ITEM_DETAIL,
    DepartmentDetail,
    ItemDetail,
)
from store.sale.offer import Offer


class KeyKind(StrEnum):
    """What a look-up key is compared with."""

    GTIN = "gtin"
    SKU = "sku"
    PLU = "plu"


class ItemKey(msgspec.Struct, frozen=True):
    """One candidate by which an item may be found; a GTIN is zero-filled to 14 digits."""

    kind: KeyKind
    value: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """An item as the catalog knows it. `price` is in minor units per `unit`, tax included or not by store policy."""

    sku: str
    name: str
    price: int
    unit: str = "pcs"
    tax: str = ""
    department: str = ""
    plu: str = ""
    open_price: bool = False
    weighed: bool = False
    blocked: str = ""
    """Empty, or the sentence why the item must not be sold."""
    detail: ItemDetail = NO_ITEM_DETAIL
    offers: tuple[Offer, ...] = ()
    """Discounts of headquarters on it, whether they hold now or at another time."""


class Department(msgspec.Struct, frozen=True, kw_only=True):
    """A group of goods that can be sold with a typed price when a code is unknown."""

    code: str
    name: str
    tax: str
    position: int = 0
    detail: DepartmentDetail = NO_DEPARTMENT_DETAIL
