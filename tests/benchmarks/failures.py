"""The server stops answering in the middle of a sale: how long a cashier waits, and when the header says so."""

import signal
import time
from collections.abc import Callable

from figures import Row, ms, p50
from stage import Seller, Stage, attach
from timed_terminal import QUIET_S

from fault_proxy import HEALTHY, SILENT
from shop import Shop
from shop_hand import sign_on
from shop_network import Network

HEDGE_S, OFFLINE_TIMEOUT_S = 0.150, 0.800
"""Of the offline profile: when the local answer is taken, and when the register goes offline."""
ITEM_SLACK_S, HEADER_SLACK_S = 0.050, 0.200
NEXT_SCANS = 3
NEXT_LIMIT_S = 0.020
WAY_BACK_TRIES = 40


class Failure:
    """What was measured with one kind of failure."""

    def __init__(self) -> None:
        self.item_s: list[float] = []
        self.header_s: list[float] = []
        self.next_s: list[float] = []

    def measure(self, seller: Seller, break_it: Callable[[], None]) -> None:
        """Break in mid-sale, scan at once, and go on scanning."""
        terminal = seller.terminal
        seller.scan()
        terminal.catch_up()
        break_it()
        good, painted = seller.next_good()
        terminal.send(f"{good.code}\r")
        sent_s = time.monotonic()
        item_s, header_s = terminal.time_of(painted, lambda text: "OFFLINE auto" in text)
        self.item_s.append(item_s - sent_s)
        self.header_s.append(header_s - sent_s)
        for _ in range(NEXT_SCANS):
            good, painted = seller.next_good()
            terminal.send(f"{good.code}\r")
            sent_s = time.monotonic()
            self.next_s.append(terminal.time_of(painted)[0] - sent_s)


def measure(stage: Stage) -> list[Row]:
    """A stopped server process, and a network that swallows everything."""
    stopped, swallowed = Failure(), Failure()
    with stage.shop() as shop:
        network = Network(shop.port)
        try:
            shop.point_register_at(network.url)
            seller = Seller(attach(shop, "register"))
            sign_on(seller.terminal)
            for _ in range(stage.extent.failures):
                for failure, break_it, mend_it in (
                    (stopped, *stop_and_continue(shop)),
                    (swallowed, lambda: network.set(SILENT), lambda: network.set(HEALTHY)),
                ):
                    come_online(seller)
                    failure.measure(seller, break_it)
                    mend_it()
                    seller.pay()
        finally:
            network.close()
    return [*rows_of("server stopped (SIGSTOP)", stopped), *rows_of("server behind a black hole", swallowed)]


def stop_and_continue(shop: Shop) -> tuple[Callable[[], None], Callable[[], None]]:
    """The process stands still, and goes on."""
    return lambda: shop.signal_server(signal.SIGSTOP), lambda: shop.signal_server(signal.SIGCONT)


def come_online(seller: Seller) -> None:
    """Sales until one is online: the way back opens at the beginning of a sale, once the server is seen again."""
    terminal = seller.terminal
    for _ in range(WAY_BACK_TRIES):
        seller.scan()
        terminal.settle(QUIET_S)
        if " ONLINE" in terminal.text():
            return
        seller.pay()
        time.sleep(0.3)
    raise AssertionError(f"not online again\n{terminal.text()}")


def rows_of(what: str, failure: Failure) -> list[Row]:
    """Three rows for one kind of failure."""
    item_s, header_s, next_s = max(failure.item_s), max(failure.header_s), p50(failure.next_s)
    item_limit_s, header_limit_s = HEDGE_S + ITEM_SLACK_S, OFFLINE_TIMEOUT_S + HEADER_SLACK_S
    return [
        Row(
            what=f"{what}: a known item is painted",
            target=f"≤ {ms(item_limit_s)} (hedge delay + 50 ms)",
            measured=f"p50 {ms(p50(failure.item_s))}, max {ms(item_s)}",
            holds=item_s <= item_limit_s,
        ),
        Row(
            what=f"{what}: the header says `OFFLINE auto`",
            target=f"≤ {ms(header_limit_s)} (offline timeout + 200 ms)",
            measured=f"p50 {ms(p50(failure.header_s))}, max {ms(header_s)}",
            holds=header_s <= header_limit_s,
        ),
        Row(
            what=f"{what}: the next scans",
            target=f"p50 ≤ {ms(0.006)}, max ≤ {ms(NEXT_LIMIT_S)} (full speed)",
            measured=f"p50 {ms(next_s)}, max {ms(max(failure.next_s))}",
            holds=next_s <= 0.006 and max(failure.next_s) <= NEXT_LIMIT_S,
        ),
    ]
