"""Customers as the till asks for them: what is known here at once, the server's word with it where it can be had.

A list shown while somebody types must not wait for the network: the offline catalog answers at once, the server's
hits are added when they come within a few milliseconds, and can be asked for once more (`search_all`). Who a customer
is and what they owe is the server's word while it is there. Nothing here ever raises for the network.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from store.exchange.customers import (
    PATH_CUSTOMER,
    PATH_CUSTOMERS,
    WireCustomer,
    WireCustomerFacts,
    WireCustomers,
)
from store.gateway.asking import Calls, Connection
from store.gateway.catalog_customers import AccountRow, Customer, best, detail_of, search_words
from store.gateway.errors import GatewayError, ServerBusy, ServerRefused, ServerSilent
from store.gateway.gateway import Source
from store.gateway.offline import OfflineCatalog
from store.gateway.ports import Clock
from store.gateway.profile import OfflineProfile
from store.gateway.states import Mode

log = logging.getLogger("outpost.gateway")

T = TypeVar("T")
UNKNOWN = "unknown-customer"
WAITS_S = 0.03
"""How long a list that is shown while somebody types waits for the server."""
MAX_CALLS = 2
"""Searches at the server at one time; beyond it lists are answered from here alone."""


class CustomerHits(msgspec.Struct, frozen=True, kw_only=True):
    """Customers that were found; `complete` says that the server was heard, or that there is none to hear."""

    customers: tuple[Customer, ...]
    source: Source
    complete: bool


class AccountFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer owes, as far as is known. `final`: the server says so now, else as of `as_of_ms` (0: never).

    `entries` are the newest at this store: when (UTC text) and how much, below nothing paid in.
    """

    balance: int = 0
    as_of_ms: int = 0
    final: bool = False
    entries: tuple[tuple[str, int], ...] = ()
    booked_seq: int = -1
    """Up to which record of this register the balance holds everything; -1 where nobody says."""


class CustomerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer with the account, None for nobody. `refused` is the server's reason when it could not be asked."""

    customer: Customer | None
    account: AccountFacts
    source: Source


class Customers(Protocol):
    """What the till asks about customers."""

    async def find(self, code: str) -> CustomerAnswer:
        """The customer of a number or card."""
        ...

    async def search(self, text: str, limit: int) -> CustomerHits:
        """Up to `limit` customers by a part of name, telephone number, number or card, at once."""
        ...

    async def search_all(self, text: str, limit: int) -> CustomerHits:
        """The same with the server's word, as long as it takes within the time-out."""
        ...


class NoCustomers:
    """Nobody is known."""

    async def find(self, code: str) -> CustomerAnswer:
        """Nobody."""
        return CustomerAnswer(customer=None, account=AccountFacts(), source=Source.OFFLINE)

    async def search(self, text: str, limit: int) -> CustomerHits:
        """Nobody."""
        return CustomerHits(customers=(), source=Source.OFFLINE, complete=True)

    async def search_all(self, text: str, limit: int) -> CustomerHits:
        """Nobody."""
        return await self.search(text, limit)


class CustomerDirectory:
    """Customers of the active catalog and of the server."""

    def __init__(
        self,
        *,
        client: Calls,
        connection: Connection,
        catalog: Callable[[], OfflineCatalog | None],
        profile: Callable[[], OfflineProfile],
        clock: Clock,
    ) -> None:
        self._client = client
        self._connection = connection
        self._catalog = catalog
        self._profile = profile
        self._clock = clock
        self._searches: dict[str, asyncio.Task[tuple[Customer, ...] | None]] = {}

    async def close(self) -> None:
        """End the searches that go on in the background."""
        going = list(self._searches.values())
        for search in going:
            search.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    async def find(self, code: str) -> CustomerAnswer:
        """The customer of a number or card; the server first while it answers: it knows who was blocked today."""
        if self._connection.mode is Mode.ONLINE:
            path = PATH_CUSTOMER.format(code=quote(code, safe=""))
            known, told = await self._asked(path, WireCustomerFacts)
            if known:
                return _told(told)
        catalog = self._catalog()
        found = catalog.customer_by_code(code) if catalog is not None else None
        row = catalog.account(found.number) if catalog is not None and found is not None else None
        return CustomerAnswer(customer=found, account=_last_known(row), source=Source.OFFLINE)

    async def search(self, text: str, limit: int) -> CustomerHits:
        """Customers known here, and those of the server if it is quick."""
        return await self._merged(text, limit, WAITS_S)

    async def search_all(self, text: str, limit: int) -> CustomerHits:
        """Customers known here and at the server."""
        return await self._merged(text, limit, self._profile().offline_timeout_s)

    async def _merged(self, text: str, limit: int, patience_s: float) -> CustomerHits:
        catalog = self._catalog()
        local = catalog.customers(text, limit) if catalog is not None else ()
        if self._connection.mode is not Mode.ONLINE or not search_words(text):
            return CustomerHits(customers=local, source=Source.OFFLINE, complete=True)
        search = self._search(text, limit)
        if search is None:
            return CustomerHits(customers=local, source=Source.OFFLINE, complete=False)
        await asyncio.wait({search}, timeout=patience_s)
        told = search.result() if search.done() and not search.cancelled() else None
        if told is None:
            return CustomerHits(customers=local, source=Source.OFFLINE, complete=search.done())
        found = {one.number: one for one in local} | {one.number: one for one in told}
        customers = best(found.values(), search_words(text), limit)
        return CustomerHits(customers=customers, source=Source.ONLINE, complete=True)

    def _search(self, text: str, limit: int) -> "asyncio.Task[tuple[Customer, ...] | None] | None":
        """The search at the server for this text: the one that is under way, or a new one while there is room."""
        going = self._searches.get(text)
        if going is not None:
            return going
        if len(self._searches) >= MAX_CALLS:
            return None
        task = asyncio.create_task(self._ask_search(text, limit), name="server: customers")
        self._searches[text] = task
        task.add_done_callback(lambda _done: self._searches.pop(text, None))
        return task

    async def _ask_search(self, text: str, limit: int) -> tuple[Customer, ...] | None:
        path = f"{PATH_CUSTOMERS}?text={quote(text, safe='')}&limit={limit}"
        known, told = await self._asked(path, WireCustomers)
        return tuple(map(_customer, told.customers)) if known and told is not None else None

    async def _asked(self, path: str, kind: type[T]) -> tuple[bool, T | None]:
        """Whether the server had a word, and its word: None for nobody. A failure has been reported."""
        profile, period = self._profile(), self._connection.online_period
        began_s = self._clock.monotonic_s()
        try:
            told = await self._client.ask(path, kind, deadline_s=profile.offline_timeout_s)
        except ServerRefused as refusal:
            if refusal.kind == UNKNOWN:
                return True, None
            log.warning("the server told nothing about customers: %s (%s)", refusal.reason, refusal.kind)
            return False, None
        except GatewayError as error:
            silent = isinstance(error, ServerSilent)
            reason = f"no answer within {profile.offline_timeout_s:g} s" if silent else error.reason
            self._connection.call_failed(reason, answered=isinstance(error, ServerBusy), online_period=period)
            return False, None
        self._connection.call_answered(self._clock.monotonic_s() - began_s, online_period=period)
        return True, told


def _told(facts: WireCustomerFacts | None) -> CustomerAnswer:
    if facts is None:
        return CustomerAnswer(customer=None, account=AccountFacts(), source=Source.ONLINE)
    account = AccountFacts(
        balance=facts.account.balance,
        final=True,
        entries=facts.account.entries,
        booked_seq=facts.account.booked_seq,
    )
    return CustomerAnswer(customer=_customer(facts.customer), account=account, source=Source.ONLINE)


def _last_known(row: AccountRow | None) -> AccountFacts:
    return AccountFacts() if row is None else AccountFacts(balance=row.balance, as_of_ms=row.as_of_ms)


def _customer(wire: WireCustomer) -> Customer:
    detail: dict[str, Any] = detail_of(wire.detail)
    return Customer(number=wire.number, name=wire.name, detail=detail)
