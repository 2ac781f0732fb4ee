"""The books as one round of posting sees them: rows are gathered record by record and written together.

Ten inserts of one row cost as much as one insert of a hundred. So what a record adds is kept in memory until the
record is through (`keep`) or has failed (`drop`, nothing of it was written), and written before anybody reads
(`read`) and at the end (`write`). What a record reads are the books before it.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from store.database.bulk import Cells, insert_rows
from store.database.connection import Connection, Row, Value, values

SHEETS: dict[str, "Sheet"] = {}
"""Every sheet by the name of its table."""


class Sheet(msgspec.Struct, frozen=True):
    """A table of the books with the columns that posting fills, in their order."""

    table: str
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        SHEETS[self.table] = self


_PLACE = ("store_id", "series", "seq")
_EFFECT = (*_PLACE, "effect")

POSTED = Sheet(
    "posted",
    (
        *_PLACE,
        "kind",
        "txn_id",
        "receipt_no",
        "total",
        "currency",
        "at",
        "business_date",
        "operator",
        "shift_id",
        "posted_ms",
    ),
)
LINES = Sheet("sale_line", (*_EFFECT, "sku", "name", "quantity", "amount"))
TENDERS = Sheet("sale_tender", (*_EFFECT, "kind", "amount", "type", "notes"))
TAXES = Sheet("sale_tax", (*_EFFECT, "rate", "net", "tax", "gross"))
SHIFT_TOTALS = Sheet("shift_total", (*_EFFECT, "amount"))
VOUCHER_ENTRIES = Sheet(
    "voucher_entry", (*_EFFECT, "number", "amount", "txn_id", "currency", "business_date")
)
DIFFERENCES = Sheet("difference", (*_EFFECT, "register_value", "server_value"))

ASKED_AT_ONCE = 50
"""Values in one look-up; always so many places, so that the statement is prepared once."""


def _asked(first: int, kind: str) -> str:
    return ", ".join(f"(cast(${n} as {kind}))" for n in range(first, first + ASKED_AT_ONCE))


# A subquery for each value, not `in`: SQLite, which has no statistics, would take the primary key and walk all records
# of the series for each question. PostgreSQL does until it has some (`store.database.bulk.refresh_statistics`).
FIND_TXNS = f"""
select asked.column1, (select p.seq from posted p where p.store_id = $1 and p.txn_id = asked.column1 limit 1)
from (values {_asked(2, "text")}) asked"""  # noqa: S608 - only places
SELECT_TXN = "select series, seq from posted where store_id = $1 and txn_id = $2"
FIND_RECEIPTS = f"""
select asked.column1, (select p.seq from posted p
  where p.store_id = $1 and p.series = $2 and p.receipt_no = asked.column1 limit 1)
from (values {_asked(3, "bigint")}) asked"""  # noqa: S608 - only places


class Books:
    """The books of one store while records of one series are posted; used inside one unit of work."""

    def __init__(self, db: Connection, store: str, series: str) -> None:
        self._db = db
        self.store = store
        self.series = series
        self._current: list[tuple[Sheet, Sequence[Cells]]] = []
        self._kept: dict[str, tuple[Sheet, list[Cells]]] = {}
        self._txns: dict[str, list[tuple[str, int]]] = {}
        self._receipts: dict[int, int] = {}
        self._names: tuple[str, int, int] | None = None
        self._broken = False

    @property
    def broken(self) -> bool:
        """Whether the database refused something: all that was written in this round is to be undone."""
        return self._broken

    def look_up(self, txn_ids: Iterable[str], receipt_nos: Iterable[int]) -> None:
        """Find out which of these are in the books already; of those not asked for here nothing is known."""
        for asked in _parts(sorted({txn_id for txn_id in txn_ids if txn_id})):
            for txn_id, found in self._ask(FIND_TXNS, values(self.store, *asked)):
                if found is not None and txn_id not in self._txns:
                    rows = self._ask(SELECT_TXN, values(self.store, txn_id))
                    self._txns[txn_id] = sorted((series, int(seq)) for series, seq in rows)
        for asked in _parts(sorted({number for number in receipt_nos if number})):
            for number, found in self._ask(FIND_RECEIPTS, values(self.store, self.series, *asked)):
                if found is not None:
                    self._receipts[int(number)] = int(found)

    def with_txn(self, txn_id: str) -> Sequence[tuple[str, int]]:
        """Series and seq of the records with that id, those of this round too."""
        return self._txns.get(txn_id, ())

    def with_receipt(self, receipt_no: int) -> int | None:
        """The seq of the record with that receipt number in this series, or None."""
        return self._receipts.get(receipt_no)

    def name(self, txn_id: str, receipt_no: int, seq: int) -> None:
        """The current record has this id and number; known to the others once it is kept."""
        self._names = (txn_id, receipt_no, seq)

    def add(self, sheet: Sheet, rows: Sequence[Cells]) -> None:
        """Rows of the current record."""
        self._current.append((sheet, rows))

    def keep(self) -> None:
        """The current record is through."""
        for sheet, rows in self._current:
            if sheet.table in self._kept:
                self._kept[sheet.table][1].extend(rows)
            else:
                self._kept[sheet.table] = (sheet, list(rows))
        self._current.clear()
        if self._names is not None:
            txn_id, receipt_no, seq = self._names
            self._txns.setdefault(txn_id, []).append((self.series, seq))
            self._receipts[receipt_no] = seq
            self._names = None

    def drop(self) -> None:
        """The current record failed: nothing of it stays."""
        self._current.clear()
        self._names = None

    def read(self, sql: str, parameters: Mapping[str, Value]) -> list[Row]:
        """Ask the books as they are before the current record."""
        self.write()
        return self._ask(sql, parameters)

    def write(self) -> None:
        """Write what is kept. Raises ConstraintBroken and what the driver raises; the books are `broken` then."""
        kept, self._kept = self._kept, {}
        for sheet, rows in kept.values():
            with self._watched():
                insert_rows(self._db, sheet.table, sheet.columns, rows)

    def _ask(self, sql: str, parameters: Mapping[str, Value]) -> list[Row]:
        with self._watched():
            return self._db.execute(sql, parameters).fetchall()

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except Exception:  # whatever the driver says, the unit may have lost its footing; the poster decides
            self._broken = True
            raise


def _parts(asked: Sequence[Value]) -> Iterable[list[Value]]:
    for start in range(0, len(asked), ASKED_AT_ONCE):
        part = list(asked[start : start + ASKED_AT_ONCE])
        yield part + part[-1:] * (ASKED_AT_ONCE - len(part))
