"""The demo's chain: one store, its people, taxes and goods, set up through the operators' socket of headquarters."""

import csv
import io
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from tui.demo.goods import Goods, Row
from tui.demo.refusal import DemoRefused
from tui.demo.special_goods import INFO_CODES, PRODUCTS, STOCK

STORE = "S0001"
REGISTER = "S0001-R01"
STAFF = (
    ("101", "Ann Baker", "cashier", "101101"),
    ("201", "Morgan Lee", "manager", "201201"),
    ("301", "Teo Nowak", "technician", "301301"),
)
"""Number, name, role and PIN of the demo's operators, as README and F1 show them."""
TAXES: tuple[Row, ...] = (
    {"code": "R", "name": "Tax", "rate": "7", "included": True},
    {"code": "S", "name": "Tax", "rate": "19", "included": True},
    {"code": "Z", "name": "Tax", "rate": "0", "included": True},
)
CHOSEN_TAXES: dict[str, Row] = {
    "T": {"name": "Take away", "rate": "7", "replaces": ["S"]},
    "X": {"name": "Exempt", "rate": "0", "exempt": True, "replaces": ["*"]},
}
"""What a manager may put in the place of the goods' own tax (127-130)."""
DISCOUNTS: dict[str, Row] = {
    "STAFF10": {"name": "Staff", "percent": "10", "everything": True, "price_group": "STAFF"},
    "SWEETS": {"name": "Sweet week", "percent": "15", "departments": ["08"]},
}
LABEL_REGION = "DE"
STORE_FIELDS = {
    "name": "First store",
    "address": "1 Market Square\n10178 Berlin",
    "tax_id": "DE123456789",
    "currency": "EUR",
    "label_region": LABEL_REGION,
    "receipt_footer": "Thank you for shopping with us.\nThis is a demo shop; nothing was really sold.",
}
SETTINGS = {
    "income_accounts": "8100 Vending machine; 8200 Found money",
    "expense_accounts": "4930 Office supplies; 4950 Cleaning; 4980 Postage",
    "account_offline_limit": "5000",
}
"""What the operations 517 and 518 can be booked to."""
TENDERS: dict[str, Row] = {
    "usd": {
        "name": "US dollars",
        "kind": "foreign",
        "position": 3,
        "letter": "u",
        "currency": "USD",
        "rate": "0.9217",
    },
    "check": {"name": "Check", "kind": "check", "position": 4},
    "voucher": {
        "name": "Voucher",
        "kind": "voucher",
        "position": 5,
        "valid_days": 1_095,
        "offline_limit": 2_000,
    },
    "account": {"name": "Customer account", "kind": "account", "position": 6},
}
"""What is taken beside cash and card, which every headquarters has from the start."""
CUSTOMERS: dict[str, Row] = {
    "C1001": {
        "name": "Maria Berg",
        "phone": "+49 30 123456",
        "email": "maria.berg@example.org",
        "card": "KC-1001",
        "account": True,
        "credit_limit": 20_000,
    },
    "C1002": {"name": "Ann Baker (staff)", "card": "KC-1002", "group": "STAFF"},
    "C1003": {
        "name": "Hotel Adler",
        "phone": "+49 30 777888",
        "tax_id": "DE811907980",
        "account": True,
        "credit_limit": 100_000,
    },
    "C1004": {"name": "Bo Blocked", "phone": "0171 555000", "blocked": "unpaid bills"},
}
"""Whom the demo shop knows; scan KC-1001 or press F5."""
FIRST_SKU = 100_001
COLUMNS = ("code", "name", "price", "tax", "department", "unit", "barcodes", "plu", "open_price", "weighed")
APPLIED_S = 300.0
"""How long the Retail Server may take to load a catalog of a million items."""
APPLIED_CHECK_S = 0.1


class HeadquartersLine(Protocol):
    """The line to a headquarters that runs; raises CommandFailed when it refuses or does not answer."""

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The JSON of a GET."""
        ...

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        document: Any = None,
        body: Iterable[bytes] | None = None,
    ) -> Any:
        """The JSON of any other call."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class Chain:
    """The demo's chain; every method raises what the line raises."""

    def __init__(self, line: HeadquartersLine) -> None:
        self._client = line

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def set_up(self, goods: Goods, *, had: int) -> None:
        """Put everything in and send it; `had` is how many products there were before."""
        self._put("store", STORE, STORE_FIELDS)
        for tax in TAXES:
            self._put("tax", tax["code"], {key: tax[key] for key in ("name", "rate", "included")})
        for department in goods.departments:
            fields = {key: department[key] for key in ("name", "tax", "position")}
            self._put("department", department["code"], fields)
        self._put("register", REGISTER, {"store": STORE, "support_offline": True})
        for name, value in SETTINGS.items():
            self._put("setting", name, {"value": value})
        for code, tender in TENDERS.items():
            self._put("tender", code, tender)
        self._put("customer-group", "STAFF", {"name": "Staff"})
        for code, fields in CHOSEN_TAXES.items():
            self._put("tax", code, fields)
        for code, discount in DISCOUNTS.items():
            self._put("discount", code, discount)
        for number, customer in CUSTOMERS.items():
            self._put("customer", number, customer)
        for operator, name, role, pin in STAFF:
            self._put("staff", operator, {"name": name, "role": role, "pin": pin})
        for beyond in range(len(goods.items), had):
            self._client.call("DELETE", f"/setup/product/{FIRST_SKU + beyond}")
        self._import(goods)
        tax, department = goods.departments[0]["tax"], goods.departments[0]["code"]
        special = {key: {"tax": tax, "department": department, **row} for key, row in PRODUCTS.items()}
        for noun, rows in (("info-code", INFO_CODES), ("product", special), ("availability", STOCK)):
            for key, fields in rows.items():
                self._put(noun, key, fields)
        self._client.call("POST", "/commands/job/run", document={"numbers": ["9999"]})

    def activation_code(self) -> str:
        """A one-time code for the demo's register."""
        answer = self._client.call(
            "POST",
            "/commands/device/set",
            document={"register": REGISTER, "activation_code": True},
        )
        return str(answer["activation_code"])

    def wait_until_applied(self) -> None:
        """Wait until the store's channel database has everything that was sent."""
        end_s = time.monotonic() + APPLIED_S
        while time.monotonic() < end_s:
            waiting = self._client.get("/commands/session/list", {"database": STORE, "open": True})
            if not waiting:
                return
            time.sleep(APPLIED_CHECK_S)
        raise DemoRefused("The Retail Server of the demo did not load the goods; see its output.")

    def _put(self, noun: str, key: str, fields: dict[str, Any]) -> None:
        self._client.call("PUT", f"/setup/{noun}/{key}", document=fields)

    def _import(self, goods: Goods) -> None:
        report = self._client.call(
            "POST", "/imports/product", query={"amounts": "minor"}, body=product_lines(goods)
        )
        if report["refused_count"]:
            raise DemoRefused(f"Headquarters refuses goods: {report['refused'][0]['reason']}")
        self._client.call("POST", f"/imports/{report['id']}/apply")


def product_lines(goods: Goods) -> Iterator[bytes]:
    """The goods as the CSV file that headquarters imports, in pieces."""
    codes = {str(row["sku"]): str(row["gtin"]) for row in goods.barcodes}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for number, item in enumerate(goods.items, start=1):
        table.writerow(_cells(item, codes.get(item["sku"], "")))
        if number % 1_000 == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _cells(item: Row, gtin: str) -> tuple[Any, ...]:
    price = "" if item["open_price"] else item["price"]
    yes = {0: "no", 1: "yes"}
    return (
        item["sku"], item["name"], price, item["tax"], item["department"], item["unit"], gtin, item["plu"],
        yes[item["open_price"]], yes[item["weighed"]],
    )  # fmt: skip
