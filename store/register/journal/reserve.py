"""Room kept back on the disk, so that a full one still leaves enough to close the shift and export the journal."""

import contextlib
import os
from pathlib import Path

RESERVE_BYTES = 4 * 1024 * 1024


def reserve_path(journal: Path) -> Path:
    """Where the reserve of a journal lies."""
    return journal.with_name(journal.name + ".reserve")


def keep_reserve(journal: Path) -> bool:
    """Make the reserve if it is not there; False when the disk has no room for it."""
    path = reserve_path(journal)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return False
    try:
        if os.fstat(descriptor).st_size < RESERVE_BYTES:
            os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
    except OSError:
        release_reserve(journal)
        return False
    finally:
        os.close(descriptor)
    return True


def release_reserve(journal: Path) -> bool:
    """Give the reserve back to the disk; False when there was none."""
    existed = reserve_path(journal).exists()
    with contextlib.suppress(FileNotFoundError):
        reserve_path(journal).unlink()
    return existed
