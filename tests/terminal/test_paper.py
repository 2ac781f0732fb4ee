"""A shop that speaks German, with its own receipt, printed on request: macros, overview and plot in a real terminal."""

import json

import pytest

from shop import Shop, eventually
from shop_hand import ESC, F3, F12, HONEY, MILK, sign_on
from shop_packages import publish

pytestmark = pytest.mark.serial
FORMAT = {
    "printing": "on-request",
    "header": "text center bold | *** {store} ***\nblock store\nblock copy\nblock facts\n"
    "columns | Bon | {receipt}\nrule",
}
ROWS = {
    "setting": [
        {"key": "language", "value": "de"},
        {"key": "macro_1", "value": f"2*{MILK.code}\n/105 3"},
    ],
    "document_format": [{"code": "sale", "detail": json.dumps(FORMAT)}],
}


def test_german_receipts_on_request_macros_and_overview_online_offline_and_refused(shop: Shop):
    publish(shop.home, {}, **ROWS)
    till = shop.register()
    sign_on(till, "201", "201201")
    assert shop.run("sync", "now").startswith(("Synchronised: ", "Synchronisiert: "))
    till.send(f"{HONEY.code}\r")  # the new data is used from here on
    till.wait_for("SUMME EUR", "F12Zahlen", "Zwischensumme")
    till.send("/9181\r")  # a macro: two of milk, then three
    till.wait_until(lambda text: "3 x " in text, 10, "the macro has typed")
    till.send("/9182\r")
    till.wait_for("nicht eingerichtet")
    till.send("/9170\r")
    till.wait_for("ein Verkauf ist offen")

    shop.signal_server(9)  # offline in the same sale
    before = len(shop.printed().receipts)
    till.send(F12)
    till.wait_for("Zu zahlen", "FÄLLIG")
    till.send("\r")
    till.wait_for("auf Wunsch gedruckt: F3")
    assert len(shop.printed().receipts) == before
    till.send(F3)
    till.wait_for("gedruckt")
    eventually(lambda: len(shop.printed().receipts) == before + 1, 10, "the receipt is on paper")
    paper = shop.printed().receipts[-1].text
    assert "***" in paper and "Bon " in paper and "SUMME EUR" in paper and "KOPIE" not in paper
    till.send("/9170\r")
    till.wait_for("bis jetzt; nichts", "1 Verkauf", "Bargeld erwartet")
    till.send(ESC)
    till.send("/9171\r")
    till.wait_for("1 Verkauf", "█")
    till.send(f"{MILK.code}\r")  # closes the chart and sells
    till.wait_gone("█")

    out = shop.run("paper", "preview", "sale", "--home", str(shop.home / "register"))
    assert "***" in out and "Bon" in out and "SUMME EUR" in out
    sold = sum(sale["total"] for sale in shop.sales())
    table = shop.run("paper", "taxes", "--home", str(shop.home / "register")).splitlines()[1:]
    assert sum(round(float(row.rpartition(",")[2]) * 100) for row in table) == sold
    shop.assert_journal_holds()
