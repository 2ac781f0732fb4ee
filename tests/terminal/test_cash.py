"""Cash and shift at the real register, by the keys of a real terminal of 80x24."""

import signal

import pytest

from shop import Shop, eventually
from shop_hand import MILK, money, sell, sign_on

pytestmark = pytest.mark.serial

F5, F11 = "\x1b[15~", "\x1b[23~"


def test_money_beside_sales_is_moved_by_number_and_menu_and_the_drawer_agrees(shop: Shop):
    till = shop.register()
    sign_on(till)
    drawer = 10_000 + sell(till, MILK)

    till.send("/1201\r")
    till.wait_for("Float entry: how much?", "EUR >")
    till.send("50 from the office\r")
    till.wait_for("Float entry: 50.00 put into the drawer")
    drawer += 5_000

    till.send("/1212\r")
    till.wait_for("Bank drop: how much?")
    till.send("80\r")
    till.wait_for("Bank drop: which bag?")
    till.send("BAG-0815\r")
    till.wait_for("Bank drop: 80.00 taken out of the drawer")
    drawer -= 8_000

    till.send(F11)
    till.wait_for("Safe drop", "Income account", "Expense account")
    till.send("518\r")
    till.wait_for("Expense: which account?", "4980", "Postage")
    till.send("4980\r")
    till.wait_for("Expense: how much?")
    till.send("3.70\r")
    till.wait_for("Expense: 3.70 taken out of the drawer")
    drawer -= 370

    shop.signal_server(signal.SIGKILL)
    till.send("/1210 12\r")
    till.wait_for("Tender removal: 12.00 taken out of the drawer")
    till.send("/1211 20\r/517 8100 5.50\r")
    till.wait_for("Income: 5.50 put into the drawer")
    drawer += -1_200 - 2_000 + 550

    till.send("/1211 9999\r")
    till.wait_for("more than the register knows")
    till.send(f"{MILK.code}\r")  # no scan answers it
    till.settle()
    till.send("\x1b")
    till.wait_gone("more than the register knows")
    till.send("/1056\r")
    till.wait_for("X report", money(drawer))
    shop.start_server()

    kinds = [payload["kind"] for payload in shop.journal()]
    assert [kinds.count(f"cash.{kind}") for kind in ("float", "removal", "safe_drop", "bank_drop")] == [1] * 4
    assert [kinds.count(f"cash.{kind}") for kind in ("income", "expense")] == [1, 1]
    eventually(lambda: "X REPORT" in shop.printed().receipts[-1].text, what="the report is printed")
    slips = "".join(receipt.text for receipt in shop.printed().receipts)
    for words in ("FLOAT ENTRY", "BAG-0815", "4980 Postage", "Signature", "1 x Safe drop"):
        assert words in slips
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()


def test_the_drawer_is_counted_by_notes_and_coins_and_the_closing_takes_it(shop: Shop):
    till = shop.register()
    sign_on(till)
    sell(till, MILK)
    till.send("/1052\r")
    till.wait_for("How many 500.00?", "Cash counted 0.00")
    till.send("\r\r\r2\r")  # faster than anybody looks
    till.wait_for("How many 20.00?", "Cash counted 100.00")
    assert "101.09" not in till.text()
    shop.kill_core()
    till.wait_for("How many 20.00?", "Cash counted 100.00", timeout_s=40)
    till.send(f"{MILK.code}\r")
    till.wait_for("Answer it first")
    till.send("1*1\r")
    till.wait_for("Cash counted 101.00")
    till.send("\r" * 11)
    till.wait_for("Declare 101.00?", "Cash 101.00")
    till.send(F5)
    till.wait_for("Declared: 101.00")
    till.send("/1055\r")
    till.wait_for("Close shift 1?", "counted 101.00, expected 101.09, short 0.09".capitalize())
    till.send(F5)
    till.wait_for("Shift 1 is closed")
    close = shop.journal()[-1]
    assert [(row["kind"], row["over_short"]) for row in close["declared"]] == [("cash", -9)]
    for words in ("Z REPORT", "2 x 50.00"):
        eventually(
            lambda words=words: any(words in each.text for each in shop.printed().receipts), what=words
        )
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()


def test_shifts_are_suspended_resumed_blind_closed_and_counted_and_the_z_is_printed_again(shop: Shop):
    till = shop.register()
    sign_on(till)
    sold = sell(till, MILK)
    till.send(F11)
    till.wait_for("Suspend shift", "Blind close shift", "Manage shifts", "Reprint Z report")
    till.send("1054\r")
    till.wait_for("Shift 1 is suspended", "Operator", "PIN")

    shop.signal_server(signal.SIGKILL)
    till.send("201\r201201\r")
    till.wait_for("Resume a shift?", "by Ann Baker", "Open a new shift", timeout_s=20)
    till.send("0\r")
    till.wait_gone("Resume a shift?")
    till.send("50\r")
    till.wait_for("Shift 2 is open with 50.00")
    sell(till, MILK)
    till.send("/1053\r")
    till.wait_for("Blind close shift 2?")
    till.send(f"{MILK.code}\r")  # no scan answers it
    till.settle()
    till.send(F5)
    till.wait_for("Shift 2 is blind closed")

    shop.kill_core()
    sign_on_again(till)
    till.wait_for("Resume a shift?")
    till.send("1\r")
    till.wait_for("Shift 1 is open again")
    till.send("/1055\r")
    till.wait_for("Count the cash")
    till.send(f"{money(10_000 + sold)}\r")
    till.wait_for("expected 101.09, difference", "0.00.")
    till.send(F5)
    till.wait_for("Shift 1 is closed")
    shop.start_server()

    sign_on_again(till)
    till.send("/918\r")
    till.wait_for("Shifts of this register", "blind closed")
    till.send("2\r")
    till.wait_for("Count the cash")
    till.send("51\r")
    till.wait_for("short 0.09")
    till.send(F5)
    till.wait_for("Shift 2 is closed")
    sign_on_again(till)
    till.send("/1057\r")
    till.wait_for("Copy 1 of the Z report of shift 2")

    closings = [payload for payload in shop.journal() if payload["kind"] == "shift.close"]
    assert [(each["shift"], each["over_short"]) for each in closings] == [(1, 0), (2, -9)]
    assert closings[1]["grand_total"] == 2 * sold == closings[1]["grand_total_before"] * 2
    eventually(
        lambda: any("COPY 1" in each.text for each in shop.printed().receipts), what="the copy is printed"
    )
    slips = "".join(each.text for each in shop.printed().receipts)
    assert "SHIFT SUSPENDED" in slips
    assert "SHIFT BLIND CLOSED" in slips
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()


def sign_on_again(till) -> None:
    till.wait_for("Operator", "PIN", timeout_s=40)
    till.send("101\r101101\r")
    till.wait_until(lambda text: "PIN " not in text, 20, what="signed in")
