"""Answers from the offline catalog: one immutable file per package version, read synchronously.

A look-up takes about ten microseconds, less than a hop to a thread. `store/register/catalog/keeper.py` makes and
swaps the files; the schema is `store/database/catalog.sql`.
"""

import functools
import sqlite3
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from store.gateway.catalog_customers import LAST_SIGN, TRIGRAM, Customer, search_words, trigrams
from store.gateway.catalog_rows import (
    Availability,
    CatalogRows,
    DataSet,
    LayoutKey,
    RegisterRow,
    Role,
    StaffMember,
    TenderRow,
)
from store.gateway.gateway import ItemFound, ItemUnknown, SearchHits, Source
from store.sale.detail import NO_DEPARTMENT_DETAIL, NO_ITEM_DETAIL, NO_TAX_DETAIL, read_detail
from store.sale.item import Department, Item, ItemKey, KeyKind
from store.sale.offer_book import OfferBook
from store.sale.policy import StorePolicy, TaxRate
from store.sale.pricing import NO_PRICE
from store.sale.settings import policy_from_settings
from store.sale.tender_type import types_of_rows

__all__ = [
    "Availability",
    "Customer",
    "DataSet",
    "LayoutKey",
    "OfflineCatalog",
    "OfflineGateway",
    "RegisterRow",
    "Role",
    "StaffMember",
    "TenderRow",
]

# ?1 is the moment; the price in force is `store.sale.pricing.price_in_force` as SQL.
_ITEM = """
select i.sku, i.name, i.unit, i.price, i.tax, i.department, i.plu, i.open_price, i.weighed, i.blocked, i.detail,
  (select p.amount from price p where p.sku = i.sku and p.from_ms <= ?1 and (p.until_ms = 0 or ?1 < p.until_ms)
    order by p.from_ms desc, p.key desc limit 1) as in_force"""
_ITEM_BY = {
    KeyKind.GTIN: f"{_ITEM} from barcode b join item i on i.sku = b.sku where b.gtin = ?2",
    KeyKind.SKU: f"{_ITEM} from item i where i.sku = ?2",
    KeyKind.PLU: f"{_ITEM} from item i where i.plu = ?2 and i.plu <> ''",
}
_BY_NAME = f"{_ITEM} from item_name n join item i on i.id = n.rowid where item_name match ?2 limit ?3"
_BY_NAME_START = f"""{_ITEM} from item i
where i.name >= ?2 collate nocase and i.name < ?3 collate nocase order by i.name collate nocase limit ?4"""
_BY_NUMBER = f"{_ITEM} from item i where i.sku >= ?2 and i.sku < ?3 order by i.sku limit ?4"
_BY_PLU = _ITEM_BY[KeyKind.PLU]
_BY_CODE_START = f"""{_ITEM} from barcode b join item i on i.sku = b.sku
where b.gtin >= ?2 and b.gtin < ?3 order by b.gtin limit ?4"""
# The expression is that of the index `barcode_end`: the last six digits backwards.
_END = " || ".join(f"substr(b.gtin, {place}, 1)" for place in range(14, 8, -1))
_BY_CODE_END = f"""{_ITEM} from barcode b join item i on i.sku = b.sku
where {_END} >= ?2 and {_END} < ?3 and b.gtin like ?4 limit ?5"""
_GTIN = ", (select min(b.gtin) from barcode b where b.sku = i.sku) as gtin"
_ON_SHELVES = f"""{_ITEM}{_GTIN} from item i
where i.department = ?2 or ?2 = '' order by i.department, i.name collate nocase, i.sku"""
_DEPARTMENTS = "select code, name, tax, position, detail from department order by position, code"
_TAXES = "select code, name, rate, included, detail from tax order by code"
_SETTINGS = "select key, value from setting"

CANDIDATES = 200
"""Hits that are ranked; more would only be cut off again."""
GTIN_DIGITS = 14
END_DIGITS = 6


class OfflineCatalog(CatalogRows):
    """One catalog file, open for reading: what is sold, at the price in force at a moment (wall ms).

    Raises DatabaseTrouble where the file fails.
    """

    def find_item(self, keys: Sequence[ItemKey], at_ms: int) -> tuple[Item, ItemKey] | None:
        """The item of the first key that is on file, with that key."""
        for key in keys:
            for row in self._rows(_ITEM_BY[key.kind], at_ms, key.value):
                item = _item(row)
                offers = self._offers.of(item.sku, item.department)
                return replace(item, offers=offers) if offers else item, key
        return None

    def search(self, text: str, limit: int, at_ms: int) -> tuple[Item, ...]:
        """Up to `limit` items by words of the name, or by number or code, names that begin with the text first.

        Words of three letters and more may stand anywhere in the name. A number is compared with the beginning of
        item numbers, with PLUs, and with both ends of barcodes.
        """
        words = search_words(text)
        if not words or limit <= 0:
            return ()
        found = {item.sku: item for item in self._by_number(" ".join(words), at_ms)}
        found.update((item.sku, item) for item in self._by_name(words, at_ms))
        folded = [word.casefold() for word in words]
        return tuple(sorted(found.values(), key=lambda item: _rank(item, folded))[:limit])

    @functools.cached_property
    def _offers(self) -> OfferBook:
        return OfferBook((row.code, row.name, row.detail) for row in self.discounts())

    def on_shelves(self, at_ms: int, department: str = "") -> Iterator[tuple[Item, str]]:
        """Every item, or those of a department, with the lowest of its barcodes (14 digits; empty for none)."""
        for row in self._rows(_ON_SHELVES, at_ms, department):
            yield _item(row), row[-1] or ""

    def departments(self) -> tuple[Department, ...]:
        """Departments in the order of the shop."""
        return tuple(
            Department(
                code=row[0],
                name=row[1],
                tax=row[2],
                position=row[3],
                detail=read_detail(row[4], NO_DEPARTMENT_DETAIL),
            )
            for row in self._rows(_DEPARTMENTS)
        )

    def settings(self) -> dict[str, str]:
        """The settings of the store by their keys."""
        return {row[0]: row[1] for row in self._rows(_SETTINGS)}

    def policy(self) -> StorePolicy:
        """The store's decisions. Raises PolicyRefused with a sentence when nothing can be sold by them."""
        taxes = [
            TaxRate(
                code=row[0],
                name=row[1],
                rate=row[2],
                included=bool(row[3]),
                detail=read_detail(row[4], NO_TAX_DETAIL),
            )
            for row in self._rows(_TAXES)
        ]
        policy = policy_from_settings(self.settings(), taxes)
        rows = ((row.code, row.name, row.kind, row.position, row.detail) for row in self.tenders())
        return replace(policy, tenders=types_of_rows(rows))

    def _by_name(self, words: list[str], at_ms: int) -> Iterator[Item]:
        if wanted := trigrams(words):
            rows = self._rows(_BY_NAME, at_ms, wanted, CANDIDATES)
        else:
            rows = self._rows(_BY_NAME_START, at_ms, words[0], words[0] + LAST_SIGN, CANDIDATES)
        short_words = [word.casefold() for word in words if len(word) < TRIGRAM]
        for row in rows:
            item = _item(row)
            if all(word in item.name.casefold() for word in short_words):
                yield item

    def _by_number(self, text: str, at_ms: int) -> Iterator[Item]:
        if not (text.isascii() and text.isalnum() and any(character.isdigit() for character in text)):
            return
        for spelling in dict.fromkeys((text, text.upper(), text.lower())):
            yield from self._items(_BY_NUMBER, at_ms, spelling, spelling + LAST_SIGN, CANDIDATES)
        yield from self._items(_BY_PLU, at_ms, text)
        if text.isdigit() and TRIGRAM <= len(text) <= GTIN_DIGITS:
            yield from self._by_code(text, at_ms)

    def _by_code(self, text: str, at_ms: int) -> Iterator[Item]:
        # Shorter codes lie there with zeros in front, and nobody types the zeros.
        for zeros in range(GTIN_DIGITS - len(text) + 1):
            start = "0" * zeros + text
            yield from self._items(_BY_CODE_START, at_ms, start, start + LAST_SIGN, CANDIDATES)
        end = text[::-1][:END_DIGITS]
        yield from self._items(_BY_CODE_END, at_ms, end, end + LAST_SIGN, f"%{text}", CANDIDATES)

    def _items(self, sql: str, *parameters: object) -> Iterator[Item]:
        return (_item(row) for row in self._rows(sql, *parameters))


class OfflineGateway:
    """The `Gateway` over whatever catalog is active now; without one nothing is known."""

    def __init__(self, catalog: Callable[[], OfflineCatalog | None], now_ms: Callable[[], int]) -> None:
        self._catalog = catalog
        self._now_ms = now_ms

    async def find_item(self, keys: Sequence[ItemKey]) -> ItemFound | ItemUnknown:
        """The item for the first of `keys` that is on file."""
        return self.find_item_now(keys)

    async def search(self, text: str, limit: int) -> SearchHits:
        """Up to `limit` items that contain `text`."""
        return self.search_now(text, limit)

    def find_item_now(self, keys: Sequence[ItemKey]) -> ItemFound | ItemUnknown:
        """The same without waiting."""
        catalog = self._catalog()
        found = catalog.find_item(keys, self._now_ms()) if catalog is not None else None
        if found is None:
            return ItemUnknown(source=Source.OFFLINE)
        return ItemFound(item=found[0], key=found[1], source=Source.OFFLINE)

    def search_now(self, text: str, limit: int) -> SearchHits:
        """The same without waiting."""
        catalog = self._catalog()
        items = catalog.search(text, limit, self._now_ms()) if catalog is not None else ()
        return SearchHits(items=items, source=Source.OFFLINE)


def _item(row: sqlite3.Row) -> Item:
    price = row["in_force"] if row["in_force"] is not None else row["price"]
    blocked = row["blocked"]
    if price < 0:
        # The item's own price says "look into the prices", and there is none in force.
        price = 0
        blocked = blocked or ("" if row["open_price"] else NO_PRICE)
    return Item(
        sku=row["sku"],
        name=row["name"],
        price=price,
        unit=row["unit"],
        tax=row["tax"],
        department=row["department"],
        plu=row["plu"],
        open_price=bool(row["open_price"]),
        weighed=bool(row["weighed"]),
        blocked=blocked,
        detail=read_detail(row["detail"], NO_ITEM_DETAIL),
    )


def _rank(item: Item, words: list[str]) -> tuple[int, str, str]:
    name = item.name.casefold()
    if item.sku.casefold() == words[0] or item.plu == words[0]:
        place = 0
    elif name.startswith(words[0]):
        place = 1
    elif f" {words[0]}" in name:
        place = 2
    else:
        place = 3
    return place, name, item.sku
