"""Compares the server's head of our series with the journal, and sets the watermark of the upload (docs/journal.md)."""

from collections.abc import Callable

from msgspec.structs import replace

from store.exchange.acknowledgement import Head as WireHead
from store.exchange.acknowledgement import Progress, advance
from store.exchange.messages import SeriesHead
from store.gateway.connection import HeadVerdict
from store.register.journal.journal import Journal, UploadState

_HEALED_BY_AGREEMENT = frozenset({"fenced", "too_old", "server_behind"})
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
        removed = await self._journal.removed_seq()
        if acked.seq < removed:
            return await self._behind(head.seq, removed)
        own_hash = await self._journal.hash_at(acked.seq)
        state = await self._journal.upload_state()
        result = advance(WireHead(seq=state.acked_seq, hash=state.acked_hash), acked, own_hash)
        if result.progress is Progress.FORK:
            detail = f"the server holds another record {head.seq} of this series"
            return await self._disagreed(HeadVerdict.FORKED, "fork", detail)
        if result.progress is Progress.ROLLED_BACK:
            detail = f"the server has record {head.seq} of this series, this register has not"
            return await self._disagreed(HeadVerdict.ROLLED_BACK, "rolled_back", detail)
        await self._journal.change_upload_state(lambda state: _agreed(state, acked, head.archived_seq))
        self._tell()
        return HeadVerdict.AGREED

    async def _disagreed(self, verdict: HeadVerdict, hold: str, detail: str) -> HeadVerdict:
        await self._journal.change_upload_state(lambda state: replace(state, hold=hold, hold_detail=detail))
        self._tell()
        return verdict

    async def _behind(self, seq: int, removed: int) -> HeadVerdict:
        """A server that lost what was removed here because headquarters has it: it cannot be filled from here."""
        detail = (
            f"the server ends at record {seq}; records up to {removed} were removed here after headquarters had them, "
            "so restore a newer backup of the server"
        )
        await self._disagreed(HeadVerdict.AGREED, "server_behind", detail)
        return HeadVerdict.AGREED

    def _tell(self) -> None:
        for take in self._listeners:
            take()


def _agreed(state: UploadState, acked: WireHead, archived_seq: int) -> UploadState:
    moved = replace(state, acked_seq=acked.seq, acked_hash=acked.hash, archived_seq=archived_seq)
    return replace(moved, hold="", hold_detail="") if state.hold in _HEALED_BY_AGREEMENT else moved


def hash_of(text: str) -> bytes:
    """The bytes of a hash on the wire; empty, and so equal to no hash, when it is none."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
