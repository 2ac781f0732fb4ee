"""The journal's files beside SQLite's own doing: made private, filled with zeros, synced."""

import errno
import os
from pathlib import Path

from store.register.journal.errors import JournalDamaged

LOG_LIMIT_BYTES = 4 * 1024 * 1024
"""A commit that leaves more than this in the write-ahead log is followed by a checkpoint."""
LOG_START_BYTES = LOG_LIMIT_BYTES
"""The log is filled with zeros up to here before it is used: a sync that need not make the file longer is a third
faster. SQLite stops reading a log at the first frame that is not its own, and zeros are none."""


def make_private(path: Path) -> None:
    """Make the file, if it is not there, so that neither it nor its log can be read by others; raises JournalError.

    Only before a connection exists: closing a descriptor later would drop SQLite's locks.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise JournalDamaged(
            f"The journal {path} cannot be made: {error.strerror}. Give it another place."
        ) from error


def fill_log(log: Path) -> None:
    """Lengthen a log with zeros before anything is written to it by this process; without room it stays short."""
    try:
        descriptor = os.open(log, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        size = os.fstat(descriptor).st_size
        if size < LOG_START_BYTES:
            os.pwrite(descriptor, bytes(LOG_START_BYTES - size), size)
            os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make a file durable; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
