"""What the store sells: look-up by key, and search. Reads `item`, `barcode`, `price`, `item_name` and `setting`.

The price is the one in force (`store.sale.pricing`): the newest of the item's prices that is valid now, else the
item's own. An item without any is answered as blocked, unless its price is typed at the register.
"""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from store.database.connection import Connection, Engine, engine_of, values
from store.exchange.messages import WireItem
from store.sale.pricing import NO_PRICE
from store.server.offers import offers_of

MAX_KEYS = 8
MAX_HITS = 100
MAX_SEARCH_TEXT = 80
_SHORTEST_TRIGRAM = 3

# $1 is the store, $2 the moment, in every statement that reads items.
_ITEM = """
select sku, name, coalesce(
  (select amount from price where price.store_id = item.store_id and price.sku = item.sku
    and from_ms <= $2 and (until_ms = 0 or $2 < until_ms) order by from_ms desc, key desc limit 1), price),
  unit, tax, department, plu, open_price, weighed, blocked, detail
from item where store_id = $1"""
SELECT_BY_SKU = f"{_ITEM} and sku = $3"
SELECT_BY_PLU = f"{_ITEM} and plu = $3 and plu <> '' order by sku limit 1"
SELECT_BY_GTIN = f"{_ITEM} and sku = (select sku from barcode where store_id = $1 and gtin = $3)"  # noqa: S608 - our own
_BY_KIND = {"sku": SELECT_BY_SKU, "plu": SELECT_BY_PLU, "gtin": SELECT_BY_GTIN}

# The one statement that only SQLite understands (`match`); `_search_by_ilike` is PostgreSQL's twin. The cross join
# keeps SQLite from walking through all names and asking the index about each.
SEARCH_BY_TRIGRAM = f"""{_ITEM} and sku in
  (select t.sku from item_name n cross join item_name_text t
    where n.name match $3 and t.id = n.rowid and t.store_id = $1 limit 1000)
order by name, sku limit $4"""  # noqa: S608 - our own
SEARCH_BY_PATTERN = f"""{_ITEM} and (lower(name) like $3 escape '\\' or sku = $4 or plu = $4)
order by name, sku limit $5"""

SELECT_SETTING = "select value from setting where store_id = $1 and key = $2"


def find_item(db: Connection, store: str, keys: Iterable[tuple[str, str]], now_ms: int) -> WireItem | None:
    """The item of the first (kind, value) that is on file; kinds are gtin (14 digits), sku and plu."""
    for kind, value in keys:
        statement = _BY_KIND.get(kind)
        # PostgreSQL takes no NUL in a text, and no key has one.
        row = (
            db.execute(statement, values(store, now_ms, value)).fetchone()
            if statement and "\0" not in value
            else None
        )
        if row is not None:
            item = _item(row, matched=f"{kind}:{value}")
            return replace(item, offers=offers_of(db, store, item.sku, item.department))
    return None


def search(db: Connection, store: str, text: str, limit: int, now_ms: int) -> tuple[WireItem, ...]:
    """Up to `limit` items whose name contains every word of the text, by name."""
    text = text.replace("\0", " ")[:MAX_SEARCH_TEXT]
    words = text.split()
    if not words:
        return ()
    if all(len(word) >= _SHORTEST_TRIGRAM for word in words):
        if engine_of(db) is Engine.POSTGRES:
            return _search_by_ilike(db, store, words, limit, now_ms)
        quoted = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
        rows = db.execute(SEARCH_BY_TRIGRAM, values(store, now_ms, quoted, limit)).fetchall()
    else:
        # A trigram index knows nothing of one or two letters.
        pattern = "%" + "%".join(_escaped(word.lower()) for word in words) + "%"
        rows = db.execute(SEARCH_BY_PATTERN, values(store, now_ms, pattern, text, limit)).fetchall()
    return tuple(_item(row) for row in rows)


def setting(db: Connection, store: str, key: str) -> str:
    """A setting of the store, or an empty text."""
    row = db.execute(SELECT_SETTING, values(store, key)).fetchone()
    return "" if row is None else str(row[0])


def _search_by_ilike(
    db: Connection, store: str, words: list[str], limit: int, now_ms: int
) -> tuple[WireItem, ...]:
    wanted = " and ".join(f"name ilike ${number}" for number in range(4, len(words) + 4))
    statement = (
        f"{_ITEM} and sku in (select sku from item_name where store_id = $1 and {wanted} limit 1000) "  # noqa: S608
        "order by name, sku limit $3"
    )
    patterns = [f"%{_escaped(word)}%" for word in words]
    return tuple(
        _item(row) for row in db.execute(statement, values(store, now_ms, limit, *patterns)).fetchall()
    )


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _item(row: Any, matched: str = "") -> WireItem:
    price, open_price, blocked = row[2], row[7] == 1, row[9]
    if price < 0:
        price, blocked = 0, blocked or ("" if open_price else NO_PRICE)
    return WireItem(
        sku=row[0],
        name=row[1],
        price=price,
        unit=row[3],
        tax=row[4],
        department=row[5],
        plu=row[6],
        open_price=open_price,
        weighed=row[8] == 1,
        blocked=blocked,
        detail=row[10],
        matched=matched,
    )
