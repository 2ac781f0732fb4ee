"""Compares the server's head of our series with the journal, and sets the watermark of the upload (docs/journal.md)."""

from collections.abc import Callable

from msgspec.structs import replace

from store.exchange.acknowledgement import Head as WireHead
from store.exchange.acknowledgement import Progress, advance
from store.exchange.messages import SeriesHead
from store.gateway.connection import HeadVerdict
from store.register.journal.journal import Journal, UploadState

_HEALED_BY_AGREEMENT = frozenset({"fenced", "too_old"})
"""Holds that a server which answers the series head again has lifted itself; the others need a person."""


class HeadComparison:
    """The journal's side of the handshake (`gateway.connection.CompareHeads`)."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._listeners: list[Callable[[], None]] = []

    def listen(self, take: Callable[[], None]) -> None:
        """Call `take` after every comparison."""
        self._listeners.append(take)

    async def __call__(self, head: SeriesHead) -> HeadVerdict:
        """Compare the server's head with our journal and set the watermark, or the hold."""
        acked = WireHead(seq=head.seq, hash=hash_of(head.hash))
        own_hash = await self._journal.hash_at(acked.seq)
        state = await self._journal.upload_state()
        result = advance(WireHead(seq=state.acked_seq, hash=state.acked_hash), acked, own_hash)
        if result.progress is Progress.FORK:
            detail = f"the server holds another record {head.seq} of this series"
            return await self._disagreed(HeadVerdict.FORKED, "fork", detail)
        if result.progress is Progress.ROLLED_BACK:
            detail = f"the server has record {head.seq} of this series, this register has not"
            return await self._disagreed(HeadVerdict.ROLLED_BACK, "rolled_back", detail)
        await self._journal.change_upload_state(lambda state: _agreed(state, acked))
        self._tell()
        return HeadVerdict.AGREED

    async def _disagreed(self, verdict: HeadVerdict, hold: str, detail: str) -> HeadVerdict:
        await self._journal.change_upload_state(lambda state: replace(state, hold=hold, hold_detail=detail))
        self._tell()
        return verdict

    def _tell(self) -> None:
        for take in self._listeners:
            take()


def _agreed(state: UploadState, acked: WireHead) -> UploadState:
    moved = replace(state, acked_seq=acked.seq, acked_hash=acked.hash)
    return replace(moved, hold="", hold_detail="") if state.hold in _HEALED_BY_AGREEMENT else moved


def hash_of(text: str) -> bytes:
    """The bytes of a hash on the wire; empty, and so equal to no hash, when it is none."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
