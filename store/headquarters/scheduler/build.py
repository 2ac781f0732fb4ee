"""One job run for one data group: what changed since the group's last package becomes the next one.

Runs in a worker process of its own (`worker`), away from everybody who works at headquarters: it reads headquarters'
database on a snapshot, keeps what was sent in the group's file and writes chunks into the packages folder. The
memory it needs is that of one chunk and of the page cache, whatever the number of products.
"""

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.database.chunks import ChunkFolder
from store.database.connection import Connection
from store.database.sqlite import open_reader
from store.exchange.package_header import (
    DELTA,
    FULL,
    Manifest,
    SignedKeyList,
    TablePart,
    chunks_of,
    read_header,
    sign_manifest,
    write_header,
)
from store.exchange.package_writer import PartWriter, new_manifest
from store.headquarters.scheduler import channel_rows
from store.headquarters.scheduler.group_file import (
    GroupFile,
    RowsDamaged,
    check_tables,
    group_path,
    open_group,
)

Step = Callable[[str], None]
"""Told the name of each step before it is taken; a test ends the process there."""


class BuildOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to build. `known_seq` is the group's newest package as headquarters' database knows it (0: none).

    `tables`: those of the jobs that run. `known_marks`: the tables that the group ever got, which a full package must
    not lose, each with the change up to which headquarters' database knows it was looked at.
    `excluded`: tables that offline databases do without. `full`: send the tables again, not their changes.
    `anyway`: make a package even of nothing. `with_full`: make its full form too.
    """

    headquarters: str
    folder: str
    data_group: str
    store: str
    package_seq: int
    known_seq: int
    job: str
    tables: tuple[str, ...]
    known_marks: dict[str, int]
    excluded: tuple[str, ...]
    created_ms: int
    package_key: bytes
    keys: SignedKeyList
    full: bool = False
    anyway: bool = False
    with_full: bool = False
    only_left_over: bool = False
    """Build nothing; answer what headquarters' database was not told of."""


class BuiltForm(msgspec.Struct, frozen=True, kw_only=True):
    """One form of a package, ready to be served; `size` in bytes with its header, rows and tombstones counted."""

    package_seq: int
    kind: str
    base_seq: int
    store: str
    data_group: str
    job: str
    size: int
    rows: int
    deletes: int
    created_ms: int
    header_sha256: str
    tables: tuple[str, ...]


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an order: forms of one package, none when nothing changed.

    `marks`: table → number of the set-up change up to which the group was looked at.
    `left_over`: packages of an earlier run that headquarters' database was not told of; nothing was built then.
    """

    forms: tuple[BuiltForm, ...] = ()
    left_over: tuple[BuiltForm, ...] = ()
    marks: dict[str, int] = {}


def build(order: BuildOrder, step: Step = lambda _name: None) -> Built:
    """Build a package, or find that there is nothing to send.

    Raises DatabaseTrouble, sqlite3.Error, OSError (no space) and RowError (a row that no package can carry).
    """
    folder = Path(order.folder)
    step("open")
    with open_group(folder, order.data_group, order.known_seq) as file:
        if file.last_seq > order.known_seq:
            found = [msgspec.msgpack.decode(one, type=BuiltForm) for one in file.built_after(order.known_seq)]
            return Built(left_over=tuple(found))
        if order.only_left_over:
            return Built()
        names = order.tables if file.last_seq or not order.known_seq else (*order.known_marks, *order.tables)
        fresh = _take_in(file, order, check_tables(names), step)
        marks = {name: table.mark_n for name, table in file.tables.items()}
        forms = _write_forms(file, order, fresh, step)
        last_seq = order.package_seq if forms else order.known_seq
        file.keep(last_seq, [(one.package_seq, one.kind, msgspec.msgpack.encode(one)) for one in forms])
        step("commit the group's file")
    step("committed")
    return Built(forms=tuple(forms), marks=marks)


def left_over(order: BuildOrder) -> Built:
    """Only `Built.left_over` of `build`; a group without a file has none."""
    if not group_path(Path(order.folder), order.data_group).exists():
        return Built()
    return build(msgspec.structs.replace(order, only_left_over=True))


def tidy(folder: str, keep: frozenset[tuple[int, str]]) -> int:
    """Delete headers of packages that are not named, and every chunk that no kept header names; bytes freed.

    Only between two runs: the chunks of a package in the making are named by nobody yet.
    """
    chunks = ChunkFolder(Path(folder))
    named: set[str] = set()
    for seq, form in chunks.headers():
        data = chunks.header(seq, form)
        if (seq, form) not in keep or data is None:
            chunks.drop_header(seq, form)
        else:
            named |= set(chunks_of(read_header(data).manifest))
    return chunks.collect(named)


def build_full_form(order: BuildOrder, step: Step = lambda _name: None) -> BuiltForm:
    """The full form of the group's newest package (`order.known_seq`), from the rows that were sent.

    Raises LookupError when the group's file does not stand there, and what `build` raises.
    """
    folder = Path(order.folder)
    with open_group(folder, order.data_group, order.known_seq) as file:
        if file.last_seq != order.known_seq or not order.known_seq:
            raise LookupError(f"The file of group {order.data_group} stands at package {file.last_seq}.")
        numbered = msgspec.structs.replace(order, package_seq=order.known_seq)
        parts = [_full_part(file, order, name) for name, table in file.tables.items() if table.rows]
        step("sign the full form")
        return _form(numbered, parts, base_seq=0)


def _take_in(file: GroupFile, order: BuildOrder, names: tuple[str, ...], step: Step) -> frozenset[str]:
    """Bring the file's rows to what headquarters says now; answers the tables that the group never got."""
    fresh = frozenset(name for name in names if name not in file.tables)
    with contextlib.closing(open_reader(Path(order.headquarters))) as db:
        db.execute("begin")  # one snapshot for all tables
        scope = channel_rows.read_scope(db, order.store, order.data_group)
        for name in names:
            step(f"compare {name}")
            if name in fresh and name in channel_rows.KEYED:
                file.load(name, channel_rows.all_lines(db, scope, name))
            else:
                _compare(file, db, scope, name, order.known_marks.get(name))
            file.table(name).mark_n = channel_rows.newest_change(db, name)
    return fresh


def _compare(
    file: GroupFile, db: Connection, scope: channel_rows.Scope, name: str, known_mark: int | None
) -> None:
    if name not in channel_rows.KEYED:
        file.replace_all(name, channel_rows.whole_table(db, scope, name))
        return
    mark = file.table(name).mark_n
    if known_mark == mark:
        for source, lines in channel_rows.changed_lines(db, scope, name, mark):
            file.replace_source(name, source, lines)
    else:
        # The file has seen what headquarters' database does not know of: after a crash, or because a backup was
        # restored, whose changes count anew. Only looking at everything finds the differences then.
        file.replace_all(name, channel_rows.all_lines(db, scope, name))


def _write_forms(file: GroupFile, order: BuildOrder, fresh: frozenset[str], step: Step) -> list[BuiltForm]:
    """The package that leads on from `known_seq`, and its full form where one is wanted or none came before."""
    switched = _switch_excluded(file, order)
    again = switched | (frozenset(order.tables) if order.full else frozenset())
    touched = {
        name: FULL if name in fresh | again else DELTA
        for name in check_tables(file.tables)
        if name in again or (name in fresh and file.table(name).rows) or file.is_changed(name)
    }
    if not touched and not (order.anyway and order.known_seq):
        return []
    everything = frozenset(name for name, table in file.tables.items() if table.rows)
    forms = []
    if order.known_seq and file.last_seq and not (order.full and everything <= frozenset(order.tables)):
        parts = [_part(file, order, name, mode, step) for name, mode in touched.items()]
        forms.append(_form(order, parts, base_seq=order.known_seq))
    if not forms or order.with_full:
        step("write the full form")
        parts = [_full_part(file, order, name) for name, table in file.tables.items() if table.rows]
        forms.append(_form(order, parts, base_seq=0))
    step("sign")
    return forms


def _switch_excluded(file: GroupFile, order: BuildOrder) -> frozenset[str]:
    """Note which tables offline databases do without, and answer those for which that changed."""
    found = set()
    for name, table in file.tables.items():
        offline = name not in order.excluded
        if table.offline != offline and table.rows:
            found.add(name)
        table.offline = offline
    return frozenset(found)


def _part(file: GroupFile, order: BuildOrder, name: str, mode: str, step: Step) -> TablePart:
    step(f"write {name}")
    if mode == FULL:
        return _full_part(file, order, name)
    table = file.table(name)
    writer = PartWriter(name, DELTA, ChunkFolder(Path(order.folder)).put, offline=table.offline)
    for key, line in file.changes(name):
        if line is None:
            writer.delete(key)
        else:
            writer.put(key, bytes(line))
    return writer.close(table.rows, table.total)


def _full_part(file: GroupFile, order: BuildOrder, name: str) -> TablePart:
    table = file.table(name)
    writer = PartWriter(name, FULL, ChunkFolder(Path(order.folder)).put, offline=table.offline)
    for key, line in file.lines(name):
        writer.put(key, bytes(line))
    part = writer.close()
    if (part.total_rows, part.total_hash) != (table.rows, table.total.hex()):
        # Never sent: whoever applied it could not go on with the deltas after it.
        raise RowsDamaged(
            f"What was sent of table {name} to {order.data_group} does not add up; run the job again."
        )
    return part


def _form(order: BuildOrder, parts: list[TablePart], *, base_seq: int) -> BuiltForm:
    manifest: Manifest = new_manifest(
        parts,
        package_seq=order.package_seq,
        base_seq=base_seq,
        created_ms=order.created_ms,
        store=order.store,
        data_group=order.data_group,
        job=order.job,
    )
    key = Ed25519PrivateKey.from_private_bytes(order.package_key)
    header = sign_manifest(manifest, key, order.keys)
    data = write_header(header)
    ChunkFolder(Path(order.folder)).put_header(order.package_seq, manifest.kind, data)
    return BuiltForm(
        package_seq=order.package_seq,
        kind=manifest.kind,
        base_seq=base_seq,
        store=order.store,
        data_group=order.data_group,
        job=order.job,
        size=header.size + len(data),
        rows=sum(part.rows for part in manifest.parts),
        deletes=sum(part.deletes for part in manifest.parts),
        created_ms=order.created_ms,
        header_sha256=hashlib.sha256(data).hexdigest(),
        tables=tuple(part.name for part in manifest.parts),
    )
