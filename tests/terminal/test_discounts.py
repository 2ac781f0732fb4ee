"""Discounts, prices by hand and comments in a real terminal: by number, key and menu, online, offline, after a kill."""

import pytest

from pty_terminal import Terminal
from shop import Shop, eventually
from shop_hand import (
    COFFEE,
    DEL,
    ESC,
    F6,
    F10,
    F12,
    HONEY,
    MILK,
    come_back,
    money,
    scan,
    shows_total,
    sign_on,
)

pytestmark = pytest.mark.serial
CTRL_W = "\x17"


def expect(till: Terminal, total: int, *texts: str) -> int:
    till.wait_until(
        lambda text: shows_total(text, total) and all(one in text for one in texts), 10, f"{total} {texts}"
    )
    return total


def ask(till: Terminal, number: int, title: str, text: str) -> None:
    """By number, as a numeric keypad can."""
    till.send(f"/{number}\r")
    till.wait_for(title, "Esc goes back")
    till.send(f"{text}\r")


def pay(till: Terminal, total: int) -> None:
    till.send(F12)
    till.wait_for("DUE", money(total))
    till.send("\r")
    till.wait_for("CHANGE", "Receipt S0001-R01-")


def test_discounts_of_lines_and_of_the_sale_online_and_offline_come_to_one_figure_everywhere(shop: Shop):
    till = shop.register()
    sign_on(till)
    scan(till, MILK, 109)
    scan(till, COFFEE, 1667)

    till.send(F6)  # by key: the list of discounts, found by number
    till.wait_for("Discounts and prices", "Total discount, percent")
    till.send("301\r")
    till.wait_for("Line discount, percent", "Esc goes back")
    till.send("11\r")
    till.wait_for("At most 10 %, here 1.56. Sign on as manager for more.", "Somebody else allows it")
    till.send(ESC)
    till.wait_for("Type percent and Enter")
    assert shows_total(till.text(), 1667)
    till.send("10\r")
    expect(till, 1511, "-1.56", "so 14.02")

    till.send(F10)  # by menu: found by name
    till.wait_for("All operations")
    till.send("total discount p\r")
    till.wait_for("Total discount, percent", "Esc goes back")
    till.send("5\r")
    expect(till, 1435, "Discount 5 % on the sale: -0.76")

    shop.kill_core()
    come_back(till)
    expect(till, 1435, "-1.56")

    shop.signal_server(9)  # from here on offline, in the same sale
    till.send(f"{HONEY.code}\r")
    expect(till, 1919, "OFFLINE auto", "-2.57")
    ask(till, 300, "Line discount, amount", "0.40")
    expect(till, 1881, "Discount on")
    ask(till, 302, "Total discount, amount", "1.50")
    expect(till, 1830, "Discount on the sale: -1.50")
    till.send(CTRL_W)
    till.wait_for("Why this price", "Share of the discount on the sale", "from the catalog (offline)")
    till.send(ESC)
    till.wait_gone("Why this price")
    pay(till, 1830)

    shop.start_server()
    scan(till, MILK, 109)
    ask(till, 103, "Line comment", "sour, given away")
    ask(till, 501, "Sale comment", "for the school")
    till.wait_for("Comment noted.")
    pay(till, 109)

    first, second = shop.sales()
    assert (first["subtotal"], first["discount"], first["total"]) == (2176, 346, 1830)
    assert first["sale_discount"] == sum(line["discount_share"] for line in first["lines"]) == 150
    assert [line.get("discount", 0) for line in first["lines"]] == [0, 156, 40]
    assert (second["lines"][0]["comment"], second["comment"]) == ("sour, given away", "for the school")
    receipt = shop.run("journal", "show", "1")
    assert "Discount 10 % -1.56, so 14.02" in receipt
    assert "Discounts on lines" in receipt
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()


def test_a_price_by_hand_has_limits_and_a_reason_and_a_manager_goes_further(shop: Shop):
    till = shop.register()
    sign_on(till)
    till.send(f"3*{COFFEE.code}\r")
    expect(till, 4674)
    till.send("/106\r")
    expect(till, 1558)
    ask(till, 104, "Price override", "9.99")
    till.wait_for("from 12.46 to 18.70. Sign on as manager for more.", "Somebody else allows it")
    till.send(ESC)
    till.wait_for("Type the price of one")
    till.send("14.99\r")
    till.wait_for("Reason for the price", "2  Damaged or opened")
    till.send("2\r")
    expect(till, 1499, "14.99 set by hand", "*")
    till.send(DEL)
    expect(till, 0)
    till.send("/500\r")
    till.wait_for("F5 ")
    till.send("\x1b[15~")
    till.wait_for("The sale is voided.")
    till.send("/701\r")
    sign_on(till, "201", "201201")
    scan(till, COFFEE, 1558)
    till.send("/104 5\r")
    till.wait_for("Reason for the price")
    till.send("5\r")
    expect(till, 500)
    till.send("/303 100\r")
    expect(till, 0)
    till.send(F12)
    till.wait_for("DUE", "0.00")
    till.send("\r")
    till.wait_for("Paid.", "Receipt S0001-R01-")
    sale = shop.sales()[-1]
    line = sale["lines"][0]
    assert (sale["total"], sale["discount"], line["list_price"], line["price"]) == (0, 500, 1558, 500)
    assert line["price_reason"] == "Agreed with the manager"
    till.send("/1056\r")
    till.wait_for("X report")
    report = eventually(
        lambda: [one for one in shop.journal() if one["kind"] == "report.x"], 5, "the X report"
    )
    assert (report[0]["discount"], report[0]["price_overrides"]) == (500, 1)
    till.send("/1055\r")
    till.wait_for("Count the cash")
    till.send("100\r")
    till.wait_for("expected 100.00")
    till.send("\x1b[15~")
    till.wait_for("is closed", "Operator")
    closing = shop.journal()[-1]
    assert (closing["kind"], closing["discount"], closing["price_overrides"]) == ("shift.close", 500, 1)
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()
