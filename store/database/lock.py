"""A lock file: keeps a second process away from a database, or makes several take turns."""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from store.database.errors import DatabaseBusy, DatabaseInUse, StorageReadOnly

_POLL_S = 0.005


class FileLock:
    """An exclusive lock on a file of its own, never on the database file: closing any descriptor of that one
    would silently drop SQLite's own locks. The system frees the lock when the process ends, however it ends.
    """

    def __init__(self, path: Path, *, wait_s: float = 0.0) -> None:
        self._path = path
        self._wait_s = wait_s
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock, waiting up to `wait_s`; raises DatabaseInUse or StorageReadOnly."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StorageReadOnly(f"{self._path} cannot be opened: {error.strerror}.") from error
        deadline = time.monotonic() + self._wait_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    raise DatabaseInUse(
                        f"Another process works with {self._path.stem}; end that one first."
                    ) from error
                time.sleep(_POLL_S)
            else:
                self._descriptor = descriptor
                return

    def release(self) -> None:
        """Let go of the lock; doing it twice is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> "FileLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Turns(FileLock):
    """The same lock, held for one unit of work at a time; waiting too long is DatabaseBusy: nothing happened."""

    def acquire(self) -> None:
        """Wait for the turn; raises DatabaseBusy or StorageReadOnly."""
        try:
            super().acquire()
        except DatabaseInUse as error:
            raise DatabaseBusy("Another process is writing for longer than it should.") from error
