"""The real screen on real terminals: sizes, colours, signals, a terminal that stops reading, and what it costs."""

import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from pty_terminal import Terminal
from store.register.view import Mode
from tui_core import CODES, FakeCore, Till

pytestmark = pytest.mark.serial
MILK, BREAD = CODES[:2]
RUN = str(Path(__file__).parents[1] / "support" / "tui_run.py")
ROOT = Path(__file__).parents[2]
SGR = re.compile(rb"\x1b\[([0-9;]*)m")
CTRL_D = "\x04"


class Recording(Terminal):
    """A terminal that also keeps what was sent to it."""

    def __init__(self, *args, **options) -> None:
        self.written = b""
        super().__init__(*args, **options)
        feed = self.stream.feed

        def keep(data: bytes) -> None:
            self.written += data
            feed(data)

        self.stream.feed = keep


@pytest.fixture
def core(tmp_path: Path) -> Iterator[FakeCore]:
    with FakeCore(tmp_path / "s", Till(Mode.IDLE)) as running:
        yield running


def open_screen(
    core: FakeCore, role: str = "cashier", *, env: dict[str, str] | None = None, **options
) -> Recording:
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM")}
    return Recording(
        [sys.executable, RUN, str(core.path), role], cwd=ROOT, env=environment | (env or {}), **options
    )


def wait_until_idle(terminal: Terminal) -> None:
    """Past the start's own work, and not across a full minute, at which the clock is drawn."""
    terminal.settle(0.3)
    left_s = 60 - time.time() % 60
    if left_s < 6:
        time.sleep(left_s + 0.3)
        terminal.settle(0.3)


# -- what it costs


def test_an_ordinary_scan_costs_at_most_300_bytes_and_an_idle_screen_none(core: FakeCore):
    with open_screen(core) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        wait_until_idle(terminal)
        sizes = []
        for n in range(12):
            before = terminal.received_bytes
            terminal.send(f"{CODES[n % 4]}\r")
            terminal.wait_for(f"Items{n + 1:>20}")
            terminal.settle(0.08)
            sizes.append(terminal.received_bytes - before)
        assert sorted(sizes)[len(sizes) // 2] <= 300, sizes
        assert max(sizes[1:]) <= 300, sizes
        before = terminal.received_bytes
        terminal.feed(2.0)
        assert terminal.received_bytes == before


def test_one_typed_digit_costs_at_most_60_bytes(core: FakeCore):
    with open_screen(core) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        wait_until_idle(terminal)
        before = terminal.received_bytes
        terminal.send("1")
        terminal.wait_for(" > 1_")
        terminal.settle(0.08)
        assert terminal.received_bytes - before <= 60


def test_memory_and_wakeups_stay_small(core: FakeCore):
    with open_screen(core) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        for n in range(100):
            terminal.send(f"{CODES[n % 4]}\r")
            terminal.settle(0.01)
        terminal.wait_for("Items                 100")
        process = psutil.Process(terminal.pid)
        assert process.memory_info().rss <= 45 * 2**20
        wait_until_idle(terminal)
        used_s = sum(process.cpu_times()[:2])
        time.sleep(3)
        assert sum(process.cpu_times()[:2]) - used_s <= 0.03 * 3


# -- terminals


@pytest.mark.parametrize("columns,rows", [(80, 24), (60, 20), (132, 43)])
def test_sale_and_payment_fit_any_size(core: FakeCore, columns: int, rows: int):
    with open_screen(core, columns=columns, rows=rows) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        terminal.send(f"{MILK}\r")
        terminal.wait_for("> 1 Whole milk", "1.09")
        terminal.send("\x1b[24~")
        terminal.wait_for("To pay", "DUE")
        terminal.send("2\r")
        terminal.wait_for("CHANGE", "0.91")


@pytest.mark.parametrize("exported", [{}, {"COLUMNS": "80", "LINES": "24"}], ids=["plain", "size exported"])
def test_resizing_lays_out_anew_and_too_small_is_said(core: FakeCore, exported: dict[str, str]):
    with open_screen(core, env=exported) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        terminal.send(f"{MILK}\r")
        terminal.wait_for("> 1 Whole milk")
        for columns, rows in ((132, 43), (60, 20), (100, 30)):
            terminal.resize(columns, rows)
            terminal.wait_until(
                lambda text, last=rows - 1: (
                    "> 1 Whole milk" in text and text.split("\n")[last].lstrip().startswith("F1Help")
                ),
                what=f"the sale, and the strip in row {rows}",
            )
        terminal.resize(50, 15)
        terminal.wait_for("The window is 50x15.", "60x20")
        terminal.send(f"{BREAD}\r")
        terminal.resize(80, 24)
        terminal.wait_for("> 2 Rye bread")


@pytest.mark.parametrize(
    "term,env,colours",
    [
        ("xterm-256color", {}, "256"),
        ("linux", {}, "16"),
        ("xterm", {}, "16"),
        ("xterm-256color", {"NO_COLOR": "1"}, "none"),
        ("vt100", {}, "none"),
        ("never-heard-of", {"COLORTERM": ""}, "none"),
    ],
)
def test_terminal_gets_only_colours_it_has(core: FakeCore, term: str, env: dict[str, str], colours: str):
    with open_screen(core, term=term, env=env) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        terminal.send(f"99\r{MILK}\r\x1bOP")
        terminal.wait_for("Help: selling")
        terminal.send("\x1b\x1b")
        terminal.settle(0.2)
        codes = {code for sequence in SGR.findall(terminal.written) for code in _codes(sequence.decode())}
    assert not [code for code in codes if code.startswith(("38;2", "48;2"))], "no truecolor"
    if colours == "256":
        assert any(code.startswith(("38;5", "48;5")) for code in codes)
    else:
        assert not [code for code in codes if ";" in code]
    if colours == "none":
        assert codes <= {"", "0", "1", "7"}, codes
        assert "7" in codes


def _codes(sequence: str) -> Iterator[str]:
    numbers = sequence.split(";")
    while numbers:
        size = {"5": 3, "2": 5}.get(numbers[1], 1) if numbers[0] in ("38", "48") and len(numbers) > 1 else 1
        yield ";".join(numbers[:size])
        numbers = numbers[size:]


def test_cursor_stands_where_typing_goes_on(core: FakeCore):
    with open_screen(core) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        terminal.send("123")
        terminal.wait_for(" > 123_")
        terminal.settle(0.1)
        assert (terminal.screen.cursor.x, terminal.screen.cursor.y) == (6, 22)


def test_refusal_rings_the_bell(core: FakeCore):
    with open_screen(core) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        before = terminal.written.count(b"\x07")
        terminal.send("99\r")
        terminal.wait_for("Unknown code: 99")
        terminal.settle(0.1)
        assert terminal.written.count(b"\x07") == before + 1


def test_shifted_function_keys_of_the_console_are_not_typed_as_text(core: FakeCore):
    with open_screen(core, term="linux") as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        terminal.send("\x1b[25~\x1b[26~\x1b[28~\x1b[33~")
        terminal.wait_for("does nothing here")
        terminal.send(f"{MILK}\r")
        terminal.wait_for("> 1 Whole milk")
        assert core.intents[-1].arg == MILK


# -- the end, and other screens


def restored(terminal: Terminal) -> bool:
    """Echo and line mode are on again."""
    flags = termios.tcgetattr(terminal.fd)[3]
    return bool(flags & termios.ECHO and flags & termios.ICANON and flags & termios.ISIG)


def test_detaching_restores_the_terminal_and_leaves_the_core_alone(core: FakeCore):
    with open_screen(core) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        terminal.send(f"{MILK}\r")
        terminal.wait_for("> 1 Whole milk")
        terminal.settle(0.2)
        assert not restored(terminal)
        time.sleep(0.1)
        terminal.send(CTRL_D)
        assert terminal.wait_exit() == 0
        assert restored(terminal)
        terminal.settle()
        assert "Detached. The register goes on" in terminal.text()
        assert b"\x1b[?1049l" in terminal.written
    with open_screen(core) as terminal:
        terminal.wait_for("> 1 Whole milk")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_end_restores_the_terminal(core: FakeCore, number: int):
    with open_screen(core) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        terminal.kill(number)
        assert terminal.wait_exit(3) == 0
        assert restored(terminal)


def test_a_signal_to_end_is_heard_with_the_output_stalled(core: FakeCore):
    with open_screen(core) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        stall(core, terminal)
        terminal.kill(signal.SIGTERM)
        end_s = time.monotonic() + 3
        while os.waitid(os.P_PID, terminal.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            assert time.monotonic() < end_s, "still there"
            time.sleep(0.02)
        assert restored(terminal)


@pytest.mark.parametrize("stalled", [False, True])
def test_a_lost_line_ends_the_screen_at_once(core: FakeCore, stalled: bool):
    with open_screen(core) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        if stalled:
            stall(core, terminal)
        terminal.hang_up()
        end_s = time.monotonic() + 2
        while os.waitid(os.P_PID, terminal.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            assert time.monotonic() < end_s, "still there"
            time.sleep(0.01)
        assert terminal.wait_exit() == -signal.SIGHUP


def stall(core: FakeCore, terminal: Terminal) -> None:
    """Let the program write more than the terminal takes while nobody reads."""
    for n in range(400):
        core.change(lambda till, n=n: till.say(f"{n:>3} " + "x" * 70))
        time.sleep(0.02 if n % 10 == 0 else 0.001)
    time.sleep(0.3)


def test_a_register_that_ends_in_order_ends_its_screens_with_a_sentence(core: FakeCore):
    with open_screen(core) as terminal:
        terminal.wait_for("F1Help", "ONLINE")
        core.say_goodbye("The register was ended.")
        assert terminal.wait_exit() == 0
        terminal.settle()
        assert "The register was ended." in terminal.text()


def test_a_refusing_core_is_one_sentence_and_exit_code_5(core: FakeCore):
    core.refusal = "This core speaks protocol 2; update the screen."
    with open_screen(core) as terminal:
        assert terminal.wait_exit() == 5
        terminal.settle()
        assert "This core speaks protocol 2" in terminal.text()
        assert restored(terminal)


def test_watching_screen_shows_the_sale_and_sends_nothing(core: FakeCore):
    with open_screen(core) as till, open_screen(core, "watch") as watcher:
        till.wait_for("F1Help", "ONLINE")
        watcher.wait_for("WATCHING")
        till.send(f"{MILK}\r")
        watcher.wait_for("> 1 Whole milk", "Watching only")
        watcher.send(f"{BREAD}\r\x1b[24~\x1b[20~\x1b[20~+c\x1b")
        watcher.settle(0.4)
        assert [intent.arg for intent in core.intents] == [MILK]
        time.sleep(0.1)
        watcher.send(CTRL_D)
        assert watcher.wait_exit() == 0


def test_without_a_terminal_it_says_what_it_needs(core: FakeCore):
    code = "import sys, pathlib, tui.app; sys.exit(tui.app.run_screen(pathlib.Path(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(core.path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
