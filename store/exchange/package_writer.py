"""Writes a data package in a stream: rows in key order go in, chunks come out, nothing else is kept."""

import hashlib
from collections.abc import Callable, Iterable

from store.exchange.compression import compress
from store.exchange.package_header import (
    DELTA,
    FORMAT,
    FULL,
    MAX_CHUNK_RAW_BYTES,
    READER,
    SCHEMA,
    ChunkEntry,
    Manifest,
    TablePart,
)
from store.exchange.package_tables import MAX_LINE_BYTES, TABLES, RowError, encode_key
from store.exchange.set_hash import SetHash

Sink = Callable[[str, bytes], None]
"""Takes a finished chunk: its SHA-256 in hex and the stored bytes."""


class PartWriter:
    """One table of a package. Keys come in strictly ascending order, rows and tombstones mixed; then `close`."""

    def __init__(self, table: str, mode: str, sink: Sink, *, offline: bool = True) -> None:
        if table not in TABLES:
            raise RowError(f"A package has no table {table!r:.60}.")
        self.table = table
        self.mode = mode
        self._sink = sink
        self._offline = offline
        self._last = ""
        self._lines: list[bytes] = []
        self._size = 0
        self._rows = 0
        self._deletes = 0
        self._digest = hashlib.sha256()
        self._total = SetHash()
        self._chunks: list[ChunkEntry] = []

    def put(self, key: str, line: bytes) -> None:
        """A row by the line that `encode_row` or `encode_cells` made; raises RowError."""
        if not line.startswith(encode_key(key)[:-1] + b","):
            raise RowError(f"A line of table {self.table} does not belong to the key {key!r:.60}.")
        self._append(key, line)
        self._rows += 1
        if self.mode == FULL:
            self._total.add(line)

    def delete(self, key: str) -> None:
        """A tombstone; raises RowError."""
        if self.mode == FULL:
            raise RowError(f"A full table {self.table} has no tombstones.")
        self._append(key, encode_key(key))
        self._deletes += 1

    def close(self, total_rows: int | None = None, total: SetHash | None = None) -> TablePart:
        """The finished part. A delta needs the number and the hash of all rows of the table afterwards."""
        self._cut()
        if self.mode == FULL:
            total_rows, total = self._rows, self._total
        if total_rows is None or total is None:
            raise RowError(f"A delta of table {self.table} needs the totals of the whole table.")
        return TablePart(
            name=self.table,
            mode=self.mode,
            offline=self._offline,
            columns=len(TABLES[self.table]),
            rows=self._rows,
            deletes=self._deletes,
            sha256=self._digest.hexdigest(),
            total_rows=total_rows,
            total_hash=total.hex(),
            chunks=tuple(self._chunks),
        )

    def _append(self, key: str, line: bytes) -> None:
        if key <= self._last:
            raise RowError(f"Table {self.table} has an empty key, one twice or out of order: {key!r:.60}.")
        size = len(line) + 1
        if size > MAX_LINE_BYTES:
            raise RowError(f"The row {key!r:.60} of table {self.table} is too long for a package.")
        if self._size + size > MAX_CHUNK_RAW_BYTES:
            self._cut()
        self._last = key
        self._lines.append(line)
        self._size += size

    def _cut(self) -> None:
        """Everything gathered becomes a chunk, so that a chunk holds whole lines."""
        if not self._lines:
            return
        raw = b"\n".join(self._lines) + b"\n"
        self._lines.clear()
        self._size = 0
        self._digest.update(raw)
        stored = compress(raw)
        digest = hashlib.sha256(stored).hexdigest()
        self._chunks.append(ChunkEntry(sha256=digest, stored_size=len(stored), raw_size=len(raw)))
        self._sink(digest, stored)


def new_manifest(
    parts: Iterable[TablePart],
    *,
    package_seq: int,
    created_ms: int,
    base_seq: int = 0,
    store: str = "",
    data_group: str = "",
    job: str = "",
    effective_from_ms: int = 0,
    expires_ms: int = 0,
    dataset: str = "catalog",
) -> Manifest:
    """The manifest of these parts, to be signed by `sign_manifest`; a delta's parts that change nothing are left out.

    A full package (`base_seq` 0) leaves a table empty that has no part.
    """
    order = list(TABLES)
    kept = [part for part in parts if part.mode == FULL or part.rows or part.deletes]
    return Manifest(
        format=FORMAT,
        min_reader=READER,
        dataset=dataset,
        store=store,
        data_group=data_group,
        job=job,
        package_seq=package_seq,
        kind=DELTA if base_seq else FULL,
        base_seq=base_seq,
        schema=SCHEMA,
        created_ms=created_ms,
        effective_from_ms=effective_from_ms,
        expires_ms=expires_ms,
        key_id="",
        parts=tuple(sorted(kept, key=lambda part: order.index(part.name))),
    )
