"""What the register remembers beside its records: its series, settings, mode, link edges, PIN failures."""

from store.gateway.gateway import StoredMode
from store.register.journal.entry import JournalIdentity, LinkEdge, Lockout
from store.register.journal.sql import Connection

MAX_LINK_EDGES = 500
"""Older edges of the link are forgotten."""

_GET_SERIES = "select series, public_key from series where epoch = ?"
_PUT_SERIES = "insert into series (epoch, series, register, store, public_key) values (?, ?, ?, ?, ?)"
_GET_SETTING = "select value from setting where key = ?"
_PUT_SETTING = (
    "insert into setting (key, value) values (?, ?) on conflict (key) do update set value = excluded.value"
)
_GET_MODE = "select mode, reason, since_ms from mode where id = 1"
_PUT_MODE = (
    "insert into mode (id, mode, reason, since_ms) values (1, ?, ?, ?) on conflict (id) do update "
    "set mode = excluded.mode, reason = excluded.reason, since_ms = excluded.since_ms"
)
_ADD_EDGE = "insert into link_edge (at_ms, link, event, reason) values (?, ?, ?, ?)"
_TRIM_EDGES = "delete from link_edge where n <= (select max(n) from link_edge) - ?"
_EDGES = "select at_ms, link, event, reason from link_edge order by n desc limit ?"
_GET_LOCKOUT = "select failures, locked_until_ms from lockout where key = ?"
_PUT_LOCKOUT = (
    "insert into lockout (key, failures, locked_until_ms) values (?, ?, ?) on conflict (key) do update "
    "set failures = excluded.failures, locked_until_ms = excluded.locked_until_ms"
)


class OtherSeries(Exception):
    """The file holds records of another register, or of another key, under this epoch."""


def note_series(connection: Connection, identity: JournalIdentity) -> None:
    """Write down whose records these are, once; raises OtherSeries when they are somebody else's."""
    found = connection.execute(_GET_SERIES, (identity.epoch,)).fetchone()
    if found is None:
        connection.execute(
            _PUT_SERIES,
            (identity.epoch, identity.series, identity.register, identity.store, identity.public_key),
        )
    elif (found[0], bytes(found[1])) != (identity.series, identity.public_key):
        raise OtherSeries(f"it holds the series {found[0]}, made with another key or register")


def read_setting(connection: Connection, key: str) -> str | None:
    """The value of a setting, None when it was never written."""
    row = connection.execute(_GET_SETTING, (key,)).fetchone()
    return None if row is None else str(row[0])


def write_setting(connection: Connection, key: str, value: str) -> None:
    """Store a setting."""
    connection.execute(_PUT_SETTING, (key, value))


def read_mode(connection: Connection) -> StoredMode | None:
    """The stored mode, None on a new register."""
    row = connection.execute(_GET_MODE).fetchone()
    return None if row is None else StoredMode(mode=row[0], reason=row[1], since_ms=row[2])


def write_mode(connection: Connection, stored: StoredMode) -> None:
    """Store the mode."""
    connection.execute(_PUT_MODE, (stored.mode, stored.reason, stored.since_ms))


def add_link_edge(connection: Connection, edge: LinkEdge) -> None:
    """Add to the bounded history of the link."""
    connection.execute(_ADD_EDGE, (edge.at_ms, edge.link, edge.event, edge.reason))
    connection.execute(_TRIM_EDGES, (MAX_LINK_EDGES,))


def link_edges(connection: Connection, limit: int) -> list[LinkEdge]:
    """The newest edges of the link, newest first."""
    rows = connection.execute(_EDGES, (limit,))
    return [
        LinkEdge(at_ms=at_ms, link=link, event=event, reason=reason) for at_ms, link, event, reason in rows
    ]


def read_lockout(connection: Connection, key: str) -> Lockout:
    """The failed attempts of a key; none when it has no row."""
    row = connection.execute(_GET_LOCKOUT, (key,)).fetchone()
    return Lockout(key=key) if row is None else Lockout(key=key, failures=row[0], locked_until_ms=row[1])


def write_lockout(connection: Connection, lockout: Lockout) -> None:
    """Store the failed attempts of a key."""
    connection.execute(_PUT_LOCKOUT, (lockout.key, lockout.failures, lockout.locked_until_ms))
