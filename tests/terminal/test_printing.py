"""A printer that fails never holds up the till; what waited is printed once, in order, when it can be."""

import sqlite3
from contextlib import closing

import pytest

from devices.simulated.printer import Fault
from shop import Shop, eventually
from shop_hand import COFFEE, F3, HONEY, MILK, money, scan, sell, sign_on
from shop_network import tcp_printer

pytestmark = pytest.mark.serial


def number(n: int) -> str:
    return f"S0001-R01-{n:06d}"


def tells_of_printer(text: str) -> bool:
    """Whether something is said beside the receipt's number in the frame."""
    return any("printer" in row.lower() or "receipt" in row.lower() for row in text.splitlines()[2:21])


@pytest.mark.parametrize("fault", [Fault.POWER_OFF, Fault.PAPER_OUT, Fault.FREEZE, Fault.CUT_LINE])
def test_f57_printer_that_fails_delays_no_sale_and_prints_each_receipt_once_afterwards(
    shop: Shop, fault: Fault
):
    with tcp_printer() as printer:
        shop.connect(printer=printer.address)
        till = shop.register()
        sign_on(till)
        sell(till, MILK)
        till.wait_for("Receipt printed.")
        printer.misbehave(fault)
        sell(till, COFFEE)
        assert scan(till, HONEY, HONEY.price) < 1.0
        till.send("\x1b[24~\r")
        till.wait_for("CHANGE", number(3))
        if fault is not Fault.CUT_LINE:  # a line that was cut once is connected again at once
            till.wait_until(tells_of_printer, 3, "the cashier is told where the receipt is")
            assert "Receipt printed." not in till.text()
        printer.recover()
        eventually(lambda: len(printer.numbers()) >= 3, 20, "everything is printed")
        till.wait_for("Receipt printed.")
        assert printer.numbers() == [number(1), number(2), number(3)]

        till.send(F3)
        till.wait_for("Copy 1")
        eventually(lambda: printer.numbers()[-1] == f"{number(3)} COPY", 10, "the copy")
    shop.assert_journal_holds()


def test_receipt_is_paper_on_the_screen_where_no_printer_is(closed_shop: Shop):
    shop = closed_shop
    shop.connect(printer="none", drawer="none")
    shop.start_server()
    till = shop.register()
    sign_on(till)
    total = sell(till, MILK, COFFEE)
    till.wait_for("First store", "DE123456789")
    rows = till.text().splitlines()
    assert any("TOTAL" in row and money(total) in row for row in rows)


def test_register_that_is_killed_with_receipts_waiting_prints_them_after_the_restart(shop: Shop):
    with tcp_printer() as printer:
        shop.connect(printer=printer.address)
        till = shop.register()
        sign_on(till)
        printer.misbehave(Fault.PAPER_OUT)
        sell(till, MILK)
        sell(till, COFFEE)
        old = shop.kill_core()
        till.wait_until(lambda _: shop.core_pid() not in (0, old), 10, "a new core")
        till.wait_until(lambda text: "WAITING" not in text and number(2) in text, 10, "attached again")
        printer.recover()
        eventually(lambda: number(2) in printer.numbers(), 20, "the one that waited is printed")
        eventually(lambda: number(1) in printer.numbers() or "nobody knows" in doubt(shop), 20, "or in doubt")
        assert len(set(printer.numbers())) == len(printer.numbers()), "none is printed twice"
    shop.assert_journal_holds()


def doubt(shop: Shop) -> str:
    """Says "nobody knows" when a job was being sent while the core died: it is not sent again by itself."""
    with closing(sqlite3.connect(f"file:{shop.till / 'journal.db'}?mode=ro", uri=True)) as db:
        states = [state for (state,) in db.execute("select state from print_job where kind = 'receipt'")]
    return "nobody knows" if "unknown" in states else ""
