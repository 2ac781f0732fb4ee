"""Time and chance as the gateway needs them; the core's own clock and randomness satisfy these."""

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
