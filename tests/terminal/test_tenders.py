"""Every way to pay in a real terminal: notes, checks, vouchers sold and redeemed; online, offline, refused, counted."""

import re
import signal

import pytest

from pty_terminal import Terminal
from shop import Shop, eventually
from shop_hand import COFFEE, ESC, F12, MILK, money, scan, sign_on
from store.sale.voucher import parse_voucher

pytestmark = pytest.mark.serial
F3 = "\x1bOR"
NUMBER = re.compile(r"99(?:[ ]?[0-9]){15}")


def pay(till: Terminal, *goods) -> int:
    """Goods scanned, and the pay screen."""
    total = 0
    for good in goods:
        total += good.price
        scan(till, good, total)
    till.send(F12)
    till.wait_for("To pay", money(total))
    return total


def sold_voucher(shop: Shop) -> str:
    """The number on the newest voucher slip, as the scanner reads it off the paper."""
    slips = eventually(
        lambda: [one.text for one in shop.printed().receipts if "VOUCHER" in one.text],
        what="the voucher is printed",
    )
    return parse_voucher(NUMBER.findall(slips[-1])[-1])


def test_every_way_to_pay_by_letter_number_and_scan_online_offline_and_refused(shop: Shop):
    till = shop.register()
    sign_on(till)
    due = pay(till, COFFEE)
    till.wait_for("u = ", "USD", "k = ", "v = number or scan", "a = ", "Next round amounts")
    till.send("u")
    till.wait_for("US dollars: how much USD?")
    till.send("20\r")
    till.wait_for("CHANGE", money(1_843 - due))

    till.send("/511 20\r")
    till.wait_for("Voucher 99")
    till.send("/206\r")
    till.wait_for("Paid.")
    number = sold_voucher(shop)
    shop.assert_server_has_all_once()
    till.send(f"/514 {number}\r")
    till.wait_for("20.00 left")

    due = pay(till, MILK)
    till.send(f"{number}\r")  # as an unframed scanner types it
    till.wait_for("Paid.")
    due = pay(till, MILK, COFFEE)
    till.send("k")
    till.wait_for("number of the check?")
    till.send("4111 1111 1111 1111\r")
    till.wait_for("card number")
    till.send(ESC)
    till.wait_gone("number of the check?")
    till.send("5k\r")
    till.wait_for("Check 5.00")
    till.send("4711\r")
    till.wait_for("Still to pay", money(due - 500))
    till.send(F3)
    till.wait_for("Voided: Check 5.00. Give the check back.")

    shop.signal_server(signal.SIGKILL)  # offline: the own voucher by the own journal, once
    till.send("v")
    till.wait_for("Which voucher?")
    till.send(f"{number}\r")
    till.wait_for("Paid.")
    due = pay(till, COFFEE, COFFEE, COFFEE, COFFEE, COFFEE)
    till.send(f"{number}\r")
    till.wait_for("taken", "still to pay")
    till.send("/213\r")
    till.wait_for("Which voucher?")
    till.send(f"{number}\r")
    till.wait_for("pays for this sale already")
    till.send("\r")
    till.wait_for("Paid.")
    shop.start_server()

    till.send("/1056\r")
    till.wait_for("X report: 5 sales")
    report = eventually(
        lambda: [one.text for one in shop.printed().receipts if "X REPORT" in one.text], what="the report"
    )[-1]
    for words in ("1 x US dollars", "20.00 USD", "3 x Voucher", "1 x vouchers sold"):
        assert words in report
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()
    offline = [
        row.get("offline", 0) for sale in shop.sales() for row in sale["tenders"] if row["kind"] == "voucher"
    ]
    assert offline == [0, 1, 1]
    assert (
        sum(row["amount"] for sale in shop.sales() for row in sale["tenders"] if row["kind"] == "voucher")
        == 2_000
    )
    assert shop.ask_server("/differences") == []
