"""What a new headquarters begins with: the roles that registers know by themselves, and the tenders they can take."""

from store.database.connection import Connection
from store.exchange.permissions import ROLES
from store.headquarters.nouns.people import GRANTED, Role
from store.headquarters.nouns.till import Tender
from store.headquarters.setup_rows import SETUP_COUNTER, next_number, put, raise_number

PLANTED = "seeds"
"""A counter that says whether it was done, so that what an operator removes stays away."""


def plant(db: Connection, now_ms: int) -> bool:
    """Put the first rows, once in the life of a database; part of a unit of work."""
    if next_number(db, PLANTED) > 1:
        raise_number(db, PLANTED, 1)
        return False
    number = next_number(db, SETUP_COUNTER)
    for code, permissions in ROLES.items():
        role = Role(
            name=code.capitalize(),
            permissions=tuple(sorted(one.value for one in permissions if one.value in GRANTED)),
        )
        put(db, "role", code, role, now_ms=now_ms, number=number)
    tenders = (
        ("cash", Tender(name="Cash", kind="cash", position=1)),
        ("card", Tender(name="Card", kind="card", position=2)),
    )
    for code, tender in tenders:
        put(db, "tender", code, tender, now_ms=now_ms, number=number)
    return True
