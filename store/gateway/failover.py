"""The gateway that the till sees: the server's answer when it comes in time, the offline database's otherwise.

The promise: an item the offline database knows is answered within the hedge delay, anything within the offline
timeout, whatever the network does; and nothing here ever raises for the network.

What can have happened when the server did not answer in time, and why each is acceptable. A look-up changes nothing
at the server, so there are four cases:

1. The request never arrived. The local answer is the only one there will be; the line says `offline` and keeps it.
2. It arrived, the answer was lost or late, and both databases say the same. Nobody will ever notice.
3. It arrived, and the answer differs in the price. The cashier has seen the local price and told it to the customer:
   it is final for that line. The difference is counted and reported, so that somebody learns of an old catalog.
4. It arrived, and one side knows an item the other does not. Known here only: sold by the local answer, as offline.
   Known there only: there is no local answer to use, so the register waits for the server up to the timeout, and
   only then says that the item is not on file offline.

What changes something at the server (the upload of records) never goes through here; it is repeated until it is
acknowledged, by position in the series, and a repeat is harmless.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from store.database.errors import DatabaseTrouble
from store.gateway.client import RetailClient
from store.gateway.errors import GatewayError, ServerBusy, ServerRefused, ServerSilent
from store.gateway.gateway import ItemFound, ItemUnknown, SearchHits
from store.gateway.offline import OfflineCatalog, OfflineGateway
from store.gateway.online import OnlineGateway
from store.gateway.ports import Clock
from store.gateway.profile import OfflineProfile, hedge_s
from store.gateway.states import Mode
from store.gateway.statistics import CallLog
from store.sale.item import Item, ItemKey, KeyKind
from store.sale.offer import holding, offered_price

log = logging.getLogger("outpost.gateway")

MAX_CALLS = 8
"""Calls to the server at one time; beyond it reads are answered locally, known or not."""

Answer = TypeVar("Answer", bound=ItemFound | ItemUnknown | SearchHits)


class PriceDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A price that was sold by and differed from the server's, which came too late; minor units."""

    sku: str
    local_price: int
    server_price: int


class Reports(Protocol):
    """What failover needs of the supervisor."""

    statistics: CallLog

    @property
    def mode(self) -> Mode:
        """Where answers come from now."""
        ...

    @property
    def online_period(self) -> int:
        """Counts the times the register came online."""
        ...

    def call_answered(self, took_s: float, *, online_period: int) -> None:
        """A call was answered within its timeout, after so many seconds."""
        ...

    async def tried_again(self) -> bool:
        """Wait while somebody is asked whether to go offline; True when the server was found after all."""
        ...

    def take_spent_s(self) -> float:
        """Seconds the transaction start has waited, counted into the hedge of the first line."""
        ...

    def call_failed(self, reason: str, *, answered: bool = False, online_period: int | None = None) -> None:
        """A call spent its timeout or retries."""
        ...


class FailoverGateway:
    """Hedged reads over server and offline catalog; the only `Gateway` the till sees."""

    def __init__(
        self,
        *,
        client: RetailClient,
        catalog: Callable[[], OfflineCatalog | None],
        connection: Reports,
        profile: Callable[[], OfflineProfile],
        clock: Clock,
        on_difference: Callable[[PriceDifference], None],
    ) -> None:
        self._offline = OfflineGateway(catalog, clock.wall_ms)
        self._online = OnlineGateway(client, profile().offline_timeout_s, self._item_here)
        self._server = client.server
        self._connection = connection
        self._profile = profile
        self._clock = clock
        self._on_difference = on_difference
        self._calls: set[asyncio.Task[Any]] = set()
        self._silent = 0
        """Calls past their hedge; while there are any, other reads are answered locally at once."""

    def _item_here(self, sku: str) -> Item | None:
        """The item of a number in the catalog in use; None where it has none, or fails."""
        try:
            found = self._offline.find_item_now((ItemKey(kind=KeyKind.SKU, value=sku),))
        except DatabaseTrouble:
            return None
        return found.item if isinstance(found, ItemFound) else None

    async def close(self) -> None:
        """End the calls that go on in the background."""
        calls = list(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def find_item(self, keys: Sequence[ItemKey]) -> ItemFound | ItemUnknown:
        """The item for the first of `keys` that is on file."""
        return await self._hedged(
            "find item",
            lambda within_s: self._online.find_item_within(keys, within_s),
            lambda: self._offline.find_item_now(keys),
            _is_found,
        )

    async def search(self, text: str, limit: int) -> SearchHits:
        """Up to `limit` items that contain `text`."""
        return await self._hedged(
            "search",
            lambda within_s: self._online.search_within(text, limit, within_s),
            lambda: self._offline.search_now(text, limit),
            _has_hits,
        )

    # --- a hedged read

    async def _hedged(
        self,
        name: str,
        ask: Callable[[float], Awaitable[Answer]],
        local: Callable[[], Answer],
        is_answer: Callable[[Answer], bool],
    ) -> Answer:
        if self._connection.mode is not Mode.ONLINE or len(self._calls) >= MAX_CALLS:
            return local()
        if self._silent and is_answer(at_once := local()):
            return at_once
        patience_s = max(hedge_s(self._profile()) - self._connection.take_spent_s(), 0.0)
        call = asyncio.create_task(self._call(ask), name=f"server: {name}")
        self._calls.add(call)
        call.add_done_callback(self._ended)
        await asyncio.wait({call}, timeout=patience_s)
        if not call.done():
            self._silent += 1
            call.add_done_callback(self._heard)
            self._connection.statistics.hedged += 1
            used = local()
            if is_answer(used):
                call.add_done_callback(lambda done: self._compare(used, done))
                return used
            await asyncio.wait({call})
        answer = _outcome(call)
        if answer is None and not is_answer(local()) and await self._connection.tried_again():
            answer = await self._call(ask)
        return answer if answer is not None else local()

    def _ended(self, call: "asyncio.Task[Any]") -> None:
        self._calls.discard(call)
        if not call.cancelled() and (fault := call.exception()) is not None:
            log.error("call to the server ended by a fault of ours", exc_info=fault)

    def _heard(self, _call: "asyncio.Task[Any]") -> None:
        self._silent -= 1

    async def _call(self, ask: Callable[[float], Awaitable[Answer]]) -> Answer | None:
        """All attempts of one read; None when they failed, which has been reported then."""
        period, profile = self._connection.online_period, self._profile()
        self._connection.statistics.calls += 1
        began_s = self._clock.monotonic_s()
        error: GatewayError | None = None
        for _attempt in range(1 + profile.retry_count):
            left_s = profile.offline_timeout_s - (self._clock.monotonic_s() - began_s)
            if left_s <= 0:
                break
            try:
                answer = await ask(left_s)
            except GatewayError as failure:
                error = failure
                if not await self._may_retry(error, began_s):
                    break
            else:
                self._connection.call_answered(self._clock.monotonic_s() - began_s, online_period=period)
                return answer
        self._fail(error, period)
        return None

    async def _may_retry(self, error: GatewayError, began_s: float) -> bool:
        """Whether another attempt makes sense; waits first when a busy server named a time that fits in."""
        if isinstance(error, ServerRefused | ServerSilent):
            return False
        if isinstance(error, ServerBusy) and error.retry_after_s:
            left_s = self._profile().offline_timeout_s - (self._clock.monotonic_s() - began_s)
            if error.retry_after_s >= left_s:
                return False
            await self._clock.sleep(error.retry_after_s)
        return True

    def _fail(self, error: GatewayError | None, period: int) -> None:
        self._connection.statistics.failed += 1
        if error is None or isinstance(error, ServerSilent):
            reason = f"no answer from {self._server} within {self._profile().offline_timeout_s:g} s"
        else:
            reason = error.reason
        if isinstance(error, ServerRefused):
            # The link is fine; a refusal of the register itself has reached the supervisor from the client.
            log.warning("the server refused a look-up: %s (%s)", reason, error.kind or error.status)
            return
        self._connection.call_failed(reason, answered=isinstance(error, ServerBusy), online_period=period)

    def _price_now(self, item: Item) -> int:
        """What one costs everybody now, discounts of headquarters taken off."""
        if not item.offers:
            return item.price
        offers = holding(item.offers, self._clock.wall_ms(), self._clock.utc_offset_min())
        return offered_price(offers, item.price)

    def _compare(self, used: ItemFound | ItemUnknown | SearchHits, call: "asyncio.Task[Any]") -> None:
        """A late answer changes nothing that was shown; it is only compared."""
        late = None if call.cancelled() or call.exception() is not None else call.result()
        if late is None:
            return
        self._connection.statistics.late += 1
        if not (isinstance(used, ItemFound) and isinstance(late, ItemFound)):
            return
        here, there = self._price_now(used.item), self._price_now(late.item)
        if used.item.sku == late.item.sku and here != there:
            self._connection.statistics.price_differences += 1
            log.warning(
                "sold %s by %d of the offline catalog, the server says %d", used.item.sku, here, there
            )
            self._on_difference(PriceDifference(sku=used.item.sku, local_price=here, server_price=there))


def _outcome(call: "asyncio.Task[Answer | None]") -> Answer | None:
    """What an ended call brought; None when it failed or was cancelled."""
    return None if call.cancelled() else call.result()


def _is_found(answer: ItemFound | ItemUnknown) -> bool:
    return isinstance(answer, ItemFound)


def _has_hits(answer: SearchHits) -> bool:
    return bool(answer.items)
