"""Receipts of other registers, and what is taken back of them: the server's word if it can be had, else the catalog's.

The server is the referee: what an open sale takes back is kept for it there. Offline the catalog has what could be
returned at the last run of job 1200, and how it was sold where the store lets it be taken back then. Nothing here
ever raises for the network.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol
from urllib.parse import quote

import msgspec

from store.exchange.returns import (
    PATH_RECEIPT,
    PATH_RECEIPTS,
    PATH_RESERVATIONS,
    ReservationAnswer,
    ReservationRequest,
    ReservedLine,
    WireReceipt,
    WireReceiptRow,
    WireReceipts,
)
from store.gateway.asking import Asking, Calls, Connection
from store.gateway.errors import ServerRefused
from store.gateway.gateway import Source
from store.gateway.offline import OfflineCatalog
from store.gateway.ports import Clock
from store.gateway.profile import OfflineProfile
from store.sale.past_sale import PastSale, ReceiptNumber, from_rows, number_text

log = logging.getLogger("outpost.gateway")
UNKNOWN_RECEIPT = "unknown-receipt"


class ReceiptFound(msgspec.Struct, frozen=True, kw_only=True):
    """The sale of a receipt, None for one that nobody here knows. `as_of_ms`: how old offline data is."""

    sale: PastSale | None
    source: Source
    as_of_ms: int = 0


class ReceiptRows(msgspec.Struct, frozen=True, kw_only=True):
    """Receipts of the whole store that were found; offline there are none here, only those of the own journal."""

    rows: tuple[WireReceiptRow, ...]
    source: Source


class Receipts(Protocol):
    """What the till asks about receipts that are not its own."""

    async def find(self, number: ReceiptNumber, txn_id: str) -> ReceiptFound:
        """The sale of a receipt, with what others than the open sale `txn_id` took back or are taking back."""
        ...

    async def search(self, *, date: str, amount: int | None, item: str, limit: int) -> ReceiptRows:
        """Receipts of the store, newest first."""
        ...

    async def reserve(self, txn_id: str, lines: Sequence[ReservedLine]) -> ReservationAnswer | None:
        """Keep all that an open sale takes back; None when the server could not be asked."""
        ...

    def release(self, txn_id: str, lines: Sequence[ReservedLine] = ()) -> None:
        """Let the server know, when it can hear, that only these are taken back any more; nobody waits for it."""
        ...


class NoReceipts:
    """Nobody has a receipt; what stands where there is no server."""

    async def find(self, number: ReceiptNumber, txn_id: str) -> ReceiptFound:
        """None."""
        return ReceiptFound(sale=None, source=Source.OFFLINE)

    async def search(self, *, date: str, amount: int | None, item: str, limit: int) -> ReceiptRows:
        """None."""
        return ReceiptRows(rows=(), source=Source.OFFLINE)

    async def reserve(self, txn_id: str, lines: Sequence[ReservedLine]) -> ReservationAnswer | None:
        """Nobody to ask."""
        return None

    def release(self, txn_id: str, lines: Sequence[ReservedLine] = ()) -> None:
        """Nobody to tell."""


class ReceiptDirectory:
    """Asks the server within the offline timeout, then the active catalog."""

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
        self._catalog = catalog
        self._server = Asking(
            connection=connection, profile=profile, clock=clock, what="receipts", unknown=UNKNOWN_RECEIPT
        )

    async def close(self) -> None:
        """End what goes on in the background."""
        await self._server.close()

    async def find(self, number: ReceiptNumber, txn_id: str) -> ReceiptFound:
        """The sale of a receipt; the server's word is final while it is there."""
        path = PATH_RECEIPT.format(number=quote(number_text(number.series, number.receipt_no), safe=""))
        if txn_id:
            path += f"?txn={quote(txn_id, safe='')}"
        answer = await self._server.asked(
            lambda left_s: self._client.ask(path, WireReceipt, deadline_s=left_s)
        )
        if isinstance(answer, ServerRefused):
            if answer.kind == UNKNOWN_RECEIPT:
                return ReceiptFound(sale=None, source=Source.ONLINE)
            return self._local(number)
        if answer is not None:
            return ReceiptFound(sale=answer.sale, source=Source.ONLINE)
        return self._local(number)

    async def search(self, *, date: str, amount: int | None, item: str, limit: int) -> ReceiptRows:
        """Receipts of the store."""
        words = {"date": date, "amount": "" if amount is None else str(amount), "item": item}
        query = "".join(f"{name}={quote(word, safe='')}&" for name, word in words.items() if word)
        path = f"{PATH_RECEIPTS}?{query}limit={limit}"
        answer = await self._server.asked(
            lambda left_s: self._client.ask(path, WireReceipts, deadline_s=left_s)
        )
        if answer is None or isinstance(answer, ServerRefused):
            return ReceiptRows(rows=(), source=Source.OFFLINE)
        return ReceiptRows(rows=answer.receipts, source=Source.ONLINE)

    async def reserve(self, txn_id: str, lines: Sequence[ReservedLine]) -> ReservationAnswer | None:
        """All or nothing of what the open sale takes back; asked twice it is the same."""
        request = ReservationRequest(txn_id=txn_id, lines=tuple(lines))
        answer = await self._server.asked(
            lambda left_s: self._client.post(PATH_RESERVATIONS, request, ReservationAnswer, deadline_s=left_s)
        )
        return None if isinstance(answer, ServerRefused) else answer

    def release(self, txn_id: str, lines: Sequence[ReservedLine] = ()) -> None:
        """What is not heard runs out by itself."""
        self._server.tell(lambda: self.reserve(txn_id, lines), "goods are not taken back")

    def _local(self, number: ReceiptNumber) -> ReceiptFound:
        """What job 1200 brought, where it says how the lines were sold."""
        catalog = self._catalog()
        rows = catalog.returnables_of(number.series, number.receipt_no) if catalog is not None else ()
        try:
            details = [msgspec.json.decode(row.detail) for row in rows if row.detail]
            sale = from_rows(number.series, number.receipt_no, details)
        except (KeyError, TypeError, ValueError) as fault:  # what another version sent is as good as nothing
            log.warning("returnable lines cannot be read: %s", fault)
            sale = None
        return ReceiptFound(
            sale=sale, source=Source.OFFLINE, as_of_ms=max((row.as_of_ms for row in rows), default=0)
        )
