"""A folder of data packages on disk: chunks by their digest, headers by their number (docs/packages.md).

    root/chunks/<sha256>        a complete chunk: verified, synced, renamed; its content never changes
    root/chunks/<sha256>.part   what has come of it so far; a download goes on at its end
    root/<number>-<form>        the header of a package, exact bytes; a number may exist as `full` and as `delta`

Everything here blocks for a disk's time: off the event loop, please. OSError goes through.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Collection
from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{64}")
_HEADER = re.compile(r"(?P<seq>[1-9][0-9]{0,18})-(?P<form>full|delta)")
_PART = ".part"


class ChunkMissing(LookupError):
    """The folder has no complete chunk of that digest and size; `sha256` names it."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"The chunk {sha256[:12]} of a data package is missing; fetch it again.")
        self.sha256 = sha256


class ChunkRefused(ValueError):
    """Bytes are not the chunk they were said to be; nothing of them was kept."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"The chunk {sha256[:12]} of a data package came damaged; fetch it again.")
        self.sha256 = sha256


class ChunkFolder:
    """Chunks and headers below one folder. Several processes may use it: every file appears whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._chunks = root / "chunks"

    def make(self) -> None:
        """Make the folder, so that chunks can be written by their `path`."""
        self._chunks.mkdir(mode=0o700, parents=True, exist_ok=True)

    # ---- chunks

    def path(self, sha256: str) -> Path:
        """Where a complete chunk lies; raises ValueError for anything but a digest."""
        if not _DIGEST.fullmatch(sha256):
            raise ValueError("A chunk is named by 64 hexadecimal digits.")
        return self._chunks / sha256

    def has(self, sha256: str, size: int) -> bool:
        """Whether the chunk is there with that many bytes; its content was verified when it came."""
        try:
            return self.path(sha256).stat().st_size == size
        except FileNotFoundError:
            return False

    def read(self, sha256: str, size: int) -> bytes:
        """The stored bytes of a chunk; raises ChunkMissing. The reader of the package verifies them once more."""
        try:
            with self.path(sha256).open("rb") as file:
                data = file.read(size + 1)
        except FileNotFoundError as error:
            raise ChunkMissing(sha256) from error
        if len(data) != size:
            raise ChunkMissing(sha256)
        return data

    def put(self, sha256: str, data: bytes) -> None:
        """Keep a whole chunk, durably; nothing to do when it is there. Raises ChunkRefused."""
        if self.has(sha256, len(data)):
            return
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ChunkRefused(sha256)
        write_durably(self.path(sha256), data)

    def drop(self, sha256: str) -> None:
        """Forget a chunk that turned out damaged."""
        self.path(sha256).unlink(missing_ok=True)

    def partial(self, sha256: str, size: int) -> "PartialChunk":
        """A chunk in the making: goes on where an earlier attempt stopped. Close it."""
        self.make()
        return PartialChunk(self.path(sha256), sha256, size)

    # ---- headers

    def header_path(self, package_seq: int, form: str) -> Path:
        """Where the header of a package lies."""
        return self.root / f"{package_seq}-{form}"

    def put_header(self, package_seq: int, form: str, data: bytes) -> None:
        """Keep the header of a package, durably."""
        if self.header(package_seq, form) != data:
            write_durably(self.header_path(package_seq, form), data)

    def header(self, package_seq: int, form: str) -> bytes | None:
        """The header of a package, None when it is not here."""
        try:
            return self.header_path(package_seq, form).read_bytes()
        except FileNotFoundError:
            return None

    def headers(self) -> list[tuple[int, str]]:
        """Number and form of the packages whose headers are here, in order."""
        if not self.root.is_dir():
            return []
        names = (_HEADER.fullmatch(path.name) for path in self.root.iterdir())
        return sorted((int(name["seq"]), name["form"]) for name in names if name)

    def drop_header(self, package_seq: int, form: str) -> None:
        """Forget a package; its chunks go with the next `collect`."""
        self.header_path(package_seq, form).unlink(missing_ok=True)

    # ---- order

    def collect(self, keep: Collection[str]) -> int:
        """Delete every chunk that `keep` does not name, started ones too; answers the bytes freed.

        A chunk that is just being written for a package not named yet goes as well: collect between packages.
        """
        freed = 0
        if not self._chunks.is_dir():
            return 0
        for path in self._chunks.iterdir():
            if path.name.removesuffix(_PART) not in keep:
                with contextlib.suppress(FileNotFoundError):  # another process was faster
                    size = path.stat().st_size
                    path.unlink()
                    freed += size
        return freed


class PartialChunk:
    """A chunk in the making. Ask for the bytes from `offset` on, `append` them, then `finish`."""

    def __init__(self, path: Path, sha256: str, size: int) -> None:
        self._path = path
        self._part = path.with_name(path.name + _PART)
        self._sha256 = sha256
        self._size = size
        self._file = self._part.open("ab")
        if self.offset > size:
            self._file.truncate(0)

    @property
    def offset(self) -> int:
        """How many bytes are here."""
        return self._file.seek(0, os.SEEK_END)

    @property
    def complete(self) -> bool:
        """Whether nothing is left to fetch."""
        return self.offset >= self._size

    def append(self, data: bytes) -> None:
        """The next bytes; raises ChunkRefused when there are more than announced."""
        if self.offset + len(data) > self._size:
            self.discard()
            raise ChunkRefused(self._sha256)
        self._file.write(data)
        self._file.flush()

    def finish(self) -> None:
        """Verify, sync, rename; raises ChunkRefused, and then the next attempt begins at the first byte."""
        if hashlib.sha256(self._part.read_bytes()).hexdigest() != self._sha256 or self.offset != self._size:
            self.discard()
            raise ChunkRefused(self._sha256)
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._path)
        sync_folder(self._path.parent)

    def discard(self) -> None:
        """Throw away what has come, for instance when the server sends something else than the rest."""
        self.close()
        self._part.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop here; what has come stays for the next attempt."""
        self._file.close()

    def __enter__(self) -> "PartialChunk":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def write_durably(path: Path, data: bytes) -> None:
    """Put a file in its place in one step: whole or not there, whoever else writes it meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".new-{os.getpid()}-{os.urandom(4).hex()}-{path.name}")
    try:
        with fresh.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:  # whatever stopped it, a half file must not stay
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
