"""The scheduler's own parameters, set like any other: `outpost hq parameter set scheduler.strict_order no`."""

import msgspec

from store.database.connection import Connection
from store.exchange.jobs import TRY_COUNT
from store.headquarters.errors import WrongInput
from store.headquarters.nouns.till import Parameter
from store.headquarters.part import Change, Notes
from store.headquarters.setup_rows import get

STRICT_ORDER = "scheduler.strict_order"
"""`no`: a session whose tries are used up is Canceled and others pass it; anything else: Suspended, the others wait."""
TRIES = "scheduler.try_count"
"""Attempts of one session, 1 to 20."""
MAX_TRIES = 20
NO = ("no", "0", "false")
YES = ("yes", "1", "true")
_PREFIX = "scheduler."


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How sessions that fail are dealt with."""

    strict_order: bool = True
    try_count: int = TRY_COUNT


def read_rules(db: Connection) -> Rules:
    """The rules in force; a value that is none counts as not set."""
    order = get(db, "parameter", STRICT_ORDER, Parameter)
    tries = get(db, "parameter", TRIES, Parameter)
    count = 0 if tries is None else _count(tries.value)
    return Rules(
        strict_order=order is None or order.value.strip().lower() not in NO,
        try_count=count if 1 <= count <= MAX_TRIES else TRY_COUNT,
    )


def check_parameter(_db: Connection, change: Change, _notes: Notes) -> None:
    """Of the scheduler's own parameters only those that exist can be set, to what they can be; raises WrongInput."""
    if change.new is None or not change.key.startswith(_PREFIX):
        return
    value = change.new.value.strip().lower()
    if change.key == STRICT_ORDER:
        if value not in (*YES, *NO):
            raise WrongInput(f"{STRICT_ORDER} is yes or no, not {value[:40]!r}.")
    elif change.key == TRIES:
        if not 1 <= _count(value) <= MAX_TRIES:
            raise WrongInput(f"{TRIES} is a whole number from 1 to {MAX_TRIES}, not {value[:40]!r}.")
    else:
        raise WrongInput(
            f"The scheduler has no parameter {change.key[:60]!r}. There are {STRICT_ORDER}, {TRIES}."
        )


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
