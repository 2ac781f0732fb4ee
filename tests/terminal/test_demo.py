"""`outpost demo` as a newcomer meets it: one command, a shop, the failover within a minute, a clean end."""

import csv
import io
import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pty_terminal import Terminal
from shop import OUTPOST, end_processes_of, eventually, processes_of, running_headless
from shop_hand import (
    COFFEE,
    CTRL_D,
    CTRL_Q,
    F1,
    HONEY,
    MILK,
    START_TIMEOUT_S,
    pay_exactly,
    scan,
    sell,
    sign_on,
)

pytestmark = pytest.mark.serial
LONGEST_START_S = 15.0
"""On a busy machine; about two seconds otherwise."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """An empty folder for a demo shop; whatever still runs of it in the end is killed."""
    folder = tmp_path / "demo"
    yield folder
    end_processes_of(folder)


def demo(home: Path, *options: str) -> Terminal:
    return Terminal((*OUTPOST, "demo", "--home", str(home), *options))


def test_newcomer_sells_sees_the_failover_and_ends_everything_with_one_key(home: Path):
    begin_s = time.monotonic()
    with demo(home) as till:
        sign_on(till)
        assert time.monotonic() - begin_s < LONGEST_START_S
        till.wait_for(" ONLINE", "Shift 1")
        till.send(F1)
        till.wait_for(MILK.code)  # the sheet of codes to try
        till.wait_for("Esc Back")
        till.send("\x1b")
        till.wait_gone("Esc Back")
        scan(till, MILK, 109)
        till.send("/9801\r")
        till.wait_for("cable is pulled")
        scan(till, COFFEE, 109 + 1558)
        till.wait_for("OFFLINE auto")
        pay_exactly(till, 109 + 1558)
        till.wait_for("up 1", "TOTAL EUR")
        till.send("/9801\r")
        till.wait_for("cable is back in")
        comes_online(till)

        till.send("/9802\r")
        till.wait_for("server is killed")
        sell(till, HONEY)
        till.wait_for("OFFLINE auto", "up 1")
        till.send("/9802\r")
        till.wait_for("server runs again")
        comes_online(till)
        till.send(CTRL_Q)
        assert till.wait_exit() == 0
    eventually(lambda: not processes_of(home), 10, "nothing of the shop runs any more")


def comes_online(till: Terminal) -> None:
    """The demo tries the way back after five seconds, at the beginning of a sale."""

    def try_a_sale() -> bool:
        sell(till, MILK)
        return " ONLINE" in till.text()

    eventually(try_a_sale, 12, "a sale that is online again")
    till.wait_for("up 0")


def test_detached_demo_goes_on_and_is_found_again(home: Path):
    with demo(home, "--products", "120") as till:
        sign_on(till)
        scan(till, MILK, 109)
        till.send(CTRL_D)
        assert till.wait_exit() == 0
    assert processes_of(home)
    with demo(home, "--products", "120") as till:
        till.wait_for(MILK.name, "F12Pay", timeout_s=START_TIMEOUT_S)
        pay_exactly(till, 109)
        till.send(CTRL_Q)
        assert till.wait_exit() == 0
    eventually(lambda: not processes_of(home), 10, "nothing of the shop runs any more")


def test_headless_demo_leaves_a_register_for_another_terminal_and_prints_where(home: Path):
    with running_headless(home, "--products", "120") as said:
        assert f"outpost register --home {home / 'register'}" in said
        assert "http://127.0.0.1:" in said
        with Terminal((*OUTPOST, "register", "--home", str(home / "register"))) as till:
            sign_on(till)
            till.wait_for(" ONLINE", "Shift 1")
            sell(till, MILK)
            till.wait_for("up 0")
            till.send(CTRL_Q)
            assert till.wait_exit() == 0
    eventually(lambda: not processes_of(home), 10, "nothing of the shop runs any more")


def test_list_of_products_is_csv_with_unique_codes():
    listing = subprocess.run(
        (*OUTPOST, "demo", "--list-products"), capture_output=True, text=True, check=True
    )
    rows = list(csv.DictReader(io.StringIO(listing.stdout)))
    assert len(rows) >= 2_000
    assert list(rows[0]) == ["code", "name", "price"]
    assert len({row["code"] for row in rows}) == len(rows)
    assert {"code": MILK.code, "name": "Alpenhof Whole milk 3.8 % fat 1 l", "price": "109"} in rows
    few = subprocess.run(
        (*OUTPOST, "demo", "--list-products", "--products", "7"), capture_output=True, text=True, check=True
    )
    assert len(few.stdout.splitlines()) == 8


def test_demo_without_a_terminal_says_so_and_leaves_nothing_running(home: Path):
    done = subprocess.run(
        (*OUTPOST, "demo", "--home", str(home)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert "terminal" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not processes_of(home)


def test_second_start_comes_back_with_the_same_shop_and_prints_to_the_file_that_is_given(
    home: Path, tmp_path: Path
):
    paper = tmp_path / "paper.bin"
    paper.touch()
    for number in (1, 2):
        begin_s = time.monotonic()
        with demo(home, "--products", "120", "--printer", str(paper)) as till:
            sign_on(till)
            assert time.monotonic() - begin_s < LONGEST_START_S
            till.wait_for(" ONLINE", "Shift 1")
            sell(till, MILK)
            till.wait_for("Receipt printed.", "up 0")
            till.send(CTRL_Q)
            assert till.wait_exit() == 0
        assert f"S0001-R01-{number:06d}".encode() in paper.read_bytes()
    eventually(lambda: not processes_of(home), 10, "nothing of the shop runs any more")


def test_demo_whose_core_is_killed_comes_back_to_its_sale(home: Path):
    with demo(home, "--products", "120") as till:
        sign_on(till)
        scan(till, MILK, 109)
        core = next(pid for pid, words in processes_of(home).items() if "--core" in words)
        os.kill(core, 9)
        till.wait_for("WAITING FOR THE REGISTER CORE")
        till.wait_for(MILK.name, " F12Pay", "up ")
        pay_exactly(till, 109)
        till.send(CTRL_Q)
        assert till.wait_exit() == 0
    notes = json.loads((home / "demo.json").read_text())
    assert notes["opened"]
    eventually(lambda: not processes_of(home), 10, "nothing of the shop runs any more")
