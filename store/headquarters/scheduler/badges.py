"""Badges that registers gave to people (919), for job 1060: their hashes go down with the staff of the store.

A hash is made with the store's secret, so it means nothing in another store. The newest word about a hash counts.
"""

import msgspec

from store.database.connection import Connection, values

COUNT_BADGES = "select count(*) from badge_given"
SELECT_BADGES = """
select hash, number from badge_given where store_id = $1 order by at, series, seq"""


def badges_told(db: Connection) -> int:
    """How many words about badges have come; rises with each."""
    return int(db.execute(COUNT_BADGES).fetchone()[0])


def badges_of(db: Connection, store: str) -> dict[str, list[str]]:
    """Number of a person → the hashes of the badges that are theirs, sorted."""
    holder: dict[str, str] = {}
    for hashed, number in db.execute(SELECT_BADGES, values(store)):
        holder[str(hashed)] = str(number)
    found: dict[str, list[str]] = {}
    for hashed, number in sorted(holder.items()):
        if number:
            found.setdefault(number, []).append(hashed)
    return found


def with_badges(detail: str, hashes: list[str]) -> str:
    """The detail of a person with the hashes of their badges."""
    if not hashes:
        return detail
    fields = msgspec.json.decode(detail) if detail else {}
    return msgspec.json.encode({**fields, "badges": hashes}, order="deterministic").decode()
