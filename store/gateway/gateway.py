"""How the till asks for the shop's data: one protocol, three implementations (online, offline, failover)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from store.sale.item import Item, ItemKey


class Source(StrEnum):
    """Where an answer came from; journaled on the line."""

    ONLINE = "online"
    OFFLINE = "offline"


class ItemFound(msgspec.Struct, frozen=True, kw_only=True):
    """The item for the first key that matched."""

    item: Item
    key: ItemKey
    source: Source


class ItemUnknown(msgspec.Struct, frozen=True, kw_only=True):
    """No key matched where we could ask."""

    source: Source


class SearchHits(msgspec.Struct, frozen=True, kw_only=True):
    """Items whose name, number or code contains the text, best first."""

    items: tuple[Item, ...]
    source: Source


class Gateway(Protocol):
    """The shop's data. The failover implementation never raises for network reasons."""

    async def find_item(self, keys: Sequence[ItemKey]) -> ItemFound | ItemUnknown:
        """The item for the first of `keys` that is on file."""
        ...

    async def search(self, text: str, limit: int) -> SearchHits:
        """Up to `limit` items that contain `text`."""
        ...


class StoredMode(msgspec.Struct, frozen=True, kw_only=True):
    """The mode as it survives a restart; `since_ms` is wall time."""

    mode: str
    reason: str
    since_ms: int


class ModeStore(Protocol):
    """Where the supervisor keeps its mode; the journal implements it (mode edges are journal records)."""

    async def load_mode(self) -> StoredMode | None:
        """The last stored mode, or None on a new register."""
        ...

    async def save_mode(self, stored: StoredMode, event: str) -> None:
        """Store a change of mode and record it; `event` is the name of what caused it."""
        ...

    async def note_link(self, at_ms: int, link: str, event: str, reason: str) -> None:
        """Add a link edge to the bounded history."""
        ...
