"""Badges that were given at registers of the store. Reads `badge_given`, which posting fills."""

from store.database.connection import Connection, values
from store.exchange.badges import WireBadge

SELECT_HOLDER = """
select number from badge_given where store_id = $1 and hash = $2 order by at desc, series desc, seq desc limit 1"""


def holder(db: Connection, store: str, hashed: str) -> WireBadge:
    """Whose badge has that hash by the newest word of a register."""
    row = db.execute(SELECT_HOLDER, values(store, hashed)).fetchone()
    return WireBadge() if row is None else WireBadge(number=str(row[0]), known=True)
