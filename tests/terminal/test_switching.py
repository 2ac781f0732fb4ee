"""What headquarters decides about a till, on a real one: profile, keys, people; and the way in by telephone."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chain import Chain
from pty_terminal import Terminal
from shop import eventually
from shop_hand import CTRL_L, ESC, F5, F6, shows_total, sign_on
from shop_network import Network

pytestmark = pytest.mark.serial
R01 = "S0001-R01"
MILK, FINELINER = "4099000000017", "4006381333931"
ONLY_AT_THE_SERVER = "4099000000024"
F8 = "\x1b[19~"
ASKED = "The server does not answer"
DATA_WITHIN_S = 30.0


class Floor:
    """A chain with one register whose line can be pulled."""

    def __init__(self, chain: Chain, network: Network) -> None:
        self.chain, self.network = chain, network
        self.till: Terminal

    def open(self) -> Terminal:
        """The till with an open shift, online."""
        self.till = till = self.chain.register(R01)
        sign_on(till)
        till.wait_for("start amount", timeout_s=DATA_WITHIN_S)
        till.send("100.00\r")
        till.wait_for("TOTAL", " ONLINE", timeout_s=DATA_WITHIN_S)
        return till

    def send(self, *jobs: str) -> None:
        """Run jobs and wait until the register has what they bring."""
        for job in jobs:
            self.chain.hq("job", "run", job)
        newest = self.newest_package()
        eventually(lambda: self.packages() == newest, DATA_WITHIN_S, f"package {newest} is on the register")

    def newest_package(self) -> int:
        """The highest number of a package that headquarters has made for this register."""
        sessions = self.chain.ask_hq("session", "list")
        return max(int(row["package_seq"]) for row in sessions if row["database"] == R01)

    def packages(self) -> int:
        """The package that the register has, ready or in use; `sync now` fetches what waits."""
        self.chain.outpost("sync", "now", "--home", self.chain.till(R01))
        names = [path.stem.removeprefix("catalog-") for path in self.chain.till(R01).glob("catalog-*.db")]
        return max((int(name) for name in names if name.isdigit()), default=0)


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    chain = Chain(tmp_path)
    try:
        chain.start_headquarters()
        chain.start_server()
        chain.set_up(R01)
        network = Network(chain.server_port)
        chain.activate(R01, network.url)
        try:
            yield Floor(chain, network)
        finally:
            network.close()
    finally:
        chain.close()


def scan(till: Terminal, code: str, total: int) -> float:
    begin_s = time.monotonic()
    till.send(f"{code}\r")
    return till.wait_until(lambda text: shows_total(text, total), what=f"{code} sold") - begin_s


def gone(text: str) -> Callable[[str], bool]:
    return lambda seen: text not in seen


def test_the_question_before_a_switch_is_answered_by_f5_f6_or_time_and_loses_no_scan(floor: Floor):
    chain = floor.chain
    chain.hq("offline-profile", "set", "OP1", "--prompt-on-switch", "yes", "--retry-count", "0")
    chain.hq("job", "run", "1070")
    till = floor.open()
    scan(till, MILK, 109)

    floor.network.unplug()
    scan(till, FINELINER, 238)  # known here: sold at once, whatever is being asked
    till.wait_for(ASKED, "F5 Go offline", "F6 Try the server again")
    assert "OFFLINE" not in till.text()
    till.send("\r")  # never an answer
    scan(till, MILK, 347)
    assert ASKED in till.text()
    floor.network.plug_in()
    till.send(F6)
    till.wait_until(gone(ASKED), what="asked no more")
    scan(till, MILK, 456)
    assert " ONLINE" in till.text(), "the server was there after all"
    time.sleep(1)  # its answer may come after the local one; only then the next failure is another one

    floor.network.unplug()
    scan(till, FINELINER, 585)
    till.wait_for(ASKED)
    till.send(F5)
    till.wait_for("OFFLINE auto")
    till.send("/500\r")
    till.wait_for("Void the whole sale?")
    till.send(F5)
    till.wait_for("The sale is voided")

    floor.network.plug_in()
    eventually(lambda: chain.ask_till(R01, "status")["link"] == "UP", 20, "the link is up")
    scan(till, MILK, 109)
    till.wait_for(" ONLINE")
    floor.network.unplug()
    asked_s = time.monotonic()
    till.send(
        f"{ONLY_AT_THE_SERVER}\r{FINELINER}\r{MILK}\r"
    )  # the first one waits for the answer, the rest behind it
    till.wait_for(ASKED)
    till.wait_for("OFFLINE auto", timeout_s=15)
    assert time.monotonic() - asked_s > 4.5, "without an answer it switches after five seconds"
    till.wait_until(lambda text: shows_total(text, 347), what="both items behind it are sold")
    till.wait_for("Not sold", ONLY_AT_THE_SERVER)
    names = [line for line in till.text().splitlines() if "Whole milk" in line or "Fineliner" in line]
    assert ["milk" in line for line in names[:3]] == [True, False, True], "in the order of the scans"


def test_917_on_a_key_of_headquarters_is_called_disconnect_or_connect_by_state(floor: Floor):
    chain = floor.chain
    till = floor.open()
    assert "F9Disconnect" in till.text()
    chain.hq("key", "set", "f8", "--operation", "917", "--caption", "Line")
    chain.hq("key", "set", "f7", "--operation", "4711", "--place", "sale")
    floor.send("1090")
    scan(till, MILK, 109)  # a newer catalog comes into use with a sale
    till.wait_for("F8Disconnect")
    assert "F9Disconnect" not in till.text()
    assert "Line" not in till.text()
    till.send(F8)
    till.wait_for("Connection status", "Disconnect")
    till.send(F8)
    till.wait_for("OFFLINE manual")
    till.send(ESC)
    till.wait_for("F8Connect")
    listed = chain.outpost("keys", "--list", "--home", chain.till(R01))
    assert re.search(r"^F8 +917 ", listed.stdout, re.MULTILINE)
    assert "this register has no operation 4711" in listed.stderr
    second = Terminal((*till_command(chain),))
    chain.terminals.append(second)
    second.wait_for("F8Connect")
    second.wait_for("Headquarters' key F7 (sale) for 4711 is ignored")


def till_command(chain: Chain) -> tuple[str, ...]:
    from shop import OUTPOST

    return (*OUTPOST, "screen", "--home", str(chain.till(R01)))


def test_an_operator_blocked_at_headquarters_is_out_at_once_online_and_a_role_may_what_it_says(floor: Floor):
    chain = floor.chain
    till = floor.open()
    chain.hq("role", "set", "helper", "--name", "Helper", "--permission", "sell")
    chain.hq("staff", "set", "102", "--name", "Bo Helper", "--role", "helper", "--pin", "102102")
    chain.hq("staff", "set", "101", "--blocked", "yes")
    chain.hq("job", "run", "1060")
    eventually(lambda: "102" in staff_at_the_server(chain), 20, "the store has the staff")
    till.send(CTRL_L)
    till.wait_for("Operator", "PIN")
    till.send("101\r101101\r")
    till.wait_for("Number or PIN is wrong")
    sign_on(till, "102", "102102")
    scan(till, MILK, 109)
    till.send("/500\r")
    till.wait_for("Void sale is not allowed for a helper")


def staff_at_the_server(chain: Chain) -> set[str]:
    import contextlib
    import sqlite3

    url = f"file:{chain.server_home / 'channel.db'}?mode=ro"
    with contextlib.closing(sqlite3.connect(url, uri=True)) as db:
        return {row[0] for row in db.execute("select number from staff")}


def test_the_manager_whose_pin_is_forgotten_comes_in_by_a_code_that_headquarters_tells_by_telephone(
    floor: Floor,
):
    chain = floor.chain
    till = floor.open()
    till.send("/701\r")
    till.wait_for("Operator", "PIN")
    floor.network.unplug()
    till.send("/9110\r")
    till.wait_for("Sign in by telephone code", "Type your operator number")
    till.send("201\r")
    till.wait_for("Call headquarters")
    challenge = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", till.text())
    assert challenge
    told = chain.ask_hq(
        "staff", "unlock-code", "--register", R01, "--operator", "201", "--challenge", challenge[0]
    )
    till.send("0000-0000\r")
    till.wait_for("The code is wrong; 2 attempts left")
    till.send(f"{told['code']}\r")
    till.wait_for("Morgan Lee is signed in by telephone code, once.")
    records = chain.ask_till(R01, "journal", "list")
    assert records
    floor.network.plug_in()
    till.wait_for("up 0", timeout_s=30)
    assert chain.ask_hq("quarantine", "list") == []
