"""What the core needs from the world: clock, randomness, storage. Tests and the simulator put their own in."""

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
    """Ids and jitter."""

    def txn_id(self, wall_ms: int) -> str:
        """A fresh UUIDv7 as text; uniqueness rests on its random bits."""
        ...

    def token(self, size_bytes: int) -> bytes:
        """Unpredictable bytes for keys, nonces and client ids."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """A number for jitter."""
        ...


class Storage(Protocol):
    """What the journal asks of the disk beside SQLite."""

    def sync(self, path: str) -> None:
        """Make what was written to the write-ahead log of `path` durable; blocks; raises OSError."""
        ...

    def free_bytes(self, path: str) -> int:
        """Free bytes on the file system of `path`."""
        ...


class ShopFloor(Protocol):
    """The demo shop around a register: what a newcomer may pull and kill to see the failover."""

    async def toggle_cable(self) -> str:
        """Pull the network cable, or put it back; returns the sentence to show, never raises."""
        ...

    async def toggle_server(self) -> str:
        """Kill the server, or start it again; returns the sentence to show, never raises."""
        ...
