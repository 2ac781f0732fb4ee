"""Emergency codes by telephone: who got one, for which operator, and why. Owns `emergency_code`; never keeps a code."""

from typing import Any

from store.database.connection import Connection, values
from store.headquarters.setup_rows import next_number

COUNTER = "emergency_code"

INSERT_CODE = """
insert into emergency_code (n, at_ms, store_id, register_id, operator, challenge, reason)
values ($1, $2, $3, $4, $5, $6, $7)"""
SELECT_CODES = """
select n, at_ms, store_id, register_id, operator, challenge, reason from emergency_code order by n desc limit $1"""


def note_code(
    db: Connection, *, store: str, register: str, operator: str, challenge: str, reason: str, now_ms: int
) -> int:
    """Write down that a code is given out; answers its number."""
    number = next_number(db, COUNTER)
    db.execute(INSERT_CODE, values(number, now_ms, store, register, operator, challenge, reason))
    return number


def given_codes(db: Connection, limit: int) -> list[dict[str, Any]]:
    """What was given out, the newest first."""
    names = ("number", "at_ms", "store", "register", "operator", "challenge", "reason")
    return [dict(zip(names, row, strict=True)) for row in db.execute(SELECT_CODES, values(limit)).fetchall()]
