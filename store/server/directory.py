"""Who exists, as headquarters says: registers with their data group and device state, and grants for recovery.

Owns `directory_register` and `recovery_grant`. A server without headquarters has an empty directory, and then every
enrolled register may have everything.
"""

from store.database.connection import Connection, Row, values
from store.exchange.delivery import GrantEntry, RegisterEntry

SENTENCES = {
    "Disabled": "headquarters has disabled this device; ask there why, what was sold is kept",
    "Deactivated": "headquarters has taken this device out of service; activate the register again with a new code",
}
"""Device states in which a register is served nothing, and what it tells its people."""

_REGISTER = "register_id, store_id, data_group, support_offline, device, paused"
SELECT_REGISTER = f"select {_REGISTER} from directory_register where store_id = $1 and register_id = $2"  # noqa: S608
SELECT_REGISTERS = f"select {_REGISTER} from directory_register order by store_id, register_id"  # noqa: S608
DELETE_REGISTERS = "delete from directory_register"
INSERT_REGISTER = f"insert into directory_register ({_REGISTER}) values ($1, $2, $3, $4, $5, $6)"  # noqa: S608
SELECT_GROUPS = """
select distinct data_group from directory_register where store_id = $1 order by data_group"""
UPSERT_GRANT = """
insert into recovery_grant (store_id, series, code_hash, expires_ms, used_ms) values ($1, $2, $3, $4, 0)
on conflict (store_id, series, code_hash) do update set expires_ms = excluded.expires_ms"""
EXPIRE_GRANTS = "update recovery_grant set expires_ms = 0 where used_ms = 0"


def register_entry(db: Connection, store: str, register: str) -> RegisterEntry | None:
    """A register as headquarters wants it, or None."""
    row = db.execute(SELECT_REGISTER, values(store, register)).fetchone()
    return None if row is None else _entry(row)


def register_entries(db: Connection) -> list[RegisterEntry]:
    """All of them."""
    return [_entry(row) for row in db.execute(SELECT_REGISTERS).fetchall()]


def groups(db: Connection, store: str) -> list[str]:
    """The data groups of a store's registers."""
    return [row[0] for row in db.execute(SELECT_GROUPS, values(store)).fetchall()]


def withdrawn(db: Connection) -> dict[str, str]:
    """Registers that are served nothing, with their device state."""
    return {entry.register: entry.device for entry in register_entries(db) if entry.device in SENTENCES}


def replace_registers(db: Connection, entries: tuple[RegisterEntry, ...]) -> None:
    """Know exactly these registers."""
    db.execute(DELETE_REGISTERS)
    for entry in entries:
        db.execute(
            INSERT_REGISTER,
            values(
                entry.register,
                entry.store,
                entry.data_group,
                int(entry.support_offline),
                entry.device,
                int(entry.paused),
            ),
        )


def replace_grants(db: Connection, grants: tuple[GrantEntry, ...]) -> None:
    """Know these grants; what headquarters names no more has expired, what was used stays used."""
    db.execute(EXPIRE_GRANTS)
    for grant in grants:
        db.execute(UPSERT_GRANT, values(grant.store, grant.series, grant.code_hash, grant.expires_ms))


def _entry(row: Row) -> RegisterEntry:
    return RegisterEntry(
        register=row[0],
        store=row[1],
        data_group=row[2],
        support_offline=row[3] == 1,
        device=row[4],
        paused=row[5] == 1,
    )
