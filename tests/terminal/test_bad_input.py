"""Bad input of every kind at the real program: one clear sentence each, and nothing is lost."""

import contextlib
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev_escpos_decoder import decode
from devices.simulated.scanner import SimulatedScanner
from pty_terminal import Terminal
from shop import Shop, end_processes_of, eventually
from shop_hand import (
    COFFEE,
    CTRL_Q,
    F12,
    HONEY,
    INS,
    MILK,
    NORD_MILK,
    START_TIMEOUT_S,
    UNKNOWN,
    WRONG_CHECK_DIGIT,
    pay_exactly,
    scan,
    sell,
    shows_total,
    sign_on,
)
from shop_packages import publish

pytestmark = pytest.mark.serial
EVIL = "Evil\x1b]0;owned\x07\x1b[2J\u202egpj.milk\u2066 \x9b31mA\u200bB\x00C"
"""A product name that would set the window's title, clear the screen and turn the reading direction."""
ROOM_BYTES = 160_000_000
"""Size of the small disk: more than what a register asks for before it opens a sale."""


@pytest.fixture
def till(shop: Shop) -> Terminal:
    """A register that somebody is signed in at."""
    terminal = shop.register()
    sign_on(terminal)
    return terminal


def test_wrong_check_digit_and_unknown_code_are_refused_shown_and_not_sold(shop: Shop, till: Terminal):
    scan(till, MILK, 109)
    till.send(f"{WRONG_CHECK_DIGIT}\r")
    till.wait_for(f"{WRONG_CHECK_DIGIT}: its last digit is wrong (1 would fit)", "Not sold                1")
    till.send(f"{UNKNOWN}\r{COFFEE.code}\r")
    till.wait_for(UNKNOWN, "Not sold                2")
    till.wait_until(lambda text: shows_total(text, 109 + 1558), what="the good scan behind the bad ones")
    till.send(INS)
    till.wait_for("Sell by department", f"Code {UNKNOWN}")
    till.send("1\r")
    till.wait_for("Type the price")
    till.send("0.99\r")
    till.wait_until(lambda text: shows_total(text, 109 + 1558 + 99), what="sold by department")
    pay_exactly(till, 109 + 1558 + 99)
    sold = shop.sales()[0]["lines"]
    assert [line["gross"] for line in sold] == [109, 1558, 99]
    assert sold[2]["code"] == UNKNOWN


def test_ten_kilobytes_of_typed_and_pasted_rubbish_sell_nothing_and_lose_nothing(shop: Shop, till: Terminal):
    scan(till, MILK, 109)
    for _ in range(5):
        till.send("q7" * 1000)
        till.settle(0.1)
    till.send("\r")
    till.wait_for("characters are no code", timeout_s=20)
    till.send("\x1b[200~" + "x\x1b[31m\u202e9\x00\x07" * 1000 + "\x1b[201~")
    till.settle(0.3)
    till.send("\r")
    till.settle(0.3)
    assert "\u202e" not in till.text()
    scan(till, COFFEE, 109 + 1558)
    pay_exactly(till, 109 + 1558)
    assert len(shop.sales()[0]["lines"]) == 2


def test_ten_kilobytes_from_a_serial_scanner_are_refused_in_words_and_the_next_scan_sells(closed_shop: Shop):
    shop = closed_shop
    scanner = SimulatedScanner()
    shop.connect(scanners=[scanner.plug_in()])
    shop.start_server()
    try:
        till = shop.register()
        sign_on(till)
        scanner.scan(MILK.code)
        till.wait_until(lambda text: shows_total(text, 109), what="a scan")
        rubbish = os.urandom(10_240)
        for at in range(0, len(rubbish), 1024):
            scanner.send(rubbish[at : at + 1024])
        # What comes last depends on where the rubbish has its line ends; a word on it there is always.
        words = ("Scan again", "Not sold", "are no code")
        till.wait_until(lambda text: any(word in text for word in words), what="a sentence on the rubbish")
        time.sleep(0.3)  # it ends where the line is quiet
        total = int(money_on(till))
        scanner.scan(WRONG_CHECK_DIGIT)
        till.wait_for("last digit is wrong")
        scanner.scan(COFFEE.code)
        till.wait_until(lambda text: shows_total(text, total + 1558), what="the scan after the rubbish")
        assert total == 109
        scanner.pull_out()
        scan(till, HONEY, total + 1558 + 509)  # the keyboard still scans
        pay_exactly(till, total + 1558 + 509)
    finally:
        scanner.pull_out()


def money_on(till: Terminal) -> str:
    """The total on the screen, in cents."""
    row = next(row for row in till.text().splitlines() if "TOTAL EUR" in row)
    return row.split("TOTAL EUR")[1].split()[0].replace(".", "")


def test_escape_sequences_and_bidi_in_a_product_name_reach_neither_screen_nor_paper(
    closed_shop: Shop,
):
    shop = closed_shop
    publish(shop.home, {0: EVIL, 1: "x" * 400})
    shop.start_server()
    till = shop.register()
    sign_on(till)
    till.wait_for(" ONLINE")
    eventually(lambda: shop.json("status")["pending_downloads"], what="the new package is there")
    till.send(f"{MILK.code}\r{NORD_MILK.code}\r")
    till.wait_until(lambda text: shows_total(text, 109 + 130), what="both lines")
    assert "Evil" in till.text()
    assert "owned" not in till.screen.title
    assert "ONLINE" in till.screen.display[0]  # nothing was cleared
    pay_exactly(till, 109 + 130)
    till.wait_for("Receipt printed.")
    assert (
        "Evil" in decode(shop.paper.read_bytes()).receipts[-1].text
    )  # the decoder refuses control characters
    for shown in (till.text(), shop.run("journal", "show"), shop.run("status"), shop.run("journal", "list")):
        assert not set(shown) & set("\x1b\x07\x00\x9b\u202e\u2066\u200b")
    till.wait_for("up 0")
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()


def damage(file: Path) -> None:
    """Flip one bit in the middle."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_damaged_catalog_is_not_sold_from_is_named_and_is_fetched_again(closed_shop: Shop):
    shop = closed_shop
    damage(shop.till / "catalog-1.db")
    till = shop.register()
    till.wait_for("no usable catalog", timeout_s=START_TIMEOUT_S)
    said = shop.outpost("doctor")
    assert said.returncode == 1
    assert "no catalog" in said.stdout
    shop.start_server()
    till.wait_for("The shop's data is here.", timeout_s=20)
    sign_on(till)
    sell(till, MILK)
    shop.assert_journal_holds()


def test_damaged_catalog_falls_back_to_the_one_before(closed_shop: Shop):
    shop = closed_shop
    publish(shop.home, {0: "Alpenhof Whole milk NEW"})
    shop.start_server()
    till = shop.register()
    sign_on(till)
    eventually(lambda: (shop.till / "catalog-2.db").exists(), what="the new catalog is made")
    till.send(f"{MILK.code}\r")
    till.wait_for("Alpenhof Whole milk NEW")
    pay_exactly(till, 109)
    till.send(CTRL_Q)
    till.wait_exit()
    eventually(lambda: shop.core_pid() == 0)
    shop.signal_server(15)
    damage(shop.till / "catalog-2.db")
    till = shop.register()
    till.wait_for("damaged", timeout_s=START_TIMEOUT_S)
    sign_on(till)
    till.send(f"{MILK.code}\r")
    till.wait_for("Alpenhof Whole milk 3.8", "OFFLINE auto")


def test_second_core_on_the_same_home_leaves_the_first_one_alone(shop: Shop, till: Terminal):
    core = shop.core_pid()
    scan(till, MILK, 109)
    second = shop.outpost("register", "--core")
    assert second.returncode == 0  # the loser of a race is welcome at the other's core
    assert "Traceback" not in second.stderr
    assert second.stderr.strip(), "a person is told that nothing was started"
    assert shop.core_pid() == core
    scan(till, COFFEE, 109 + 1558)
    pay_exactly(till, 109 + 1558)
    shop.assert_journal_holds()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '[register]\nserver_ulr = "http://127.0.0.1:1"\n',
            ("line 2", "server_ulr", "Did you mean server_url?"),
        ),
        ("[offline_profile]\noffline_timeout_s = 9999\n", ("line 2", "offline_timeout_s")),
        ('[register]\nserver_url = "http://shop.example"\n', ("https",)),
        ("[register\n", ("TOML",)),
        ('[devices]\nprinter = "pigeon:7"\n', ("pigeon:7", "tcp://host:port")),
        ('[keys]\npay = "f99"\n', ("f99",)),
    ],
    ids=["wrong key", "wrong value", "wrong address", "no TOML", "wrong printer", "wrong keyboard key"],
)
def test_wrong_configuration_is_one_sentence_and_exit_code_3(
    closed_shop: Shop, text: str, words: tuple[str, ...]
):
    (closed_shop.till / "register.toml").write_text(text)
    with closed_shop.register() as terminal:
        assert terminal.wait_exit() == 3, terminal.text()
        joined = "".join(row for row in terminal.screen.display).replace(" ", "")
        for word in words:
            assert word.replace(" ", "") in joined
        assert "Traceback" not in terminal.text()
    if "[keys]" not in text:  # keys concern screens only: a core would start, and stay
        alone = closed_shop.outpost("register", "--core")
        assert alone.returncode == 3
        assert len(alone.stderr.strip().splitlines()) == 1
        assert "Traceback" not in alone.stderr


def test_no_terminal_and_no_register_are_said_in_one_sentence(closed_shop: Shop, tmp_path: Path):
    for words, code, hint in (
        (("register",), 2, "terminal"),
        (("screen",), 4, "outpost register"),
        (("status",), 4, "outpost register"),
        (("917",), 4, "outpost register"),
    ):
        done = closed_shop.outpost(*words)
        assert (done.returncode, done.stdout) == (code, ""), words
        assert hint in done.stderr, words
        assert len(done.stderr.strip().splitlines()) == 1
    closed_shop.till = tmp_path / "nothing"
    for words in (("register",), ("register", "--core"), ("journal", "list"), ("journal", "verify")):
        done = closed_shop.outpost(*words)
        assert done.returncode == 3, (words, done)
        assert len(done.stderr.strip().splitlines()) == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that can be filled; only root may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ("mount", "-t", "tmpfs", "-o", f"size={ROOM_BYTES}", "tmpfs", str(place))
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a file system")
    yield place
    end_processes_of(place)
    subprocess.run(("umount", "--lazy", str(place)), check=True)


def fill(place: Path) -> Path:
    """Take all the room there is."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as out:
        for size in (65_536, 512, 1):
            try:
                while out.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    return filler


def test_f06_full_disk_stops_new_sales_loudly_and_loses_nothing(shop: Shop, small_disk: Path):
    shop.move_register(small_disk / "register")
    till = shop.register()
    sign_on(till)
    sell(till, MILK)
    scan(till, COFFEE, 1558)
    filler = fill(small_disk)
    till.send(f"{HONEY.code}\r")
    till.wait_until(
        lambda text: shows_total(text, 1558 + 509) or "disk" in text, what="sold, or refused in words"
    )
    till.send(F12 + "\r")
    till.wait_until(lambda text: "CHANGE" in text or "disk" in text, what="paid, or refused in words")
    till.send(f"{NORD_MILK.code}\r")
    till.wait_for("does not sell", "disk")
    assert shop.outpost("doctor").returncode == 1
    filler.unlink()
    till.send("\r")
    till.wait_gone("does not sell")
    till.wait_for("Receipt printed.")
    scan(till, NORD_MILK, 130)
    pay_exactly(till, 130)
    till.wait_for("Receipt printed.", "up 0")
    assert [sale["total"] for sale in shop.sales()] == [109, 1558 + 509, 130]
    shop.assert_journal_holds()
    shop.assert_server_has_all_once()


def test_journal_that_was_tampered_with_stops_the_register_and_names_the_record(shop: Shop, till: Terminal):
    sell(till, MILK)
    till.send(CTRL_Q)
    till.wait_exit()
    eventually(lambda: shop.core_pid() == 0)
    with contextlib.closing(sqlite3.connect(shop.till / "journal.db")) as db:
        for (name,) in db.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            db.execute(f"drop trigger {name}")
        seq, payload = db.execute("select seq, payload from record where kind = 'sale'").fetchone()
        cheaper = bytes(payload).replace(b'"total":109', b'"total":108')
        assert cheaper != payload
        db.execute("update record set payload = ? where seq = ?", (cheaper, seq))
        db.commit()
    broken = shop.outpost("journal", "verify")
    assert broken.returncode == 1
    assert f"Record {seq} does not hold" in broken.stdout
    till = shop.register()
    till.wait_for("does not sell", timeout_s=START_TIMEOUT_S)
    assert f"{seq}" in till.text()
    till.send(f"{MILK.code}\r")
    till.settle()
    assert "does not sell" in till.text()
