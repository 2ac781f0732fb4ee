"""A note beside the journal of how far it had come, so that an older copy put in its place is noticed.

The note is written after the commit, at most every few seconds, and at the end: it may lag, it is never ahead. What it
says can only be true of a journal that still holds that record.
"""

import contextlib
import os
from pathlib import Path

import msgspec

from store.register.journal.entry import Head


class Counter(msgspec.Struct, frozen=True, kw_only=True):
    """The last record known to be stored."""

    series: str
    seq: int
    hash: str


def counter_path(journal: Path) -> Path:
    """Where the note of a journal lies."""
    return journal.with_name(journal.name + ".counter")


def read_counter(journal: Path) -> Counter | None:
    """The note; None when there is none, or none that can be read (a note proves nothing by its absence)."""
    try:
        return msgspec.json.decode(counter_path(journal).read_bytes(), type=Counter)
    except (OSError, msgspec.DecodeError):
        return None


def write_counter(journal: Path, counter: Counter) -> None:
    """Replace the note as one step; raises OSError."""
    path = counter_path(journal)
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, msgspec.json.encode(counter))
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    finally:
        os.close(descriptor)
    fresh.replace(path)


def note_head(journal: Path, head: Head) -> None:
    """Write down the end of a series, unless it is empty; raises OSError."""
    if head.seq:
        write_counter(journal, Counter(series=head.series, seq=head.seq, hash=head.hash.hex()))
