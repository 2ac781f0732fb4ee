"""One series as the verifier sees it: place, hash, signature, canonical form, numbers and times, record by record."""

import hashlib
import json
import re
import struct
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from store.register.verification.sums import ShiftSums, check_sale

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_SAFE = 2**53 - 1
_LARGEST = 65_536
_FISCAL = {"sale"}
_TRANSACTIONS = {
    *("sale", "void", "drawer.open", "shift.open", "shift.close"),
    *("cash.float", "cash.income", "cash.expense", "cash.removal", "cash.safe_drop", "cash.bank_drop"),
    *("account.payment", "stock.count"),
    *("tender.declaration", "shift.suspend", "shift.resume", "shift.blind_close"),
}


class Unsound(Exception):
    """A record does not hold; `reason` completes the sentence "record n ..."."""

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"record {seq} {reason}")
        self.seq = seq
        self.reason = reason


@dataclass(frozen=True)
class RawRecord:
    """A record as it was found."""

    seq: int
    payload: bytes
    prev: bytes
    hash: bytes
    signature: bytes
    key_id: str


@dataclass(frozen=True)
class Anchor:
    """Where the records that are still there begin: the last one that was removed, and the counts up to it."""

    seq: int
    hash: bytes
    receipt_no: int
    at_ms: int
    transactions: int
    unsigned: bool


@dataclass
class Chain:
    """Follows a series from its genesis, or its anchor; `take` raises Unsound for the first that does not hold."""

    series: str
    public_key: bytes
    anchor: Anchor | None = None
    seq: int = 0
    head: bytes = b""
    receipt_no: int = 0
    at_ms: int = 0
    transactions: int = 0
    _txn_ids: set[str] = field(default_factory=set)
    _unsigned: bool = False
    _shifts: dict[str, ShiftSums] = field(default_factory=dict)
    _grand_total: int | None = None
    """What the last closing of the series said; a shift that was set aside goes on from there."""

    def __post_init__(self) -> None:
        name = self.series.encode()
        self.head = hashlib.sha256(
            b"outpost/genesis/v1\x00" + struct.pack(">H", len(name)) + name + self.public_key
        ).digest()
        if self.anchor is not None:
            self.seq, self.head, self.receipt_no = self.anchor.seq, self.anchor.hash, self.anchor.receipt_no
            self.at_ms, self.transactions = self.anchor.at_ms, self.anchor.transactions
            self._unsigned = self.anchor.unsigned
        self._key = Ed25519PublicKey.from_public_bytes(self.public_key)
        self._key_id = hashlib.sha256(b"outpost/key/v1\x00" + self.public_key).hexdigest()[:16]

    def take(self, record: RawRecord) -> dict[str, Any]:
        """Check the next record and answer its content."""
        seq = self.seq + 1
        if record.seq != seq:
            raise Unsound(seq, f"is missing; record {record.seq} stands in its place")
        self._check_link(record, seq)
        payload = _content(record.payload, seq)
        self._check_signature(record, payload, seq)
        self._check_place(payload, seq)
        self._check_numbers(payload, seq)
        if payload.get("v") == 1:
            self._check_sums(payload, seq)
        self.seq, self.head = seq, record.hash
        return payload

    def _check_link(self, record: RawRecord, seq: int) -> None:
        if record.prev != self.head:
            raise Unsound(seq, "does not follow the record before it")
        if not 2 <= len(record.payload) <= _LARGEST:
            raise Unsound(seq, "has a content of an impossible size")
        digest = hashlib.sha256(
            b"outpost/record/v1\x00"
            + struct.pack(">Q", seq)
            + record.prev
            + struct.pack(">I", len(record.payload))
            + record.payload
        ).digest()
        if digest != record.hash:
            raise Unsound(seq, "was changed: its hash does not fit its content")
        if record.key_id != self._key_id:
            raise Unsound(seq, "names another key than the register's")

    def _check_signature(self, record: RawRecord, payload: dict[str, Any], seq: int) -> None:
        kind = payload.get("kind")
        if record.signature:
            try:
                self._key.verify(record.signature, b"outpost/sign/v1\x00" + record.hash)
            except InvalidSignature as error:
                raise Unsound(seq, "has a signature that is not the register's") from error
            if "sig_state" in payload:
                raise Unsound(seq, "says that it is not signed, and is")
            if self._unsigned and kind != "sign.recovered":
                raise Unsound(seq, "is signed again without a recovery record before it")
            self._unsigned = False
            return
        if payload.get("sig_state") != "unavailable":
            raise Unsound(seq, "is not signed and does not say why")
        if kind == "sign.unavailable":
            self._unsigned = True
        # A clock record may come before the note in the same commit.
        elif not self._unsigned and kind != "clock":
            raise Unsound(seq, "is not signed, and no record before it says that the key was lost")

    def _check_place(self, payload: dict[str, Any], seq: int) -> None:
        if payload.get("seq") != seq or payload.get("series") != self.series:
            raise Unsound(seq, "names another place in its content")
        txn_id = payload.get("txn_id")
        if not isinstance(txn_id, str) or not txn_id:
            raise Unsound(seq, "has no transaction id")
        if txn_id in self._txn_ids:
            raise Unsound(seq, "has the transaction id of an earlier record")
        self._txn_ids.add(txn_id)
        at_ms = _milliseconds(payload.get("at"), seq)
        if at_ms < self.at_ms:
            raise Unsound(seq, "is older than the record before it")
        self.at_ms = at_ms

    def _check_numbers(self, payload: dict[str, Any], seq: int) -> None:
        kind = payload.get("kind")
        if not isinstance(kind, str):
            raise Unsound(seq, "has no kind")
        number = payload.get("receipt_no")
        if number is None and kind in _FISCAL:
            raise Unsound(seq, "is a sale without a receipt number")
        if number is not None:
            if number != self.receipt_no + 1:
                raise Unsound(seq, f"has receipt number {number}; {self.receipt_no + 1} is next")
            self.receipt_no += 1
        self.transactions += kind in _TRANSACTIONS

    def _check_sums(self, payload: dict[str, Any], seq: int) -> None:
        shift_id = payload.get("shift_id", "")
        try:
            if payload["kind"] == "sale":
                check_sale(payload)
            if payload["kind"] == "shift.open":
                self._shifts[shift_id] = ShiftSums()
            if shift_id in self._shifts:
                if payload["kind"] == "shift.close":
                    self._shifts[shift_id].closed_before(self._grand_total)
                self._shifts[shift_id].add(payload)
            if payload["kind"] == "shift.close":
                self._shifts.pop(shift_id, None)
                self._grand_total = payload["grand_total"]
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise Unsound(seq, reason) from error


def _milliseconds(text: object, seq: int) -> int:
    if not isinstance(text, str) or not _AT.fullmatch(text):
        raise Unsound(seq, "has no time")
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)  # noqa: UP017
    except ValueError as error:
        raise Unsound(seq, "has an impossible time") from error
    since = moment - datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def _content(payload: bytes, seq: int) -> dict[str, Any]:
    """The content, if these bytes are its one canonical form."""
    try:
        content = json.loads(payload.decode(), object_pairs_hook=_object)
        again = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        _check_value(content)
    except (ValueError, RecursionError) as error:
        raise Unsound(seq, f"has no readable content ({error})") from error
    if again != payload or not isinstance(content, dict):
        raise Unsound(seq, "is not in canonical form")
    return content


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for key, _ in pairs:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key")
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _check_value(value: object) -> None:
    if isinstance(value, dict):
        for inner in value.values():
            _check_value(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_value(inner)
    elif isinstance(value, str):
        if unicodedata.normalize("NFC", value) != value:
            raise ValueError("a text is not in normal form C")
    elif value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) > _SAFE):
        raise ValueError(f"{value!r} may not stand in a record")
