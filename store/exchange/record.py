"""A journal record: its place in the chain, its hash and its signature (docs/offline-protocol.md 3.3).

    genesis      = SHA-256( "outpost/genesis/v1" 00 ‖ u16be(len(series)) ‖ series ‖ public key[32] )
    hash(n)      = SHA-256( "outpost/record/v1"  00 ‖ u64be(seq) ‖ prev[32] ‖ u32be(len(payload)) ‖ payload )
    signature(n) = Ed25519( "outpost/sign/v1"    00 ‖ hash(n) )

The tags and length prefixes keep one kind of signed bytes from ever being read as another.
"""

import base64
import functools
import hashlib

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from store.exchange.canonical import NotCanonical, parse_document
from store.exchange.messages import MAX_PAYLOAD_BYTES, WireRecord

PAYLOAD_VERSION = 1
HASH_BYTES = 32
SIGNATURE_BYTES = 64
_GENESIS_TAG = b"outpost/genesis/v1\0"
_RECORD_TAG = b"outpost/record/v1\0"
_SIGN_TAG = b"outpost/sign/v1\0"
_KEY_TAG = b"outpost/key/v1\0"


class RecordError(ValueError):
    """Bytes that cannot be a record, such as a hash of the wrong length."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One record as it is stored and sent; `payload` is the exact canonical text in UTF-8.

    An empty `signature` means that the signing key was unavailable, which the payload then says itself
    (`sig_state` is "unavailable").
    """

    seq: int
    payload: bytes
    prev: bytes
    hash: bytes
    signature: bytes
    key_id: str


def genesis(series: str, public_key: bytes) -> bytes:
    """What stands in the place of the hash before record 1; binds the series to the register's key (32 bytes)."""
    name = series.encode()
    return hashlib.sha256(_GENESIS_TAG + len(name).to_bytes(2, "big") + name + public_key).digest()


def record_hash(seq: int, prev: bytes, payload: bytes) -> bytes:
    """The hash of a record; raises RecordError when `prev` is no hash."""
    if len(prev) != HASH_BYTES:
        raise RecordError(f"A hash has {HASH_BYTES} bytes, not {len(prev)}.")
    head = _RECORD_TAG + seq.to_bytes(8, "big") + prev + len(payload).to_bytes(4, "big")
    return hashlib.sha256(head + payload).digest()


def signed_text(hash_: bytes) -> bytes:
    """What the signature of a record with that hash is over."""
    return _SIGN_TAG + hash_


def sign(key: Ed25519PrivateKey, hash_: bytes) -> bytes:
    """The signature (64 bytes) over a record's hash."""
    return key.sign(signed_text(hash_))


def verify(public_key: bytes, hash_: bytes, signature: bytes) -> bool:
    """Whether the signature over the hash was made by the holder of the public key (32 bytes)."""
    return verify_text(public_key, signed_text(hash_), signature)


def verify_text(public_key: bytes, text: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature over any signed text of the exchange is genuine."""
    try:
        _loaded(public_key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


@functools.lru_cache(maxsize=1_024)
def _loaded(public_key: bytes) -> Ed25519PublicKey:
    """A key made ready, which costs a twentieth of a verification."""
    return Ed25519PublicKey.from_public_bytes(public_key)


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of the public half."""
    return key.public_key().public_bytes_raw()


def key_id_of(public_key: bytes) -> str:
    """A short name of a key, kept with each record: 16 hexadecimal digits."""
    return hashlib.sha256(_KEY_TAG + public_key).hexdigest()[:16]


def make_record(seq: int, prev: bytes, payload: bytes, key: Ed25519PrivateKey | None, key_id: str) -> Record:
    """Hash and sign a canonical payload; without a key the record stays unsigned (the payload must say so)."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise RecordError(f"A record has {len(payload)} bytes; {MAX_PAYLOAD_BYTES} are allowed.")
    hash_ = record_hash(seq, prev, payload)
    signature = b"" if key is None else sign(key, hash_)
    return Record(seq=seq, payload=payload, prev=prev, hash=hash_, signature=signature, key_id=key_id)


def declares_unsigned(payload: bytes) -> bool:
    """Whether a payload says itself that the signing key was unavailable."""
    try:
        return parse_document(payload).get("sig_state") == "unavailable"
    except NotCanonical:
        return False


def fingerprint(hash_: bytes) -> str:
    """Eight base32 characters of a record's hash, printed on the receipt so that paper proves the record."""
    return base64.b32encode(hash_[:5]).decode()


def to_wire(record: Record) -> WireRecord:
    """The record as it travels."""
    return WireRecord(
        seq=record.seq,
        payload=record.payload.decode(),
        prev=record.prev.hex(),
        hash=record.hash.hex(),
        signature=record.signature.hex(),
        key_id=record.key_id,
    )


def from_wire(wire: WireRecord) -> Record:
    """The record of what travelled; raises RecordError when a field is no hexadecimal of its length."""
    try:
        record = Record(
            seq=wire.seq,
            payload=wire.payload.encode(),
            prev=bytes.fromhex(wire.prev),
            hash=bytes.fromhex(wire.hash),
            signature=bytes.fromhex(wire.signature),
            key_id=wire.key_id,
        )
    except ValueError as error:
        raise RecordError(f"Record {wire.seq} is not in its form: {error}.") from error
    if len(record.hash) != HASH_BYTES or len(record.prev) != HASH_BYTES:
        raise RecordError(f"Record {wire.seq} has a hash of the wrong length.")
    if len(record.signature) not in (0, SIGNATURE_BYTES) or not 1 <= record.seq < 2**63:
        raise RecordError(f"Record {wire.seq} has a signature of the wrong length or an impossible number.")
    return record
