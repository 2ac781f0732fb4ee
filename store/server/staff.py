"""Who works here: operators with their verifiers and the permissions of their roles. Reads `staff` and `role`."""

from store.database.connection import Connection, values
from store.exchange.delivery import WireStaff

SELECT_OPERATOR = """
select s.number, s.name, s.role, s.salt, s.hash, coalesce(r.permissions, ''), s.detail
from staff s left join role r on r.store_id = s.store_id and r.code = s.role
where s.store_id = $1 and s.number = $2"""


def find_operator(db: Connection, store: str, number: str) -> WireStaff | None:
    """The operator of that number, or None."""
    if "\0" in number:  # PostgreSQL takes none in a text, and no number has one
        return None
    row = db.execute(SELECT_OPERATOR, values(store, number)).fetchone()
    if row is None:
        return None
    return WireStaff(
        number=row[0],
        name=row[1],
        role=row[2],
        salt=row[3],
        hash=row[4],
        permissions=row[5],
        detail=row[6],
    )
