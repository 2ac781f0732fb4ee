"""Receipts of the own journal: found by number, day, total or goods, with what this register gave back of them since.

Read on a connection of its own beside the running sale: some of these questions look at many records.
"""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from store.database.errors import DatabaseTrouble
from store.database.sqlite import open_reader
from store.exchange.record import Record
from store.register.journal.entry import Committed, JournalIdentity
from store.register.journal.errors import JournalDamaged
from store.register.journal.reads import committed

MAX_LOOKED = 20_000
"""Receipts that a search looks at; a till writes as many in a month."""
DAY_MS = 86_400_000
MAX_RETURNS = 200
"""Records that gave back something of one sale; a sale has fewer lines."""

_COLUMNS = "select seq, payload, prev, hash, signature, key_id from record "
_BY_RECEIPT = f"""{_COLUMNS}
where epoch = (select epoch from series where series = ?) and receipt_no = ? and kind = 'sale'"""  # noqa: S608 - constants
_NEWEST = (
    "select n, receipt_no, payload from record where epoch = ? and receipt_no is not null and receipt_no < ? "
    "and at_ms between ? and ? order by receipt_no desc limit 500"
)
_GIVEN_BACK = (
    "select payload from record where n > (select n from record where txn_id = ?) and kind = 'sale' "
    "and instr(payload, ?) > 0 order by n limit ?"
)
_OLDEST_MS, _NEWEST_MS = 0, 2**62


class ReceiptQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which receipts: of a business date (ISO), with a total (minor units, of a refund without its sign), with an item
    (its number or a part of its name). Empty fields ask for nothing."""

    date: str = ""
    amount: int | None = None
    item: str = ""
    limit: int = 20


class ReceiptLine(msgspec.Struct, frozen=True):
    """What a search needs of a line."""

    sku: str
    name: str


class ReceiptFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a list says of a receipt."""

    series: str
    receipt_no: int
    kind: str
    at: str
    total: int = 0
    currency: str = ""
    business_date: str = ""
    operator_name: str = ""
    utc_offset_min: int = 0
    lines: tuple[ReceiptLine, ...] = ()


class OwnReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A sale of this journal, and the payloads of the records that gave back something of it."""

    committed: Committed
    given_back: tuple[dict[str, Any], ...]


_FACTS = msgspec.json.Decoder(ReceiptFacts)


class OwnReceipts:
    """The receipts of one journal."""

    def __init__(self, path: Path, identity: JournalIdentity) -> None:
        self._path = path
        self._identity = identity

    async def by_number(self, series: str, receipt_no: int) -> OwnReceipt | None:
        """The sale of a receipt of any series in this journal, None for none. Raises JournalError."""
        try:
            return await asyncio.to_thread(own_receipt, self._path, series, receipt_no)
        except (DatabaseTrouble, sqlite3.Error) as error:
            raise _damaged(error) from error

    async def find(self, query: ReceiptQuery) -> list[ReceiptFacts]:
        """Receipts of this register, newest first. Raises JournalError."""
        try:
            return await asyncio.to_thread(find_receipts, self._path, self._identity, query)
        except (DatabaseTrouble, sqlite3.Error) as error:
            raise _damaged(error) from error


def _damaged(error: Exception) -> JournalDamaged:
    return JournalDamaged(f"The journal cannot be read ({error}).")


def own_receipt(path: Path, series: str, receipt_no: int) -> OwnReceipt | None:
    """The sale of a receipt of any series in this journal; None for none. Raises DatabaseTrouble, sqlite3.Error."""
    with closing(open_reader(path)) as connection:
        row = connection.execute(_BY_RECEIPT, (series, receipt_no)).fetchone()
        if row is None:
            return None
        found = committed(_record(row), repeated=True)
        # The canonical form has its names in order, so that a line that gives back says exactly this.
        place = f'"receipt_no":{receipt_no},"seq":{found.record.seq},"series":"{series}"'.encode()
        rows = connection.execute(_GIVEN_BACK, (found.payload["txn_id"], place, MAX_RETURNS))
        return OwnReceipt(committed=found, given_back=tuple(msgspec.json.decode(text) for (text,) in rows))


def find_receipts(path: Path, identity: JournalIdentity, query: ReceiptQuery) -> list[ReceiptFacts]:
    """Receipts of this register, newest first. Raises DatabaseTrouble, sqlite3.Error."""
    with closing(open_reader(path)) as connection:
        found: list[ReceiptFacts] = []
        for facts in _facts(connection, identity.epoch, query):
            if _matches(facts, query):
                found.append(facts)
                if len(found) >= query.limit:
                    break
        return found


def _facts(connection: sqlite3.Connection, epoch: int, query: ReceiptQuery) -> Iterator[ReceiptFacts]:
    """Receipts from the newest back; of one day only those around it."""
    first_ms, last_ms = _around(query.date)
    below, looked = 2**62, 0
    while looked < MAX_LOOKED:
        rows = connection.execute(_NEWEST, (epoch, below, first_ms, last_ms)).fetchall()
        for _n, _number, payload in rows:
            yield _FACTS.decode(payload)
        if len(rows) < 500:
            return
        below, looked = rows[-1][1], looked + len(rows)


def _around(date: str) -> tuple[int, int]:
    """The days around a business date, whatever the time zone and however late the shift was closed."""
    try:
        day_ms = int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()) * 1000
    except ValueError:
        return _OLDEST_MS, _NEWEST_MS
    return day_ms - DAY_MS, day_ms + 8 * DAY_MS


def _matches(facts: ReceiptFacts, query: ReceiptQuery) -> bool:
    if facts.kind != "sale" or (query.date and facts.business_date != query.date):
        return False
    if query.amount is not None and abs(facts.total) != query.amount:
        return False
    wanted = query.item.casefold().strip()
    return not wanted or any(
        wanted == line.sku.casefold() or wanted in line.name.casefold() for line in facts.lines
    )


def _record(row: Any) -> Record:
    seq, payload, prev, hash_, signature, key_id = row
    return Record(seq=seq, payload=payload, prev=prev, hash=hash_, signature=signature, key_id=key_id)
