"""A series of which two machines have written different records: a clone, or a disk that was set back.

Which of them is the register nobody can tell from the records, so both are held: neither adds to the series any more
until a person has looked and the register was enrolled anew (docs/security.md). What they hold can be recovered.
"""

from store.database.connection import Connection, values
from store.service.errors import ProblemError

SELECT_FORK = "select 1 from fork where store_id = $1 and series = $2 limit 1"
SENTENCE = (
    "Two machines have written series {series}: a copy of this register, or of its disk, is at work. Find it, then "
    "enrol the register anew with a code from headquarters."
)


def refuse_forked(db: Connection, store: str, series: str) -> None:
    """Raise ProblemError `fork` when the series has a fork."""
    if db.execute(SELECT_FORK, values(store, series)).fetchone() is not None:
        raise ProblemError("fork", SENTENCE.format(series=series))
