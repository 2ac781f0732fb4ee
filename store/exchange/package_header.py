"""The signed part of a data package: who vouches for it, and what it consists of (docs/packages.md).

    header   = canonical JSON {"keys", "keys_signature", "manifest", "manifest_signature"}
    keys     = canonical JSON {"format", "root_key", "issued_ms", "keys": [package keys]}, signed by the root key
    manifest = canonical JSON, signed by one of those package keys; names every chunk by size and SHA-256 and
               every table by its counts and hashes

A register knows the root key from its enrolment, so trust goes root → key list → manifest → chunks → tables.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.exchange.canonical import NotCanonical, canonical, parse_canonical
from store.exchange.package_tables import MAX_LINE_BYTES
from store.exchange.record import key_id_of, public_bytes, verify_text
from store.exchange.set_hash import HASH_DIGITS

FORMAT = "outpost-package-2"
KEYS_FORMAT = "outpost-keys-1"
READER = 2
"""The version of this reader; a manifest may ask for a newer one by `min_reader`."""
SCHEMA = 2
"""Raised with every new table or column, so that a program sees that a file was made by another one."""
FULL, DELTA = "full", "delta"

MAX_HEADER_BYTES = 4 * 1024 * 1024
MAX_PARTS = 64
MAX_CHUNKS = 16_384
MAX_CHUNK_RAW_BYTES = 1024 * 1024
MAX_CHUNK_STORED_BYTES = MAX_CHUNK_RAW_BYTES + 65_536
MAX_ROWS = 50_000_000
MAX_COLUMNS = 64

_KEYS_TAG = b"outpost/keys/v1\0"
_MANIFEST_TAG = b"outpost/package/v2\0"
assert MAX_LINE_BYTES < MAX_CHUNK_RAW_BYTES, "a chunk holds whole lines"

Document = TypeVar("Document")


class PackageError(ValueError):
    """A package is damaged, forged or too large; the message is one sentence.

    PackageError
    ├── PackageTooNew   it is for a newer program: update this one
    └── ChunkDamaged    one chunk is not what the manifest names: fetch that one again
    """


class PackageTooNew(PackageError):
    """The package is for a newer program."""


class ChunkDamaged(PackageError):
    """A chunk is not what the signed manifest announces; `sha256` names it."""

    def __init__(self, sha256: str, sentence: str = "") -> None:
        super().__init__(sentence or f"The chunk {sha256[:12]} of the package is damaged; fetch it again.")
        self.sha256 = sha256


class ChunkEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A chunk as the manifest announces it; sizes in bytes, digest in hex over the stored bytes."""

    sha256: str
    stored_size: int
    raw_size: int


class TablePart(msgspec.Struct, frozen=True, kw_only=True):
    """What a package does to one table.

    `mode` full replaces the table, delta changes it. `offline` false: offline databases keep the table empty.
    `columns` is the number of cells of a row. `rows` and `deletes` count lines, `sha256` is the digest of all lines
    with their line ends. `total_rows` and `total_hash` (`SetHash`) describe the whole table afterwards.
    """

    name: str
    mode: str
    offline: bool
    columns: int
    rows: int
    deletes: int
    sha256: str
    total_rows: int
    total_hash: str
    chunks: tuple[ChunkEntry, ...]

    @property
    def size(self) -> int:
        """Stored bytes of its chunks."""
        return sum(entry.stored_size for entry in self.chunks)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a package holds. Times are milliseconds since 1970 UTC, 0 for none; fields are only ever added.

    `base_seq` is the package whose tables a delta changes, 0 for a full package, whose unlisted tables are empty.
    """

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
    parts: tuple[TablePart, ...]
    store: str = ""
    data_group: str = ""
    job: str = ""

    @property
    def content_hash(self) -> str:
        """One text for what the touched tables hold afterwards; equal for equal tables."""
        return "\n".join(f"{part.name} {part.total_rows} {part.total_hash}" for part in self.parts)


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


class PackageHeader(msgspec.Struct, frozen=True, kw_only=True):
    """A header taken apart. Only `check_header` proves that it is genuine."""

    manifest: Manifest
    manifest_bytes: bytes
    manifest_signature: bytes
    keys: SignedKeyList

    @property
    def size(self) -> int:
        """Stored bytes of all chunks, each counted once."""
        return sum(entry.stored_size for entry in chunks_of(self.manifest).values())

    @property
    def key_list(self) -> KeyList:
        """The list of package keys; raises PackageError."""
        return _decode(self.keys.document, KeyList, "key list")


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


def sign_manifest(manifest: Manifest, key: Ed25519PrivateKey, keys: SignedKeyList) -> PackageHeader:
    """The header of a package: the manifest with its signer's id, signed by a package key that `keys` lists."""
    manifest = msgspec.structs.replace(manifest, key_id=key_id_of(public_bytes(key)))
    document = canonical(msgspec.to_builtins(manifest))
    return PackageHeader(
        manifest=manifest,
        manifest_bytes=document,
        manifest_signature=key.sign(_MANIFEST_TAG + document),
        keys=keys,
    )


def write_header(header: PackageHeader) -> bytes:
    """The header as it travels; these very bytes are what a digest of the header is about."""
    return canonical(
        {
            "keys": header.keys.document.decode(),
            "keys_signature": header.keys.signature.hex(),
            "manifest": header.manifest_bytes.decode(),
            "manifest_signature": header.manifest_signature.hex(),
        }
    )


def read_header(data: bytes) -> PackageHeader:
    """Take a header apart within its limits; raises PackageError. Proves nothing yet: see `check_header`."""
    if len(data) > MAX_HEADER_BYTES:
        raise PackageError(f"The package's header has {len(data)} bytes; {MAX_HEADER_BYTES} are allowed.")
    header = _decode(data, _Header, "header")
    document = header.manifest.encode()
    manifest = _decode_manifest(document)
    return PackageHeader(
        manifest=manifest,
        manifest_bytes=document,
        manifest_signature=_unhex(header.manifest_signature, 64),
        keys=SignedKeyList(document=header.keys.encode(), signature=_unhex(header.keys_signature, 64)),
    )


def root_key_of(header: PackageHeader) -> bytes:
    """The root key (32 bytes) a package claims; whoever trusts it on first use remembers it from then on."""
    return _unhex(header.key_list.root_key, 32)


def check_header(header: PackageHeader, trusted_root: bytes) -> None:
    """Prove root → key list → manifest; raises PackageError. Chunks and tables are proved by reading them."""
    listed = header.key_list
    if listed.format != KEYS_FORMAT or _unhex(listed.root_key, 32) != trusted_root:
        raise PackageError(
            "The package belongs to another root key; use packages of this store's headquarters."
        )
    if not verify_text(trusted_root, _KEYS_TAG + header.keys.document, header.keys.signature):
        raise PackageError("The package's key list is not signed by the root key.")
    signers = {key_id_of(key): key for key in (_unhex(text, 32) for text in listed.keys)}
    signer = signers.get(header.manifest.key_id)
    if signer is None:
        raise PackageError("The package is signed by a key that the root key does not vouch for.")
    if not verify_text(signer, _MANIFEST_TAG + header.manifest_bytes, header.manifest_signature):
        raise PackageError("The package's manifest is not signed by its key.")


def _every_part(_part: TablePart) -> bool:
    return True


def chunks_of(manifest: Manifest, wants: Callable[[TablePart], bool] = _every_part) -> dict[str, ChunkEntry]:
    """The chunks of the wanted parts by their digest, in order; equal chunks count once."""
    return {entry.sha256: entry for part in manifest.parts if wants(part) for entry in part.chunks}


def _decode_manifest(document: bytes) -> Manifest:
    # What a newer format needs is said before anything else about it can be wrong.
    found = _parse(document, "manifest")
    needed = found.get("min_reader")
    if found.get("format") != FORMAT or not isinstance(needed, int) or needed > READER:
        raise PackageTooNew("The package is for a newer program; update this one first.")
    manifest = _convert(found, Manifest, "manifest")
    _check_manifest(manifest)
    for part in manifest.parts:
        _check_part(part)
    return manifest


def _check_manifest(manifest: Manifest) -> None:
    if manifest.package_seq < 1 or manifest.kind not in (FULL, DELTA):
        raise PackageError("The package has no number, or is neither full nor a delta.")
    if not (
        0 < manifest.base_seq < manifest.package_seq if manifest.kind == DELTA else not manifest.base_seq
    ):
        raise PackageError("The package names an impossible base.")
    names = [part.name for part in manifest.parts]
    if len(names) > MAX_PARTS or len(set(names)) != len(names):
        raise PackageError("The package names a table twice, or too many of them.")
    if sum(len(part.chunks) for part in manifest.parts) > MAX_CHUNKS:
        raise PackageError("The package announces more chunks than are allowed.")
    if manifest.kind == FULL and any(part.mode != FULL for part in manifest.parts):
        raise PackageError("The package is full and changes a table that is not there.")


def _check_part(part: TablePart) -> None:
    if part.mode not in (FULL, DELTA) or not 1 < part.columns <= MAX_COLUMNS:
        raise PackageError(f"The package does something unknown to table {part.name:.60}.")
    if min(part.rows, part.deletes, part.total_rows) < 0 or max(part.rows, part.total_rows) > MAX_ROWS:
        raise PackageError("The package announces more rows than are allowed.")
    if part.mode == FULL and (part.deletes or part.rows != part.total_rows):
        raise PackageError(f"The package contradicts itself about table {part.name:.60}.")
    for digest in (part.sha256, part.total_hash, *(entry.sha256 for entry in part.chunks)):
        if len(digest) != HASH_DIGITS or digest.strip("0123456789abcdef"):
            raise PackageError("The package names a digest that is none.")
    for entry in part.chunks:
        if (
            not 0 < entry.stored_size <= MAX_CHUNK_STORED_BYTES
            or not 0 < entry.raw_size <= MAX_CHUNK_RAW_BYTES
        ):
            raise PackageError("The package announces a chunk of an impossible size.")


def _decode(data: bytes, kind: type[Document], what: str) -> Document:
    return _convert(_parse(data, what), kind, what)


def _parse(data: bytes, what: str) -> dict[str, Any]:
    try:
        return parse_canonical(data)
    except NotCanonical as error:
        raise PackageError(f"The package's {what} is damaged; fetch it again.") from error


def _convert(document: dict[str, Any], kind: type[Document], what: str) -> Document:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
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
