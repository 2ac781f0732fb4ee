"""How far headquarters has the records of each series, and what it was told of it. Owns `series_archive`."""

import msgspec

from store.database.connection import Connection, values

SELECT_ARCHIVED = "select archived_seq from series_archive where store_id = $1 and series = $2"
# What was told of a series is known by the sum of its two moments: closed, and recovered under a grant.
_RECOVERED = """coalesce((select max(g.used_ms) from recovery_grant g
  where g.store_id = s.store_id and g.series = s.series), 0)"""
SELECT_BEHIND = f"""
select s.store_id, s.series, s.register_id, s.epoch, s.public_key, s.insecure, s.opened_ms, s.closed_ms,
  s.head_seq, coalesce(a.archived_seq, 0), coalesce(a.told_closed_ms, -1), coalesce(a.told_enrolment, 0),
  coalesce(a.trouble, ''), {_RECOVERED}
from series s left join series_archive a on a.store_id = s.store_id and a.series = s.series
where s.head_seq > coalesce(a.archived_seq, 0) or coalesce(a.told_closed_ms, -1) <> s.closed_ms + {_RECOVERED}
  or coalesce(a.told_enrolment, 0) = 0
order by s.store_id, s.opened_ms, s.series"""  # noqa: S608
_ENSURE = """
insert into series_archive (store_id, series, archived_seq, told_closed_ms, told_enrolment, trouble)
values ($1, $2, 0, -1, 0, '') on conflict (store_id, series) do nothing"""
RAISE_ARCHIVED = """
update series_archive set archived_seq = $3, trouble = ''
where store_id = $1 and series = $2 and archived_seq <= $3"""
NOTE_OPENING = "update series_archive set told_closed_ms = $3 where store_id = $1 and series = $2"
NOTE_ENROLMENT = "update series_archive set told_enrolment = 1 where store_id = $1 and series = $2"
NOTE_TROUBLE = "update series_archive set trouble = $3 where store_id = $1 and series = $2"
SET_BACK = """
update series_archive set archived_seq = $3, told_closed_ms = $4, told_enrolment = $5
where store_id = $1 and series = $2 and archived_seq >= $3"""
FORGET_TROUBLES = "update series_archive set trouble = '' where trouble <> ''"
SELECT_TROUBLE = """
select series, trouble from series_archive where trouble <> '' order by store_id, series"""


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """A series of which headquarters does not know or have everything; `told_closed_ms` -1: nothing was told."""

    store: str
    series: str
    register: str
    epoch: int
    public_key: str
    insecure: bool
    opened_ms: int
    closed_ms: int
    head_seq: int
    archived_seq: int
    told_closed_ms: int
    told_enrolment: bool
    trouble: str
    recovered_ms: int


def archived_seq(db: Connection, store: str, series: str) -> int:
    """Up to where headquarters has a series; 0 for nothing."""
    row = db.execute(SELECT_ARCHIVED, values(store, series)).fetchone()
    return 0 if row is None else int(row[0])


def behind(db: Connection) -> list[Behind]:
    """Every series with something to tell or to deliver, oldest first."""
    return [
        Behind(
            store=row[0],
            series=row[1],
            register=row[2],
            epoch=row[3],
            public_key=bytes(row[4]).hex(),
            insecure=row[5] == 1,
            opened_ms=row[6],
            closed_ms=row[7],
            head_seq=row[8],
            archived_seq=row[9],
            told_closed_ms=row[10],
            told_enrolment=row[11] == 1,
            trouble=row[12],
            recovered_ms=row[13],
        )
        for row in db.execute(SELECT_BEHIND).fetchall()
    ]


def raise_archived(db: Connection, store: str, series: str, seq: int) -> None:
    """Headquarters has the series up to `seq`; it never goes back."""
    db.execute(_ENSURE, values(store, series))
    db.execute(RAISE_ARCHIVED, values(store, series, seq))


def note_opening(db: Connection, told: Behind) -> None:
    """Headquarters knows the series as it was told."""
    db.execute(_ENSURE, values(told.store, told.series))
    db.execute(NOTE_OPENING, values(told.store, told.series, told.closed_ms + told.recovered_ms))


def note_enrolment(db: Connection, store: str, series: str) -> None:
    """Headquarters knows that the series' device was enrolled."""
    db.execute(_ENSURE, values(store, series))
    db.execute(NOTE_ENROLMENT, values(store, series))


def note_trouble(db: Connection, store: str, series: str, sentence: str) -> None:
    """Why nothing of the series is delivered any more."""
    db.execute(_ENSURE, values(store, series))
    db.execute(NOTE_TROUBLE, values(store, series, sentence[:500]))


def set_back(db: Connection, store: str, series: str, seq: int | None) -> None:
    """Headquarters was restored and has less than before; None: it does not even know the series."""
    told_enrolment = 0 if seq is None else 1
    db.execute(SET_BACK, values(store, series, seq or 0, -1, told_enrolment))


def forget_troubles(db: Connection) -> None:
    """Every series is worth another try."""
    db.execute(FORGET_TROUBLES)


def troubled(db: Connection) -> list[tuple[str, str]]:
    """Series that are not delivered, and why."""
    return [(row[0], row[1]) for row in db.execute(SELECT_TROUBLE).fetchall()]
