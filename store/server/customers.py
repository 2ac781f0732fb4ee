"""The customers of a store and what they owe. Reads `customer`, `customer_key`, `customer_news`, `account` and
`account_entry`.

What a register told of a customer holds here at once, before headquarters has sent it back with job 1010. The balance
of an account is the part of other stores as headquarters last told it, and every entry of this store.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from store.database.connection import Connection, values
from store.exchange.customers import WireAccount, WireCustomer
from store.sale.customer import dialled, digits_of

MAX_HITS = 100
MAX_SEARCH_TEXT = 80
CANDIDATES = 400
MERGED_STEPS = 5
NEWS_LOOKED_AT = 500
"""Newest news that a search walks through; they are few, for job 1010 takes them out."""
LAST_SIGN = "\uffff"

SELECT_CUSTOMER = "select number, name, detail from customer where store_id = $1 and number = $2"
SELECT_BY_CARD = """
select c.number, c.name, c.detail from customer_key k
join customer c on c.store_id = k.store_id and c.number = k.number
where k.store_id = $1 and k.key = $2 order by k.number limit 1"""
SELECT_BY_KEY = """
select c.number, c.name, c.detail from customer_key k
join customer c on c.store_id = k.store_id and c.number = k.number
where k.store_id = $1 and k.key >= $2 and k.key < $3 order by k.key, k.number limit $4"""
SELECT_BY_NUMBER = """
select number, name, detail from customer
where store_id = $1 and number >= $2 and number < $3 order by number limit $4"""
SELECT_NEWS = """
select customer, name, document from customer_news where store_id = $1 order by at desc, series desc, seq desc
limit $2"""
SELECT_NEWS_OF = """
select customer, name, document from customer_news where store_id = $1 and customer = $2
order by at desc, series desc, seq desc limit 1"""
SELECT_MERGED = "select number from customer_key where store_id = $1 and key = $2"
SELECT_ELSEWHERE = "select elsewhere, as_of_ms from account where store_id = $1 and customer = $2"
SELECT_OWN = "select coalesce(sum(amount), 0) from account_entry where store_id = $1 and customer = $2"
SELECT_BOOKED = "select seq from posting_cursor where store_id = $1 and series = $2"
SELECT_ENTRIES = """
select at, amount, series, seq from account_entry where store_id = $1 and customer = $2
order by at desc, series desc, seq desc limit $3"""


class _Detail(msgspec.Struct, frozen=True):
    card: str = ""
    phone: str = ""
    merged_into: str = ""


def find(db: Connection, store: str, code: str) -> WireCustomer | None:
    """The customer of that number or card; who was merged leads to whom they are now."""
    if "\0" in code or not code:
        return None
    found = _now(db, store, code)
    if found is None:
        row = _row(db, SELECT_BY_CARD, store, f"c:{code}")
        number = row.number if row is not None else _news_with_card(db, store, code)
        found = _now(db, store, number) if number else None
    for _step in range(MERGED_STEPS):
        if found is None:
            return None
        into = _detail(found.detail).merged_into
        if not into:
            return found
        found = _now(db, store, into)
    return None


def search(db: Connection, store: str, text: str, limit: int) -> tuple[WireCustomer, ...]:
    """Up to `limit` customers: by how words of a name begin, a telephone number, a number or card."""
    words = text.replace("\0", " ")[:MAX_SEARCH_TEXT].casefold().split()
    if not words:
        return ()
    found = {one.number: one for one in _candidates(db, store, words)}
    for news in _news(db, store):
        one = _laid_over(found.pop(news.number, None) or _row(db, SELECT_CUSTOMER, store, news.number), news)
        if _matches(one, words):
            found[one.number] = one
    return tuple(sorted(found.values(), key=lambda one: (one.name.casefold(), one.number))[:limit])


def account(db: Connection, store: str, number: str, entries: int, series: str = "") -> WireAccount:
    """What the customer owes as far as this server knows, with the newest entries of this store.

    For a register's series it says up to which of its records that holds.
    """
    whose = [
        number,
        *(str(row[0]) for row in db.execute(SELECT_MERGED, values(store, f"m:{number}")).fetchall()),
    ]
    elsewhere = as_of_ms = balance = 0
    newest: list[tuple[str, int, str, int]] = []
    for one in whose:
        row = db.execute(SELECT_ELSEWHERE, values(store, one)).fetchone()
        if row is not None:
            elsewhere, as_of_ms = elsewhere + int(row[0]), max(as_of_ms, int(row[1]))
        balance += int(db.execute(SELECT_OWN, values(store, one)).fetchone()[0])
        newest += [
            (str(at), int(amount), str(series), int(seq))
            for at, amount, series, seq in db.execute(SELECT_ENTRIES, values(store, one, entries)).fetchall()
        ]
    newest.sort(reverse=True)
    return WireAccount(
        customer=number,
        balance=balance + elsewhere,
        elsewhere=elsewhere,
        elsewhere_as_of_ms=as_of_ms,
        entries=tuple((at, amount) for at, amount, _, _ in newest[:entries]),
        booked_seq=_booked(db, store, series) if series else -1,
    )


def _booked(db: Connection, store: str, series: str) -> int:
    row = db.execute(SELECT_BOOKED, values(store, series)).fetchone()
    return 0 if row is None else int(row[0])


def _candidates(db: Connection, store: str, words: list[str]) -> Iterator[WireCustomer]:
    longest = max(words, key=len)
    for one in _range(db, store, f"w:{longest}"):
        if _matches(one, words):
            yield one
    whole = " ".join(words)
    if len(words) == 1 and whole.isascii():
        for spelling in dict.fromkeys((whole, whole.upper())):
            yield from _range(db, store, f"c:{spelling}")
            rows = db.execute(SELECT_BY_NUMBER, values(store, spelling, spelling + LAST_SIGN, CANDIDATES))
            yield from _living(rows.fetchall())
    if digits := dialled(whole):
        yield from _range(db, store, f"d:{digits}")
        yield from _range(db, store, f"r:{digits[::-1]}")


def _range(db: Connection, store: str, start: str) -> Iterator[WireCustomer]:
    rows = db.execute(SELECT_BY_KEY, values(store, start, start + LAST_SIGN, CANDIDATES)).fetchall()
    return _living(rows)


def _living(rows: Iterable[tuple[object, ...]]) -> Iterator[WireCustomer]:
    for number, name, detail in rows:
        if not _detail(str(detail)).merged_into:
            yield WireCustomer(number=str(number), name=str(name), detail=str(detail))


def _matches(one: WireCustomer, words: list[str]) -> bool:
    """Whether every word begins a word of the name, or the text is the number, the card or a part of the phone."""
    parts = one.name.casefold().split()
    if all(any(part.startswith(word) for part in parts) for word in words):
        return True
    detail, whole = _detail(one.detail), " ".join(words)
    digits, phone = dialled(whole), digits_of(detail.phone).lstrip("0")
    return whole in (one.number.casefold(), detail.card.casefold()) or bool(
        digits and (phone.startswith(digits) or phone.endswith(digits))
    )


def _row(db: Connection, statement: str, store: str, key: str) -> WireCustomer | None:
    row = db.execute(statement, values(store, key)).fetchone()
    return None if row is None else WireCustomer(number=str(row[0]), name=str(row[1]), detail=str(row[2]))


def _news(db: Connection, store: str) -> Iterator[WireCustomer]:
    """The newest word of registers about each customer."""
    seen: set[str] = set()
    for number, name, document in db.execute(SELECT_NEWS, values(store, NEWS_LOOKED_AT)).fetchall():
        if number not in seen:
            seen.add(str(number))
            yield WireCustomer(number=str(number), name=str(name), detail=str(document))


def _now(db: Connection, store: str, number: str) -> WireCustomer | None:
    """A customer as headquarters sent them, with what registers told since laid over it."""
    base = _row(db, SELECT_CUSTOMER, store, number)
    news = _row(db, SELECT_NEWS_OF, store, number)
    return base if news is None else _laid_over(base, news)


def _laid_over(base: WireCustomer | None, news: WireCustomer) -> WireCustomer:
    """What a register writes of a customer takes the place of what was there; the rest is headquarters' alone."""
    fields = msgspec.json.decode(news.detail, type=dict[str, Any])
    fields.pop("changed", None)
    before: dict[str, Any] = {}
    if base is not None and base.detail:
        before = msgspec.json.decode(base.detail, type=dict[str, Any])
    detail = {name: value for name, value in (before | fields).items() if value != ""}
    return WireCustomer(number=news.number, name=news.name, detail=msgspec.json.encode(detail).decode())


def _news_with_card(db: Connection, store: str, code: str) -> str:
    return next((one.number for one in _news(db, store) if _detail(one.detail).card == code), "")


def _detail(text: str) -> _Detail:
    try:
        return msgspec.json.decode(text, type=_Detail)
    except msgspec.MsgspecError:
        return _Detail()
