"""What the screen relies on in Textual; the first to fail on an upgrade.

`App.on_event` and the driver's `send_message` are no promises of Textual's. Keys are posted in one go, as a fast
scanner or a line that stalled delivers them: Pilot waits after each key and hides what this is about.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import textual
from textual import events

from store.register.view import Mode
from tui.keymap import build_keymap
from tui.palette import PaletteName
from tui.screens.register import RegisterScreen
from tui_core import CODES, FLOWERS, WINE, FakeCore, Till

MILK, BREAD = CODES[:2]


@pytest.fixture
def core(tmp_path: Path):
    with FakeCore(tmp_path / "s", Till(Mode.IDLE)) as running:
        yield running


def screen_of(core: FakeCore) -> RegisterScreen:
    return RegisterScreen(core.path, "cashier", "1", keymap=build_keymap(), palette=PaletteName.COLOURS)


def burst(app: RegisterScreen, text: str) -> None:
    """All keys at once, through the driver, as its input thread posts them."""
    names = {"\r": "enter", "\n": "ctrl+j"}
    for part in text.split("|"):
        if part.startswith("f") and part[1:].isdigit():
            app._driver.send_message(events.Key(part, None))
            continue
        for char in part:
            app._driver.send_message(events.Key(names.get(char, char), char))


async def until(condition, timeout_s: float = 5.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)


def test_textual_is_the_version_this_was_written_for():
    assert textual.__version__ == "8.2.8"


@pytest.mark.parametrize(
    "text,taken",
    [
        (f"{MILK}\r{BREAD}\r", [MILK, BREAD]),
        (f"{MILK}\r" * 10, [MILK] * 10),
        (f"{MILK}\r\n{BREAD}\r\n", [MILK, BREAD]),
        (f"{WINE}\r{MILK}\r", [WINE, MILK]),
        (f"{FLOWERS}\r4711\r", [FLOWERS, "4711"]),
        (f"{MILK}\r|f12|{BREAD}\r", [MILK, BREAD]),
        (f"{MILK}\r|f1|f1|{BREAD}\r", [MILK, BREAD]),
    ],
)
async def test_burst_arrives_whole_and_in_order(core: FakeCore, text: str, taken: list[str]):
    app = screen_of(core)
    async with app.run_test(size=(80, 24)):
        await until(lambda: app._router.view is not None)
        burst(app, text)
        await until(lambda: [i.arg for i in core.intents if i.kind.value == "enter"] == taken)
    refused = [scan.text for scan in core.till.refused]
    if WINE in taken or FLOWERS in taken:
        assert refused == taken[1:]
        assert core.till.question is not None


async def test_nothing_can_have_the_focus(core: FakeCore):
    app = screen_of(core)
    async with app.run_test(size=(80, 24)):
        assert app.focused is None
        assert not [widget for widget in app.screen.walk_children() if widget.focusable]
        assert len(list(app.screen.walk_children())) == 1


def test_screen_loads_textual_and_its_own_and_nothing_else():
    code = """
import sys
import tui.app, tui.screens.register
for name in sorted(sys.modules):
    print(name)
"""
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    own = {name for name in out if name.partition(".")[0] in ("store", "devices", "tui")}
    assert not [name for name in own if name.startswith(("devices", "tui.commands", "tui.demo"))]
    allowed = {"store", "store.register", "store.register.control", "store.sale"} | {
        f"store.register.{name}"
        for name in ("control.client", "control.messages", "intents", "operations", "view")
    }
    rules = {name for name in own if name.startswith("store.sale.")}
    assert {name for name in own if name.startswith("store")} - rules <= allowed
    slow = {
        "aiohttp",
        "cryptography",
        "sqlite3",
        "apsw",
        "serial",
        "escpos",
        "keyring",
        "argon2",
        "zstandard",
    }
    assert not slow & {name.partition(".")[0] for name in out}


def test_command_line_part_of_the_screen_loads_no_textual():
    code = "import sys, tui.app; print('textual' in sys.modules, 'rich' in sys.modules, 'asyncio' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "False", "False"]
