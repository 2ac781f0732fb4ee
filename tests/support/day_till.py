"""A cashier at a real core whose machine dies at random moments, in a shop with headquarters above its server."""

import random
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from core_hand import Hand
from devices.simulated.printer import Fault
from shop import OUTPOST, START_TIMEOUT_S, Shop, free_port
from shop_network import Network, ShopPrinter
from store.register.home import RegisterHome
from store.register.process.core_process import CoreProcess

PINS = {"101": "101101", "201": "201201"}
LONGEST_DELAY_S = 0.03
ONE_START_S = 2.0
"""How long a core may take to listen; asked for sooner, a second one would be started beside it."""


class WholeShop(Shop):
    """The demo shop with its headquarters, a cable that can be pulled and a printer that can be switched off."""

    def __init__(self, template: Path, home: Path) -> None:
        super().__init__(template, home)
        self.headquarters = home / "headquarters"
        self.hq_port = free_port()
        self.services: list[subprocess.Popen[bytes]] = []
        self.network = Network(self.port)
        self.slips = ShopPrinter()
        self.devices = {"printer": self.slips.address, "drawer": "printer"}
        self.point_register_at(self.network.url)
        self._starting: threading.Thread | None = None

    def start_all(self) -> None:
        """Headquarters, and the server under it."""
        with (self.home / "hq.out").open("ab") as out:
            words = ("hq", "--home", str(self.headquarters), "--port", str(self.hq_port))
            self.services.append(subprocess.Popen((*OUTPOST, *words), stdout=out, stderr=out))
        self.start_server()

    def server_words(self) -> tuple[str, ...]:
        """Under headquarters."""
        return (*super().server_words(), "--headquarters", f"http://127.0.0.1:{self.hq_port}")

    def kill_server(self) -> None:
        """As a power cut does."""
        self.server_is_up()
        self.signal_server(signal.SIGKILL)

    def restart_server(self) -> None:
        """Start it again; selling goes on meanwhile."""
        self._starting = threading.Thread(target=self.start_server)
        self._starting.start()

    def server_is_up(self) -> None:
        """Wait for a server that is being started."""
        if self._starting is not None:
            self._starting.join()
            self._starting = None

    def printer_off(self) -> None:
        """The printer has no power."""
        self.slips.misbehave(Fault.POWER_OFF)

    def hq(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`outpost hq --home HQ ...`."""
        command = (*OUTPOST, "hq", "--home", str(self.headquarters), *words)
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def printed_numbers(self) -> list[str]:
        """From the printer of this shop; what is practice has no number."""
        return [number for number in self.slips.numbers() if number.startswith("S")]

    def close(self) -> None:
        """End everything that still runs."""
        self.server_is_up()
        for process in self.services:
            process.kill()
            process.wait(10)
        super().close()
        self.network.close()
        self.slips.close()


class Cashier:
    """Does one thing after the other at the control socket, each once, however often the core dies under it."""

    def __init__(self, shop: WholeShop, chance: random.Random) -> None:
        self.shop, self.chance = shop, chance
        self.home = RegisterHome(shop.till)
        self.process = CoreProcess(self.home)
        self.operator = ""
        self.deadly: set[int] = set()
        """Numbers of the intents during which the core is killed."""
        self.n = self.deaths = 0
        self.hand = self._attached()

    @property
    def view(self) -> dict[str, Any]:
        """What the screen shows."""
        return self.hand.view

    @property
    def question(self) -> dict[str, Any]:
        """The question that is open; its kind is empty when there is none."""
        return self.view["question"] or {"kind": "", "id": "", "lines": ()}

    @property
    def says(self) -> str:
        """The sentence above the entry line."""
        return str(self.view["message"]["text"])

    @property
    def mode(self) -> str:
        """What the till is doing."""
        return str(self.view["mode"])

    def enter(self, *texts: str) -> None:
        """Text and Enter, each an answer to the question that is open then."""
        for text in texts:
            self._do("enter", text, question=self.question["id"])

    def operation(self, number: int, text: str = "", *answers: str) -> None:
        """An operation, and what is typed at the questions it asks."""
        self._do("operation", text, operation=number)
        self.enter(*answers)

    def answer(self, yes: bool = True) -> None:
        """F5 or F6."""
        self._do("answer", "yes" if yes else "no", question=self.question["id"])

    def back(self) -> None:
        """Esc."""
        self._do("back")

    def sign_on(self, operator: str) -> None:
        """Number and PIN."""
        self.operator = operator
        self.enter(operator, PINS[operator])
        assert self.mode != "locked", self.says

    def _do(self, kind: str, arg: str = "", **more: Any) -> None:
        self.n += 1
        intent = {"n": self.n, "kind": kind, "arg": arg, "seq": self.view["seq"], **more}
        if self.n in self.deadly:
            self.hand.tell(t="intent", intent=intent)
            time.sleep(self.chance.uniform(0, LONGEST_DELAY_S))
            self.shop.kill_core()
            list(self.hand.until_it_hangs_up())
            self._come_back(intent)
        else:
            self._told(intent)

    def _told(self, intent: dict[str, Any]) -> None:
        """A view is held back while older ones are on their way; what is asked behind it comes after it."""
        self.hand.tell(t="intent", intent=intent)
        assert self.hand.hear("ack"), "the core died by itself"
        self.hand.tell(t="query", id=self.n, kind="layout")
        assert self.hand.hear("answer"), "the core died by itself"

    def _come_back(self, intent: dict[str, Any]) -> None:
        """The core is dead: start it again, tell it again what it may have lost, and be where one was."""
        self.deaths += 1
        self.hand.close()
        self.hand = self._attached()
        assert self.hand.n in (intent["n"], intent["n"] - 1), "an intent is lost or doubled"
        if self.hand.n < intent["n"]:
            self._told(intent | {"seq": 0})

    def _attached(self) -> Hand:
        end_s, again_s = time.monotonic() + START_TIMEOUT_S, 0.0
        while time.monotonic() < end_s:
            if (
                time.monotonic() >= again_s
            ):  # the dying one may have listened still, so once is not always enough
                self.process.ensure()
                again_s = time.monotonic() + ONE_START_S
            try:
                hand = Hand(self.home, "day")
            except OSError:
                time.sleep(0.02)
                continue
            if hand.view and hand.view["mode"] != "starting":
                return hand
            hand.close()
        raise AssertionError("the core did not come")

    def close(self) -> None:
        """Leave the till."""
        self.hand.close()
