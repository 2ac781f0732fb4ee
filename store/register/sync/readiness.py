"""Is the offline database ready before it is needed: which set of data is missing, old or waiting, and what cures it.

Pure: tables, sessions and the moment are arguments. The numbers are those of the scheduler's jobs.
"""

from collections.abc import Iterable, Sequence

import msgspec

from store.exchange.jobs import ALL_JOBS, JOBS, TRY_COUNT, DownloadStatus, Job
from store.gateway.offline import DataSet
from store.register.sync.history import DownloadRow, job_words
from store.sale.language import phrase

OLD_MS = 24 * 3_600_000
"""Without a good look at the server for this long the data is called old (offline protocol 3.10)."""
NEEDED = {"1040": ("item",), "1060": ("staff",), "1070": ("setting", "tax")}
"""Without rows in these tables a register cannot sell offline."""
NEEDED_WITHOUT_OFFLINE = {"1060": ("staff",), "1070": ("setting",)}
READY, WAITS, FAILED, MISSING, OLD, LEFT_OUT = (
    "ready",
    "a newer one waits",
    "failed",
    "missing",
    "old",
    "not kept offline",
)


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """One job's data on this register: `rows` of its first table, which is what people call it by.

    `created_ms` is that of the newest package that touched it, 0 for none.
    """

    job: str
    name: str
    rows: int
    created_ms: int
    state: str


def readiness(
    tables: Sequence[DataSet], waiting: Iterable[DownloadRow], *, supported: bool, looked_ms: int, now_ms: int
) -> tuple[Readiness, ...]:
    """Every job that has data here, should have, or has some on its way; `looked_ms` is the last good look."""
    by_table = {table.name: table for table in tables}
    rows = [row for row in waiting if row.status != DownloadStatus.APPLIED]
    needed = NEEDED if supported else NEEDED_WITHOUT_OFFLINE
    found = (
        _of_job(
            job,
            [by_table[name] for name in job.tables if name in by_table],
            [row for row in rows if job.number in row.job],
            any(row.job in (ALL_JOBS, "") for row in rows),
            missing=any(
                name not in by_table or not by_table[name].rows for name in needed.get(job.number, ())
            ),
            old=0 < looked_ms < now_ms - OLD_MS,
        )
        for job in JOBS
    )
    return tuple(row for row in found if row is not None)


def _of_job(
    job: Job, tables: list[DataSet], waiting: list[DownloadRow], all_wait: bool, *, missing: bool, old: bool
) -> Readiness | None:
    rows = next((table.rows for table in tables if table.name == job.tables[0]), 0)
    empty = not any(table.rows for table in tables)
    left_out = empty and any(not table.kept for table in tables)
    if left_out:
        state = LEFT_OUT
    elif any(row.tries or row.status in FAILURES for row in waiting):
        state = FAILED
    elif missing:
        state = MISSING
    elif waiting or (all_wait and not empty):
        state = WAITS
    elif empty:
        return None
    else:
        state = OLD if old else READY
    created_ms = max((table.created_ms for table in tables), default=0)
    return Readiness(job=job.number, name=job.name, rows=rows, created_ms=created_ms, state=state)


FAILURES = frozenset({DownloadStatus.DOWNLOAD_FAILED, DownloadStatus.APPLY_FAILED})


def warning(
    found: Sequence[Readiness],
    waiting: Iterable[DownloadRow],
    *,
    looked_ms: int,
    age: str,
    started: bool,
    held_back: int = 0,
) -> str:
    """One sentence before the data is needed: what is not as it should be, and what cures it; empty when all is well.

    `age` says in words how old the last good look is; `held_back` is `SyncMemory.held_back`.
    """
    failed = next((row for row in waiting if row.status in FAILURES), None)
    if failed is not None:
        return _failed_words(failed)
    missing = [row for row in found if row.state == MISSING]
    if missing:
        names = ", ".join(f"{row.job} {row.name}" for row in missing)
        if not started:
            return phrase(
                "Not ready to sell offline: {names} missing. Sign in; the first sign-in fetches the data.",
                names,
            )
        return phrase(
            "Not ready to sell offline: {names} missing. Headquarters runs {jobs}; then Sync now.",
            names,
            _jobs(missing),
        )
    late = [row for row in found if row.state == WAITS]
    if late:
        return phrase(
            "A newer {join} waits at the server; Sync now fetches it.", ", ".join(row.name for row in late)
        )
    if held_back:
        return held_back_words(held_back)
    if any(row.state == OLD for row in found):
        return phrase(
            "The data may be old: the server was last asked {age}. Check the connection, then Sync now.", age
        )
    return ""


def _failed_words(failed: DownloadRow) -> str:
    """What did not come, and what becomes of it."""
    what = f"{job_words(failed.job)}: {failed.status.lower()}, {failed.message}"
    again = failed.tries < TRY_COUNT
    cure = phrase("it is tried again") if again else phrase("run it again at headquarters")
    return phrase("{what}; {cure}, or press Sync now.", what, cure)


def held_back_words(package_seq: int) -> str:
    """Newer data that the server has and does not give: an operator at headquarters has to decide."""
    return phrase(
        "Newer data is held back: package {package_seq} or one before it was given up. "
        "Headquarters runs its session again.",
        package_seq,
    )


def _jobs(rows: Sequence[Readiness]) -> str:
    jobs = ", ".join(row.job for row in rows)
    return phrase("jobs {jobs}", jobs) if len(rows) > 1 else phrase("job {job}", jobs)
