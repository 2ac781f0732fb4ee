"""A PIN becomes a hash for each store, because every store has a secret (pepper) of its own.

The PIN itself is known only while it is being set, so a store that comes later has no hash of it: the operator's PIN is
set again, or the store shares the pepper of an older one (`pepper-of`). A PIN that fits what is kept keeps its hash, so
that setting the same again changes nothing.
"""

from collections.abc import Iterable

import msgspec

from store.database.connection import Connection
from store.database.pins import hash_pin, pin_matches
from store.headquarters.errors import Refused
from store.headquarters.nouns.people import STAFF_PIN, Staff, StaffPin
from store.headquarters.secrets import HeadquartersSecrets
from store.headquarters.setup.rules import STORE, pepper_store
from store.headquarters.setup_rows import get, list_rows


class PinPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A store where a PIN shall hold, the store of its pepper, and the hash that is kept there now."""

    store: str
    pepper_of: str
    hash: str


def pin_places(db: Connection, number: str, store: str | None) -> list[PinPlace]:
    """Where the PIN of an operator shall hold; `store` None is where the operator works by now. Raises Refused."""
    if store is None:
        known = get(db, "staff", number, Staff)
        store = known.store if known is not None else ""
    stores = [store] if store else [row.key for row in list_rows(db, STORE)]
    if not stores:
        raise Refused("A PIN is kept for a store, and there is none yet: outpost hq store set S0001")
    places = []
    for one in stores:
        kept = get(db, STAFF_PIN, f"{number}/{one}", StaffPin)
        places.append(
            PinPlace(store=one, pepper_of=pepper_store(db, one), hash=kept.hash if kept is not None else "")
        )
    return places


def pin_hashes(secrets: HeadquartersSecrets, pin: str, places: Iterable[PinPlace]) -> dict[str, str]:
    """The hash for each store; takes about 20 ms for every pepper, so call it in a thread. Raises VaultError."""
    made: dict[str, str] = {}
    found: dict[str, str] = {}
    for place in places:
        pepper = secrets.pepper(place.pepper_of)
        if place.hash and pin_matches(pepper, pin, place.hash):
            found[place.store] = place.hash
            continue
        if place.pepper_of not in made:
            made[place.pepper_of] = hash_pin(pepper, pin)
        found[place.store] = made[place.pepper_of]
    return found
