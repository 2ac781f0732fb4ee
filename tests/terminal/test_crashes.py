"""Kill core and screen at every step of a sale: nothing is lost, doubled, or printed without being in the journal.

F04 and F05 of the failures that users of other systems reported: printed implies stored; numbers are never reused.
"""

import contextlib
import random
import sqlite3
import time
from collections.abc import Callable

import pytest

from shop import Shop, eventually
from shop_hand import COFFEE, F12, HONEY, MILK, NORD_MILK, come_back, pay_exactly, scan, shows_total, sign_on

pytestmark = pytest.mark.serial
GOODS = (MILK, NORD_MILK, COFFEE, HONEY)
TOTAL = sum(good.price for good in GOODS)
LONGEST_DELAY_S = 0.030


class Till:
    """A register that is killed and comes back, and the terminal it is at."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.random = random.Random(seed)
        self.terminal = shop.register()
        self.sales = 0
        sign_on(self.terminal)

    def wait_a_moment(self) -> None:
        """Any time until something that was just sent has certainly been answered."""
        time.sleep(self.random.uniform(0, LONGEST_DELAY_S))

    # --- the ways to die

    def kill_core(self) -> None:
        """The screen notices, starts the core again and stays; after some quick deaths it gives up."""
        old = self.shop.kill_core()
        with contextlib.suppress(AssertionError):
            self.terminal.wait_until(lambda _: self.shop.core_pid() not in (0, old), 10, "a new core")
        if self.terminal.closed:
            assert "outpost" in self.terminal.text() or self.terminal.wait_exit() != 0
            self.reattach()
        self.terminal.wait_until(
            lambda text: "WAITING" not in text and "F1Help" in text, 10, "attached again"
        )

    def kill_screen(self) -> None:
        """The core stays; another screen is attached."""
        self.terminal.kill()
        self.terminal.wait_exit()
        self.reattach()

    def hang_up(self) -> None:
        """The line is lost."""
        core = self.shop.core_pid()
        self.terminal.hang_up()
        self.terminal.wait_exit()
        assert self.shop.core_pid() == core
        self.reattach()

    def kill_both(self) -> None:
        """As when the machine is pulled from under them."""
        self.terminal.kill()
        self.shop.kill_core()
        self.terminal.wait_exit()
        self.reattach()

    def reattach(self) -> None:
        """What a cashier does: starts the register again."""
        self.terminal = self.shop.register()
        come_back(self.terminal)

    # --- one sale

    def scan_to(self, count: int) -> None:
        """The first so many goods, each painted."""
        for at in range(count):
            scan(self.terminal, GOODS[at], sum(good.price for good in GOODS[: at + 1]))

    def finish(self) -> None:
        """Whatever the screen shows: bring this sale to its end, scanning only what it says is missing."""
        self.terminal.settle()
        text = self.terminal.text()
        number = f"S0001-R01-{self.sales + 1:06d}"
        if number not in text:
            if "DUE" not in text:
                there = int(
                    next(row for row in text.splitlines() if "Items" in row).split("Items")[1].split()[0]
                )
                for at in range(there, len(GOODS)):
                    scan(self.terminal, GOODS[at], sum(good.price for good in GOODS[: at + 1]))
                self.terminal.send(F12)
                self.terminal.wait_for("DUE")
            self.terminal.send("\r")
        self.terminal.wait_for(number, "CHANGE")
        self.sales += 1


def after_sign_in(till: Till) -> None:
    till.terminal.settle()


def after_the_first_line(till: Till) -> None:
    till.scan_to(1)


def after_the_third_line(till: Till) -> None:
    till.scan_to(3)


def with_a_scan_just_sent(till: Till) -> None:
    till.scan_to(2)
    till.terminal.send(f"{GOODS[2].code}\r")
    till.wait_a_moment()


def in_the_pay_screen(till: Till) -> None:
    till.scan_to(4)
    till.terminal.send(F12)
    till.terminal.wait_for("DUE")


def after_the_first_tender(till: Till) -> None:
    in_the_pay_screen(till)
    till.terminal.send("5\r")
    till.terminal.wait_for("Taken", "5.00")


def with_the_last_tender_just_sent(till: Till) -> None:
    after_the_first_tender(till)
    till.terminal.send("\r")
    till.wait_a_moment()


def while_it_prints(till: Till) -> None:
    after_the_first_tender(till)
    till.terminal.send("\r")
    till.terminal.wait_for("CHANGE")
    till.wait_a_moment()


SELLING = (after_sign_in, after_the_first_line, after_the_third_line, *(with_a_scan_just_sent,) * 2)
PAYING = (in_the_pay_screen, after_the_first_tender)
ENDING = (*(with_the_last_tender_just_sent,) * 3, *(while_it_prints,) * 2)


@pytest.mark.parametrize("steps", [SELLING, PAYING, ENDING], ids=["selling", "paying", "ending"])
@pytest.mark.parametrize(
    "die", [Till.kill_core, Till.kill_screen, Till.hang_up, Till.kill_both], ids=lambda f: f.__name__
)
def test_f04_sale_resumes_or_is_complete_and_counts_once(
    shop: Shop, die: Callable[[Till], None], steps: tuple[Callable[[Till], None], ...]
):
    till = Till(shop, seed=len(steps))
    for step in steps:
        step(till)
        die(till)
        till.finish()
        assert [names_of(sale) for sale in shop.sales()] == [[good.price for good in GOODS]] * till.sales, (
            step
        )
    till.terminal.wait_for("up 0")
    eventually(lambda: not open_jobs(shop), what="nothing waits for the printer")
    shop.assert_journal_holds()
    assert_every_receipt_is_on_paper_or_in_doubt(shop)
    shop.assert_server_has_all_once()
    assert sum(sale["total"] for sale in shop.sales()) == TOTAL * till.sales


def names_of(sale: dict) -> list[int]:
    """The gross amounts of a sale's lines, which are all different here."""
    assert sale["total"] == TOTAL
    return [line["gross"] for line in sale["lines"]]


def jobs(shop: Shop) -> list[tuple[str, str, str]]:
    """Kind, state and transaction of every print job."""
    with contextlib.closing(sqlite3.connect(f"file:{shop.till / 'journal.db'}?mode=ro", uri=True)) as db:
        return db.execute("select kind, state, txn_id from print_job").fetchall()


def open_jobs(shop: Shop) -> list[tuple[str, str, str]]:
    return [job for job in jobs(shop) if job[1] in ("queued", "sending")]


def assert_every_receipt_is_on_paper_or_in_doubt(shop: Shop) -> None:
    printed = set(shop.printed_numbers())
    states = {txn_id: state for kind, state, txn_id in jobs(shop) if kind == "receipt"}
    for sale in shop.sales():
        assert f"S0001-R01-{sale['receipt_no']:06d}" in printed or states[sale["txn_id"]] == "unknown", states


def test_core_killed_at_random_moments_under_twenty_scans_a_second_loses_and_doubles_none(shop: Shop):
    """The screen keeps what is not answered and sends it again; each intent counts once and in order."""
    till = Till(shop, seed=20)
    wanted = [GOODS[at % len(GOODS)] for at in range(60)]
    kills = (till.random.randrange(5, 20), till.random.randrange(40, 55))
    for at, good in enumerate(wanted):
        if at in kills:
            till.wait_a_moment()
            shop.kill_core()
        till.terminal.send(f"{good.code}\r")
        till.terminal.feed(0.0)
        time.sleep(0.05)
    total = sum(good.price for good in wanted)
    till.terminal.wait_until(
        lambda text: shows_total(text, total) and "WAITING" not in text, 15, "all of them"
    )
    pay_exactly(till.terminal, total)
    assert [line["gross"] for line in shop.sales()[0]["lines"]] == [good.price for good in wanted]
    shop.assert_journal_holds()


def test_core_that_dies_again_and_again_is_given_up_with_a_sentence_and_comes_back_by_hand(shop: Shop):
    terminal = shop.register()
    sign_on(terminal)
    scan(terminal, MILK, 109)
    for _ in range(8):
        if pid := shop.core_pid():
            with contextlib.suppress(AssertionError):
                shop.kill_core()
            with contextlib.suppress(AssertionError):
                terminal.wait_until(lambda _, old=pid: shop.core_pid() not in (0, old), 2)
        if terminal.closed:
            break
    assert terminal.wait_exit() != 0
    assert "Traceback" not in terminal.text()
    again = shop.register()
    come_back(again)
    again.wait_for(MILK.name, "1.09")
