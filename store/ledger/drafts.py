"""What a record will do to the books, worked out beside the database as soon as its signature is known to be good.

A draft says what `post` would write if nothing in the books stood against it: rows by table, and the names under which
another record could. It is kept by the hash of its record, so it can belong to no other bytes. Whoever posts looks the
names up as always; where one is taken, or there is no draft, the record itself is read and posted.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from store.database.connection import Connection, Row, Value
from store.ledger.books import SHEETS, Books
from store.ledger.effects import Ref, post

MOST_DRAFTS = 2_000
"""Kept at a time, a few kilobytes each; of older ones the records are read again."""
SETTLE_S = 1.0
"""How long posting waits for drafts that are announced; they take milliseconds."""


class Draft(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The effects of one record: the names it has, and its rows by table."""

    txn_id: str
    receipt_no: int
    rows: tuple[tuple[str, tuple[tuple[Any, ...], ...]], ...]


class NeedsBooks(Exception):
    """What a record does depends on what is in the books."""


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Draft)


class _Sketch(Books):
    """Books in which nothing is written yet, and nothing may be read."""

    def __init__(self, store: str, series: str) -> None:
        super().__init__(cast(Connection, None), store, series)

    def read(self, sql: str, parameters: Mapping[str, Value]) -> list[Row]:
        raise NeedsBooks

    def draft(self) -> Draft:
        names = self._names
        if names is None:
            raise NeedsBooks
        rows = tuple((sheet.table, tuple(tuple(row) for row in rows)) for sheet, rows in self._current)
        return Draft(txn_id=names[0], receipt_no=names[1], rows=rows)


def draft_of(ref: Ref, document: Mapping[str, Any]) -> bytes | None:
    """The draft of a sound record, as bytes; None where only posting itself can tell what it does."""
    sketch = _Sketch(ref.store, ref.series)
    try:
        post(sketch, ref, document)
        return _ENCODER.encode(sketch.draft())
    except Exception:  # whatever is the matter with a record, posting meets it again and says so
        return None


def put_down(books: Books, draft: Draft, seq: int) -> None:
    """Add the rows of a draft to the books, as `post` would have done."""
    for table, rows in draft.rows:
        books.add(SHEETS[table], rows)
    books.name(draft.txn_id, draft.receipt_no, seq)


class Drafts:
    """The drafts of one process that wait to be posted. What is lost costs time and nothing else."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[bytes, bytes] = OrderedDict()
        self._coming = 0
        self._settled = asyncio.Event()
        self._settled.set()

    def announce(self) -> None:
        """Some are on their way."""
        self._coming += 1
        self._settled.clear()

    def arrive(self, found: Iterable[tuple[bytes, bytes]]) -> None:
        """Those of one announcement, by the hashes of their records; none if they were lost."""
        self._waiting.update(found)
        while len(self._waiting) > MOST_DRAFTS:
            self._waiting.popitem(last=False)
        self._coming -= 1
        if not self._coming:
            self._settled.set()

    async def settle(self) -> None:
        """Wait for those that are on their way, but not long."""
        if self._coming:
            with contextlib.suppress(TimeoutError):  # then without them
                async with asyncio.timeout(SETTLE_S):
                    await self._settled.wait()

    def take(self, record_hash: bytes) -> Draft | None:
        """The draft of the record with that hash; it is not kept any longer."""
        found = self._waiting.pop(record_hash, None)
        return None if found is None else _DECODER.decode(found)
