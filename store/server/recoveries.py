"""Records of a dead register, brought in once more under a supervisor's grant (docs/offline-protocol.md 4.5).

The series stays fenced for the register itself: the grant opens it inside one unit of work, for the records that
came with its code, and the last batch closes it for good. Owns `recovery_audit`; writes `recovery_grant.used_ms`.
"""

from store.database.connection import Connection, values
from store.exchange.codes import code_hash
from store.exchange.delivery import RecoveryRequest
from store.exchange.messages import RecordBatch
from store.ledger.series import GRANT_RECOVERY, Accepted, accept, find_series
from store.service.errors import ProblemError

SELECT_GRANT = """
select store_id, series, expires_ms, used_ms from recovery_grant where code_hash = $1 and series = $2"""
USE_GRANT = "update recovery_grant set used_ms = $3 where store_id = $1 and code_hash = $2 and used_ms = 0"
CLOSE_SERIES = "update series set closed_ms = $3 where store_id = $1 and series = $2 and closed_ms = 0"
INSERT_AUDIT = """
insert into recovery_audit (store_id, series, at_ms, seq, event) values ($1, $2, $3, $4, $5)
on conflict (store_id, series, at_ms, event) do nothing"""


def recover(db: Connection, request: RecoveryRequest, now_ms: int) -> Accepted:
    """Take a batch under a grant, as one unit of work; raises ProblemError `bad-code`.

    After the last one the grant is used up; the same last one again is answered with what there is.
    """
    digest, name = code_hash(request.code), request.batch.series
    row = db.execute(SELECT_GRANT, values(digest, name)).fetchone()
    if row is None:
        raise ProblemError("bad-code", "No grant for this series has that code; ask the supervisor for one.")
    store, used = row[0], row[3] != 0
    if used and not request.last:
        raise ProblemError("bad-code", "The grant is used up: the series was closed for good.")
    if not used and row[2] < now_ms:
        raise ProblemError("bad-code", "The grant has expired; ask the supervisor for a new one.")
    if find_series(db, name) is None:
        raise ProblemError(
            "bad-code", "This server does not know the series; use the one it was enrolled at."
        )
    batch = request.batch
    if used:  # the answer to the last one was lost: what is there says it all
        batch = RecordBatch(series=name, batch="", records=())
    else:
        db.execute(GRANT_RECOVERY, values(store, name, 1))
    done = accept(db, batch, now_ms)
    assert done is not None, "the series was found in this unit"
    db.execute(GRANT_RECOVERY, values(store, name, 0))
    if not used:
        _note(db, store, done, now_ms, f"{done.stored} records taken")
    if request.last and done.refused is None and not used:
        db.execute(USE_GRANT, values(store, digest, now_ms))
        db.execute(CLOSE_SERIES, values(store, name, now_ms))
        _note(db, store, done, now_ms, "closed for good")
    return done


def _note(db: Connection, store: str, done: Accepted, now_ms: int, event: str) -> None:
    db.execute(INSERT_AUDIT, values(store, done.answer.series, now_ms, done.answer.acked_seq, event))
