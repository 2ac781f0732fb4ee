"""How many keys common baskets cost at a real screen: docs/keystrokes.md says it, and no keyboard needs fewer."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pty_terminal import Terminal
from shop import Shop
from shop_hand import (
    BEER,
    COFFEE,
    DEL,
    F5,
    F7,
    F12,
    FINELINER,
    HONEY,
    MILK,
    NORD_MILK,
    SMALL_MILK,
    SUSHI_RICE,
    Good,
    scan,
    shows_total,
    sign_on,
)

pytestmark = pytest.mark.serial
PAGE = Path(__file__).resolve().parents[2] / "docs" / "keystrokes.md"
ROW = re.compile(r"^\| (?P<basket>[^|]+?) \| (?P<keys>\d+) \| (?P<fewest>\d+) \|", re.M)
F11, CTRL_K, CTRL_X, ENTER = "\x1b[23~", "\x0b", "\x18", "\r"
TEN = (MILK, NORD_MILK, SMALL_MILK, SUSHI_RICE, HONEY, COFFEE, BEER, FINELINER, MILK, NORD_MILK)


class Keyboard:
    """Counts what is pressed; scans are not."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.pressed = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.pressed += 1
            self.terminal.send(key)

    def scan_all(self, *goods: Good) -> int:
        total = 0
        for good in goods:
            total += good.price
            scan(self.terminal, good, total)
        return total

    def counted(self) -> int:
        count, self.pressed = self.pressed, 0
        return count


def baskets(till: Terminal, hand: Keyboard) -> Iterator[str]:
    """Does each basket of the page, in its order, and names it when it is done."""
    hand.scan_all(*TEN)
    hand.press(F11)
    till.wait_for("Receipt S0001-R01-000001", "CHANGE")
    yield "ten scans, exact cash"

    total = hand.scan_all(*TEN)
    hand.press(DEL)
    till.wait_until(lambda text: shows_total(text, total - NORD_MILK.price), what="the line is void")
    hand.press(CTRL_K)
    till.wait_for("approved on the terminal?")
    hand.press(F5)
    till.wait_for("Receipt S0001-R01-000002", "Paid by card.")
    yield "ten scans, one line void, card"

    total = 0
    for good in (MILK, HONEY, BEER):
        hand.press("4", "*")
        total += 4 * good.price
        scan(till, good, total)
    hand.press(F12)
    till.wait_for("DUE", "50.00")
    hand.press(F5)
    till.wait_for("Receipt S0001-R01-000003", "CHANGE", "1.32")
    yield "three items times four, 50.00 in cash"

    till.send(f"S0001-R01-000003{ENTER}")
    till.wait_for("Return with receipt")
    hand.press(ENTER)
    till.wait_for("Return: 4 x")
    hand.press(F11)
    till.wait_for("Receipt S0001-R01-000004")
    yield "one line back with its receipt"

    hand.scan_all(MILK, BEER)
    hand.press(F7)
    till.wait_for("Suspended: ")
    hand.press(F7)
    till.wait_for("Suspended sales")
    hand.press(ENTER)
    till.wait_until(lambda text: shows_total(text, MILK.price + BEER.price), what="the sale is back")
    yield "suspend a sale and recall it"

    till.send(F11)
    till.wait_for("Receipt S0001-R01-000005")
    hand.press(CTRL_X)
    till.wait_for("X report")
    yield "X report"


def test_common_baskets_cost_the_keys_that_the_page_says_and_no_keyboard_needs_fewer(closed_shop: Shop):
    page = {row["basket"]: row for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))}
    with closed_shop.register() as till:
        sign_on(till)
        till.send("100\r")
        till.wait_for("Scan")
        hand = Keyboard(till)
        counts = {}
        for basket in baskets(till, hand):
            counts[basket] = hand.counted()
    assert list(counts) == list(page)
    assert counts == {basket: int(row["keys"]) for basket, row in page.items()}
    assert all(int(row["keys"]) <= int(row["fewest"]) for row in page.values())
