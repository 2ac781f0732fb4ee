"""What the store sells: look-up by key and search. Owns the tables `item`, `barcode` and `item_name`.

The other tables of a data package (`department`, `tax`, `staff`, `setting`) are loaded here as well, because a
package replaces all of them in one unit of work.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from store.database.connection import Connection, Engine, Value, engine_of, values
from store.exchange.messages import WireItem
from store.exchange.package_tables import TABLES

MAX_KEYS = 8
MAX_HITS = 100
MAX_SEARCH_TEXT = 80
_SHORTEST_TRIGRAM = 3

SELECT_BY_SKU = """
select sku, name, price, unit, tax, department, plu, open_price, weighed, blocked
from item where store_id = $1 and sku = $2"""
SELECT_BY_PLU = """
select sku, name, price, unit, tax, department, plu, open_price, weighed, blocked
from item where store_id = $1 and plu = $2 and plu <> '' order by sku limit 1"""
SELECT_BY_GTIN = """
select sku, name, price, unit, tax, department, plu, open_price, weighed, blocked
from item where store_id = $1 and sku = (select sku from barcode where store_id = $1 and gtin = $2)"""
_BY_KIND = {"sku": SELECT_BY_SKU, "plu": SELECT_BY_PLU, "gtin": SELECT_BY_GTIN}

# The one statement that only SQLite understands (`match`); `_search_by_ilike` is PostgreSQL's twin.
SEARCH_BY_TRIGRAM = """
select sku, name, price, unit, tax, department, plu, open_price, weighed, blocked
from item where store_id = $1 and sku in
  (select sku from item_name where item_name match $2 and store_id = $1 limit 1000)
order by name, sku limit $3"""
SEARCH_BY_PATTERN = """
select sku, name, price, unit, tax, department, plu, open_price, weighed, blocked
from item where store_id = $1 and (lower(name) like $2 escape '\\' or sku = $3 or plu = $3)
order by name, sku limit $4"""

SELECT_SETTING = "select value from setting where store_id = $1 and key = $2"
INSERT_NAME = "insert into item_name (store_id, sku, name) values ($1, $2, $3)"
DELETE_NAMES = "delete from item_name where store_id = $1"


def find_item(db: Connection, store: str, keys: Iterable[tuple[str, str]]) -> WireItem | None:
    """The item of the first (kind, value) that is on file; kinds are gtin (14 digits), sku and plu."""
    for kind, value in keys:
        statement = _BY_KIND.get(kind)
        # PostgreSQL takes no NUL in a text, and no key has one.
        row = (
            db.execute(statement, values(store, value)).fetchone()
            if statement and "\0" not in value
            else None
        )
        if row is not None:
            return _item(row, matched=f"{kind}:{value}")
    return None


def search(db: Connection, store: str, text: str, limit: int) -> tuple[WireItem, ...]:
    """Up to `limit` items whose name contains every word of the text, by name."""
    text = text.replace("\0", " ")[:MAX_SEARCH_TEXT]
    words = text.split()
    if not words:
        return ()
    if all(len(word) >= _SHORTEST_TRIGRAM for word in words):
        if engine_of(db) is Engine.POSTGRES:
            return _search_by_ilike(db, store, words, limit)
        quoted = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
        rows = db.execute(SEARCH_BY_TRIGRAM, values(store, quoted, limit)).fetchall()
    else:
        # A trigram index knows nothing of one or two letters.
        pattern = "%" + "%".join(_escaped(word.lower()) for word in words) + "%"
        rows = db.execute(SEARCH_BY_PATTERN, values(store, pattern, text, limit)).fetchall()
    return tuple(_item(row) for row in rows)


def load_tables(db: Connection, store: str, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
    """Replace everything a package carries by its rows; answers the number of items. Part of a larger unit."""
    for table in TABLES:
        db.execute(_delete_statement(table), values(store))
    db.execute(DELETE_NAMES, values(store))
    inserts = {table: _insert_statement(table, columns) for table, columns in TABLES.items()}
    items = 0
    for table, row in rows:
        cells: list[Value] = [row[column] for column in TABLES[table]]
        db.execute(inserts[table], values(store, *cells))
        if table == "item":
            db.execute(INSERT_NAME, values(store, row["sku"], row["name"]))
            items += 1
    return items


def setting(db: Connection, store: str, key: str) -> str:
    """A setting of the store, or an empty text."""
    row = db.execute(SELECT_SETTING, values(store, key)).fetchone()
    return "" if row is None else str(row[0])


def _search_by_ilike(db: Connection, store: str, words: list[str], limit: int) -> tuple[WireItem, ...]:
    wanted = " and ".join(f"name ilike ${number}" for number in range(3, len(words) + 3))
    statement = (
        "select sku, name, price, unit, tax, department, plu, open_price, weighed, blocked "  # noqa: S608 - marks only
        "from item where store_id = $1 and sku in "
        f"(select sku from item_name where store_id = $1 and {wanted} limit 1000) order by name, sku limit $2"
    )
    patterns = [f"%{_escaped(word)}%" for word in words]
    return tuple(_item(row) for row in db.execute(statement, values(store, limit, *patterns)).fetchall())


def _delete_statement(table: str) -> str:
    return f"delete from {table} where store_id = $1"  # noqa: S608 - the names are those of the package format


def _insert_statement(table: str, columns: Mapping[str, type]) -> str:
    marks = ", ".join(f"${number}" for number in range(1, len(columns) + 2))
    return f"insert into {table} (store_id, {', '.join(columns)}) values ({marks})"  # noqa: S608 - the same


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _item(row: Any, matched: str = "") -> WireItem:
    return WireItem(
        sku=row[0],
        name=row[1],
        price=row[2],
        unit=row[3],
        tax=row[4],
        department=row[5],
        plu=row[6],
        open_price=row[7] == 1,
        weighed=row[8] == 1,
        blocked=row[9],
        matched=matched,
    )
