"""What registers say of themselves, passed on by their servers. Owns `register_report`: the newest word of each.

Reports arrive in any order and more than once; the newest is the one that was spoken last by the register's clock, and
among equals the one that was heard last.
"""

import msgspec

from store.database.connection import Connection, values
from store.exchange.delivery import RegisterReport
from store.exchange.identity import IdentityError, store_of

MAX_TEXT = 200
"""Characters of any text of a report that are kept."""

UPSERT_REPORT = """
insert into register_report (register_id, store_id, at_ms, heard_ms, received_ms, report)
values ($1, $2, $3, $4, $5, $6)
on conflict (register_id) do update set store_id = excluded.store_id, at_ms = excluded.at_ms,
  heard_ms = excluded.heard_ms, received_ms = excluded.received_ms, report = excluded.report
where (excluded.at_ms, excluded.heard_ms) >= (register_report.at_ms, register_report.heard_ms)"""
SELECT_REPORTS = "select register_id, report, heard_ms from register_report order by register_id"
SELECT_REPORT = "select register_id, report, heard_ms from register_report where register_id = $1"


def take_reports(db: Connection, reports: tuple[RegisterReport, ...], now_ms: int) -> int:
    """Keep the newest word of each register; answers how many were taken in. Nonsense is left out."""
    taken = 0
    for report in reports:
        if not _makes_sense(report):
            continue
        heard_ms = min(report.heard_ms or now_ms, now_ms)  # nobody hears in the future, whatever a clock says
        kept = msgspec.json.encode(_shortened(report)).decode()
        at_ms = report.at_ms
        db.execute(UPSERT_REPORT, values(report.register, report.store, at_ms, heard_ms, now_ms, kept))
        taken += 1
    return taken


def all_reports(db: Connection) -> dict[str, RegisterReport]:
    """The newest word of each register that was ever heard of; `heard_ms` is headquarters' or its server's clock."""
    return {row[0]: _read(row[1], row[2]) for row in db.execute(SELECT_REPORTS).fetchall()}


def report_of(db: Connection, register: str) -> RegisterReport | None:
    """The newest word of a register, or None."""
    row = db.execute(SELECT_REPORT, values(register)).fetchone()
    return None if row is None else _read(row[1], row[2])


def _read(text: str, heard_ms: int) -> RegisterReport:
    return msgspec.structs.replace(msgspec.json.decode(text, type=RegisterReport), heard_ms=heard_ms)


def _makes_sense(report: RegisterReport) -> bool:
    try:
        store = store_of(report.register)
    except IdentityError:
        return False
    counts = (report.unsent, report.unsent_transactions, report.pending_downloads)
    times = (report.at_ms, report.since_ms, report.oldest_unsent_ms, report.heard_ms)
    return store == report.store and all(0 <= number < 2**62 for number in (*counts, *times))


def _shortened(report: RegisterReport) -> RegisterReport:
    cut = {
        name: value[:MAX_TEXT]
        for name, value in msgspec.structs.asdict(report).items()
        if isinstance(value, str) and len(value) > MAX_TEXT
    }
    return msgspec.structs.replace(report, **cut)
