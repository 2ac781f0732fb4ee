"""From set-up rows to the rows of a package (docs/scheduler.md). Runs inside a job run, on one snapshot.

Large tables (products, prices, customers, quantities) go by their *source*: a set-up row makes the rows of its own
key and no others, so that only what changed is looked at. The small ones are made whole each time, since a row of
theirs can come from several places: a setting from store, profile and setting.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from store.database.connection import Connection
from store.exchange.package_tables import encode_cells
from store.headquarters.nouns.chain import Register, Store
from store.headquarters.nouns.customers import Customer, customer_detail, dialling
from store.headquarters.nouns.discounts import Discount
from store.headquarters.nouns.goods import Department, Price, Product, Tax
from store.headquarters.nouns.people import STAFF_PIN, Role, Staff, StaffPin
from store.headquarters.nouns.profiles import (
    FunctionalityProfile,
    HardwareProfile,
    OfflineProfileRow,
    detail_of,
)
from store.headquarters.nouns.scheduling import Availability
from store.headquarters.nouns.settings import store_settings
from store.headquarters.nouns.till import LayoutKey, Parameter, Setting, Tender
from store.headquarters.scheduler.accounts import account_cells, newest_entry
from store.headquarters.scheduler.badges import badges_of, badges_told, with_badges
from store.headquarters.scheduler.group_file import SentLine
from store.headquarters.scheduler.returnable import newest_sale, returnable_cells
from store.headquarters.setup_rows import SetupRow, changed_since, get, list_rows
from store.sale.detail import (
    NO_DEPARTMENT_DETAIL,
    NO_ITEM_DETAIL,
    NO_STAFF_DETAIL,
    NO_TAX_DETAIL,
    detail_text,
)
from store.sale.tender_type import NO_TENDER_DETAIL

NO_PRICE = -1
"""An item whose price stands in table `price` only."""

Cells = tuple[str | int, ...]


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """For whom rows are made: a store, one of its data groups, and what holds for the whole store."""

    store: str
    data_group: str
    document: Store
    profile: FunctionalityProfile


SOURCES: dict[str, tuple[str, ...]] = {
    "item": ("product",),
    "barcode": ("product",),
    "department": ("department",),
    "price": ("price",),
    "customer": ("customer",),
    "customer_group": ("customer-group",),
    "account": (),
    "staff": ("staff", STAFF_PIN),
    "role": ("role",),
    "tax": ("tax",),
    "tender": ("tender",),
    "setting": ("store", "functionality-profile", "setting"),
    "offline_profile": ("offline-profile",),
    "register": ("register", "store", "hardware-profile", "functionality-profile"),
    "layout_key": ("key",),
    "parameter": ("parameter",),
    "availability": ("availability",),
    "returnable": (),
    "discount": ("discount",),
    "info_code": ("info-code",),
    "document_format": ("document-format",),
}
"""Table → the nouns whose rows can touch it."""

SELECT_NEWEST_CHANGE = "select coalesce(max(changed_n), 0) from setup where noun = $1"


def newest_change(db: Connection, table: str) -> int:
    """The number of the newest change that can touch a table; sales count by the time of their posting."""
    if table == "returnable":
        return newest_sale(db)
    if table == "account":
        return newest_entry(db)
    found = [db.execute(SELECT_NEWEST_CHANGE, {"1": noun}).fetchone()[0] for noun in SOURCES[table]]
    newest = max(map(int, found), default=0)
    return newest + badges_told(db) if table == "staff" else newest


def read_scope(db: Connection, store: str, data_group: str) -> Scope:
    """What holds for the whole store; a store that was removed leaves its defaults."""
    document = get(db, "store", store, Store) or Store()
    profile = get(db, "functionality-profile", document.functionality_profile, FunctionalityProfile)
    return Scope(
        store=store, data_group=data_group, document=document, profile=profile or FunctionalityProfile()
    )


# ---- by source


def _item_cells(row: SetupRow) -> Iterator[Cells]:
    product = row.read(Product)
    price = NO_PRICE if product.price is None else product.price
    yield (
        row.key,
        product.name,
        product.unit,
        price,
        product.tax,
        product.department,
        product.plu,
        int(product.open_price),
        int(product.weighed),
        product.blocked,
        detail_text(product, NO_ITEM_DETAIL),
    )


def _barcode_cells(row: SetupRow) -> Iterator[Cells]:
    for code in row.read(Product).barcodes:
        yield code, row.key


def _price_cells(row: SetupRow) -> Iterator[Cells]:
    price = row.read(Price)
    product, _, from_ms = row.key.partition("/")
    yield row.key, product, price.amount, int(from_ms or 0), price.until_ms


def _customer_cells(row: SetupRow) -> Iterator[Cells]:
    customer = row.read(Customer)
    digits = dialling(customer.phone)
    yield row.key, customer.name, _detail(customer_detail(customer)), customer.card, digits, digits[::-1]


def _availability_cells(row: SetupRow) -> Iterator[Cells]:
    stock = row.read(Availability)
    yield row.key.partition("/")[0], stock.quantity, stock.as_of_ms


KEYED: dict[str, tuple[str, Callable[[SetupRow], Iterator[Cells]]]] = {
    "item": ("product", _item_cells),
    "barcode": ("product", _barcode_cells),
    "price": ("price", _price_cells),
    "customer": ("customer", _customer_cells),
    "availability": ("availability", _availability_cells),
}
"""Table → the noun of its source, and the cells that one row of it makes."""


def all_lines(db: Connection, scope: Scope, table: str) -> Iterator[SentLine]:
    """Every row of a large table."""
    noun, cells_of = KEYED[table]
    for row in list_rows(db, noun):
        yield from _lines(table, scope, row, cells_of)


def changed_lines(
    db: Connection, scope: Scope, table: str, after: int
) -> Iterator[tuple[str, list[SentLine]]]:
    """Sources that changed after a change number, each with the rows it makes now (none when it is gone)."""
    noun, cells_of = KEYED[table]
    for row in changed_since(db, noun, after):
        yield row.key, [] if row.removed else list(_lines(table, scope, row, cells_of))


def _lines(
    table: str, scope: Scope, row: SetupRow, cells_of: Callable[[SetupRow], Iterator[Cells]]
) -> Iterator[SentLine]:
    if table == "availability" and row.key.partition("/")[2] != scope.store:
        return
    for cells in cells_of(row):
        yield SentLine(str(cells[0]), encode_cells(table, cells), row.key)


# ---- whole


def whole_table(db: Connection, scope: Scope, table: str) -> list[SentLine]:
    """Every row of a small table."""
    found = [(cells, encode_cells(table, cells)) for cells in WHOLE[table](db, scope)]
    return [SentLine(str(cells[0]), line, str(cells[0])) for cells, line in found]


def _departments(db: Connection, _scope: Scope) -> Iterator[Cells]:
    for row in list_rows(db, "department"):
        department = row.read(Department)
        detail = detail_text(department, NO_DEPARTMENT_DETAIL)
        yield row.key, department.name, department.tax, department.position, detail


def _staff(db: Connection, scope: Scope) -> Iterator[Cells]:
    badges = badges_of(db, scope.store)
    for row in list_rows(db, "staff"):
        staff = row.read(Staff)
        if staff.blocked or staff.store not in ("", scope.store):
            continue
        pin = get(db, STAFF_PIN, f"{row.key}/{scope.store}", StaffPin)
        verifier = "" if pin is None else pin.hash
        detail = with_badges(detail_text(staff, NO_STAFF_DETAIL), badges.get(row.key, []))
        yield row.key, staff.name, staff.role, "", verifier, detail


def _roles(db: Connection, _scope: Scope) -> Iterator[Cells]:
    for row in list_rows(db, "role"):
        role = row.read(Role)
        yield row.key, role.name, " ".join(role.permissions)


def _taxes(db: Connection, _scope: Scope) -> Iterator[Cells]:
    for row in list_rows(db, "tax"):
        tax = row.read(Tax)
        yield row.key, tax.name, tax.rate, int(tax.included), detail_text(tax, NO_TAX_DETAIL)


def _tenders(db: Connection, _scope: Scope) -> Iterator[Cells]:
    for row in list_rows(db, "tender"):
        tender = row.read(Tender)
        if not tender.blocked:
            detail = detail_text(tender, NO_TENDER_DETAIL) or "{}"
            yield row.key, tender.name, tender.kind, tender.position, detail


def _settings(db: Connection, scope: Scope) -> Iterator[Cells]:
    own: dict[str, str] = {}
    chain: dict[str, str] = {}
    for row in list_rows(db, "setting"):
        name, _, store = row.key.partition("/")
        if store in ("", scope.store):
            (own if store else chain)[name] = row.read(Setting).value
    settings = store_settings(scope.document, scope.profile, chain, own)
    yield from sorted(settings.items())


def _offline_profiles(db: Connection, _scope: Scope) -> Iterator[Cells]:
    for row in list_rows(db, "offline-profile"):
        yield row.key, _detail(detail_of(row.read(OfflineProfileRow)))


def _registers(db: Connection, scope: Scope) -> Iterator[Cells]:
    for row in list_rows(db, "register"):
        register = row.read(Register)
        if register.store != scope.store:
            continue
        detail: dict[str, Any] = {"lock_after_s": scope.profile.lock_after_s}
        hardware = get(db, "hardware-profile", register.hardware_profile, HardwareProfile)
        if hardware is not None:
            detail["devices"] = detail_of(hardware)
        if register.language:
            detail["language"] = register.language
        profile = register.offline_profile or scope.document.offline_profile
        yield row.key, register.name, int(register.support_offline), profile, _detail(detail)


def _layout_keys(db: Connection, scope: Scope) -> Iterator[Cells]:
    for row in list_rows(db, "key"):
        key, register, place = [*row.key.split("/"), "", ""][:3]
        if register and register.partition("-")[0] != scope.store:
            continue
        layout = row.read(LayoutKey)
        yield row.key, register, place, key, layout.operation, layout.caption, layout.position


def _parameters(db: Connection, _scope: Scope) -> Iterator[Cells]:
    for row in list_rows(db, "parameter"):
        yield row.key, row.read(Parameter).value


def _returnable(db: Connection, scope: Scope) -> Iterator[Cells]:
    in_full = ("offline_returns", "all") in _settings(db, scope)
    return returnable_cells(db, scope.store, in_full=in_full)


def _accounts(db: Connection, scope: Scope) -> Iterator[Cells]:
    return account_cells(db, scope.store)


def _coded(noun: str, db: Connection, _scope: Scope) -> Iterator[Cells]:
    """Rows whose documents travel as they are: `name` in its column, the other fields in `detail`."""
    for row in list_rows(db, noun):
        document = row.read(dict[str, Any])
        yield row.key, str(document.pop("name", "")), _detail(document)


def _discounts(db: Connection, scope: Scope) -> Iterator[Cells]:
    """Those in force in the store."""
    for code, name, detail in _coded("discount", db, scope):
        discount = msgspec.json.decode(str(detail), type=Discount)
        if not discount.blocked and (not discount.stores or scope.store in discount.stores):
            yield code, name, detail


def _document_formats(db: Connection, scope: Scope) -> Iterator[Cells]:
    for code, _name, detail in _coded("document-format", db, scope):
        yield code, detail


WHOLE: dict[str, Callable[[Connection, Scope], Iterable[Cells]]] = {
    "department": _departments,
    "staff": _staff,
    "role": _roles,
    "tax": _taxes,
    "tender": _tenders,
    "setting": _settings,
    "offline_profile": _offline_profiles,
    "register": _registers,
    "layout_key": _layout_keys,
    "parameter": _parameters,
    "returnable": _returnable,
    "customer_group": functools.partial(_coded, "customer-group"),
    "account": _accounts,
    "discount": _discounts,
    "info_code": functools.partial(_coded, "info-code"),
    "document_format": _document_formats,
}
"""Table → all its rows for a store."""


def _detail(fields: dict[str, Any]) -> str:
    return msgspec.json.encode(fields, order="deterministic").decode()
