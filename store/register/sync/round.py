"""What a round of downloads asks of the server, and what it comes to."""

from enum import StrEnum
from typing import Protocol

import msgspec

from store.exchange.delivery import Downloads, SessionReport
from store.exchange.jobs import DownloadStatus
from store.gateway.client import Write


class RoundEnd(StrEnum):
    """How a round ended, by what the caller does next."""

    DONE = "done"
    PAUSED = "paused"
    UNREACHABLE = "unreachable"
    """Time heals it."""
    REFUSED = "refused"
    """The server will not; a person has to look."""
    FAILED = "failed"
    """A package could not be fetched or applied."""


class RoundResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one round came to; `reason` is a sentence without a final stop, `applied` counts packages."""

    end: RoundEnd
    reason: str = ""
    applied: int = 0
    retry_after_s: float | None = None


class SyncCallsPort(Protocol):
    """What the downloader asks of `gateway.sync_calls.SyncCalls`; raises GatewayError."""

    async def downloads(self, after: int, reader: int) -> Downloads:
        """The packages that lead from `after` to the newest."""
        ...

    async def header(self, package_seq: int, kind: str, begin: int, write: Write) -> None:
        """The signed header of a package, from a byte on."""
        ...

    async def chunk(self, sha256: str, begin: int, write: Write) -> None:
        """One chunk, from a byte on."""
        ...

    async def report_sessions(self, reports: tuple[SessionReport, ...]) -> None:
        """What became of sessions."""
        ...


class PackageFailed(Exception):
    """One package cannot be used now; `counts` says that it was one of its tries."""

    def __init__(self, reason: str, status: DownloadStatus, *, counts: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.counts = counts
