"""Customers in a test: a server and a catalog with the same people, either of which may know more."""

from typing import Any

from store.gateway.catalog_customers import Customer, best, search_words
from store.gateway.customers import AccountFacts, CustomerAnswer, CustomerHits
from store.gateway.gateway import Source

BERG = "C1001"
TRADE = "C2001"
EXEMPT = "C3001"
BLOCKED = "C4001"
CARD = "KC-77"


def people() -> dict[str, Customer]:
    def one(number: str, name: str, **detail: Any) -> Customer:
        return Customer(number=number, name=name, detail=detail)

    everybody = (
        one(BERG, "Maria Berg", phone="+49 30 123456", card=CARD, account=True, credit_limit=5_000),
        one(TRADE, "Marius Trade", group="TRADE", tax_id="DE42", phone="0171 777 888"),
        one(EXEMPT, "Embassy", tax_exempt="EX-9"),
        one(BLOCKED, "Bo Blocked", blocked="unpaid bills"),
    )
    return {customer.number: customer for customer in everybody}


class FakeCustomers:
    """A port of customers: the server's word while the connection is online, else what the catalog holds."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.server = people()
        self.catalog = people()
        self.balances: dict[str, int] = {}
        self.last_known: dict[str, tuple[int, int]] = {}
        self.asked: list[str] = []

    @property
    def _online(self) -> bool:
        return bool(self._connection.mode.value == "online")

    async def find(self, code: str) -> CustomerAnswer:
        self.asked.append(code)
        known = self.server if self._online else self.catalog
        found = known.get(code) or next(
            (one for one in known.values() if one.detail.get("card") == code), None
        )
        account = AccountFacts()
        if found is not None and self._online:
            account = AccountFacts(
                balance=self.balances.get(found.number, 0),
                final=True,
                entries=(("2026-11-01T08:00:00.000Z", 500),),
            )
        elif found is not None and found.number in self.last_known:
            balance, as_of_ms = self.last_known[found.number]
            account = AccountFacts(balance=balance, as_of_ms=as_of_ms)
        source = Source.ONLINE if self._online else Source.OFFLINE
        return CustomerAnswer(customer=found, account=account, source=source)

    async def search(self, text: str, limit: int) -> CustomerHits:
        known = self.server if self._online else self.catalog
        words = [word.casefold() for word in search_words(text)]
        found = [one for one in known.values() if all(word in one.name.casefold() for word in words)]
        source = Source.ONLINE if self._online else Source.OFFLINE
        return CustomerHits(
            customers=best(found, words, limit) if words else (), source=source, complete=True
        )

    async def search_all(self, text: str, limit: int) -> CustomerHits:
        return await self.search(text, limit)
