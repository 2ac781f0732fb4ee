"""The rows of print jobs. They are born with their record; `print_spool` moves them on."""

from collections.abc import Sequence

from store.register.journal.entry import JobRow, PrintJob
from store.register.journal.sql import Connection

QUEUED, HELD = "queued", "held"
"""The states a job is born in; the other states belong to `print_spool`."""
MAX_JOBS = 300
"""Of the finished jobs before the newest so many none is kept; their records stay."""

_COLUMNS = (
    "n, job_id, kind, document_kind, copy_no, reason, txn_id, state, attempts, next_at_ms, detail, created_ms, "
    "updated_ms"
)
_INSERT = (
    "insert into print_job (job_id, kind, document_kind, copy_no, reason, txn_id, state, created_ms, updated_ms) "
    "values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_OPEN = (
    f"select {_COLUMNS} from print_job where state in ('queued', 'blocked', 'sending', 'failed') order by n"  # noqa: S608
)
_BY_ID = f"select {_COLUMNS} from print_job where job_id = ?"  # noqa: S608
_OF_RECORD = f"select {_COLUMNS} from print_job where txn_id = ? order by n"  # noqa: S608
_NEWEST = f"select {_COLUMNS} from print_job order by n desc limit ?"  # noqa: S608
_UPDATE = (
    "update print_job set state = ?, attempts = ?, next_at_ms = ?, detail = ?, updated_ms = ? "
    "where n = ? returning n"
)
_COPIES = "select coalesce(max(copy_no), 0) from print_job where txn_id = ? and kind <> 'drawer'"
_TRIM = (
    "delete from print_job where n <= (select max(n) from print_job) - ? "
    "and state not in ('queued', 'blocked', 'sending', 'failed', 'unknown')"
)


class JobVanished(LookupError):
    """A print job that is to be moved on is not there."""


def add_jobs(connection: Connection, jobs: Sequence[PrintJob], txn_id: str, at_ms: int) -> None:
    """Queue jobs in the transaction of the record `txn_id`."""
    for job in jobs:
        source, state = job.source_txn_id or txn_id, HELD if job.held else QUEUED
        connection.execute(
            _INSERT,
            (job.job_id, job.kind, job.document_kind, job.copy_no, job.reason, source, state, at_ms, at_ms),
        )


def open_jobs(connection: Connection) -> list[JobRow]:
    """Jobs that wait for something, oldest first."""
    return [_job(row) for row in connection.execute(_OPEN)]


def job_by_id(connection: Connection, job_id: str) -> JobRow | None:
    """One job."""
    row = connection.execute(_BY_ID, (job_id,)).fetchone()
    return None if row is None else _job(row)


def jobs_of(connection: Connection, txn_id: str) -> list[JobRow]:
    """All jobs that render one record, oldest first."""
    return [_job(row) for row in connection.execute(_OF_RECORD, (txn_id,))]


def newest_jobs(connection: Connection, limit: int) -> list[JobRow]:
    """The newest jobs, newest first."""
    return [_job(row) for row in connection.execute(_NEWEST, (limit,))]


def copies_of(connection: Connection, txn_id: str) -> int:
    """The highest copy number given for a record so far; 0 when only the original exists."""
    (highest,) = connection.execute(_COPIES, (txn_id,)).fetchone()
    return int(highest)


def update_job(connection: Connection, job: JobRow) -> None:
    """Store where a job stands, and forget finished jobs that are long past.

    Raises JobVanished when there is no such job: whoever went on would print it without end.
    """
    changes = (job.state, job.attempts, job.next_at_ms, job.detail, job.updated_ms, job.n)
    if connection.execute(_UPDATE, changes).fetchall() != [(job.n,)]:
        raise JobVanished(f"The print job {job.job_id} is not in the journal.")
    connection.execute(_TRIM, (MAX_JOBS,))


def _job(row: tuple[object, ...]) -> JobRow:
    return JobRow(**dict(zip(JobRow.__struct_fields__, row, strict=True)))  # type: ignore[arg-type]
