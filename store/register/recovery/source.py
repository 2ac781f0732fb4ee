"""Where recovered records come from: the journal file of a dead register, or an export of one.

A journal is copied first and only the copy is opened: the disk may be evidence, and may allow no writing.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import msgspec

from store.database.errors import DatabaseInUse, DatabaseTrouble
from store.database.lock import FileLock
from store.database.sqlite import open_reader
from store.exchange.messages import WireRecord
from store.exchange.record import Record, RecordError, from_wire
from store.register.journal.reads import records_after
from store.register.verification.chain import Chain, RawRecord, Unsound
from store.register.verification.verify import chain_of_header, chains_of, verify_file

_PAGE = 200


class RecoveryRefused(Exception):
    """Nothing was sent, or no more is; `sentence` says why and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Records(Protocol):
    """One series of a source."""

    @property
    def series(self) -> str:
        """Its name."""
        ...

    def chain(self) -> Chain:
        """A chain that stands before the first record of the source."""
        ...

    def after(self, seq: int) -> Iterator[Record]:
        """The records behind `seq`, in order. Raises RecoveryRefused where the source cannot be read."""
        ...


class Sound(msgspec.Struct, frozen=True, kw_only=True):
    """What of a source holds: records `first` to `last` of a series, and the hash of the last one."""

    series: str
    first: int
    last: int
    last_hash: bytes
    damage: str = ""
    """What is wrong behind the last one; empty when everything holds."""


class JournalSource:
    """A series of a journal file."""

    def __init__(self, copy: Path, series: str = "") -> None:
        self._path = self.copy = copy
        try:
            with closing(open_reader(copy)) as connection:
                chains = chains_of(connection)
        except (DatabaseTrouble, sqlite3.Error, Unsound) as error:
            raise RecoveryRefused(f"The file cannot be read as a journal ({error}).") from error
        named = {epoch: chain for epoch, chain in chains.items() if series in ("", chain.series)}
        if not named:
            known = ", ".join(chain.series for chain in chains.values()) or "none"
            raise RecoveryRefused(f"The journal has no series {series or 'yet'}; it has: {known}.")
        self._epoch = max(named)
        self.series = named[self._epoch].series

    def chain(self) -> Chain:
        """A chain that stands before the first record."""
        with closing(open_reader(self._path)) as connection:
            return chains_of(connection)[self._epoch]

    def after(self, seq: int) -> Iterator[Record]:
        """The records behind `seq`, in order."""
        try:
            with closing(open_reader(self._path)) as connection:
                while page := records_after(connection, self._epoch, seq, _PAGE):
                    yield from page
                    seq = page[-1].seq
        except (DatabaseTrouble, sqlite3.Error) as error:
            raise RecoveryRefused(f"The journal cannot be read behind record {seq} ({error}).") from error


class ExportSource:
    """The series of an export."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.series = self.chain().series

    def chain(self) -> Chain:
        """A chain that stands before the first record."""
        with self._path.open("rb") as stream:
            try:
                return chain_of_header(stream.readline())
            except Unsound as error:
                raise RecoveryRefused(f"{self._path} cannot be used: {error.reason}.") from error

    def after(self, seq: int) -> Iterator[Record]:
        """The records behind `seq`, in order."""
        with self._path.open("rb") as stream:
            stream.readline()
            for line in stream:
                try:
                    record = from_wire(msgspec.convert(json.loads(line), WireRecord))
                except (ValueError, RecordError) as error:  # ValueError: no JSON, or not of this form
                    raise RecoveryRefused(f"A line of {self._path} is no record ({error}).") from error
                if record.seq > seq:
                    yield record


def open_source(path: Path, folder: Path, series: str = "") -> Records:
    """The newest series of a file, or the one that is named; `folder` takes a copy. Raises RecoveryRefused, OSError."""
    with path.open("rb") as stream:
        is_database = stream.read(16).startswith(b"SQLite format 3\0")
    if not is_database:
        source = ExportSource(path)
        if series not in ("", source.series):
            raise RecoveryRefused(f"{path} holds the series {source.series}, not {series}.")
        return source
    refuse_living(path)
    copy = folder / "journal.db"
    for suffix in ("", "-wal"):
        original = path.with_name(path.name + suffix)
        if original.exists():
            shutil.copyfile(original, copy.with_name(copy.name + suffix))
    return JournalSource(copy, series)


def refuse_living(path: Path) -> None:
    """Raise RecoveryRefused when a register core works with the journal: it sends its records itself."""
    lock_path = path.with_name(path.name + ".lock")
    if not lock_path.exists():
        return
    lock = FileLock(lock_path)
    try:
        lock.acquire()
    except DatabaseInUse as error:
        raise RecoveryRefused(
            f"A register works with {path}: it sends its records itself. End it first (Ctrl+Q)."
        ) from error
    except (DatabaseTrouble, OSError):
        return  # a disk that allows no writing has nobody working on it
    lock.release()


def examine(source: Records, path: Path, *, before_damage: bool) -> Sound:
    """Check every record before any is sent; raises RecoveryRefused where one does not hold.

    With `before_damage` the records in front of the first bad one are good enough.
    """
    chain, damage = source.chain(), ""
    first = chain.seq + 1
    try:
        for record in source.after(chain.seq):
            chain.take(raw(record))
    except Unsound as error:
        damage = f"record {error.seq} {error.reason}"
    except RecoveryRefused as error:
        damage = error.sentence
    damage = damage or _trouble_elsewhere(path, source)
    if damage and not before_damage:
        raise RecoveryRefused(
            f"Nothing was sent: {damage.rstrip('.')}. {chain.seq - first + 1:,} records before that hold; "
            "send those with --before-damage, and keep the disk."
        )
    return Sound(series=chain.series, first=first, last=chain.seq, last_hash=chain.head, damage=damage)


def _trouble_elsewhere(path: Path, source: Records) -> str:
    """What the verifier finds besides the records: a missing end, a damaged page."""
    report = verify_file(source.copy if isinstance(source, JournalSource) else path)
    bad = report.first_bad
    if bad is None:
        return ""
    return f"record {bad.seq} {bad.reason}" if bad.seq else bad.reason


def raw(record: Record) -> RawRecord:
    """A record as the verifier takes it."""
    return RawRecord(
        seq=record.seq,
        payload=record.payload,
        prev=record.prev,
        hash=record.hash,
        signature=record.signature,
        key_id=record.key_id,
    )
