"""Disks for the journal: one that records every operation, so that a power cut can be played at each of them, and
one that fails at the n-th call. Both are apsw file systems under the register's real units of work."""

import errno
import itertools
import random
import threading

import apsw

from store.register.journal.sql import Driver

SECTOR = 512
_names = itertools.count()


class _File(apsw.VFSFile):
    def __init__(self, vfs, name, flags):
        self._vfs = vfs
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = "" if text is None else text.rsplit("/", 1)[-1]
        self._fresh = bool(flags[0] & apsw.SQLITE_OPEN_CREATE)
        super().__init__("", name, flags)

    def excepthook(self, kind, error, trace):
        """Errors that SQLite ignores (while it closes, say) are no news to the test."""

    def xWrite(self, data, offset):
        self._vfs.before("write", self._name)
        self._vfs.note("write", self._name, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, size):
        self._vfs.before("truncate", self._name)
        self._vfs.note("truncate", self._name, size)
        super().xTruncate(size)

    def xSync(self, flags):
        self._vfs.before("sync", self._name)
        super().xSync(flags)
        self._vfs.note("sync", self._name, *(["first"] if self._fresh else []))
        self._fresh = False


class _Connection(apsw.Connection):
    def close(self, force=True):
        """Gives the file back even when the disk fails meanwhile, as the standard library's connection does."""
        super().close(force)


class RecordingDisk(apsw.VFS):
    """Keeps the list of what was written, cut off, synced and deleted, in order, with marks of the test between."""

    def __init__(self):
        self.log = []
        self.name = f"recording-{next(_names)}"
        super().__init__(self.name, "")

    def excepthook(self, kind, error, trace):
        """Errors that SQLite ignores are no news to the test."""

    def driver(self):
        def sync_directory(path):
            self.note("folder synced", str(path))

        def connect(path):
            return _Connection(path, vfs=self.name)

        return Driver(connect=connect, errors=(apsw.Error,), sync_directory=sync_directory)

    def xOpen(self, name, flags):
        return _File(self, name, flags)

    def xDelete(self, name, syncdir):
        self.before("delete", name)
        super().xDelete(name, syncdir)
        self.note("delete", name.rsplit("/", 1)[-1])
        if syncdir:
            self.note("folder synced", "")

    def before(self, operation, name):
        pass

    def note(self, *operation):
        self.log.append(operation)

    def sync_log(self, path):
        """What the journal's syncer does to the write-ahead log."""
        self.note("sync", path.rsplit("/", 1)[-1] + "-wal")


class FailingDisk(RecordingDisk):
    """Fails the n-th write, truncate or sync from `arm` on; `kind` is FULL, EIO, or FSYNC (only syncs count)."""

    def __init__(self):
        self.left = None
        self.kind = ""
        self.persistent = False
        self.failed = 0
        super().__init__()

    def arm(self, n, kind, persistent=False):
        self.left, self.kind, self.persistent, self.failed = n, kind, persistent, 0

    def disarm(self):
        self.left = None

    def note(self, *operation):
        pass

    def before(self, operation, name):
        if self.left is None or operation == "delete" or (self.kind == "FSYNC") != (operation == "sync"):
            return
        if self.kind == "FULL" and operation == "truncate":
            return
        self.left -= 1
        if self.left > 0:
            return
        self.failed += 1
        if not self.persistent:
            self.left = None
        raise self._error(operation)

    def _error(self, operation):
        if self.kind == "FULL":
            error = apsw.FullError("no space")
            error.extendedresult = apsw.SQLITE_FULL
            return error
        error = apsw.IOError("input/output error")
        codes = {
            "sync": apsw.SQLITE_IOERR_FSYNC,
            "write": apsw.SQLITE_IOERR_WRITE,
            "truncate": apsw.SQLITE_IOERR_TRUNCATE,
        }
        error.extendedresult = codes[operation]
        return error


class HoldingDisk(RecordingDisk):
    """Holds syncs back while `gate` is closed."""

    def __init__(self):
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()
        super().__init__()

    def before(self, operation, name):
        if operation == "sync" and not self.gate.is_set():
            self.waiting.set()
            self.gate.wait(10)


def crash_images(log, rng, outcomes=("kept", "dropped", "torn")):
    """For each point in the log and each outcome: (index, outcome, {file name: bytes}).

    A name that was removed may come back until its folder is synced: by us, or by SQLite with the first sync of a new
    log or rollback journal. Synced bytes are certain. What was written since the last sync of its file is all there,
    not there at all, or there in part: some sectors of some writes, in no order.
    """
    for index in range(len(log) + 1):
        if index and log[index - 1][0] == "mark":
            continue
        for outcome in outcomes:
            yield index, outcome, image_of(log[:index], outcome, rng)


def image_of(log, outcome, rng):
    durable, pending, undeleted = {}, {}, {}
    for operation, name, *rest in log:
        if operation == "mark":
            continue
        if operation == "sync":
            for change in pending.pop(name, ()):
                _apply(durable, name, change)
            if name not in durable or (name.endswith(("-wal", "-journal")) and rest == ["first"]):
                undeleted.clear()
            durable.setdefault(name, bytearray())
        elif operation == "delete":
            pending.pop(name, None)
            if name in durable:
                undeleted[name] = durable.pop(name)
        elif operation == "folder synced":
            undeleted.clear()
        else:
            pending.setdefault(name, []).append((operation, *rest))
    if outcome == "dropped":
        durable = {**undeleted, **durable}
        pending = {}
    for name, changes in pending.items():
        for change in changes:
            if outcome == "torn":
                _apply_torn(durable, name, change, rng)
            else:
                _apply(durable, name, change)
    return {name: bytes(content) for name, content in durable.items()}


def _apply(files, name, change):
    content = files.setdefault(name, bytearray())
    if change[0] == "truncate":
        del content[change[1] :]
        return
    _, offset, data = change
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _apply_torn(files, name, change, rng: random.Random):
    if change[0] == "truncate":
        if rng.random() < 0.5:
            _apply(files, name, change)
        return
    _, offset, data = change
    for start in range(0, len(data), SECTOR):
        if rng.random() < 0.5:
            _apply(files, name, ("write", offset + start, data[start : start + SECTOR]))


def no_space():
    return OSError(errno.ENOSPC, "No space left on device")
