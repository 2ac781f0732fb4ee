"""Changes one table of a catalog file: replaced as a whole, or row by row with its search index.

Everything runs inside the one transaction of an apply. Table and column names are constants of the package format.
"""

import sqlite3
from collections.abc import Iterable

import msgspec

from store.exchange.package_reader import RowBatch
from store.exchange.package_tables import TABLES, Cells, key_column, line_of
from store.exchange.set_hash import SetHash

SEARCHED = {"item": "item_name", "customer": "customer_name"}
"""Tables whose column `name` can be searched by any part, and their index."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `data_set`. `hash` is empty when it cannot be told: rows had more cells than this program knows."""

    name: str
    rows: int
    hash: str
    columns: int
    kept: bool
    package_seq: int
    created_ms: int


class TableEdit:
    """The statements of one table."""

    def __init__(self, db: sqlite3.Connection, table: str) -> None:
        self._db = db
        self.table = table
        self._columns = tuple(TABLES[table])
        self._key = key_column(table)
        self._index = SEARCHED.get(table)

    # ---- as a whole

    def empty(self) -> None:
        """Take all rows out."""
        self._db.execute(f"delete from {self.table}")  # noqa: S608 - constants
        if self._index:
            self._db.execute(f"insert into {self._index} ({self._index}) values ('delete-all')")  # noqa: S608

    def replace(self, batches: Iterable[RowBatch]) -> tuple[int, SetHash]:
        """Put these rows in the place of all that was there; answers their number and hash."""
        self.empty()
        # Indexes are built afterwards in one go: twice as fast as row by row.
        indexes = self._drop_indexes()
        statement = self._insert()
        count, total = 0, SetHash()
        for batch in batches:
            self._db.executemany(statement, batch.rows)
            count += len(batch.rows)
            total.merge(batch.added)
        if self._index:
            # Before the other indexes: SQLite would read the names from one of them, in the order of the names, and
            # a full-text index whose rows do not come in order takes six times as long.
            self._db.execute(f"insert into {self._index} ({self._index}) values ('rebuild')")  # noqa: S608
        for index in indexes:
            self._db.execute(index)
        return count, total

    def _insert(self) -> str:
        marks = ", ".join("?" * len(self._columns))
        return f"insert into {self.table} ({', '.join(self._columns)}) values ({marks})"  # noqa: S608

    def _drop_indexes(self) -> list[str]:
        """Drop the table's own indexes; answers the statements that make them again."""
        found = self._db.execute(
            "select name, sql from sqlite_schema where type = 'index' and tbl_name = ? and sql is not null",
            (self.table,),
        ).fetchall()
        for name, _ in found:
            self._db.execute(f"drop index {name}")
        return [sql for _, sql in found]

    # ---- row by row

    def change(self, batch: RowBatch, columns: int, total: SetHash) -> int:
        """Put and delete the rows of a batch; `total` moves with the lines, which have `columns` cells.

        Answers by how many rows the table grew.
        """
        olds = self._old_rows([*(str(row[0]) for row in batch.rows), *batch.deletes])
        for row in olds.values():
            total.remove(line_of(row[1:], columns))
        total.merge(batch.added)
        self._forget_names(row for key, row in olds.items())
        deletes = [(key,) for key in batch.deletes]
        self._db.executemany(f"delete from {self.table} where {self._key} = ?", deletes)  # noqa: S608
        updates = ", ".join(f"{name} = excluded.{name}" for name in self._columns[1:])
        self._db.executemany(
            f"{self._insert()} on conflict ({self._key}) do update set {updates}", batch.rows
        )
        self._note_names(batch.rows)
        gone = sum(key in olds for key in batch.deletes)
        return sum(str(row[0]) not in olds for row in batch.rows) - gone

    def _old_rows(self, keys: Iterable[str]) -> dict[str, Cells]:
        """What is there under these keys: id (0 without a search index), then the cells."""
        number = "id" if self._index else "0"
        statement = f"select {number}, {', '.join(self._columns)} from {self.table} where {self._key} = ?"  # noqa: S608
        found = {}
        for key in keys:
            row = self._db.execute(statement, (key,)).fetchone()
            if row is not None:
                found[key] = row
        return found

    def _forget_names(self, rows: Iterable[Cells]) -> None:
        if self._index:
            # The index keeps no copy of the names and has to be told what it once was told.
            self._db.executemany(
                f"insert into {self._index} ({self._index}, rowid, name) values ('delete', ?, ?)",  # noqa: S608
                [(row[0], row[1 + self._columns.index("name")]) for row in rows],
            )

    def _note_names(self, rows: Iterable[Cells]) -> None:
        if self._index:
            self._db.executemany(
                f"insert into {self._index} (rowid, name) "  # noqa: S608
                f"select id, name from {self.table} where {self._key} = ?",
                [(row[0],) for row in rows],
            )

    # ---- proof

    def count(self) -> int:
        """The rows that are there."""
        return int(self._db.execute(f"select count(*) from {self.table}").fetchone()[0])  # noqa: S608

    def set_hash(self, columns: int) -> SetHash:
        """The hash of all rows as lines of that many cells, computed anew."""
        total = SetHash()
        rows = self._db.execute(f"select {', '.join(self._columns)} from {self.table}")  # noqa: S608
        while batch := rows.fetchmany(2_000):
            total.add_all(line_of(row, columns) for row in batch)
        return total
