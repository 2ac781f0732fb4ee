"""Writes a series of the journal as JSON Lines: a header, then every record with its exact text.

Reads on a connection of its own that changes nothing, so it works beside a selling register, and on a journal that
no longer sells.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from store.database.connection import values
from store.database.errors import DatabaseTrouble
from store.database.sqlite import open_reader
from store.exchange.record import genesis

FORMAT = "outpost-journal-1"

_SERIES = "select epoch, series, register, public_key from series order by epoch"
_HEAD = "select seq, hash from record where epoch = $1 order by n desc limit 1"
_ANCHOR = "select seq, receipt_no, at_ms, transactions, unsigned, hash from anchor where epoch = $1"
_HAS_ANCHORS = "select count(*) from sqlite_schema where name = 'anchor'"
_RECORDS = (
    "select seq, payload, prev, hash, signature, key_id from record where epoch = $1 and seq <= $2 and n > $3 "
    "order by n limit 500"
)


class ExportFailed(Exception):
    """The journal cannot be exported; `sentence` says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def export_journal(journal: Path, out: IO[str], series: str = "") -> int:
    """Write one series (the newest when none is named) and answer how many records; raises ExportFailed, OSError."""
    try:
        with closing(open_reader(journal)) as connection:
            connection.execute(
                "begin"
            )  # one moment for header and records, whatever is sold or removed meanwhile
            count = 0
            for line in _lines(connection, series):
                out.write(line + "\n")
                count += 1
    except (DatabaseTrouble, sqlite3.Error) as error:
        raise ExportFailed(f"The journal {journal} cannot be read: {error}") from error
    return count - 1


def _lines(connection: sqlite3.Connection, series: str) -> Iterator[str]:
    known = connection.execute(_SERIES).fetchall()
    chosen = [row for row in known if row[1] == series] if series else known[-1:]
    if not chosen:
        names = ", ".join(row[1] for row in known) or "none"
        raise ExportFailed(f"The journal has no series {series or 'yet'}; it has: {names}.")
    epoch, name, register, public_key = chosen[0]
    last = connection.execute(_HEAD, values(epoch)).fetchone()
    seq, head = last if last else (0, genesis(name, public_key))
    anchor = _anchor(connection, epoch)
    header: dict[str, Any] = {
        "format": FORMAT,
        "register": register,
        "series": name,
        "public_key": public_key.hex(),
        "count": seq - anchor.get("seq", 0),
        "head": head.hex(),
    }
    yield json.dumps(header | ({"anchor": anchor} if anchor else {}))
    after = epoch << 32
    while rows := connection.execute(_RECORDS, values(epoch, seq, after)).fetchall():
        for number, payload, prev, hash_, signature, key_id in rows:
            yield json.dumps(
                {
                    "seq": number,
                    "payload": payload.decode(),
                    "prev": prev.hex(),
                    "hash": hash_.hex(),
                    "signature": signature.hex(),
                    "key_id": key_id,
                },
                ensure_ascii=False,
            )
        after = epoch << 32 | rows[-1][0]


def _anchor(connection: sqlite3.Connection, epoch: int) -> dict[str, Any]:
    """Where the export begins when older records were removed: headquarters has them."""
    row = None
    if connection.execute(_HAS_ANCHORS).fetchone()[0]:
        row = connection.execute(_ANCHOR, values(epoch)).fetchone()
    if row is None:
        return {}
    names = ("seq", "receipt_no", "at_ms", "transactions", "unsigned")
    return dict(zip(names, row[:5], strict=True)) | {"hash": row[5].hex()}
