"""The guarded path by which records leave the journal: those that are past their time and that headquarters has.

What is removed is always the beginning of a series. An anchor stays in its place (number, hash, running counts of the
last record removed), so that the chain can be checked from there; the schema refuses every other way (docs/journal.md).
"""

import msgspec

from store.register.journal.reads import ANCHOR_SEQ, number_of
from store.register.journal.sql import Connection

UNIT_RECORDS = 20
"""Removed in one transaction, a few milliseconds."""
DAY_MS = 86_400_000

_EPOCHS = "select epoch, series from series order by epoch"
_ARCHIVED = "select min(acked_seq, archived_seq) from upload where series = ?"
_DRAFT = "case when json_valid(cast(draft as text)) then cast(draft as text) else '{}' end"
"""The till's stored state: its open shift, and those that were set aside, are not closed yet."""
_NEEDED = f"""
select min(n) from (
select max(n) as n from record where n > ?1 and n < ?2
union all select max(n) from record where epoch = ?3 and receipt_no =
(select max(receipt_no) from record where epoch = ?3 and receipt_no is not null)
union all select max(n) from record where kind = 'shift.open' and n > ?1 and n < ?2
union all select max(n) from record where kind = 'shift.close' and n > ?1 and n < ?2
union all select min(n) from record where kind = 'shift.open' and n > ?1 and n < ?2 and shift_id in
(select json_extract({_DRAFT}, '$.shift.shift_id') from till
union all select json_extract(value, '$.shift.shift_id') from till, json_each({_DRAFT}, '$.aside'))
union all select min(n) from record where n > ?1 and n < ?2 and txn_id in
(select json_extract(value, '$.id') from till, json_each({_DRAFT}, '$.suspended'))
union all select min(r.n) from print_job j join record r on r.txn_id = j.txn_id
where j.state in ('queued', 'blocked', 'sending', 'failed', 'unknown') and r.n > ?1 and r.n < ?2)"""  # noqa: S608 - constants
"""The first record that something here still needs: the end of the series, the last receipt, open
shifts, the last closing, suspended sales, prints."""
_PAST = (
    "select seq, hash, receipt_no, at_ms, transactions, length(signature) from record "
    "where n > ? and n <= ? order by n limit ?"
)
_PUT_ANCHOR = (
    "insert into anchor (epoch, seq, hash, receipt_no, at_ms, transactions, unsigned) values (?, ?, ?, ?, ?, ?, ?) "
    "on conflict (epoch) do update set seq = excluded.seq, hash = excluded.hash, receipt_no = excluded.receipt_no, "
    "at_ms = excluded.at_ms, transactions = excluded.transactions, unsigned = excluded.unsigned"
)
_RECEIPT_BEFORE = "select receipt_no from anchor where epoch = ?"
_REMOVE = "delete from record where n > ? and n <= ?"


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit removed: so many records of a series, the last of them `seq`; nothing when `records` is 0."""

    records: int = 0
    series: str = ""
    seq: int = 0


def prune_unit(connection: Connection, before_ms: int, most: int = UNIT_RECORDS) -> Pruned:
    """Remove up to `most` records that are older than `before_ms`, of one series; a unit of the caller's."""
    for epoch, series in connection.execute(_EPOCHS).fetchall():
        bound = _bound(connection, epoch, series)
        begin = _anchored(connection, epoch)
        rows = connection.execute(_PAST, (number_of(epoch, begin), number_of(epoch, bound), most)).fetchall()
        past = [row for row in rows if row[3] < before_ms]
        if past:
            _remove(connection, epoch, begin, past)
            return Pruned(records=len(past), series=series, seq=past[-1][0])
    return Pruned()


def _bound(connection: Connection, epoch: int, series: str) -> int:
    """The last record of a series that may go, whatever its age; 0 for none."""
    archived = connection.execute(_ARCHIVED, (series,)).fetchone()
    first, end = number_of(epoch, 0), number_of(epoch + 1, 0)
    (needed,) = connection.execute(_NEEDED, (first, end, epoch)).fetchone()
    if archived is None or needed is None:
        return 0
    return int(min(archived[0], needed - first - 1))


def _anchored(connection: Connection, epoch: int) -> int:
    row = connection.execute(ANCHOR_SEQ, (epoch,)).fetchone()
    return 0 if row is None else int(row[0])


def _remove(connection: Connection, epoch: int, begin: int, past: list[tuple[int, ...]]) -> None:
    known = connection.execute(_RECEIPT_BEFORE, (epoch,)).fetchone()
    receipt_no = max([0 if known is None else known[0], *(row[2] or 0 for row in past)])
    seq, hash_, _, at_ms, transactions, signature_bytes = past[-1]
    place = (epoch, seq, hash_, receipt_no, at_ms, transactions, int(signature_bytes == 0))
    connection.execute(_PUT_ANCHOR, place)
    connection.execute(_REMOVE, (number_of(epoch, begin), number_of(epoch, seq)))


def cutoff_ms(now_ms: int, days: int) -> int:
    """Records older than this are past their time; 0 (no record is) when `days` is 0, which means: keep for ever."""
    return now_ms - days * DAY_MS if days > 0 else 0
