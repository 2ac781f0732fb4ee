"""The index over item names, by which a search finds them. Owns `item_name` (and SQLite's `item_name_text`).

Both engines index trigrams, each in its own way; the texts differ here and in `items.search` only.
"""

from collections.abc import Iterable, Sequence

from store.database.bulk import execute_many, insert_rows
from store.database.connection import Connection, Engine, engine_of, values

Named = tuple[str, str]
"""A sku and its name."""

# SQLite: `item_name` holds no text itself, so it has to be told what it forgets.
FORGET_SKU = """
insert into item_name (item_name, rowid, name)
select 'delete', id, name from item_name_text where store_id = $1 and sku = $2"""
FORGET_STORE = """
insert into item_name (item_name, rowid, name)
select 'delete', id, name from item_name_text where store_id = $1"""
FORGET_ALL = "insert into item_name (item_name) values ('delete-all')"
DELETE_SKU_TEXT = "delete from item_name_text where store_id = $1 and sku = $2"
DELETE_STORE_TEXT = "delete from item_name_text where store_id = $1"
DELETE_ALL_TEXT = "delete from item_name_text"
INDEX_SKU = """
insert into item_name (rowid, name) select id, name from item_name_text where store_id = $1 and sku = $2"""
INDEX_STORE = "insert into item_name (rowid, name) select id, name from item_name_text where store_id = $1"
# PostgreSQL: a plain table with a trigram index.
DELETE_SKU = "delete from item_name where store_id = $1 and sku = $2"
DELETE_STORE = "delete from item_name where store_id = $1"


def forget_all(db: Connection, store: str, *, alone: bool) -> None:
    """Forget every name of a store; `alone` says that the database holds no other one, which is much faster."""
    if engine_of(db) is Engine.POSTGRES:
        db.execute(DELETE_STORE, values(store))
    elif alone:
        db.execute(FORGET_ALL)
        db.execute(DELETE_ALL_TEXT)
    else:
        db.execute(FORGET_STORE, values(store))
        db.execute(DELETE_STORE_TEXT, values(store))


def add_first(db: Connection, store: str, named: Iterable[Named]) -> None:
    """Take names of a store that has been forgotten; `index_first` makes them findable at the end."""
    table = "item_name" if engine_of(db) is Engine.POSTGRES else "item_name_text"
    insert_rows(db, table, ("store_id", "sku", "name"), ((store, sku, name) for sku, name in named))


def index_first(db: Connection, store: str) -> None:
    """Make everything findable that `add_first` took."""
    if engine_of(db) is Engine.SQLITE:
        db.execute(INDEX_STORE, values(store))
    else:
        db.execute("analyze item_name")


def change(db: Connection, store: str, gone: Sequence[str], named: Sequence[Named]) -> None:
    """Forget the names of some skus, and take these."""
    keys = [(store, sku) for sku in gone]
    rows = [(store, sku, name) for sku, name in named]
    columns = ("store_id", "sku", "name")
    if engine_of(db) is Engine.POSTGRES:
        execute_many(db, DELETE_SKU, keys)
        insert_rows(db, "item_name", columns, rows)
        return
    execute_many(db, FORGET_SKU, keys)
    execute_many(db, DELETE_SKU_TEXT, keys)
    insert_rows(db, "item_name_text", columns, rows)
    execute_many(db, INDEX_SKU, [(store, sku) for sku, _ in named])
