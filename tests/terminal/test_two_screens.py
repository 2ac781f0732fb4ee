"""Several screens on one core see the same sale; one that stalls or is lost disturbs nobody; the end is in order."""

import signal
import time

import pytest

from pty_terminal import Terminal
from shop import Shop, eventually
from shop_hand import (
    COFFEE,
    CTRL_D,
    CTRL_Q,
    F9,
    F12,
    HONEY,
    MILK,
    NORD_MILK,
    come_back,
    pay_exactly,
    scan,
    sell,
    shows_total,
    sign_on,
)

pytestmark = pytest.mark.serial
BOTH = MILK.price + COFFEE.price


@pytest.fixture
def till(shop: Shop) -> Terminal:
    """A register with one line in an open sale."""
    terminal = shop.register()
    sign_on(terminal)
    scan(terminal, MILK, MILK.price)
    return terminal


def test_second_screen_and_second_register_attach_to_the_same_sale(shop: Shop, till: Terminal):
    core = shop.core_pid()
    screen, register = shop.screen(), shop.register()
    for other in (screen, register):
        other.wait_for(MILK.name, "1.09", "F12Pay", timeout_s=20)
    scan(screen, COFFEE, BOTH)
    scan(register, HONEY, BOTH + HONEY.price)
    for terminal in (till, screen):
        terminal.wait_until(lambda text: shows_total(text, BOTH + HONEY.price), what="the same total")
    pay_exactly(till, BOTH + HONEY.price)
    for other in (screen, register):
        other.wait_for("CHANGE")
    assert shop.core_pid() == core
    assert [len(sale["lines"]) for sale in shop.sales()] == [3]


def test_watching_screen_sees_everything_and_can_do_nothing(shop: Shop, till: Terminal):
    watcher = shop.screen("--watch")
    watcher.wait_for(MILK.name, "WATCHING", timeout_s=20)
    watcher.send(f"{COFFEE.code}\r")
    watcher.send(f"{F12}\r/500\r/9900\r/917\r")
    watcher.send(F9 + F9 + CTRL_Q)
    watcher.settle(0.3)
    till.settle()
    assert shows_total(till.text(), MILK.price)
    assert "DUE" not in till.text()
    assert "OFFLINE" not in till.text()
    scan(till, COFFEE, BOTH)
    watcher.send("\x1b\x1b")
    watcher.wait_until(lambda text: shows_total(text, BOTH), what="the cashier's scan")
    watcher.send(CTRL_D)
    assert watcher.wait_exit() == 0
    pay_exactly(till, BOTH)


def test_detached_screen_leaves_the_core_and_the_sale(shop: Shop, till: Terminal):
    core = shop.core_pid()
    till.send(CTRL_D)
    assert till.wait_exit() == 0
    assert shop.core_pid() == core
    again = shop.screen()
    again.wait_for(MILK.name, "F12Pay", timeout_s=20)
    pay_exactly(again, MILK.price)


def test_terminal_that_stops_reading_does_not_hold_up_another_one(shop: Shop, till: Terminal):
    other = shop.screen()
    other.wait_for(MILK.name, "F12Pay", timeout_s=20)
    total, slowest_s, end_s = MILK.price, 0.0, time.monotonic() + 3.0
    goods = [COFFEE, NORD_MILK, HONEY]
    for _ in range(150):  # nobody reads what `till` writes meanwhile; a sale has room for some more
        if time.monotonic() > end_s:
            break
        good = goods[0]
        goods.append(goods.pop(0))
        total += good.price
        slowest_s = max(slowest_s, scan(other, good, total))
    assert slowest_s < 0.5, "the machine may be busy, but a stall would take seconds"
    till.wait_until(lambda text: shows_total(text, total), 3, "the stalled screen catches up")


def test_ctrl_q_ends_core_and_all_screens_in_order_and_the_sale_waits(shop: Shop, till: Terminal):
    other, watcher = shop.register(), shop.screen("--watch")
    for terminal in (other, watcher):
        terminal.wait_for(MILK.name, timeout_s=20)
    till.send(CTRL_Q)
    for terminal in (till, other, watcher):
        assert terminal.wait_exit() == 0
    eventually(lambda: shop.core_pid() == 0, 5, "the core has ended")
    time.sleep(0.5)
    assert shop.core_pid() == 0, "and nobody starts it again"
    assert shop.outpost("status").returncode == 4
    assert shop.outpost("screen").returncode == 4
    again = shop.register()
    come_back(again)
    again.wait_for(MILK.name)
    scan(again, COFFEE, BOTH)
    pay_exactly(again, BOTH)
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()


def test_sigterm_ends_the_core_in_order_and_a_screen_alone_when_it_gets_it(shop: Shop, till: Terminal):
    other = shop.screen()
    other.wait_for(MILK.name, timeout_s=20)
    other.kill(signal.SIGTERM)
    assert other.wait_exit() in (0, 128 + signal.SIGTERM, -signal.SIGTERM)
    scan(till, COFFEE, BOTH)
    shop.kill_core(signal.SIGHUP)  # a core has no terminal to lose
    shop.kill_core(signal.SIGTERM)
    eventually(lambda: shop.core_pid() == 0, 5, "the core has ended")
    assert not (shop.till / "run" / "control.sock").exists()
    till.wait_for("WAITING FOR THE REGISTER CORE")  # a service manager would start it again
    time.sleep(1.0)
    assert shop.core_pid() == 0, "the screen leaves that to whoever ended it"
    again = shop.register()
    come_back(again)
    for terminal in (again, till):
        terminal.wait_until(lambda text: shows_total(text, BOTH) and "WAITING" not in text, what="the sale")
    pay_exactly(till, BOTH)
    sell(again, HONEY)
    shop.assert_journal_holds()
