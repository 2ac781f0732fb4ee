"""Customers in the offline catalog: by number and card, and by what somebody types of name, telephone or number.

Words of three letters and more are found anywhere in a name, shorter ones at its beginning; telephone numbers by both
ends, as people read them out. Who was merged into another customer leads to that one, and is in no list.
"""

import sqlite3
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from store.sale.customer import dialled

TRIGRAM = 3
"""The full-text index knows no shorter text."""
MAX_SEARCH_TEXT = 80
LAST_SIGN = "\U0010ffff"
"""Sorts behind every other sign: a range from a text to the text with this behind it holds what begins with it."""
CANDIDATES = 200
"""Hits that are ranked; more would only be cut off again."""
MERGED_STEPS = 5
"""Customers merged into one another are followed so far; a ring of them ends somewhere."""


_COLUMNS = "select number, name, detail from customer"
_CUSTOMER = f"{_COLUMNS} where number = ?"
_BY_PART = """
select c.number, c.name, c.detail from customer_name n join customer c on c.id = n.rowid
where customer_name match ? limit ?"""
_BY_START = f"""{_COLUMNS}
where name >= ?1 collate nocase and name < ?2 collate nocase order by name collate nocase limit ?3"""
_BY_NUMBER = f"{_COLUMNS} where number >= ? and number < ? order by number limit ?"
_BY_CARD = f"{_COLUMNS} where card = ? and card <> '' limit 1"
_BY_DIGITS = f"{_COLUMNS} where digits >= ? and digits < ? and digits <> '' limit ?"
_BY_ENDS = f"{_COLUMNS} where ends >= ? and ends < ? and ends <> '' limit ?"
_GROUPS = "select code, name, detail from customer_group order by code"
_ACCOUNT = "select balance, elsewhere, as_of_ms from account where customer = ?"


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer of the store."""

    number: str
    name: str
    detail: dict[str, Any]

    @property
    def merged_into(self) -> str:
        """The customer who stands for this one by now; empty for nobody."""
        return str(self.detail.get("merged_into", ""))


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer owed (minor units) when headquarters last looked; `elsewhere` is the part of other stores."""

    balance: int
    elsewhere: int
    as_of_ms: int


class CustomerQueries:
    """The part of an open catalog that knows customers."""

    @abstractmethod
    def _rows(self, sql: str, *parameters: object) -> Iterator[sqlite3.Row]: ...

    @property
    @abstractmethod
    def has_accounts(self) -> bool:
        """Whether the file has accounts, customer groups, and the columns by which customers are found."""

    def customer(self, number: str) -> Customer | None:
        """The customer with that number, or None."""
        return next(map(_customer, self._rows(_CUSTOMER, number)), None)

    def customer_by_code(self, code: str) -> Customer | None:
        """The living customer with that number or card, or None; who was merged leads to whom they are now."""
        found = self.customer(code)
        if found is None and self.has_accounts:
            found = next(self._customers_found(_BY_CARD, code), None)
        for _step in range(MERGED_STEPS):
            if found is None or not found.merged_into:
                return found
            found = self.customer(found.merged_into)
        return None

    def customers(self, text: str, limit: int) -> tuple[Customer, ...]:
        """Up to `limit` customers by words of the name, a part of the telephone number, number or card, best first."""
        words = search_words(text)
        if not words or limit <= 0:
            return ()
        found = {one.number: one for one in self._customers_by_number(" ".join(words))}
        found.update((one.number, one) for one in self._customers_by_name(words))
        return best(found.values(), words, limit)

    def account(self, number: str) -> AccountRow | None:
        """What headquarters last knew of an account; None when it had nothing to say."""
        if not self.has_accounts:
            return None
        for row in self._rows(_ACCOUNT, number):
            return AccountRow(balance=row[0], elsewhere=row[1], as_of_ms=row[2])
        return None

    def customer_groups(self) -> dict[str, str]:
        """Code → name of every customer group."""
        return {row[0]: row[1] for row in self._rows(_GROUPS)} if self.has_accounts else {}

    def _customers_by_name(self, words: list[str]) -> Iterator[Customer]:
        if wanted := trigrams(words):
            rows = self._rows(_BY_PART, wanted, CANDIDATES)
        else:
            rows = self._rows(_BY_START, words[0], words[0] + LAST_SIGN, CANDIDATES)
        short_words = [word.casefold() for word in words if len(word) < TRIGRAM]
        for row in rows:
            name = row[1].casefold()
            if all(word in name for word in short_words):
                yield _customer(row)

    def _customers_by_number(self, text: str) -> Iterator[Customer]:
        if text.isascii() and any(character.isdigit() for character in text):
            for spelling in dict.fromkeys((text, text.upper(), text.lower())):
                yield from self._customers_found(_BY_NUMBER, spelling, spelling + LAST_SIGN, CANDIDATES)
        if not self.has_accounts:
            return
        yield from self._customers_found(_BY_CARD, text)
        if digits := dialled(text):
            ends = digits[::-1]
            yield from self._customers_found(_BY_DIGITS, digits, digits + LAST_SIGN, CANDIDATES)
            yield from self._customers_found(_BY_ENDS, ends, ends + LAST_SIGN, CANDIDATES)

    def _customers_found(self, sql: str, *parameters: object) -> Iterator[Customer]:
        return map(_customer, self._rows(sql, *parameters))


def search_words(text: str) -> list[str]:
    """The words of what a person typed, bounded and without control characters."""
    return "".join(sign if sign.isprintable() else " " for sign in text[:MAX_SEARCH_TEXT]).split()


def trigrams(words: list[str]) -> str:
    """What the full-text index is asked for these words; empty when all of them are too short for it."""
    return " ".join('"' + word.replace('"', '""') + '"' for word in words if len(word) >= TRIGRAM)


def best(found: Iterable[Customer], words: list[str], limit: int) -> tuple[Customer, ...]:
    """The first of what was found: an exact number or card, then names that begin with the text, then the rest."""
    folded = [word.casefold() for word in words]
    living = [one for one in found if not one.merged_into and not one.detail.get("erased")]
    return tuple(sorted(living, key=lambda one: _rank(one, folded))[:limit])


def _rank(one: Customer, words: list[str]) -> tuple[int, str, str]:
    name = one.name.casefold()
    if "".join(words) in (one.number.casefold(), str(one.detail.get("card", "")).casefold()):
        place = 0
    elif name.startswith(words[0]):
        place = 1
    elif f" {words[0]}" in name:
        place = 2
    else:
        place = 3
    return place, name, one.number


def _customer(row: sqlite3.Row) -> Customer:
    return Customer(number=row[0], name=row[1], detail=detail_of(row[2]))


def detail_of(text: str) -> dict[str, Any]:
    """The object in a `detail` column; what headquarters wrote wrong counts as nothing said."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}
