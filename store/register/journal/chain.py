"""Checking the chain of a journal from inside the register; `verify` does it independently, from outside."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from store.database.errors import DatabaseTrouble
from store.database.sqlite import open_reader
from store.exchange.canonical import NotCanonical, parse_canonical
from store.exchange.record import Record, record_hash, verify
from store.register.journal.entry import JournalIdentity
from store.register.journal.reads import HeadMismatch, anchor_seq, hash_at, read_head, records_after
from store.register.journal.sql import Connection

TAIL_RECORDS = 1_000
"""How many of the newest records are checked at every start."""
_CHUNK = 100


class ChainBroken(Exception):
    """A record does not hold; `seq` says which, `reason` why."""

    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(f"record {seq}: {reason}")
        self.seq = seq
        self.reason = reason


class TailCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What the check at start found; `first_bad_seq` is 0 when all is well, -1 when no record can be named."""

    checked: int
    first_bad_seq: int = 0
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether every record checked holds."""
        return self.first_bad_seq == 0

    @property
    def sentence(self) -> str:
        """What does not hold and what to do, for the cashier; empty when all is well."""
        if self.ok:
            return ""
        what = f"Record {self.first_bad_seq} of the journal {self.reason}."
        if self.first_bad_seq < 0:
            what = f"The journal cannot be checked ({self.reason})."
        return f"{what} Export the journal, call for help, sell at a spare register."


def check_records(
    connection: Connection, identity: JournalIdentity, last: int | None = None, *, signatures: bool = True
) -> int:
    """Check the newest `last` records of the series (all when None) and answer how many there were.

    Without `signatures` only the chain is checked, which takes a fiftieth of the time. Raises ChainBroken for the
    first that does not hold, HeadMismatch when the head is not the last record.
    """
    head = read_head(connection, identity)
    first = anchor_seq(connection, identity.epoch)
    start = first if last is None else max(first, head.seq - last)
    prev = hash_at(connection, identity, start)
    if prev is None:
        raise ChainBroken(start, "is missing")
    seq = start
    while records := records_after(connection, identity.epoch, seq, _CHUNK):
        for record in records:
            seq += 1
            _check_link(record, seq, prev)
            if signatures:
                _check_content(record, seq, identity)
            prev = record.hash
    if seq != head.seq:
        raise ChainBroken(seq + 1, "is missing")
    return seq - start


def check_chain(connect: Callable[[str], Connection], path: Path, identity: JournalIdentity) -> None:
    """Check all records of a journal file that nobody else has open; raises like `check_records`."""
    connection = connect(str(path))
    try:
        check_records(connection, identity)
    finally:
        connection.close()


def check_tail(path: Path, identity: JournalIdentity, last: int, signatures: bool) -> TailCheck:
    """Check the newest records beside the running sale, on a connection of its own; never raises for what it finds."""
    try:
        with closing(open_reader(path)) as connection:
            connection.execute("begin")  # one moment for head and records, whatever is sold meanwhile
            return TailCheck(checked=check_records(connection, identity, last, signatures=signatures))
    except ChainBroken as error:
        return TailCheck(checked=0, first_bad_seq=error.seq, reason=error.reason)
    except (HeadMismatch, DatabaseTrouble, sqlite3.Error) as error:
        return TailCheck(checked=0, first_bad_seq=-1, reason=str(error))


def _check_link(record: Record, seq: int, prev: bytes) -> None:
    if record.seq != seq:
        raise ChainBroken(seq, "is missing")
    if record.prev != prev:
        raise ChainBroken(seq, "does not follow the record before it")
    if record_hash(seq, prev, record.payload) != record.hash:
        raise ChainBroken(seq, "has another content than its hash says")


def _check_content(record: Record, seq: int, identity: JournalIdentity) -> None:
    try:
        payload = parse_canonical(record.payload)
    except NotCanonical as error:
        raise ChainBroken(seq, f"is not in canonical form ({error})") from error
    if payload.get("seq") != seq or payload.get("series") != identity.series:
        raise ChainBroken(seq, "names another place than it stands in")
    if not record.signature:
        if payload.get("sig_state") != "unavailable":
            raise ChainBroken(seq, "is not signed and does not say why")
    elif not verify(identity.public_key, record.hash, record.signature):
        raise ChainBroken(seq, "has a signature that is not this register's")
