"""Which packages this server has completely in its own folder, and which somebody still waits for."""

import asyncio
import threading
from collections.abc import Iterable

import msgspec

from store.database.chunks import ChunkFolder
from store.exchange.package_header import ChunkEntry, PackageError, chunks_of, read_header
from store.server.chain import Form


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What a header says about fetching and reading its package."""

    chunks: dict[str, ChunkEntry]
    min_reader: int


class Shelf:
    """Chunks of packages in one folder; asked from the threads of the database and from the loop. Blocks on files."""

    def __init__(self, folder: ChunkFolder) -> None:
        self.folder = folder
        self.asked = asyncio.Event()
        """Set when somebody asked for a form that is not here."""
        self._wanted: dict[str, Form] = {}
        self._contents: dict[str, Contents] = {}
        self._whole: set[str] = set()
        self._lock = threading.Lock()

    def contents(self, header_sha256: str, header: bytes) -> Contents | None:
        """What a header names; None when it was not fetched yet or is none of ours."""
        with self._lock:
            known = self._contents.get(header_sha256)
        if known is not None or not header:
            return known
        try:
            manifest = read_header(header).manifest
        except PackageError:
            return None
        found = Contents(chunks=chunks_of(manifest), min_reader=manifest.min_reader)
        with self._lock:
            self._contents[header_sha256] = found
        return found

    def holds(self, header_sha256: str, header: bytes) -> bool:
        """Whether header and all chunks are here; what was whole once is not looked at again."""
        if header_sha256 in self._whole:
            return True
        found = self.contents(header_sha256, header)
        if found is None or any(not self.folder.has(c.sha256, c.stored_size) for c in found.chunks.values()):
            return False
        with self._lock:
            self._whole.add(header_sha256)
        return True

    def doubt(self, header_sha256: str | None = None) -> None:
        """Look again at the files of a package, or of all: one of them turned out to be missing."""
        with self._lock:
            if header_sha256 is None:
                self._whole.clear()
            else:
                self._whole.discard(header_sha256)

    def forget(self, header_sha256s: Iterable[str]) -> None:
        """Packages that nobody needs any more."""
        with self._lock:
            for name in header_sha256s:
                self._contents.pop(name, None)
                self._whole.discard(name)

    def want(self, forms: Iterable[Form]) -> None:
        """Somebody waits for these; on the event loop."""
        for form in forms:
            self._wanted[form.header_sha256] = form
            self.asked.set()

    def take_wanted(self) -> list[Form]:
        """What somebody waits for, and forget it; on the event loop."""
        wanted, self._wanted = list(self._wanted.values()), {}
        self.asked.clear()
        return wanted
