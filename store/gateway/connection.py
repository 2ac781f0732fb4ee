"""What the connection tells the rest of the register: values, and the protocol the session and the uploader see."""

from enum import StrEnum
from typing import Protocol

import msgspec

from store.exchange.messages import SeriesHead
from store.gateway.states import Link, Mode


class SwitchQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What a screen asks before the register goes offline: `id` names this very question, `reason` says what failed,
    without a final stop; unanswered for `seconds` it is a yes."""

    id: str
    reason: str
    seconds: int


class TransactionStart(msgspec.Struct, frozen=True, kw_only=True):
    """What a beginning transaction works with: its mode, and a sentence when there is something to say."""

    mode: Mode
    changed: bool
    """The mode changed with this start (the register came back online)."""
    sentence: str = ""


class SwitchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to Connect and Disconnect: whether the register now is what was asked for, and a sentence."""

    done: bool
    sentence: str


class CallStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the process started; times are of answered till requests, None before there are enough."""

    calls: int = 0
    failed: int = 0
    hedged: int = 0
    """Answered from the offline database because the server was silent past the hedge delay."""
    late: int = 0
    """Answers of the server that came after the local one had been used."""
    price_differences: int = 0
    p50_ms: float | None = None
    p95_ms: float | None = None


class ConnectionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Everything operation 917 shows about the connection; times are wall milliseconds since 1970 UTC."""

    mode: Mode
    word: str
    """The word of the header: ONLINE, OFFLINE auto, OFFLINE manual, BLOCKED."""
    reason: str
    """Why the mode is what it is, without a final stop; empty when ONLINE."""
    since_ms: int
    link: Link
    link_reason: str
    link_since_ms: int
    server: str
    """host:port of the Retail Server."""
    sentence: str
    """The state as one plain sentence or two."""
    next_attempt_ms: int | None = None
    """Not before this moment a transaction start tries to come back; None when nothing will be tried by itself."""
    reachable_again: str = ""
    """Set while offline with the link up: what happens next."""
    last_success_age_s: float | None = None
    offset_ms: int | None = None
    """Server clock minus ours, by the last answer that told it."""
    statistics: CallStatistics = CallStatistics()


class HeadVerdict(StrEnum):
    """What comparing the server's head with our journal found."""

    AGREED = "agreed"
    """Equal, or behind us: the uploader goes on from there."""
    FORKED = "forked"
    """Same number, other hash."""
    ROLLED_BACK = "rolled_back"
    """The server has more of this series than we do."""


class CompareHeads(Protocol):
    """The journal's side of the handshake; sets the upload watermark when the heads agree."""

    async def __call__(self, head: SeriesHead) -> HeadVerdict:
        """Compare; must be quick (one local read) and never touch the network."""
        ...


class Connection(Protocol):
    """What session, control and uploader see of the `ConnectionSupervisor`."""

    def status(self) -> ConnectionStatus:
        """The state now."""
        ...

    @property
    def mode(self) -> Mode:
        """Where answers come from now."""
        ...

    async def started(self) -> None:
        """Return when the starting probe has ended (at most the offline timeout); sign-in waits for it."""
        ...

    @property
    def question(self) -> SwitchQuestion | None:
        """What a person is asked before the register goes offline, while it is on the screen."""
        ...

    def answer_switch(self, go_offline: bool) -> None:
        """The answer to it; changes nothing when nothing is asked."""
        ...

    async def transaction_starts(self) -> TransactionStart:
        """Call before the first line of a transaction; waits at most 150 ms for the network."""
        ...

    async def connect(self, transaction_open: bool) -> SwitchAnswer:
        """Connect was pressed; waits at most the offline timeout."""
        ...

    async def disconnect(self) -> SwitchAnswer:
        """Disconnect was pressed: calls in flight are abandoned, from now on there is no traffic at all."""
        ...

    @property
    def link_is_up(self) -> bool:
        """Whether synchronisation may run."""
        ...

    async def wait_link_up(self) -> None:
        """Return when the link is UP; at once when it is."""
        ...

    def sync_failed(self, reason: str) -> None:
        """An upload or download ended unanswered: the server is asked for a heartbeat at once."""
        ...

    def refused(self, kind: str, reason: str) -> None:
        """An upload was refused for good (`fork`, `fenced`, `rolled-back`, ...): the link becomes REFUSED."""
        ...
