"""How long from the command to a screen that can be used, against the smallest Textual program there is."""

import os
import signal
import time

from figures import Row, ms, p50
from minimal_program import TEXT
from stage import Seller, Stage, attach, start_minimal
from timed_terminal import TimedTerminal

from shop import Shop
from shop_hand import sign_on

ATTACH_LIMIT = 1.3
START_LIMIT = 2.0


def measure(stage: Stage) -> list[Row]:
    """Attach to a running core, and start with nothing running; baseline and subjects in turn."""
    minimal, attached, started = [], [], []
    with stage.shop() as selling, stage.shop() as closed:
        till = attach(selling, "register")
        sign_on(till)
        Seller(till).scan()
        for round_no in range(stage.extent.starts + 1):
            took = (minimal_s(), attach_s(selling, till), register_s(closed))
            if round_no:  # the first round only fills the caches
                for values, value in zip((minimal, attached, started), took, strict=True):
                    values.append(value)
    base_s = p50(minimal)
    return [
        Row(
            what=what,
            target=f"≤ {limit:g} x a minimal Textual program",
            measured=f"{ms(p50(values))} (max {ms(max(values))})",
            baseline=f"{ms(base_s)} (max {ms(max(minimal))})",
            ratio=p50(values) / base_s,
            holds=p50(values) / base_s <= limit,
        )
        for what, limit, values in (
            ("attach a screen to a running core, until the open sale is painted", ATTACH_LIMIT, attached),
            ("`outpost register` with nothing running, until the sign-in is painted", START_LIMIT, started),
        )
    ]


def minimal_s() -> float:
    """The baseline: its text is on the screen."""
    with start_minimal() as terminal:
        return until_painted(terminal, TEXT)


def attach_s(shop: Shop, first: TimedTerminal) -> float:
    """The open sale, with the key strip, on a second screen; proved usable by the key that detaches it."""
    first.catch_up()
    terminal = attach(shop, "screen")
    took_s = until_painted(terminal, "TOTAL EUR", "Alpenhof", "F12Pay")
    terminal.send("\x04")
    code = terminal.wait_exit()
    assert code == 0, terminal.text()
    shop.terminals.remove(terminal)
    terminal.close()
    return took_s


def register_s(shop: Shop) -> float:
    """The sign-in; proved usable by an operator's number that gets the question for the PIN; then all is ended."""
    terminal = attach(shop, "register")
    took_s = until_painted(terminal, "Operator", "First store", "F10")
    terminal.send("101\r")
    terminal.wait_for("101", "PIN")
    core = shop.core_pid()
    os.kill(core, signal.SIGTERM)
    shop.terminals.remove(terminal)
    terminal.close()
    wait_for_end(core)
    return took_s


def until_painted(terminal: TimedTerminal, *texts: str) -> float:
    """Seconds from the start of the program until all texts stand on its screen."""
    (at_s,) = terminal.time_of(lambda seen: all(text in seen for text in texts))
    return at_s - terminal.started_s


def wait_for_end(pid: int, timeout_s: float = 10.0) -> None:
    """Wait until a process that is not ours has ended."""
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    raise AssertionError(f"process {pid} does not end")
