"""The tables a data package carries, and how their rows become bytes (docs/packages.md).

A row travels as one line: the JSON array of its values in column order. The rows of a table are sorted by key
(code point order, as SQLite's and PostgreSQL's "C" order sort), so that the content hash of a table depends
on its content alone and can be computed again from any database that holds it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

MAX_TEXT = 4_000
"""Longest text of one value, in characters."""
MAX_AMOUNT = 2**53 - 1

Row = Mapping[str, Any]

TABLES: dict[str, dict[str, type]] = {
    "item": {
        "sku": str,
        "name": str,
        "unit": str,
        "price": int,
        "tax": str,
        "department": str,
        "plu": str,
        "open_price": int,
        "weighed": int,
        "blocked": str,
    },
    "barcode": {"gtin": str, "sku": str},
    "department": {"code": str, "name": str, "tax": str, "position": int},
    "tax": {"code": str, "name": str, "rate": str, "included": int},
    "staff": {"number": str, "name": str, "role": str, "salt": str, "hash": str},
    "setting": {"key": str, "value": str},
}
"""Table → column → type, in the order of travel. The first column is the key."""


class RowError(ValueError):
    """A row does not fit its table; the message names table, key and column."""


def key_column(table: str) -> str:
    """The column that identifies a row of a table."""
    return next(iter(TABLES[table]))


def encode_row(table: str, row: Row) -> bytes:
    """The line of a row, with its line end; raises RowError. A bool counts as 0 or 1."""
    columns = TABLES[table]
    if unknown := set(row) - set(columns):
        raise RowError(f"Table {table} has no column {sorted(unknown)[0]!r}.")
    cells = []
    for column, kind in columns.items():
        value = row.get(column, "" if kind is str else 0)
        if kind is int and isinstance(value, bool):
            value = int(value)
        _check_cell(table, column, kind, value)
        cells.append(value)
    try:
        return msgspec.json.encode(cells) + b"\n"
    except UnicodeEncodeError as error:
        raise RowError(f"A text in table {table} holds half a surrogate pair.") from error


def decode_row(table: str, line: bytes) -> dict[str, Any]:
    """The row of a line; raises RowError."""
    columns = TABLES[table]
    try:
        cells = msgspec.json.decode(line, type=list[str | int])
    except msgspec.DecodeError as error:
        raise RowError(f"A row of table {table} cannot be read: {error}.") from error
    if len(cells) != len(columns):
        raise RowError(f"A row of table {table} has {len(cells)} values instead of {len(columns)}.")
    for (column, kind), value in zip(columns.items(), cells, strict=True):
        _check_cell(table, column, kind, value)
    return dict(zip(columns, cells, strict=True))


def sorted_lines(table: str, rows: Iterable[Row]) -> list[bytes]:
    """The lines of all rows in key order; raises RowError for an empty or a repeated key."""
    key = key_column(table)
    keyed = sorted(((str(row.get(key, "")), row) for row in rows), key=lambda pair: pair[0])
    previous = ""
    for name, _ in keyed:
        if not name or name == previous:
            raise RowError(f"Table {table} has {'an empty key' if not name else f'the key {name!r} twice'}.")
        previous = name
    return [encode_row(table, row) for _, row in keyed]


def content_hash(lines: Iterable[bytes]) -> str:
    """The content hash of a table from its lines in key order."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()


def content_hash_of_rows(table: str, rows: Iterable[Row]) -> str:
    """The content hash of a table from rows that come in key order, such as from a catalog file."""
    return content_hash(encode_row(table, row) for row in rows)


def table_lines(tables: Mapping[str, Iterable[Row]]) -> Iterator[tuple[str, list[bytes]]]:
    """Every table with its lines, in the order of travel; raises RowError for an unknown table."""
    if unknown := set(tables) - set(TABLES):
        raise RowError(f"A package has no table {sorted(unknown)[0]!r}.")
    for table in TABLES:
        yield table, sorted_lines(table, tables.get(table, ()))


def _check_cell(table: str, column: str, kind: type, value: object) -> None:
    if type(value) is not kind:
        raise RowError(f"{table}.{column} is {value!r:.60}, which is no {kind.__name__}.")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise RowError(f"{table}.{column} has {len(value)} characters; {MAX_TEXT} are allowed.")
    if isinstance(value, int) and abs(value) > MAX_AMOUNT:
        raise RowError(f"{table}.{column} is too large a number.")
