"""Packages in headquarters' database: what each data group has got. Owns `data_package`, `group_mark`, `exclusion`."""

from collections.abc import Iterable

import msgspec

from store.database.connection import Connection, Row, values
from store.exchange.delivery import PackageEntry
from store.exchange.jobs import JOB_OF_TABLE
from store.exchange.package_chain import deltas_after, is_short
from store.headquarters.scheduler.build import BuiltForm
from store.headquarters.setup_rows import next_number, raise_number

PACKAGE_COUNTER = "package_seq"
"""One sequence for all of headquarters: a number also rises for a database that changes its group."""
ISSUED_COUNTER = "keys_issued_ms"
"""When the list of package keys was issued last. Registers take none that is older than one they had, so this number
does not follow a clock that is put back."""
FEED_COUNTER = "feed"

_COLUMNS = "data_group, store_id, package_seq, base_seq, kind, job, size, header_sha256, created_ms, canceled"
SELECT_OF_GROUP = f"select {_COLUMNS} from data_package where data_group = $1 order by package_seq, kind"  # noqa: S608 - a constant
SELECT_SINCE = f"select {_COLUMNS} from data_package where feed_n > $1 order by package_seq, kind"  # noqa: S608 - a constant
SELECT_FORMS = f"select {_COLUMNS} from data_package where package_seq = $1 order by kind"  # noqa: S608 - a constant
SELECT_NEWEST = "select coalesce(max(package_seq), 0) from data_package where data_group = $1"
INSERT_PACKAGE = """
insert into data_package (package_seq, kind, data_group, store_id, base_seq, job, size, row_count, delete_count,
  header_sha256, created_ms, canceled, feed_n)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12)
on conflict (package_seq, kind) do update set header_sha256 = excluded.header_sha256, size = excluded.size,
  created_ms = excluded.created_ms, feed_n = excluded.feed_n"""
CANCEL_PACKAGE = (
    "update data_package set canceled = $2, feed_n = $3 where package_seq = $1 and canceled <> $2"
)
TELL_PACKAGE = "update data_package set feed_n = $3 where package_seq = $1 and kind = $2"
DELETE_PACKAGE = "delete from data_package where package_seq = $1 and kind = $2"
UPSERT_MARK = """
insert into group_mark (data_group, tbl, mark_n) values ($1, $2, $3)
on conflict (data_group, tbl) do update set mark_n = excluded.mark_n"""
SELECT_MARKS = "select data_group, tbl, mark_n from group_mark"
SELECT_MARKS_OF_GROUP = "select tbl, mark_n from group_mark where data_group = $1"
INSERT_EXCLUSION = "insert into exclusion (name) values ($1) on conflict (name) do nothing"
DELETE_EXCLUSION = "delete from exclusion where name = $1"
SELECT_EXCLUSIONS = "select name from exclusion order by name"


def packages_of(db: Connection, group: str) -> list[PackageEntry]:
    """All packages of a group, in the order of their numbers."""
    return [_entry(row) for row in db.execute(SELECT_OF_GROUP, values(group))]


def packages_since(db: Connection, feed_n: int) -> list[PackageEntry]:
    """Packages that came, or changed, after a number of the feed."""
    return [_entry(row) for row in db.execute(SELECT_SINCE, values(feed_n))]


def forms_of(db: Connection, package_seq: int) -> list[PackageEntry]:
    """The forms in which a package exists: delta before full."""
    return [_entry(row) for row in db.execute(SELECT_FORMS, values(package_seq))]


def newest_seq(db: Connection, group: str) -> int:
    """The number of the group's newest package; 0 for none."""
    return int(db.execute(SELECT_NEWEST, values(group)).fetchone()[0])


def note_package(db: Connection, form: BuiltForm) -> None:
    """Write down a package that was built."""
    raise_number(db, PACKAGE_COUNTER, form.package_seq)
    feed_n = next_number(db, FEED_COUNTER)
    db.execute(
        INSERT_PACKAGE,
        values(
            form.package_seq,
            form.kind,
            form.data_group,
            form.store,
            form.base_seq,
            form.job,
            form.size,
            form.rows,
            form.deletes,
            form.header_sha256,
            form.created_ms,
            feed_n,
        ),
    )


def tell_again(db: Connection, group: str) -> None:
    """Bring the chain of a group once more in the feed, for a server that has to begin with its full form."""
    feed_n = next_number(db, FEED_COUNTER)
    for entry in chain_of(packages_of(db, group)).entries:
        db.execute(TELL_PACKAGE, values(entry.package_seq, entry.kind, feed_n))


def note_marks(db: Connection, group: str, marks: dict[str, int]) -> None:
    """Write down up to which change a group was looked at, table by table."""
    for table, mark in marks.items():
        db.execute(UPSERT_MARK, values(group, table, mark))


def marks(db: Connection) -> dict[tuple[str, str], int]:
    """(group, table) → number of the set-up change up to which the group has that table."""
    return {(group, table): int(mark) for group, table, mark in db.execute(SELECT_MARKS)}


def marks_of(db: Connection, group: str) -> dict[str, int]:
    """The same for one group: the tables that it ever got."""
    return {str(table): int(mark) for table, mark in db.execute(SELECT_MARKS_OF_GROUP, values(group))}


def set_canceled(db: Connection, package_seq: int, canceled: bool) -> None:
    """Take a package out of use in all its forms, or back."""
    db.execute(CANCEL_PACKAGE, values(package_seq, int(canceled), next_number(db, FEED_COUNTER)))


def exclude(db: Connection, name: str, excluded: bool) -> None:
    """Set the exclude-from-offline switch of a job or of a table."""
    db.execute(INSERT_EXCLUSION if excluded else DELETE_EXCLUSION, values(name))


def exclusions(db: Connection) -> frozenset[str]:
    """Jobs and tables that are excluded from offline databases."""
    return frozenset(name for (name,) in db.execute(SELECT_EXCLUSIONS))


def excluded_tables(names: Iterable[str]) -> tuple[str, ...]:
    """The tables that offline databases do without when these jobs and tables are excluded."""
    wanted = set(names)
    return tuple(table for table, job in JOB_OF_TABLE.items() if table in wanted or job.number in wanted)


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """How a group's packages hang together: the newest full form that is in use, and the deltas after it."""

    newest: int
    full: PackageEntry | None
    deltas: tuple[PackageEntry, ...]

    @property
    def is_sound(self) -> bool:
        """Whether a new database gets to the newest package in reasonable time."""
        if self.full is None:
            return self.newest == 0
        end = self.deltas[-1].package_seq if self.deltas else self.full.package_seq
        return end == self.newest and is_short(self.deltas, self.full.size)

    def leads_past(self, package_seq: int) -> bool:
        """Whether someone who must not use that package gets past it: by a full form with a greater number."""
        return self.full is not None and self.full.package_seq > package_seq

    @property
    def entries(self) -> tuple[PackageEntry, ...]:
        """What a database with nothing has to fetch, in order."""
        return () if self.full is None else (self.full, *self.deltas)


def chain_of(entries: Iterable[PackageEntry]) -> Chain:
    """The chain of one group's packages."""
    usable = [entry for entry in entries if not entry.canceled]
    newest = max((entry.package_seq for entry in usable), default=0)
    full = max(
        (entry for entry in usable if entry.kind == "full"), key=lambda entry: entry.package_seq, default=None
    )
    deltas = () if full is None else deltas_after(usable, full.package_seq)
    return Chain(newest=newest, full=full, deltas=deltas)


def out_of_use(entries: Iterable[PackageEntry]) -> list[PackageEntry]:
    """The packages of one group that no way leads over any more: older than its newest full form by a long chain."""
    listed = list(entries)
    chain = chain_of(listed)
    if chain.full is None:
        return []
    kept = {(entry.package_seq, entry.kind) for entry in chain.entries}
    # Whoever stands a little before the full form still takes the deltas up to it.
    behind = sorted(
        (entry for entry in listed if entry.kind == "delta" and entry.package_seq <= chain.full.package_seq),
        key=lambda entry: -entry.package_seq,
    )
    walked: list[PackageEntry] = list(chain.deltas)
    for entry in behind:
        walked.append(entry)
        if not is_short(walked, chain.full.size):
            break
        kept.add((entry.package_seq, entry.kind))
    oldest = chain.full.package_seq
    return [
        entry
        for entry in listed
        if entry.package_seq <= oldest and (entry.package_seq, entry.kind) not in kept
    ]


def drop_package(db: Connection, entry: PackageEntry) -> None:
    """Forget a package."""
    db.execute(DELETE_PACKAGE, values(entry.package_seq, entry.kind))


def _entry(row: Row) -> PackageEntry:
    group, store, seq, base, kind, job, size, digest, created_ms, canceled = row
    return PackageEntry(
        data_group=group,
        store=store,
        package_seq=seq,
        base_seq=base,
        kind=kind,
        job=job,
        size=size,
        header_sha256=digest,
        created_ms=created_ms,
        canceled=canceled == 1,
    )
