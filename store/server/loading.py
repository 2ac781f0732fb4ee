"""A data package into the channel database, whole or not at all (docs/packages.md).

One package is one unit of work: readers see the tables before it or after it. What it says about each table's row
count and set hash is verified before the unit ends.
"""

from collections.abc import Iterator

import msgspec

from store.database.connection import Connection
from store.exchange.package_header import FULL, PackageError, PackageHeader, TablePart
from store.exchange.package_reader import Fetch, RowBatch, is_known, read_part
from store.exchange.package_tables import TABLES
from store.server import tables
from store.server.packages import StoreState, set_applied


class WrongBase(PackageError):
    """The package does not fit what the channel database holds: only a full one, or another delta, does."""


class TableDiffers(WrongBase):
    """A table is not what the package was made for, though the number is: it was changed by something else."""


class OlderPackage(PackageError):
    """The channel database holds a newer package already."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What a package did: rows put or removed, items on file afterwards. `again`: it was loaded before."""

    rows: int
    items: int
    again: bool = False


def load_package(
    db: Connection, store: StoreState, data_group: str, header: PackageHeader, fetch: Fetch, now_ms: int
) -> Loaded:
    """Apply a package whose header is proved; part of one unit that has locked the store.

    The same package again changes nothing. Raises OlderPackage, WrongBase, PackageError, ConstraintBroken and what
    `fetch` raises; the unit must be given up then.
    """
    manifest = header.manifest
    before = tables.states(db, store.store)
    if manifest.package_seq == store.applied_seq:
        return Loaded(rows=0, items=before.get("item", tables.EMPTY).rows, again=True)
    if manifest.package_seq < store.applied_seq:
        raise OlderPackage(
            f"Package {manifest.package_seq} is older than package {store.applied_seq}, which is loaded."
        )
    if manifest.kind != FULL and manifest.base_seq != store.applied_seq:
        raise WrongBase(
            f"Package {manifest.package_seq} changes package {manifest.base_seq}, "
            f"but package {store.applied_seq} is loaded."
        )
    if manifest.kind == FULL:
        _empty_unlisted(db, store.store, {part.name for part in manifest.parts}, manifest.package_seq)
    rows = 0
    for part in manifest.parts:
        if is_known(part):
            rows += _load_part(db, store.store, part, before.get(part.name), fetch, manifest.package_seq)
    set_applied(db, store.store, data_group, manifest.package_seq, now_ms)
    items = tables.states(db, store.store).get("item", tables.EMPTY).rows
    return Loaded(rows=rows, items=items)


def _empty_unlisted(db: Connection, store: str, listed: set[str], package_seq: int) -> None:
    for table in TABLES:
        if table not in listed:
            tables.empty(db, store, table)
            tables.keep_state(db, store, table, tables.EMPTY, package_seq)


def _load_part(
    db: Connection,
    store: str,
    part: TablePart,
    before: tables.TableState | None,
    fetch: Fetch,
    package_seq: int,
) -> int:
    batches = _Counted(read_part(part, fetch))
    if part.mode == FULL:
        tables.empty(db, store, part.name)
        after = tables.fill(db, store, part.name, batches)
    elif before is None:
        raise TableDiffers(f"Nothing is known of table {part.name} here; a full package has to come first.")
    else:
        after = tables.change(db, store, part.name, before, batches)
    if part.columns > len(TABLES[part.name]):
        # A newer headquarters sends cells that have no place here, so the hash of whole lines cannot be carried along.
        after = msgspec.structs.replace(after, total_hash=part.total_hash)
    if (after.rows, after.total_hash) != (part.total_rows, part.total_hash):
        # The package itself was verified line by line, so it is the table that is another one than it was made for.
        raise TableDiffers(f"Table {part.name} is not what package {package_seq} was made for.")
    tables.keep_state(db, store, part.name, after, package_seq)
    return batches.rows


class _Counted:
    """Batches on their way, counted."""

    def __init__(self, batches: Iterator[RowBatch]) -> None:
        self._batches = batches
        self.rows = 0

    def __iter__(self) -> Iterator[RowBatch]:
        for batch in self._batches:
            self.rows += len(batch.rows) + len(batch.deletes)
            yield batch
