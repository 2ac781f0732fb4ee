"""How synchronisation stands, as ready texts: for the Connection status screen and for `outpost status`."""

from typing import Any

from store.exchange.jobs import DownloadStatus
from store.register.journal.entry import UploadState
from store.register.session.work import Work
from store.register.sync.history import Attempt, DownloadRow, UploadRow, job_words, waiting_rows
from store.register.sync.library import SyncState
from store.register.sync.readiness import Readiness, readiness, warning
from store.register.sync.sync_words import SyncFacts, age_words, last_sync_words
from store.sale.language import phrase
from store.sale.moment import local_text, utc_text
from store.sale.text import printable

SHOWN_ROWS = 20
"""Downloads, and uploads, in an answer; the newest first."""


def sync_answer(work: Work, upload: UploadState) -> dict[str, Any]:
    """The part of the Connection status that is about synchronisation."""
    state = work.ports.sync.state()
    shop = work.ports.shop
    found = data_sets(work, state)
    waiting = waiting_rows(state.memory)
    looked_ms = state.memory.down.good_ms
    return {
        "last_sync": last_sync(work, state, upload),
        "syncing": bool(state.step),
        "supports_offline": shop.supports_offline,
        "waiting": ", ".join(dict.fromkeys(job_words(row.job) for row in waiting)),
        "readiness": warning(
            found,
            waiting,
            looked_ms=looked_ms,
            age=age_words(looked_ms, work.now_ms) if looked_ms else "never",
            started=state.started,
            held_back=state.memory.held_back,
        )
        or shop.caution,
        "data_sets": [data_set_row(work, row) for row in found],
        "downloads": [download_row(work, row) for row in state.memory.downloads[:SHOWN_ROWS]],
        "uploads": [upload_row(work, row) for row in state.memory.uploads[:SHOWN_ROWS]],
    }


def last_sync(work: Work, state: SyncState, upload: UploadState) -> str:
    """The last attempt and its result in words."""
    facts = SyncFacts(
        started=state.started,
        supported=work.ports.shop.supports_offline,
        paused=state.paused,
        busy=state.step,
        down=state.memory.down,
        up=last_upload(state, upload),
        hold=printable(upload.hold_detail or upload.hold) if upload.hold else "",
    )
    return last_sync_words(facts, work.now_ms)


def last_upload(state: SyncState, upload: UploadState) -> Attempt:
    """By the history, or by the journal where an earlier version kept none."""
    if state.memory.up.at_ms or not upload.last_at_ms:
        return state.memory.up
    return Attempt(at_ms=upload.last_at_ms, result=printable(upload.last_result) or "ok")


def last_attempt(state: SyncState, upload: UploadState) -> Attempt:
    """Of both directions the newer one; the same moment: the one that failed."""
    return max(state.memory.down, last_upload(state, upload), key=lambda one: (one.at_ms, one.result != "ok"))


def data_sets(work: Work, state: SyncState) -> tuple[Readiness, ...]:
    """The sets of data by the jobs that bring them."""
    shop = work.ports.shop
    return readiness(
        shop.tables(),
        waiting_rows(state.memory),
        supported=shop.supports_offline,
        looked_ms=state.memory.down.good_ms,
        now_ms=work.now_ms,
    )


def data_set_row(work: Work, row: Readiness) -> dict[str, Any]:
    """One set of data; `count` and `at` are for scripts."""
    return {
        "name": f"{row.job} {row.name}",
        "rows": f"{row.rows:,}",
        "count": row.rows,
        "as_of": day_and_time(work, row.created_ms) if row.created_ms else "",
        "at": utc_text(row.created_ms) if row.created_ms else None,
        "state": row.state,
    }


def download_row(work: Work, row: DownloadRow) -> dict[str, Any]:
    """One row of the tab Downloads; `count`, `bytes` and `at` are for scripts."""
    return {
        "name": printable(job_words(row.job)),
        "status": row.status,
        "rows": f"{row.rows:,}" if row.status == DownloadStatus.APPLIED else "",
        "size": size_words(row.size),
        "time": day_and_time(work, row.at_ms, seconds=True),
        "message": row.message,
        "package_seq": row.package_seq,
        "count": row.rows if row.status == DownloadStatus.APPLIED else 0,
        "bytes": row.size,
        "at": utc_text(row.at_ms),
    }


def upload_row(work: Work, row: UploadRow) -> dict[str, Any]:
    """One row of the tab Uploads; `count`, `bytes` and `at` are for scripts."""
    return {
        "name": row.job,
        "status": row.status,
        "records": f"{row.rows:,}",
        "rows": f"{row.rows:,}",
        "size": size_words(row.size),
        "time": day_and_time(work, row.at_ms, seconds=True),
        "message": row.message,
        "count": row.rows,
        "bytes": row.size,
        "at": utc_text(row.at_ms),
    }


def as_numbers(row: dict[str, Any]) -> dict[str, Any]:
    """A row for scripts: `rows` and `size` (bytes) are numbers."""
    return {**row, "rows": row["count"], "size": row.get("bytes", 0)}


def size_words(size: int) -> str:
    """A size as people say it: "9.1 kB", "24 MB"; nothing for nothing."""
    if not size:
        return ""
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"


def day_and_time(work: Work, at_ms: int, *, seconds: bool = False) -> str:
    """Local time for people: "14:03" today, with the day before it otherwise."""
    offset_min = work.ports.clock.utc_offset_min()
    moment = local_text(utc_text(at_ms), offset_min)[: 19 if seconds else 16]
    today = local_text(utc_text(work.now_ms), offset_min)[:10]
    if moment[:10] != today:
        return moment[:16]
    return moment[11:] if seconds else phrase("today {moment}", moment[11:])
