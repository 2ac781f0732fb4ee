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
