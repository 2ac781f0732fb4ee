"""The server goes away in the middle of a sale, in every way it can; the sale goes on, and all of it arrives once."""

import re
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from fault_proxy import ANSWERS_LOST, DRIP, HEALTHY, RESET, SILENT, captive_portal, error_answer
from pty_terminal import Terminal
from shop import Shop, eventually
from shop_hand import (
    BEER,
    COFFEE,
    F9,
    FINELINER,
    HONEY,
    MILK,
    NORD_MILK,
    come_back,
    pay_exactly,
    scan,
    sell,
    sign_on,
)
from shop_network import Network

pytestmark = pytest.mark.serial
HEDGE_S, TIMEOUT_S = 0.150, 0.800
"""Of the offline profile: when the local answer is taken, and when the register goes offline."""
SLACK_S = 1.0
"""For a test machine that is busy with other things; the benchmarks hold the real limits."""


@pytest.fixture
def network(shop: Shop) -> Iterator[Network]:
    network = Network(shop.port)
    shop.point_register_at(network.url)
    yield network
    network.close()


FAULTS: dict[str, tuple[Callable, Callable]] = {
    "killed": (lambda shop, _: shop.signal_server(signal.SIGKILL), lambda shop, _: shop.start_server()),
    "stopped": (
        lambda shop, _: shop.signal_server(signal.SIGSTOP),
        lambda shop, _: shop.signal_server(signal.SIGCONT),
    ),
    "black hole": (lambda _, network: network.set(SILENT), lambda _, network: network.set(HEALTHY)),
    "reset": (lambda _, network: network.set(RESET), lambda _, network: network.set(HEALTHY)),
    "refused": (lambda _, network: network.unplug(), lambda _, network: network.plug_in()),
    "slow drip": (lambda _, network: network.set(DRIP), lambda _, network: network.set(HEALTHY)),
    "answers lost": (lambda _, network: network.set(ANSWERS_LOST), lambda _, network: network.set(HEALTHY)),
    "captive portal": (
        lambda _, network: network.set(captive_portal()),
        lambda _, network: network.set(HEALTHY),
    ),
    "server error": (
        lambda _, network: network.set(error_answer("500 Internal Server Error")),
        lambda _, network: network.set(HEALTHY),
    ),
    "server busy": (
        lambda _, network: network.set(error_answer("503 Service Unavailable")),
        lambda _, network: network.set(HEALTHY),
    ),
}


def waiting(till: Terminal) -> int:
    """The number behind `up` in the header."""
    found = re.search(r"up (\d+)", till.screen.display[0])
    assert found, till.text()
    return int(found[1])


@pytest.mark.parametrize("kind", FAULTS)
def test_sale_goes_on_without_the_server_and_arrives_once_when_it_is_back(
    shop: Shop, network: Network, kind: str
):
    break_it, mend_it = FAULTS[kind]
    till = shop.register()
    sign_on(till)
    till.wait_for("ONLINE")
    eventually(lambda: not shop.json("status")["pending_records"], what="uploaded so far")
    scan(till, MILK, 109)

    break_it(shop, network)
    broken_s = time.monotonic()
    assert scan(till, COFFEE, 109 + 1558) < HEDGE_S + SLACK_S
    offline_s = till.wait_for("OFFLINE auto") - broken_s
    assert offline_s < TIMEOUT_S + SLACK_S
    assert scan(till, HONEY, 109 + 1558 + 509) < SLACK_S
    pay_exactly(till, 109 + 1558 + 509)
    till.wait_for("Receipt printed.")
    assert waiting(till) == 1
    status = shop.json("status")
    assert status["mode"] == "OFFLINE auto"
    assert status["reason"].strip() and "Traceback" not in status["reason"]
    assert sell(till, BEER) == 599
    assert waiting(till) == 2

    mend_it(shop, network)
    scan(till, FINELINER, 129)
    if (
        "ONLINE" not in till.text()
    ):  # the way back opens at the beginning of a sale, as soon as the link is seen up
        pay_exactly(till, 129)
        eventually(lambda: shop.json("status")["link"] == "UP", what="the link is up")
        scan(till, NORD_MILK, 130)
    till.wait_for(" ONLINE")
    total = 130 if "Meierei" in till.text() else 129
    pay_exactly(till, total)
    till.wait_for("up 0")
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()


def test_way_back_is_open_only_after_the_interval_and_only_at_the_beginning_of_a_sale(
    shop: Shop, network: Network
):
    shop.point_register_at(reconnection_interval_s=3)
    till = shop.register()
    sign_on(till)
    till.wait_for(" ONLINE")
    network.set(SILENT)
    scan(till, MILK, 109)
    till.wait_for("OFFLINE auto")
    offline_s = time.monotonic()
    network.set(HEALTHY)
    eventually(lambda: shop.json("status")["link"] == "UP", what="the link is up")
    pay_exactly(till, 109)
    scan(till, COFFEE, 1558)
    if time.monotonic() - offline_s < 2.5:
        assert "OFFLINE auto" in till.text(), "too early"
    time.sleep(max(0.0, offline_s + 3.5 - time.monotonic()))
    scan(till, HONEY, 1558 + 509)
    assert "OFFLINE auto" in till.text(), "in the middle of a sale"
    till.wait_for("up 0")  # what waits goes up meanwhile
    pay_exactly(till, 1558 + 509)
    scan(till, BEER, 599)
    till.wait_for(" ONLINE")


def test_917_disconnects_and_connects_by_f9_and_by_command(shop: Shop):
    till = shop.register()
    sign_on(till)
    till.wait_for(" ONLINE", "F9Disconnect")
    till.send(F9)
    till.wait_for("Connection status", "Disconnect")
    till.send("\r")  # a bare Enter presses nothing
    till.settle()
    assert "OFFLINE" not in till.text()
    till.send(F9)
    till.wait_for("OFFLINE manual")
    till.send("\x1b")
    till.wait_for("F9Connect")
    sell(till, MILK)
    assert "OFFLINE manual" in till.text(), "by hand it stays offline"
    assert "OFFLINE manual" in shop.run("917")

    assert shop.outpost("917", "connect").returncode == 0
    till.wait_for(" ONLINE", "F9Disconnect")
    assert shop.outpost("917", "disconnect").returncode == 0
    till.wait_for("OFFLINE manual")
    till.send(F9)
    till.wait_for("Connection status", "Connect")
    till.send(F9)
    till.wait_for(" ONLINE")
    till.send("\x1b")
    till.wait_for("up 0")
    shop.assert_server_has_all_once()


def test_917_is_refused_in_the_middle_of_a_sale_with_the_reason_and_the_cure(shop: Shop):
    till = shop.register()
    sign_on(till)
    till.wait_for(" ONLINE")
    assert shop.outpost("917", "disconnect").returncode == 0
    till.wait_for("OFFLINE manual")
    scan(till, MILK, 109)
    refused = shop.outpost("917", "connect")
    assert refused.returncode == 5
    assert "sale" in refused.stdout + refused.stderr
    till.send(F9)
    till.wait_for("Connection status")
    till.send(F9)
    till.wait_until(lambda text: "sale" in text.splitlines()[-2] + text.splitlines()[-3], what="a sentence")
    assert "OFFLINE manual" in till.text()
    till.send("\x1b")
    pay_exactly(till, 109)
    assert shop.outpost("917", "connect").returncode == 0
    till.wait_for(" ONLINE")


def test_register_starts_sells_and_restarts_without_a_server_and_catches_up(closed_shop: Shop):
    shop = closed_shop
    till = shop.register()
    sign_on(till)
    till.wait_for("OFFLINE auto")
    sell(till, MILK, COFFEE)
    sell(till, HONEY)
    till.send("\x11")
    assert till.wait_exit() == 0
    till = shop.register()
    come_back(till)
    till.wait_for("OFFLINE auto")
    assert waiting(till) in (
        2,
        3,
    )  # two sales, and the opening of the shift where the demo did not wait for it
    shop.start_server()
    eventually(lambda: shop.json("status")["link"] == "UP", what="the link is up")
    scan(till, BEER, 599)
    till.wait_for(" ONLINE")
    pay_exactly(till, 599)
    till.wait_for("up 0")
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()
