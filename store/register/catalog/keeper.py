"""The register's catalog files: which one is in use, which one comes next, which one is the way back.

A file is immutable and bears the number of its package. A new one becomes active only between transactions (`flip`);
the one before is kept, and taken back when the active one is found damaged (docs/journal.md).
"""

import asyncio
import contextlib
import hashlib
import logging
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from store.database.errors import DatabaseTrouble
from store.database.sqlite import open_reader
from store.database.vault import replace_file
from store.exchange.package import Package, PackageError, read_package
from store.exchange.package_tables import RowError
from store.register.catalog.build import CatalogRefused, build_from_package, content_digest

__all__ = ["CatalogKeeper", "CatalogRefused", "CatalogVersion"]

_log = logging.getLogger(__name__)
_STATE_NAME = "catalog.json"
_FILE_NAME = re.compile(r"catalog-(?P<seq>[0-9]+)\.db")
_READ_BYTES = 1024 * 1024


class CatalogVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One catalog file; times are wall milliseconds."""

    package_seq: int
    path: Path
    created_ms: int
    applied_ms: int
    rows: int
    content_hash: str

    @property
    def name(self) -> str:
        """How records name it: `c000812`."""
        return f"c{self.package_seq:06d}"


class _State(msgspec.Struct, frozen=True, kw_only=True):
    active: int = 0
    previous: int = 0
    ready: int = 0
    highest: int = 0
    """The highest number ever accepted: an older package that is genuine is still not accepted."""
    digests: dict[str, str] = {}
    """SHA-256 of each file, by number, taken when it was made."""


class CatalogKeeper:
    """Keeps the catalog files of one home. One per process; methods other than `apply` are quick."""

    def __init__(self, home: Path, wall_ms: Callable[[], int]) -> None:
        self._home = home
        self._wall_ms = wall_ms
        self._state = _State()
        self._versions: dict[int, CatalogVersion] = {}
        self._applying = asyncio.Lock()
        self.sentence = ""
        """What a person should know: a damaged file, or none at all; empty when all is well."""

    # ---- at start

    def load(self) -> CatalogVersion | None:
        """Find the active file and prove it; falls back to the one before. Blocking, a few milliseconds per MB."""
        self.sentence = ""
        self._state = self._read_state()
        state = self._state
        for seq in dict.fromkeys((state.active, state.previous, state.ready, *self._found_files())):
            version = self._proved(seq) if seq else None
            if version is None:
                continue
            if seq != state.active:
                if state.active:
                    self.sentence = (
                        f"The catalog {state.active} is damaged; the register works with catalog {seq} "
                        "until a new one has come."
                    )
                self._state = msgspec.structs.replace(state, active=seq, previous=0)
            self._versions[seq] = version
            self._load_ready()
            return version
        self.sentence = "There is no usable catalog; items are known online only until one has come."
        self._state = msgspec.structs.replace(state, active=0, previous=0, ready=0)
        return None

    def _load_ready(self) -> None:
        seq = self._state.ready
        if seq and seq != self._state.active:
            version = self._proved(seq)
            if version is not None:
                self._versions[seq] = version
                return
        self._state = msgspec.structs.replace(self._state, ready=0)

    # ---- what is in use

    def active(self) -> CatalogVersion | None:
        """The file in use, None when there is no usable one."""
        return self._versions.get(self._state.active)

    def ready(self) -> CatalogVersion | None:
        """The file that becomes active at the next transaction start."""
        return self._versions.get(self._state.ready) if self._state.ready else None

    @property
    def highest(self) -> int:
        """The highest package number ever accepted."""
        return self._state.highest

    def wants(self, package_seq: int) -> bool:
        """Whether the server's package is worth fetching: newer, or needed because nothing sound is active."""
        if package_seq > self._state.highest:
            return True
        lost = self.ready() is None and (self.active() is None or self._state.active < self._state.highest)
        return lost and package_seq == self._state.highest

    def flip(self) -> bool:
        """At the beginning of a transaction: make the ready file the active one. True when it changed."""
        ready = self.ready()
        if ready is None:
            return False
        state = self._state
        self._state = msgspec.structs.replace(state, active=state.ready, previous=state.active, ready=0)
        self.sentence = ""
        self._forget_old()
        # Not synced: after a power cut the ready file is found and proved again.
        with contextlib.suppress(OSError):
            fresh = self._home / (_STATE_NAME + ".new")
            fresh.write_bytes(msgspec.json.encode(self._state))
            fresh.replace(self._home / _STATE_NAME)
        return True

    # ---- a new package

    async def apply(self, package: bytes | Package, root_key: bytes) -> CatalogVersion:
        """Make a catalog file of a genuine package, in a thread; it is READY when this returns.

        Raises CatalogRefused; what was there before stays as it is.
        """
        async with self._applying:
            version, digest = await asyncio.to_thread(self._make, package, root_key)
            seq = version.package_seq
            self._versions[seq] = version
            digests = {**self._state.digests, str(seq): digest}
            highest = max(self._state.highest, seq)
            self._state = msgspec.structs.replace(self._state, ready=seq, highest=highest, digests=digests)
            await asyncio.to_thread(self._write_state)
            _log.info("catalog ready", extra={"package_seq": seq, "rows": version.rows})
            return version

    def _make(self, package: bytes | Package, root_key: bytes) -> tuple[CatalogVersion, str]:
        try:
            opened = package if isinstance(package, Package) else read_package(package)
        except PackageError as error:
            raise CatalogRefused(f"The data package was not used: {error}") from error
        seq = opened.manifest.package_seq
        if not self.wants(seq):
            raise CatalogRefused(
                f"The data package {seq} is older than {self.highest}, which was here already."
            )
        path = self._path(seq)
        fresh = path.with_name(path.name + ".new")
        build_from_package(opened, root_key, fresh, str(self._wall_ms()))
        try:
            digest = _digest_of(fresh)
            fresh.replace(path)
        except OSError as error:
            raise CatalogRefused(f"The catalog could not be written ({error}); the old one stays.") from error
        return _read_version(path), digest

    # ---- files

    def _path(self, seq: int) -> Path:
        return self._home / f"catalog-{seq}.db"

    def _found_files(self) -> list[int]:
        """Numbers of the catalog files that lie in the home, newest first."""
        names = (_FILE_NAME.fullmatch(path.name) for path in self._home.glob("catalog-*.db"))
        return sorted((int(name["seq"]) for name in names if name), reverse=True)

    def _proved(self, seq: int) -> CatalogVersion | None:
        """The file of that number, if it is byte for byte (or, without a note of it, in content) what was made."""
        path = self._path(seq)
        try:
            version = _read_version(path)
            known = self._state.digests.get(str(seq))
            if known is not None:
                sound = _digest_of(path) == known
            else:
                sound = content_digest(path) == version.content_hash
        except (OSError, CatalogRefused, DatabaseTrouble, RowError, sqlite3.Error) as error:
            _log.warning("catalog file unusable", extra={"package_seq": seq, "reason": str(error)})
            return None
        if not sound:
            _log.warning("catalog file damaged", extra={"package_seq": seq})
        return version if sound and version.package_seq == seq else None

    def _forget_old(self) -> None:
        kept = {self._state.active, self._state.previous, self._state.ready}
        for seq in self._found_files():
            if seq not in kept:
                self._versions.pop(seq, None)
                with contextlib.suppress(OSError):  # a file that cannot be deleted now goes at the next flip
                    self._path(seq).unlink()
        digests = {key: value for key, value in self._state.digests.items() if int(key) in kept}
        self._state = msgspec.structs.replace(self._state, digests=digests)

    def _read_state(self) -> _State:
        try:
            return msgspec.json.decode((self._home / _STATE_NAME).read_bytes(), type=_State)
        except (OSError, msgspec.DecodeError):
            newest = self._found_files()
            return _State(highest=newest[0] if newest else 0)

    def _write_state(self) -> None:
        try:
            replace_file(self._home / _STATE_NAME, msgspec.json.encode(self._state))
        except OSError as error:
            _log.warning("catalog state not written", extra={"reason": str(error)})


def _read_version(path: Path) -> CatalogVersion:
    try:
        with closing(open_reader(path, immutable=True)) as connection:
            meta = dict(connection.execute("select key, value from meta").fetchall())
        return CatalogVersion(
            package_seq=int(meta["package_seq"]),
            path=path,
            created_ms=int(meta["created"]),
            applied_ms=int(meta.get("applied_at", "0")),
            rows=int(meta["rows"]),
            content_hash=meta["content_hash"],
        )
    except (DatabaseTrouble, sqlite3.Error, KeyError, ValueError) as error:
        raise CatalogRefused(f"{path.name} is no usable catalog ({error}).") from error


def _digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
