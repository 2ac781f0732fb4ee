"""Suspended sales at the server: listed, asked for, given to exactly one register. Owns the table `suspension_claim`.

The keeper of a suspended sale is the register that suspended it, until its record `sale.release` is posted. Only then
a claim is granted, and only one: the row of the claim is locked while it is (docs/suspended.md).
"""

import msgspec

from store.database.connection import Connection, values
from store.exchange.suspensions import CLAIMED, GONE, LIST_LIMIT, TAKEN, WAITING, WireClaim, WireSuspension

WANTED_MS = 15_000
"""How long a register that asked counts as waiting."""
_ENDED = """exists (select 1 from suspension x where x.store_id = s.store_id and x.suspension_id = s.suspension_id
    and x.effect in ('resumed', 'discarded'))"""
_RELEASED = """exists (select 1 from suspension x where x.store_id = s.store_id and x.suspension_id = s.suspension_id
    and x.effect = 'released')"""
SELECT_OPEN = f"""
select s.suspension_id, e.register_id, s.code, s.at, s.person, s.total, s.currency, s.items, s.note,
  coalesce(c.claimed_by, '')
from suspension s join series e on e.store_id = s.store_id and e.series = s.series
left join suspension_claim c on c.store_id = s.store_id and c.suspension_id = s.suspension_id
where s.store_id = $1 and s.effect = 'suspended' and not {_ENDED}
  and (e.register_id <> $2 or {_RELEASED}) order by s.at, s.suspension_id limit $3"""  # noqa: S608 - constants
SELECT_ONE = f"""
select s.series, s.seq, e.register_id, case when {_RELEASED} then 1 else 0 end, case when {_ENDED} then 1 else 0 end
from suspension s join series e on e.store_id = s.store_id and e.series = s.series
where s.store_id = $1 and s.suspension_id = $2 and s.effect = 'suspended'"""  # noqa: S608 - constants
SELECT_PAYLOAD = "select payload from record where store_id = $1 and series = $2 and seq = $3"
ASK_FOR = """
insert into suspension_claim (store_id, suspension_id, wanted_by, wanted_ms, claimed_by, claimed_ms)
values ($1, $2, $3, $4, '', 0)
on conflict (store_id, suspension_id) do update set wanted_by = excluded.wanted_by, wanted_ms = excluded.wanted_ms
returning claimed_by"""
GIVE = """
update suspension_claim set claimed_by = $3, claimed_ms = $4
where store_id = $1 and suspension_id = $2 and claimed_by = ''"""
SELECT_WANTED = f"""
select c.suspension_id from suspension_claim c
join suspension s on s.store_id = c.store_id and s.suspension_id = c.suspension_id and s.effect = 'suspended'
join series e on e.store_id = s.store_id and e.series = s.series
where c.store_id = $1 and e.register_id = $2 and c.claimed_by = '' and c.wanted_ms > $3
  and not {_RELEASED} and not {_ENDED} order by c.suspension_id limit 50"""  # noqa: S608 - constants


class _Resume(msgspec.Struct):
    """The part of the record that goes to the register that resumes."""

    resume: str = ""
    of_txn_id: str = ""


def listing(db: Connection, store: str, register: str) -> tuple[WireSuspension, ...]:
    """The suspended sales nobody has resumed, oldest first, without those that the asking register itself keeps."""
    rows = db.execute(SELECT_OPEN, values(store, register, LIST_LIMIT)).fetchall()
    return tuple(
        WireSuspension(
            id=row[0],
            register=row[1],
            code=row[2],
            at=row[3],
            by=row[4],
            total=int(row[5]),
            currency=row[6],
            items=row[7],
            note=row[8],
            claimed_by=row[9],
        )
        for row in rows
    )


def wanted(db: Connection, store: str, register: str, now_ms: int) -> tuple[str, ...]:
    """Ids of the suspended sales that `register` keeps and another one waits for."""
    rows = db.execute(SELECT_WANTED, values(store, register, now_ms - WANTED_MS)).fetchall()
    return tuple(row[0] for row in rows)


def claim(db: Connection, store: str, register: str, suspension_id: str, now_ms: int) -> WireClaim:
    """Ask for a suspended sale, or get it: the same register gets it again, another one never. A unit of work."""
    if "\0" in suspension_id:
        return WireClaim(state=GONE)
    found = db.execute(SELECT_ONE, values(store, suspension_id)).fetchone()
    if found is None or int(found[4]):
        return WireClaim(state=GONE)
    series, seq, released = found[0], int(found[1]), bool(found[3])
    asked = values(store, suspension_id, register, now_ms)
    claimed_by = db.execute(ASK_FOR, asked).fetchall()[0][0]  # locks the row: claims go one after another
    if claimed_by and claimed_by != register:
        return WireClaim(state=TAKEN, claimed_by=claimed_by)
    if not claimed_by:
        if not released:
            return WireClaim(state=WAITING)
        db.execute(GIVE, asked)
    payload = db.execute(SELECT_PAYLOAD, values(store, series, seq)).fetchone()
    if payload is None:
        return WireClaim(state=GONE)
    sale = msgspec.json.decode(bytes(payload[0]), type=_Resume)
    return WireClaim(state=CLAIMED, resume=sale.resume, of_txn_id=sale.of_txn_id, claimed_by=register)
