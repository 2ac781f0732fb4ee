"""How far the server has this journal: one watermark per series, not a mark per record."""

from store.register.journal.entry import UploadState
from store.register.journal.reads import has_retention
from store.register.journal.sql import Connection

_GET = (
    "select acked_seq, acked_hash, hold, hold_detail, attempts, next_at_ms, last_at_ms, last_result, "
    "archived_seq from upload where series = ?"
)
_PUT = (
    "insert into upload (series, acked_seq, acked_hash, hold, hold_detail, attempts, next_at_ms, last_at_ms, "
    "last_result, archived_seq) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (series) do update set "
    "acked_seq = excluded.acked_seq, acked_hash = excluded.acked_hash, hold = excluded.hold, "
    "hold_detail = excluded.hold_detail, attempts = excluded.attempts, next_at_ms = excluded.next_at_ms, "
    "last_at_ms = excluded.last_at_ms, last_result = excluded.last_result, "
    "archived_seq = excluded.archived_seq"
)


def read_upload(connection: Connection, series: str) -> UploadState:
    """The state of a series' upload; a fresh one when nothing was ever sent."""
    statement = _GET if has_retention(connection) else _GET.replace("archived_seq", "0")
    row = connection.execute(statement, (series,)).fetchone()
    if row is None:
        return UploadState(series=series)
    acked_seq, acked_hash, hold, hold_detail, attempts, next_at_ms, last_at_ms, last_result, archived_seq = (
        row
    )
    return UploadState(
        series=series, acked_seq=acked_seq, acked_hash=acked_hash, hold=hold, hold_detail=hold_detail,
        attempts=attempts, next_at_ms=next_at_ms, last_at_ms=last_at_ms, last_result=last_result,
        archived_seq=archived_seq,
    )  # fmt: skip


def write_upload(connection: Connection, state: UploadState) -> None:
    """Store the state of a series' upload."""
    connection.execute(
        _PUT,
        (
            state.series, state.acked_seq, state.acked_hash, state.hold, state.hold_detail, state.attempts,
            state.next_at_ms, state.last_at_ms, state.last_result, state.archived_seq,
        ),
    )  # fmt: skip
