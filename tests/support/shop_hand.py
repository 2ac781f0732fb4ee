"""What a cashier does at a real screen: sign in, scan, take money, close the shift; and what there is to scan."""

import time
from typing import NamedTuple

from pty_terminal import Terminal

ESC, INS, DEL = "\x1b", "\x1b[2~", "\x1b[3~"
F1, F2, F3, F4 = "\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS"
F5, F6, F7, F9, F10, F12 = "\x1b[15~", "\x1b[17~", "\x1b[18~", "\x1b[20~", "\x1b[21~", "\x1b[24~"
CTRL_D, CTRL_L, CTRL_Q = "\x04", "\x0c", "\x11"
START_TIMEOUT_S = 40.0


class Good(NamedTuple):
    """Something to sell: what is scanned, a part of its name that fits on the screen, its price in cents."""

    code: str
    name: str
    price: int


MILK = Good("4099000000017", "Alpenhof Whole milk", 109)
NORD_MILK = Good("4099000000024", "Meierei Nord Whole milk", 130)
SMALL_MILK = Good("4099000000031", "Alpenhof Whole milk", 79)
SUSHI_RICE = Good("4099000009713", "Casa Lucia Sushi rice", 279)
HONEY = Good("4099000012171", "Mühlenglück Honey", 509)
COFFEE = Good("4099000016629", "Kaffeerösterei Möller", 1558)
BEER = Good("4099000017374", "Quellbrunn Beer", 599)
FINELINER = Good("4006381333931", "Fineliner", 129)
GOODS = (MILK, NORD_MILK, SMALL_MILK, SUSHI_RICE, HONEY, COFFEE, BEER, FINELINER)
BANANA_LABEL = Good("2840113004827", "Bananas loose", 96)
"""482 g at 1.99 a kilogram."""
UNKNOWN = "4099999999996"
WRONG_CHECK_DIGIT = "4006381333932"


def money(cents: int) -> str:
    """As the screen shows it."""
    return f"{cents // 100}.{cents % 100:02d}"


def sign_on(terminal: Terminal, number: str = "101", pin: str = "101101") -> None:
    """Sign in and wait for what comes then: the sale, or the opening of the shift."""
    terminal.wait_for("Operator", "PIN", timeout_s=START_TIMEOUT_S)
    terminal.send(f"{number}\r")
    terminal.send(f"{pin}\r")
    terminal.wait_until(lambda text: "PIN " not in text and f"{number}" not in text, what="signed in")
    terminal.wait_until(lambda text: "TOTAL" in text or "start amount" in text.lower(), what="signed in")


def come_back(terminal: Terminal) -> None:
    """At a register that was started again: sign in where it asks for it."""
    terminal.wait_until(
        lambda text: "F1Help" in text and "The register starts" not in text,
        START_TIMEOUT_S,
        what="a register that answers",
    )
    if "PIN " in terminal.text():
        sign_on(terminal)


def scan(terminal: Terminal, good: Good, total: int) -> float:
    """Scan something and wait until the total is painted; returns the seconds it took."""
    begin_s = time.monotonic()
    terminal.send(f"{good.code}\r")
    return (
        terminal.wait_until(lambda text: shows_total(text, total) and good.name in text, 10, good.name)
        - begin_s
    )


def shows_total(text: str, total: int) -> bool:
    """Whether this is the amount to pay on the screen."""
    return any(
        "TOTAL EUR" in row and row.split("TOTAL EUR")[1].split()[0] == money(total)
        for row in text.splitlines()
    )


def pay_exactly(terminal: Terminal, total: int) -> None:
    """Pay in cash and wait for the end of the sale."""
    terminal.send(F12)
    terminal.wait_for("DUE", money(total))
    terminal.send("\r")
    terminal.wait_for("CHANGE", "Receipt S0001-R01-")


def sell(terminal: Terminal, *goods: Good) -> int:
    """A whole sale, paid in cash exactly; returns its total."""
    total = 0
    for good in goods:
        total += good.price
        scan(terminal, good, total)
    pay_exactly(terminal, total)
    return total
