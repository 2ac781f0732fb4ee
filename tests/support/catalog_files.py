"""Catalog files of given tables, made by the code that makes real ones."""

import asyncio
import contextlib
import shutil
import sqlite3

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.database.chunks import ChunkRefused
from store.exchange import package_tables
from store.exchange.package import Package, build_delta, build_package, endorse_keys, read_package
from store.exchange.package_header import PackageError, write_header
from store.exchange.record import public_bytes
from store.register.catalog.apply import Applied, apply_chain, refused
from store.register.catalog.errors import CatalogRefused
from store.register.catalog.worker import carry_out

ROOT = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PACKAGE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
KEYS = endorse_keys(ROOT, (public_bytes(PACKAGE_KEY),), issued_ms=1)


def build_catalog(tables, path, *, seq=1, created_ms=0, applied_ms=0, **facts) -> Applied:
    package = build_package(tables, seq=seq, created_ms=created_ms, key=PACKAGE_KEY, keys=KEYS, **facts)
    return apply_package(package, path, applied_ms=applied_ms)


def apply_package(
    package: Package, path, *, base=None, base_sha256="", support_offline=True, applied_ms=0
) -> Applied:
    return apply_chain(
        [package.header],
        package.fetch,
        path,
        base=base,
        base_sha256=base_sha256,
        support_offline=support_offline,
        applied_ms=applied_ms,
    )


async def run_here(order, on_progress) -> Applied:
    """What the worker does, in a thread of the test: quicker, and its lines are counted as executed."""
    return await asyncio.to_thread(carry_out, order, lambda said: on_progress(said.done, said.total))


async def apply_file(keeper, package, root_key, **options):
    """Have a keeper make a catalog of a package that came as one file; nothing of it stays in the folder of chunks."""
    try:
        opened = package if isinstance(package, Package) else read_package(package)
    except PackageError as error:
        raise CatalogRefused(str(error)) from error
    try:
        for name, data in opened.chunks.items():
            keeper.chunks.put(name, data)
        return await keeper.apply([write_header(opened.header)], root_key, **options)
    except (ChunkRefused, OSError) as error:
        raise refused(error) from error
    finally:
        for name in opened.chunks:
            keeper.chunks.drop(name)


class History:
    """States of the tables by package number, with the packages that lead from one to the next."""

    def __init__(self, *states, **facts):
        self.states = list(states)
        self.facts = facts

    def full(self, seq, **more) -> Package:
        return build_package(
            self.states[seq - 1],
            seq=seq,
            created_ms=seq,
            key=PACKAGE_KEY,
            keys=KEYS,
            **{**self.facts, **more},
        )

    def delta(self, seq, base_seq=None, **more) -> Package:
        base_seq = base_seq or seq - 1
        return build_delta(
            self.states[base_seq - 1],
            self.states[seq - 1],
            seq=seq,
            base_seq=base_seq,
            created_ms=seq,
            **{"key": PACKAGE_KEY, "keys": KEYS, **self.facts, **more},
        )


def table_rows(path) -> dict[str, list[tuple]]:
    """All tables of a catalog file, in key order."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as db:
        return {
            table: db.execute(
                f"select {', '.join(columns)} from {table} order by {next(iter(columns))}"
            ).fetchall()
            for table, columns in package_tables.TABLES.items()
        }


def check_index(path) -> None:
    """Let the search index compare itself with the names; raises what SQLite thinks of it."""
    copy = path.with_name(path.name + ".copy")
    shutil.copyfile(path, copy)
    with contextlib.closing(sqlite3.connect(copy)) as db:
        for index in ("item_name", "customer_name"):
            db.execute(f"insert into {index} ({index}, rank) values ('integrity-check', 1)")
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]
    copy.unlink()
