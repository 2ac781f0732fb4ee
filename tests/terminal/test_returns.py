"""Goods that come back in a real terminal: by key, number and scan, online and offline, allowed and refused."""

import pytest

from pty_terminal import Terminal
from shop import Shop
from shop_hand import BEER, ESC, F5, F12, HONEY, MILK, come_back, money, scan, sell, sign_on

pytestmark = pytest.mark.serial
F8, DOWN = "\x1b[19~", "\x1b[B"
RECEIPT = "S0001-R01-000001"


def expect(till: Terminal, total: str, *texts: str) -> None:
    till.wait_until(
        lambda text: (
            any(
                "TOTAL EUR" in row and row.split("TOTAL EUR")[1].split()[0] == total
                for row in text.splitlines()
            )
            and all(one in text for one in texts)
        ),
        10,
        f"{total} {texts}",
    )


def give_back(till: Terminal, amount: str) -> None:
    till.send(F12)
    till.wait_for("goes back", amount)
    till.send("\r")
    till.wait_for(f"GIVE BACK {amount}", "Receipt S0001-R01-")


def test_goods_come_back_with_and_without_receipt_in_exchange_and_a_sale_is_undone(shop: Shop):
    till = shop.register()
    sign_on(till)
    sell(till, MILK, HONEY)

    till.send(F8)  # by key, the short number, and an arrow
    till.wait_for("Scan the receipt, or type its number.")
    till.send("1\r")
    till.wait_for("Return with receipt", RECEIPT, ">1 ")
    till.send(DOWN)
    till.wait_for(">2 ")
    till.send("\r")
    expect(till, "-5.09", "Return: 1 x")
    shop.kill_core()
    come_back(till)
    expect(till, "-5.09")
    give_back(till, "5.09")

    shop.signal_server(9)  # from here on offline; the scanner types the receipt's number
    till.send(f"{RECEIPT}\r")
    till.wait_for("Return with receipt", "came back", "took back is not known")
    till.send("2\r")
    till.wait_for("all 1 of it came back already")
    till.send("*\r")
    expect(till, "-1.09", "OFFLINE auto")
    till.send(f"{BEER.code}\r")  # an exchange: one difference to pay
    expect(till, "4.90")
    till.send(F12)
    till.wait_for("DUE", money(490))
    till.send("\r")
    till.wait_for("CHANGE", "Receipt S0001-R01-")

    till.send("/114 S0001-R02-000001\r")
    till.wait_for("only receipts of this register come back")
    till.send(f"/109 {HONEY.code}\r")
    till.wait_for("Why does it come back?", "2  Damaged or faulty")
    till.send("2\r")
    expect(till, "-5.09", "OFFLINE auto")
    give_back(till, "5.09")
    till.send(f"/109 99*{HONEY.code}\r")
    till.wait_for("Why does it come back?")
    till.send("1\r")
    till.wait_for("At most 50.00 on a line", "Somebody else allows it")
    till.send(ESC)
    till.wait_for("Why does it come back?")
    till.send(ESC)
    till.wait_gone("Why does it come back?")

    shop.start_server()
    scan(till, MILK, 109)
    till.send("/9130\r")
    till.wait_for("A gift receipt is printed with the receipt.")
    till.send(F12)
    till.wait_for("DUE", money(109))
    till.send("\r")
    till.wait_for("CHANGE", "Receipt S0001-R01-")
    till.send("/9140\r")
    till.wait_for("Somebody else allows it")  # a cashier may not; a manager allows this one
    till.send("201\r")
    till.wait_for("PIN")
    till.send("201201\r")
    till.wait_for("Undo this sale?", "Give back 1.09 in cash.")
    till.send(F5)
    till.wait_for("is undone by S0001-R01-000006")
    till.send("/1056\r")
    till.wait_for("X report")
    till.send("/1055\r")
    till.wait_for("Count the cash")
    till.send("150\r")
    till.wait_for("Close shift 1?")
    till.send(F5)  # the server counts returns and the undone sale by itself
    till.wait_for("Shift 1 is closed")

    first, returned, exchange, blind, gift, undone = shop.sales()
    report = next(record for record in shop.journal() if record["kind"] == "report.x")
    assert [sale["total"] for sale in (returned, exchange, blind, undone)] == [-509, 490, -509, -109]
    assert (report["returns"], report["returns_total"]) == (3, 509 + 109 + 509)
    assert (report["post_voids"], report["sales_total"]) == (1, 618 - 509 + 490 - 509)
    assert report["expected_cash"] == report["start_amount"] + report["sales_total"]
    assert undone["voids_of"]["receipt_no"] == gift["receipt_no"]
    assert first["total"] == 618
    assert "S0001-R01-000005 GIFT" in shop.printed_numbers()
    assert "RETURN S0001-R01-000001" in shop.run("journal", "show", "2")
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()
