"""Whether the records of an upload round are booked: what turns Uploaded into Applied. Reads the ledger's tables."""

from store.database.connection import Connection, values
from store.headquarters.scheduler import uploads
from store.headquarters.scheduler.uploads import UploadSession

COUNT_WAITING = """
select (select count(*) from series s left join posting_cursor c on c.store_id = s.store_id and c.series = s.series
    where s.store_id = $1 and s.head_seq > coalesce(c.seq, 0))
  + (select count(*) from retry where store_id = $1)"""
SELECT_QUARANTINED = """
select series, seq, reason from quarantine where store_id = $1 and at_ms >= $2 order by series, seq limit 4"""


def settle_uploads(db: Connection, now_ms: int) -> int:
    """Finish the rounds whose store has nothing waiting to be booked; answers how many were."""
    done = 0
    for session in uploads.uploaded(db):
        if not db.execute(COUNT_WAITING, values(session.store)).fetchone()[0]:
            uploads.posted(db, session, now_ms, _trouble(db, session))
            done += 1
    return done


def _trouble(db: Connection, session: UploadSession) -> str:
    found = db.execute(SELECT_QUARANTINED, values(session.store, session.created_ms)).fetchall()
    if not found:
        return ""
    named = "; ".join(f"{series} record {seq} ({str(reason)[:80]})" for series, seq, reason in found[:3])
    return f"In quarantine: {named}{' and more' if len(found) > 3 else ''}."
