"""What the server has not acknowledged: since when, and how much money it comes to."""

from typing import Protocol

import msgspec

from store.exchange.kinds import COUNTED_KINDS
from store.exchange.record import Record
from store.sale.moment import ms_of

BATCH = 200
"""Records read at once: half a megabyte, a few milliseconds."""


class Records(Protocol):
    """The part of the journal that is read here."""

    async def records(self, after_seq: int, limit: int) -> list[Record]:
        """Up to `limit` records after `after_seq`, in order. Raises JournalError."""
        ...


class Unsent(msgspec.Struct, frozen=True, kw_only=True):
    """Transactions after `acked_seq` up to `seq`; amounts in minor units, `oldest_ms` 0 for none."""

    acked_seq: int
    seq: int
    oldest_ms: int = 0
    amount: int = 0
    """What the unsent sales come to: lost if the disk is lost now."""


class _Payload(msgspec.Struct, frozen=True):
    kind: str
    at: str
    total: int = 0


_DECODER = msgspec.json.Decoder(_Payload)


async def unsent_of(journal: Records, acked_seq: int, before: Unsent | None = None) -> Unsent:
    """Sum what waits; goes on from `before` while nothing was acknowledged since. Raises JournalError."""
    sum_ = (
        before
        if before is not None and before.acked_seq == acked_seq
        else Unsent(acked_seq=acked_seq, seq=acked_seq)
    )
    while records := await journal.records(sum_.seq, BATCH):
        oldest_ms, amount = sum_.oldest_ms, sum_.amount
        for record in records:
            payload = _DECODER.decode(record.payload)
            if payload.kind in COUNTED_KINDS:
                oldest_ms = oldest_ms or ms_of(payload.at)
                amount += payload.total if payload.kind == "sale" else 0
        sum_ = Unsent(acked_seq=acked_seq, seq=records[-1].seq, oldest_ms=oldest_ms, amount=amount)
    return sum_
