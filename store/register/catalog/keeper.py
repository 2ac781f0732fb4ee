"""The register's catalog files: which one is in use, which one comes next, which one is the way back.

A file is immutable and bears the number of its package. A new one becomes active only between transactions (`flip`);
the one before is kept, and taken back when the active one is found damaged (docs/packages.md).
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from store.database.chunks import ChunkFolder, sync_folder
from store.database.errors import DatabaseTrouble
from store.database.vault import replace_file
from store.exchange.package_header import (
    DELTA,
    ChunkEntry,
    PackageHeader,
    chunks_of,
)
from store.register.catalog.apply import Applied, check_chain, refused, wanted_tables
from store.register.catalog.catalog_file import proved_content_hash, read_meta
from store.register.catalog.errors import CatalogRefused, ChunkNeeded, RolledBack, WrongBase
from store.register.catalog.ratchet import Ratchet
from store.register.catalog.version import CatalogVersion, found_files, free_name, read_version
from store.register.catalog.worker import Order, proved
from store.register.catalog.worker_run import OnProgress, Runner, run_worker

__all__ = ["CatalogKeeper", "CatalogRefused", "CatalogVersion", "ChunkNeeded", "RolledBack", "WrongBase"]

_log = logging.getLogger(__name__)
_STATE_NAME = "catalog.json"
_UNFINISHED = ".new-"
_READ_BYTES = 1024 * 1024


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """Files by name, empty for none."""

    active: str = ""
    previous: str = ""
    ready: str = ""
    ratchet: Ratchet = Ratchet()
    digests: dict[str, str] = {}
    """SHA-256 of each file, taken when it was made."""

    @property
    def kept(self) -> set[str]:
        return {self.active, self.previous, self.ready} - {""}


class CatalogKeeper:
    """Keeps the catalog files of one home. One per process; methods other than `apply` are quick."""

    def __init__(
        self,
        home: Path,
        wall_ms: Callable[[], int],
        chunks: ChunkFolder | None = None,
        run: Runner = run_worker,
    ) -> None:
        self._home = home
        self._wall_ms = wall_ms
        self.chunks = chunks or ChunkFolder(home / "packages")
        """Where downloaded chunks lie."""
        self._run = run
        self._state = _State()
        self._versions: dict[str, CatalogVersion] = {}
        self._applying = asyncio.Lock()
        self._deleting: asyncio.Future[None] | None = None
        self.lost = False
        """There were catalog files at the start, and none of them is usable."""
        self._trouble = ""

    # ---- at start

    def load(self) -> CatalogVersion | None:
        """Find the active file and prove it; falls back to the one before. Blocking, a few milliseconds per MB."""
        self._trouble = ""
        self.lost = False
        self._state = state = self._read_state()
        names = (state.active, state.previous, state.ready, *found_files(self._home))
        for name in dict.fromkeys(names):
            version = self._proved(name) if name else None
            if version is None:
                continue
            if name != state.active:
                if state.active:
                    self._trouble = (
                        f"The catalog {_number_in(state.active)} is damaged; the register works with catalog "
                        f"{version.package_seq} until a new one has come."
                    )
                self._state = msgspec.structs.replace(state, active=name, previous="")
            self._versions[name] = version
            self._load_ready()
            return version
        self._trouble = "There is no usable catalog; items are known online only until one has come."
        self.lost = any(names)
        self._state = msgspec.structs.replace(state, active="", previous="", ready="")
        return None

    def _load_ready(self) -> None:
        name = self._state.ready
        if name and name != self._state.active:
            version = self._proved(name)
            if version is not None:
                self._versions[name] = version
                return
        self._state = msgspec.structs.replace(self._state, ready="")

    # ---- what is in use

    @property
    def sentence(self) -> str:
        """What a person should know: a damaged file, none at all, an old one; empty when all is well."""
        active = self.active()
        if self._trouble or active is None or not 0 < active.expires_ms < self._wall_ms():
            return self._trouble
        # Age never refuses a sale; headquarters only says until when it vouches for the data.
        return (
            f"The catalog {active.package_seq} is past the date headquarters gave it; check the connection."
        )

    def active(self) -> CatalogVersion | None:
        """The file in use, None when there is no usable one."""
        return self._versions.get(self._state.active)

    def ready(self) -> CatalogVersion | None:
        """The file that becomes active at the next transaction start."""
        return self._versions.get(self._state.ready) if self._state.ready else None

    def newest(self) -> CatalogVersion | None:
        """What the next package continues: the ready file, otherwise the active one."""
        return self.ready() or self.active()

    def base_seq(self, *, support_offline: bool) -> int:
        """The package the register can go on from; 0 when it needs a full one."""
        newest = self.newest()
        if newest is None or not newest.can_be_base(support_offline=support_offline):
            return 0
        return newest.package_seq

    @property
    def highest(self) -> int:
        """The highest package number ever accepted, of whatever key."""
        return max(self._state.ratchet.highest.values(), default=0)

    def flip(self) -> bool:
        """At the beginning of a transaction: make the ready file the active one. True when it changed."""
        ready, active = self.ready(), self.active()
        if ready is None or (active is not None and ready.effective_from_ms > self._wall_ms()):
            return False
        state = self._state
        self._state = msgspec.structs.replace(state, active=state.ready, previous=state.active, ready="")
        self._trouble = ""
        self._forget_others()
        if state.previous and state.previous not in self._state.kept:
            # This one by name: an apply may just have made a file that no state names yet.
            self._delete_later(state.previous)
        # Not synced: after a power cut the ready file is found and proved again.
        with contextlib.suppress(OSError):
            fresh = self._home / (_STATE_NAME + ".flip")
            fresh.write_bytes(msgspec.json.encode(self._state))
            fresh.replace(self._home / _STATE_NAME)
        return True

    # ---- a new package

    def missing(self, header: bytes, *, root_key: bytes, support_offline: bool) -> tuple[ChunkEntry, ...]:
        """The chunks of a genuine package that have to be fetched into `chunks`. Raises CatalogRefused, OSError."""
        self.chunks.make()
        manifest = proved(header, root_key).manifest
        wanted = chunks_of(manifest, wanted_tables(support_offline=support_offline)).values()
        return tuple(entry for entry in wanted if not self.chunks.has(entry.sha256, entry.stored_size))

    async def apply(
        self,
        headers: Sequence[bytes],
        root_key: bytes,
        *,
        support_offline: bool = True,
        on_progress: OnProgress = lambda done, total: None,
    ) -> CatalogVersion:
        """Make a catalog of a chain of packages whose chunks are here; it is READY when this returns.

        The first one is full, or continues `newest`. Raises CatalogRefused; what was there before stays as it is.
        Cancelled, it leaves nothing behind.
        """
        async with self._applying:
            await self.settled()
            await asyncio.to_thread(self._clear_unfinished)
            order, last = await asyncio.to_thread(self._order, headers, root_key, support_offline)
            try:
                applied = await self._run(order, on_progress)
                name, version = await asyncio.to_thread(self._take, order, last, applied)
            except ChunkNeeded as error:
                await asyncio.to_thread(self.chunks.drop, error.sha256)
                raise
            finally:
                await asyncio.to_thread(Path(order.target).unlink, missing_ok=True)
            self._versions[name] = version
            self._state = msgspec.structs.replace(
                self._state,
                ready=name,
                ratchet=self._state.ratchet.raised(last),
                digests={**self._state.digests, name: applied.sha256},
            )
            self._forget_others()
            settled = None
            while settled is not self._state:  # a transaction may begin, and flip, while it is written
                settled = self._state
                await asyncio.to_thread(self._settle, settled)
            _log.info("catalog ready", extra={"package_seq": version.package_seq, "rows": version.rows})
            return version

    def _order(
        self, headers: Sequence[bytes], root_key: bytes, support_offline: bool
    ) -> tuple[Order, PackageHeader]:
        """What the worker is told, once everything is checked that needs no chunk."""
        chain = [proved(header, root_key) for header in headers]
        manifests = [header.manifest for header in chain]
        newest, last = self.newest(), chain[-1]
        starts_anew = newest is None or not newest.can_be_base(support_offline=support_offline)
        behind = newest is not None and newest.package_seq < self._state.ratchet.in_force(newest.key_id)
        self._state.ratchet.check(last, again=starts_anew or behind)
        base = newest.path if newest is not None and manifests[0].kind == DELTA else None
        check_chain(manifests, read_meta(base) if base else None, support_offline=support_offline)
        seq = last.manifest.package_seq
        target = self._home / f"catalog-{seq}.db{_UNFINISHED}{os.getpid()}"
        order = Order(
            headers=tuple(header.decode() for header in headers),
            root_key=root_key.hex(),
            chunks=str(self.chunks.root),
            base=str(base or ""),
            base_sha256=self._state.digests.get(base.name, "") if base else "",
            target=str(target),
            support_offline=support_offline,
            applied_ms=self._wall_ms(),
        )
        return order, last

    def _take(self, order: Order, last: PackageHeader, applied: Applied) -> tuple[str, CatalogVersion]:
        """Give the finished file its name, durably."""
        name = free_name(last.manifest.package_seq, self._state.kept)
        path = self._home / name
        try:
            Path(order.target).replace(path)
            sync_folder(self._home)
        except OSError as error:
            raise refused(error) from error
        version = read_version(path)
        assert version.rows == applied.rows, "the worker made another file than it says"
        return name, version

    # ---- files

    def _proved(self, name: str) -> CatalogVersion | None:
        """The file of that name, if it is byte for byte (or, without a note of it, in content) what was made."""
        path = self._home / name
        try:
            version = read_version(path)
            known = self._state.digests.get(name)
            if known is not None:
                sound = _digest_of(path) == known
            else:
                sound = proved_content_hash(path) == version.content_hash
        except (OSError, CatalogRefused, DatabaseTrouble, KeyError, sqlite3.Error) as error:
            _log.warning("catalog file unusable", extra={"file": name, "reason": str(error)})
            return None
        if not sound:
            _log.warning("catalog file damaged", extra={"file": name})
        return version if sound and version.package_seq == _number_in(name) else None

    def _settle(self, state: _State) -> None:
        """Make a new state durable and the folder agree with it; one at a time, and nobody else makes catalogs."""
        for name in found_files(self._home):
            if name not in state.kept:
                _delete(self._home / name)
        try:
            replace_file(self._home / _STATE_NAME, msgspec.json.encode(state))
        except OSError as error:
            _log.warning("catalog state not written", extra={"reason": str(error)})

    def _forget_others(self) -> None:
        kept = self._state.kept
        self._versions = {name: version for name, version in self._versions.items() if name in kept}
        digests = {name: digest for name, digest in self._state.digests.items() if name in kept}
        self._state = msgspec.structs.replace(self._state, digests=digests)

    def _delete_later(self, name: str) -> None:
        """Deleting hundreds of megabytes takes a tenth of a second, which no scan shall wait for."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no loop runs, so nobody waits
            _delete(self._home / name)
        else:
            self._deleting = loop.run_in_executor(None, _delete, self._home / name)

    async def settled(self) -> None:
        """Wait until files that are not needed any more are deleted."""
        if self._deleting is not None:
            await self._deleting

    def _clear_unfinished(self) -> None:
        """What a core that was killed left behind; only who makes catalogs may know that nobody is at it."""
        for path in self._home.glob(f"catalog-*.db{_UNFINISHED}*"):
            with contextlib.suppress(OSError):  # it only takes room
                path.unlink()

    def _read_state(self) -> _State:
        try:
            return msgspec.json.decode((self._home / _STATE_NAME).read_bytes(), type=_State)
        except (OSError, msgspec.MsgspecError):
            return _State(ratchet=self._ratchet_of_files())

    def _ratchet_of_files(self) -> Ratchet:
        """What the files themselves say was accepted, when the note of it is gone."""
        highest: dict[str, int] = {}
        issued_ms = 0
        for name in found_files(self._home):
            with contextlib.suppress(CatalogRefused):  # a damaged file tells nothing
                version = read_version(self._home / name)
                highest[version.key_id] = max(highest.get(version.key_id, 0), version.package_seq)
                issued_ms = max(issued_ms, version.keys_issued_ms)
        return Ratchet(highest=highest, keys_issued_ms=issued_ms)


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):  # a file that cannot be deleted now goes with the next catalog
        path.unlink()


def _number_in(name: str) -> int:
    return int(name.removeprefix("catalog-").removesuffix(".db").partition("-")[0])


def _digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
