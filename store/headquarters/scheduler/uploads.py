"""Upload sessions: one round of P-0001 for one store. Owns `upload_session`.

A store never has two open rounds: what the server has not begun yet brings everything that came meanwhile as well.
"""

from collections.abc import Sequence

import msgspec

from store.database.connection import Connection, Row, values
from store.exchange.delivery import SessionReport, UploadEntry
from store.exchange.jobs import UploadStatus
from store.headquarters.distribution.session_states import (
    FAILURES,
    OPEN_UPLOADS,
    UP_REPORTS,
    SessionEvent,
    step_upload,
)
from store.headquarters.scheduler.packages import FEED_COUNTER
from store.headquarters.scheduler.rules import Rules
from store.headquarters.scheduler.sessions import KEPT_MS, MESSAGE_LIMIT, RETRY_WAITS_MS, SESSION_COUNTER
from store.headquarters.setup_rows import next_number

_COLUMNS = (
    "session, store_id, status, tries, retry_ms, row_count, size, message, created_ms, uploaded_ms, applied_ms, "
    "feed_n"
)
_FROM = f"select {_COLUMNS} from upload_session"  # noqa: S608 - a constant
_OPEN = ", ".join(f"'{status}'" for status in OPEN_UPLOADS)

SELECT_ONE = f"{_FROM} where session = $1"
SELECT_OPEN = f"{_FROM} where store_id = $1 and status in ({_OPEN}) order by session"
SELECT_SINCE = f"{_FROM} where feed_n > $1 and status = 'Available' order by session"
SELECT_FAILED_DUE = f"{_FROM} where status = 'Upload failed' and retry_ms <= $1 order by session limit 1000"
SELECT_UPLOADED = f"{_FROM} where status = 'Uploaded' order by session limit 1000"
SELECT_LIST = (
    f"{_FROM} where ($1 = '' or store_id = $1) and ($2 = '' or status = $2) and ($3 = 0 or status in ({_OPEN}))"
    " order by session desc limit $4"
)
INSERT_SESSION = f"""
insert into upload_session ({_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"""  # noqa: S608
UPDATE_SESSION = """
update upload_session set status = $2, tries = $3, retry_ms = $4, row_count = $5, size = $6, message = $7,
  uploaded_ms = $8, applied_ms = $9, feed_n = $10 where session = $1"""
INSERT_TRY = """
insert into session_try (session, status, at_ms) values ($1, $2, $3) on conflict do nothing returning session"""
DELETE_EMPTY = """
delete from upload_session where store_id = $1 and status = 'Applied' and row_count = 0 and session < $2"""
DELETE_OLD = f"delete from upload_session where created_ms < $1 and status not in ({_OPEN})"  # noqa: S608


class UploadSession(msgspec.Struct, frozen=True):
    """A round as it stands; `rows` and `size` are records and bytes delivered, times in ms."""

    session: int
    store: str
    status: UploadStatus
    tries: int = 0
    retry_ms: int = 0
    rows: int = 0
    size: int = 0
    message: str = ""
    created_ms: int = 0
    uploaded_ms: int = 0
    applied_ms: int = 0
    feed_n: int = 0


def ask(db: Connection, store: str, now_ms: int) -> UploadSession:
    """Ask the store's server for what headquarters does not have; the round that is open already, if there is one."""
    already = _select(db, SELECT_OPEN, store)
    if already:
        return already[0]
    session = UploadSession(next_number(db, SESSION_COUNTER), store, UploadStatus.STARTED, created_ms=now_ms)
    db.execute(INSERT_SESSION, values(*_row_of(session)))
    return _store(db, _moved(session, SessionEvent.CREATED), tell=True)


def report(db: Connection, told: SessionReport, rules: Rules, now_ms: int) -> UploadSession | None:
    """Take in what a server says of a round; answers it as it stands then, None for an unknown one."""
    found = _select(db, SELECT_ONE, told.session)
    event = UP_REPORTS.get(told.status)
    if not found or event is None:
        return None
    session = found[0]
    if event in FAILURES:
        return _failed(db, session, told, rules, now_ms)
    moved = _moved(session, event)
    if moved.status is session.status:
        return session
    moved = msgspec.structs.replace(
        moved, rows=max(0, told.rows), size=max(0, told.size), uploaded_ms=told.at_ms, message=told.message
    )
    return _store(db, moved, tell=False)


def posted(db: Connection, session: UploadSession, now_ms: int, trouble: str = "") -> None:
    """Everything of the round is booked, or (with a sentence) some of it could not be."""
    event = SessionEvent.POSTING_FAILED if trouble else SessionEvent.POSTED
    moved = msgspec.structs.replace(
        _moved(session, event), applied_ms=now_ms, message=trouble or session.message
    )
    _store(db, moved, tell=False)
    db.execute(DELETE_EMPTY, values(session.store, session.session))


def retry_due(db: Connection, now_ms: int) -> int:
    """Ask again for failed rounds whose pause is over; answers how many."""
    due = _select(db, SELECT_FAILED_DUE, now_ms)
    for session in due:
        _store(db, _moved(session, SessionEvent.RETRY_DUE), tell=True)
    return len(due)


def cancel(db: Connection, number: int) -> UploadSession | None:
    """An operator gives a round up. Raises SessionRefused; None for an unknown one."""
    found = _select(db, SELECT_ONE, number)
    return _store(db, _moved(found[0], SessionEvent.CANCEL_ASKED), tell=True) if found else None


def rerun(db: Connection, number: int) -> UploadSession | None:
    """An operator has a round asked for again. Raises SessionRefused; None for an unknown one."""
    found = _select(db, SELECT_ONE, number)
    if not found:
        return None
    again = msgspec.structs.replace(
        _moved(found[0], SessionEvent.RERUN_ASKED), tries=0, retry_ms=0, message=""
    )
    return _store(db, again, tell=True)


def find(db: Connection, number: int) -> UploadSession | None:
    """A round by its number."""
    return next(iter(_select(db, SELECT_ONE, number)), None)


def uploaded(db: Connection) -> list[UploadSession]:
    """Rounds that are delivered and wait for their booking."""
    return _select(db, SELECT_UPLOADED)


def listed(
    db: Connection, *, store: str = "", status: str = "", only_open: bool = False, limit: int = 50
) -> list[UploadSession]:
    """Rounds, the newest first."""
    return _select(db, SELECT_LIST, store, status, int(only_open), limit)


def entries_since(db: Connection, feed_n: int) -> list[UploadEntry]:
    """Rounds that a server has to hear of after a number of the feed."""
    return [UploadEntry(session=one.session, store=one.store) for one in _select(db, SELECT_SINCE, feed_n)]


def forget_old(db: Connection, now_ms: int) -> None:
    """Delete finished rounds that are older than a month."""
    db.execute(DELETE_OLD, values(now_ms - KEPT_MS))


def _failed(
    db: Connection, session: UploadSession, told: SessionReport, rules: Rules, now_ms: int
) -> UploadSession:
    new = db.execute(INSERT_TRY, values(session.session, told.status, told.at_ms)).fetchall()
    if not new or session.status not in OPEN_UPLOADS:
        return session
    tries = session.tries + 1
    wait_ms = RETRY_WAITS_MS[min(tries, len(RETRY_WAITS_MS)) - 1]
    moved = msgspec.structs.replace(
        _moved(session, SessionEvent.UPLOAD_FAILED),
        tries=tries,
        retry_ms=now_ms + wait_ms,
        message=told.message[:MESSAGE_LIMIT],
    )
    if tries >= rules.try_count:
        # Nothing is lost by giving up: the next round asks for the same records again.
        message = f"Tried {tries} times: {told.message}"[:MESSAGE_LIMIT]
        moved = msgspec.structs.replace(_moved(moved, SessionEvent.GIVEN_UP), message=message)
    return _store(db, moved, tell=moved.status is UploadStatus.CANCELED)


def _moved(session: UploadSession, event: SessionEvent) -> UploadSession:
    return msgspec.structs.replace(session, status=step_upload(session.status, event))


def _store(db: Connection, session: UploadSession, *, tell: bool) -> UploadSession:
    feed_n = next_number(db, FEED_COUNTER) if tell else session.feed_n
    stored = msgspec.structs.replace(session, feed_n=feed_n)
    row = _row_of(stored)
    db.execute(UPDATE_SESSION, values(row[0], *row[2:8], *row[9:]))
    return stored


def _select(db: Connection, sql: str, *args: str | int) -> list[UploadSession]:
    return [_session(row) for row in db.execute(sql, values(*args))]


def _session(row: Row) -> UploadSession:
    cells = list(row)
    cells[2] = UploadStatus(cells[2])
    return UploadSession(*cells)


def _row_of(session: UploadSession) -> Sequence[str | int]:
    return [
        str(value) if isinstance(value, str) else int(value) for value in msgspec.structs.astuple(session)
    ]
