"""Data packages: what a shop sells and who works there, signed, in one file (docs/packages.md).

    file     = "outpost-package/1" 0A ‖ u32be(len(header)) ‖ header ‖ chunk 0 ‖ chunk 1 ‖ ...
    header   = canonical JSON {"keys", "keys_signature", "manifest", "manifest_signature"}
    keys     = canonical JSON {"format", "root_key", "issued_ms", "keys": [package keys]}, signed by the root key
    manifest = canonical JSON, signed by one of those package keys; names every chunk by size and SHA-256 and
               every table by row count and content hash

A register knows the root key from its enrolment, so trust goes root → key list → manifest → chunks → tables.
Chunks are zstd frames of a declared size: nothing is unpacked beyond what the signed manifest announces.
"""

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.exchange.canonical import NotCanonical, canonical, parse_canonical
from store.exchange.package_tables import TABLES, Row, RowError, content_hash, decode_row, table_lines
from store.exchange.record import key_id_of, public_bytes, verify_text

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FORMAT = "outpost-package-1"
KEYS_FORMAT = "outpost-keys-1"
READER = 1
"""The version of this reader; a manifest may ask for a newer one by `min_reader`."""
MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_HEADER_BYTES = 1024 * 1024
MAX_CHUNKS = 2_048
MAX_CHUNK_RAW_BYTES = 4 * 1024 * 1024
MAX_CHUNK_STORED_BYTES = MAX_CHUNK_RAW_BYTES + 65_536
MAX_ROWS = 20_000_000
MAX_LINE_BYTES = 65_536

_MAGIC = b"outpost-package/1\n"
_KEYS_TAG = b"outpost/keys/v1\0"
_MANIFEST_TAG = b"outpost/package/v1\0"
_CHUNK_RAW_BYTES = 1024 * 1024
_ZSTD_LEVEL = 3
_WINDOW_LOG_MAX = 23


Document = TypeVar("Document")


class PackageError(ValueError):
    """A package is damaged, forged, too large or for a newer program; the message is one sentence."""


class ChunkEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk as the manifest announces it; sizes in bytes, digest in hex over the stored bytes."""

    stored_size: int
    raw_size: int
    sha256: str


class TableEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A table as the manifest announces it; the digest is its content hash."""

    name: str
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a package holds. Times are milliseconds since 1970 UTC, 0 for none; fields are only ever added."""

    format: str
    min_reader: int
    dataset: str
    package_seq: int
    kind: str
    base_seq: int
    schema: int
    created_ms: int
    effective_from_ms: int
    expires_ms: int
    key_id: str
    raw_sha256: str
    chunks: tuple[ChunkEntry, ...]
    tables: tuple[TableEntry, ...]


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    """The package keys (hex) that a root key vouches for."""

    format: str
    root_key: str
    issued_ms: int
    keys: tuple[str, ...]


class SignedKeyList(msgspec.Struct, frozen=True, kw_only=True):
    """A key list as exact bytes, and the root key's signature over them."""

    document: bytes
    signature: bytes


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """A package taken apart. Only `open_package` proves that it is genuine."""

    manifest: Manifest
    manifest_bytes: bytes
    manifest_signature: bytes
    keys: SignedKeyList
    chunks: tuple[bytes, ...]

    @property
    def content_sha256(self) -> str:
        """One digest (hex) for what the package contains, equal for equal tables."""
        return content_hash(
            f"{entry.name} {entry.rows} {entry.sha256}\n".encode() for entry in self.manifest.tables
        )


class _Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    keys: str
    keys_signature: str
    manifest: str
    manifest_signature: str


def endorse_keys(root: Ed25519PrivateKey, package_keys: Iterable[bytes], *, issued_ms: int) -> SignedKeyList:
    """The list of package keys (32 bytes each) with the root key's signature."""
    listed = KeyList(
        format=KEYS_FORMAT,
        root_key=public_bytes(root).hex(),
        issued_ms=issued_ms,
        keys=tuple(key.hex() for key in package_keys),
    )
    document = canonical(msgspec.to_builtins(listed))
    return SignedKeyList(document=document, signature=root.sign(_KEYS_TAG + document))


def build_package(
    tables: Mapping[str, Iterable[Row]],
    *,
    seq: int,
    created_ms: int,
    key: Ed25519PrivateKey,
    keys: SignedKeyList,
    dataset: str = "catalog",
) -> Package:
    """A full package of the given tables, signed by a package key that `keys` lists; raises RowError."""
    entries: list[TableEntry] = []
    raw = bytearray()
    for table, lines in table_lines(tables):
        entries.append(TableEntry(name=table, rows=len(lines), sha256=content_hash(lines)))
        raw += b"".join(lines)
    chunks = tuple(_compress(raw))
    manifest = Manifest(
        format=FORMAT,
        min_reader=READER,
        dataset=dataset,
        package_seq=seq,
        kind="full",
        base_seq=0,
        schema=1,
        created_ms=created_ms,
        effective_from_ms=0,
        expires_ms=0,
        key_id=key_id_of(public_bytes(key)),
        raw_sha256=hashlib.sha256(raw).hexdigest(),
        chunks=tuple(entry for entry, _ in chunks),
        tables=tuple(entries),
    )
    document = canonical(msgspec.to_builtins(manifest))
    return Package(
        manifest=manifest,
        manifest_bytes=document,
        manifest_signature=key.sign(_MANIFEST_TAG + document),
        keys=keys,
        chunks=tuple(stored for _, stored in chunks),
    )


def write_package(package: Package) -> bytes:
    """The package as one file."""
    header = canonical(
        {
            "keys": package.keys.document.decode(),
            "keys_signature": package.keys.signature.hex(),
            "manifest": package.manifest_bytes.decode(),
            "manifest_signature": package.manifest_signature.hex(),
        }
    )
    return b"".join((_MAGIC, len(header).to_bytes(4, "big"), header, *package.chunks))


def read_package(data: bytes) -> Package:
    """Take a package file apart within its limits; raises PackageError. Proves nothing yet: see `open_package`."""
    if len(data) > MAX_FILE_BYTES:
        raise PackageError(f"The package has {len(data)} bytes; {MAX_FILE_BYTES} are allowed.")
    if not data.startswith(_MAGIC):
        raise PackageError("This is no Outpost package; choose a file that was built as one.")
    start = len(_MAGIC) + 4
    size = int.from_bytes(data[len(_MAGIC) : start], "big")
    if size > min(MAX_HEADER_BYTES, len(data) - start):
        raise PackageError("The package ends inside its header; fetch it again.")
    header = _decode(data[start : start + size], _Header, "header")
    document = header.manifest.encode()
    manifest = _decode(document, Manifest, "manifest")
    _check_manifest(manifest)
    return Package(
        manifest=manifest,
        manifest_bytes=document,
        manifest_signature=_unhex(header.manifest_signature, 64),
        keys=SignedKeyList(document=header.keys.encode(), signature=_unhex(header.keys_signature, 64)),
        chunks=_cut(memoryview(data)[start + size :], manifest),
    )


def root_key_of(package: Package) -> bytes:
    """The root key (32 bytes) a package claims; whoever trusts it on first use remembers it from then on."""
    return _unhex(_decode(package.keys.document, KeyList, "key list").root_key, 32)


def check_package(package: Package, trusted_root: bytes) -> None:
    """Prove root → key list → manifest → chunks; raises PackageError. The tables are proved by reading them."""
    listed = _decode(package.keys.document, KeyList, "key list")
    if listed.format != KEYS_FORMAT or _unhex(listed.root_key, 32) != trusted_root:
        raise PackageError(
            "The package belongs to another root key; use packages of this store's headquarters."
        )
    if not verify_text(trusted_root, _KEYS_TAG + package.keys.document, package.keys.signature):
        raise PackageError("The package's key list is not signed by the root key.")
    signers = {key_id_of(key): key for key in (_unhex(text, 32) for text in listed.keys)}
    signer = signers.get(package.manifest.key_id)
    if signer is None:
        raise PackageError("The package is signed by a key that the root key does not vouch for.")
    if not verify_text(signer, _MANIFEST_TAG + package.manifest_bytes, package.manifest_signature):
        raise PackageError("The package's manifest is not signed by its key.")
    for number, (entry, stored) in enumerate(zip(package.manifest.chunks, package.chunks, strict=True)):
        if hashlib.sha256(stored).hexdigest() != entry.sha256:
            raise PackageError(f"Chunk {number} of the package is damaged; fetch it again.")


def read_rows(package: Package, trusted_root: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row as (table, row), in order, for applying in a stream. Ends, or raises PackageError.

    Rows that came before the error are not proved: whoever applies them must be able to take all of it back.
    """
    check_package(package, trusted_root)
    lines = _lines(package)
    whole = hashlib.sha256()
    for entry in package.manifest.tables:
        digest = hashlib.sha256()
        for _ in range(entry.rows):
            line = next(lines, None)
            if line is None:
                raise PackageError(f"Table {entry.name} has fewer rows than the package announces.")
            digest.update(line)
            try:
                yield entry.name, decode_row(entry.name, line)
            except RowError as error:
                raise PackageError(str(error)) from error
            whole.update(line)
        if digest.hexdigest() != entry.sha256:
            raise PackageError(f"Table {entry.name} is not what the package announces.")
    if next(lines, None) is not None or whole.hexdigest() != package.manifest.raw_sha256:
        raise PackageError("The package holds more than it announces.")


def open_package(data: bytes | Package, trusted_root: bytes) -> dict[str, list[dict[str, Any]]]:
    """All tables of a genuine package, completely verified; raises PackageError."""
    package = data if isinstance(data, Package) else read_package(data)
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for table, row in read_rows(package, trusted_root):
        tables[table].append(row)
    return tables


def _compress(raw: bytearray) -> Iterator[tuple[ChunkEntry, bytes]]:
    for start in range(0, len(raw), _CHUNK_RAW_BYTES):
        part = bytes(raw[start : start + _CHUNK_RAW_BYTES])
        stored = zstd.compress(part, level=_ZSTD_LEVEL)
        digest = hashlib.sha256(stored).hexdigest()
        yield ChunkEntry(stored_size=len(stored), raw_size=len(part), sha256=digest), stored


def _decompress(entry: ChunkEntry, stored: bytes) -> bytes:
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX}
    unpacker = zstd.ZstdDecompressor(options=options)
    try:
        raw = unpacker.decompress(stored, max_length=entry.raw_size + 1)
    except zstd.ZstdError as error:
        raise PackageError("A chunk of the package cannot be unpacked; fetch it again.") from error
    if len(raw) != entry.raw_size or not unpacker.eof or unpacker.unused_data:
        raise PackageError("A chunk of the package does not unpack to its announced size.")
    return raw


def _lines(package: Package) -> Iterator[bytes]:
    rest = b""
    for entry, stored in zip(package.manifest.chunks, package.chunks, strict=True):
        *complete, rest = (rest + _decompress(entry, stored)).split(b"\n")
        for line in complete:
            yield line + b"\n"
        if len(rest) > MAX_LINE_BYTES:
            raise PackageError("A row of the package is too long.")
    if rest:
        raise PackageError("The package ends inside a row.")


def _check_manifest(manifest: Manifest) -> None:
    if manifest.format != FORMAT or manifest.min_reader > READER:
        raise PackageError("The package is for a newer program; update this one first.")
    if manifest.kind != "full" or manifest.package_seq < 1:
        raise PackageError("The package is no full package with a number; this program reads only those.")
    if [entry.name for entry in manifest.tables] != list(TABLES):
        raise PackageError("The package does not hold the tables this program expects.")
    rows = [entry.rows for entry in manifest.tables]
    if min(rows) < 0 or sum(rows) > MAX_ROWS or len(manifest.chunks) > MAX_CHUNKS:
        raise PackageError("The package announces more rows or chunks than are allowed.")
    for entry in manifest.chunks:
        if (
            not 0 < entry.stored_size <= MAX_CHUNK_STORED_BYTES
            or not 0 < entry.raw_size <= MAX_CHUNK_RAW_BYTES
        ):
            raise PackageError("The package announces a chunk of an impossible size.")


def _cut(body: memoryview, manifest: Manifest) -> tuple[bytes, ...]:
    if len(body) != sum(entry.stored_size for entry in manifest.chunks):
        raise PackageError("The package file is too short or too long; fetch it again.")
    chunks, start = [], 0
    for entry in manifest.chunks:
        chunks.append(bytes(body[start : start + entry.stored_size]))
        start += entry.stored_size
    return tuple(chunks)


def _decode(data: bytes, kind: type[Document], what: str) -> Document:
    try:
        return msgspec.convert(parse_canonical(data), kind)
    except (NotCanonical, msgspec.ValidationError) as error:
        raise PackageError(f"The package's {what} is damaged; fetch it again.") from error


def _unhex(text: str, size: int) -> bytes:
    # Only the one spelling that is written is read: an upper-case digit is a flipped bit.
    try:
        value = bytes.fromhex(text)
    except ValueError as error:
        raise PackageError("A key or signature in the package is no hexadecimal.") from error
    if len(value) != size or value.hex() != text:
        raise PackageError("A key or signature in the package is damaged.")
    return value
