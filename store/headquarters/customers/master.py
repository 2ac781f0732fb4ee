"""The customers of the chain out of what registers told of them. Part of a unit of work; takes from `customer_news`.

A register's customer has an own id, which is the key here as well; so nothing is renamed on the way, whatever arrives
first. An edit changes the fields it names and no others. Who has the name and the telephone number or mail address of
somebody known is made one with them at once; whoever only shares a number stays apart until somebody says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from store.database.connection import Connection, values
from store.headquarters.customers.merging import Contacts, living, merge
from store.headquarters.nouns.customers import CUSTOMER, Customer
from store.headquarters.setup_rows import find_key, get_row, put, set_names

AT_ONCE = 100
"""News taken in one unit of work."""
FIELDS = ("phone", "email", "address", "tax_id", "card")
"""What a register writes about a customer beside the name."""

SELECT_NEWS = """
select store_id, series, seq, effect, customer, name, document from customer_news
order by at, series, seq limit $1"""
DELETE_NEWS = """
delete from customer_news where store_id = $1 and series = $2 and seq = $3 and effect = $4"""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What one record told."""

    kind: str
    customer: str
    name: str
    fields: dict[str, str]
    changed: tuple[str, ...] = ()


def take_news(db: Connection, now_ms: int) -> int:
    """Make or change the customers that registers told of; answers how many pieces of news were taken."""
    rows = db.execute(SELECT_NEWS, values(AT_ONCE)).fetchall()
    contacts: Contacts | None = None
    for store, series, seq, effect, customer, name, document in rows:
        news = _read(str(effect), str(customer), str(name), str(document))
        if contacts is None and get_row(db, CUSTOMER, news.customer) is None:
            contacts = Contacts(db)  # read once, for the first who is new
        _take(db, news, contacts, now_ms)
        db.execute(DELETE_NEWS, values(store, series, seq, effect))
    return len(rows)


def has_news(db: Connection) -> bool:
    """Whether registers told of customers."""
    return bool(db.execute(SELECT_NEWS, values(1)).fetchall())


def _read(kind: str, customer: str, name: str, text: str) -> News:
    document: dict[str, Any] = msgspec.json.decode(text)
    changed = tuple(str(field) for field in document.get("changed", ()))
    fields = {field: str(document[field]) for field in FIELDS if document.get(field) is not None}
    return News(kind=kind, customer=customer, name=name, fields=fields, changed=changed)


def _take(db: Connection, news: News, contacts: Contacts | None, now_ms: int) -> None:
    row = get_row(db, CUSTOMER, news.customer)
    if row is not None and row.removed:
        return  # erased or removed meanwhile: nobody brings them back
    if row is None and contacts is not None:
        fresh = _with(db, news.customer, Customer(name=news.name[:80]), news.fields, FIELDS)
        _keep(db, news.customer, fresh, now_ms)
        known = contacts.same_person(news.customer, fresh)
        contacts.add(news.customer, fresh)
        if known:
            merge(db, known, news.customer, now_ms)
        return
    assert row is not None
    key, old = living(db, news.customer, row.read(Customer))
    if news.kind == "customer.edit":
        _keep(db, key, _with(db, key, _named(old, news), news.fields, news.changed), now_ms)
    else:  # an edit came before what it edits: only what is missing is new
        missing = [field for field in FIELDS if not getattr(old, field)]
        _keep(db, key, _with(db, key, old, news.fields, missing), now_ms)


def _named(old: Customer, news: News) -> Customer:
    return replace(old, name=news.name[:80]) if "name" in news.changed else old


def _with(
    db: Connection, key: str, customer: Customer, fields: Mapping[str, str], wanted: Iterable[str]
) -> Customer:
    """The customer with these fields; one that cannot be kept (a card of somebody else, too long) is left as it was."""
    for field, text in _chosen(fields, wanted):
        if field == "card" and text and find_key(db, CUSTOMER, f"card:{text}") not in (None, key):
            continue
        try:
            document = {**msgspec.to_builtins(customer), field: text}
            customer = msgspec.convert(document, Customer)
        except msgspec.ValidationError:  # a register of another version has other bounds
            continue
    return customer


def _chosen(fields: Mapping[str, str], wanted: Iterable[str]) -> Iterator[tuple[str, str]]:
    for field in wanted:
        if field in FIELDS and field in fields:
            yield field, fields[field]


def _keep(db: Connection, key: str, customer: Customer, now_ms: int) -> None:
    put(db, CUSTOMER, key, customer, now_ms=now_ms)
    set_names(db, CUSTOMER, key, (f"card:{customer.card}",) if customer.card else ())
