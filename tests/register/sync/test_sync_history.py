"""The memory of synchronisation: bounded, durable, harmless when it is lost."""

import msgspec
import pytest
from msgspec.structs import replace

from store.exchange.delivery import DownloadEntry, SessionReport
from store.exchange.jobs import DownloadStatus, UploadStatus
from store.register.sync.history import MOST_REPORTS, MOST_ROWS, SyncHistory

ENTRY = DownloadEntry(
    session=1,
    package_seq=1,
    base_seq=0,
    kind="full",
    job="1040",
    size=10,
    header_sha256="0" * 64,
    created_ms=1,
)


def entry(n):
    return replace(ENTRY, session=n, package_seq=n)


@pytest.fixture
def history(tmp_path):
    return SyncHistory(tmp_path / "sync.json")


async def test_everything_survives_a_restart(history, tmp_path):
    history.note_download(ENTRY, DownloadStatus.APPLIED, 5, rows=7)
    history.note_upload(UploadStatus.UPLOADED, 6, 2, 900)
    history.attempted(down="ok", at_ms=5)
    history.server_said(support_offline=False, archived_seq=4)
    history.report(SessionReport(session=1, status="Applied", at_ms=5))
    await history.save()
    again = SyncHistory(tmp_path / "sync.json")
    again.load()
    assert again.memory == history.memory
    assert (again.memory.support_offline, again.memory.archived_seq) == (False, 4)


async def test_memory_is_bounded_whatever_happens(history):
    for n in range(1, 300):
        history.note_download(entry(n), DownloadStatus.DOWNLOAD_FAILED, n, message="x" * 5_000, counts=True)
        history.note_upload(UploadStatus.UPLOAD_FAILED, n, 0, 0, f"reason {n}" * 100)
        history.report(SessionReport(session=n, status="Requested", at_ms=n))
    memory = history.memory
    assert (len(memory.downloads), len(memory.uploads), len(memory.reports)) == (
        MOST_ROWS,
        MOST_ROWS,
        MOST_REPORTS,
    )
    assert [row.package_seq for row in memory.downloads[:2]] == [299, 298], "newest first"
    assert memory.reports[-1].session == 299
    await history.save()
    assert history._path.stat().st_size < 100_000


def test_texts_of_the_server_are_harmless(history):
    history.note_download(
        replace(ENTRY, job="10\x1b[2J40"), DownloadStatus.DOWNLOAD_FAILED, 1, message="\x1b]0;evil\x07"
    )
    text = msgspec.json.encode(history.memory).decode()
    assert "\x1b" not in text
    assert "u001b" not in text


@pytest.mark.parametrize("content", [b"", b"{", b'{"downloads": 5}', b"\xff" * 100])
async def test_damaged_file_is_begun_anew(history, content):
    history._path.write_bytes(content)
    history.load()
    assert history.memory.downloads == ()
    history.note_download(ENTRY, DownloadStatus.APPLIED, 5)
    await history.save()
    history.load()
    assert len(history.memory.downloads) == 1


async def test_disk_that_takes_nothing_costs_the_memory_only(tmp_path):
    history = SyncHistory(tmp_path / "nowhere" / "sync.json")
    history.note_download(ENTRY, DownloadStatus.APPLIED, 5)
    await history.save()
    assert len(history.memory.downloads) == 1


def test_tries_are_counted_and_forgiven(history):
    for _ in range(2):
        history.note_download(ENTRY, DownloadStatus.DOWNLOAD_FAILED, 1, counts=True)
    history.note_download(ENTRY, DownloadStatus.REQUESTED, 2)
    assert history.row_of(ENTRY).tries == 2
    history.forgive()
    assert history.row_of(ENTRY).tries == 0


def test_uploads_that_follow_closely_are_one_row_and_the_same_failure_is_told_once(history):
    for second in range(5):
        history.note_upload(UploadStatus.UPLOADED, second * 1_000, 1, 500)
    history.note_upload(UploadStatus.UPLOAD_FAILED, 10_000, 0, 0, "no server")
    history.note_upload(UploadStatus.UPLOAD_FAILED, 20_000, 0, 0, "no server")
    history.note_upload(UploadStatus.UPLOAD_FAILED, 30_000, 0, 0, "busy")
    history.note_upload(UploadStatus.UPLOADED, 200_000, 3, 900)
    history.note_upload(UploadStatus.UPLOADED, 300_000, 3, 900)
    rows = [(row.status, row.rows, row.at_ms, row.message) for row in history.memory.uploads]
    assert rows == [
        ("Uploaded", 3, 300_000, ""),
        ("Uploaded", 3, 200_000, ""),
        ("Upload failed", 0, 30_000, "busy"),
        ("Upload failed", 0, 20_000, "no server"),
        ("Uploaded", 5, 4_000, ""),
    ]


def test_the_last_good_attempt_is_remembered_beside_the_last(history):
    history.attempted(down="ok", at_ms=5)
    history.attempted(down="no server", at_ms=9)
    assert (history.memory.down.at_ms, history.memory.down.result, history.memory.down.good_ms) == (
        9,
        "no server",
        5,
    )


def test_delivered_reports_go_and_newer_ones_stay(history):
    first = SessionReport(session=1, status="Requested", at_ms=1)
    history.report(first)
    sent = history.memory.reports
    history.report(replace(first, status="Applied"))
    history.delivered(sent)
    assert [report.status for report in history.memory.reports] == ["Applied"]
