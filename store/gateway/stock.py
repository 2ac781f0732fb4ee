"""The stock of an item (801): of all stores by the server, else this register's last figure of its own store.

The network never makes it raise, and an answer that is late only means that less is known.
"""

import logging
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

import msgspec

from store.exchange.stock import PATH_STOCK, WireStock, WireStoreStock
from store.gateway.asking import Calls, Connection
from store.gateway.errors import GatewayError
from store.gateway.gateway import Source
from store.gateway.offline import OfflineCatalog
from store.gateway.profile import OfflineProfile
from store.gateway.states import Mode

log = logging.getLogger("outpost.gateway")


class StockAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is known: rows by store. `everywhere`: headquarters said it, so no store is missing."""

    rows: tuple[WireStoreStock, ...]
    source: Source
    everywhere: bool = False


class Stock(Protocol):
    """What the till asks about stock."""

    async def find(self, sku: str) -> StockAnswer:
        """The figures of an item."""
        ...


class NoStock:
    """Nothing is known."""

    async def find(self, sku: str) -> StockAnswer:
        """No figure."""
        return StockAnswer(rows=(), source=Source.OFFLINE)


class StockDirectory:
    """Asks the server once within the offline timeout, then the active catalog."""

    def __init__(
        self,
        *,
        client: Calls,
        connection: Connection,
        catalog: Callable[[], OfflineCatalog | None],
        profile: Callable[[], OfflineProfile],
        store: str,
    ) -> None:
        self._client = client
        self._connection = connection
        self._catalog = catalog
        self._profile = profile
        self._store = store

    async def find(self, sku: str) -> StockAnswer:
        """The figures of an item; raises DatabaseTrouble where the catalog fails."""
        if self._connection.mode is Mode.ONLINE:
            path = PATH_STOCK.format(sku=quote(sku, safe=""))
            try:
                told = await self._client.ask(path, WireStock, deadline_s=self._profile().offline_timeout_s)
                return StockAnswer(rows=told.rows, source=Source.ONLINE, everywhere=told.everywhere)
            except GatewayError as error:
                # No reason to go offline: whoever sells does not wait for this.
                log.info("the server told no stock: %s", error.reason)
        catalog = self._catalog()
        known = catalog.availability(sku) if catalog is not None else None
        if known is None:
            return StockAnswer(rows=(), source=Source.OFFLINE)
        row = WireStoreStock(store=self._store, quantity=known.quantity, as_of_ms=known.as_of_ms)
        return StockAnswer(rows=(row,), source=Source.OFFLINE)
