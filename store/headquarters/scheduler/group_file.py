"""What a data group has got: every row that was sent to it, in a file of its own (HQ/packages/groups/<group>.db).

The file is where a package comes into being: rows, totals and the finished header are one transaction here, and
headquarters' own database is told afterwards (`packages.complete`), again at the next start if it did not come to
that. So a crash leaves no package or a whole one, and a million rows never hold up anybody who works at headquarters.
A file that is lost, or older than what headquarters knows, is thrown away; the next package is then a full one.
"""

import binascii
import contextlib
import sqlite3
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from store.exchange.package_tables import TABLES
from store.exchange.set_hash import SetHash

CACHE_KIB = 65_536
"""Memory for pages of the file; what bounds a run over a million products."""
BATCH_ROWS = 5_000
KEPT_FORMS = 8
"""Finished packages that stay here; only the newest can be unknown to headquarters' database."""
LAYOUT = binascii.crc32(repr(TABLES).encode())
"""Of the rows as they travel: a file with rows of another layout cannot be gone on with."""

SCHEMA = (
    "create table if not exists sent_row (tbl text not null, key text not null, line blob not null,"
    " source text not null, primary key (tbl, key)) without rowid, strict",
    "create table if not exists sent_table (tbl text not null primary key, total_rows integer not null,"
    " total_hash text not null, mark_n integer not null, offline integer not null) strict",
    "create table if not exists built (package_seq integer not null, kind text not null, document blob not null,"
    " primary key (package_seq, kind)) strict",
    "create table if not exists fact (name text not null primary key, value integer not null) strict",
)
CREATE_SOURCE_INDEX = "create index if not exists sent_source on sent_row (tbl, source) where source <> ''"
CREATE_CHANGES = (
    "create temp table if not exists change (tbl text, key text, gone integer, primary key (tbl, key))"
)
SELECT_FACT = "select value from fact where name = ?"
UPSERT_FACT = (
    "insert into fact (name, value) values (?, ?) on conflict (name) do update set value = excluded.value"
)
SELECT_TABLES = "select tbl, total_rows, total_hash, mark_n, offline from sent_table"
UPSERT_TABLE = """
insert into sent_table (tbl, total_rows, total_hash, mark_n, offline) values (?, ?, ?, ?, ?)
on conflict (tbl) do update set total_rows = excluded.total_rows, total_hash = excluded.total_hash,
  mark_n = excluded.mark_n, offline = excluded.offline"""
INSERT_ROW = "insert into sent_row (tbl, key, line, source) values (?, ?, ?, ?)"
UPSERT_ROW = """
insert into sent_row (tbl, key, line, source) values (?, ?, ?, ?)
on conflict (tbl, key) do update set line = excluded.line, source = excluded.source"""
DELETE_ROW = "delete from sent_row where tbl = ? and key = ?"
SELECT_ROW = "select line, source from sent_row where tbl = ? and key = ?"
SELECT_OF_SOURCE = """
select key from sent_row where tbl = ?1 and key = ?2 and source = ''
union all select key from sent_row where tbl = ?1 and source = ?2 and source <> ''"""
CREATE_SEEN = "create temp table if not exists seen (key text not null primary key) without rowid"
CLEAR_SEEN = "delete from seen"
NOTE_SEEN = "insert or ignore into seen (key) values (?)"
SELECT_UNSEEN = """
select r.key from sent_row r left join seen s on s.key = r.key where r.tbl = ? and s.key is null order by r.key"""
SELECT_ALL = "select key, line from sent_row where tbl = ? order by key"
NOTE_CHANGE = "insert or replace into change (tbl, key, gone) values (?, ?, ?)"
SELECT_CHANGES = """
select c.key, r.line from change c left join sent_row r on r.tbl = c.tbl and r.key = c.key
where c.tbl = ? order by c.key"""
COUNT_CHANGES = "select count(*) from change where tbl = ?"
INSERT_BUILT = "insert or replace into built (package_seq, kind, document) values (?, ?, ?)"
SELECT_BUILT = "select document from built where package_seq > ? order by package_seq, kind"
PRUNE_BUILT = """
delete from built where package_seq not in (select package_seq from built order by package_seq desc limit ?)"""


class RowsDamaged(LookupError):
    """The rows in a group's file are not those that its totals say; the file is thrown away."""


class SentTable(msgspec.Struct, kw_only=True):
    """Totals of a table as the group has it; `mark_n` is the set-up change up to which it was looked at."""

    name: str
    rows: int = 0
    total: SetHash = msgspec.field(default_factory=SetHash)
    mark_n: int = 0
    offline: bool = True


class SentLine(msgspec.Struct, frozen=True):
    """A row to be sent: its key, its line, and the key of the set-up row it comes from."""

    key: str
    line: bytes
    source: str


def group_path(folder: Path, group: str) -> Path:
    """Where the file of a data group lies, whatever it is called."""
    return folder / "groups" / (urllib.parse.quote(group, safe="") + ".db")


class GroupFile:
    """The file of one group, opened by the one job run that works on it; everything is inside one transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.tables: dict[str, SentTable] = {
            name: SentTable(
                name=name, rows=rows, total=SetHash.from_hex(total), mark_n=mark, offline=bool(off)
            )
            for name, rows, total, mark, off in db.execute(SELECT_TABLES)
        }

    @property
    def last_seq(self) -> int:
        """The number of the group's newest package; 0 for none."""
        return self._fact("last_seq")

    @property
    def is_of_this_layout(self) -> bool:
        """Whether its rows have the columns of this program; true without rows."""
        return not self.last_seq or self._fact("layout") == LAYOUT

    def table(self, name: str) -> SentTable:
        """The table as the group has it; a new one when it never got it."""
        return self.tables.setdefault(name, SentTable(name=name))

    def load(self, name: str, lines: Iterable[SentLine]) -> None:
        """Take in all rows of a table that the group never got."""
        table = self.table(name)
        batch: list[SentLine] = []
        for line in lines:
            batch.append(line)
            if len(batch) >= BATCH_ROWS:
                self._load(table, batch)
                batch = []
        self._load(table, batch)

    def replace_source(self, name: str, source: str, lines: Iterable[SentLine]) -> None:
        """Bring the rows that come from one set-up row to what they are now."""
        new = list(lines)
        kept = {line.key for line in new}
        for (key,) in self._db.execute(SELECT_OF_SOURCE, (name, source)).fetchall():
            if key not in kept:
                self._drop(name, key)
        for line in new:
            self._put(name, line)

    def replace_all(self, name: str, lines: Iterable[SentLine]) -> None:
        """Bring a whole table to what it is now; its rows may be more than memory holds."""
        self._db.execute(CLEAR_SEEN)
        for line in lines:
            self._db.execute(NOTE_SEEN, (line.key,))
            self._put(name, line)
        for (key,) in self._db.execute(SELECT_UNSEEN, (name,)).fetchall():
            self._drop(name, key)

    def is_changed(self, name: str) -> bool:
        """Whether anything of the table changed since the file was opened."""
        return bool(self._db.execute(COUNT_CHANGES, (name,)).fetchone()[0])

    def changes(self, name: str) -> Iterator[tuple[str, bytes | None]]:
        """Keys that changed with their lines, None for a row that is gone, in key order."""
        yield from self._db.execute(SELECT_CHANGES, (name,))

    def lines(self, name: str) -> Iterator[tuple[str, bytes]]:
        """All rows of a table in key order."""
        yield from self._db.execute(SELECT_ALL, (name,))

    def keep(self, last_seq: int, forms: Iterable[tuple[int, str, bytes]]) -> None:
        """Write down totals, the newest number, and finished packages (number, kind, document)."""
        for table in self.tables.values():
            self._db.execute(
                UPSERT_TABLE, (table.name, table.rows, table.total.hex(), table.mark_n, int(table.offline))
            )
        self._db.execute(UPSERT_FACT, ("last_seq", last_seq))
        self._db.execute(UPSERT_FACT, ("layout", LAYOUT))
        for seq, kind, document in forms:
            self._db.execute(INSERT_BUILT, (seq, kind, document))
        self._db.execute(PRUNE_BUILT, (KEPT_FORMS,))

    def built_after(self, seq: int) -> list[bytes]:
        """Documents of the packages with a greater number."""
        return [bytes(document) for (document,) in self._db.execute(SELECT_BUILT, (seq,))]

    def _fact(self, name: str) -> int:
        found = self._db.execute(SELECT_FACT, (name,)).fetchone()
        return 0 if found is None else int(found[0])

    def _load(self, table: SentTable, batch: list[SentLine]) -> None:
        self._db.executemany(
            INSERT_ROW,
            [
                (table.name, line.key, line.line, "" if line.source == line.key else line.source)
                for line in batch
            ],
        )
        table.total.add_all(line.line for line in batch)
        table.rows += len(batch)

    def _put(self, name: str, line: SentLine) -> None:
        table = self.table(name)
        source = "" if line.source == line.key else line.source
        old = self._db.execute(SELECT_ROW, (name, line.key)).fetchone()
        if old is not None and bytes(old[0]) == line.line and old[1] == source:
            return
        self._db.execute(UPSERT_ROW, (name, line.key, line.line, source))
        if old is None:
            table.rows += 1
        elif bytes(old[0]) == line.line:
            return  # it comes from another set-up row now, and says the same
        else:
            table.total.remove(bytes(old[0]))
        table.total.add(line.line)
        self._db.execute(NOTE_CHANGE, (name, line.key, 0))

    def _drop(self, name: str, key: str) -> None:
        table = self.table(name)
        (line, _source) = self._db.execute(SELECT_ROW, (name, key)).fetchone()
        self._db.execute(DELETE_ROW, (name, key))
        table.total.remove(bytes(line))
        table.rows -= 1
        self._db.execute(NOTE_CHANGE, (name, key, 1))


@contextlib.contextmanager
def open_group(folder: Path, group: str, known_seq: int) -> Iterator[GroupFile]:
    """The file of a group, inside one transaction that is committed at the end and taken back by an exception.

    A file that cannot be read, or is older than `known_seq` (what headquarters' database knows), is made new. One
    that is newer holds packages that headquarters has to be told of first (`built_after`).
    Raises sqlite3.Error (disk full, no permission).
    """
    path = group_path(folder, group)
    path.parent.mkdir(parents=True, exist_ok=True)
    db = _open(path, known_seq)
    try:
        db.execute("begin immediate")
        yield GroupFile(db)
        db.execute(CREATE_SOURCE_INDEX)  # after the first load, which would wait for it otherwise
        db.execute("commit")
    except RowsDamaged:
        _throw_away(path)
        raise
    finally:
        db.close()  # which takes back what was not committed


def _open(path: Path, known_seq: int) -> sqlite3.Connection:
    if _stands_at(path) >= known_seq:
        return _connect(path)
    _throw_away(path)
    return _connect(path)


def _throw_away(path: Path) -> None:
    for stale in (path, path.with_name(path.name + "-journal")):
        stale.unlink(missing_ok=True)


def _stands_at(path: Path) -> int:
    """The newest number in the file; -1 for one that cannot be read, or was made by a program with other columns."""
    try:
        with contextlib.closing(_connect(path)) as db:
            file = GroupFile(db)
            return file.last_seq if file.is_of_this_layout else -1
    except (sqlite3.DatabaseError, ValueError):
        return -1


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        # One process at a time works on the file, so a rollback journal does; it is empty while a new file fills.
        for pragma in (
            "journal_mode=truncate",
            "synchronous=full",
            "trusted_schema=off",
            "cell_size_check=on",
            f"cache_size=-{CACHE_KIB}",
            "temp_store=file",
        ):
            db.execute(f"pragma {pragma}").fetchall()
        for statement in (*SCHEMA, CREATE_CHANGES, CREATE_SEEN):
            db.execute(statement)
        path.chmod(0o600)
    except BaseException:  # the file handle must not outlive a failed opening
        db.close()
        raise
    return db


def check_tables(names: Iterable[str]) -> tuple[str, ...]:
    """The names in the order of travel; raises KeyError for one that no package carries."""
    wanted = set(names)
    if unknown := wanted - set(TABLES):
        raise KeyError(sorted(unknown)[0])
    return tuple(name for name in TABLES if name in wanted)
