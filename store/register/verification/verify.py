"""Checks a journal from outside: a journal file or an export, with code that shares nothing with its writer.

Written from docs/offline-protocol.md alone; besides the standard library it needs only `cryptography`. It answers which
record is the first that does not hold, and why.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.register.verification.chain import Anchor, Chain, RawRecord, Unsound

FORMAT = "outpost-journal-1"

_SERIES = "select epoch, series, public_key from series order by epoch"
_RECORDS = (
    "select n, epoch, series, seq, kind, txn_id, receipt_no, at_ms, shift_id, transactions, payload, prev, hash, "
    "signature, key_id from record order by n"
)
_HAS_ANCHORS = "select count(*) from sqlite_schema where name = 'anchor'"
_ANCHORS = "select epoch, seq, hash, receipt_no, at_ms, transactions, unsigned from anchor"
_HEAD = "select series, seq, hash, receipt_no, at_ms, transactions from till where id = 1"


@dataclass(frozen=True)
class FirstBad:
    """The first record that does not hold; `seq` 0 is the file itself or its header."""

    seq: int
    reason: str


@dataclass(frozen=True)
class Report:
    """The result: how many records were found sound, and the first that was not."""

    ok: bool
    records: int
    first_bad: FirstBad | None = None
    removed: int = 0
    """Records at the beginning of series that are not there any more: headquarters has them."""

    def as_json(self) -> dict[str, Any]:
        """The answer of `outpost journal verify --json`."""
        bad = None if self.first_bad is None else {"seq": self.first_bad.seq, "reason": self.first_bad.reason}
        return {"ok": self.ok, "records": self.records, "first_bad": bad, "removed": self.removed}


def verify_file(path: Path | str) -> Report:
    """Check a journal file or an export; never raises for what is wrong inside. OSError when it cannot be read."""
    path = Path(path)
    with path.open("rb") as stream:
        start = stream.read(16)
    if start.startswith(b"SQLite format 3\0"):
        return _verify_database(path)
    return _verify_export(path)


# ---- a journal file


def _verify_database(path: Path) -> Report:
    counter = _Counter()
    try:
        quoted = str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        with closing(sqlite3.connect(f"file:{quoted}?mode=ro", uri=True, isolation_level=None)) as connection:
            connection.execute("begin")  # one moment for records and head, whatever is sold meanwhile
            _check_database(connection, counter)
    except Unsound as error:
        return Report(ok=False, records=counter.sound, first_bad=FirstBad(error.seq, error.reason))
    except (sqlite3.Error, UnicodeDecodeError) as error:
        reason = f"the file is damaged at or behind this record ({error})"
        return Report(ok=False, records=counter.sound, first_bad=FirstBad(counter.last_seq + 1, reason))
    return Report(ok=True, records=counter.sound, removed=counter.removed)


@dataclass
class _Counter:
    sound: int = 0
    removed: int = 0
    last_seq: int = 0

    def count(self, seq: int) -> None:
        self.sound += 1
        self.last_seq = seq


def _check_database(connection: sqlite3.Connection, counter: _Counter) -> None:
    chains = chains_of(connection)
    counter.removed = sum(chain.seq for chain in chains.values())
    for row in connection.execute(_RECORDS):
        epoch = row[1]
        chain = chains.get(epoch)
        if chain is None:
            raise Unsound(row[3], f"belongs to epoch {epoch}, which this journal does not have")
        record = RawRecord(
            seq=row[3], payload=row[10], prev=row[11], hash=row[12], signature=row[13], key_id=row[14]
        )
        payload = chain.take(record)
        _check_columns(row, payload, chain)
        counter.count(record.seq)
    _check_head(connection, {chain.series: chain for chain in chains.values()})
    _check_pages(connection)


def chains_of(connection: sqlite3.Connection) -> dict[int, Chain]:
    """By epoch, the chain of each series, standing before the first record that is there. Raises Unsound."""
    anchors = {}
    if connection.execute(_HAS_ANCHORS).fetchone()[0]:
        for epoch, seq, hash_, receipt_no, at_ms, transactions, unsigned in connection.execute(_ANCHORS):
            anchors[epoch] = Anchor(seq, hash_, receipt_no, at_ms, transactions, unsigned == 1)
    chains = {}
    for epoch, series, public_key in connection.execute(_SERIES):
        chains[epoch] = Chain(series, public_key, anchors.get(epoch))
    return chains


def _check_columns(row: tuple[Any, ...], payload: dict[str, Any], chain: Chain) -> None:
    """The columns beside the payload repeat what it says; a difference is a change of one of them."""
    n, epoch, series, seq, kind, txn_id, receipt_no, at_ms, shift_id, transactions = row[:10]
    expected = {
        "number": (n, epoch * 2**32 + seq),
        "series": (series, chain.series),
        "kind": (kind, payload.get("kind")),
        "txn_id": (txn_id, payload.get("txn_id")),
        "receipt_no": (receipt_no, payload.get("receipt_no")),
        "at": (at_ms, chain.at_ms),
        "shift_id": (shift_id, payload.get("shift_id", "")),
        "transactions": (transactions, chain.transactions),
    }
    for name, (found, wanted) in expected.items():
        if found != wanted:
            raise Unsound(seq, f"has another {name} beside its content than inside")


def _check_head(connection: sqlite3.Connection, chains: dict[str, Chain]) -> None:
    found = connection.execute(_HEAD).fetchone()
    chain = chains.get(found[0]) if found else None
    if found is None or chain is None:
        raise Unsound(0, "the journal does not say where it ends")
    if tuple(found[1:]) != (chain.seq, chain.head, chain.receipt_no, chain.at_ms, chain.transactions):
        at = chain.seq + 1 if found[1] > chain.seq else chain.seq
        raise Unsound(at, "is missing or is not where the journal's head says")


def _check_pages(connection: sqlite3.Connection) -> None:
    (answer,) = connection.execute("pragma integrity_check(1)").fetchone()
    if answer != "ok":
        raise Unsound(0, f"the records hold, but the file is damaged elsewhere ({answer})")


# ---- an export


def _verify_export(path: Path) -> Report:
    counter = _Counter()
    try:
        with path.open("rb") as stream:
            _check_export(iter(stream), counter)
    except Unsound as error:
        return Report(ok=False, records=counter.sound, first_bad=FirstBad(error.seq, error.reason))
    return Report(ok=True, records=counter.sound, removed=counter.removed)


def _check_export(lines: Iterator[bytes], counter: _Counter) -> None:
    header = _line(next(lines, b""), 0, "the header")
    chain, count, head = _chain(header), header.get("count"), _hex(header, "head", 32, 0)
    if not isinstance(count, int):
        raise Unsound(0, "the header is incomplete")
    counter.removed = first = chain.seq
    for line in lines:
        row = _line(line, chain.seq + 1, "the line")
        chain.take(_record(row, chain.seq + 1))
        counter.count(chain.seq)
    if chain.seq - first != count:
        raise Unsound(chain.seq + 1, f"is missing: the header announces {count} records")
    if chain.head != head:
        raise Unsound(chain.seq, "is not the head that the header announces")


def chain_of_header(line: bytes) -> Chain:
    """The chain that an export's first line announces; raises Unsound."""
    return _chain(_line(line, 0, "the header"))


def _chain(header: dict[str, Any]) -> Chain:
    if header.get("format") != FORMAT:
        raise Unsound(0, "this is neither a journal nor an export of one")
    public_key, series = _hex(header, "public_key", 32, 0), header.get("series")
    if not isinstance(series, str):
        raise Unsound(0, "the header is incomplete")
    if header.get("register") != series.rpartition(".")[0]:
        raise Unsound(0, "the header names a register that is not the series'")
    return Chain(series, public_key, _anchor(header.get("anchor")))


def _anchor(found: object) -> Anchor | None:
    """Where an export begins, when it does not begin with record 1."""
    if found is None:
        return None
    names = ("seq", "receipt_no", "at_ms", "transactions", "unsigned")
    if not isinstance(found, dict) or any(type(found.get(name)) is not int for name in names):
        raise Unsound(0, "the header does not say rightly where the export begins")
    seq, receipt_no, at_ms, transactions, unsigned = (found[name] for name in names)
    return Anchor(seq, _hex(found, "hash", 32, 0), receipt_no, at_ms, transactions, unsigned == 1)


def _line(line: bytes, seq: int, what: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:  # also UnicodeDecodeError
        raise Unsound(seq, f"{what} is no JSON") from error
    if not isinstance(row, dict):
        raise Unsound(seq, f"{what} is no JSON object")
    return row


def _record(row: dict[str, Any], seq: int) -> RawRecord:
    payload, found = row.get("payload"), row.get("seq")
    if not isinstance(payload, str) or type(found) is not int:
        raise Unsound(seq, "has no payload or no number")
    try:
        text = payload.encode()
    except UnicodeEncodeError as error:
        raise Unsound(seq, "has a payload that is no text") from error
    signature = _hex(row, "signature", 64, seq) if row.get("signature") else b""
    if "signature" not in row:
        raise Unsound(seq, "has no signature field")
    return RawRecord(
        seq=found,
        payload=text,
        prev=_hex(row, "prev", 32, seq),
        hash=_hex(row, "hash", 32, seq),
        signature=signature,
        key_id=str(row.get("key_id")),
    )


def _hex(row: dict[str, Any], name: str, size: int, seq: int) -> bytes:
    text = row.get(name)
    try:
        value = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        value = b""
    if len(value) != size or value.hex() != text:
        raise Unsound(seq, f"has a {name} that is not {size} bytes in hexadecimal")
    return value
