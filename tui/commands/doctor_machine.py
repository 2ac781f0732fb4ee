"""Checks of the machine: disk, its speed, clock, SQLite, terminal."""

import locale
import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from store.register.home import RegisterHome
from tui.commands.doctor_finding import Finding, fail, note, ok, warn

FREE_FAIL_BYTES = 100_000_000
FREE_WARN_BYTES = 1_000_000_000
SYNCS = 15
SYNC_SLOW_MS = 50.0
"""Every finished sale waits for one or two of these."""
EARLIEST_S = 1_790_000_000
"""September 2026: a clock before that was never set."""
WAL_RESET_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
"""First versions of their lines without the WAL-reset race."""


def check(home: RegisterHome) -> Iterator[Finding]:
    """All checks of the machine."""
    yield check_space(home.path)
    yield from check_sync(home.path)
    yield check_clock()
    yield check_sqlite()
    yield check_terminal()


def nearest(path: Path) -> Path:
    """The folder itself, or the nearest one above it that exists."""
    return next(each for each in (path, *path.parents) if each.is_dir())


def check_space(path: Path) -> Finding:
    """Free bytes where the journal lies."""
    free = shutil.disk_usage(nearest(path)).free
    text = f"{free / 1_000_000:,.0f} MB are free at {path}"
    if free < FREE_FAIL_BYTES:
        return fail("Disk", f"Only {text}.", "Free some space: the journal must never be without.")
    if free < FREE_WARN_BYTES:
        return warn("Disk", f"Only {text}.", "Free some space soon.")
    return ok("Disk", f"{text}.")


def check_sync(path: Path) -> Iterator[Finding]:
    """How long the disk takes to promise that something is written."""
    try:
        took_ms = sync_times_ms(nearest(path))
    except OSError as error:
        yield fail(
            "Disk", f"{path} cannot be written: {error.strerror}.", "Mount it writable; check its owner."
        )
        return
    median, worst = statistics.median(took_ms), max(took_ms)
    text = f"A synced write takes {median:.1f} ms (worst of {SYNCS}: {worst:.1f} ms)"
    if median > SYNC_SLOW_MS:
        yield warn(
            "Disk speed", f"{text}.", "Every sale waits for it: use a better disk, or look for its faults."
        )
    else:
        yield ok("Disk speed", f"{text}.")


def sync_times_ms(folder: Path) -> list[float]:
    """Times of synced writes of one page, in milliseconds. Raises OSError."""
    took_ms = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(SYNCS):
            file.write(bytes(4096))
            began_s = time.perf_counter()
            os.fdatasync(file.fileno())
            took_ms.append((time.perf_counter() - began_s) * 1000)
    return took_ms


def check_clock() -> Finding:
    """Whether the clock was ever set; how far it is off shows at the server's check."""
    now = time.strftime("%Y-%m-%d %H:%M:%S %Z")
    if time.time() < EARLIEST_S:
        return fail(
            "Clock", f"It says {now}, which cannot be.", "Set it, and switch on time synchronisation."
        )
    return ok("Clock", f"It says {now}.")


def check_sqlite() -> Finding:
    """The version, and the one known fault that matters to a journal."""
    version = sqlite3.sqlite_version_info
    fixed = any(version >= first and version[:2] == first[:2] for first in WAL_RESET_FIXED)
    if fixed or version > max(WAL_RESET_FIXED):
        return ok("SQLite", f"Version {sqlite3.sqlite_version}.")
    return note(
        "SQLite",
        f"Version {sqlite3.sqlite_version} lies in the range of the WAL-reset fault (fixed in 3.51.3, 3.50.7 and "
        "3.44.6), a race of several connections at a checkpoint. The journal has one writing connection, keeps out of "
        "it, and is verified at every start.",
    )


def check_terminal() -> Finding:
    """Names and the euro sign need UTF-8."""
    encoding = locale.getpreferredencoding(do_setlocale=False)
    if encoding.lower().replace("-", "") != "utf8":
        return warn(
            "Terminal",
            f"The locale's encoding is {encoding}.",
            "Set LANG to a UTF-8 locale, such as C.UTF-8.",
        )
    return ok("Terminal", f"TERM={os.environ.get('TERM', 'unset')}, UTF-8.")
