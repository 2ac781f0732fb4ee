"""The feed of a Retail Server: everything that changed for it after the number it names, as a long poll.

Every change that a server has to hear of takes the next number of one counter; what a poll answers depends on the
named number alone, so any number of processes may poll under one name.
"""

import asyncio
import hashlib

import msgspec

from store.database.connection import Connection, values
from store.exchange.delivery import Directory, Feed
from store.headquarters.scheduler import packages, sessions, uploads
from store.headquarters.scheduler.directory import DirectorySource, read_directory, served_stores
from store.headquarters.scheduler.packages import FEED_COUNTER, PACKAGE_COUNTER
from store.headquarters.servers import known
from store.headquarters.setup_rows import current_number, next_number, raise_number

TELL_AGAIN = (
    "update data_package set feed_n = $1",
    "update download_session set feed_n = $1 where status <> 'Started'",
    "update upload_session set feed_n = $1",
    "update server set directory_n = $1",
)
FURTHEST_AHEAD = 1_000_000
"""How far a server's package number may be ahead of ours and still be believed after a restored backup."""


class FeedBell:
    """Wakes the polls that wait. `ring` from the event loop after a commit; it never blocks."""

    def __init__(self) -> None:
        self._ringing = asyncio.Event()
        self.ended = False
        """Nobody waits any more: headquarters ends."""

    def ring(self) -> None:
        """Something changed that a server may have to hear of."""
        ringing, self._ringing = self._ringing, asyncio.Event()
        ringing.set()

    def end(self) -> None:
        """Headquarters ends: polls are answered with what there is."""
        self.ended = True
        self.ring()

    def listen(self) -> asyncio.Event:
        """What will be set by the next `ring`; take it before looking, so that nothing falls between."""
        return self._ringing


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look at the database: the feed, and the digest of a directory that the server was not told yet."""

    feed: Feed
    new_directory: str = ""

    @property
    def has_news(self) -> bool:
        """Whether there is anything to tell."""
        feed = self.feed
        return bool(feed.directory or feed.packages or feed.sessions or feed.uploads)


def look(db: Connection, server: str, after: int, source: DirectorySource, now_ms: int) -> Look:
    """What changed for a server after a number; 0 for everything it can use."""
    directory = read_directory(db, server, source, now_ms)
    digest, told_n = known.directory_mark(db, server)
    n = current_number(db, FEED_COUNTER)
    if (found := _digest(directory)) != digest:
        return Look(feed=Feed(n=n), new_directory=found)
    stores = served_stores(db, server)
    feed = Feed(
        n=n,
        directory=directory if told_n > after or not after else None,
        packages=tuple(entry for entry in packages.packages_since(db, after) if entry.store in stores),
        sessions=tuple(entry for store, entry in sessions.entries_since(db, after) if store in stores),
        uploads=tuple(entry for entry in uploads.entries_since(db, after) if entry.store in stores),
        time_ms=now_ms,
    )
    return Look(feed=feed)


def mark_directory(db: Connection, server: str, digest: str) -> None:
    """A directory that differs from the last one is news under a number of its own."""
    known.mark_directory(db, server, digest, next_number(db, FEED_COUNTER))


def is_behind(db: Connection, after: int, newest_seq: int) -> bool:
    """Whether a server has seen numbers that we have not given out: headquarters was restored from a backup."""
    return after > current_number(db, FEED_COUNTER) or newest_seq > current_number(db, PACKAGE_COUNTER)


def catch_up(db: Connection, after: int, newest_seq: int) -> None:
    """Go on from the numbers that a server has seen, and tell everybody everything under the next one."""
    raise_number(db, FEED_COUNTER, after)
    if newest_seq <= current_number(db, PACKAGE_COUNTER) + FURTHEST_AHEAD:
        raise_number(db, PACKAGE_COUNTER, newest_seq)
    n = next_number(db, FEED_COUNTER)
    for statement in TELL_AGAIN:
        db.execute(statement, values(n))


def _digest(directory: Directory) -> str:
    return hashlib.sha256(msgspec.json.encode(directory)).hexdigest()
