"""Download sessions: one package for one channel database. Owns `download_session` and `session_try`.

Reports come in any order and more than once; a session only moves forward by them (`distribution.session_states`).
What a server has to hear of gets a number of the feed; what it has told us itself does not, or it would wake itself.
"""

from collections.abc import Iterable, Sequence

import msgspec

from store.database.connection import Connection, Row, values
from store.exchange.delivery import SessionEntry, SessionReport
from store.exchange.jobs import DownloadStatus
from store.headquarters.distribution.session_states import (
    DOWN_REPORTS,
    FAILURES,
    OPEN_DOWNLOADS,
    SessionEvent,
    step_download,
)
from store.headquarters.scheduler.packages import FEED_COUNTER, set_canceled
from store.headquarters.scheduler.rules import Rules
from store.headquarters.setup_rows import next_number

SESSION_COUNTER = "session"
RETRY_WAITS_MS = (5_000, 30_000, 120_000)
"""Pause before the second, third, ... try; the last one repeats."""
MESSAGE_LIMIT = 500
KEPT_MS = 30 * 86_400_000
"""Finished sessions older than this are forgotten."""

_COLUMNS = (
    "session, channel_database, register_id, store_id, data_group, job, package_seq, status, tries, retry_ms, "
    "row_count, size, message, created_ms, available_ms, requested_ms, downloaded_ms, applied_ms, reported_ms, feed_n"
)
_FROM = f"select {_COLUMNS} from download_session"  # noqa: S608 - a constant
_OPEN = ", ".join(f"'{status}'" for status in OPEN_DOWNLOADS)

SELECT_ONE = f"{_FROM} where session = $1"
SELECT_CARRYING = f"{_FROM} where channel_database = $1 and package_seq = $2 order by session desc limit 1"
SELECT_OF_PACKAGE = f"{_FROM} where package_seq = $1 order by session"
SELECT_BEFORE = (
    f"{_FROM} where channel_database = $1 and data_group = $2 and package_seq < $3 and status in ({_OPEN})"
    " order by session"
)
SELECT_OF_DATABASE = f"{_FROM} where channel_database = $1 and status in ({_OPEN}) order by session"
SELECT_STARTED = f"{_FROM} where status = 'Started' order by session"
SELECT_FAILED_DUE = (
    f"{_FROM} where status in ('Download failed', 'Apply failed') and retry_ms <= $1"
    " order by session limit 1000"
)
SELECT_SINCE = f"{_FROM} where feed_n > $1 and status <> 'Started' order by package_seq, session"
_USEFUL = f"(register_id = '' or status in ({_OPEN}, 'Canceled')) and status <> 'Started'"
SELECT_USEFUL = (
    f"{_FROM} where {_USEFUL} and package_seq in (select package_seq from data_package)"  # noqa: S608
    " order by package_seq, session"
)
SELECT_LIST = (
    f"{_FROM} where ($1 = '' or channel_database = $1) and ($2 = '' or status = $2)"
    f" and ($3 = 0 or status in ({_OPEN})) order by session desc limit $4"
)
SELECT_APPLIED_SEQ = """
select coalesce(max(package_seq), 0) from download_session where channel_database = $1 and status = 'Applied'"""
SELECT_ELSEWHERE = """
select coalesce(max(package_seq), 0) from download_session where channel_database = $1 and data_group <> $2"""
SELECT_CANCELED = """
select channel_database, max(package_seq) from download_session where data_group = $1 and status = 'Canceled'
  and channel_database in (select channel_database from known_database where data_group = $1)
group by channel_database"""
COUNT_IN_USE = "select count(*) from download_session where package_seq = $1 and status <> 'Canceled'"
INSERT_SESSION = f"""
insert into download_session ({_COLUMNS})
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)"""  # noqa: S608
UPDATE_SESSION = """
update download_session set status = $2, tries = $3, retry_ms = $4, row_count = $5, size = $6, message = $7,
  available_ms = $8, requested_ms = $9, downloaded_ms = $10, applied_ms = $11, reported_ms = $12, feed_n = $13
where session = $1"""
INSERT_TRY = """
insert into session_try (session, status, at_ms) values ($1, $2, $3) on conflict do nothing returning session"""
DELETE_EMPTY = """
delete from download_session where channel_database = $1 and job = $2 and status in ('No data', 'Create failed')
  and session < $3"""
DELETE_STARTED = "delete from download_session where package_seq = $1 and status = 'Started'"
DELETE_OLD = f"delete from download_session where created_ms < $1 and status not in ({_OPEN})"  # noqa: S608
DELETE_OLD_TRIES = "delete from session_try where session not in (select session from download_session)"

OFFERED_AGAIN = frozenset(OPEN_DOWNLOADS) - {DownloadStatus.STARTED, DownloadStatus.SUSPENDED}
"""Statuses from which a full package brings a session back to Available."""


class DownloadSession(msgspec.Struct, frozen=True):
    """A session as it stands; `rows` and `size` are what the database handled, times in ms."""

    session: int
    database: str
    register: str
    store: str
    data_group: str
    job: str
    package_seq: int
    status: DownloadStatus
    tries: int = 0
    retry_ms: int = 0
    rows: int = 0
    size: int = 0
    message: str = ""
    created_ms: int = 0
    available_ms: int = 0
    requested_ms: int = 0
    downloaded_ms: int = 0
    applied_ms: int = 0
    reported_ms: int = 0
    feed_n: int = 0


class Target(msgspec.Struct, frozen=True):
    """A channel database that a session is for; `register` is empty for the store's own."""

    database: str
    register: str
    store: str
    data_group: str


_TIME_OF = {
    SessionEvent.REQUESTED: "requested_ms",
    SessionEvent.DOWNLOADED: "downloaded_ms",
    SessionEvent.APPLIED: "applied_ms",
}


def start(db: Connection, targets: Iterable[Target], job: str, package_seq: int, now_ms: int) -> list[int]:
    """Sessions for a package that is being made; no server hears of them yet."""
    numbers = []
    for target in targets:
        number = next_number(db, SESSION_COUNTER)
        session = DownloadSession(
            number,
            target.database,
            target.register,
            target.store,
            target.data_group,
            job,
            package_seq,
            DownloadStatus.STARTED,
            created_ms=now_ms,
        )
        db.execute(INSERT_SESSION, values(*_row_of(session)))
        numbers.append(number)
    return numbers


def finish(db: Connection, package_seq: int, event: SessionEvent, now_ms: int, message: str = "") -> None:
    """What came of making a package, for all its sessions: CREATED, NOTHING_CHANGED or CREATION_FAILED."""
    for session in _select(db, SELECT_OF_PACKAGE, package_seq):
        if session.status is not DownloadStatus.STARTED:
            continue
        available_ms = now_ms if event is SessionEvent.CREATED else 0
        moved = _moved(session, event, available_ms=available_ms, message=message)
        _store(db, moved, tell=event is SessionEvent.CREATED)
        db.execute(DELETE_EMPTY, values(session.database, session.job, session.session))


def unstart(db: Connection, package_seq: int) -> None:
    """Take back `start`: another number is used."""
    db.execute(DELETE_STARTED, values(package_seq))


def offer(db: Connection, target: Target, packages: Iterable[tuple[int, str]], now_ms: int) -> None:
    """Sessions for packages (number, job) that exist already, for a database that is new in its group."""
    for package_seq, job in packages:
        if not _select(db, SELECT_CARRYING, target.database, package_seq):
            start(db, [target], job, package_seq, now_ms)
            finish(db, package_seq, SessionEvent.CREATED, now_ms)


def withdraw(db: Connection, database: str, group: str, why: str) -> None:
    """Cancel what a database will not fetch any more: it is in that group now (empty: it is gone)."""
    for session in _select(db, SELECT_OF_DATABASE, database):
        if session.status is not DownloadStatus.STARTED and session.data_group != group:
            _store(db, _moved(session, SessionEvent.GIVEN_UP, message=why), tell=True)


def report(db: Connection, told: SessionReport, rules: Rules, now_ms: int) -> DownloadSession | None:
    """Take in what a database says of a session; answers the session as it stands then, None for an unknown one."""
    session = _named(db, told)
    event = DOWN_REPORTS.get(told.status)
    if session is None or event is None:
        return None
    if event is SessionEvent.APPLIED:
        return _applied(db, session, told)
    if event in FAILURES:
        return _failed(db, session, event, told, rules, now_ms)
    if told.at_ms <= session.reported_ms:
        return session  # it overtook, or comes again
    moved = _moved(session, event, reported_ms=told.at_ms, **{_TIME_OF[event]: told.at_ms})
    return _store(db, moved, tell=False)


def retry_due(db: Connection, now_ms: int) -> int:
    """Let failed sessions be tried again whose pause is over; answers how many."""
    due = _select(db, SELECT_FAILED_DUE, now_ms)
    for session in due:
        _store(db, _moved(session, SessionEvent.RETRY_DUE, available_ms=now_ms), tell=True)
    return len(due)


def cancel(db: Connection, number: int) -> DownloadSession | None:
    """An operator gives a session up. Raises SessionRefused; None for an unknown one."""
    found = _select(db, SELECT_ONE, number)
    if not found:
        return None
    moved = _moved(found[0], SessionEvent.CANCEL_ASKED, message="Canceled at headquarters.")
    stored = _store(db, moved, tell=True)
    _settle_package(db, stored.package_seq)
    return stored


def rerun(db: Connection, number: int, now_ms: int) -> DownloadSession | None:
    """An operator lets a session be tried again. Raises SessionRefused; None for an unknown one."""
    found = _select(db, SELECT_ONE, number)
    if not found:
        return None
    moved = _moved(found[0], SessionEvent.RERUN_ASKED, tries=0, retry_ms=0, message="", available_ms=now_ms)
    stored = _store(db, moved, tell=True)
    set_canceled(db, stored.package_seq, False)
    return stored


def make_available(db: Connection, session: DownloadSession, now_ms: int) -> None:
    """Offer a session again without counting a try: the database asked for a full package."""
    again = msgspec.structs.replace(session, status=DownloadStatus.AVAILABLE, available_ms=now_ms, message="")
    _store(db, again, tell=True)


def find(db: Connection, number: int) -> DownloadSession | None:
    """A session by its number."""
    return next(iter(_select(db, SELECT_ONE, number)), None)


def started(db: Connection) -> list[DownloadSession]:
    """Sessions whose package was being made; after a start these are what a crash left."""
    return _select(db, SELECT_STARTED)


def listed(
    db: Connection, *, database: str = "", status: str = "", only_open: bool = False, limit: int = 50
) -> list[DownloadSession]:
    """Sessions, the newest first."""
    return _select(db, SELECT_LIST, database, status, int(only_open), limit)


def entries_since(db: Connection, feed_n: int) -> list[tuple[str, SessionEntry]]:
    """(store, session) of what a server has to hear of after a number of the feed; 0: all it can still use."""
    found = _select(db, SELECT_SINCE, feed_n) if feed_n else _select(db, SELECT_USEFUL)
    return [
        (
            session.store,
            SessionEntry(
                session=session.session,
                database=session.database,
                register=session.register,
                data_group=session.data_group,
                package_seq=session.package_seq,
                status=session.status,
            ),
        )
        for session in found
        if session.package_seq
    ]


def applied_seq(db: Connection, database: str) -> int:
    """The newest package that a database said it has applied; 0 for none."""
    return int(db.execute(SELECT_APPLIED_SEQ, values(database)).fetchone()[0])


def offered_elsewhere(db: Connection, target: Target) -> int:
    """The newest package that a database was offered in another group than its own; 0 for none."""
    return int(db.execute(SELECT_ELSEWHERE, values(target.database, target.data_group)).fetchone()[0])


def must_be_passed(db: Connection, group: str) -> int:
    """The newest package that a database of the group must not use and has not got past; 0 for none."""
    canceled = [(str(name), int(seq)) for name, seq in db.execute(SELECT_CANCELED, values(group))]
    return max((seq for name, seq in canceled if applied_seq(db, name) < seq), default=0)


def forget_old(db: Connection, now_ms: int) -> None:
    """Delete finished sessions that are older than a month."""
    db.execute(DELETE_OLD, values(now_ms - KEPT_MS))
    db.execute(DELETE_OLD_TRIES)


def _named(db: Connection, told: SessionReport) -> DownloadSession | None:
    if told.session:
        return find(db, told.session)
    return next(iter(_select(db, SELECT_CARRYING, told.database, told.package_seq)), None)


def _applied(db: Connection, session: DownloadSession, told: SessionReport) -> DownloadSession:
    if session.status is DownloadStatus.APPLIED:
        return session
    was_canceled = session.status is DownloadStatus.CANCELED
    moved = _moved(
        session,
        SessionEvent.APPLIED,
        applied_ms=told.at_ms,
        reported_ms=max(told.at_ms, session.reported_ms),
        rows=max(0, told.rows),
        size=max(0, told.size),
        message=told.message,
    )
    stored = _store(db, moved, tell=False)
    if was_canceled:
        set_canceled(db, session.package_seq, False)
    # A full package, or a chain applied in one go, brings everything before it as well.
    for earlier in _select(db, SELECT_BEFORE, session.database, session.data_group, session.package_seq):
        if earlier.status is not DownloadStatus.STARTED:
            message = f"Came with package {session.package_seq}."
            _store(
                db, _moved(earlier, SessionEvent.APPLIED, applied_ms=told.at_ms, message=message), tell=False
            )
    return stored


def _failed(
    db: Connection,
    session: DownloadSession,
    event: SessionEvent,
    told: SessionReport,
    rules: Rules,
    now_ms: int,
) -> DownloadSession:
    new = db.execute(INSERT_TRY, values(session.session, told.status, told.at_ms)).fetchall()
    if not new or session.status not in OPEN_DOWNLOADS or session.status is DownloadStatus.SUSPENDED:
        return session
    if told.wants_full:
        return session  # nothing is wrong with the package: the caller makes its full form
    is_late = told.at_ms <= session.reported_ms
    tries = session.tries + told.counts_try
    moved = (
        msgspec.structs.replace(session, tries=tries)
        if is_late
        else _moved(session, event, tries=tries, message=told.message, reported_ms=told.at_ms)
    )
    if told.counts_try and tries >= rules.try_count:
        end = SessionEvent.SUSPENDED if rules.strict_order else SessionEvent.GIVEN_UP
        message = f"Tried {tries} times: {told.message or moved.message}"
        stored = _store(db, _moved(moved, end, message=message), tell=True)
        _settle_package(db, session.package_seq)
        return stored
    wait_ms = RETRY_WAITS_MS[min(max(tries, 1), len(RETRY_WAITS_MS)) - 1]
    return _store(db, msgspec.structs.replace(moved, retry_ms=now_ms + wait_ms), tell=False)


def _settle_package(db: Connection, package_seq: int) -> None:
    """A package that nobody is to use any more is out of use itself."""
    if package_seq and not db.execute(COUNT_IN_USE, values(package_seq)).fetchone()[0]:
        set_canceled(db, package_seq, True)


def _moved(session: DownloadSession, event: SessionEvent, **changes: object) -> DownloadSession:
    status = step_download(session.status, event)
    moved: DownloadSession = msgspec.structs.replace(session, status=status, **changes)
    return msgspec.structs.replace(moved, message=moved.message[:MESSAGE_LIMIT])


def _store(db: Connection, session: DownloadSession, *, tell: bool) -> DownloadSession:
    feed_n = next_number(db, FEED_COUNTER) if tell else session.feed_n
    stored = msgspec.structs.replace(session, feed_n=feed_n)
    row = _row_of(stored)
    db.execute(UPDATE_SESSION, values(row[0], *row[7:13], *row[14:]))
    return stored


def _select(db: Connection, sql: str, *args: str | int) -> list[DownloadSession]:
    return [_session(row) for row in db.execute(sql, values(*args))]


def _session(row: Row) -> DownloadSession:
    cells = list(row)
    cells[7] = DownloadStatus(cells[7])
    return DownloadSession(*cells)


def _row_of(session: DownloadSession) -> Sequence[str | int]:
    return [
        str(value) if isinstance(value, str) else int(value) for value in msgspec.structs.astuple(session)
    ]
