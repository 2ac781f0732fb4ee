"""One catalog file as the register speaks of it."""

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from store.exchange.package_header import SCHEMA
from store.register.catalog.catalog_file import read_meta
from store.register.catalog.errors import CatalogRefused

FILE_NAME = re.compile(r"catalog-(?P<seq>[0-9]+)(?:-(?P<copy>[0-9]+))?\.db")


class CatalogVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One catalog file; times are wall milliseconds, 0 for none."""

    package_seq: int
    path: Path
    created_ms: int
    applied_ms: int
    rows: int
    content_hash: str
    effective_from_ms: int = 0
    expires_ms: int = 0
    key_id: str = ""
    keys_issued_ms: int = 0
    store: str = ""
    data_group: str = ""
    support_offline: bool = True
    schema: int = SCHEMA

    @property
    def name(self) -> str:
        """How records name it: `c000812`."""
        return f"c{self.package_seq:06d}"

    def can_be_base(self, *, support_offline: bool) -> bool:
        """Whether a delta may change it: made by this program, with the tables that are wanted now."""
        return self.schema == SCHEMA and self.support_offline is support_offline


def read_version(path: Path) -> CatalogVersion:
    """The version that a file says it is; raises CatalogRefused."""
    meta = read_meta(path)
    try:
        return CatalogVersion(
            package_seq=int(meta["package_seq"]),
            path=path,
            created_ms=int(meta["created"]),
            applied_ms=int(meta["applied_at"]),
            rows=int(meta["rows"]),
            content_hash=meta["content_hash"],
            effective_from_ms=int(meta["effective_from"]),
            expires_ms=int(meta["expires"]),
            key_id=meta["key_id"],
            keys_issued_ms=int(meta["keys_issued"]),
            store=meta["store"],
            data_group=meta["data_group"],
            support_offline=meta["support_offline"] == "1",
            schema=int(meta["schema"]),
        )
    except (KeyError, ValueError) as error:
        raise CatalogRefused(f"{path.name} is no usable catalog ({error}).") from error


def found_files(home: Path) -> list[str]:
    """Names of the catalog files that lie in a home, newest first."""
    names = (FILE_NAME.fullmatch(path.name) for path in home.glob("catalog-*.db"))
    found = [(int(name["seq"]), int(name["copy"] or 0), name[0]) for name in names if name]
    return [name for _, _, name in sorted(found, reverse=True)]


def free_name(package_seq: int, taken: Iterable[str]) -> str:
    """A name for a new file of that package; the same package may be made again with other tables."""
    taken = set(taken)
    name, copy = f"catalog-{package_seq}.db", 0
    while name in taken:
        copy += 1
        name = f"catalog-{package_seq}-{copy}.db"
    return name
