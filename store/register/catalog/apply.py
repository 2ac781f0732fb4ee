"""Makes a catalog file of a chain of packages: a copy of the file before (or an empty one), the changes, the proof.

Runs in a process of its own (`worker`). A file that is not finished never bears its final name, so whatever stops
this at whatever point leaves the catalogs that were there as they were.
"""

import hashlib
import itertools
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from store.database.chunks import ChunkMissing, ChunkRefused
from store.exchange.jobs import CONFIGURATION_TABLES
from store.exchange.package_header import (
    DELTA,
    SCHEMA,
    ChunkDamaged,
    Manifest,
    PackageError,
    PackageHeader,
    TablePart,
)
from store.exchange.package_reader import Fetch, is_known
from store.register.catalog.catalog_file import connect, content_hash, create, is_sound, read_meta, write_meta
from store.register.catalog.errors import CatalogRefused, ChunkNeeded, WrongBase
from store.register.catalog.package_edit import PackageEdit

Progress = Callable[[int, int], None]
"""Told now and then: rows done, rows in all."""
_READ_BYTES = 1024 * 1024


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What was made: the digest of the file (hex) and its rows."""

    sha256: str
    rows: int


def wanted_tables(*, support_offline: bool) -> Callable[[TablePart], bool]:
    """Which parts of a package a register keeps; the tables of all others stay empty."""

    def wants(part: TablePart) -> bool:
        return is_known(part) and part.offline and (support_offline or part.name in CONFIGURATION_TABLES)

    return wants


def apply_chain(
    headers: Sequence[PackageHeader],
    fetch: Fetch,
    target: Path,
    *,
    base: Path | None,
    support_offline: bool,
    applied_ms: int,
    base_sha256: str = "",
    progress: Progress = lambda done, total: None,
) -> Applied:
    """Write `target`, synced; the headers are proved already. Raises CatalogRefused.

    With `base_sha256` the base is refused when it is not, byte for byte, what it was when it was made.
    """
    manifests = [header.manifest for header in headers]
    try:
        check_chain(manifests, None if base is None else read_meta(base), support_offline=support_offline)
        _prepare(target, base if manifests[0].kind == DELTA else None, base_sha256)
        with closing(connect(target)) as db:
            db.execute("begin")
            for header in headers:
                edit = PackageEdit(db, header.manifest, wanted_tables(support_offline=support_offline))
                edit.run(fetch, progress)
            rows = _finish(db, headers[-1], support_offline=support_offline, applied_ms=applied_ms)
            db.execute("commit")
            is_sound(db)
        return Applied(sha256=_synced_digest(target), rows=rows)
    except (CatalogRefused, PackageError, ChunkMissing, sqlite3.Error, OSError) as error:
        target.unlink(missing_ok=True)
        raise refused(error) from error


def check_chain(manifests: Sequence[Manifest], base: dict[str, str] | None, *, support_offline: bool) -> None:
    """Whether each package continues the one before, and the first one the file `base`; raises CatalogRefused."""
    first = manifests[0]
    if first.kind == DELTA:
        _check_base(first, base, support_offline=support_offline)
    for before, after in itertools.pairwise(manifests):
        if after.base_seq != before.package_seq:
            raise WrongBase(
                f"The package {after.package_seq} does not continue package {before.package_seq}; "
                "a full one is needed."
            )
        if (after.store, after.data_group) != (before.store, before.data_group):
            raise WrongBase("The packages belong to different data groups; a full one is needed.")


def _check_base(first: Manifest, base: dict[str, str] | None, *, support_offline: bool) -> None:
    if base is None:
        raise WrongBase(
            f"The package {first.package_seq} changes a catalog that is not here; a full one is needed."
        )
    if base["package_seq"] != str(first.base_seq):
        raise WrongBase(
            f"The package {first.package_seq} changes catalog {first.base_seq}, here is {base['package_seq']}; "
            "a full one is needed."
        )
    if (base["store"], base["data_group"]) != (first.store, first.data_group):
        raise WrongBase("The package belongs to another data group than the catalog; a full one is needed.")
    if base["schema"] != str(SCHEMA) or base["support_offline"] != str(int(support_offline)):
        raise WrongBase(
            "The catalog was made with other tables than are wanted now; a full package is needed."
        )


def _prepare(target: Path, base: Path | None, base_sha256: str) -> None:
    target.unlink(missing_ok=True)
    if base is None:
        create(target)
        return
    # The file is immutable, so a plain copy is a sound one; a flipped bit must not be copied into the next one.
    digest = hashlib.sha256()
    with base.open("rb") as source, target.open("xb") as copy:
        while piece := source.read(_READ_BYTES):
            digest.update(piece)
            copy.write(piece)
    if base_sha256 and digest.hexdigest() != base_sha256:
        raise WrongBase("The catalog here is damaged and cannot be changed; a full package is needed.")


def _finish(db: sqlite3.Connection, last: PackageHeader, *, support_offline: bool, applied_ms: int) -> int:
    if db.execute("select plu from item where plu <> '' group by plu having count(*) > 1 limit 1").fetchone():
        raise CatalogRefused("The data package contradicts itself (two items share a PLU); it was not used.")
    rows = int(db.execute("select sum(rows) from data_set").fetchone()[0])
    manifest = last.manifest
    write_meta(
        db,
        {
            "package_seq": str(manifest.package_seq),
            "created": str(manifest.created_ms),
            "applied_at": str(applied_ms),
            "effective_from": str(manifest.effective_from_ms),
            "expires": str(manifest.expires_ms),
            "key_id": manifest.key_id,
            "keys_issued": str(last.key_list.issued_ms),
            "store": manifest.store,
            "data_group": manifest.data_group,
            "schema": str(SCHEMA),
            "support_offline": str(int(support_offline)),
            "rows": str(rows),
            "content_hash": content_hash(db),
        },
    )
    return rows


def _synced_digest(path: Path) -> str:
    path.chmod(0o600)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        os.fsync(file.fileno())
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def refused(error: Exception) -> CatalogRefused:
    """The error as a catalog's refusal, in one sentence."""
    match error:
        case CatalogRefused():
            return error
        case ChunkMissing() | ChunkDamaged() | ChunkRefused():
            return ChunkNeeded(str(error), error.sha256)
        case PackageError():
            return CatalogRefused(f"The data package was not used: {error}")
        case sqlite3.IntegrityError():
            return CatalogRefused(f"The data package contradicts itself ({error}); it was not used.")
        case _:
            return CatalogRefused(
                f"The catalog could not be written ({error}); free some space, the old one stays."
            )
