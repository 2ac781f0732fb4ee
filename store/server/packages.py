"""Data packages at the server: what there is of each data group, and where it lies.

Owns the tables `store`, `package_form` and `download_session`. Chunks lie in the server's own folder; the signed
headers are kept in the channel database, so that every server process on it has them.
"""

import hashlib

import msgspec

from store.database.connection import Connection, Row, values
from store.exchange.jobs import DownloadStatus
from store.exchange.package_header import PackageHeader, root_key_of, write_header
from store.server.chain import Form, Rules

SELECT_STORE = """
select store_id, root_key, name, data_group, applied_seq, applied_ms from store where store_id = $1"""
SELECT_STORES = """
select store_id, root_key, name, data_group, applied_seq, applied_ms from store order by store_id"""
LOCK_STORE = """
insert into store (store_id, root_key, created_ms) values ($1, $2, $3)
on conflict (store_id) do update set root_key = store.root_key
returning store_id, root_key, name, data_group, applied_seq, applied_ms"""
UPDATE_APPLIED = """
update store set applied_seq = $2, applied_ms = $3, data_group = $4 where store_id = $1"""
_FORM = "store_id, data_group, package_seq, kind, base_seq, job, size, header_sha256, created_ms, canceled"
SELECT_FORMS = (
    f"select {_FORM} from package_form where store_id = $1 and data_group = $2 order by package_seq, kind"  # noqa: S608
)
SELECT_FETCHED = (
    f"select {_FORM} from package_form "  # noqa: S608
    "where store_id = $1 and data_group = $2 and length(header) > 0 order by package_seq, kind"
)
SELECT_GROUPS = "select distinct data_group from package_form where store_id = $1 order by data_group"
SELECT_HEADER = """
select header from package_form
where store_id = $1 and data_group = $2 and package_seq = $3 and kind = $4"""
SELECT_ALL_HEADERS = "select header_sha256, header from package_form where length(header) > 0"
UPSERT_FORM = f"""
insert into package_form ({_FORM}, header) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (store_id, data_group, package_seq, kind) do update set
  base_seq = excluded.base_seq, job = excluded.job, size = excluded.size, canceled = excluded.canceled,
  created_ms = excluded.created_ms,
  header = case when package_form.header_sha256 = excluded.header_sha256 and length(excluded.header) = 0
    then package_form.header else excluded.header end,
  header_sha256 = excluded.header_sha256"""  # noqa: S608
UPDATE_HEADER = """
update package_form set header = $5
where store_id = $1 and data_group = $2 and package_seq = $3 and kind = $4 and header_sha256 = $6"""
DELETE_FORM = """
delete from package_form where store_id = $1 and data_group = $2 and package_seq = $3 and kind = $4"""
SELECT_SESSIONS = """
select package_seq, session, status from download_session
where store_id = $1 and register_id = $2 and data_group = $3 order by package_seq, session"""
DELETE_SESSIONS = """
delete from download_session where store_id = $1 and data_group = $2 and package_seq < $3"""


class StoreState(msgspec.Struct, frozen=True, kw_only=True):
    """A store: its trust anchor (hex) and what its channel database holds. `applied_seq` 0: no package yet."""

    store: str
    root_key: str
    name: str
    data_group: str
    applied_seq: int
    applied_ms: int


class SessionState(msgspec.Struct, frozen=True, kw_only=True):
    """A download session as headquarters last told of it."""

    package_seq: int
    session: int
    status: str


def root_key_hex(header: PackageHeader) -> str:
    """The root key that a header claims; raises PackageError."""
    return root_key_of(header).hex()


def form_of(store: str, data_group: str, header: PackageHeader) -> Form:
    """The form that a header describes."""
    manifest, written = header.manifest, write_header(header)
    return Form(
        store=store,
        data_group=data_group,
        package_seq=manifest.package_seq,
        kind=manifest.kind,
        base_seq=manifest.base_seq,
        job=manifest.job,
        size=header.size + len(written),
        header_sha256=hashlib.sha256(written).hexdigest(),
        created_ms=manifest.created_ms,
    )


def find_store(db: Connection, store: str) -> StoreState | None:
    """The store, or None."""
    row = db.execute(SELECT_STORE, values(store)).fetchone()
    return None if row is None else _store(row)


def known_store(db: Connection, store: str) -> StoreState:
    """A store that is known to be there; stores never go. Raises LookupError."""
    found = find_store(db, store)
    if found is None:
        raise LookupError(f"There is no store {store}.")
    return found


def stores(db: Connection) -> list[StoreState]:
    """All stores of this channel database."""
    return [_store(row) for row in db.execute(SELECT_STORES).fetchall()]


def lock_store(db: Connection, store: str, root_key: str, now_ms: int) -> StoreState:
    """The store, made known with this root key when it is new; locked, so that packages come one after the other."""
    return _store(db.execute(LOCK_STORE, values(store, root_key, now_ms)).fetchall()[0])


def set_applied(db: Connection, store: str, data_group: str, package_seq: int, now_ms: int) -> None:
    """Note what the channel database holds now."""
    db.execute(UPDATE_APPLIED, values(store, package_seq, now_ms, data_group))


def forms(db: Connection, store: str, data_group: str) -> list[Form]:
    """All forms of a data group that are known, fetched or not, by number."""
    return [_form(row) for row in db.execute(SELECT_FORMS, values(store, data_group)).fetchall()]


def fetched_forms(db: Connection, store: str, data_group: str) -> list[Form]:
    """Those of them whose headers are here."""
    return [_form(row) for row in db.execute(SELECT_FETCHED, values(store, data_group)).fetchall()]


def groups(db: Connection, store: str) -> list[str]:
    """The data groups of which a store has packages."""
    return [row[0] for row in db.execute(SELECT_GROUPS, values(store)).fetchall()]


def put_form(db: Connection, form: Form, header: bytes = b"") -> None:
    """Know a form, and its header when that is there; a header that is known stays."""
    db.execute(
        UPSERT_FORM,
        values(
            form.store,
            form.data_group,
            form.package_seq,
            form.kind,
            form.base_seq,
            form.job,
            form.size,
            form.header_sha256,
            form.created_ms,
            int(form.canceled),
            header,
        ),
    )


def put_header(db: Connection, form: Form, header: bytes) -> None:
    """Keep the exact bytes of a form's header."""
    place = (form.store, form.data_group, form.package_seq, form.kind)
    db.execute(UPDATE_HEADER, values(*place, header, form.header_sha256))


def header_of(db: Connection, form: Form) -> bytes:
    """The exact bytes of a form's header; empty when it was not fetched yet."""
    row = db.execute(
        SELECT_HEADER, values(form.store, form.data_group, form.package_seq, form.kind)
    ).fetchone()
    return b"" if row is None else bytes(row[0])


def all_headers(db: Connection) -> list[tuple[str, bytes]]:
    """Digest and bytes of the headers of everything that is kept."""
    return [(row[0], bytes(row[1])) for row in db.execute(SELECT_ALL_HEADERS).fetchall()]


def drop_forms(db: Connection, dropped: list[Form], oldest_kept: int) -> None:
    """Forget forms that nobody needs any more, and the sessions of numbers below `oldest_kept`."""
    for form in dropped:
        db.execute(DELETE_FORM, values(form.store, form.data_group, form.package_seq, form.kind))
        db.execute(DELETE_SESSIONS, values(form.store, form.data_group, oldest_kept))


def sessions(db: Connection, store: str, register: str, data_group: str) -> list[SessionState]:
    """The sessions of a register's database (of the channel database for an empty name), by package."""
    rows = db.execute(SELECT_SESSIONS, values(store, register, data_group)).fetchall()
    return [SessionState(package_seq=row[0], session=row[1], status=row[2]) for row in rows]


def rules_of(known: list[SessionState]) -> Rules:
    """What the sessions forbid; of several for one package the newest counts."""
    newest = {session.package_seq: session for session in known}
    suspended = [seq for seq, one in newest.items() if one.status == DownloadStatus.SUSPENDED]
    return Rules(
        barred=frozenset(seq for seq, one in newest.items() if one.status == DownloadStatus.CANCELED),
        stop_at=min(suspended, default=None),
    )


def _store(row: Row) -> StoreState:
    return StoreState(
        store=row[0],
        root_key=row[1],
        name=row[2],
        data_group=row[3],
        applied_seq=row[4],
        applied_ms=row[5],
    )


def _form(row: Row) -> Form:
    return Form(
        store=row[0],
        data_group=row[1],
        package_seq=row[2],
        kind=row[3],
        base_seq=row[4],
        job=row[5],
        size=row[6],
        header_sha256=row[7],
        created_ms=row[8],
        canceled=row[9] == 1,
    )
