"""Discounts of headquarters and taxes put in the place of others, in a real terminal, online, offline and refused."""

import pytest

from pty_terminal import Terminal
from shop import Shop
from shop_hand import COFFEE, ESC, F10, F12, MILK, come_back, money, shows_total, sign_on
from shop_packages import publish

pytestmark = pytest.mark.serial
CTRL_W = "\x17"
DISCOUNTS = [
    {"code": "WEEK", "name": "Milk week", "detail": '{"percent":"20","products":["100001"]}'},
    {"code": "OFF", "name": "Ten cents off", "detail": '{"amount":10,"products":["100001"]}'},
    {
        "code": "PAST",
        "name": "Long ago",
        "detail": '{"percent":"90","everything":true,"until_day":"2020-01-01"}',
    },
]
TAXES = [
    {"code": "T", "name": "Take away", "rate": "5", "included": 1, "detail": '{"replaces":["R"]}'},
    {
        "code": "X",
        "name": "Diplomats",
        "rate": "0",
        "included": 1,
        "detail": '{"exempt":true,"replaces":["*"]}',
    },
]


def expect(till: Terminal, total: int, *texts: str) -> None:
    till.wait_until(
        lambda text: shows_total(text, total) and all(one in text for one in texts), 10, f"{total} {texts}"
    )


def pay(till: Terminal, total: int) -> None:
    till.send(F12)
    till.wait_for("DUE", money(total))
    till.send("\r")
    till.wait_for("CHANGE", "Receipt S0001-R01-")


def test_discounts_of_headquarters_and_overridden_taxes_online_offline_and_refused(shop: Shop):
    publish(shop.home, {}, discount=DISCOUNTS, tax=TAXES)
    till = shop.register()
    sign_on(till)
    assert shop.run("sync", "now").startswith("Synchronised: ")

    till.send(f"{MILK.code}\r")  # the best price wins
    expect(till, 87, "-0.22")
    till.send(CTRL_W)
    till.wait_for("Milk week (WEEK), 20 %: -0.22", "The best price: 1 of 2 discounts.")
    till.send(ESC)
    till.wait_gone("Why this price")
    till.send("/311\r")
    expect(till, 109, "No discounts of headquarters on this sale.")
    till.send("/312\r")
    expect(till, 87, "are back: -0.22")
    till.send(F10)  # by name
    till.wait_for("All operations")
    till.send("calculate\r")
    expect(till, 87, "Discounts of headquarters: -0.22")
    till.send("/128\r")  # a cashier may not
    till.wait_for("Somebody else allows it")
    till.send(ESC)
    till.wait_gone("Somebody else allows it")
    shop.signal_server(9)  # offline, in the same sale
    till.send(f"2*{MILK.code}\r")
    expect(till, 261, "OFFLINE auto", "-0.44")
    pay(till, 261)
    till.send("/701\r")

    sign_on(till, "201", "201201")
    till.send(f"{MILK.code}\r")
    expect(till, 87)
    till.send(f"{COFFEE.code}\r")
    expect(till, 1645)
    till.send("/127\r")
    till.wait_for("Override sale tax", "(T, X)")
    till.send("Q\r")
    till.wait_for("is no tax of this store")
    till.send("t\r")
    expect(till, 1645, "Take away 5 % on the sale.")
    till.send("/130\r")
    till.wait_for("Override line tax from list", "X Diplomats 0 %")
    till.send("2\r")
    till.wait_for("number of the certificate")
    till.send("D-4711\r")
    expect(till, 1396, "Diplomats 0 % on")
    shop.kill_core()
    come_back(till)
    expect(till, 1396, "Diplomats")
    till.send("/129 -\r")
    expect(till, 1645, "own taxes again")
    till.send("/128\r")
    till.wait_for("Override sale tax from list")
    till.send("2\r")
    till.wait_for("number of the certificate")
    till.send("D-4711\r")
    expect(till, 1390, "Diplomats 0 % on the sale.")
    pay(till, 1390)

    shop.start_server()
    till.send(f"{MILK.code}\r")
    till.wait_for("ONLINE")
    pay(till, 87)
    first, second, _ = shop.sales()
    assert [line["offers"][0]["off"] for line in first["lines"]] == [22, 44]
    assert (second["certificate"], second["tax_relief"], second["total"]) == ("D-4711", 255, 1390)
    assert [line["tax_before"] for line in second["lines"]] == ["R", "S"]
    receipt = shop.run("journal", "show", "2")
    assert "Milk week 20 % -0.22" in receipt
    assert "Certificate of exemption" in receipt
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()
