"""What registers (and this server's own loading) report, kept until headquarters has it.

Owns `session_report` and `register_report`. Everything may come twice: a report is known by what it says.
"""

import msgspec

from store.database.connection import Connection, values
from store.exchange.delivery import RegisterReport, SessionReport
from store.exchange.jobs import DownloadStatus

MAX_MESSAGE = 500
MAX_WAITING = 50_000
"""Session reports kept while headquarters is away; the oldest go first, a later one says more."""
FROM_REGISTERS = frozenset(
    (
        DownloadStatus.REQUESTED,
        DownloadStatus.DOWNLOADED,
        DownloadStatus.APPLIED,
        DownloadStatus.DOWNLOAD_FAILED,
        DownloadStatus.APPLY_FAILED,
    )
)
"""What a register can say about a package; everything else is headquarters' own word."""

INSERT_SESSION_REPORT = """
insert into session_report (store_id, database, package_seq, session, status, at_ms, heard_ms, body)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (store_id, database, package_seq, session, status, at_ms) do nothing"""
SELECT_SESSION_REPORTS = """
select store_id, database, package_seq, session, status, at_ms, body from session_report
order by heard_ms, at_ms, store_id, database, package_seq, session, status limit $1"""
DELETE_SESSION_REPORT = """
delete from session_report where store_id = $1 and database = $2 and package_seq = $3 and session = $4
and status = $5 and at_ms = $6"""
TRIM_SESSION_REPORTS = """
delete from session_report where heard_ms < (select min(heard_ms) from
  (select heard_ms from session_report order by heard_ms desc limit $1) newest)"""
UPSERT_REGISTER_REPORT = """
insert into register_report (store_id, register_id, at_ms, heard_ms, body, relayed_ms) values ($1, $2, $3, $4, $5, 0)
on conflict (store_id, register_id) do update
set at_ms = excluded.at_ms, heard_ms = excluded.heard_ms, body = excluded.body, relayed_ms = 0"""
SELECT_REGISTER_REPORTS = """
select body from register_report where relayed_ms = 0 order by heard_ms, store_id, register_id limit $1"""
SELECT_KEPT_REGISTER_REPORTS = "select body from register_report where store_id = $1 order by register_id"
NOTE_RELAYED = """
update register_report set relayed_ms = $3 where store_id = $1 and register_id = $2 and heard_ms = $4"""

Key = tuple[str, str, int, int, str, int]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A session report on its way, and what it is known by."""

    key: Key
    report: SessionReport


def keep_session_report(
    db: Connection, store: str, database: str, report: SessionReport, now_ms: int
) -> None:
    """Keep a report about a package for one database, as that database's own."""
    kept = msgspec.structs.replace(report, database=database, message=report.message[:MAX_MESSAGE])
    key = (store, database, kept.package_seq, kept.session, kept.status, kept.at_ms)
    db.execute(INSERT_SESSION_REPORT, values(*key, now_ms, msgspec.json.encode(kept).decode()))


def keep_session_reports(
    db: Connection, store: str, database: str, reports: tuple[SessionReport, ...], now_ms: int
) -> None:
    """Keep several, as one unit."""
    for report in reports:
        keep_session_report(db, store, database, report, now_ms)
    db.execute(TRIM_SESSION_REPORTS, values(MAX_WAITING))


def waiting_session_reports(db: Connection, limit: int) -> list[Waiting]:
    """The oldest reports that headquarters does not have."""
    rows = db.execute(SELECT_SESSION_REPORTS, values(limit)).fetchall()
    return [Waiting(key=row[:6], report=msgspec.json.decode(row[6], type=SessionReport)) for row in rows]


def forget_session_reports(db: Connection, keys: list[Key]) -> None:
    """Headquarters has these."""
    for key in keys:
        db.execute(DELETE_SESSION_REPORT, values(*key))


def keep_register_report(db: Connection, store: str, report: RegisterReport, now_ms: int) -> None:
    """Keep a register's word about itself; the last one that was heard counts, whatever its clock says."""
    kept = msgspec.structs.replace(
        report, store=store, heard_ms=now_ms, reason=report.reason[:MAX_MESSAGE],
        last_sync_result=report.last_sync_result[:MAX_MESSAGE],
    )  # fmt: skip
    body = msgspec.json.encode(kept).decode()
    db.execute(UPSERT_REGISTER_REPORT, values(store, kept.register, kept.at_ms, now_ms, body))


def register_reports(db: Connection, store: str) -> list[RegisterReport]:
    """The latest word of every register of a store."""
    rows = db.execute(SELECT_KEPT_REGISTER_REPORTS, values(store)).fetchall()
    return [msgspec.json.decode(row[0], type=RegisterReport) for row in rows]


def waiting_register_reports(db: Connection, limit: int) -> list[RegisterReport]:
    """Reports that headquarters does not have, oldest first."""
    rows = db.execute(SELECT_REGISTER_REPORTS, values(limit)).fetchall()
    return [msgspec.json.decode(row[0], type=RegisterReport) for row in rows]


def note_relayed(db: Connection, reports: list[RegisterReport], now_ms: int) -> None:
    """Headquarters has these; a newer one that came meanwhile still waits."""
    for report in reports:
        db.execute(NOTE_RELAYED, values(report.store, report.register, now_ms, report.heard_ms))
