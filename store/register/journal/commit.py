"""The commit: the only place where numbers, times, hashes and signatures of this register are made.

`commit_unit` runs inside one transaction: number, time, canonical text, hash, signature, record, print jobs and
draft become true together or not at all (docs/offline-protocol.md 3.2).
"""

import functools
import hashlib
from datetime import date
from typing import Any

import msgspec

from store.exchange.canonical import NotCanonical, canonical
from store.exchange.kinds import COUNTED_KINDS
from store.exchange.messages import MAX_PAYLOAD_BYTES
from store.exchange.record import PAYLOAD_VERSION, Record, fingerprint, record_hash
from store.register.journal.drafts import clients_text
from store.register.journal.entry import (
    Committed,
    Draft,
    Entry,
    Head,
    JournalIdentity,
    Signer,
)
from store.register.journal.errors import EntryRefused
from store.register.journal.jobs import add_jobs
from store.register.journal.reads import committed, number_of, read_standing, record_at
from store.register.journal.settings import write_setting
from store.register.journal.sql import Connection

MAX_CLOCK_JUMP_MS = 60_000
"""A larger difference between what the wall clock and the monotonic clock say has passed is recorded."""

_INSERT = (
    "insert into record (n, epoch, series, seq, kind, txn_id, receipt_no, at_ms, shift_id, transactions, payload, "
    "prev, hash, signature, key_id) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PUT_HEAD = "update till set seq = ?, hash = ?, receipt_no = ?, at_ms = ?, transactions = ? where id = 1 and series = ?"
_PUT_HEAD_AND_DRAFT = (
    "update till set seq = ?, hash = ?, receipt_no = ?, at_ms = ?, transactions = ?, draft = ?, clients = ? "
    "where id = 1 and series = ?"
)
_SIGN_STATE = "sign_state"
_FIRST_DAY = date(1970, 1, 1).toordinal()


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """What the clock said when the commit was asked for."""

    wall_ms: int
    utc_offset_min: int
    jump_ms: int = 0
    """How much further than the monotonic clock the wall clock went since the last commit; 0 below the limit."""


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes: the identity of the series and the key, when there is one."""

    identity: JournalIdentity
    key_id: str
    signer: Signer | None


def commit_unit(connection: Connection, entry: Entry, author: Author, moment: Moment) -> Committed:
    """Store an entry and everything that belongs to it, or find it stored already.

    Raises HeadMismatch when the file is damaged, EntryRefused when the entry has no canonical form, and
    SignerUnavailable when the key fails: the caller then repeats the unit without a signer.
    """
    standing = read_standing(connection, author.identity, entry.txn_id)
    if standing.known_n is not None:
        return committed(record_at(connection, standing.known_n), repeated=True)
    first = head = standing.head
    if abs(moment.jump_ms) > MAX_CLOCK_JUMP_MS and head.seq > 0:
        body = {"jump_ms": moment.jump_ms}
        head = _append(connection, _event("clock", entry, head, body), head, author, moment).head
    if standing.signing != (author.signer is not None):
        head = _note_signing(connection, entry, head, author, moment)
    step = _append(connection, entry, head, author, moment)
    _put_head(connection, step.head, entry.draft)
    add_jobs(connection, entry.print_jobs, entry.txn_id, step.head.at_ms)
    if not first.seq < step.head.seq or step.head.at_ms < first.at_ms:
        raise AssertionError("a commit moved the journal backwards")
    return Committed(
        record=step.record,
        payload=step.payload,
        receipt_no=step.payload.get("receipt_no"),
        fingerprint=fingerprint(step.record.hash),
    )


class _Step(msgspec.Struct, frozen=True, kw_only=True):
    record: Record
    payload: dict[str, Any]
    head: Head


def utc_text(at_ms: int) -> str:
    """Wall milliseconds as `2026-01-05T08:00:00.000Z`."""
    day, in_day_ms = divmod(at_ms, 86_400_000)
    seconds, milliseconds = divmod(in_day_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{_date_text(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{milliseconds:03d}Z"


@functools.lru_cache(maxsize=8)
def _date_text(day: int) -> str:
    return date.fromordinal(_FIRST_DAY + day).isoformat()


def internal_txn_id(series: str, seq: int, kind: str) -> str:
    """The id of a record that no person asked for; follows from its place, so that a repeat finds it."""
    digest = bytearray(hashlib.sha256(f"{series}\n{seq}\n{kind}".encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _event(kind: str, entry: Entry, head: Head, body: dict[str, Any]) -> Entry:
    """A record of the journal's own that goes in front of `entry` and shares its circumstances."""
    return Entry(
        kind=kind,
        txn_id=internal_txn_id(head.series, head.seq + 1, kind),
        body=body,
        operator=entry.operator,
        operator_name=entry.operator_name,
        shift=entry.shift,
        shift_id=entry.shift_id,
        business_date=entry.business_date,
        mode=entry.mode,
        catalog=entry.catalog,
    )


def _note_signing(connection: Connection, entry: Entry, head: Head, author: Author, moment: Moment) -> Head:
    """Mark the begin and the end of a time without the key; the first signed record after it says so."""
    usable = author.signer is not None
    kind = "sign.recovered" if usable else "sign.unavailable"
    step = _append(connection, _event(kind, entry, head, {}), head, author, moment)
    write_setting(connection, _SIGN_STATE, "ok" if usable else "unavailable")
    return step.head


def _append(connection: Connection, entry: Entry, head: Head, author: Author, moment: Moment) -> _Step:
    seq = head.seq + 1
    receipt_no = head.receipt_no + 1 if entry.fiscal else None
    at_ms = max(moment.wall_ms, head.at_ms)
    payload = _payload(entry, head, author, moment, receipt_no)
    text = _canonical(entry, payload)
    hash_ = record_hash(seq, head.hash, text)
    signature = b"" if author.signer is None else author.signer.sign(hash_)
    transactions = head.transactions + (entry.kind in COUNTED_KINDS)
    identity = author.identity
    connection.execute(
        _INSERT,
        (
            number_of(identity.epoch, seq), identity.epoch, identity.series, seq, entry.kind, entry.txn_id, receipt_no,
            at_ms, entry.shift_id, transactions, text, head.hash, hash_, signature, author.key_id,
        ),
    )  # fmt: skip
    record = Record(
        seq=seq, payload=text, prev=head.hash, hash=hash_, signature=signature, key_id=author.key_id
    )
    after = Head(
        series=identity.series, seq=seq, hash=hash_, receipt_no=receipt_no or head.receipt_no, at_ms=at_ms,
        transactions=transactions,
    )  # fmt: skip
    return _Step(record=record, payload=payload, head=after)


def _payload(
    entry: Entry, head: Head, author: Author, moment: Moment, receipt_no: int | None
) -> dict[str, Any]:
    ours: dict[str, Any] = {
        "v": PAYLOAD_VERSION,
        "series": head.series,
        "seq": head.seq + 1,
        "kind": entry.kind,
        "txn_id": entry.txn_id,
        "at": utc_text(max(moment.wall_ms, head.at_ms)),
        "utc_offset_min": moment.utc_offset_min,
        "business_date": entry.business_date,
        "operator": entry.operator,
        "operator_name": entry.operator_name,
        "shift": entry.shift,
        "shift_id": entry.shift_id,
        "mode": entry.mode,
        "catalog": entry.catalog,
    }
    if receipt_no is not None:
        ours["receipt_no"] = receipt_no
    if moment.wall_ms < head.at_ms:
        ours["clock"] = "held"
    if author.signer is None:
        ours["sig_state"] = "unavailable"
    clash = sorted(key for key in ours.keys() & entry.body.keys() if entry.body[key] != ours[key])
    if clash:
        raise EntryRefused(
            f"The body of a {entry.kind} record holds {', '.join(clash)}, which the journal sets."
        )
    return {**entry.body, **ours}


def _canonical(entry: Entry, payload: dict[str, Any]) -> bytes:
    try:
        text = canonical(payload)
    except NotCanonical as error:
        raise EntryRefused(f"The {entry.kind} record cannot be stored: {error}") from error
    if len(text) > MAX_PAYLOAD_BYTES:
        raise EntryRefused(
            f"The {entry.kind} record has {len(text)} bytes; {MAX_PAYLOAD_BYTES} fit. Finish the sale in two."
        )
    return text


def _put_head(connection: Connection, head: Head, draft: Draft | None) -> None:
    place = (head.seq, head.hash, head.receipt_no, head.at_ms, head.transactions)
    if draft is None:
        connection.execute(_PUT_HEAD, (*place, head.series))
    else:
        connection.execute(_PUT_HEAD_AND_DRAFT, (*place, draft.state_json, clients_text(draft), head.series))
