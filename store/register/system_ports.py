"""The real world behind the core's ports: the machine's clock, its randomness and its disk."""

import asyncio
import os
import random
import secrets
import threading
import time
import uuid
from pathlib import Path


class SystemClock:
    """Implements `ports.Clock`."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds that only ever grow."""
        return time.monotonic()

    def utc_offset_min(self) -> int:
        """Minutes that local time is ahead of UTC now."""
        return time.localtime().tm_gmtoff // 60

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds."""
        await asyncio.sleep(seconds)


class SystemRandomness:
    """Implements `ports.Randomness`."""

    def txn_id(self, wall_ms: int) -> str:
        """A UUIDv7: 48 bits of time, 74 random bits (RFC 9562, 5.7)."""
        chance = int.from_bytes(secrets.token_bytes(10))
        value = (wall_ms & (1 << 48) - 1) << 80 | 7 << 76 | (chance >> 62 & 0xFFF) << 64
        return str(uuid.UUID(int=value | 0b10 << 62 | chance & (1 << 62) - 1))

    def token(self, size_bytes: int) -> bytes:
        """Unpredictable bytes."""
        return secrets.token_bytes(size_bytes)

    def uniform(self, low: float, high: float) -> float:
        """A number for jitter; needs no secrecy."""
        return random.uniform(low, high)


class SystemStorage:
    """Implements `ports.Storage`.

    Keeps one descriptor on the write-ahead log. It never opens or closes the database file itself or its `-shm`: a
    close would drop the locks that SQLite holds on them in this process.
    """

    def __init__(self) -> None:
        self._descriptors: dict[str, int] = {}
        self._guard = threading.Lock()

    def sync(self, path: str) -> None:
        """Make what was written to the write-ahead log of `path` durable; blocks; raises OSError."""
        with self._guard:
            try:
                descriptor = self._log_of(path)
            except FileNotFoundError:
                Path(path).stat()  # raises too when the file itself was removed under a running core
                return  # without a log everything is in the file itself, which SQLite synced when it removed the log
            os.fdatasync(descriptor)

    def free_bytes(self, path: str) -> int:
        """Free bytes for this user on the file system of `path`."""
        facts = os.statvfs(path)
        return facts.f_bavail * facts.f_frsize

    def close(self) -> None:
        """Give the descriptors back."""
        with self._guard:
            for descriptor in self._descriptors.values():
                os.close(descriptor)
            self._descriptors.clear()

    def _log_of(self, path: str) -> int:
        """The open log, opened anew when SQLite has removed and remade the file."""
        descriptor = self._descriptors.get(path)
        if descriptor is not None and os.fstat(descriptor).st_nlink == 0:
            os.close(self._descriptors.pop(path))
            descriptor = None
        if descriptor is None:
            descriptor = os.open(f"{path}-wal", os.O_RDWR | os.O_CLOEXEC)
            self._descriptors[path] = descriptor
        return descriptor
