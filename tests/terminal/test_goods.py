"""Goods with conditions, the journal, stock and health in a real terminal: online, offline and refused."""

import json

import pytest

from pty_terminal import Terminal
from shop import Shop
from shop_hand import DEL, ESC, F5, F6, F10, F12, MILK, money, shows_total, sign_on
from shop_packages import publish

pytestmark = pytest.mark.serial
WHISKY, WATER, PHONE, PARCEL = "4099900000025", "4099900000032", "4099900000049", "4099900000056"
ITEMS = [
    {"sku": "900001", "name": "Bottle deposit", "price": 25, "detail": '{"empties":true}'},
    {"sku": "900002", "name": "Old Kiln whisky", "price": 2499, "detail": '{"min_age":18}'},
    {
        "sku": "900003",
        "name": "Spring water",
        "price": 79,
        "detail": '{"deposit":"900001","further_units":["crate=12:8.99"],"description":"From the spring."}',
    },
    {"sku": "900004", "name": "Field phone", "price": 8900, "detail": '{"serial":"required"}'},
    {"sku": "900005", "name": "Parcel", "price": 450, "detail": '{"info_codes":["SERVICE"]}'},
    {"sku": "900006", "name": "Recalled toy", "price": 999, "plu": "906", "blocked": "it was recalled."},
]
ROWS = {
    "item": [{"unit": "pcs", "tax": "S", "department": "01", **row} for row in ITEMS],
    "barcode": [
        {"gtin": code.zfill(14), "sku": f"90000{n}"}
        for n, code in enumerate((WHISKY, WATER, PHONE, PARCEL), start=2)
    ],
    "availability": [{"sku": "900003", "quantity": "144", "as_of_ms": 1_700_000_000_000}],
    "info_code": [
        {
            "code": "SERVICE",
            "name": "Parcel service",
            "detail": '{"kind":"list","choices":["Yellow","Brown"]}',
        }
    ],
}


def expect(till: Terminal, total: int, *texts: str) -> None:
    till.wait_until(
        lambda text: shows_total(text, total) and all(one in text for one in texts), 10, f"{total} {texts}"
    )


def close(till: Terminal, title: str) -> None:
    till.send(ESC)
    till.wait_gone(title)


def test_goods_with_conditions_online_offline_and_refused(shop: Shop):
    publish(shop.home, {}, **ROWS)
    till = shop.register()
    sign_on(till)
    assert shop.run("sync", "now").startswith("Synchronised: ")

    till.send(f"{WHISKY}\r")
    till.wait_for("Age 18", "or earlier?", "F5 Old enough")
    till.send(f"{MILK.code}\r")  # no scan answers it
    till.wait_for("Answer it first")
    till.send(F6)
    till.wait_for("nobody under 18 may buy it")
    till.send(f"{WHISKY}\r")
    till.wait_for("Age 18")
    till.send(F5)
    expect(till, 2499)
    till.send("906\r")  # blocked, with its reason
    till.wait_for("must not be sold: it was recalled.")
    till.send(f"2*{WATER}\r")
    expect(till, 2499 + 2 * 79 + 2 * 25, "Bottle deposit")
    till.send("/123\r")
    till.wait_for("Unit of measure", "crate")
    till.send("2\r")
    expect(till, 2499 + 2 * 899 + 24 * 25)
    shop.signal_server(9)  # offline, in the same sale
    till.send(DEL)  # the deposit goes with its goods
    expect(till, 2499)
    till.send(f"{PHONE}\r")
    till.wait_for("Serial number", "OFFLINE auto")
    till.send("SN-4711\r")
    expect(till, 2499 + 8900)
    till.send(f"{PARCEL}\r")
    till.wait_for("Parcel service", "Yellow")
    till.send("2\r")
    expect(till, 2499 + 8900 + 450)
    till.send("/9150\r")
    till.wait_for("Return of empties")
    till.send(f"6*{WATER}\r")
    expect(till, 2499 + 8900 + 450 - 150)
    close(till, "Return of empties")
    till.send(F10)  # by name
    till.wait_for("All operations")
    till.send("inventory\r")
    till.wait_for("Nothing is known of its stock.")  # of the selected line
    till.send(f"/801 {WATER}\r")
    till.wait_for("144 pcs", "Last known here.")
    till.send("/922\r")
    till.wait_for("Product details")
    close(till, "Product details")
    till.send(F12)
    till.wait_for("DUE", money(11699))
    till.send("\r")
    till.wait_for("CHANGE", "Receipt S0001-R01-")

    till.send(F6)  # the journal
    till.wait_for("Journal of this register", "116.99")
    till.send("\r")
    till.wait_for("Serial no. SN-4711", "Parcel service: Brown")
    till.send("\r")
    till.wait_for("Print again", "Take goods back")
    till.send("1\r")
    till.wait_for("Copy 1 of receipt")
    till.send("/802\r")
    till.wait_for("Stock count")
    till.send(f"{MILK.code}\r12*{WATER}\rend\r")
    till.wait_for("Finish the stock count?", "2 items, 13 counted")
    till.send(F5)
    till.wait_for("The count of 2 items is recorded.")
    till.send("/717\r")
    till.wait_for("Health check", "does not answer", "its end is sound")
    close(till, "points need")

    shop.start_server()  # everything reaches the books
    assert shop.run("sync", "now").startswith("Synchronised: ")
    rows = json.loads(shop.run("journal", "list", "--json"))
    kinds = [row["kind"] for row in rows]
    assert "stock.count" in kinds and all(row["state"] == "acknowledged" for row in rows)
    till.send("/701\r")
    sign_on(till, "301", "301301")  # a technician counts nothing
    till.send("/802\r")
    till.wait_for("not allowed for a technician")
