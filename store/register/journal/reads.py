"""Reading records: plain functions of a connection."""

from typing import Any

import msgspec

from store.exchange.record import Record, fingerprint, genesis
from store.register.journal.entry import Committed, Counts, Head, JournalIdentity
from store.register.journal.sql import Connection

_RECORD = "select seq, payload, prev, hash, signature, key_id from record "
_RECORDS_AFTER = _RECORD + "where n > ? and n <= ? order by n limit ?"
_RECORDS_BEFORE = _RECORD + "where n > ? and n < ? order by n desc limit ?"
_AT = _RECORD + "where n = ?"
_BY_TXN = _RECORD + "where txn_id = ?"
_BY_RECEIPT = _RECORD + "where epoch = ? and receipt_no = ?"
_LAST_RECEIPT = _RECORD + "where epoch = ? and receipt_no is not null order by receipt_no desc limit 1"
_LAST = _RECORD + "where n <= ? order by n desc limit 1"
_SHIFT = (
    "select payload from record where shift_id = ?1 and n >= "
    "(select n from record where kind = 'shift.open' and shift_id = ?1) order by n"
)
_HEAD = "select seq, transactions from till where series = ?"
_STANDING = (
    "select t.series, t.seq, t.hash, t.receipt_no, t.at_ms, t.transactions, "
    "r.seq, r.hash, r.at_ms, r.transactions, "
    "(select max(receipt_no) from record where epoch = ?1 and receipt_no is not null), "
    "(select n from record where txn_id = ?2), "
    "(select value from setting where key = 'sign_state') "
    "from till t "
    "left join record r on r.n = (select max(n) from record where n > ?1 << 32 and n < (?1 + 1) << 32) "
    "where t.id = 1"
)
_BEGIN = (
    "insert into till (id, series, seq, hash, receipt_no, at_ms, transactions) values (1, ?, ?, ?, ?, ?, ?) "
    "on conflict (id) do update set series = excluded.series, seq = excluded.seq, hash = excluded.hash, "
    "receipt_no = excluded.receipt_no, at_ms = excluded.at_ms, transactions = excluded.transactions"
)
_SERIES_AT = "select series from till where id = 1"
_HASH_AT = "select hash, transactions from record where n = ?"
_ACKED = "select acked_seq from upload where series = ?"
RETENTION_STEP = 2
"""The step of the schema from which on a journal has anchors."""
ANCHOR_SEQ = "select seq from anchor where epoch = ?"
"""The last record of a series that was removed; no row while all are here."""
_ANCHOR_AT = "select hash, transactions from anchor where epoch = ? and seq = ?"


class HeadMismatch(Exception):
    """The stored head does not agree with the last record: the file is damaged."""


def number_of(epoch: int, seq: int) -> int:
    """A record's place among all series of this file: the epoch above, the place in the series below."""
    return epoch << 32 | seq


def _record(row: Any) -> Record:
    seq, payload, prev, hash_, signature, key_id = row
    return Record(seq=seq, payload=payload, prev=prev, hash=hash_, signature=signature, key_id=key_id)


def committed(record: Record, repeated: bool) -> Committed:
    """The record as the committing side sees it."""
    payload: dict[str, Any] = msgspec.json.decode(record.payload)
    receipt_no = payload.get("receipt_no")
    mark = fingerprint(record.hash)
    return Committed(
        record=record, payload=payload, receipt_no=receipt_no, fingerprint=mark, repeated=repeated
    )


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a commit must know before it begins, read by one statement."""

    head: Head
    known_n: int | None
    """Number of the record that the transaction has already."""
    signing: bool
    """Whether the last record was written with the key."""


def begin_series(connection: Connection, identity: JournalIdentity) -> None:
    """Make the journal continue this series: once for a new file, and when the register was enrolled anew."""
    row = connection.execute(_SERIES_AT).fetchone()
    if row is None or row[0] != identity.series:
        start = genesis(identity.series, identity.public_key)
        connection.execute(_BEGIN, (identity.series, 0, start, 0, 0, 0))


def read_head(connection: Connection, identity: JournalIdentity) -> Head:
    """The end of the series; raises HeadMismatch when it does not agree with the last record."""
    return read_standing(connection, identity, "").head


def read_standing(connection: Connection, identity: JournalIdentity, txn_id: str) -> Standing:
    """The end of the series and what is known of a transaction; raises HeadMismatch."""
    row = connection.execute(_STANDING, (identity.epoch, txn_id)).fetchone()
    if row is None or row[0] != identity.series:
        raise HeadMismatch("the journal continues another series")
    seq, hash_, receipt_no, at_ms, transactions = row[1:6]
    last = (0, genesis(identity.series, identity.public_key), 0, 0) if row[6] is None else tuple(row[6:10])
    if (seq, hash_, at_ms, transactions) != last:
        raise HeadMismatch("the head does not match the last record")
    if receipt_no != (row[10] or 0):
        raise HeadMismatch("the head does not match the last receipt number")
    head = Head(
        series=identity.series,
        seq=seq,
        hash=hash_,
        receipt_no=receipt_no,
        at_ms=at_ms,
        transactions=transactions,
    )
    return Standing(head=head, known_n=row[11], signing=row[12] != "unavailable")


def records_after(connection: Connection, epoch: int, after_seq: int, limit: int) -> list[Record]:
    """Up to `limit` records of the series that follow `after_seq`, in order."""
    bounds = (number_of(epoch, after_seq), number_of(epoch, 0xFFFF_FFFF), limit)
    return [_record(row) for row in connection.execute(_RECORDS_AFTER, bounds)]


def records_before(connection: Connection, epoch: int, before_seq: int, limit: int) -> list[Record]:
    """Up to `limit` records of the series that precede `before_seq`, newest first."""
    bounds = (number_of(epoch, 0), number_of(epoch, before_seq), limit)
    return [_record(row) for row in connection.execute(_RECORDS_BEFORE, bounds)]


def record_at(connection: Connection, n: int) -> Record:
    """The record with that number, which exists."""
    return _record(connection.execute(_AT, (n,)).fetchone())


def record_by_txn(connection: Connection, txn_id: str) -> Record | None:
    """The record of a transaction id, whatever its series."""
    row = connection.execute(_BY_TXN, (txn_id,)).fetchone()
    return None if row is None else _record(row)


def record_by_receipt_no(connection: Connection, epoch: int, receipt_no: int) -> Record | None:
    """The fiscal record with that number in the series."""
    row = connection.execute(_BY_RECEIPT, (epoch, receipt_no)).fetchone()
    return None if row is None else _record(row)


def last_receipt(connection: Connection, epoch: int) -> Record | None:
    """The newest fiscal record of the series."""
    row = connection.execute(_LAST_RECEIPT, (epoch,)).fetchone()
    return None if row is None else _record(row)


def last_record(connection: Connection, epoch: int) -> Record | None:
    """The newest record of this series, or of an earlier one when this is empty."""
    row = connection.execute(_LAST, (number_of(epoch, 0xFFFF_FFFF),)).fetchone()
    return None if row is None else _record(row)


def shift_payloads(connection: Connection, shift_id: str) -> list[dict[str, Any]]:
    """The payloads of a shift's records from its opening on, in order."""
    return [msgspec.json.decode(payload) for (payload,) in connection.execute(_SHIFT, (shift_id,))]


def hash_at(connection: Connection, identity: JournalIdentity, seq: int) -> bytes | None:
    """The hash of the record at `seq` (the genesis hash at 0), None when there is no such record or it was removed."""
    if seq == 0:
        return genesis(identity.series, identity.public_key)
    row = _mark_at(connection, identity.epoch, seq)
    return None if row is None else bytes(row[0])


def anchor_seq(connection: Connection, epoch: int) -> int:
    """The last record of a series that was removed because headquarters has it; 0 while all are here."""
    row = connection.execute(ANCHOR_SEQ, (epoch,)).fetchone() if has_retention(connection) else None
    return 0 if row is None else int(row[0])


def has_retention(connection: Connection) -> bool:
    """Whether the file knows of removed records; one of an earlier program does not, until a core opens it."""
    return bool(connection.execute("pragma user_version").fetchone()[0] >= RETENTION_STEP)


def _mark_at(connection: Connection, epoch: int, seq: int) -> Any:
    """Hash and count of transactions at a record that is here, or at the anchor."""
    row = connection.execute(_HASH_AT, (number_of(epoch, seq),)).fetchone()
    if row is None and has_retention(connection):
        row = connection.execute(_ANCHOR_AT, (epoch, seq)).fetchone()
    return row


def counts(connection: Connection, identity: JournalIdentity) -> Counts:
    """How many transactions and records the server has not acknowledged; the running totals make it two look-ups."""
    stored = connection.execute(_HEAD, (identity.series,)).fetchone()
    if stored is None:
        return Counts(pending_transactions=0, pending_records=0)
    row = connection.execute(_ACKED, (identity.series,)).fetchone()
    # What was removed here is at headquarters, though a server that was restored may lack it.
    acked_seq = max(0 if row is None else row[0], anchor_seq(connection, identity.epoch))
    below = _mark_at(connection, identity.epoch, acked_seq)
    transactions = 0 if below is None else below[1]
    return Counts(pending_transactions=stored[1] - transactions, pending_records=stored[0] - acked_seq)
