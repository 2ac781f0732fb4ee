"""A catalog file open for reading: the connection, and what everything else in the shop's set-up is read by.

The set-up travels with jobs 1060 (staff), 1070 (channel), 1090 (registers), 1110 (parameters); customers, availability
and returns with 1010, 1130 and 1200. Items and prices are in `offline`.
"""

import functools
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from store.database.errors import translate
from store.database.sqlite import open_reader
from store.gateway.catalog_customers import CustomerQueries
from store.gateway.catalog_customers import detail_of as _detail
from store.sale.detail import NO_STAFF_DETAIL, StaffDetail, read_detail

_OPERATOR = """
select s.number, s.name, s.role, s.salt, s.hash, coalesce(r.permissions, ''), s.detail
from staff s left join role r on r.code = s.role where s.number = ?"""
_BADGE_HOLDER = "select number from staff where instr(detail, ?) > 0 order by number limit 1"
_ROLE = "select code, name, permissions from role where code = ?"
_ROLES = "select code, name, permissions from role order by code"
_PROFILE = "select detail from offline_profile where code = ?"
_REGISTER = "select number, name, support_offline, offline_profile, detail from register where number = ?"
_LAYOUT = """
select id, register, place, key, operation, caption, position from layout_key
where register in ('', ?) order by register, place, position, id"""
_PARAMETERS = "select key, value from parameter order by key"
_TENDERS = "select code, name, kind, position, detail from tender order by position, code"
_AVAILABILITY = "select quantity, as_of_ms from availability where sku = ?"
_RETURNABLE = "select key, quantity, as_of_ms from returnable where sku = ? order by key"
_RETURNABLE_OF = (
    "select key, detail, quantity, as_of_ms from returnable where key >= ? and key < ? order by key"
)
_DATA_SETS = "select name, rows, created_ms, package_seq, kept from data_set order by name"
_META = "select key, value from meta"
_DISCOUNTS = "select code, name, detail from discount order by code"
_INFO_CODES = "select code, name, detail from info_code order by code"
_INFO_CODE = "select code, name, detail from info_code where code = ?"
_DOCUMENT_FORMATS = "select code, detail from document_format order by code"
_HAS_DETAILS = "select 1 from pragma_table_info('item') where name = 'detail'"
# The column as statements name it, and what stands in its place in a file that an older program made.
_DETAIL = re.compile(r"(?:\b[is]\.|(?<=, ))detail(?=,|\nfrom staff| from (?:department|tax)\b)")
_NO_DETAIL = "'' as detail"


class StaffMember(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may sign in; `hash` is the encoded argon2id string, `salt` is empty when it is inside."""

    number: str
    name: str
    role: str
    salt: str
    hash: str
    permissions: str = ""
    """Of the role, apart by spaces; empty for a role with built-in permissions."""
    detail: StaffDetail = NO_STAFF_DETAIL


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """What its holders may do; no permissions: those that are built in for a role of that code."""

    code: str
    name: str
    permissions: tuple[str, ...]


class RegisterRow(msgspec.Struct, frozen=True, kw_only=True):
    """A register as headquarters set it up."""

    number: str
    name: str
    support_offline: bool
    offline_profile: str
    detail: dict[str, Any]


class LayoutKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key of the register's screen; `register` is empty for a key of every register."""

    id: str
    register: str
    place: str
    key: str
    operation: int
    caption: str
    position: int


class TenderRow(msgspec.Struct, frozen=True, kw_only=True):
    """A way to pay."""

    code: str
    name: str
    kind: str
    position: int
    detail: dict[str, Any]


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """How much of an item the store had at a moment (wall ms); a decimal text."""

    quantity: str
    as_of_ms: int


class Returnable(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a sold item may still come back, under the key of its sale."""

    key: str
    quantity: str
    as_of_ms: int
    detail: str = ""
    """How the line was sold (`store.sale.past_sale.from_rows`); empty where the store does not send it."""


class CodedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A discount, an info code or a document format (without a name); `detail` is the JSON text as it came."""

    code: str
    name: str
    detail: str


class DataSet(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the catalog as operation 917 lists it; `created_ms` is that of the package that touched it last."""

    name: str
    rows: int
    created_ms: int
    package_seq: int
    kept: bool
    """False when offline databases, or those of this register, leave it out."""


class CatalogRows(CustomerQueries):
    """One catalog file, open for reading. Raises DatabaseTrouble where the file fails."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = open_reader(path, immutable=True)
        self._db.row_factory = sqlite3.Row

    def close(self) -> None:
        """Close the file; look-ups end with it."""
        self._db.close()

    # ---- staff and registers

    def operator(self, number: str) -> StaffMember | None:
        """The person with that number, with the permissions of the role, or None."""
        for row in self._rows(_OPERATOR, number):
            return StaffMember(
                number=row[0],
                name=row[1],
                role=row[2],
                salt=row[3],
                hash=row[4],
                permissions=row[5],
                detail=read_detail(row[6], NO_STAFF_DETAIL),
            )
        return None

    def badge_holder(self, hashed: str) -> str:
        """The number of the person whose badge has that hash, empty for nobody's."""
        if not self.has_details:
            return ""
        for row in self._rows(_BADGE_HOLDER, f'"{hashed}"'):
            return str(row[0])
        return ""

    def role(self, code: str) -> Role | None:
        """The role of that code, None when headquarters says nothing about it."""
        for row in self._rows(_ROLE, code):
            return Role(code=row[0], name=row[1], permissions=tuple(row[2].split()))
        return None

    def roles(self) -> tuple[Role, ...]:
        """Every role that headquarters sent."""
        return tuple(
            Role(code=row[0], name=row[1], permissions=tuple(row[2].split())) for row in self._rows(_ROLES)
        )

    def offline_profile(self, code: str) -> dict[str, Any] | None:
        """The fields of an offline profile as headquarters wrote them, or None."""
        for row in self._rows(_PROFILE, code):
            return _detail(row[0])
        return None

    def register(self, number: str) -> RegisterRow | None:
        """The register of that number, or None."""
        for row in self._rows(_REGISTER, number):
            return RegisterRow(
                number=row[0],
                name=row[1],
                support_offline=bool(row[2]),
                offline_profile=row[3],
                detail=_detail(row[4]),
            )
        return None

    def layout_keys(self, register: str) -> tuple[LayoutKey, ...]:
        """The keys of every register, then those of this one."""
        return tuple(LayoutKey(**dict(row)) for row in self._rows(_LAYOUT, register))

    # ---- the store

    def parameters(self) -> dict[str, str]:
        """The chain's parameters."""
        return {row[0]: row[1] for row in self._rows(_PARAMETERS)}

    def tenders(self) -> tuple[TenderRow, ...]:
        """The ways to pay, in the order of the store."""
        return tuple(
            TenderRow(code=row[0], name=row[1], kind=row[2], position=row[3], detail=_detail(row[4]))
            for row in self._rows(_TENDERS)
        )

    def discounts(self) -> tuple[CodedRow, ...]:
        """Every discount, by code; none in a file that an older program made."""
        return self._coded(_DISCOUNTS)

    def info_codes(self) -> tuple[CodedRow, ...]:
        """Every info code, by code; likewise."""
        return self._coded(_INFO_CODES)

    def info_code(self, code: str) -> CodedRow | None:
        """The info code of that code, or None."""
        return next(iter(self._coded(_INFO_CODE, code)), None)

    def document_formats(self) -> dict[str, str]:
        """The JSON text of every document format by its code; none in a file that an older program made."""
        if not self.has_details:
            return {}
        return {row[0]: row[1] for row in self._rows(_DOCUMENT_FORMATS)}

    # ---- quantities

    def availability(self, sku: str) -> Availability | None:
        """What was there of an item, and when; None when nothing is known."""
        for row in self._rows(_AVAILABILITY, sku):
            return Availability(quantity=row[0], as_of_ms=row[1])
        return None

    def returnables(self, sku: str) -> tuple[Returnable, ...]:
        """What may still come back of an item."""
        return tuple(
            Returnable(key=row[0], quantity=row[1], as_of_ms=row[2]) for row in self._rows(_RETURNABLE, sku)
        )

    def returnables_of(self, series: str, receipt_no: int) -> tuple[Returnable, ...]:
        """What may still come back of a receipt, line by line."""
        start = f"{series}:{receipt_no}:"
        rows = self._rows(_RETURNABLE_OF, start, f"{start[:-1]};")
        return tuple(Returnable(key=row[0], detail=row[1], quantity=row[2], as_of_ms=row[3]) for row in rows)

    # ---- the file

    def meta(self) -> dict[str, str]:
        """Facts about the file: package_seq, created, applied_at, content_hash, rows and more."""
        return {row[0]: row[1] for row in self._rows(_META)}

    def data_sets(self) -> tuple[DataSet, ...]:
        """Every table with its number of rows and the age of its data."""
        return tuple(
            DataSet(name=row[0], rows=row[1], created_ms=row[2], package_seq=row[3], kept=bool(row[4]))
            for row in self._rows(_DATA_SETS)
        )

    @functools.cached_property
    def has_details(self) -> bool:
        """Whether the file has the columns `detail` and the tables that came with them."""
        return any(True for _ in self._read(_HAS_DETAILS))

    @property
    def has_accounts(self) -> bool:
        """Whether the file has the tables of accounts and customer groups."""
        return self.has_details

    def _coded(self, sql: str, *parameters: object) -> tuple[CodedRow, ...]:
        if not self.has_details:
            return ()
        return tuple(
            CodedRow(code=row[0], name=row[1], detail=row[2]) for row in self._rows(sql, *parameters)
        )

    def _rows(self, sql: str, *parameters: object) -> Iterator[sqlite3.Row]:
        return self._read(sql if self.has_details else _DETAIL.sub(_NO_DETAIL, sql), *parameters)

    def _read(self, sql: str, *parameters: object) -> Iterator[sqlite3.Row]:
        try:
            yield from self._db.execute(sql, parameters)
        except sqlite3.Error as error:
            trouble = translate(error)
            if trouble is None:
                raise
            raise trouble from error
