"""The scheduler's own parameters, set like any other: `outpost hq parameter set scheduler.strict_order no`."""

import msgspec

from store.database.connection import Connection
from store.exchange.jobs import TRY_COUNT
from store.headquarters.nouns.till import Parameter
from store.headquarters.setup_rows import get

STRICT_ORDER = "scheduler.strict_order"
"""`no`: a session whose tries are used up is Canceled and others pass it; anything else: Suspended, the others wait."""
TRIES = "scheduler.try_count"
"""Attempts of one session, 1 to 20."""
MAX_TRIES = 20


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How sessions that fail are dealt with."""

    strict_order: bool = True
    try_count: int = TRY_COUNT


def read_rules(db: Connection) -> Rules:
    """The rules in force; a value that is none counts as not set."""
    order = get(db, "parameter", STRICT_ORDER, Parameter)
    tries = get(db, "parameter", TRIES, Parameter)
    count = int(tries.value) if tries is not None and tries.value.isascii() and tries.value.isdigit() else 0
    return Rules(
        strict_order=order is None or order.value.strip().lower() not in ("no", "0", "false"),
        try_count=count if 1 <= count <= MAX_TRIES else TRY_COUNT,
    )
