"""A data package as one file or one value, for where it is small enough: header and chunks together.

    file = "outpost-package/2" 0A ‖ u32be(len(header)) ‖ header ‖ chunk 0 ‖ chunk 1 ‖ ...

Chunks lie in the order in which the manifest names them first, each one once.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.exchange.package_header import (
    DELTA,
    FULL,
    MAX_HEADER_BYTES,
    ChunkEntry,
    Manifest,
    PackageError,
    PackageHeader,
    PackageTooNew,
    SignedKeyList,
    TablePart,
    check_header,
    chunks_of,
    endorse_keys,
    read_header,
    sign_manifest,
    write_header,
)
from store.exchange.package_header import root_key_of as _root_key_of
from store.exchange.package_reader import read_chunk, read_parts
from store.exchange.package_tables import TABLES, Row, RowError, encode_row, set_hash_of, sorted_rows
from store.exchange.package_writer import PartWriter, Sink, new_manifest

__all__ = [
    "Package",
    "PackageError",
    "build_delta",
    "build_package",
    "check_package",
    "cut_file",
    "endorse_keys",
    "open_package",
    "read_package",
    "read_rows",
    "root_key_of",
    "write_package",
]

MAX_FILE_BYTES = 1024 * 1024 * 1024
MAGIC = b"outpost-package/2\n"
LENGTH_BYTES = 4


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """A package with its chunks by digest. Only `check_package` proves that it is genuine."""

    header: PackageHeader
    chunks: dict[str, bytes]

    @property
    def manifest(self) -> Manifest:
        """What it holds."""
        return self.header.manifest

    def fetch(self, entry: ChunkEntry) -> bytes:
        """The stored bytes of a chunk, for the reader; empty when it is not here."""
        return self.chunks.get(entry.sha256, b"")


def build_package(
    tables: Mapping[str, Iterable[Row]],
    *,
    seq: int,
    created_ms: int,
    key: Ed25519PrivateKey,
    keys: SignedKeyList,
    excluded: frozenset[str] = frozenset(),
    **facts: Any,
) -> Package:
    """A full package of the given tables, signed by a package key that `keys` lists; raises RowError.

    `excluded` tables stay out of offline databases; `facts` are further fields of `new_manifest`.
    """
    if unknown := set(tables) - set(TABLES):
        raise RowError(f"A package has no table {sorted(unknown)[0]!r}.")
    chunks: dict[str, bytes] = {}
    parts = []
    for table in TABLES:
        if table in tables:
            writer = PartWriter(table, FULL, chunks.__setitem__, offline=table not in excluded)
            for name, row in sorted_rows(table, tables[table]):
                writer.put(name, encode_row(table, row))
            parts.append(writer.close())
    manifest = new_manifest(parts, package_seq=seq, created_ms=created_ms, **facts)
    return Package(header=sign_manifest(manifest, key, keys), chunks=chunks)


def build_delta(
    before: Mapping[str, Iterable[Row]],
    after: Mapping[str, Iterable[Row]],
    *,
    seq: int,
    base_seq: int,
    created_ms: int,
    key: Ed25519PrivateKey,
    keys: SignedKeyList,
    **facts: Any,
) -> Package:
    """The package that leads from one state of the tables to another; raises RowError."""
    chunks: dict[str, bytes] = {}
    parts = [
        _delta_part(table, before.get(table, ()), after.get(table, ()), chunks.__setitem__)
        for table in TABLES
    ]
    manifest = new_manifest(parts, package_seq=seq, base_seq=base_seq, created_ms=created_ms, **facts)
    return Package(header=sign_manifest(manifest, key, keys), chunks=chunks)


def _delta_part(table: str, before: Iterable[Row], after: Iterable[Row], sink: Sink) -> TablePart:
    rows = list(after)
    old = {name: encode_row(table, row) for name, row in sorted_rows(table, before)}
    new = {name: encode_row(table, row) for name, row in sorted_rows(table, rows)}
    writer = PartWriter(table, DELTA, sink)
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            writer.delete(name)
        elif new[name] != old.get(name):
            writer.put(name, new[name])
    return writer.close(len(new), set_hash_of(table, rows))


def write_package(package: Package) -> bytes:
    """The package as one file."""
    header = write_header(package.header)
    names = chunks_of(package.manifest)
    return b"".join(
        (MAGIC, len(header).to_bytes(LENGTH_BYTES, "big"), header, *(package.chunks[name] for name in names))
    )


def cut_file(start: bytes) -> tuple[int, int]:
    """Where the header of a file begins and ends, from its first bytes; raises PackageError, PackageTooNew."""
    begin = len(MAGIC) + LENGTH_BYTES
    if not start.startswith(MAGIC):
        if start.startswith(b"outpost-package/"):
            raise PackageTooNew("The package has another format; build it and read it with the same version.")
        raise PackageError("This is no Outpost package; choose a file that was built as one.")
    size = int.from_bytes(start[len(MAGIC) : begin], "big")
    if len(start) < begin or size > MAX_HEADER_BYTES:
        raise PackageError("The package ends inside its header; fetch it again.")
    return begin, begin + size


def read_package(data: bytes) -> Package:
    """Take a package file apart within its limits; raises PackageError. Proves nothing yet: see `open_package`."""
    if len(data) > MAX_FILE_BYTES:
        raise PackageError(f"The package has {len(data)} bytes; {MAX_FILE_BYTES} are allowed.")
    begin, end = cut_file(data[: len(MAGIC) + LENGTH_BYTES])
    header = read_header(data[begin:end])
    body = memoryview(data)[end:]
    if len(body) != header.size:
        raise PackageError("The package file is too short or too long; fetch it again.")
    chunks, place = {}, 0
    for name, entry in chunks_of(header.manifest).items():
        chunks[name] = bytes(body[place : place + entry.stored_size])
        place += entry.stored_size
    return Package(header=header, chunks=chunks)


def root_key_of(package: Package) -> bytes:
    """The root key (32 bytes) a package claims; whoever trusts it on first use remembers it from then on."""
    return _root_key_of(package.header)


def check_package(package: Package, trusted_root: bytes) -> None:
    """Prove root → key list → manifest → chunks; raises PackageError. The tables are proved by reading them."""
    check_header(package.header, trusted_root)
    for entry in chunks_of(package.manifest).values():
        read_chunk(entry, package.fetch)


def read_rows(package: Package, trusted_root: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row of a full package as (table, row), in order. Ends, or raises PackageError.

    Rows that came before the error are not proved: whoever applies them must be able to take all of it back.
    """
    check_header(package.header, trusted_root)
    if package.manifest.kind != FULL:
        raise PackageError("The package only changes another one; a full package is needed here.")
    for batch in read_parts(package.manifest, package.fetch):
        columns = TABLES[batch.part.name]
        for cells in batch.rows:
            yield batch.part.name, dict(zip(columns, cells, strict=True))


def open_package(data: bytes | Package, trusted_root: bytes) -> dict[str, list[dict[str, Any]]]:
    """All tables of a genuine full package, completely verified; raises PackageError."""
    package = data if isinstance(data, Package) else read_package(data)
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for table, row in read_rows(package, trusted_root):
        tables[table].append(row)
    return tables
