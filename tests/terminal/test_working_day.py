"""A working day at the real register: every operation leaves its record, and the Z report agrees with the drawer."""

import pytest

from shop import Shop, eventually
from shop_hand import (
    BEER,
    COFFEE,
    CTRL_L,
    DEL,
    F3,
    F4,
    F5,
    F6,
    F12,
    HONEY,
    MILK,
    NORD_MILK,
    UNKNOWN,
    money,
    scan,
    sell,
    shows_total,
    sign_on,
)

pytestmark = pytest.mark.serial


def test_f10_whole_day_with_voids_card_copy_lock_and_no_sale_agrees_with_the_drawer(shop: Shop):
    till = shop.register()
    sign_on(till)
    drawer = 10_000

    # a quantity corrected, a line voided, cash with change
    scan(till, MILK, 109)
    till.send("4" + F4)
    till.wait_until(lambda text: shows_total(text, 436), what="four of them")
    scan(till, COFFEE, 436 + 1558)
    till.send(DEL)
    till.wait_until(lambda text: shows_total(text, 436), what="the coffee is gone")
    till.send(F12)
    till.wait_for("DUE")
    till.send(F5)  # the next round amount
    till.wait_for("CHANGE", "0.64")
    drawer += 436

    # split: cash, then card; the card is declined once
    scan(till, HONEY, 509)
    till.send(F12)
    till.wait_for("DUE")
    till.send("2\r")
    till.wait_for("3.09")
    till.send("c")
    till.wait_for("approved on the terminal?")
    till.send(F6)
    till.wait_gone("approved on the terminal?")
    till.send("c")
    till.wait_for("approved on the terminal?")
    till.send(f"{MILK.code}\r")  # a scan answers no guarded question
    till.settle()
    assert "approved on the terminal?" in till.text()
    till.send(F5)
    till.wait_for("Receipt S0001-R01-000002", "Card")
    drawer += 200

    # a payment taken back, then the whole sale voided
    scan(till, BEER, 599)
    till.send(F12)
    till.wait_for("DUE")
    till.send("1\r")
    till.wait_for("4.99")
    till.send(F3)
    till.wait_for("DUE", "5.99")
    till.send("/500\r")
    till.wait_for("Void the whole sale?")
    till.send(F5)
    till.wait_for("The sale is voided")

    # copy of the last receipt, drawer without a sale, X report, lock with a sale open
    till.send(F3)
    till.wait_for("Copy 1")
    till.send("/1000\r")
    eventually(lambda: any(p["kind"] == "drawer.open" for p in shop.journal()), what="no sale is a record")
    till.send("/1056\r")
    till.wait_for("X report", money(drawer))
    scan(till, NORD_MILK, 130)
    till.send(CTRL_L)
    till.wait_for("Operator", "PIN")
    till.send(f"{MILK.code}\r")
    till.wait_for("Sign in first")
    till.send("101\r101101\r")
    till.wait_until(lambda text: shows_total(text, 130), what="the sale is still there")
    till.send(F12 + "\r")
    till.wait_for("CHANGE")
    drawer += 130

    # another operator; a technician sells nothing
    till.send("/701\r")
    till.wait_for("Operator", "PIN")
    sign_on(till, "301", "301301")
    till.send(f"{MILK.code}\r")
    till.wait_for("Selling is not allowed for a technician")
    till.send("/701\r")
    till.wait_for("Operator", "PIN")
    sign_on(till, "201", "201201")
    drawer += sell(till, MILK)

    till.send("/1055\r")
    till.wait_for("Count the cash")
    till.send(f"{money(drawer + 1000)}\r")
    till.wait_for("over 10.00")
    till.send(F6)
    till.wait_for("Count again. Type the sum")
    till.send(f"{money(drawer)}\r")
    till.wait_for(f"expected {money(drawer)}", "difference", "0.00")
    till.send(F5)
    till.wait_for("Shift 1 is closed")

    close = shop.journal()[-1]
    assert close["kind"] == "shift.close"
    assert (close["expected_cash"], close["counted"], close["over_short"]) == (drawer, drawer, 0)
    kinds = [payload["kind"] for payload in shop.journal()]
    assert [kinds.count(kind) for kind in ("sale", "void", "reprint", "drawer.open", "report.x")] == [
        4,
        1,
        1,
        1,
        1,
    ]
    assert kinds.count("lock") == kinds.count("unlock") == 1
    eventually(lambda: "Z REPORT" in shop.printed().receipts[-1].text, what="the Z report is printed")
    assert money(drawer) in shop.printed().receipts[-1].text
    shop.assert_journal_holds()
    till.wait_for("up 0")
    shop.assert_server_has_all_once()


def test_whole_sale_in_one_write_and_the_next_scan_behind_it(shop: Shop):
    till = shop.register()
    sign_on(till)
    till.send(f"{MILK.code}\r3*{HONEY.code}\r\n{F12}50\r{BEER.code}\r{F12}\r")
    till.wait_for("CHANGE", "S0001-R01-000002")
    assert [sale["total"] for sale in shop.sales()] == [109 + 3 * 509, 599]

    # an Enter typed before the refusal of a scan was seen takes no money
    till.send(f"{MILK.code}\r{UNKNOWN}\r{F12}\r")
    till.wait_for("DUE", UNKNOWN)
    till.settle()
    assert "CHANGE" not in till.text()
    till.send("\r")
    till.wait_for("CHANGE", "S0001-R01-000003")
    shop.assert_journal_holds()


def test_wrong_pins_lock_the_operator_out_for_a_while_and_no_pin_is_ever_on_the_screen(shop: Shop):
    till = shop.register()
    till.wait_for("Operator", "PIN", timeout_s=40)
    for attempt in range(6):
        till.send("101\r")
        till.send(f"{900100 + attempt}")
        till.settle()
        assert f"{900100 + attempt}" not in till.text()
        till.send("\r")
        till.settle()
    till.send("101\r101101\r")
    till.settle(0.5)
    assert "TOTAL EUR" not in till.text(), "locked out"
    till.wait_for("Too many wrong PINs", "Try again in")


def test_sale_that_is_full_says_so_and_can_be_paid(shop: Shop):
    till = shop.register()
    sign_on(till)
    for _ in range(13):
        till.send(f"{COFFEE.code}\r" * 16)
        till.settle(0.1)
    till.wait_for("This sale is full")
    till.send(F12 + "\r")
    till.wait_for("CHANGE", "0.00", "S0001-R01-000001")
    sale = shop.sales()[0]
    assert sale["total"] == 1558 * len(sale["lines"])
    assert len(sale["lines"]) > 100
    till.wait_for("Receipt printed.", "up 0")
    shop.assert_server_has_all_once()
