"""Who gets what: data groups and their channel databases, and those that are new in a group. Owns `known_database`."""

import msgspec

from store.database.connection import Connection, values
from store.headquarters.nouns.chain import ChannelDatabase, DataGroup
from store.headquarters.scheduler import packages, sessions
from store.headquarters.scheduler.sessions import Target
from store.headquarters.setup_rows import list_rows

SELECT_KNOWN = "select channel_database, data_group from known_database"
UPSERT_KNOWN = """
insert into known_database (channel_database, data_group) values ($1, $2)
on conflict (channel_database) do update set data_group = excluded.data_group"""
DELETE_KNOWN = "delete from known_database where channel_database = $1"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A data group with its databases. One without databases gets no packages."""

    name: str
    store: str
    targets: tuple[Target, ...]


def read_groups(db: Connection) -> dict[str, Group]:
    """Every data group by its name."""
    members: dict[str, list[Target]] = {}
    for row in list_rows(db, "channel-database"):
        one = row.read(ChannelDatabase)
        target = Target(row.key, one.register, one.store, one.data_group)
        members.setdefault(one.data_group, []).append(target)
    return {
        row.key: Group(name=row.key, store=row.read(DataGroup).store, targets=tuple(members.get(row.key, ())))
        for row in list_rows(db, "data-group")
    }


def settle(db: Connection, now_ms: int) -> tuple[str, ...]:
    """Look for databases that are new in their group and offer them what leads to its newest package.

    Answers the groups that need a new number first, because one of their databases comes from another group with
    a number that is not below theirs; such a database stays new until that package is there.
    """
    known = {str(name): str(group) for name, group in db.execute(SELECT_KNOWN).fetchall()}
    needed = []
    for group in read_groups(db).values():
        for target in group.targets:
            before = known.pop(target.database, None)
            if before == group.name:
                continue
            if before is not None:
                sessions.withdraw(db, target.database, group.name, f"Moved to data group {group.name}.")
            if not _offer_chain(db, target, now_ms):
                needed.append(group.name)
                continue
            db.execute(UPSERT_KNOWN, values(target.database, group.name))
    for gone in known:
        sessions.withdraw(db, gone, "", "The channel database was removed.")
        db.execute(DELETE_KNOWN, values(gone))
    return tuple(dict.fromkeys(needed))


def _offer_chain(db: Connection, target: Target, now_ms: int) -> bool:
    """Sessions along the group's chain; False when its numbers are not above those the database got elsewhere."""
    chain = packages.chain_of(packages.packages_of(db, target.data_group))
    if chain.full is None:
        return chain.newest == 0
    if chain.full.package_seq <= sessions.offered_elsewhere(db, target):
        return False
    entries = [(entry.package_seq, entry.job) for entry in chain.entries]
    sessions.offer(db, target, entries, now_ms)
    return True
