"""Recovery grants: a supervisor allows the unsent records of a dead register to come in. Owns `recovery_grant`.

The code is printed once and kept as a hash; servers hear of it with the directory. The grant is for one series and is
used up when its server says that the last record came (docs/offline-protocol.md 3.5; store/server).
"""

import msgspec

from store.database.connection import Connection, values
from store.exchange.codes import code_hash
from store.exchange.delivery import GrantEntry, SeriesOpening
from store.exchange.identity import store_of
from store.headquarters.errors import NotThere, Refused
from store.headquarters.registers.openings import series_of_register

GRANT_LIFE_MS = 24 * 60 * 60 * 1000
"""Longer than an activation code: the disk of the dead machine has to be brought to another one first."""

UPSERT_GRANT = """
insert into recovery_grant (series, store_id, register_id, code_hash, granted_ms, expires_ms, used_ms, reason)
values ($1, $2, $3, $4, $5, $6, 0, $7)
on conflict (series) do update set code_hash = excluded.code_hash, granted_ms = excluded.granted_ms,
  expires_ms = excluded.expires_ms, reason = excluded.reason"""
SELECT_OPEN = """
select series, store_id, code_hash, expires_ms from recovery_grant
where used_ms = 0 and expires_ms > $1 order by series"""
SELECT_USED = "select series from recovery_grant where register_id = $1 and used_ms > 0"
USE_GRANT = "update recovery_grant set used_ms = $2 where series = $1 and used_ms = 0"


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A grant that was just given."""

    series: str
    store: str
    expires_ms: int


def grant_recovery(db: Connection, register: str, series: str, code: str, reason: str, now_ms: int) -> Grant:
    """Allow a series to be completed; empty for the one that most likely died. Raises NotThere, Refused.

    A second grant for the same series replaces the first; a series whose grant was used is complete for good.
    """
    known = series_of_register(db, register)
    used = {row[0] for row in db.execute(SELECT_USED, values(register))}
    chosen = _choose(known, used, series)
    if chosen is None:
        if series:
            raise NotThere(f"Register {register[:40]} has no series {series[:60]} here.")
        raise NotThere(f"There is no series of register {register[:40]} here that could be completed.")
    if chosen in used:
        raise Refused(f"Series {chosen} was completed by a recovery grant already and is closed for good.")
    expires_ms = now_ms + GRANT_LIFE_MS
    store = store_of(register)
    db.execute(UPSERT_GRANT, values(chosen, store, register, code_hash(code), now_ms, expires_ms, reason))
    return Grant(series=chosen, store=store, expires_ms=expires_ms)


def open_grants(db: Connection, now_ms: int) -> tuple[GrantEntry, ...]:
    """The grants that a server has to know of."""
    rows = db.execute(SELECT_OPEN, values(now_ms)).fetchall()
    return tuple(GrantEntry(series=row[0], store=row[1], code_hash=row[2], expires_ms=row[3]) for row in rows)


def use_grant(db: Connection, series: str, now_ms: int) -> None:
    """The server says that the last record of the series came."""
    db.execute(USE_GRANT, values(series, now_ms))


def _choose(known: list[SeriesOpening], used: set[str], series: str) -> str | None:
    """The series that was named; else the newest one that another epoch closed, else the newest."""
    names = [opening.series for opening in known]
    if series:
        return series if series in names else None
    left = [opening for opening in known if opening.series not in used]
    closed = [opening.series for opening in left if opening.closed_ms]
    if closed:
        return closed[-1]
    return left[-1].series if left else None
