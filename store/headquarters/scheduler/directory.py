"""Who exists, as a Retail Server is told: its stores with their keys, registers with their devices, open grants."""

from collections.abc import Callable, Mapping

import msgspec

from store.database.connection import Connection
from store.exchange.delivery import Directory, RegisterEntry, StoreEntry
from store.headquarters.nouns.chain import ChannelDatabase, Register, Store
from store.headquarters.nouns.profiles import OfflineProfileRow
from store.headquarters.registers.device_states import DeviceState
from store.headquarters.registers.devices import device_states
from store.headquarters.registers.grants import open_grants
from store.headquarters.registers.openings import open_series_facts
from store.headquarters.setup.rules import pepper_store
from store.headquarters.setup_rows import list_rows


class DirectorySource(msgspec.Struct, frozen=True, kw_only=True):
    """What a directory holds beside the set-up: the root key (hex), and the pepper kept under a store's number."""

    root_key: str
    pepper: Callable[[str], bytes]


def served_stores(db: Connection, server: str) -> dict[str, Store]:
    """The stores of a server: those that name it, and those that name none."""
    found = {row.key: row.read(Store) for row in list_rows(db, "store")}
    return {key: store for key, store in found.items() if store.server in ("", server)}


def read_directory(db: Connection, server: str, source: DirectorySource, now_ms: int) -> Directory:
    """The complete directory of a server."""
    stores = served_stores(db, server)
    groups = {row.key: row.read(ChannelDatabase).data_group for row in list_rows(db, "channel-database")}
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
        registers=tuple(_registers(db, stores, groups)),
        grants=tuple(grant for grant in open_grants(db, now_ms) if grant.store in stores),
    )


def _registers(db: Connection, stores: Mapping[str, Store], groups: Mapping[str, str]) -> list[RegisterEntry]:
    paused = {
        row.key: row.read(OfflineProfileRow).pause_synchronisation for row in list_rows(db, "offline-profile")
    }
    devices, series = device_states(db), open_series_facts(db)
    found = []
    for row in list_rows(db, "register"):
        register = row.read(Register)
        if register.store not in stores:
            continue
        profile = register.offline_profile or stores[register.store].offline_profile
        own = groups.get(register.store, register.store)
        facts = series.get(row.key)
        found.append(
            RegisterEntry(
                register=row.key,
                store=register.store,
                data_group=groups.get(row.key) or own,
                support_offline=register.support_offline,
                device=devices.get(row.key, DeviceState.PENDING),
                paused=paused.get(profile, False),
                epoch=0 if facts is None else facts.epoch,
                public_key="" if facts is None else facts.public_key,
                insecure=facts is not None and facts.insecure,
                opened_ms=0 if facts is None else facts.opened_ms,
            )
        )
    return found
