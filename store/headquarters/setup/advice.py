"""What an operator is told about a change that is right and may still surprise; nothing is refused or written here."""

import datetime

from store.database.connection import Connection
from store.headquarters.nouns.goods import Price
from store.headquarters.part import Change, Notes, Rule
from store.headquarters.setup_rows import list_beginning


def advise_on_price(db: Connection, change: Change, notes: Notes) -> None:
    """A price that begins later wins over one without a date."""
    product = change.key.partition("/")[0]
    rows = [
        (int(row.key.partition("/")[2] or 0), row.read(Price))
        for row in list_beginning(db, "price", f"{product}/")
    ]
    valid = [(begin, price) for begin, price in rows if _covers(begin, price, change.now_ms)]
    own_begin = int(change.key.partition("/")[2] or 0)
    if change.new is None or not valid or not _covers(own_begin, change.new, change.now_ms):
        return
    begin, price = max(valid, key=lambda pair: pair[0])
    if begin > own_begin:
        end = f" until {_day(price.until_ms)}" if price.until_ms else ""
        notes.say(f"The price since {_day(begin)} holds before it{end}.")


def advise_on_product(db: Connection, change: Change, notes: Notes) -> None:
    """A `price` row wins over the price of the product itself."""
    new, old = change.new, change.old
    if new is None or new.price is None or (old is not None and old.price == new.price):
        return
    for row in list_beginning(db, "price", f"{change.key}/"):
        if _covers(int(row.key.partition("/")[2] or 0), row.read(Price), change.now_ms):
            notes.say("A price set by `price set` holds before it.")
            return


ADVICE: dict[str, tuple[Rule, ...]] = {"price": (advise_on_price,), "product": (advise_on_product,)}


def _covers(begin_ms: int, price: Price, now_ms: int) -> bool:
    return begin_ms <= now_ms and (price.until_ms == 0 or now_ms < price.until_ms)


def _day(ms: int) -> str:
    return f"{datetime.datetime.fromtimestamp(ms / 1000).astimezone():%Y-%m-%d %H:%M}"
