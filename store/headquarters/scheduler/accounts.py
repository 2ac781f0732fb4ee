"""What customers owe, for job 1010: the balance of every account that is not settled, and the part of other stores.

A register that cannot ask shows the balance as of the last run; a Retail Server adds what its own store booked to the
part of the others (docs/customers.md).
"""

from collections.abc import Iterator

from store.database.connection import Connection, values

MAX_ACCOUNTS = 200_000

SELECT_NEWEST_ENTRY = "select coalesce(max(posted_ms), 0) from account_entry"
# Who was merged counts with whom they are now; merging again leads one step further each time it is said.
SELECT_ACCOUNTS = """
select coalesce(nullif(json_extract(s.document, '$.merged_into'), ''), e.customer) as whose,
  sum(e.amount), sum(case when e.store_id <> $1 then e.amount else 0 end), max(e.posted_ms)
from account_entry e left join setup s on s.noun = 'customer' and s.key = e.customer and s.removed = 0
group by whose order by whose limit $2"""


def newest_entry(db: Connection) -> int:
    """When the newest entry of any account was booked (ms); 0 while there is none."""
    return int(db.execute(SELECT_NEWEST_ENTRY).fetchone()[0])


def account_cells(db: Connection, store: str) -> Iterator[tuple[str | int, ...]]:
    """Customer, balance, the part of other stores, and the moment up to which it holds; settled ones too, while few."""
    as_of_ms = newest_entry(db)
    for customer, balance, elsewhere, _newest in db.execute(SELECT_ACCOUNTS, values(store, MAX_ACCOUNTS)):
        yield str(customer), int(balance), int(elsewhere), as_of_ms
