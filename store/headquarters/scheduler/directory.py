"""Who exists, as a Retail Server is told: its stores with their keys, registers with their devices, open grants."""

from collections.abc import Callable, Mapping

import msgspec

from store.database.connection import Connection
from store.exchange.delivery import Directory, GrantEntry, RegisterEntry, StoreEntry
from store.headquarters.nouns.chain import ChannelDatabase, Register, Store
from store.headquarters.nouns.profiles import OfflineProfileRow
from store.headquarters.setup.rules import pepper_store
from store.headquarters.setup_rows import list_rows

PENDING = "Pending"
"""A device that nothing is known of."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the way up knows of registers: device states by register, and open recovery grants."""

    devices: Mapping[str, str] = {}
    grants: tuple[GrantEntry, ...] = ()


class DirectorySource(msgspec.Struct, frozen=True, kw_only=True):
    """Where a directory comes from beside the set-up. Called inside a unit that reads, on its thread."""

    root_key: str
    pepper: Callable[[str], bytes]
    standing: Callable[[Connection, int], Standing] = lambda _db, _now_ms: Standing()


def served_stores(db: Connection, server: str) -> dict[str, Store]:
    """The stores of a server: those that name it, and those that name none."""
    found = {row.key: row.read(Store) for row in list_rows(db, "store")}
    return {key: store for key, store in found.items() if store.server in ("", server)}


def read_directory(db: Connection, server: str, source: DirectorySource, now_ms: int) -> Directory:
    """The complete directory of a server."""
    stores = served_stores(db, server)
    groups = {row.key: row.read(ChannelDatabase).data_group for row in list_rows(db, "channel-database")}
    standing = source.standing(db, now_ms)
    return Directory(
        stores=tuple(
            StoreEntry(
                store=key,
                name=store.name,
                data_group=groups.get(key, key),
                root_key=source.root_key,
                pepper=source.pepper(pepper_store(db, key)).hex(),
            )
            for key, store in stores.items()
        ),
        registers=tuple(_registers(db, stores, groups, standing.devices)),
        grants=tuple(grant for grant in standing.grants if grant.store in stores),
    )


def _registers(
    db: Connection, stores: Mapping[str, Store], groups: Mapping[str, str], devices: Mapping[str, str]
) -> list[RegisterEntry]:
    paused = {
        row.key: row.read(OfflineProfileRow).pause_synchronisation for row in list_rows(db, "offline-profile")
    }
    found = []
    for row in list_rows(db, "register"):
        register = row.read(Register)
        if register.store not in stores:
            continue
        profile = register.offline_profile or stores[register.store].offline_profile
        own = groups.get(register.store, register.store)
        found.append(
            RegisterEntry(
                register=row.key,
                store=register.store,
                data_group=groups.get(row.key) or own,
                support_offline=register.support_offline,
                device=devices.get(row.key, PENDING),
                paused=paused.get(profile, False),
            )
        )
    return found
