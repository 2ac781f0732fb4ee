"""A file as printer: whole jobs or nothing."""

import errno
import os
import resource
import signal
from pathlib import Path

import pytest

from dev_escpos_decoder import decode
from dev_printers import SHORT, encoder, receipt
from devices.printer.file_printer import FilePrinter, _refusal
from store.register.peripherals import Health, PrintOutcome


def printer(path) -> FilePrinter:
    return FilePrinter(path, encoder(), limits=SHORT)


async def test_jobs_are_appended_to_what_is_there(tmp_path):
    path = tmp_path / "paper"
    for number in (1, 2):
        fresh = printer(path)
        await fresh.start()
        assert (await fresh.print(receipt(number), "job")).outcome is PrintOutcome.CONFIRMED
    assert [slip.rows[0] for slip in decode(path.read_bytes()).receipts] == ["Receipt 1", "Receipt 2"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def small_files():
    """No file may grow beyond 1000 bytes, as on a full disk."""
    encoder().prepare()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


async def test_a_job_that_does_not_fit_is_taken_back_whole(tmp_path, small_files):
    path = tmp_path / "paper"
    subject = printer(path)
    assert (await subject.print(receipt(1), "job")).outcome is PrintOutcome.CONFIRMED
    size = path.stat().st_size
    result = await subject.print(receipt(2, lines=30), "job")
    assert result.outcome is PrintOutcome.FAILED
    assert path.stat().st_size == size
    assert subject.status().health is Health.OFFLINE
    assert (await subject.print(receipt(3), "job")).outcome is PrintOutcome.CONFIRMED
    assert subject.status().health is Health.READY
    assert [slip.rows[0] for slip in decode(path.read_bytes()).receipts] == ["Receipt 1", "Receipt 3"]


async def test_a_full_disk_is_a_sentence_with_its_cure():
    assert _refusal(Path("/paper"), OSError(errno.ENOSPC, "No space left on device")) == (
        "/paper cannot be written: the disk is full. Make room."
    )
    result = await printer(Path("/dev/full")).print(receipt(1), "job")
    assert result.outcome is PrintOutcome.FAILED
    assert result.detail == "/dev/full cannot be written: it is no ordinary file."


async def test_a_missing_folder_is_said_at_the_start_and_at_the_job(tmp_path):
    subject = printer(tmp_path / "nowhere" / "paper")
    await subject.start()
    assert subject.status().health is Health.OFFLINE
    result = await subject.print(receipt(1), "job")
    assert result.outcome is PrintOutcome.FAILED
    assert result.detail == f"{tmp_path / 'nowhere'} is no folder. Make it."
    (tmp_path / "nowhere").mkdir()
    assert (await subject.print(receipt(1), "job")).outcome is PrintOutcome.CONFIRMED


async def test_a_file_that_failed_is_worth_another_try_after_some_seconds(tmp_path):
    now_ms = [1_000_000]
    subject = FilePrinter(tmp_path / "nowhere" / "paper", encoder(), wall_ms=lambda: now_ms[0])
    await subject.start()
    assert subject.status().health is Health.OFFLINE
    now_ms[0] += 6_000
    assert subject.status().health is Health.UNKNOWN


async def test_a_folder_or_a_pipe_in_place_of_the_file_is_refused(tmp_path):
    assert (await printer(tmp_path).print(receipt(1), "job")).outcome is PrintOutcome.FAILED
    os.mkfifo(tmp_path / "pipe")
    assert (await printer(tmp_path / "pipe").print(receipt(1), "job")).outcome is PrintOutcome.FAILED
