"""What every measurement needs: shops, screens on timed terminals, and how much of it to do."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from timed_terminal import TimedTerminal

from shop import OUTPOST, Shop
from shop_hand import GOODS, Good, shows_total


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How much is measured."""

    starts: int
    scans: int
    failures: int
    idle_s: float
    sales: int
    commits: int
    uploads: int
    upload_rounds: int
    items: int


FULL = Extent(
    starts=20,
    scans=200,
    failures=8,
    idle_s=30.0,
    sales=50,
    commits=500,
    uploads=10_000,
    upload_rounds=3,
    items=1_000_000,
)
QUICK = Extent(
    starts=2, scans=6, failures=1, idle_s=3.0, sales=2, commits=30, uploads=300, upload_rounds=1, items=3_000
)


class Stage:
    """Where shops are set up; `extent` says how much is measured."""

    def __init__(self, folder: Path, template: Path, extent: Extent) -> None:
        self.extent = extent
        self._folder = folder
        self._template = template
        self._shops = 0

    @contextlib.contextmanager
    def shop(self, *, server: bool = True) -> Iterator[Shop]:
        """A shop of its own, its server running or not."""
        self._shops += 1
        shop = Shop(self._template, self._folder / f"shop{self._shops}")
        try:
            if server:
                shop.start_server()
            yield shop
        finally:
            shop.close()

    def path(self, name: str) -> Path:
        """A place for files."""
        return self._folder / name


def attach(shop: Shop, *words: str) -> TimedTerminal:
    """A command with a screen on a timed terminal."""
    terminal = TimedTerminal((*OUTPOST, *words, "--home", str(shop.till)))
    shop.terminals.append(terminal)
    return terminal


def start_minimal() -> TimedTerminal:
    """The program that starts are compared with."""
    return TimedTerminal((sys.executable, str(Path(__file__).with_name("minimal_program.py"))))


class Seller:
    """Sells at one screen and knows what must be on it."""

    def __init__(self, terminal: TimedTerminal) -> None:
        self.terminal = terminal
        self.total = 0
        self.lines = 0
        self._sold = 0

    def next_good(self) -> tuple[Good, Callable[[str], bool]]:
        """Something to scan, and the condition that its line is painted."""
        good = GOODS[self._sold % len(GOODS)]
        self._sold += 1
        self.total += good.price
        self.lines += 1
        total = self.total
        return good, lambda text: shows_total(text, total) and good.name in text

    def scan(self) -> None:
        """Scan without measuring."""
        good, painted = self.next_good()
        self.terminal.send(f"{good.code}\r")
        self.terminal.wait_until(painted, what=good.name)

    def pay(self) -> None:
        """Take cash without measuring."""
        self.terminal.catch_up()
        self.terminal.send("\x1b[24~")  # F12
        self.terminal.wait_for("DUE")
        self.terminal.send("\r")
        self.terminal.wait_for("CHANGE", "Receipt S0001-R01-")
        self.total = self.lines = 0
