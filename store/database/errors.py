"""What can go wrong with a database, split by what the caller does next.

DatabaseTrouble
├── DatabaseBusy         nothing happened; try again a little later
├── StorageFull          nothing happened; free space first
├── StorageReadOnly      nothing happened; a person has to look
├── OutcomeUnknown       the COMMIT failed: it may have happened; look by id, never just repeat
├── DatabaseDamaged      the file cannot be trusted
├── DatabaseInUse        another process owns the file
├── SchemaTooNew         a newer program wrote the file; start that one or export
└── DatabaseClosed       the connection was closed
"""

import sqlite3

ConstraintBroken = sqlite3.IntegrityError
"""A unit broke a rule of the schema: a mistake of the caller, not of the database."""


class DatabaseTrouble(Exception):
    """A database did not do what it was asked; the message is a sentence."""


class DatabaseBusy(DatabaseTrouble):
    """Another writer held the file too long; nothing happened."""


class StorageFull(DatabaseTrouble):
    """The disk is full; nothing happened."""


class StorageReadOnly(DatabaseTrouble):
    """The file, or its disk, can be read only, or not opened; nothing happened."""


class OutcomeUnknown(DatabaseTrouble):
    """COMMIT raised an error: the unit may be in the file or not. The connection must be opened anew."""


class DatabaseDamaged(DatabaseTrouble):
    """The file is no sound SQLite database."""


class DatabaseInUse(DatabaseTrouble):
    """Another process holds the lock file."""


class SchemaTooNew(DatabaseTrouble):
    """The file was written by a newer version of the program, or its ladder of migrations differs."""


class DatabaseClosed(DatabaseTrouble):
    """The connection is closed or was never opened."""


_BY_PRIMARY_CODE: dict[int, type[DatabaseTrouble]] = {
    sqlite3.SQLITE_BUSY: DatabaseBusy,
    sqlite3.SQLITE_LOCKED: DatabaseBusy,
    sqlite3.SQLITE_FULL: StorageFull,
    sqlite3.SQLITE_READONLY: StorageReadOnly,
    sqlite3.SQLITE_CANTOPEN: StorageReadOnly,
    sqlite3.SQLITE_PERM: StorageReadOnly,
    sqlite3.SQLITE_IOERR: DatabaseDamaged,
    sqlite3.SQLITE_CORRUPT: DatabaseDamaged,
    sqlite3.SQLITE_NOTADB: DatabaseDamaged,
}


def translate(error: sqlite3.Error) -> DatabaseTrouble | None:
    """The trouble behind a driver's error; None when it is a mistake of ours (bad SQL, a broken constraint)."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    kind = _BY_PRIMARY_CODE.get(code & 0xFF)
    return None if kind is None else kind(f"The database answered: {error}.")


def is_trouble(error: Exception) -> bool:
    """Whether an error inside a unit is the database's, not the unit's: full disk, lock, damage."""
    return isinstance(error, DatabaseTrouble) or (
        isinstance(error, sqlite3.Error) and translate(error) is not None
    )
