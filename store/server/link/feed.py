"""What headquarters' feed says, into the channel database as one unit. Owns `feed_cursor` and `upload_session`.

The cursor is kept per home: every server process has its own folder of chunks, and so its own place in the feed.
"""

import msgspec

from store.database.connection import Connection, values
from store.exchange.delivery import Directory, Feed, PackageEntry, RegisterEntry, SessionEntry, StoreEntry
from store.exchange.identity import IdentityError, series_of
from store.exchange.package_header import FULL
from store.ledger.series import find_series, open_series
from store.server import directory, packages
from store.server.chain import Form

SELECT_CURSOR = "select n from feed_cursor where store_id = '' and home = $1"
UPSERT_CURSOR = """
insert into feed_cursor (store_id, home, n) values ('', $1, $2)
on conflict (store_id, home) do update set n = excluded.n"""
SELECT_NEWEST = "select coalesce(max(package_seq), 0) from package_form"
UPSERT_STORE = """
insert into store (store_id, root_key, created_ms, name, data_group) values ($1, $2, $3, $4, $5)
on conflict (store_id) do update set name = excluded.name, data_group = excluded.data_group"""
UPSERT_SESSION = """
insert into download_session (store_id, session, database, register_id, data_group, package_seq, status)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (store_id, session) do update set database = excluded.database, register_id = excluded.register_id,
  data_group = excluded.data_group, package_seq = excluded.package_seq, status = excluded.status"""
SELECT_STORE_OF_GROUP = """
select store_id from store where data_group = $1 union all
select store_id from directory_register where data_group = $1 union all
select store_id from package_form where data_group = $1 limit 1"""
INSERT_UPLOAD = """
insert into upload_session (store_id, session) values ($1, $2) on conflict (store_id, session) do nothing"""
SELECT_UPLOADS = "select store_id, session from upload_session order by store_id, session"
DELETE_UPLOAD = "delete from upload_session where store_id = $1 and session = $2"
INSERT_REGISTER = """
insert into register (store_id, register_id, epoch, created_ms) values ($1, $2, $3, $4)
on conflict (store_id, register_id) do update
set epoch = case when register.epoch < excluded.epoch then excluded.epoch else register.epoch end"""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a feed: stores that are another one's here (why), groups with something new, rounds to deliver."""

    conflicts: dict[str, str]
    groups: frozenset[str]
    uploads: bool


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A round of channel transactions that headquarters waits for."""

    store: str
    session: int


def cursor(db: Connection, home: str) -> int:
    """The number to name in the next question; 0 for everything."""
    row = db.execute(SELECT_CURSOR, values(home)).fetchone()
    return 0 if row is None else int(row[0])


def set_cursor(db: Connection, home: str, n: int) -> None:
    """Name this number next."""
    db.execute(UPSERT_CURSOR, values(home, n))


def newest(db: Connection) -> int:
    """The highest package number that was ever seen here."""
    return int(db.execute(SELECT_NEWEST).fetchone()[0])


def uploads(db: Connection) -> list[Upload]:
    """Rounds that headquarters waits for."""
    return [Upload(store=row[0], session=row[1]) for row in db.execute(SELECT_UPLOADS).fetchall()]


def end_upload(db: Connection, upload: Upload) -> None:
    """The round was reported."""
    db.execute(DELETE_UPLOAD, values(upload.store, upload.session))


def take(db: Connection, home: str, feed: Feed, now_ms: int, after: int | None = None) -> Taken:
    """Store everything of a feed and its number; taken twice it changes nothing more.

    `after` is the number that was named in the question. Where another one is to be named meanwhile, because all of it
    is to be asked for again, that one stays: an answer that was on its way does not undo it.
    """
    conflicts = {} if feed.directory is None else _take_directory(db, feed.directory, now_ms)
    for package in feed.packages:
        packages.put_form(db, _form(package))
    for session in feed.sessions:
        _take_session(db, session)
    for upload in feed.uploads:
        db.execute(INSERT_UPLOAD, values(upload.store, upload.session))
    if after is None or cursor(db, home) == after:
        set_cursor(db, home, feed.n)
    groups = {package.data_group for package in feed.packages}
    groups |= {session.data_group for session in feed.sessions if not session.register}
    return Taken(conflicts=conflicts, groups=frozenset(groups), uploads=bool(feed.uploads))


def _take_directory(db: Connection, told: Directory, now_ms: int) -> dict[str, str]:
    conflicts = {}
    for store in told.stores:
        known = packages.find_store(db, store.store)
        if known is not None and known.root_key != store.root_key:
            conflicts[store.store] = (
                f"Store {store.store} was prepared with packages of another headquarters; "
                "give this server a new database."
            )
        else:
            _take_store(db, store, now_ms)
    directory.replace_registers(db, told.registers)
    directory.replace_grants(db, told.grants)
    for register in told.registers:
        if register.public_key and register.store not in conflicts:
            _restore_series(db, register)
    return conflicts


def _take_store(db: Connection, store: StoreEntry, now_ms: int) -> None:
    db.execute(UPSERT_STORE, values(store.store, store.root_key, now_ms, store.name, store.data_group))


def _restore_series(db: Connection, register: RegisterEntry) -> None:
    """Begin a series that headquarters knows and a restored database does not: its register sends all of it again."""
    try:
        series = series_of(register.register, register.epoch)
        public_key = bytes.fromhex(register.public_key)
    except (IdentityError, ValueError):
        return  # a newer headquarters may say it in another way
    if find_series(db, series) is not None:
        return
    db.execute(INSERT_REGISTER, values(register.store, register.register, register.epoch, register.opened_ms))
    open_series(
        db,
        store=register.store,
        series=series,
        register=register.register,
        epoch=register.epoch,
        public_key=public_key,
        insecure=register.insecure,
        now_ms=register.opened_ms,
    )


def _take_session(db: Connection, session: SessionEntry) -> None:
    row = db.execute(SELECT_STORE_OF_GROUP, values(session.data_group)).fetchone()
    if row is not None:
        db.execute(
            UPSERT_SESSION,
            values(
                row[0],
                session.session,
                session.database,
                session.register,
                session.data_group,
                session.package_seq,
                session.status,
            ),
        )


def _form(package: PackageEntry) -> Form:
    return Form(
        store=package.store,
        data_group=package.data_group,
        package_seq=package.package_seq,
        kind=package.kind,
        base_seq=0 if package.kind == FULL else package.base_seq,
        job=package.job,
        size=package.size,
        header_sha256=package.header_sha256,
        created_ms=package.created_ms,
        canceled=package.canceled,
    )
