"""By what customers are found at the server. Owns `customer_key`, and takes `customer_news` out again.

A key is a letter for its kind and a text: `w:` a word of the name, `d:` the digits of a telephone number, `r:` the same
backwards, `c:` a card, `m:` the customer who stands for this one by now. Ranges over them find what begins so, on both
engines alike.
"""

from collections.abc import Iterable, Sequence

import msgspec

from store.database.bulk import execute_many, insert_rows
from store.database.connection import Connection, Engine, engine_of, values
from store.exchange.package_tables import Cells

MAX_WORDS = 6
MAX_KEY = 60

DELETE_KEY = "delete from customer_key where store_id = $1 and key = $2 and number = $3"
DELETE_ALL = "delete from customer_key where store_id = $1"
DELETE_NEWS = "delete from customer_news where store_id = $1 and customer = $2"
SELECT_OLD_NEWS = "select 1 from customer_news where at < $1 limit 1"
DELETE_OLD_NEWS = "delete from customer_news where at < $1"
# Who was edited and is not here any more was removed; who was added may be on the way still.
DELETE_SETTLED_NEWS = """
delete from customer_news where store_id = $1
  and (effect = 'customer.edit' or customer in (select number from customer where store_id = $1))"""


class _Detail(msgspec.Struct, frozen=True):
    merged_into: str = ""


_DETAIL = msgspec.json.Decoder(_Detail)


def keys_of(cells: Cells) -> set[str]:
    """The keys of a customer, whose cells are number, name, detail, card, digits, ends."""
    _number, name, detail, card, digits, ends = (str(cell) for cell in cells)
    keys = {f"c:{card}"} if card else set()
    if into := merged_into(detail):  # led to by number and card, and in no list
        return {*keys, f"m:{into}"}
    keys |= {f"w:{word[:MAX_KEY]}" for word in name.replace("\0", " ").casefold().split()[:MAX_WORDS]}
    return keys | {f"{kind}:{text}" for kind, text in (("d", digits), ("r", ends)) if text}


def merged_into(detail: str) -> str:
    """Who stands for the customer with this detail by now; empty for nobody."""
    try:
        return _DETAIL.decode(detail).merged_into
    except msgspec.MsgspecError:
        return ""


def forget_all(db: Connection, store: str) -> None:
    """Forget the keys of every customer of a store."""
    db.execute(DELETE_ALL, values(store))


def add(db: Connection, store: str, rows: Iterable[Cells]) -> None:
    """Take the keys of customers that have none."""
    insert_rows(
        db,
        "customer_key",
        ("store_id", "key", "number"),
        ((store, key, str(cells[0])) for cells in rows for key in sorted(keys_of(cells))),
    )


def settle_first(db: Connection, store: str) -> None:
    """After a whole table: what registers told of customers who are here now is no news any more."""
    db.execute(DELETE_SETTLED_NEWS, values(store))
    if engine_of(db) is Engine.POSTGRES:
        db.execute("analyze customer_key")


def has_old_news(db: Connection, before: str) -> bool:
    """Whether registers told anything before that moment (UTC text) that headquarters has not sent back."""
    return db.execute(SELECT_OLD_NEWS, values(before)).fetchone() is not None


def forget_old_news(db: Connection, before: str) -> None:
    """Take it out: whoever it is about was erased, or is not coming."""
    db.execute(DELETE_OLD_NEWS, values(before))


def change(
    db: Connection, store: str, before: Sequence[Cells], rows: Sequence[Cells], gone: Sequence[str]
) -> None:
    """Customers were put or removed: their keys anew, and what registers told of them before is settled."""
    old = ((store, key, str(cells[0])) for cells in before for key in sorted(keys_of(cells)))
    execute_many(db, DELETE_KEY, old)
    touched = [*(str(cells[0]) for cells in rows), *gone]
    execute_many(db, DELETE_NEWS, ((store, number) for number in touched))
    add(db, store, rows)
