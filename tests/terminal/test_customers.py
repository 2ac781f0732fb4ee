"""Customers in a real terminal: found as you type, by card, added, edited, on account, online, offline and refused."""

import json

import pytest

from pty_terminal import Terminal
from shop import Shop, eventually
from shop_hand import ESC, F5, F10, F12, HONEY, MILK, come_back, shows_total, sign_on
from shop_packages import publish

pytestmark = pytest.mark.serial


def customer(number: str, name: str, phone: str = "", card: str = "", **detail: object) -> dict[str, object]:
    digits = "".join(sign for sign in phone if sign.isdigit()).lstrip("0")
    text = json.dumps({"phone": phone, "card": card} | detail)
    return {
        "number": number,
        "name": name,
        "detail": text,
        "card": card,
        "digits": digits,
        "ends": digits[::-1],
    }


CUSTOMERS = [
    customer("C1001", "Maria Berg", "030 123456", "KC-77", account=True, credit_limit=5000, group="STAFF"),
    customer("C1002", "Marius Bergmann", "0171 777888"),
    customer("C1003", "Bo Blocked", blocked="unpaid bills"),
]
TENDERS = [
    {"code": "cash", "name": "Cash", "kind": "cash", "position": 1, "detail": "{}"},
    {"code": "card", "name": "Card", "kind": "card", "position": 2, "detail": "{}"},
    {"code": "account", "name": "Account", "kind": "account", "position": 3, "detail": "{}"},
]
DISCOUNTS = [
    {"code": "ST", "name": "Staff", "detail": '{"percent":"10","everything":true,"price_group":"STAFF"}'}
]


def expect(till: Terminal, total: int, *texts: str) -> None:
    till.wait_until(
        lambda text: shows_total(text, total) and all(one in text for one in texts), 10, f"{total} {texts}"
    )


def answer(till: Terminal, title: str, text: str) -> None:
    till.wait_for(title)
    till.send(f"{text}\r")


def test_customers_at_the_till_online_offline_and_refused(shop: Shop):
    publish(shop.home, {}, customer=CUSTOMERS, tender=TENDERS, discount=DISCOUNTS)
    till = shop.register()
    sign_on(till)
    assert shop.run("sync", "now").startswith("Synchronised: ")

    till.send(f"{MILK.code}\r")
    expect(till, 109)
    till.send(F5)  # as you type: name, then telephone number
    till.wait_for("Find a customer (602)", "612 adds a customer")
    till.send("berg")
    till.wait_for("> Maria Berg", "Marius Bergmann", "030 123456")
    till.send("\x7f\x7f\x7f\x7f777888")
    till.wait_for("> Marius Bergmann")
    till.wait_gone("Maria Berg ")
    till.send("\r")
    till.wait_for("Sale: Marius Bergmann", "is on the sale.")
    till.send("KC-77\r")  # the card of somebody else, as a scanner sends it: prices of the group come along
    expect(till, 98, "Sale: Maria Berg", "-0.11")
    till.send("/9160\r")
    till.wait_for("Owes: 0.00 of 50.00", "Telephone number: 030 123456")
    till.send(ESC)
    till.wait_gone("Owes:")
    till.send(F10)  # by name
    till.wait_for("All operations")
    till.send("customer clear\r")
    expect(till, 109, "Maria Berg is off the sale.")
    till.send("/602 blocked\r")
    till.wait_for("Bo Blocked is blocked: unpaid bills")
    till.send("/202\r")
    till.wait_for("Nobody is on the sale. Put the customer on it first: Esc, then F5.")

    till.send("/623 C1002\r")  # edited while the server is there
    answer(till, "Edit customer", "2")
    answer(till, "Now: 0171 777888", "0171 999000")
    till.wait_for("Telephone number of Marius Bergmann is changed.")
    till.send(ESC)
    till.wait_gone("Edit customer")
    till.send("/602 KC-77\r")
    expect(till, 98, "Sale: Maria Berg")
    till.send(F12)
    till.wait_for("Pay: Maria Berg", "DUE")
    till.send("/202\r")
    till.wait_for("Receipt S0001-R01-000001")
    till.send(ESC)

    shop.signal_server(9)
    till.send("/602 KC-77\r")
    till.wait_for("Sale: Maria Berg")
    till.send(f"{HONEY.code}\r")
    expect(till, 458, "OFFLINE auto")
    shop.kill_core()
    come_back(till)
    expect(till, 458, "Sale: Maria Berg")
    till.send("/623\r")
    till.wait_for("Editing a customer needs the server, which is away. Nothing was changed.")
    till.send("/202\r")
    till.wait_for("Nothing is known here of the account of Maria Berg.")
    till.send(F12)
    till.wait_for("DUE")
    till.send("\r")
    till.wait_for("Receipt S0001-R01-000002")

    till.send("/612\r")  # added offline, found at once
    answer(till, "Name: type it and Enter.", "Nora New")
    answer(till, "Telephone number: type it and Enter", "0301111222")
    answer(till, "Mail address: type it and Enter", "")
    answer(till, "Scan the customer card", "NK-1")
    till.wait_for("Nora New is added.")
    till.send(F5)
    till.wait_for("Find a customer (602)")
    till.send("111222")
    till.wait_for("> Nora New")
    till.send("\r")
    till.wait_for("Sale: Nora New")
    till.send("/603\r")
    till.wait_for("no sale is open")

    shop.start_server()
    till.send("/1100 KC-77\r")
    till.wait_for("To pay")
    till.send("0.50\r")
    till.wait_for("Maria Berg paid 0.50 into the account.")
    eventually(lambda: shop.run("sync", "now").startswith("Synchronised: "), 20, "all is at the server")
    till.send(ESC)
    till.send(f"{MILK.code}\r")
    till.wait_for("ONLINE")
    till.send("/9160 KC-77\r")
    till.wait_for("Owes: 0.48 of 50.00")
    till.send("/9161 NK-1\r")
    till.wait_for("Statement of Nora New: 0.00 to pay.")
    till.send("/500\r")
    till.wait_for("Void the whole sale?")
    till.send(F5)
    till.wait_for("The sale is voided.")

    added, edited, paid = (
        next(record for record in shop.journal() if record["kind"] == kind)
        for kind in ("customer.add", "customer.edit", "account.payment")
    )
    assert (added["customer"]["name"], edited["changed"], paid["balance"]) == ("Nora New", ["phone"], 48)
    first = shop.sales()[0]
    assert (first["customer"]["id"], [row["kind"] for row in first["tenders"]]) == ("C1001", ["account"])
    assert "Signature" in shop.run("journal", "show", "1")
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()
    assert shop.ask_server("/differences") == []
