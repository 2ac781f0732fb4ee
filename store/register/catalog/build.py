"""Makes a catalog file: empty file, rows, indexes, name search, then the proof that it holds what it should.

The same code serves a package from the server and the tests. A file that is not finished never bears its final name.
"""

import hashlib
import importlib.resources
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from store.database.sqlite import open_reader
from store.exchange.package import Package, PackageError, read_rows
from store.exchange.package_tables import TABLES, RowError, content_hash, encode_row, key_column

_AFTER_ROWS = "-- after the rows are in"
_BATCH_ROWS = 2_000
_FILL_NAMES = "insert into item_name (sku, name) select sku, name from item order by sku"
_SETTLE_NAMES = "insert into item_name (item_name) values ('optimize')"


class CatalogRefused(Exception):
    """A catalog could not be made or used; `sentence` says why. What was there before stays."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def build_catalog(
    tables: Mapping[str, Iterable[Mapping[str, Any]]], path: Path, meta: Mapping[str, str]
) -> dict[str, int]:
    """Write a catalog file of the given tables; answers rows per table. Raises CatalogRefused.

    `meta` holds at least `package_seq` and `created`; `content_hash` and `rows` are added.
    """
    rows = ((table, row) for table in TABLES for row in tables.get(table, ()))
    return _build(rows, path, dict(meta), expected=None)


def build_from_package(package: Package, root_key: bytes, path: Path, applied_at: str) -> dict[str, int]:
    """Write the catalog file of a package and prove counts and content; raises CatalogRefused."""
    manifest = package.manifest
    meta = {
        "package_seq": str(manifest.package_seq),
        "created": str(manifest.created_ms),
        "applied_at": applied_at,
    }
    expected = {entry.name: (entry.rows, entry.sha256) for entry in manifest.tables}
    return _build(read_rows(package, root_key), path, meta, expected)


def _build(
    rows: Iterable[tuple[str, Mapping[str, Any]]],
    path: Path,
    meta: dict[str, str],
    expected: Mapping[str, tuple[int, str]] | None,
) -> dict[str, int]:
    path.unlink(missing_ok=True)
    try:
        with closing(_connect(path)) as connection:
            before, after = _schema()
            connection.executescript(before)
            _insert(connection, rows)
            connection.executescript(after)
            connection.execute(_FILL_NAMES)
            connection.execute(_SETTLE_NAMES)
            counts, digest = _prove(connection, expected)
            meta |= {"content_hash": digest, "rows": str(sum(counts.values()))}
            connection.execute("begin")
            connection.executemany("insert into meta (key, value) values (?, ?)", sorted(meta.items()))
            connection.execute("commit")
            _quick_check(connection)
        _sync(path)
    except (CatalogRefused, PackageError, RowError, sqlite3.Error, OSError) as error:
        path.unlink(missing_ok=True)
        raise _refused(error) from error
    return counts


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    # Nobody sees the file before it is complete and synced as a whole, so it needs no journal of its own.
    for pragma in ("journal_mode=off", "synchronous=off", "temp_store=memory", "trusted_schema=off"):
        connection.execute(f"pragma {pragma}").fetchall()
    return connection


def _schema() -> tuple[str, str]:
    text = importlib.resources.files("store.database").joinpath("catalog.sql").read_text(encoding="utf-8")
    before, _, after = text.partition(_AFTER_ROWS)
    return before, after


def _insert(connection: sqlite3.Connection, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    connection.execute("begin")
    pending: dict[str, list[list[Any]]] = {table: [] for table in TABLES}
    for table, row in rows:
        columns = TABLES[table]
        values = [row.get(name, "" if kind is str else 0) for name, kind in columns.items()]
        pending[table].append(values)
        if len(pending[table]) >= _BATCH_ROWS:
            _flush(connection, table, pending[table])
    for table, left in pending.items():
        _flush(connection, table, left)
    connection.execute("commit")


def _flush(connection: sqlite3.Connection, table: str, rows: list[list[Any]]) -> None:
    columns = TABLES[table]
    marks = ", ".join("?" * len(columns))
    # Table and columns are constants of the package format, never input.
    connection.executemany(f"insert into {table} ({', '.join(columns)}) values ({marks})", rows)  # noqa: S608
    rows.clear()


def _prove(
    connection: sqlite3.Connection, expected: Mapping[str, tuple[int, str]] | None
) -> tuple[dict[str, int], str]:
    """Read everything back in key order; compare with what was announced; answer counts and one digest."""
    counts, lines = {}, []
    for table in TABLES:
        digest, count = hashlib.sha256(), 0
        for line in table_lines_of(connection, table):
            digest.update(line)
            count += 1
        counts[table] = count
        if expected is not None and expected[table] != (count, digest.hexdigest()):
            raise CatalogRefused(
                f"The catalog's table {table} is not what the package announces; it was not used."
            )
        lines.append(f"{table} {count} {digest.hexdigest()}\n".encode())
    return counts, content_hash(lines)


def table_lines_of(connection: sqlite3.Connection, table: str) -> Iterator[bytes]:
    """The rows of a table in the form in which packages count and hash them, in key order."""
    columns = tuple(TABLES[table])
    sql = f"select {', '.join(columns)} from {table} order by {key_column(table)}"  # noqa: S608 - constants
    for values in connection.execute(sql):
        yield encode_row(table, dict(zip(columns, values, strict=True)))


def content_digest(path: Path) -> str:
    """The digest over everything a catalog file holds, computed anew; raises DatabaseTrouble, RowError and more."""
    with closing(open_reader(path, immutable=True)) as connection:
        _, digest = _prove(connection, None)
    return digest


def _quick_check(connection: sqlite3.Connection) -> None:
    (answer,) = connection.execute("pragma quick_check").fetchone()
    if answer != "ok":
        raise CatalogRefused(f"The new catalog file is not sound ({answer}); it was not used.")


def _sync(path: Path) -> None:
    path.chmod(0o600)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refused(error: Exception) -> CatalogRefused:
    match error:
        case CatalogRefused():
            return error
        case PackageError() | RowError():
            return CatalogRefused(f"The data package was not used: {error}")
        case sqlite3.IntegrityError():
            return CatalogRefused(f"The data package contradicts itself ({error}); it was not used.")
        case _:
            return CatalogRefused(
                f"The catalog could not be written ({error}); free some space, the old one stays."
            )
