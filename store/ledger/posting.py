"""The posting stage: accepted records become effects in the books, each exactly once (docs/offline-protocol.md 3.5).

Per series a cursor says how far posting came. A record's effects and the cursor move in one unit of work. A record
that raises is set aside and tried again with growing waits; after five attempts it goes into quarantine. Others
go on meanwhile: effects of sales commute. At every moment

    accepted = posted + quarantined + waiting

Owns the tables `posting_cursor`, `retry` and `quarantine`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

import msgspec

from store.database.bulk import refresh_statistics
from store.database.connection import Connection, Row, values
from store.database.errors import DatabaseTrouble, is_trouble
from store.exchange.acknowledgement import Flag
from store.exchange.canonical import NotCanonical, parse_checked
from store.ledger.books import POSTED, Books
from store.ledger.drafts import Draft, Drafts, put_down
from store.ledger.effects import Body, Ref, Unpostable, note_difference, post
from store.service.channel import Channel

LOG = logging.getLogger("outpost.ledger.posting")

MAX_ATTEMPTS = 5
FIRST_WAIT_MS = 200
"""Before the second attempt; doubled before each further one."""
UNIT_RECORDS = 100
"""Records posted in one unit of work: few enough that uploads never wait long for their turn."""
LEARN_AFTER = 400
"""After so many posted records the database learns how the books look; fewer say nothing of what they become."""
IDLE_S = 5.0
"""How often to look without being woken; another server process may have accepted something."""

SELECT_BEHIND = """
select s.store_id, s.series from series s
left join posting_cursor c on c.store_id = s.store_id and c.series = s.series
where s.head_seq > coalesce(c.seq, 0) order by s.store_id, s.series limit 100"""
LOCK_CURSOR = """
insert into posting_cursor (store_id, series, seq) values ($1, $2, 0)
on conflict (store_id, series) do update set seq = posting_cursor.seq returning seq"""
UPSERT_CURSOR = """
insert into posting_cursor (store_id, series, seq) values ($1, $2, $3)
on conflict (store_id, series) do update set seq = excluded.seq"""
SELECT_NEXT = """
select seq, hash, flags from record where store_id = $1 and series = $2 and seq > $3 order by seq limit $4"""
SELECT_PAYLOADS = """
select seq, payload from record where store_id = $1 and series = $2 and seq between $3 and $4"""
SELECT_RECORD = "select seq, payload, flags from record where store_id = $1 and series = $2 and seq = $3"
SELECT_DUE = """
select store_id, series, seq, attempts from retry where next_ms <= $1 order by next_ms, series, seq limit $2"""
SELECT_NEXT_DUE = "select min(next_ms) from retry"
UPSERT_RETRY = """
insert into retry (store_id, series, seq, attempts, next_ms, reason) values ($1, $2, $3, $4, $5, $6)
on conflict (store_id, series, seq) do update
set attempts = excluded.attempts, next_ms = excluded.next_ms, reason = excluded.reason"""
DELETE_RETRY = "delete from retry where store_id = $1 and series = $2 and seq = $3 returning seq"
INSERT_QUARANTINE = """
insert into quarantine (store_id, series, seq, reason, attempts, at_ms) values ($1, $2, $3, $4, $5, $6)"""
EMPTY_QUARANTINE = """
delete from quarantine where ($1 = '' or series = $1) and ($2 = 0 or seq = $2)
returning store_id, series, seq, reason"""
COUNT_QUARANTINED = """
select (select count(*) from quarantine where ($1 = '' or series = $1) and ($2 = 0 or seq = $2))
  + (select count(*) from retry where ($1 = '' or series = $1) and ($2 = 0 or seq = $2))"""

TROUBLE_WAIT_S = 1.0

Post = Callable[[Books, Ref, Body], None]

_QUARANTINED_FLAGS = frozenset(Flag) - {Flag.UNSIGNED}
"""Flags from the accept stage that no attempt will heal."""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit of posting did."""

    posted: int = 0
    quarantined: int = 0
    set_aside: int = 0

    @property
    def handled(self) -> int:
        """Records that were looked at."""
        return self.posted + self.quarantined + self.set_aside


class Poster:
    """Posts whatever is accepted, until it is cancelled; `wake` it after every accepted batch."""

    def __init__(
        self,
        channel: Channel,
        now_ms: Callable[[], int],
        *,
        post_record: Post = post,
        first_wait_ms: int = FIRST_WAIT_MS,
        drafts: Drafts | None = None,
    ) -> None:
        self._channel = channel
        self._now_ms = now_ms
        self._post = post_record
        self._drafts = drafts if post_record is post else None
        """Of another way of posting they would know nothing."""
        self._first_wait_ms = first_wait_ms
        self._woken = asyncio.Event()
        self._due_ms: int | None = None
        """When the next attempt at a record that was set aside is due, as the last look has seen it."""
        self._unlearned: int | None = 0
        """Records posted since the start; None once the database has learned how the books look."""

    def wake(self) -> None:
        """Something was accepted."""
        self._woken.set()

    async def run(self) -> None:
        """Post for ever. Trouble with the database is waited out, it counts against no record."""
        while True:
            self._woken.clear()
            try:
                handled = await self.post_all()
                wait_s = 0.0 if handled else self._wait_s()
            except DatabaseTrouble as trouble:
                LOG.warning("posting waits for the database", extra={"reason": str(trouble)})
                handled, wait_s = 0, TROUBLE_WAIT_S
            if not handled:
                await self._rest(wait_s)

    async def post_all(self) -> int:
        """One look at every series that is behind and every record whose next attempt is due; records handled."""
        self._due_ms, late = await self._channel.read(_look)
        is_due = self._due_ms is not None and self._due_ms <= self._now_ms()
        done = [await self._channel.work(self._retry_due)] if is_due else []
        if late and self._drafts is not None:
            await self._drafts.settle()
        for store, series in late:
            done.append(await self._channel.work(self._post_series, store, series))
        await self._learn(sum(part.posted for part in done))
        for part in done:
            if part.quarantined:
                LOG.error("records went into quarantine", extra={"records": part.quarantined})
        return sum(part.handled for part in done)

    async def _learn(self, posted: int) -> None:
        if self._unlearned is not None:
            self._unlearned += posted
            if self._unlearned >= LEARN_AFTER:
                self._unlearned = None
                await self._channel.work(refresh_statistics, POSTED.table)

    def _wait_s(self) -> float:
        if self._due_ms is None:
            return IDLE_S
        return min(IDLE_S, max(0.0, (self._due_ms - self._now_ms()) / 1000))

    async def _rest(self, wait_s: float) -> None:
        # Not `wait_for`: before Python 3.12 it loses a cancellation that comes together with the event.
        with contextlib.suppress(TimeoutError):  # then it is time to look again
            async with asyncio.timeout(max(wait_s, 0.001)):
                await self._woken.wait()

    def _post_series(self, db: Connection, store: str, series: str) -> Round:
        # Another server process that posts the same series waits here, and then finds the cursor moved.
        cursor = int(db.execute(LOCK_CURSOR, values(store, series)).fetchall()[0][0])
        found = db.execute(SELECT_NEXT, values(store, series, cursor, UNIT_RECORDS)).fetchall()
        if not found:
            return Round()
        pages = self._read_pages(db, store, series, found)
        db.execute("savepoint round")
        try:
            done = self._post_together(db, Books(db, store, series), pages)
        except Exception as error:  # posting code may fail in any way, and only one record may suffer
            if is_trouble(error):
                raise
            db.execute("rollback to round")
            done = Round()
            for page in self._read_pages(db, store, series, found):  # none of them is a draft any more
                done = self._post_alone(db, done, self._ref(store, series, page.seq), page, attempts=0)
        db.execute("release round")
        db.execute(UPSERT_CURSOR, values(store, series, int(found[-1][0])))
        return done

    def _retry_due(self, db: Connection) -> Round:
        done = Round()
        due = db.execute(SELECT_DUE, values(self._now_ms(), UNIT_RECORDS)).fetchall()
        for store, series, seq, attempts in due:
            row = db.execute(SELECT_RECORD, values(store, series, seq)).fetchone()
            if not db.execute(DELETE_RETRY, values(store, series, seq)).fetchall():
                continue  # another server process was faster
            page = _read_page(row)
            done = self._post_alone(db, done, self._ref(store, series, seq), page, attempts=int(attempts))
        return done

    def _read_pages(self, db: Connection, store: str, series: str, found: list[Row]) -> "list[_Page]":
        """What posting has of each record: its draft, or what it says itself."""
        drafts: dict[int, Draft] = {}
        if self._drafts is not None:
            for seq, record_hash, flags in found:
                if not flags and (draft := self._drafts.take(bytes(record_hash))) is not None:
                    drafts[int(seq)] = draft
        flags_of = {int(row[0]): row[2] for row in found if int(row[0]) not in drafts}
        payloads: dict[int, bytes] = {}
        if flags_of:
            span = values(store, series, min(flags_of), max(flags_of))
            payloads = {int(seq): payload for seq, payload in db.execute(SELECT_PAYLOADS, span).fetchall()}
        return [
            _Page(seq=seq, body=None, draft=drafts[seq])
            if seq in drafts
            else _read_page((seq, payloads[seq], flags_of[seq]))
            for seq in (int(row[0]) for row in found)
        ]

    def _post_together(self, db: Connection, books: Books, pages: "list[_Page]") -> Round:
        """Post records whose rows are written together. Raises when the database refuses any of the rows."""
        done = Round()
        _look_up(books, pages)
        for page in pages:
            ref = self._ref(books.store, books.series, page.seq)
            try:
                self._post_page(db, books, ref, page)
            except Exception as error:  # what a record does to its own posting is its own affair
                if is_trouble(error) or books.broken:
                    raise
                books.drop()
                done = self._set_aside(db, done, ref, error, 1)
            else:
                books.keep()
                done = msgspec.structs.replace(done, posted=done.posted + 1)
        books.write()
        return done

    def _post_alone(self, db: Connection, done: Round, ref: Ref, page: "_Page", attempts: int) -> Round:
        """Post one record inside a savepoint, so that its failure leaves nothing and stops nobody."""
        db.execute("savepoint one_record")
        try:
            books = Books(db, ref.store, ref.series)
            _look_up(books, [page])
            self._post_page(db, books, ref, page)
            books.keep()
            books.write()
        except Exception as error:  # posting code may fail in any way, and only this record may suffer
            if is_trouble(error):
                raise
            db.execute("rollback to one_record")
            db.execute("release one_record")
            return self._set_aside(db, done, ref, error, attempts + 1)
        db.execute("release one_record")
        return msgspec.structs.replace(done, posted=done.posted + 1)

    def _post_page(self, db: Connection, books: Books, ref: Ref, page: "_Page") -> None:
        if page.draft is not None:
            if _is_free(books, page.draft):
                put_down(books, page.draft, ref.seq)
                return
            page = _read_page(db.execute(SELECT_RECORD, values(*ref.place)).fetchone())
        if page.body is None:
            raise Unpostable(page.why_not)
        self._post(books, ref, page.body)
        if page.unsigned:
            note_difference(books, ref, "signature", "unavailable", "")

    def _set_aside(self, db: Connection, done: Round, ref: Ref, error: Exception, attempts: int) -> Round:
        reason = str(error) if isinstance(error, Unpostable) else f"{type(error).__name__}: {error}"[:300]
        where = (ref.store, ref.series, ref.seq)
        if isinstance(error, Unpostable) or attempts >= MAX_ATTEMPTS:
            db.execute(INSERT_QUARANTINE, values(*where, reason, attempts, ref.now_ms))
            return msgspec.structs.replace(done, quarantined=done.quarantined + 1)
        next_ms = ref.now_ms + self._first_wait_ms * 2 ** (attempts - 1)
        db.execute(UPSERT_RETRY, values(*where, attempts, next_ms, reason))
        return msgspec.structs.replace(done, set_aside=done.set_aside + 1)

    def _ref(self, store: str, series: str, seq: int) -> Ref:
        return Ref(store=store, series=series, seq=int(seq), now_ms=self._now_ms())


class _Page(msgspec.Struct, frozen=True, kw_only=True):
    """A record as posting meets it: its body, or why it has none that can be posted."""

    seq: int
    body: Body | None
    why_not: str = ""
    unsigned: bool = False
    draft: Draft | None = None
    """What it does unless something in the books stands against it; the body is not read then."""


def _read_page(row: Row) -> _Page:
    seq, flags = int(row[0]), set(str(row[2]).split())
    if bad := sorted(flags & _QUARANTINED_FLAGS):
        return _Page(seq=seq, body=None, why_not=", ".join(bad))
    try:
        return _Page(seq=seq, body=parse_checked(bytes(row[1])), unsigned=Flag.UNSIGNED in flags)
    except NotCanonical as error:
        return _Page(seq=seq, body=None, why_not=str(error))


def _look_up(books: Books, pages: list[_Page]) -> None:
    names = [(page.draft.txn_id, page.draft.receipt_no) for page in pages if page.draft is not None]
    names += [
        (page.body["txn_id"], page.body.get("receipt_no", 0)) for page in pages if page.body is not None
    ]
    books.look_up([txn_id for txn_id, _ in names], [number for _, number in names if type(number) is int])


def _is_free(books: Books, draft: Draft) -> bool:
    """Whether no other record in the books has a name of this one."""
    return not books.with_txn(draft.txn_id) and books.with_receipt(draft.receipt_no) is None


def _look(db: Connection) -> tuple[int | None, list[tuple[str, str]]]:
    """What there is to do, in one trip to the database."""
    return next_due(db), behind(db)


def behind(db: Connection) -> list[tuple[str, str]]:
    """Store and series of every series with records after its cursor."""
    return [(row[0], row[1]) for row in db.execute(SELECT_BEHIND).fetchall()]


def next_due(db: Connection) -> int | None:
    """When the next attempt at a record that was set aside is due (ms), or None."""
    found = db.execute(SELECT_NEXT_DUE).fetchone()[0]
    return None if found is None else int(found)


def release_quarantine(db: Connection, now_ms: int, series: str = "", seq: int = 0) -> int:
    """Let what is in quarantine be tried again, as a program does that was repaired; bytes never change.

    All of it, or only that of a series (a register id names its store, so the name is enough), or one record of it.
    Answers how many records.
    """
    released = db.execute(EMPTY_QUARANTINE, values(series, seq)).fetchall()
    for store, in_series, in_seq, reason in released:
        db.execute(UPSERT_RETRY, values(store, in_series, in_seq, 0, now_ms, reason))
    return len(released)


def count_quarantined(db: Connection, series: str = "", seq: int = 0) -> int:
    """How many records are in quarantine, or about to go there again: chosen as by `release_quarantine`."""
    return int(db.execute(COUNT_QUARANTINED, values(series, seq)).fetchone()[0])
