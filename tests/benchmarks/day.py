"""A shop at its limits: a sale of two hundred lines, a search in a full catalog, a shift of two thousand sales."""

import contextlib
import time
from collections.abc import Iterator

from figures import Row, ms, p50
from stage import Seller, Stage, attach

from core_hand import Hand
from shop import Shop, make_template
from shop_hand import ESC, F2, MILK, sign_on
from store.register.home import RegisterHome

LINES = 200
NEAR = 20
"""Lines at each end of a sale that are compared; the first alone would be one figure a sale."""
LINE_LIMIT = 1.3
SEARCH_LIMIT_S = 0.050
TEXTS = ("who", "whole m", "beer pils", "honey fo", "coffee w")
CLOSE_LIMIT_S = 1.0
MANY_ITEMS = 100_000
DEMO_ITEMS = 2_202


def measure(stage: Stage) -> list[Row]:
    """One after the other."""
    return [row_of_long_sales(stage), row_of_search(stage), row_of_closing(stage)]


def row_of_long_sales(stage: Stage) -> Row:
    """The lines near the end of a long sale against those at its beginning, in the same sales."""
    full = stage.extent.scans >= LINES
    lines, near, sales = (LINES, NEAR, 4) if full else (8, 4, 1)
    first_s: list[float] = []
    last_s: list[float] = []
    with stage.shop() as shop:
        terminal = attach(shop, "register")
        sign_on(terminal)
        terminal.wait_for(" ONLINE", "eady")
        seller = Seller(terminal)
        for _ in range(sales):
            for number in range(lines):
                took_s = scan_s(seller)
                if number < near:
                    first_s.append(took_s)
                elif number >= lines - near:
                    last_s.append(took_s)
            seller.pay()
    ratio = p50(last_s) / p50(first_s)
    return Row(
        what=f"a typed scan near the end of a sale of {lines} lines",
        target=f"≤ {LINE_LIMIT:g} x one near its beginning",
        measured=f"p50 {ms(p50(last_s))}",
        baseline=f"p50 {ms(p50(first_s))}",
        ratio=ratio,
        holds=ratio <= LINE_LIMIT,
    )


def scan_s(seller: Seller) -> float:
    """From the last byte of a scan to the painted line."""
    seller.terminal.catch_up()
    good, painted = seller.next_good()
    seller.terminal.send(f"{good.code}\r")
    sent_s = time.monotonic()
    (at_s,) = seller.terminal.time_of(painted)
    return at_s - sent_s


def row_of_search(stage: Stage) -> Row:
    """From the last key of a search to its painted list, in a shop of as many items as the catalog may have."""
    took_s: list[float] = []
    with full_shop(stage) as (shop, count):
        terminal = attach(shop, "register")
        sign_on(terminal)
        terminal.wait_for(" ONLINE", "eady")
        for text in TEXTS * (3 if stage.extent.sales >= 50 else 1):
            terminal.send(F2)
            terminal.wait_for("Find")
            terminal.send(text[:-1])
            terminal.settle(0.3)
            terminal.send(text[-1])
            sent_s = time.monotonic()
            word = text.split()[0]
            (at_s,) = terminal.time_of(lambda seen, word=word: found(seen, word))
            took_s.append(at_s - sent_s)
            terminal.send(ESC)
            terminal.settle(0.2)
    return Row(
        what=f"search as somebody types, of {count:,} items: from the key to the list",
        target=f"≤ {SEARCH_LIMIT_S * 1000:g} ms",
        measured=f"p50 {ms(p50(took_s))}, slowest {ms(max(took_s))}",
        holds=p50(took_s) <= SEARCH_LIMIT_S,
    )


@contextlib.contextmanager
def full_shop(stage: Stage) -> Iterator[tuple[Shop, int]]:
    """A shop of as many items as a catalog may have, and how many; in a short run the demo's own."""
    if stage.extent.items < MANY_ITEMS:
        with stage.shop() as shop:
            yield shop, DEMO_ITEMS
        return
    count = stage.extent.items
    shop = Shop(make_template(stage.path("full-shop"), "--products", str(count)), stage.path("search"))
    try:
        shop.start_server()
        yield shop, count
    finally:
        shop.close()


def found(seen: str, word: str) -> bool:
    """Whether names with the word are listed."""
    return sum(word in row.lower() for row in seen.splitlines()) >= 2


def row_of_closing(stage: Stage) -> Row:
    """From the confirmed count to the Z report on the screen."""
    count = 2_000 if stage.extent.sales >= 50 else 20
    with stage.shop(server=False) as shop:
        terminal = attach(shop, "register")
        sign_on(terminal)
        terminal.wait_for("eady")
        with Hand(RegisterHome(shop.till)) as hand:
            for _ in range(count):
                hand.enter(MILK.code)
                hand.do("operation", operation=206)
        terminal.send("/1055\r")
        terminal.settle(0.3)
        begin_s = time.monotonic()
        terminal.send(f"{count * MILK.price / 100:.2f}\r")
        (asked_s,) = terminal.time_of(lambda seen: "F5" in seen and "Close" in seen, timeout_s=30)
        terminal.send("\x1b[15~")
        sent_s = time.monotonic()
        (closed_s,) = terminal.time_of(lambda seen: "Operator" in seen and "PIN" in seen, timeout_s=30)
    took_s = (asked_s - begin_s) + (closed_s - sent_s)
    return Row(
        what=f"close a shift of {count:,} sales: the count and its yes, until the register is locked",
        target=f"≤ {CLOSE_LIMIT_S:g} s",
        measured=f"{took_s:.2f} s",
        holds=took_s <= CLOSE_LIMIT_S,
    )
