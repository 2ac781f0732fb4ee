"""Series and the accept stage: what registers send is stored as exact bytes before anybody looks into it.

Owns the tables `series`, `record`, `rejected` and `fork`. The decision about each record is the pure
`store.exchange.acknowledgement.place`; here is only what it needs to know and what follows from it.
"""

import hashlib

import msgspec

from store.database.bulk import Cells, insert_rows
from store.database.connection import Connection, values
from store.exchange.acknowledgement import (
    Flag,
    Head,
    Outcome,
    SeriesFacts,
    Verdict,
    examine_all,
    place,
)
from store.exchange.messages import BatchAnswer, RecordAnswer, RecordBatch, WireRecord
from store.exchange.record import Record, genesis, key_id_of
from store.ledger.examination import Examination

MAX_EVIDENCE_ROWS = 1_000
"""Rejected records and forks kept per store; the oldest go first."""
MAX_EVIDENCE_BYTES = 98_304
"""Of one rejected record so much is kept."""

SELECT_SERIES = """
select store_id, series, register_id, epoch, public_key, key_id, closed_ms, recovery_granted, head_seq, head_hash
from series where series = $1"""
LOCK_SERIES = "update series set head_seq = head_seq where series = $1"
"""The row lock under which a batch is judged; another server process waits here, then sees the new head."""
INSERT_SERIES = """
insert into series (store_id, series, register_id, epoch, public_key, key_id, insecure, opened_ms, closed_ms,
  recovery_granted, head_seq, head_hash)
values ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, $9)"""
CLOSE_OLDER_SERIES = """
update series set closed_ms = $3 where store_id = $1 and register_id = $2 and closed_ms = 0 and epoch < $4"""
GRANT_RECOVERY = "update series set recovery_granted = $3 where store_id = $1 and series = $2"
UPDATE_HEAD = "update series set head_seq = $3, head_hash = $4 where store_id = $1 and series = $2"
SELECT_HASHES = "select seq, hash from record where store_id = $1 and series = $2 and seq between $3 and $4"
RECORD_COLUMNS = (
    "store_id",
    "series",
    "seq",
    "payload",
    "prev",
    "hash",
    "signature",
    "key_id",
    "flags",
    "received_ms",
)
_UPSERT_EVIDENCE = """
insert into {table} (store_id, digest, series, seq, reason, raw, times, received_ms)
values ($1, $2, $3, $4, $5, $6, 1, $7)
on conflict (store_id, digest) do update set times = {table}.times + 1, received_ms = excluded.received_ms"""
_TRIM_EVIDENCE = """
delete from {table} where store_id = $1 and digest in
  (select digest from {table} where store_id = $1 order by received_ms desc, digest limit 100 offset $2)"""
EVIDENCE = {
    Outcome.REJECTED: (_UPSERT_EVIDENCE.format(table="rejected"), _TRIM_EVIDENCE.format(table="rejected")),
    Outcome.FORK: (_UPSERT_EVIDENCE.format(table="fork"), _TRIM_EVIDENCE.format(table="fork")),
}


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A series as the server knows it."""

    store: str
    series: str
    register: str
    epoch: int
    facts: SeriesFacts
    head: Head

    @property
    def fenced(self) -> bool:
        """Whether a newer epoch exists and nobody allowed this one to be completed."""
        return self.facts.closed and not self.facts.recovery_granted


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch. `refused` is the verdict that ended it early, None when all of it was taken."""

    answer: BatchAnswer
    refused: Verdict | None
    stored: int
    duplicates: int


def find_series(db: Connection, series: str) -> Series | None:
    """The series of that name, or None. A register id names its store, so the name is unique over all stores."""
    row = db.execute(SELECT_SERIES, values(series)).fetchone()
    if row is None:
        return None
    facts = SeriesFacts(
        series=row[1],
        public_key=bytes(row[4]),
        key_id=row[5],
        closed=row[6] != 0,
        recovery_granted=row[7] == 1,
    )
    head = Head(seq=row[8], hash=bytes(row[9]))
    return Series(store=row[0], series=row[1], register=row[2], epoch=row[3], facts=facts, head=head)


def open_series(
    db: Connection,
    *,
    store: str,
    series: str,
    register: str,
    epoch: int,
    public_key: bytes,
    insecure: bool,
    now_ms: int,
) -> None:
    """Begin a series at its genesis and close the register's older ones."""
    db.execute(
        INSERT_SERIES,
        values(
            store,
            series,
            register,
            epoch,
            public_key,
            key_id_of(public_key),
            int(insecure),
            now_ms,
            genesis(series, public_key),
        ),
    )
    db.execute(CLOSE_OLDER_SERIES, values(store, register, now_ms, epoch))


def accept(
    db: Connection,
    batch: RecordBatch,
    now_ms: int,
    *,
    examination: Examination | None = None,
    fence: bool = True,
) -> Accepted | None:
    """Take a batch as one unit of work: each record in order, up to the first that cannot be taken.

    None when there is no such series. The acknowledgement is not signed yet and true only after the commit. Without an
    `examination` the batch is examined here, while others wait for the database. Without `fence` a closed series goes
    on too: for headquarters, which gets from servers what they have accepted already.
    """
    db.execute(LOCK_SERIES, values(batch.series))
    series = find_series(db, batch.series)
    if series is None:
        return None
    if not fence:
        facts = msgspec.structs.replace(series.facts, closed=False)
        series = msgspec.structs.replace(series, facts=facts)
    judged = _judge_all(db, series, batch, examination)
    taken, refused = judged.taken, judged.refused
    if taken:
        insert_rows(
            db, "record", RECORD_COLUMNS, [_row(series, record, flags, now_ms) for record, flags in taken]
        )
        db.execute(UPDATE_HEAD, values(series.store, series.series, judged.head.seq, judged.head.hash))
    if refused is not None:
        _keep_evidence(db, series, batch.records[len(judged.answers) - 1], refused, now_ms)
    skipped = batch.records[len(judged.answers) :]
    answer = BatchAnswer(
        series=series.series,
        acked_seq=judged.head.seq,
        acked_hash=judged.head.hash.hex(),
        time_ms=now_ms,
        records=(*judged.answers, *(RecordAnswer(seq=wire.seq, outcome="skipped") for wire in skipped)),
        expected=judged.head.seq + 1,
    )
    duplicates = sum(given.outcome == Outcome.DUPLICATE for given in judged.answers)
    return Accepted(answer=answer, refused=refused, stored=len(taken), duplicates=duplicates)


class _Judged(msgspec.Struct, kw_only=True):
    """How far a batch was taken, and what ended it."""

    head: Head
    taken: list[tuple[Record, tuple[Flag, ...]]]
    answers: list[RecordAnswer]
    refused: Verdict | None = None


def _judge_all(
    db: Connection, series: Series, batch: RecordBatch, examination: Examination | None
) -> _Judged:
    if examination is None or examination.public_key != series.facts.public_key:
        examined = examine_all(series.facts, batch.records)
    else:
        examined = examination.records
    judged = _Judged(head=series.head, taken=[], answers=[])
    hashes = _stored_hashes(db, series, batch)
    for wire, each in zip(batch.records, examined, strict=True):
        verdict, record = place(judged.head, series.facts, each, hashes.get(wire.seq)), each.record
        judged.answers.append(_answer(wire.seq, verdict))
        if verdict.outcome is Outcome.ACCEPTED and record is not None:
            judged.taken.append((record, verdict.flags))
            judged.head = Head(seq=record.seq, hash=record.hash)
            hashes[record.seq] = record.hash
        elif verdict.outcome is not Outcome.DUPLICATE:
            judged.refused = verdict
            break
    return judged


def _stored_hashes(db: Connection, series: Series, batch: RecordBatch) -> dict[int, bytes]:
    """The hashes that are stored in the places of the batch; usually none, and nobody is asked then."""
    old = {wire.seq for wire in batch.records if 1 <= wire.seq <= series.head.seq}
    if not old:
        return {}
    first, last = min(old), max(old)
    # A contiguous batch is one question; of one that is not, all that lies between must not be read.
    spans = [(first, last)] if last - first < len(batch.records) else [(seq, seq) for seq in sorted(old)]
    hashes = {}
    for low, high in spans:
        for seq, hash_ in db.execute(
            SELECT_HASHES, values(series.store, series.series, low, high)
        ).fetchall():
            hashes[int(seq)] = bytes(hash_)
    return hashes


def _answer(seq: int, verdict: Verdict) -> RecordAnswer:
    if verdict.outcome is Outcome.ACCEPTED and verdict.flags:
        return RecordAnswer(seq=seq, outcome="flagged", reason=", ".join(verdict.flags))
    return RecordAnswer(seq=seq, outcome=verdict.outcome, reason=verdict.reason)


def _row(series: Series, record: Record, flags: tuple[Flag, ...], now_ms: int) -> Cells:
    return (
        series.store,
        series.series,
        record.seq,
        record.payload,
        record.prev,
        record.hash,
        record.signature,
        record.key_id,
        " ".join(flags),
        now_ms,
    )


def _keep_evidence(db: Connection, series: Series, wire: WireRecord, verdict: Verdict, now_ms: int) -> None:
    if verdict.outcome not in EVIDENCE:
        return
    upsert, trim = EVIDENCE[verdict.outcome]
    raw = msgspec.json.encode(wire)
    digest = hashlib.sha256(series.series.encode() + b"\0" + raw).hexdigest()
    seq = min(max(wire.seq, 0), 2**62)
    kept = raw[:MAX_EVIDENCE_BYTES]
    db.execute(upsert, values(series.store, digest, series.series, seq, verdict.reason, kept, now_ms))
    db.execute(trim, values(series.store, MAX_EVIDENCE_ROWS))
