"""Applies one package to an open catalog file, table by table, and compares each with what the package announces."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator

from store.exchange.package_header import FULL, Manifest, TablePart
from store.exchange.package_reader import Fetch, RowBatch, read_part
from store.exchange.package_tables import TABLES
from store.exchange.set_hash import SetHash
from store.register.catalog.catalog_file import read_facts, write_facts
from store.register.catalog.errors import WrongBase
from store.register.catalog.table_edit import Facts, TableEdit


class PackageEdit:
    """One package and one file, inside a transaction of the caller's."""

    def __init__(
        self, db: sqlite3.Connection, manifest: Manifest, wants: Callable[[TablePart], bool]
    ) -> None:
        self._db = db
        self._manifest = manifest
        self._wants = wants
        self._done = 0
        self._in_all = sum(part.rows + part.deletes for part in manifest.parts if wants(part))

    def run(self, fetch: Fetch, progress: Callable[[int, int], None]) -> None:
        """Apply all parts; raises CatalogRefused, PackageError, sqlite3.Error and what `fetch` raises."""
        known = read_facts(self._db)
        for part in self._manifest.parts:
            if part.name in TABLES:
                write_facts(self._db, self._apply(part, known[part.name], fetch, progress))
        if self._manifest.kind == FULL:
            # A full package says everything: what it does not name is empty.
            for name in TABLES.keys() - {part.name for part in self._manifest.parts}:
                write_facts(self._db, self._facts(name, len(TABLES[name]), kept=True))

    def _apply(
        self, part: TablePart, known: Facts, fetch: Fetch, progress: Callable[[int, int], None]
    ) -> Facts:
        edit = TableEdit(self._db, part.name)
        if not self._wants(part):
            edit.empty()
            return self._facts(part.name, part.columns, kept=False)
        batches = self._counted(read_part(part, fetch), progress)
        if part.mode == FULL:
            rows, total = edit.replace(batches)
        else:
            rows, total = self._change(edit, part, known, batches)
        told = part.columns <= len(TABLES[part.name]) and (part.mode == FULL or bool(known.hash))
        if rows != part.total_rows or edit.count() != rows or (told and total.hex() != part.total_hash):
            raise WrongBase(
                f"The catalog's table {part.name} would not become what the package announces; "
                "a full one is needed."
            )
        return self._facts(
            part.name, part.columns, kept=True, rows=rows, set_hash=total.hex() if told else ""
        )

    def _change(
        self, edit: TableEdit, part: TablePart, known: Facts, batches: Iterable[RowBatch]
    ) -> tuple[int, SetHash]:
        if not known.kept or (known.columns != part.columns and known.rows):
            raise WrongBase(
                f"The catalog holds no table {part.name} to be changed; a full package is needed."
            )
        total = SetHash.from_hex(known.hash) if known.hash else SetHash()
        rows = known.rows
        for batch in batches:
            rows += edit.change(batch, part.columns, total)
        return rows, total

    def _counted(
        self, batches: Iterable[RowBatch], progress: Callable[[int, int], None]
    ) -> Iterator[RowBatch]:
        for batch in batches:
            yield batch
            self._done += len(batch.rows) + len(batch.deletes)
            progress(self._done, self._in_all)

    def _facts(
        self, name: str, columns: int, *, kept: bool, rows: int = 0, set_hash: str | None = None
    ) -> Facts:
        return Facts(
            name=name,
            rows=rows,
            hash=SetHash().hex() if set_hash is None else set_hash,
            columns=columns,
            kept=kept,
            package_seq=self._manifest.package_seq,
            created_ms=self._manifest.created_ms,
        )
