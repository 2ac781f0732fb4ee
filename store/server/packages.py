"""Data packages at the server: which one is current, and where its file lies. Owns `package` and `store`."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from store.database.connection import Connection, values
from store.exchange.messages import PackageInfo
from store.exchange.package import Package, PackageError, read_rows, root_key_of
from store.server.items import load_tables
from store.service.errors import ServiceTrouble

LOCK_STORE = """
insert into store (store_id, root_key, created_ms) values ($1, $2, $3)
on conflict (store_id) do update set root_key = store.root_key returning root_key"""
SELECT_CURRENT = """
select package_seq, size, sha256, created_ms from package where store_id = $1 order by package_seq desc limit 1"""
INSERT_PACKAGE = """
insert into package (store_id, package_seq, sha256, size, created_ms, loaded_ms) values ($1, $2, $3, $4, $5, $6)"""


def current_package(db: Connection, store: str) -> PackageInfo | None:
    """The package the store's registers should have, or None."""
    row = db.execute(SELECT_CURRENT, values(store)).fetchone()
    if row is None:
        return None
    return PackageInfo(package_seq=row[0], size=row[1], sha256=row[2], created_ms=row[3])


def package_path(home: Path, sha256: str) -> Path:
    """Where a package file lies; named by its content, so it never changes."""
    return home / "packages" / f"{sha256}.outpost"


def keep_file(home: Path, data: bytes, created_ms: int) -> str:
    """Put a package file in its place durably and answer its digest (hex); raises OSError.

    Its modification time is the package's own, so that all copies of the server give it the same ETag.
    """
    digest = hashlib.sha256(data).hexdigest()
    path = package_path(home, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size == len(data):
        return digest
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.utime(name, (created_ms / 1000, created_ms / 1000))
        Path(name).replace(path)
    except OSError:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return digest


def load_package(db: Connection, store: str, package: Package, info: PackageInfo, now_ms: int) -> int:
    """Load a package into the channel database as part of one unit; answers the number of items.

    The first package of a store decides its root key. Raises ServiceTrouble for a package under another root key,
    an older one, or another one with the same number; nothing is loaded then.
    """
    root = root_key_of(package)
    # The row is also the lock: packages of a store are loaded one after the other.
    known = db.execute(LOCK_STORE, values(store, root.hex(), now_ms)).fetchall()[0][0]
    if known != root.hex():
        raise ServiceTrouble(
            f"The package is signed under another root key than store {store} uses; build it with the store's own."
        )
    current = current_package(db, store)
    if current is not None and info.package_seq < current.package_seq:
        raise ServiceTrouble(
            f"Package {info.package_seq} is older than package {current.package_seq}, which is loaded; "
            "give the new one a higher number."
        )
    if current is None or info.package_seq > current.package_seq:
        db.execute(
            INSERT_PACKAGE,
            values(store, info.package_seq, info.sha256, info.size, info.created_ms, now_ms),
        )
    elif info.sha256 != current.sha256:
        raise ServiceTrouble(
            f"Another package {info.package_seq} is loaded; give the new one a higher number."
        )
    try:
        return load_tables(db, store, read_rows(package, root))
    except PackageError as error:
        raise ServiceTrouble(str(error)) from error
