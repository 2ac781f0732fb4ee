"""What register and Retail Server say to each other about goods that come back (docs/offline-protocol.md)."""

import msgspec

from store.sale.past_sale import PastSale

PATH_RECEIPT = "/receipts/{number}"
"""GET the sale of a receipt by the number on it, with what came back of it; 404 problem `unknown-receipt`."""
PATH_RECEIPTS = "/receipts"
"""GET /receipts?date=2026-11-24&amount=1326&item=1001&limit=20: receipts of the store, newest first."""
PATH_RESERVATIONS = "/returns/reservations"
"""POST what an open sale is taking back; the server says whether it may."""

MAX_RECEIPTS = 50
MAX_RESERVED_LINES = 400


class WireReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """The sale of a receipt as the server's books have it; `txn_id` is its own."""

    sale: PastSale
    txn_id: str


class WireReceiptRow(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt in a list: number, when (UTC text), total in minor units, what it begins with."""

    number: str
    at: str
    total: int
    currency: str
    goods: str
    lines: int
    utc_offset_min: int = 0


class WireReceipts(msgspec.Struct, frozen=True, kw_only=True):
    """Receipts, newest first."""

    receipts: tuple[WireReceiptRow, ...]


class ReservedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a sold line that an open sale is taking back; `quantity` is positive."""

    series: str
    seq: int
    n: int
    quantity: str


class ReservationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """All that the open sale `txn_id` takes back now; it takes the place of what was asked for it before."""

    txn_id: str
    lines: tuple[ReservedLine, ...]


class ReservationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether all of it is kept for the sale. If not, nothing was changed; `short` says of which lines what is left.

    A sale that the server does not know yet is no reason: its own register has it.
    """

    granted: bool
    short: tuple[ReservedLine, ...] = ()
