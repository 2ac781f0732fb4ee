"""Badges that were given at registers of the store. Reads `badge_given`, which posting fills."""

from store.database.connection import Connection, values

SELECT_HOLDER = """
select number from badge_given where store_id = $1 and hash = $2 order by at desc, series desc, seq desc limit 1"""


def holder(db: Connection, store: str, hashed: str) -> str:
    """The number of the person whose badge has that hash by the newest word, empty for nobody's."""
    row = db.execute(SELECT_HOLDER, values(store, hashed)).fetchone()
    return "" if row is None else str(row[0])
