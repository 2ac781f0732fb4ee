"""What people do at the real screen beside selling: allow, suspend, resume, practise; online and offline."""

import signal

import pytest

from shop import Shop, eventually
from shop_hand import COFFEE, ESC, F5, F7, F12, MILK, come_back, scan, sell, sign_on

pytestmark = pytest.mark.serial


def kinds(shop: Shop) -> list[str]:
    return [str(record["kind"]) for record in shop.journal()]


def printed(shop: Shop) -> str:
    return "\n".join(receipt.text for receipt in shop.printed().receipts)


def test_a_sale_is_suspended_and_resumed_by_key_list_and_slip_online_offline_and_after_a_power_cut(
    shop: Shop,
):
    till = shop.register()
    sign_on(till)
    scan(till, MILK, 109)
    scan(till, COFFEE, 1667)
    till.send("red coat")
    till.send(F7)
    till.wait_for("Suspended: S0001-R01-H1, 16.67")
    sell(till, MILK)

    till.send(F7)  # by key: the list, Enter alone for the only one
    till.wait_for("Suspended sales", "red coat", "16.67", "Ann Baker")
    till.send("\r")
    till.wait_for("TOTAL EUR", "16.67", COFFEE.name)

    shop.signal_server(signal.SIGKILL)  # offline from here
    till.send("/503\r")
    till.wait_for("Suspended: S0001-R01-H2")
    shop.kill_core()
    come_back(till)
    till.send("S0001-R01-H2\r")  # what the scanner types
    till.wait_for("S0001-R01-H2: 2 lines, 16.67")
    till.send(F12)
    till.wait_for("DUE", "16.67")
    till.send("20\r")
    till.wait_for("CHANGE", "3.33")
    till.send("S0001-R01-H2\r")
    till.wait_for("S0001-R01-H2 is not suspended.")
    till.send(ESC)

    scan(till, MILK, 109)
    till.send(F7)
    till.wait_for("Suspended: S0001-R01-H3")
    till.send("/1221\r")
    till.wait_for("Suspended sales", "1.09")
    till.send("1\r")
    till.wait_for("Void suspended sale S0001-R01-H3?")
    till.send(ESC)
    till.send("/1055\r")
    till.wait_for("Count the cash")
    till.send("117.76\r")
    till.wait_for("1 sale is still suspended, 1.09")
    till.send(ESC)
    till.send(ESC)
    till.wait_for("The shift stays open.")
    shop.start_server()
    shop.assert_server_has_all_once()
    shop.assert_journal_holds()
    assert kinds(shop).count("sale.suspend") == 3
    assert kinds(shop).count("sale.recall") == 2
    assert kinds(shop).count("sale") == 2


def test_a_second_person_allows_one_operation_and_training_counts_nowhere(shop: Shop):
    till = shop.register()
    sign_on(till)
    scan(till, COFFEE, 1558)
    till.send("/301 50\r")
    till.wait_for("Somebody else allows it", "At most 10 %", "Manager: type your number")
    till.send("101\r")
    till.wait_for("Somebody else has to allow it.")
    till.send("201\r201201\r")  # typed ahead
    till.wait_for("Discount 50 %", "TOTAL EUR", "7.79")
    assert "201201" not in till.text()
    till.send("/502 201\r")
    till.wait_for("Sold by")
    till.send("/301 60\r")
    till.wait_for("Somebody else allows it")
    till.send(ESC)
    till.wait_gone("Somebody else allows it")
    till.send(F12)
    till.wait_for("DUE", "7.79")
    till.send("\r")
    till.wait_for("CHANGE", "Receipt printed.")
    assert "Served by" in printed(shop)

    shop.signal_server(signal.SIGKILL)  # offline it works as well
    till.send("/9135\r")
    till.wait_for("Somebody else allows it", "Training is not allowed for a cashier.")
    till.send("201\r201201\r")
    till.wait_for("Begin training?")
    till.send(F5)
    till.wait_for("TRAINING")
    scan(till, MILK, 109)
    till.send(F12)
    till.wait_for("DUE", "1.09")
    till.send("\r")
    till.wait_for("CHANGE", "Receipt TRAINING")
    eventually(lambda: "For practice only. This is no receipt." in printed(shop), 10, "practice on paper")
    till.send("/1000\r")
    till.wait_for("Open drawer: not in training. /9135 leaves training first.")
    till.send("/9135\r")
    till.wait_for("Somebody else allows it")
    till.send("201\r201201\r")
    till.wait_for("Leave training?")
    till.send(F5)
    till.wait_for("Training has ended.")
    till.send("/1056\r")
    till.wait_for("X report: 1 sale, 7.79")
    eventually(lambda: "Training, not counted: 1" in printed(shop), 10, "the X report on paper")
    shop.start_server()
    shop.assert_server_has_all_once()
    shop.assert_journal_holds()
    assert kinds(shop).count("override") == 3
