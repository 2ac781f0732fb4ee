"""Series and the accept stage: what registers send is stored as exact bytes before anybody looks into it.

Owns the tables `series`, `record`, `rejected` and `fork`. The decision about each record is the pure
`store.exchange.acknowledgement.judge`; here is only what it needs to know and what follows from it.
"""

import hashlib

import msgspec

from store.database.connection import Connection, values
from store.exchange.acknowledgement import Head, Outcome, SeriesFacts, Verdict, judge
from store.exchange.messages import BatchAnswer, RecordAnswer, RecordBatch, WireRecord
from store.exchange.record import Record, RecordError, from_wire, genesis, key_id_of

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
SELECT_HASH = "select hash from record where store_id = $1 and series = $2 and seq = $3"
INSERT_RECORD = """
insert into record (store_id, series, seq, payload, prev, hash, signature, key_id, flags, received_ms)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"""
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


def accept(db: Connection, batch: RecordBatch, now_ms: int) -> Accepted | None:
    """Take a batch as one unit of work: each record in order, up to the first that cannot be taken.

    None when there is no such series. The acknowledgement is not signed yet and true only after the commit.
    """
    db.execute(LOCK_SERIES, values(batch.series))
    series = find_series(db, batch.series)
    if series is None:
        return None
    head, answers, refused = series.head, [], None
    stored = 0
    for wire in batch.records:
        verdict, record = _decide(db, series, head, wire)
        answers.append(_answer(wire.seq, verdict))
        if verdict.outcome is Outcome.ACCEPTED and record is not None:
            _insert(db, series, record, verdict, now_ms)
            head = Head(seq=record.seq, hash=record.hash)
            stored += 1
        elif verdict.outcome is not Outcome.DUPLICATE:
            refused = verdict
            _keep_evidence(db, series, wire, verdict, now_ms)
            break
    answers += [RecordAnswer(seq=wire.seq, outcome="skipped") for wire in batch.records[len(answers) :]]
    if stored:
        db.execute(UPDATE_HEAD, values(series.store, series.series, head.seq, head.hash))
    answer = BatchAnswer(
        series=series.series,
        acked_seq=head.seq,
        acked_hash=head.hash.hex(),
        time_ms=now_ms,
        records=tuple(answers),
        expected=head.seq + 1,
    )
    duplicates = sum(given.outcome == Outcome.DUPLICATE for given in answers)
    return Accepted(answer=answer, refused=refused, stored=stored, duplicates=duplicates)


def _decide(db: Connection, series: Series, head: Head, wire: WireRecord) -> tuple[Verdict, Record | None]:
    try:
        record = from_wire(wire)
    except RecordError as error:
        if series.fenced:
            return Verdict(outcome=Outcome.FENCED, reason="A newer epoch of this register exists."), None
        return Verdict(outcome=Outcome.REJECTED, reason=str(error)), None
    stored_hash = None
    if record.seq <= head.seq:
        row = db.execute(SELECT_HASH, values(series.store, series.series, record.seq)).fetchone()
        stored_hash = None if row is None else bytes(row[0])
    return judge(head, series.facts, record, stored_hash), record


def _answer(seq: int, verdict: Verdict) -> RecordAnswer:
    if verdict.outcome is Outcome.ACCEPTED and verdict.flags:
        return RecordAnswer(seq=seq, outcome="flagged", reason=", ".join(verdict.flags))
    return RecordAnswer(seq=seq, outcome=verdict.outcome, reason=verdict.reason)


def _insert(db: Connection, series: Series, record: Record, verdict: Verdict, now_ms: int) -> None:
    db.execute(
        INSERT_RECORD,
        values(
            series.store,
            series.series,
            record.seq,
            record.payload,
            record.prev,
            record.hash,
            record.signature,
            record.key_id,
            " ".join(verdict.flags),
            now_ms,
        ),
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
