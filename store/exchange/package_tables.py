"""The tables a data package carries, and how their rows become bytes (docs/packages.md).

A row travels as one line: the JSON array of its cells in column order, without line end. The first cell is the key;
a line that holds nothing but the key is a *tombstone*: the row is gone. Rows travel in key order (code points, as
SQLite's binary and PostgreSQL's "C" order sort). New columns are only ever added at the end, new tables anywhere.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from store.exchange.set_hash import SetHash

MAX_TEXT = 4_000
"""Longest text of one cell, in characters."""
MAX_DETAIL = 16_000
"""Longest JSON text of a `detail` column, in characters."""
MAX_LINE_BYTES = 65_536
MAX_AMOUNT = 2**53 - 1

Cell = str | int
Cells = tuple[Cell, ...]
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
        "detail": str,
    },
    "barcode": {"gtin": str, "sku": str},
    "department": {"code": str, "name": str, "tax": str, "position": int, "detail": str},
    "price": {"key": str, "sku": str, "amount": int, "from_ms": int, "until_ms": int},
    "customer": {"number": str, "name": str, "detail": str, "card": str, "digits": str, "ends": str},
    "staff": {"number": str, "name": str, "role": str, "salt": str, "hash": str, "detail": str},
    "role": {"code": str, "name": str, "permissions": str},
    "tax": {"code": str, "name": str, "rate": str, "included": int, "detail": str},
    "tender": {"code": str, "name": str, "kind": str, "position": int, "detail": str},
    "setting": {"key": str, "value": str},
    "offline_profile": {"code": str, "detail": str},
    "register": {"number": str, "name": str, "support_offline": int, "offline_profile": str, "detail": str},
    "layout_key": {
        "id": str,
        "register": str,
        "place": str,
        "key": str,
        "operation": int,
        "caption": str,
        "position": int,
    },
    "parameter": {"key": str, "value": str},
    "availability": {"sku": str, "quantity": str, "as_of_ms": int},
    "returnable": {"key": str, "sku": str, "quantity": str, "as_of_ms": int, "detail": str},
    "discount": {"code": str, "name": str, "detail": str},
    "info_code": {"code": str, "name": str, "detail": str},
    "document_format": {"code": str, "detail": str},
    "customer_group": {"code": str, "name": str, "detail": str},
    "account": {"customer": str, "balance": int, "elsewhere": int, "as_of_ms": int},
}
"""Table → column → type, in the order of travel. The first column is the key."""


class RowError(ValueError):
    """A row does not fit its table; the message names table, key and column."""


def key_column(table: str) -> str:
    """The column that identifies a row of a table."""
    return next(iter(TABLES[table]))


def encode_row(table: str, row: Row) -> bytes:
    """The line of a row; raises RowError. A missing column is empty or 0, a bool counts as 0 or 1."""
    columns = TABLES[table]
    if unknown := set(row) - set(columns):
        raise RowError(f"Table {table} has no column {sorted(unknown)[0]!r}.")
    cells = []
    for column, kind in columns.items():
        value = row.get(column, "" if kind is str else 0)
        cells.append(int(value) if kind is int and isinstance(value, bool) else value)
    return encode_cells(table, cells)


def encode_cells(table: str, cells: Sequence[Any]) -> bytes:
    """The line of a row given as cells in column order; raises RowError."""
    columns = TABLES[table]
    if len(cells) != len(columns):
        raise RowError(f"A row of table {table} has {len(cells)} values instead of {len(columns)}.")
    for (column, kind), value in zip(columns.items(), cells, strict=True):
        _check_cell(table, column, kind, value)
    if not cells[0]:
        raise RowError(f"A row of table {table} has an empty key.")
    try:
        line = msgspec.json.encode(cells)
    except UnicodeEncodeError as error:
        raise RowError(f"A text in table {table} holds half a surrogate pair.") from error
    if len(line) > MAX_LINE_BYTES:
        raise RowError(f"The row {cells[0]!r:.60} of table {table} is too long for a package.")
    return line


def encode_key(key: str) -> bytes:
    """The line of a tombstone; raises RowError for a text that is no key."""
    if not 0 < len(key) <= MAX_TEXT:
        raise RowError(f"A key has 1 to {MAX_TEXT} characters, not {len(key)}.")
    try:
        return msgspec.json.encode([key])
    except UnicodeEncodeError as error:
        raise RowError("A key holds half a surrogate pair.") from error


def line_of(cells: Cells, columns: int) -> bytes:
    """The line in which cells read from a database had come, when their table had that many columns then."""
    return msgspec.json.encode(cells[:columns])


def decode_row(table: str, line: bytes) -> dict[str, Any]:
    """The row of a line; raises RowError."""
    (cells,) = decode_rows(table, (line,))
    return dict(zip(TABLES[table], cells, strict=True))


def decode_rows(table: str, lines: Sequence[bytes]) -> list[Cells]:
    """The cells of lines that all are rows with exactly the columns known here; raises RowError."""
    # One document for all of them: reading each line by itself takes twice as long.
    try:
        rows = _rows_decoder(table).decode(b"[" + b",".join(lines) + b"]")
    except msgspec.MsgspecError as error:
        raise RowError(f"A row of table {table} cannot be read: {error}.") from error
    _check_count(table, lines, len(rows))
    return rows


def decode_mixed(table: str, lines: Sequence[bytes], columns: int) -> list[Cells | str]:
    """What each line says, in order: cells of a row (cut or filled up to the columns known here), or a gone key.

    `columns` is the number of cells that a row has in these lines. Raises RowError.
    """
    try:
        found = _ANY_ROWS.decode(b"[" + b",".join(lines) + b"]")
    except msgspec.MsgspecError as error:
        raise RowError(f"A row of table {table} cannot be read: {error}.") from error
    _check_count(table, lines, len(found))
    kinds = list(TABLES[table].values())
    missing: list[Cell] = ["" if kind is str else 0 for kind in kinds[columns:]]
    try:
        rows = iter(
            msgspec.convert(
                [cells[: len(kinds)] + missing for cells in found if len(cells) == columns],
                _rows_type(table),
            )
        )
        return [next(rows) if len(cells) == columns else msgspec.convert(cells, _GONE)[0] for cells in found]
    except msgspec.ValidationError as error:
        raise RowError(f"A row of table {table} cannot be read: {error}.") from error


def sorted_rows(table: str, rows: Iterable[Row]) -> list[tuple[str, Row]]:
    """The rows with their keys in key order; raises RowError for an empty or a repeated key."""
    key = key_column(table)
    keyed = sorted(((str(row.get(key, "")), row) for row in rows), key=lambda pair: pair[0])
    previous = ""
    for name, _ in keyed:
        if not name or name == previous:
            raise RowError(f"Table {table} has {'an empty key' if not name else f'the key {name!r} twice'}.")
        previous = name
    return keyed


def set_hash_of(table: str, rows: Iterable[Row]) -> SetHash:
    """The hash of all rows of a table, in any order."""
    total = SetHash()
    total.add_all(encode_row(table, row) for row in rows)
    return total


_ANY_ROWS = msgspec.json.Decoder(list[list[str | int]])
_GONE = tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]]


def _rows_type(table: str) -> Any:
    cells: list[Any] = []
    for column, kind in TABLES[table].items():
        if kind is int:
            limits = msgspec.Meta(ge=-MAX_AMOUNT, le=MAX_AMOUNT)
        else:
            limits = msgspec.Meta(
                min_length=0 if cells else 1, max_length=MAX_DETAIL if column == "detail" else MAX_TEXT
            )
        cells.append(Annotated[kind, limits])
    return list[tuple[tuple(cells)]]  # type: ignore[misc]


@functools.cache
def _rows_decoder(table: str) -> "msgspec.json.Decoder[list[Cells]]":
    return msgspec.json.Decoder(_rows_type(table))


def _check_count(table: str, lines: Sequence[bytes], count: int) -> None:
    if len(lines) != count:
        raise RowError(f"A row of table {table} is not in a line of its own.")


def _check_cell(table: str, column: str, kind: type, value: object) -> None:
    if type(value) is not kind:
        raise RowError(f"{table}.{column} is {value!r:.60}, which is no {kind.__name__}.")
    longest = MAX_DETAIL if column == "detail" else MAX_TEXT
    if isinstance(value, str) and len(value) > longest:
        raise RowError(f"{table}.{column} has {len(value)} characters; {longest} are allowed.")
    if isinstance(value, int) and abs(value) > MAX_AMOUNT:
        raise RowError(f"{table}.{column} is too large a number.")
