"""The inside of a catalog file: opened for making, its facts, its proof. The schema is `store/database/catalog.sql`."""

import hashlib
import importlib.resources
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from store.database.errors import DatabaseTrouble
from store.database.sqlite import open_reader
from store.exchange.package_tables import TABLES
from store.exchange.set_hash import SetHash
from store.register.catalog.errors import CatalogRefused
from store.register.catalog.table_edit import Facts, TableEdit

CACHE_KIB = 32 * 1024
"""Bounds the memory of whoever makes a catalog; larger sorts go to files."""
_PRAGMAS = (
    # Nobody sees the file before it is complete and synced as a whole, so it needs no journal of its own.
    "journal_mode=off",
    "synchronous=off",
    "locking_mode=exclusive",
    f"cache_size=-{CACHE_KIB}",
    "trusted_schema=off",
)
_PUT_FACTS = """
insert into data_set (name, rows, hash, columns, kept, package_seq, created_ms) values (?, ?, ?, ?, ?, ?, ?)
on conflict (name) do update set rows = excluded.rows, hash = excluded.hash, columns = excluded.columns,
  kept = excluded.kept, package_seq = excluded.package_seq, created_ms = excluded.created_ms"""
_GET_FACTS = "select name, rows, hash, columns, kept, package_seq, created_ms from data_set"


def connect(path: Path) -> sqlite3.Connection:
    """A connection that makes or changes a file nobody else has; raises sqlite3.Error."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in _PRAGMAS:
        connection.execute(f"pragma {pragma}").fetchall()
    return connection


def create(path: Path) -> None:
    """An empty catalog; raises sqlite3.Error."""
    schema = importlib.resources.files("store.database").joinpath("catalog.sql").read_text(encoding="utf-8")
    with closing(connect(path)) as db:
        db.executescript(schema)
        for name, columns in TABLES.items():
            write_facts(
                db,
                Facts(
                    name=name,
                    rows=0,
                    hash=SetHash().hex(),
                    columns=len(columns),
                    kept=True,
                    package_seq=0,
                    created_ms=0,
                ),
            )


def read_facts(db: sqlite3.Connection) -> dict[str, Facts]:
    """What the file says about its tables."""
    return {
        row[0]: Facts(
            name=row[0],
            rows=row[1],
            hash=row[2],
            columns=row[3],
            kept=bool(row[4]),
            package_seq=row[5],
            created_ms=row[6],
        )
        for row in db.execute(_GET_FACTS)
    }


def write_facts(db: sqlite3.Connection, facts: Facts) -> None:
    """Note what a table holds now."""
    db.execute(
        _PUT_FACTS,
        (
            facts.name,
            facts.rows,
            facts.hash,
            facts.columns,
            facts.kept,
            facts.package_seq,
            facts.created_ms,
        ),
    )


def write_meta(db: sqlite3.Connection, meta: Mapping[str, str]) -> None:
    """Replace what the file says about itself."""
    db.execute("delete from meta")
    db.executemany("insert into meta (key, value) values (?, ?)", sorted(meta.items()))


def read_meta(path: Path) -> dict[str, str]:
    """What a finished file says about itself; raises CatalogRefused."""
    try:
        with closing(open_reader(path, immutable=True)) as db:
            return dict(db.execute("select key, value from meta").fetchall())
    except (DatabaseTrouble, sqlite3.Error) as error:
        raise CatalogRefused(f"{path.name} is no usable catalog ({error}).") from error


def content_hash(db: sqlite3.Connection) -> str:
    """One digest for what the tables hold, by the facts noted about them."""
    digest = hashlib.sha256()
    facts = read_facts(db)
    for name in TABLES:
        digest.update(f"{name} {facts[name].rows} {facts[name].hash}\n".encode())
    return digest.hexdigest()


def proved_content_hash(path: Path) -> str:
    """The same, computed anew from every row; raises DatabaseTrouble, sqlite3.Error, KeyError."""
    digest = hashlib.sha256()
    with closing(open_reader(path, immutable=True)) as db:
        facts = read_facts(db)
        for name in TABLES:
            table = TableEdit(db, name)
            found = table.set_hash(facts[name].columns).hex() if facts[name].hash else ""
            digest.update(f"{name} {table.count()} {found}\n".encode())
    return digest.hexdigest()


def is_sound(db: sqlite3.Connection) -> None:
    """Let SQLite look at the whole file; raises CatalogRefused."""
    (answer,) = db.execute("pragma quick_check").fetchone()
    if answer != "ok":
        raise CatalogRefused(f"The new catalog file is not sound ({answer}); it was not used.")
