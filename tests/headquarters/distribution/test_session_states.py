"""Every cell of both session tables, written down a second time."""

from itertools import product

import pytest

from store.exchange.jobs import DownloadStatus, UploadStatus
from store.headquarters.distribution.session_states import (
    DOWN_REPORTS,
    DOWNLOAD_TABLE,
    UP_REPORTS,
    UPLOAD_TABLE,
    SessionEvent,
    SessionRefused,
    step_download,
    step_upload,
)

# One row per event; columns: Started, Available, Requested, Downloaded, Applied, Canceled, Create failed,
# Download failed, Apply failed, No data, Suspended. `=` stays, `!` cannot be asked.
DOWN = """
created          Av =  =  =  =  =  =  =  =  =  =
nothing_changed  ND =  =  =  =  =  =  =  =  =  =
creation_failed  CF =  =  =  =  =  =  =  =  =  =
requested        =  Re =  =  =  =  =  Re Re =  =
downloaded       =  Do Do =  =  =  =  Do Do =  =
applied          =  Ap Ap Ap =  Ap =  Ap Ap =  Ap
download_failed  =  DF DF DF =  =  =  =  =  =  =
apply_failed     =  AF AF AF =  =  =  AF =  =  =
uploaded         -  -  -  -  -  -  -  -  -  -  -
upload_failed    -  -  -  -  -  -  -  -  -  -  -
posted           -  -  -  -  -  -  -  -  -  -  -
posting_failed   -  -  -  -  -  -  -  -  -  -  -
retry_due        =  =  =  =  =  =  =  Av Av =  =
suspended        =  Su Su Su =  =  =  Su Su =  =
given_up         =  Ca Ca Ca =  =  =  Ca Ca =  =
cancel_asked     !  Ca Ca Ca !  Ca !  Ca Ca !  Ca
rerun_asked      !  Av Av Av !  Av !  Av Av !  Av
"""
DOWN_WORDS = {
    "Av": DownloadStatus.AVAILABLE,
    "ND": DownloadStatus.NO_DATA,
    "CF": DownloadStatus.CREATE_FAILED,
    "Re": DownloadStatus.REQUESTED,
    "Do": DownloadStatus.DOWNLOADED,
    "Ap": DownloadStatus.APPLIED,
    "DF": DownloadStatus.DOWNLOAD_FAILED,
    "AF": DownloadStatus.APPLY_FAILED,
    "Su": DownloadStatus.SUSPENDED,
    "Ca": DownloadStatus.CANCELED,
}

# Columns: Started, Available, Uploaded, Applied, Canceled, Upload failed, Apply failed.
UP = """
created          Av =  =  =  =  =  =
creation_failed  UF =  =  =  =  =  =
uploaded         Up Up =  =  Up Up =
upload_failed    UF UF =  =  =  =  =
posted           =  =  Ap =  =  =  Ap
posting_failed   =  =  AF =  =  =  =
retry_due        =  =  =  =  =  Av =
given_up         Ca Ca =  =  =  Ca =
cancel_asked     Ca Ca !  !  Ca Ca !
rerun_asked      Av Av !  !  Av Av !
"""
UP_WORDS = {
    "Av": UploadStatus.AVAILABLE,
    "Up": UploadStatus.UPLOADED,
    "Ap": UploadStatus.APPLIED,
    "UF": UploadStatus.UPLOAD_FAILED,
    "AF": UploadStatus.APPLY_FAILED,
    "Ca": UploadStatus.CANCELED,
}


def cells(text, statuses):
    for line in text.strip().splitlines():
        event, *words = line.split()
        assert len(words) == len(statuses), line
        for status, word in zip(statuses, words, strict=True):
            yield status, SessionEvent(event), word


@pytest.mark.parametrize(("status", "event", "word"), list(cells(DOWN, list(DownloadStatus))))
def test_cell_of_the_download_table_is_as_designed(status, event, word):
    if word in "!-":
        with pytest.raises(SessionRefused):
            step_download(status, event)
    else:
        assert step_download(status, event) is (status if word == "=" else DOWN_WORDS[word])


@pytest.mark.parametrize(("status", "event", "word"), list(cells(UP, list(UploadStatus))))
def test_cell_of_the_upload_table_is_as_designed(status, event, word):
    if word == "!":
        with pytest.raises(SessionRefused):
            step_upload(status, event)
    else:
        assert step_upload(status, event) is (status if word == "=" else UP_WORDS[word])


def test_tables_hold_nothing_that_is_not_written_down_here():
    down = {(status, event) for status, event, word in cells(DOWN, list(DownloadStatus)) if word not in "!-"}
    up = {(status, event) for status, event, word in cells(UP, list(UploadStatus)) if word != "!"}
    assert set(DOWNLOAD_TABLE) == down
    assert set(UPLOAD_TABLE) == up
    assert {event for _, event, _ in cells(DOWN, list(DownloadStatus))} == set(SessionEvent)


def test_reports_of_a_database_are_never_refused():
    for status, event in product(DownloadStatus, DOWN_REPORTS.values()):
        step_download(status, event)
    for status, event in product(UploadStatus, UP_REPORTS.values()):
        step_upload(status, event)


def test_no_status_is_without_a_way_out_but_the_finished_ones():
    finished = {DownloadStatus.APPLIED, DownloadStatus.NO_DATA, DownloadStatus.CREATE_FAILED}
    for status in DownloadStatus:
        moves = {to for (at, _), to in DOWNLOAD_TABLE.items() if at is status} - {status}
        assert bool(moves) is (status not in finished), status
    for status in UploadStatus:
        moves = {to for (at, _), to in UPLOAD_TABLE.items() if at is status} - {status}
        assert bool(moves) is (status is not UploadStatus.APPLIED), status


def test_refusal_says_what_to_do():
    with pytest.raises(SessionRefused, match=r"Applied cannot be canceled; run its job again with --full"):
        step_download(DownloadStatus.APPLIED, SessionEvent.CANCEL_ASKED)
