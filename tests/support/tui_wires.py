"""Wires of a router that remember everything, and keys by the string."""

from dataclasses import dataclass, field
from typing import Any

from store.register.intents import Intent, IntentKind
from store.register.view import View
from tui.keymap import build_keymap
from tui.router import Key, Router
from tui.view.local import Link

NAMES = {"\r": "enter", "\n": "ctrl+j", "\t": "tab", "\x02": "ctrl+b", "\x1d": "ctrl+right_square_bracket"}
NAMES |= {"\x03": "ctrl+c", "\x1b": "escape", "\x7f": "backspace", "\x04": "ctrl+d", "\x0c": "ctrl+l"}


@dataclass
class Recorder:
    """What a router did."""

    sent: list[Intent] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    rings: int = 0
    left: bool = False
    full: bool = False

    def send(
        self, kind: IntentKind, arg: str = "", operation: int = 0, seq: int = 0, question: str = ""
    ) -> int:
        if self.full:
            return 0
        n = len(self.sent) + 1
        self.sent.append(Intent(n=n, kind=kind, arg=arg, operation=operation, seq=seq, question=question))
        return n

    def ask(self, kind: str, text: str) -> None:
        self.asked.append((kind, text))

    def ring(self) -> None:
        self.rings += 1

    def leave(self) -> None:
        self.left = True

    def said(self) -> list[Any]:
        """What was sent, short: the text of an entry, the number of an operation, else the kind and its word."""
        short = []
        for intent in self.sent:
            if intent.kind in (IntentKind.ENTER, IntentKind.SCAN):
                short.append(intent.arg)
            elif intent.kind is IntentKind.OPERATION:
                short.append((intent.operation, intent.arg) if intent.arg else intent.operation)
            else:
                short.append(f"{intent.kind.value} {intent.arg}".strip())
        return short


def router_in(view: View | None, **options) -> tuple[Router, Recorder]:
    """A connected router that shows `view`."""
    wires = Recorder()
    router = Router(wires, build_keymap(), **options)
    router.linked(Link.CONNECTED, "")
    if view is not None:
        router.take_view(view)
    return router, wires


def type_in(router: Router, text: str) -> None:
    """Press the keys of a text."""
    for each in keys(text):
        router.press(each)


def key(name: str, at_s: float = 0.0) -> Key:
    """A key by its name, or by the character it sends."""
    if len(name) == 1 and name.isprintable():
        return Key(name, name, at_s)
    character = name if len(name) == 1 else {"enter": "\r", "tab": "\t"}.get(name)
    return Key(NAMES.get(name, name), character, at_s)


def keys(text: str, at_s: float = 0.0, gap_s: float = 0.001) -> list[Key]:
    """The keys that bytes on the wire become."""
    return [key(char, at_s + index * gap_s) for index, char in enumerate(text)]
