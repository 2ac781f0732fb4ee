"""Answers from the offline catalog: one immutable file per package version, read synchronously.

A look-up takes about ten microseconds, less than a hop to a thread. `store/register/catalog/keeper.py` makes and
swaps the files; the schema is `store/database/catalog.sql`.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from store.database.errors import translate
from store.database.sqlite import open_reader
from store.gateway.gateway import ItemFound, ItemUnknown, SearchHits, Source
from store.sale.item import Department, Item, ItemKey, KeyKind
from store.sale.policy import StorePolicy, TaxRate
from store.sale.settings import policy_from_settings

_ITEM_BY = {
    KeyKind.GTIN: "select i.* from barcode b join item i on i.sku = b.sku where b.gtin = ?",
    KeyKind.SKU: "select i.* from item i where i.sku = ?",
    KeyKind.PLU: "select i.* from item i where i.plu = ? and i.plu <> ''",
}
_BY_NAME = "select i.* from item_name n join item i on i.sku = n.sku where item_name match ? limit ?"
_BY_SHORT_NAME = "select i.* from item i where i.name like ? escape '\\' order by i.name limit ?"
_BY_NUMBER = "select i.* from item i where i.sku like ? escape '\\' or i.plu = ? order by i.sku limit ?"
_BY_CODE = """
select i.* from item i where i.sku in (select sku from barcode where gtin like ? escape '\\' limit ?)
order by i.name"""
_OPERATOR = "select number, name, role, salt, hash from staff where number = ?"
_DEPARTMENTS = "select code, name, tax, position from department order by position, code"
_TAXES = "select code, name, rate, included from tax order by code"
_SETTINGS = "select key, value from setting"
_META = "select key, value from meta"
_ROWS_OF = {
    "item": "select count(*) from item",
    "barcode": "select count(*) from barcode",
    "department": "select count(*) from department",
    "tax": "select count(*) from tax",
    "staff": "select count(*) from staff",
    "setting": "select count(*) from setting",
}

MAX_SEARCH_TEXT = 80
TRIGRAM = 3
"""The full-text index knows no shorter text."""
CANDIDATES = 200
"""Hits that are ranked; more would only be cut off again."""


class StaffMember(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may sign in; `hash` is the encoded argon2id string, `salt` is empty when it is inside."""

    number: str
    name: str
    role: str
    salt: str
    hash: str


class DataSet(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the catalog as operation 917 lists it."""

    name: str
    rows: int


class OfflineCatalog:
    """One catalog file, open for reading. Raises DatabaseTrouble where the file fails."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = open_reader(path, immutable=True)
        self._db.row_factory = sqlite3.Row

    def close(self) -> None:
        """Close the file; look-ups end with it."""
        self._db.close()

    def find_item(self, keys: Sequence[ItemKey]) -> tuple[Item, ItemKey] | None:
        """The item of the first key that is on file, with that key."""
        for key in keys:
            for row in self._rows(_ITEM_BY[key.kind], key.value):
                return _item(row), key
        return None

    def search(self, text: str, limit: int) -> tuple[Item, ...]:
        """Up to `limit` items whose name, number or code contains the text, names that begin with it first."""
        words = "".join(sign if sign.isprintable() else " " for sign in text[:MAX_SEARCH_TEXT]).split()
        if not words or limit <= 0:
            return ()
        found = {item.sku: item for item in self._by_number(" ".join(words))}
        found.update((item.sku, item) for item in self._by_name(words))
        folded = [word.casefold() for word in words]
        return tuple(sorted(found.values(), key=lambda item: _rank(item, folded))[:limit])

    def operator(self, number: str) -> StaffMember | None:
        """The person with that number, or None."""
        for row in self._rows(_OPERATOR, number):
            return StaffMember(number=row[0], name=row[1], role=row[2], salt=row[3], hash=row[4])
        return None

    def departments(self) -> tuple[Department, ...]:
        """Departments in the order of the shop."""
        return tuple(
            Department(code=row[0], name=row[1], tax=row[2], position=row[3])
            for row in self._rows(_DEPARTMENTS)
        )

    def policy(self) -> StorePolicy:
        """The store's decisions. Raises PolicyRefused with a sentence when nothing can be sold by them."""
        taxes = [
            TaxRate(code=row[0], name=row[1], rate=row[2], included=bool(row[3]))
            for row in self._rows(_TAXES)
        ]
        return policy_from_settings({row[0]: row[1] for row in self._rows(_SETTINGS)}, taxes)

    def meta(self) -> dict[str, str]:
        """Facts about the file: package_seq, created, applied_at, content_hash, rows."""
        return {row[0]: row[1] for row in self._rows(_META)}

    def data_sets(self) -> tuple[DataSet, ...]:
        """Every table with its number of rows."""
        return tuple(DataSet(name=name, rows=next(self._rows(sql))[0]) for name, sql in _ROWS_OF.items())

    def _by_name(self, words: list[str]) -> Iterator[Item]:
        long_words = [word for word in words if len(word) >= TRIGRAM]
        if long_words:
            wanted = " ".join('"' + word.replace('"', '""') + '"' for word in long_words)
            rows = self._rows(_BY_NAME, wanted, CANDIDATES)
        else:
            rows = self._rows(_BY_SHORT_NAME, _like(words[0]) + "%", CANDIDATES)
        short_words = [word.casefold() for word in words if len(word) < TRIGRAM]
        for row in rows:
            item = _item(row)
            if all(word in item.name.casefold() for word in short_words):
                yield item

    def _by_number(self, text: str) -> Iterator[Item]:
        if not (text.isascii() and text.isalnum() and any(character.isdigit() for character in text)):
            return
        for row in self._rows(_BY_NUMBER, _like(text) + "%", text, CANDIDATES):
            yield _item(row)
        if text.isdigit() and len(text) >= TRIGRAM:
            for row in self._rows(_BY_CODE, f"%{text}%", CANDIDATES):
                yield _item(row)

    def _rows(self, sql: str, *parameters: object) -> Iterator[sqlite3.Row]:
        try:
            yield from self._db.execute(sql, parameters)
        except sqlite3.Error as error:
            trouble = translate(error)
            if trouble is None:
                raise
            raise trouble from error


class OfflineGateway:
    """The `Gateway` over whatever catalog is active now; without one nothing is known."""

    def __init__(self, catalog: Callable[[], OfflineCatalog | None]) -> None:
        self._catalog = catalog

    async def find_item(self, keys: Sequence[ItemKey]) -> ItemFound | ItemUnknown:
        """The item for the first of `keys` that is on file."""
        return self.find_item_now(keys)

    async def search(self, text: str, limit: int) -> SearchHits:
        """Up to `limit` items that contain `text`."""
        return self.search_now(text, limit)

    def find_item_now(self, keys: Sequence[ItemKey]) -> ItemFound | ItemUnknown:
        """The same without waiting."""
        catalog = self._catalog()
        found = catalog.find_item(keys) if catalog is not None else None
        if found is None:
            return ItemUnknown(source=Source.OFFLINE)
        return ItemFound(item=found[0], key=found[1], source=Source.OFFLINE)

    def search_now(self, text: str, limit: int) -> SearchHits:
        """The same without waiting."""
        catalog = self._catalog()
        items = catalog.search(text, limit) if catalog is not None else ()
        return SearchHits(items=items, source=Source.OFFLINE)


def _item(row: sqlite3.Row) -> Item:
    return Item(
        sku=row["sku"],
        name=row["name"],
        price=row["price"],
        unit=row["unit"],
        tax=row["tax"],
        department=row["department"],
        plu=row["plu"],
        open_price=bool(row["open_price"]),
        weighed=bool(row["weighed"]),
        blocked=row["blocked"],
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


def _like(text: str) -> str:
    """The text as a literal of a LIKE pattern with `\\` as escape."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
