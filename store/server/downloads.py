"""What a register is to fetch: the way from the package it has to the newest one of its data group."""

import msgspec

from store.database.connection import Connection
from store.exchange.delivery import DownloadEntry, Downloads
from store.server import archive, chain, directory, packages
from store.server.chain import Form
from store.server.shelf import Shelf


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a register, and what would have led it further or faster but is not in this server's folder."""

    downloads: Downloads
    missing: tuple[Form, ...]


def plan(
    db: Connection, store: str, *, register: str, series: str, after: int, reader: int, shelf: Shelf
) -> Plan:
    """What leads the register from package `after` to the newest one it may have.

    Of the store's own data group only what the channel database holds too: register and server answer alike.
    """
    state = packages.find_store(db, store)
    entry = directory.register_entry(db, store, register)
    own_group = "" if state is None else state.data_group
    group = own_group if entry is None else entry.data_group
    known = packages.forms(db, store, group)
    if state is not None and group == own_group:
        known = [form for form in known if form.package_seq <= state.applied_seq]
    sessions = packages.sessions(db, store, register, group)
    rules = packages.rules_of(sessions)
    held = [form for form in known if shelf.holds(form.header_sha256, packages.header_of(db, form))]
    way = chain.path(held, after, rules)
    best = chain.path(known, after, rules)
    needed = max((_reader(shelf, form) for form in way), default=reader)
    paused = entry is not None and entry.paused
    numbers = {session.package_seq: session.session for session in sessions}
    return Plan(
        downloads=Downloads(
            data_group=group,
            support_offline=entry is None or entry.support_offline,
            newest_seq=max((form.package_seq for form in known if not form.canceled), default=0),
            entries=() if paused or needed > reader else tuple(_entry(form, numbers) for form in way),
            reader=max(needed, reader),
            archived_seq=archive.archived_seq(db, store, series),
            paused=paused,
        ),
        missing=() if paused else tuple(form for form in best if form not in held),
    )


def header(
    db: Connection, store: str, *, register: str, package_seq: int, kind: str, shelf: Shelf
) -> tuple[Form, bytes] | None:
    """A form of the register's data group with the exact bytes of its header; without a kind rather the delta."""
    state = packages.find_store(db, store)
    entry = directory.register_entry(db, store, register)
    group = ("" if state is None else state.data_group) if entry is None else entry.data_group
    for form in packages.forms(db, store, group):  # "delta" comes before "full"
        if form.package_seq == package_seq and kind in ("", form.kind):
            written = packages.header_of(db, form)
            if shelf.contents(form.header_sha256, written) is not None:
                return form, written
    return None


def _reader(shelf: Shelf, form: Form) -> int:
    contents = shelf.contents(form.header_sha256, b"")
    return 0 if contents is None else contents.min_reader


def _entry(form: Form, sessions: dict[int, int]) -> DownloadEntry:
    return DownloadEntry(
        session=sessions.get(form.package_seq, 0),
        package_seq=form.package_seq,
        base_seq=form.base_seq,
        kind=form.kind,
        job=form.job,
        size=form.size,
        header_sha256=form.header_sha256,
        created_ms=form.created_ms,
    )
