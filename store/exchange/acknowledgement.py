"""Who decides what about a record that arrives, and about an acknowledgement that comes back.

`judge` is the accept stage of the server (docs/offline-protocol.md 3.5), `advance` the register's side of it
(3.4). Both are pure: what is stored already comes in as an argument.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.exchange.canonical import NotCanonical, parse_canonical, parse_document
from store.exchange.messages import MAX_PAYLOAD_BYTES, BatchAnswer, WireRecord, ack_text
from store.exchange.record import (
    PAYLOAD_VERSION,
    Record,
    RecordError,
    declares_unsigned,
    from_wire,
    record_hash,
    verify,
    verify_text,
)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a series as one side knows it: last seq (0 for none) and its hash (the genesis for 0)."""

    seq: int
    hash: bytes


class SeriesFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the server knows of a series beside its records.

    `closed` says that a newer epoch exists; `recovery_granted` that a supervisor allowed the old one to be
    completed all the same.
    """

    series: str
    public_key: bytes
    key_id: str
    closed: bool = False
    recovery_granted: bool = False


class Outcome(StrEnum):
    """What becomes of one record."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    FENCED = "fenced"
    REJECTED = "rejected"
    FORK = "fork"
    GAP = "gap"


class Flag(StrEnum):
    """Why an accepted record needs a second look in posting; refusing it would block the uplink for ever."""

    NOT_CANONICAL = "not-canonical"
    UNKNOWN_VERSION = "unknown-version"
    WRONG_SERIES = "wrong-series"
    WRONG_SEQ = "wrong-seq"
    NO_KIND = "no-kind"
    NO_TXN_ID = "no-txn-id"
    UNSIGNED = "unsigned"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The decision about one record. `expected` is the next seq the server wants (GAP only)."""

    outcome: Outcome
    reason: str = ""
    flags: tuple[Flag, ...] = ()
    expected: int = 0


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """A record looked at by itself, before anybody asks where it belongs: why it cannot be genuine, or its oddities.

    `record` is None when the bytes cannot be a record at all; the complaint says why.
    """

    record: Record | None
    complaint: str = ""
    flags: tuple[Flag, ...] = ()
    document: Mapping[str, Any] | None = None
    """What a genuine record says, where `examine` read it."""


def examine(facts: SeriesFacts, wire: WireRecord) -> Examined:
    """Read and verify one record. Slow (a signature takes 0.05 ms) and needs nothing but the series' key."""
    return examine_all(facts, (wire,))[0]


def examine_all(facts: SeriesFacts, wires: Sequence[WireRecord]) -> tuple[Examined, ...]:
    """Read and verify records, those that follow each other together (`chain_signatures`)."""
    from store.exchange.chain_signatures import (
        verify_linked,
    )  # its library is a server's; a register has no use for it

    found = [_read(facts, wire) for wire in wires]
    signed = [
        each.record
        for each in found
        if each.record is not None and each.record.signature and not each.complaint
    ]
    together = verify_linked(facts.public_key, signed)
    return tuple(_finished(facts, each, together) for each in found)


def _read(facts: SeriesFacts, wire: WireRecord) -> Examined:
    """A record with all that is wrong with it but for its signature."""
    try:
        record = from_wire(wire)
    except RecordError as error:
        return Examined(record=None, complaint=str(error))
    return Examined(record=record, complaint=_misshape(facts, record))


def _finished(facts: SeriesFacts, each: Examined, signatures_hold: bool) -> Examined:
    record = each.record
    if record is None or each.complaint:
        return each
    if not (signatures_hold and record.signature) and (complaint := _unsigned(facts, record)):
        return Examined(record=record, complaint=complaint)
    flags, document = _inspect(facts.series, record)
    return Examined(record=record, flags=flags, document=document)


def judge(head: Head, facts: SeriesFacts, record: Record, stored_hash: bytes | None = None) -> Verdict:
    """Decide one record against the head of its series.

    `stored_hash` is the hash the server holds at `record.seq`, needed when that is not above the head.
    """
    complaint = _complaint(facts, record)
    flags = () if complaint else inspect(facts.series, record)
    return place(head, facts, Examined(record=record, complaint=complaint, flags=flags), stored_hash)


def place(head: Head, facts: SeriesFacts, examined: Examined, stored_hash: bytes | None = None) -> Verdict:
    """Decide one examined record against the head of its series, as `judge`."""
    if facts.closed and not facts.recovery_granted:
        return Verdict(outcome=Outcome.FENCED, reason="A newer epoch of this register exists.")
    record = examined.record
    if examined.complaint or record is None:
        return Verdict(outcome=Outcome.REJECTED, reason=examined.complaint)
    if record.seq > head.seq + 1:
        reason = f"Record {head.seq + 1} is expected next."
        return Verdict(outcome=Outcome.GAP, reason=reason, expected=head.seq + 1)
    if record.seq <= head.seq:
        if stored_hash == record.hash:
            return Verdict(outcome=Outcome.DUPLICATE)
        return Verdict(outcome=Outcome.FORK, reason=f"Another record {record.seq} is stored already.")
    if record.prev != head.hash:
        return Verdict(outcome=Outcome.FORK, reason=f"Record {record.seq} does not follow record {head.seq}.")
    return Verdict(outcome=Outcome.ACCEPTED, flags=examined.flags)


def _complaint(facts: SeriesFacts, record: Record) -> str:
    """Why the record cannot come from this series' register, or nothing."""
    return _misshape(facts, record) or _unsigned(facts, record)


def _misshape(facts: SeriesFacts, record: Record) -> str:
    """What is wrong with the record, whoever signed it, or nothing."""
    if len(record.payload) > MAX_PAYLOAD_BYTES:
        return f"The payload has {len(record.payload)} bytes; {MAX_PAYLOAD_BYTES} are allowed."
    if record.key_id != facts.key_id:
        return "The record names another key than the one enrolled."
    if record_hash(record.seq, record.prev, record.payload) != record.hash:
        return "The hash does not belong to the payload."
    return ""


def _unsigned(facts: SeriesFacts, record: Record) -> str:
    """What is wrong with the signature, or nothing."""
    if not record.signature:
        return "" if declares_unsigned(record.payload) else "The signature is missing."
    if not verify(facts.public_key, record.hash, record.signature):
        return "The signature is not by the enrolled key."
    return ""


def inspect(series: str, record: Record) -> tuple[Flag, ...]:
    """What is odd about the content of a genuine record; empty for a sound one."""
    return _inspect(series, record)[0]


def _inspect(series: str, record: Record) -> tuple[tuple[Flag, ...], dict[str, Any] | None]:
    canonical = True
    try:
        document = parse_canonical(record.payload)
    except NotCanonical:
        canonical = False
        try:
            document = parse_document(record.payload)
        except NotCanonical:
            return (Flag.NOT_CANONICAL,), None
    sound = canonical and document.get("v") == PAYLOAD_VERSION and document.get("series") == series
    named = isinstance(document.get("kind"), str) and isinstance(document.get("txn_id"), str)
    if sound and named and document.get("seq") == record.seq and record.signature:
        return (), document  # as nearly all are
    oddities = {
        Flag.NOT_CANONICAL: not canonical,
        Flag.UNKNOWN_VERSION: document.get("v") != PAYLOAD_VERSION,
        Flag.WRONG_SERIES: document.get("series") != series,
        Flag.WRONG_SEQ: document.get("seq") != record.seq,
        Flag.NO_KIND: not isinstance(document.get("kind"), str),
        Flag.NO_TXN_ID: not isinstance(document.get("txn_id"), str),
        Flag.UNSIGNED: not record.signature,
    }
    return tuple(flag for flag, found in oddities.items() if found), document


class Progress(StrEnum):
    """What an acknowledgement (or a head) from the server means for the register."""

    ADVANCED = "advanced"
    UNCHANGED = "unchanged"
    SERVER_BEHIND = "server_behind"
    """The server lost what it had acknowledged (restored from a backup): send again from its head."""
    FORK = "fork"
    """The server holds other bytes at that place: hold the series, keep everything."""
    ROLLED_BACK = "rolled_back"
    """The server knows records that we do not: our disk was set back, this series must not grow."""


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """The new watermark and why. It stays as it was for FORK and ROLLED_BACK."""

    progress: Progress
    watermark: Head


def advance(watermark: Head, acked: Head, own_hash: bytes | None) -> Advance:
    """Compare what the server says it holds with our own record at that place.

    `own_hash` is our hash at `acked.seq` (the genesis hash for 0), or None when we have no such record.
    """
    if own_hash is None:
        return Advance(progress=Progress.ROLLED_BACK, watermark=watermark)
    if own_hash != acked.hash:
        return Advance(progress=Progress.FORK, watermark=watermark)
    if acked.seq < watermark.seq:
        return Advance(progress=Progress.SERVER_BEHIND, watermark=acked)
    if acked.seq == watermark.seq:
        return Advance(progress=Progress.UNCHANGED, watermark=acked)
    return Advance(progress=Progress.ADVANCED, watermark=acked)


def sign_acknowledgement(key: Ed25519PrivateKey, answer: BatchAnswer) -> BatchAnswer:
    """The answer with the server's signature over what it acknowledges."""
    text = ack_text(answer.series, answer.acked_seq, answer.acked_hash, answer.time_ms)
    return msgspec.structs.replace(answer, signature=key.sign(text).hex())


def acknowledgement_is_genuine(server_key: bytes, answer: BatchAnswer) -> bool:
    """Whether the server that enrolled us (its public key, 32 bytes) signed this acknowledgement."""
    try:
        signature = bytes.fromhex(answer.signature)
    except ValueError:
        return False
    text = ack_text(answer.series, answer.acked_seq, answer.acked_hash, answer.time_ms)
    return verify_text(server_key, text, signature)
