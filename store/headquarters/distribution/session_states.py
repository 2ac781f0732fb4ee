"""The states of download and upload sessions as tables, complete over their product. Pure; a test walks both.

A report of a database can only tell what has happened, so it is never refused: where it says nothing new, the
session stays. What an operator asks for can be impossible; those pairs are not in the table.
"""

from enum import StrEnum
from typing import TypeVar

from store.exchange.jobs import DownloadStatus, UploadStatus

Status = TypeVar("Status", DownloadStatus, UploadStatus)


class SessionEvent(StrEnum):
    """What can happen to a session."""

    CREATED = "created"
    """The package is written and committed (down); the round is asked for (up)."""
    NOTHING_CHANGED = "nothing_changed"
    CREATION_FAILED = "creation_failed"
    REQUESTED = "requested"
    DOWNLOADED = "downloaded"
    APPLIED = "applied"
    """The database has it: by its own word, whatever was thought before."""
    DOWNLOAD_FAILED = "download_failed"
    APPLY_FAILED = "apply_failed"
    UPLOADED = "uploaded"
    UPLOAD_FAILED = "upload_failed"
    POSTED = "posted"
    """Everything that was delivered is booked."""
    POSTING_FAILED = "posting_failed"
    RETRY_DUE = "retry_due"
    """The pause after a failed try is over."""
    SUSPENDED = "suspended"
    """All tries are used while strict order holds."""
    GIVEN_UP = "given_up"
    """All tries are used, and others may pass."""
    CANCEL_ASKED = "cancel_asked"
    RERUN_ASKED = "rerun_asked"


class SessionRefused(ValueError):
    """What the operator asks cannot be done with a session in this state; the message is one sentence."""


_D, _U, _E = DownloadStatus, UploadStatus, SessionEvent

_ON_ITS_WAY = (_D.AVAILABLE, _D.REQUESTED, _D.DOWNLOADED)
_DOWN_FAILED = (_D.DOWNLOAD_FAILED, _D.APPLY_FAILED)
_DOWN_OPEN = (*_ON_ITS_WAY, *_DOWN_FAILED)

_DOWN_MOVES: dict[SessionEvent, dict[DownloadStatus, DownloadStatus]] = {
    _E.CREATED: {_D.STARTED: _D.AVAILABLE},
    _E.NOTHING_CHANGED: {_D.STARTED: _D.NO_DATA},
    _E.CREATION_FAILED: {_D.STARTED: _D.CREATE_FAILED},
    _E.REQUESTED: dict.fromkeys((_D.AVAILABLE, *_DOWN_FAILED), _D.REQUESTED),
    _E.DOWNLOADED: dict.fromkeys((_D.AVAILABLE, _D.REQUESTED, *_DOWN_FAILED), _D.DOWNLOADED),
    _E.APPLIED: dict.fromkeys((*_DOWN_OPEN, _D.CANCELED, _D.SUSPENDED), _D.APPLIED),
    _E.DOWNLOAD_FAILED: dict.fromkeys(_ON_ITS_WAY, _D.DOWNLOAD_FAILED),
    _E.APPLY_FAILED: dict.fromkeys((*_ON_ITS_WAY, _D.DOWNLOAD_FAILED), _D.APPLY_FAILED),
    _E.RETRY_DUE: dict.fromkeys(_DOWN_FAILED, _D.AVAILABLE),
    _E.SUSPENDED: dict.fromkeys(_DOWN_OPEN, _D.SUSPENDED),
    _E.GIVEN_UP: dict.fromkeys(_DOWN_OPEN, _D.CANCELED),
}
_DOWN_ASKED: dict[SessionEvent, dict[DownloadStatus, DownloadStatus]] = {
    _E.CANCEL_ASKED: dict.fromkeys((*_DOWN_OPEN, _D.SUSPENDED, _D.CANCELED), _D.CANCELED),
    _E.RERUN_ASKED: dict.fromkeys((*_DOWN_OPEN, _D.SUSPENDED, _D.CANCELED), _D.AVAILABLE),
}

_UP_OPEN = (_U.STARTED, _U.AVAILABLE, _U.UPLOAD_FAILED)
_UP_MOVES: dict[SessionEvent, dict[UploadStatus, UploadStatus]] = {
    _E.CREATED: {_U.STARTED: _U.AVAILABLE},
    _E.CREATION_FAILED: {_U.STARTED: _U.UPLOAD_FAILED},
    _E.UPLOADED: dict.fromkeys((*_UP_OPEN, _U.CANCELED), _U.UPLOADED),
    _E.UPLOAD_FAILED: dict.fromkeys((_U.STARTED, _U.AVAILABLE), _U.UPLOAD_FAILED),
    _E.POSTED: dict.fromkeys((_U.UPLOADED, _U.APPLY_FAILED), _U.APPLIED),
    _E.POSTING_FAILED: {_U.UPLOADED: _U.APPLY_FAILED},
    _E.RETRY_DUE: {_U.UPLOAD_FAILED: _U.AVAILABLE},
    _E.GIVEN_UP: dict.fromkeys(_UP_OPEN, _U.CANCELED),
}
_UP_ASKED: dict[SessionEvent, dict[UploadStatus, UploadStatus]] = {
    _E.CANCEL_ASKED: dict.fromkeys((*_UP_OPEN, _U.CANCELED), _U.CANCELED),
    _E.RERUN_ASKED: dict.fromkeys((*_UP_OPEN, _U.CANCELED), _U.AVAILABLE),
}

DOWNLOAD_TABLE: dict[tuple[DownloadStatus, SessionEvent], DownloadStatus] = {
    (status, event): moves.get(status, status) for event, moves in _DOWN_MOVES.items() for status in _D
} | {(status, event): to for event, moves in _DOWN_ASKED.items() for status, to in moves.items()}
"""Every pair that can happen to a session on its way down."""

UPLOAD_TABLE: dict[tuple[UploadStatus, SessionEvent], UploadStatus] = {
    (status, event): moves.get(status, status) for event, moves in _UP_MOVES.items() for status in _U
} | {(status, event): to for event, moves in _UP_ASKED.items() for status, to in moves.items()}
"""Every pair that can happen to a session of P-0001."""

OPEN_DOWNLOADS: tuple[DownloadStatus, ...] = (_D.STARTED, *_DOWN_OPEN, _D.SUSPENDED)
"""What is not finished: the database still has to get there, or an operator has to decide."""
OPEN_UPLOADS: tuple[UploadStatus, ...] = _UP_OPEN
"""Rounds that wait for the server; a store never has two of them."""

DOWN_REPORTS: dict[str, SessionEvent] = {
    _D.REQUESTED: _E.REQUESTED,
    _D.DOWNLOADED: _E.DOWNLOADED,
    _D.APPLIED: _E.APPLIED,
    _D.DOWNLOAD_FAILED: _E.DOWNLOAD_FAILED,
    _D.APPLY_FAILED: _E.APPLY_FAILED,
}
"""Status in a report of a database → what it means here; other words say nothing."""
UP_REPORTS: dict[str, SessionEvent] = {_U.UPLOADED: _E.UPLOADED, _U.UPLOAD_FAILED: _E.UPLOAD_FAILED}
"""The same for the way up; `Started` says nothing that headquarters does not know."""

FAILURES: frozenset[SessionEvent] = frozenset({_E.DOWNLOAD_FAILED, _E.APPLY_FAILED, _E.UPLOAD_FAILED})
"""What counts as a try."""


def step_download(status: DownloadStatus, event: SessionEvent) -> DownloadStatus:
    """The status after an event; raises SessionRefused for what cannot be asked of a session in that status."""
    return _step(DOWNLOAD_TABLE, status, event)


def step_upload(status: UploadStatus, event: SessionEvent) -> UploadStatus:
    """The status after an event; raises SessionRefused for what cannot be asked of a session in that status."""
    return _step(UPLOAD_TABLE, status, event)


def _step(table: dict[tuple[Status, SessionEvent], Status], status: Status, event: SessionEvent) -> Status:
    try:
        return table[status, event]
    except KeyError as error:
        what = "canceled" if event is SessionEvent.CANCEL_ASKED else "run again"
        raise SessionRefused(
            f"A session that is {status} cannot be {what}; run its job again with --full if the data has to go out."
        ) from error
