"""What this register itself told of customers and accounts: not at the server yet, or not yet back from headquarters.

Read from the journal once, from a little before what the server has, and then only what came since. So a customer
added offline is found at once, and what was sold on account offline counts against the limit.
"""

from typing import Any

import msgspec

from store.exchange.record import Record
from store.gateway.catalog_customers import Customer, best, search_words
from store.gateway.customers import AccountFacts
from store.register.session.ports import TillJournal
from store.sale.account import charged
from store.sale.customer import dialled, digits_of
from store.sale.moment import ms_of

REACH = 2_000
"""Records before the server's head that are looked at when the register starts; older ones came back long ago."""
AT_ONCE = 200
MAX_CUSTOMERS = 1_000
MAX_TOLD = 500
KINDS = (b"customer.add", b"customer.edit", b"account.payment", b'"account"')
"""What the text of a record holds that matters here; all others are not even decoded."""


class Entry(msgspec.Struct, frozen=True):
    """What one record charged to an account, or paid into it (below nothing)."""

    seq: int
    at_ms: int
    customer: str
    amount: int


class OwnRecords:
    """Belongs to the mailbox's task alone."""

    def __init__(self) -> None:
        self.customers: dict[str, Customer] = {}
        self._series = ""
        self._seq = 0
        self._acked = 0
        self._entries: list[Entry] = []
        self._told: dict[str, tuple[int, int]] = {}

    async def read(self, journal: TillJournal) -> None:
        """Take in what was recorded since the last time. Raises JournalError."""
        head = await journal.head()
        acked = (await journal.upload_state()).acked_seq
        if head.series != self._series:
            self._series, self._seq = head.series, max(acked - REACH, 0)
            self._entries.clear()
        self._acked = acked
        while self._seq < head.seq:
            records = await journal.records(self._seq, AT_ONCE)
            if not records:
                break
            for record in records:
                self._take(record)
            self._seq = records[-1].seq

    def _take(self, record: Record) -> None:
        if not any(kind in record.payload for kind in KINDS):
            return
        payload: dict[str, Any] = msgspec.json.decode(record.payload)
        if payload["kind"] in ("customer.add", "customer.edit"):
            self._take_customer(payload["customer"])
        elif amount := charged(payload):
            customer = str(payload.get("customer", {}).get("id", ""))
            at_ms = ms_of(str(payload["at"]))
            self._entries.append(Entry(record.seq, at_ms, customer, amount))

    def _take_customer(self, row: dict[str, Any]) -> None:
        detail = {name: value for name, value in row.items() if name not in ("id", "name")}
        self.customers.pop(row["id"], None)
        self.customers[row["id"]] = Customer(number=row["id"], name=row["name"], detail=detail)
        while len(self.customers) > MAX_CUSTOMERS:
            del self.customers[next(iter(self.customers))]

    # -- asking

    def find(self, code: str) -> Customer | None:
        """The customer of that id or card whom this register added."""
        if code in self.customers:
            return self.customers[code]
        return next((one for one in self.customers.values() if code and one.detail.get("card") == code), None)

    def search(self, text: str, limit: int) -> tuple[Customer, ...]:
        """Those of them whose name, number, card or telephone number holds the text."""
        words = search_words(text)
        if not words:
            return ()
        folded, digits = [word.casefold() for word in words], dialled(" ".join(words))
        found = [one for one in self.customers.values() if _matches(one, folded, digits)]
        return best(found, words, limit)

    def waiting(self, customer: str, facts: AccountFacts) -> int:
        """What was charged to an account here and may be missing in a balance; payments that wait lower it."""
        return sum(
            entry.amount
            for entry in self._entries
            if entry.customer == customer and self._may_miss(entry, facts)
        )

    def _may_miss(self, entry: Entry, facts: AccountFacts) -> bool:
        """Whether a balance may be without this entry; of the server's own it is known to the record."""
        if facts.final and facts.booked_seq >= 0:
            return entry.seq > facts.booked_seq
        return entry.seq > self._acked or (not facts.final and entry.at_ms > facts.as_of_ms)

    def remember(self, customer: str, facts: AccountFacts, now_ms: int) -> None:
        """The server told a balance: the last known one while it is away."""
        if facts.final:
            self._told.pop(customer, None)
            self._told[customer] = (facts.balance, now_ms)
            while len(self._told) > MAX_TOLD:
                del self._told[next(iter(self._told))]

    def last_known(self, customer: str, facts: AccountFacts) -> AccountFacts:
        """The newer of what the catalog says and what the server told last."""
        balance, at_ms = self._told.get(customer, (0, 0))
        if facts.final or at_ms <= facts.as_of_ms:
            return facts
        return AccountFacts(balance=balance, as_of_ms=at_ms)


def _matches(one: Customer, words: list[str], digits: str) -> bool:
    name = one.name.casefold()
    if all(word in name for word in words):
        return True
    if " ".join(words) in (one.number.casefold(), str(one.detail.get("card", "")).casefold()):
        return True
    phone = digits_of(str(one.detail.get("phone", ""))).lstrip("0")
    return bool(digits) and (phone.startswith(digits) or phone.endswith(digits))
