"""`outpost keys`: what a pressed key sends, which key the register takes it for, and what that key does."""

import argparse
import codecs
import os
import select
import sys
import termios
import tty
from collections.abc import Iterator
from typing import Any

from store.register.control.client import ControlError, ask
from store.register.control.messages import Query
from store.register.home import RegisterHome
from store.register.view import LayoutKeyView
from tui import __version__
from tui.commands.options import declare_home, declare_json, home_of
from tui.commands.outcome import ExitCode, print_json, say_error
from tui.keymap import Action, Keymap, build_keymap, key_name
from tui.launch import set_environment
from tui.layout import layout_from, with_layout

EXAMPLE = "example:\n  outpost keys --list"
END_KEYS = ("ctrl+c",)
QUIET_S = 0.12
"""A lone Esc is an Esc after this silence; until then it may be the beginning of a function key."""


def declare(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--list", action="store_true", help="print the table of keys instead of waiting for keys"
    )
    declare_home(parser)
    declare_json(parser)


def run(options: argparse.Namespace) -> int:
    """Show keys as they are pressed, or the table where there is no terminal."""
    from store.register.config import load_config

    home = home_of(options)
    own = build_keymap(load_config(home.config_file).keys)
    keymap, complaints = with_layout(own, layout_of(home))
    for complaint in complaints:
        say_error(complaint)
    if options.json:
        print_json([row(action) for action in keymap.actions if action.places])
    elif options.list or not sys.stdin.isatty():
        for action in (action for action in keymap.actions if action.places):
            number = str(action.operation or "")
            sent = f" Headquarters: {action.label}." if action.sent else ""
            print(f"{key_name(action.key):<8}{number:>5}  {action.sentence}{sent}")
    else:
        watch_keys(keymap)
    return ExitCode.DONE


def row(action: Action) -> dict[str, Any]:
    """An action for scripts."""
    return {
        "action": action.id,
        "key": key_name(action.key),
        "operation": action.operation or None,
        "places": sorted(action.places),
        "sentence": action.sentence,
        "label": action.label,
        "headquarters": action.sent,
    }


def layout_of(home: RegisterHome) -> tuple[LayoutKeyView, ...]:
    """The keys that headquarters gave the register that runs here; none, and a word on it, when none runs."""
    try:
        answer = ask(home.socket, Query(id=1, kind="layout"), __version__)
    except ControlError as error:
        if home.journal_file.exists():
            say_error(f"Without the keys of headquarters: {error.reason}")
        return ()
    return layout_from(answer.get("keys"))


def watch_keys(keymap: Keymap) -> None:
    """Raw mode until Ctrl+C; what was typed before stays, so that a scanner can be tried too."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    print("Press keys or scan something. Ctrl+C ends.\n")
    print(f"{'bytes':<26}{'key':<12}meaning", flush=True)
    try:
        tty.setraw(descriptor, termios.TCSANOW)
        for sent, name, text in keys_pressed(descriptor):
            line = f"{sent.hex(' '):<25} {key_name(name):<11} {meaning(keymap, name, text)}"
            sys.stdout.write(f"{line}\r\n")
            sys.stdout.flush()
            if name in END_KEYS:
                return
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)


def keys_pressed(descriptor: int) -> Iterator[tuple[bytes, str, str]]:
    """Bytes, key name and printable character of everything pressed, as the screen's own parser names it."""
    set_environment(os.environ)  # as the screen does: it decides how some function keys are read
    from textual import events
    from textual._xterm_parser import XTermParser

    parser, decoder = XTermParser(), codecs.getincrementaldecoder("utf-8")("replace")
    waiting = b""
    while data := os.read(descriptor, 1 if not waiting else 64):
        waiting += data
        text = decoder.decode(data)
        found = list(parser.feed(text)) if text else []  # a character may come in several bytes
        if not found and not select.select([descriptor], [], [], QUIET_S)[0]:
            found = list(parser.tick())
        for event in found:
            if isinstance(event, events.Key):
                yield waiting, event.key, event.character or ""
            elif isinstance(event, events.Paste):
                yield waiting, "paste", event.text
            else:
                yield waiting, type(event).__name__, ""
            waiting = b""


def meaning(keymap: Keymap, name: str, text: str) -> str:
    """What the register does with this key."""
    actions = keymap.bound(name)
    if actions:
        numbers = {f"/{action.operation}" for action in actions if action.operation}
        what = " Or: ".join(action.sentence for action in actions)
        return f"{what} {' '.join(sorted(numbers))}".rstrip()
    if name in END_KEYS:
        return "Ends this command."
    if name in ("enter", "ctrl+m", "ctrl+j"):
        return "Ends the entry."
    if name == "paste":
        return f"Pasted text: {text!r}"
    return "Goes into the entry line." if text.isprintable() and text else "Nothing."
