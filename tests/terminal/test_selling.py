"""The whole program in a real terminal: sign in, sell, take cash, print, close the shift; the server has it once."""

import re

import pytest

from dev_escpos_decoder import Receipt, decode
from pty_terminal import Terminal
from shop import Shop, eventually
from shop_hand import (
    BANANA_LABEL,
    COFFEE,
    F5,
    F12,
    FINELINER,
    INS,
    MILK,
    NORD_MILK,
    SMALL_MILK,
    SUSHI_RICE,
    UNKNOWN,
    money,
    scan,
    sell,
    shows_total,
    sign_on,
)
from shop_network import tcp_printer

pytestmark = pytest.mark.serial
TEN_ITEMS_TOTAL = 109 + 130 + 3 * 79 + 96 + 249 + 250 + 320 + 1558 + 129 + 279
TAX_7 = 109 + 130 + 237 + 96 + 249 + 320 + 129 + 279
"""Gross of what is taxed at 7 %: food and stationery. The rest is taxed at 19 %."""


def sell_ten_items(till: Terminal) -> None:
    """Scans, N*CODE, a scale's label, a typed weight, a department for an unknown code, an open price."""
    total = scan_and_add(till, 0, MILK, NORD_MILK)
    till.send(f"3*{SMALL_MILK.code}\r")
    total = expect(till, total + 237, "3 x 0.79")
    total = scan_and_add(till, total, BANANA_LABEL)
    till.send("1.25*4011\r")
    total = expect(till, total + 249, "1.25 kg")
    till.send(f"{UNKNOWN}\r")
    till.wait_for("is not on file")
    till.send(INS)
    till.wait_for("Sell by department", "Drinks")
    till.send("9\r")
    till.wait_for("Type the price")
    till.send("2.50\r")
    total = expect(till, total + 250, "Drinks")
    till.send("7001\r")
    till.wait_for("Newspaper", "price")
    till.send("3.20\r")
    total = expect(till, total + 320, "Newspaper")
    total = scan_and_add(till, total, COFFEE, FINELINER, SUSHI_RICE)
    assert total == TEN_ITEMS_TOTAL


def scan_and_add(till: Terminal, total: int, *goods) -> int:
    for good in goods:
        total += good.price
        scan(till, good, total)
    return total


def expect(till: Terminal, total: int, text: str) -> int:
    till.wait_until(lambda seen: shows_total(seen, total) and text in seen, what=f"{text}, {money(total)}")
    return total


def close_shift(till: Terminal, counted: int, expected: int) -> None:
    till.send("/1055\r")
    till.wait_for("Count the cash")
    till.send(f"{money(counted)}\r")
    till.wait_for("Close shift", f"expected {money(expected)}")
    till.send(F5)
    till.wait_for("is closed", "Operator")


def squeezed(lines) -> list[str]:
    """Rows without their blanks, since large type is narrower; the printer's code page has no wide characters."""
    return [re.sub(r"\s+", "", re.sub("[寿司米]", "??", line)) for line in lines if line.strip()]


def amount_behind(receipt: Receipt, word: str) -> str:
    return next(row.split()[-1] for row in receipt.rows if row.startswith(word))


def test_ten_items_cash_receipt_and_z_report_agree_on_paper_in_the_journal_and_at_the_server(shop: Shop):
    with tcp_printer() as printer:
        shop.connect(printer=printer.address)
        till = shop.register()
        sign_on(till)
        sell_ten_items(till)
        till.send(F12)
        till.wait_for("DUE", money(TEN_ITEMS_TOTAL))
        till.send("50\r")
        till.wait_for("CHANGE", money(5000 - TEN_ITEMS_TOTAL))
        till.wait_for("Receipt printed.")

        receipt = decode(printer.sent).receipts[0]
        sale = shop.sales()[0]
        assert squeezed(receipt.rows) == squeezed(shop.run("journal", "show", "1").splitlines())
        assert [line["gross"] for line in sale["lines"]] == [109, 130, 237, 96, 249, 250, 320, 1558, 129, 279]
        assert sale["total"] == TEN_ITEMS_TOTAL == sum(tender["amount"] for tender in sale["tenders"])
        assert amount_behind(receipt, "TOTAL") == money(TEN_ITEMS_TOTAL)
        assert amount_behind(receipt, "Change").lstrip("-") == money(5000 - TEN_ITEMS_TOTAL)
        assert {tax["gross"] for tax in sale["taxes"]} == {TAX_7, TEN_ITEMS_TOTAL - TAX_7}
        for fact in (
            "First store",
            "DE123456789",
            "S0001-R01-000001",
            "101 Ann Baker",
            sale["business_date"],
        ):
            assert fact in receipt.text

        drawer = 10_000 + TEN_ITEMS_TOTAL
        close_shift(till, drawer, drawer)
        z = eventually(lambda: decode(printer.sent).receipts[1:], 10, "the Z report is printed")[0]
        record = shop.journal()[-1]
        assert record["kind"] == "shift.close"
        assert squeezed(z.rows) == squeezed(
            shop.run("journal", "show", "--seq", str(record["seq"])).splitlines()
        )
        assert money(drawer) in z.text
        assert len(decode(printer.sent).pulses) >= 1, "the drawer opened for the cash"
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()


def test_closed_shift_is_offered_for_opening_and_the_next_one_counts_only_itself(shop: Shop):
    till = shop.register()
    sign_on(till)
    first = sell(till, MILK, COFFEE)
    close_shift(till, 10_000 + first - 50, 10_000 + first)  # half a euro is missing
    assert shop.journal()[-1]["over_short"] == -50

    sign_on(till)
    till.wait_for("start amount")
    till.send("\r")  # nothing typed opens nothing
    till.send(f"{MILK.code}\r")  # and a scan is no start amount
    till.settle()
    assert "start amount" in till.text().lower()
    till.send("50\r")
    till.wait_for("Shift 2", "TOTAL EUR")
    second = sell(till, NORD_MILK)
    close_shift(till, 5_000 + second, 5_000 + second)
    shifts = [payload for payload in shop.journal() if payload["kind"].startswith("shift.")]
    assert [payload["kind"].split(".")[1] for payload in shifts] == ["open", "close", "open", "close"]
    assert [payload["shift"] for payload in shifts] == [1, 1, 2, 2]
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()
    eventually(lambda: len(shop.printed().receipts) == 4, 5, "two receipts and two Z reports")
    till.send("\x11")
    assert till.wait_exit() == 0
    eventually(lambda: shop.core_pid() == 0, 5, "the core has ended")
