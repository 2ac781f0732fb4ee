"""The real screen in a real terminal: whatever is typed how fast, nothing is lost, doubled or in a wrong field."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pty_terminal import Terminal
from store.register.view import Mode
from tui_core import CODES, FLOWERS, WINE, FakeCore, Till

pytestmark = pytest.mark.serial
MILK, BREAD = CODES[:2]
RUN = str(Path(__file__).parents[1] / "support" / "tui_run.py")
ROOT = Path(__file__).parents[2]
F = {1: "\x1bOP", 2: "\x1bOQ", 3: "\x1bOR", 4: "\x1bOS", 5: "\x1b[15~", 6: "\x1b[17~", 7: "\x1b[18~"}
F |= {8: "\x1b[19~", 9: "\x1b[20~", 10: "\x1b[21~", 11: "\x1b[23~", 12: "\x1b[24~"}
ESC = "\x1b"


@pytest.fixture
def core(tmp_path: Path) -> Iterator[FakeCore]:
    with FakeCore(tmp_path / "s", Till(Mode.IDLE)) as running:
        yield running


@pytest.fixture
def terminal(core: FakeCore) -> Iterator[Terminal]:
    with open_screen(core) as opened:
        opened.wait_for("F1Help", "ONLINE")
        yield opened


def open_screen(core: FakeCore, role: str = "cashier", **options) -> Terminal:
    return Terminal([sys.executable, RUN, str(core.path), role], cwd=ROOT, **options)


def entered(core: FakeCore, count: int) -> list[str]:
    """The first `count` entries the core was sent, once all are there and no further one comes."""
    end_s = time.monotonic() + 5
    while len(_entries(core)) < count and time.monotonic() < end_s:
        time.sleep(0.005)
    time.sleep(0.05)
    return _entries(core)


def _entries(core: FakeCore) -> list[str]:
    return [intent.arg for intent in core.intents if intent.kind.value in ("enter", "scan")]


def slowly(terminal: Terminal, text: str, gap_ms: float) -> None:
    """One write for each byte."""
    if not gap_ms:
        terminal.send(text)
        return
    for char in text:
        terminal.send(char)
        time.sleep(gap_ms / 1000)


@pytest.mark.parametrize("gap_ms", [0, 1, 3, 5])
def test_bursts_of_scans_arrive_whole_and_in_order(core: FakeCore, terminal: Terminal, gap_ms: float):
    wanted = [MILK, BREAD, MILK, CODES[2], BREAD]
    slowly(terminal, "".join(f"{code}\r" for code in wanted), gap_ms)
    assert entered(core, 5) == wanted
    terminal.wait_for("Items                   5")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\t"])
def test_two_scans_in_one_read_are_two_lines_with_any_line_end(core: FakeCore, terminal: Terminal, end: str):
    terminal.send(f"{MILK}{end}{BREAD}{end}")
    assert entered(core, 2) == [MILK, BREAD]
    terminal.wait_for(" 1 Whole milk", "> 2 Rye bread")


def test_scan_right_before_and_after_each_function_key(core: FakeCore, terminal: Terminal):
    for number, sequence in F.items():
        core.change(lambda till: till.__init__(Mode.IDLE))
        before = len(_entries(core))
        terminal.send(f"{MILK}\r{sequence}{BREAD}\r")
        taken = entered(core, before + (1 if number in (1, 2, 9, 10, 11) else 2))[before:]
        assert taken[0] == MILK
        if taken[1:] != [BREAD]:
            assert taken[1:] == []
            terminal.wait_for(f"Not taken: {BREAD}")
            terminal.send(ESC)
            terminal.settle()  # a terminal that is not read holds the screen up
        terminal.send(ESC)
        terminal.settle()  # a terminal that is not read holds the screen up


def test_scan_behind_a_guarded_question_is_refused_and_shown(core: FakeCore, terminal: Terminal):
    terminal.send(f"{WINE}\r{MILK}\r")
    terminal.wait_for("Age check", "F5 Yes", "Not sold                1", MILK)
    assert core.till.lines == []
    terminal.send("y\r1\r\r\n")
    time.sleep(0.2)
    assert core.till.question is not None
    terminal.send(F[5])
    terminal.wait_for("> 1 Red wine")


def test_scan_behind_a_price_question_is_no_price(core: FakeCore, terminal: Terminal):
    terminal.send(f"{FLOWERS}\r4711\r")
    terminal.wait_for("Price", "4711")
    assert core.till.lines == []
    terminal.send("7\r")
    terminal.wait_for("> 1 Flowers")
    assert core.till.total == 700


def test_scan_in_the_pay_screen_is_no_amount_and_its_enter_no_cash(core: FakeCore, terminal: Terminal):
    terminal.send(f"{MILK}\r{F[12]}{BREAD}\r\n")
    terminal.wait_for("Scan refused while paying", "DUE")
    assert core.till.mode is Mode.TENDER
    terminal.send("\r")
    terminal.wait_for("CHANGE", "0.00")


@pytest.mark.parametrize(
    "number,title", [(1, "Help"), (2, "Find an item"), (9, "Connection status"), (10, "All operations")]
)
def test_scan_into_what_lies_over_the_sale_is_refused_and_kept(
    core: FakeCore, terminal: Terminal, number: int, title: str
):
    terminal.send(F[number])
    terminal.wait_for(title)
    terminal.send(f"{MILK}\r")
    terminal.wait_for(f"Not taken: {MILK}")
    terminal.send(ESC)
    terminal.wait_for("Not sold                1")
    assert _entries(core) == []


def test_scan_while_the_program_starts_is_kept_and_not_echoed(core: FakeCore):
    for pause_s in (0.0, 0.03, 0.08, 0.15):
        before = len(_entries(core))
        with open_screen(core) as terminal:
            if pause_s:
                time.sleep(pause_s)
            terminal.send(f"{MILK}\r{BREAD}\r")
            assert entered(core, before + 2)[before:] == [MILK, BREAD]
            terminal.wait_for("F1Help")


def test_scan_during_sign_in_is_refused_and_the_pin_never_shown(tmp_path: Path):
    with FakeCore(tmp_path / "s", Till(Mode.LOCKED)) as core, open_screen(core) as terminal:
        terminal.wait_for("Operator")
        terminal.send("101\r101101")
        terminal.wait_for("••••••")
        assert "101101" not in terminal.text()
        terminal.send("\r")
        terminal.wait_for("Ann Baker", "F12Pay")
        assert _entries(core) == ["101", "101101"]


@pytest.mark.parametrize("thinks_s", [0, 0.15])
def test_after_a_wrong_pin_the_cursor_is_in_the_operators_field_again(tmp_path: Path, thinks_s: float):
    with FakeCore(tmp_path / "s", Till(Mode.LOCKED)) as core, open_screen(core) as terminal:
        core.thinks_s = thinks_s
        terminal.wait_for("Operator  _")
        terminal.send("101\r")
        terminal.wait_for("PIN       _")
        terminal.send("999\r")
        terminal.wait_for("Wrong PIN.")
        terminal.wait_for("Operator  _")


def test_pasted_codes_are_scans(core: FakeCore, terminal: Terminal):
    terminal.send(f"\x1b[200~{MILK}\x1b[201~")
    terminal.wait_for("> 1 Whole milk")
    terminal.send(f"\x1b[200~{BREAD}\r\n{MILK}\r\n\x1b[201~")
    assert entered(core, 3) == [MILK, BREAD, MILK]


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_a_function_key_in_two_parts_is_still_one_key(core: FakeCore, terminal: Terminal, cut: int):
    terminal.send(f"{MILK}\r")
    terminal.wait_for("> 1 Whole milk")
    terminal.send(F[12][:cut])
    time.sleep(0.03)
    terminal.send(F[12][cut:] + BREAD + "\r")
    terminal.wait_for("Scan refused while paying")
    assert entered(core, 2) == [MILK, BREAD]


def test_escape_and_a_scan_in_one_read_are_both_taken(core: FakeCore, terminal: Terminal):
    terminal.send(F[1])
    terminal.wait_for("Help: selling")
    terminal.send(f"{ESC}{MILK}\r")
    terminal.wait_for("> 1 Whole milk")
    assert _entries(core) == [MILK]


def test_ten_kilobytes_of_rubbish_are_one_refusal(core: FakeCore, terminal: Terminal):
    terminal.send("x9" * 1500)
    for _ in range(4):
        terminal.settle(0.1)
        terminal.send("x9" * 1000)
    terminal.send("\r")
    terminal.wait_for("characters are no code")
    terminal.send(f"{MILK}\r")
    assert entered(core, 1) == [MILK]


def test_keys_typed_while_the_core_is_away_go_on_when_it_is_back(core: FakeCore, terminal: Terminal):
    terminal.send(f"{MILK}\r")
    terminal.wait_for("> 1 Whole milk")
    core.hang_up()
    terminal.wait_for("WAITING FOR THE REGISTER CORE")
    terminal.send(f"{BREAD}\r{MILK}\r")
    terminal.wait_for("2 entries wait")
    core.listen()
    terminal.wait_for("ONLINE", "> 3 Whole milk")
    assert _entries(core) == [MILK, BREAD, MILK]


def test_stalled_terminal_keeps_every_key_in_order(core: FakeCore, terminal: Terminal):
    wanted = [CODES[n % 4] for n in range(40)]
    for code in wanted:
        terminal.send(f"{code}\r")  # nobody reads what the program writes meanwhile
        time.sleep(0.03)
    time.sleep(0.5)
    terminal.wait_for("Items                  40")
    assert entered(core, 40) == wanted
