"""Reads a data package in a stream: one chunk in memory at a time, every size, digest, count and order verified.

Rows that came before an error are not proved by it: whoever applies them works on a copy, or in one transaction.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from operator import lt

import msgspec

from store.exchange.compression import NotUnpacked, decompress
from store.exchange.package_header import (
    FULL,
    ChunkDamaged,
    ChunkEntry,
    Manifest,
    PackageError,
    TablePart,
)
from store.exchange.package_tables import MAX_LINE_BYTES, TABLES, Cells, RowError, decode_mixed, decode_rows
from store.exchange.set_hash import SetHash

Fetch = Callable[[ChunkEntry], bytes]
"""Answers the stored bytes of a chunk; whatever it raises goes through."""


class RowBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What one chunk holds: rows to put (cells in the order of `TABLES`), keys whose rows are gone.

    `added` is the hash of the rows' lines as they came; a table's hash moves by it and by the rows replaced.
    """

    part: TablePart
    rows: list[Cells]
    deletes: list[str]
    added: SetHash


def is_known(part: TablePart) -> bool:
    """Whether this program has a place for the table; others are for newer programs and are passed over."""
    return part.name in TABLES


def read_parts(
    manifest: Manifest, fetch: Fetch, wants: Callable[[TablePart], bool] = is_known
) -> Iterator[RowBatch]:
    """Everything in the wanted parts, in order; raises PackageError."""
    for part in manifest.parts:
        if is_known(part) and wants(part):
            yield from read_part(part, fetch)


def read_part(part: TablePart, fetch: Fetch) -> Iterator[RowBatch]:
    """The rows and tombstones of a table, chunk by chunk; raises PackageError, ChunkDamaged."""
    digest, total = hashlib.sha256(), SetHash()
    rows = deletes = 0
    last = ""
    for entry in part.chunks:
        raw = read_chunk(entry, fetch)
        digest.update(raw)
        batch, last = _batch(part, raw, last)
        rows += len(batch.rows)
        deletes += len(batch.deletes)
        if rows > part.rows or deletes > part.deletes:
            raise PackageError(f"Table {part.name} has more rows than the package announces.")
        total.merge(batch.added)
        yield batch
    if (rows, deletes) != (part.rows, part.deletes):
        raise PackageError(f"Table {part.name} has fewer rows than the package announces.")
    if digest.hexdigest() != part.sha256 or (part.mode == FULL and total.hex() != part.total_hash):
        raise PackageError(f"Table {part.name} is not what the package announces.")


def read_chunk(entry: ChunkEntry, fetch: Fetch) -> bytes:
    """The unpacked content of a chunk, verified; raises ChunkDamaged, and what `fetch` raises."""
    stored = fetch(entry)
    if len(stored) != entry.stored_size or hashlib.sha256(stored).hexdigest() != entry.sha256:
        raise ChunkDamaged(entry.sha256)
    try:
        return decompress(stored, entry.raw_size)
    except NotUnpacked as error:
        # The digest was right, so another copy would be no better.
        raise PackageError("A chunk of the package does not unpack to its announced size.") from error


def _batch(part: TablePart, raw: bytes, last: str) -> tuple[RowBatch, str]:
    """The content of a chunk, and its last key; all keys come after the key `last`."""
    *lines, rest = raw.split(b"\n")
    if rest or not lines or max(map(len, lines)) > MAX_LINE_BYTES:
        raise PackageError(f"A chunk of table {part.name} does not consist of whole rows.")
    try:
        if part.mode == FULL and part.columns == len(TABLES[part.name]):
            batch = _full_batch(part, lines)
            keys = [str(cells[0]) for cells in batch.rows]
        else:
            batch, keys = _mixed_batch(part, lines)
    except RowError as error:
        raise PackageError(str(error)) from error
    if not last < keys[0] or not all(map(lt, keys, keys[1:])):
        raise PackageError(f"The rows of table {part.name} are not in the order of their keys.")
    return batch, keys[-1]


def _full_batch(part: TablePart, lines: Sequence[bytes]) -> RowBatch:
    added = SetHash()
    added.add_all(lines)
    return RowBatch(part=part, rows=decode_rows(part.name, lines), deletes=[], added=added)


def _mixed_batch(part: TablePart, lines: Sequence[bytes]) -> tuple[RowBatch, list[str]]:
    found = decode_mixed(part.name, lines, part.columns)
    added = SetHash()
    added.add_all(line for line, cells in zip(lines, found, strict=True) if not isinstance(cells, str))
    rows = [cells for cells in found if not isinstance(cells, str)]
    deletes = [cells for cells in found if isinstance(cells, str)]
    keys = [cells if isinstance(cells, str) else str(cells[0]) for cells in found]
    return RowBatch(part=part, rows=rows, deletes=deletes, added=added), keys
