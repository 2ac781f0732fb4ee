"""What the gateway needs from the rest of the core: time, chance, signatures, and somebody who listens."""

from collections.abc import Mapping
from typing import Protocol


class Clock(Protocol):
    """Time. Wall time is for people, monotonic time for time-outs."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970 UTC; may jump."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that only ever grow."""
        ...

    def utc_offset_min(self) -> int:
        """Minutes that local time is ahead of UTC now."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        ...


class Randomness(Protocol):
    """Jitter and nonces."""

    def uniform(self, low: float, high: float) -> float:
        """A number for jitter."""
        ...

    def token(self, size_bytes: int) -> bytes:
        """Unpredictable bytes."""
        ...


class SignRequest(Protocol):
    """Makes the headers that prove a request: `store.exchange.request.sign_request` with key and identity bound."""

    def __call__(
        self, *, method: str, path_and_query: str, body: bytes, time_ms: int, nonce: str
    ) -> Mapping[str, str]:
        """Headers for this very request."""
        ...


class Watcher(Protocol):
    """Who hears of every answer: the supervisor."""

    def answered(self) -> None:
        """An answer of ours came."""
        ...

    def refused(self, kind: str, reason: str) -> None:
        """The server refuses this register."""
        ...
