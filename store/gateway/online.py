"""Answers from the Retail Server, one request each; raises GatewayError. `failover.py` decides what then."""

from collections.abc import Callable, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from store.exchange.messages import WireItem
from store.gateway.client import RetailClient
from store.gateway.gateway import ItemFound, ItemUnknown, SearchHits, Source
from store.sale.detail import NO_ITEM_DETAIL, read_detail
from store.sale.item import Item, ItemKey


class OnlineGateway:
    """The `Gateway` over the client; `deadline_s` is the whole patience of one request.

    `here` is the item of a number in the register's own catalog: a server of version 0.1 does not tell from which
    age an item may be sold, or what is off, and the packages that it hands on do.
    """

    def __init__(
        self, client: RetailClient, deadline_s: float, here: Callable[[str], Item | None] = lambda sku: None
    ) -> None:
        self._client = client
        self._deadline_s = deadline_s
        self._here = here

    async def find_item(self, keys: Sequence[ItemKey]) -> ItemFound | ItemUnknown:
        """The item for the first of `keys` that is on file at the server."""
        return await self.find_item_within(keys, self._deadline_s)

    async def search(self, text: str, limit: int) -> SearchHits:
        """Up to `limit` items that contain `text`."""
        return await self.search_within(text, limit, self._deadline_s)

    async def find_item_within(self, keys: Sequence[ItemKey], deadline_s: float) -> ItemFound | ItemUnknown:
        """`find_item` with what is left of the caller's patience."""
        if not keys:
            return ItemUnknown(source=Source.ONLINE)
        wire = await self._client.find_item(keys, deadline_s=deadline_s)
        if wire is None:
            return ItemUnknown(source=Source.ONLINE)
        return ItemFound(item=self._completed(wire), key=_matched(wire, keys), source=Source.ONLINE)

    async def search_within(self, text: str, limit: int, deadline_s: float) -> SearchHits:
        """`search` with what is left of the caller's patience."""
        wire = await self._client.search(text, limit, deadline_s=deadline_s)
        return SearchHits(items=tuple(item_of(item) for item in wire.items), source=Source.ONLINE)

    def _completed(self, wire: WireItem) -> Item:
        item = item_of(wire)
        here = self._here(wire.sku) if wire.detail is UNSET else None
        return item if here is None else replace(item, detail=here.detail, offers=item.offers or here.offers)


def item_of(wire: WireItem) -> Item:
    """The item as the sale knows it."""
    return Item(
        sku=wire.sku,
        name=wire.name,
        price=wire.price,
        unit=wire.unit,
        tax=wire.tax,
        department=wire.department,
        plu=wire.plu,
        open_price=wire.open_price,
        weighed=wire.weighed,
        blocked=wire.blocked,
        detail=NO_ITEM_DETAIL if wire.detail is UNSET else read_detail(wire.detail, NO_ITEM_DETAIL),
        offers=wire.offers,
    )


def _matched(wire: WireItem, keys: Sequence[ItemKey]) -> ItemKey:
    """The key that the server says matched; the first one when it names none of ours."""
    return next((key for key in keys if f"{key.kind.value}:{key.value}" == wire.matched), keys[0])
