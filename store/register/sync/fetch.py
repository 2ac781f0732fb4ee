"""Fetches one file of the server byte for byte: goes on where the last attempt broke off, and proves it (docs/sync.md).

A file comes under the name of its part and gets its own name only when size and SHA-256 are right and it is synced.
"""

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from store.database.chunks import sync_folder
from store.gateway.client import Write
from store.gateway.errors import ServerRefused

BUFFER_BYTES = 256 * 1024
"""What is held in memory before it goes to the disk, and between two looks whether somebody pays."""
_READ_BYTES = 1024 * 1024
_RANGE_PAST_THE_END = 416

Get = Callable[[int, Write], Awaitable[None]]
"""Asks the server for the file from a position on; raises GatewayError."""
Pause = Callable[[], Awaitable[None]]
"""Returns when synchronisation may go on: nobody is paying."""


class FileDamaged(Exception):
    """What came twice is not what the signed header announces; `sentence` names the file."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class TooLong(Exception):
    """More came than was announced."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A file to fetch; without `size` only `most` bounds it."""

    name: str
    path: Path
    sha256: str
    size: int | None
    most: int

    @property
    def part(self) -> Path:
        """Where it grows."""
        return self.path.with_name(self.path.name + ".part")


async def fetch_file(get: Get, wanted: Wanted, pause: Pause) -> int:
    """Make `wanted.path` hold the file; answers how many bytes came. Raises GatewayError, OSError, FileDamaged.

    What has come stays when the way breaks off. A file that is not what was announced is fetched once more.
    """
    came = 0
    for _attempt in (1, 2):
        part = PartFile(wanted, pause)
        try:
            if not await asyncio.to_thread(_is_complete, wanted):
                await get(await asyncio.to_thread(part.open), part.write)
        except TooLong:
            pass  # not what was announced: thrown away below
        except ServerRefused as error:
            if error.status != _RANGE_PAST_THE_END:
                raise
        finally:
            await part.close()
            came += part.came
        if await asyncio.to_thread(_settle, wanted):
            return came
    raise FileDamaged(f"{wanted.name} came damaged twice; something on the way changes it")


class PartFile:
    """The growing file of one attempt."""

    def __init__(self, wanted: Wanted, pause: Pause) -> None:
        self._wanted = wanted
        self._pause = pause
        self._descriptor = -1
        self._at = 0
        self._waiting = bytearray()
        self.came = 0

    def open(self) -> int:
        """Answer from which byte on the file is still wanted. Blocks; raises OSError."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(self._wanted.part, flags, 0o600)
        self._at = os.fstat(self._descriptor).st_size
        if self._at >= self._limit:
            self._at = 0
        return self._at

    @property
    def _limit(self) -> int:
        return self._wanted.most if self._wanted.size is None else self._wanted.size

    async def write(self, offset: int, piece: bytes) -> None:
        """Take a piece; raises TooLong and OSError."""
        if offset != self._at + len(self._waiting):  # the server began anew
            self._waiting.clear()
            self._at = offset
        if offset + len(piece) > self._limit:
            self._waiting.clear()
            raise TooLong
        self._waiting += piece
        self.came += len(piece)
        if len(self._waiting) >= BUFFER_BYTES:
            await asyncio.to_thread(self._flush)
            await self._pause()

    async def close(self) -> None:
        """Keep what came, also when the task is cancelled."""
        if self._descriptor >= 0:
            self._flush()  # at most one buffer into the page cache; a thread might not run any more
            os.close(self._descriptor)
            self._descriptor = -1

    def _flush(self) -> None:
        data, self._waiting = self._waiting, bytearray()
        os.ftruncate(self._descriptor, self._at)
        view = memoryview(data)
        while view:
            done = os.pwrite(self._descriptor, view, self._at)
            self._at += done
            view = view[done:]


def _is_complete(wanted: Wanted) -> bool:
    """Whether the part has all bytes already: the register ended between the last byte and the proof."""
    try:
        size = wanted.part.stat().st_size
    except OSError:
        return False
    if wanted.size is not None:
        return size == wanted.size
    return size > 0 and _digest(wanted.part) == wanted.sha256


def _settle(wanted: Wanted) -> bool:
    """Prove the part and give it its name; a wrong one is removed. Raises OSError."""
    part = wanted.part
    size = part.stat().st_size
    if (wanted.size is not None and size != wanted.size) or _digest(part) != wanted.sha256:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
        return False
    descriptor = os.open(part, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    part.replace(wanted.path)
    sync_folder(wanted.path.parent)
    return True


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while data := stream.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()
