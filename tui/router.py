"""Keys in, intents out: a plain synchronous state machine, so that keys act in exactly the order they were typed.

Nothing here waits, draws or knows Textual. A mode that the core owns is read from the newest view; what only this screen
knows lies in `Local`. Two rules carry the rest: every text that Enter ends is sent, refused in sight, or searched for,
exactly once; and what a scanner can type never answers a guarded question.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from store.register.intents import IntentKind, Outcome, OutcomeKind
from store.register.view import Entry, Mode, RefusedScan, Tone, View
from store.sale.barcode import looks_like_code
from tui.keymap import Action, Keymap, Place, key_name
from tui.view.lists import found_items, menu_rows
from tui.view.local import Link, Local, Note, Overlay
from tui.view.place import offers_connect, place_of, place_under
from tui.view.sale import next_top
from tui.view.screen import line_rows, list_rows
from tui.view.text import amount_text

ENTRY_LIMIT = 256
"""Characters of one entry. No code is longer; what is longer is rubbish and refused as a whole."""
REFUSED_LIMIT = 20
BURST_S = 0.06
"""A control character this soon behind a typed one is a scanner's byte, not a key."""
NUMBERED = re.compile(r"/(\d{1,6})(?:\s+(.*))?$")
AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
START_OF_SCAN = "ctrl+b"
"""STX, the prefix to program into a keyboard scanner."""
ENDS_OF_SCAN = frozenset({"enter", "ctrl+m", "ctrl+j", "tab", "ctrl+c"})
OPENS = {
    "help": Overlay.HELP,
    "find": Overlay.FIND,
    "menu": Overlay.MENU,
    "cash": Overlay.CASH,
    "connection": Overlay.CONNECTION,
    "refused": Overlay.REFUSED,
}
MOVES = frozenset({"up", "down", "page_up", "page_down", "first", "last"})
LISTS = frozenset({Overlay.FIND, Overlay.MENU, Overlay.CASH})


@dataclass(frozen=True)
class Key:
    """One key as it arrived: Textual's name for it, its character if it has one, when it came (monotonic seconds)."""

    name: str
    character: str | None = None
    at_s: float = 0.0


class Wires(Protocol):
    """What the router can do to the world."""

    def send(
        self, kind: IntentKind, arg: str = "", operation: int = 0, seq: int = 0, question: str = ""
    ) -> int:
        """Send an intent; returns its number, 0 when it could not be taken."""
        ...

    def ask(self, kind: str, text: str) -> None:
        """Ask the core something that changes nothing; `Router.answered` gets the answer."""
        ...

    def ring(self) -> None:
        """Sound the bell."""
        ...

    def leave(self) -> None:
        """Detach this screen."""
        ...


class Router:
    """The state machine of one screen."""

    def __init__(self, wires: Wires, keymap: Keymap, *, watching: bool = False) -> None:
        self.view: View | None = None
        self.local = Local(watching=watching)
        self.keymap = keymap
        self._wires = wires
        self._size = (80, 24)
        self._after_return = False
        self._scanned: str | None = None
        """What came behind the scanner's prefix, None outside such a frame."""
        self._overflow = 0
        self._begun_under = ""
        """The question that was open when the entry's first character came."""
        self._held = ""
        """The entry line under an overlay."""
        self._typed_at_s = -1.0
        self._paying_n = 0
        self._sign_on_n = 0
        self._sign_on_seq = -1
        self._open_numbers: set[int] = set()
        self._asks: Callable[[], None] | None = None

    # -- what comes from the core

    def take_view(self, view: View) -> None:
        """A newer view."""
        old, self.view = self.view, view
        local = self.local
        local.top = next_top(view, local.top, line_rows(*self._size))
        if view.message.number != (old.message.number if old is not None else 0):
            local.note = None
            if view.message.sound:
                self._wires.ring()
        if old is not None and (old.mode, old.epoch) != (view.mode, view.epoch):
            self._mode_changed(view)
        self._settle_mask()
        if local.overlay is Overlay.CONNECTION and (old is None or old.header != view.header):
            self._ask("connection", "")

    def acknowledged(self, outcome: Outcome) -> None:
        """The core has answered an intent."""
        self._open_numbers.discard(outcome.n)
        if outcome.n == self._paying_n:
            self._paying_n = 0
        if outcome.outcome is OutcomeKind.BUSY:
            self._say(outcome.why or "The register is busy; this was not taken. Do it again.", Tone.ERROR)
        self._settle_mask()

    def linked(self, link: Link, why: str) -> None:
        """The connection to the core came or went."""
        self.local.link = link
        self.local.why = why

    def answered(self, kind: str, text: str, data: dict[str, Any]) -> None:
        """The answer to `Wires.ask`; stale ones are dropped. A failed question has the key `error`."""
        wanted = {"find": Overlay.FIND, "connection": Overlay.CONNECTION, "barcodes": Overlay.HELP}
        if wanted.get(kind) is self.local.overlay and text == self.local.asked:
            self.local.answer = data
            self.local.chosen = 0

    def minute_passed(self) -> None:
        """Times in words grow old."""
        if self.local.overlay is Overlay.CONNECTION:
            self._ask("connection", "")

    def resized(self, width: int, height: int) -> None:
        """The window has another size."""
        self._size = (width, height)
        if self.view is not None:
            self.local.top = next_top(self.view, self.local.top, line_rows(width, height))

    # -- what comes from the keyboard

    def press(self, key: Key) -> None:
        """One key."""
        self.local.note = None
        name = "enter" if key.name == "ctrl+m" else key.name
        if name == "ctrl+j" and self._after_return:  # the second half of CR LF
            self._after_return = False
            return
        self._after_return = name == "enter"
        if self._scanned is not None:
            self._frame(name, key.character)
        elif name == START_OF_SCAN:
            self._scanned = ""
        elif name in ("enter", "ctrl+j") or (name == "tab" and self.local.entry):
            self._enter()
        elif key.character is not None and key.character.isprintable() and len(key.character) == 1:
            self._type(key.character, key.at_s)
        elif name.startswith("ctrl+") and self.local.entry and key.at_s - self._typed_at_s < BURST_S:
            self._byte(key.character)
        else:
            self._command(name)

    def paste(self, text: str) -> None:
        """Pasted text: lines are entered one by one; a last line without end stays, unless it is a code."""
        self.local.note = None
        lines = re.split(r"\r\n|\r|\n", text)
        for index, part in enumerate(lines):
            for char in part:
                if char.isprintable():
                    self._type(char, 0.0, typed=False)
            if index < len(lines) - 1 or looks_like_code(self.local.entry):
                self._enter()

    def paused(self) -> None:
        """Nothing was typed for a moment: time for what would only have slowed a scan down."""
        if self._asks is not None:
            self._asks()
            self._asks = None

    # -- the entry line

    def _type(self, char: str, at_s: float, *, typed: bool = True) -> None:
        local = self.local
        if local.watching:
            return
        if typed and not local.entry and self._stands_for_key(char):
            return
        if not local.entry:
            self._begun_under = self._question
            self._overflow = 0
        self._typed_at_s = at_s
        if len(local.entry) >= ENTRY_LIMIT:
            self._overflow += 1
            return
        local.entry += char
        self._searched_text_changed()

    def _stands_for_key(self, char: str) -> bool:
        """On an empty entry line `+` pays and, while paying, `c` is the card."""
        place = place_of(self.view, self.local)
        if char == "+" and place in (Place.IDLE, Place.SALE, Place.PAID):
            self._act(self.keymap.by_id["pay"])
            return True
        if place is Place.TENDER and char.lower() == self.keymap.by_id["card"].key:
            self._act(self.keymap.by_id["card"])
            return True
        return False

    def _byte(self, character: str | None) -> None:
        """A control character inside a scan: the group separator belongs to the code, the rest is framing."""
        if character == "\x1d" and len(self.local.entry) < ENTRY_LIMIT:
            self.local.entry += character

    def _frame(self, name: str, character: str | None) -> None:
        """Inside a prefixed scan everything up to its end belongs to it; what was typed by hand stays where it is."""
        assert self._scanned is not None  # noqa: S101 - the caller looked
        if name in ENDS_OF_SCAN:
            text, self._scanned = self._scanned, None
            if text:
                self._finish_scan(text)
        elif name == "escape":
            self._scanned = None
        elif character is not None and len(self._scanned) < ENTRY_LIMIT:
            self._scanned += character

    def _finish_scan(self, text: str) -> None:
        if self.local.watching:
            return
        if self.local.overlay is not None:
            self._refuse(text, "Scanned while something else was open on the screen.")
        else:
            self._send(IntentKind.SCAN, text, text=text)

    def _enter(self) -> None:
        local = self.local
        text, local.entry = local.entry, ""
        begun_under, self._begun_under = self._begun_under, ""
        if local.watching:
            return
        numbered = NUMBERED.fullmatch(text)
        if self._overflow:
            self._refuse(text, f"{ENTRY_LIMIT + self._overflow} characters are no code.")
            self._overflow = 0
        elif numbered and not local.masked:
            self._close_overlay()
            self._run(int(numbered[1]), numbered[2] or "")
        elif local.overlay is not None:
            self._enter_in_overlay(text)
        elif text and begun_under != self._question:
            self._refuse(text, "It was begun before the question changed. Enter it again.")
        elif text or self._wants_empty_enter():
            self._send_entry(text)

    def _send_entry(self, text: str) -> None:
        """Send what was typed; a text with a scanner's own mark is known to be a scan."""
        if AIM.match(text) or "\x1d" in text:
            self._send(IntentKind.SCAN, text, text=text)
            return
        n = self._send(IntentKind.ENTER, text, text=text)
        if self.view is not None and self.view.mode is Mode.LOCKED and self._question == "":
            self._sign_on_n, self._sign_on_seq = n, self.view.seq
            self.local.masked = True

    def _wants_empty_enter(self) -> bool:
        """Exact cash while paying, also right behind the pay key; a question may take it as well."""
        place = place_under(self.view)
        return place in (Place.TENDER, Place.QUESTION) or self._paying_n in self._open_numbers

    def _settle_mask(self) -> None:
        """Dots for a PIN: as the core says, and between the operator's number and the core's word on it."""
        view = self.view
        if view is None or view.mode is not Mode.LOCKED:
            self.local.masked = False
        elif view.entry is Entry.PIN:
            self.local.masked = True
        else:
            waiting = self._sign_on_n in self._open_numbers or view.seq <= self._sign_on_seq
            self.local.masked = self._sign_on_n > 0 and waiting

    def _mode_changed(self, view: View) -> None:
        self.local.scroll = 0
        if view.mode is Mode.LOCKED:
            self.local.refused = ()
            self._sign_on_n = 0
            if self.local.overlay in (Overlay.FIND, Overlay.CASH, Overlay.REFUSED):
                self._close_overlay()

    # -- keys that do something

    def _command(self, name: str) -> None:
        local = self.local
        if name == "backspace" or name == "ctrl+h":
            local.entry = local.entry[:-1]
            self._overflow = 0
            self._searched_text_changed()
            return
        place = place_of(self.view, local)
        action = self.keymap.action(place, name)
        if action is None and place is Place.OVERLAY:
            action = self.keymap.action(place_under(self.view), name)
            if action is not None and action.id not in OPENS:
                self._say(f"{key_name(name)} works on the sale. Esc closes this first.")
                return
        if action is None:
            self._no_action(name)
        elif local.watching and action.id not in ("help", "connection", "detach", "back", *MOVES):
            self._say("This screen only watches. Ctrl+D leaves it.")
        else:
            self._act(action)

    def _no_action(self, name: str) -> None:
        """Every key has an answer, if only this one."""
        if place_under(self.view) in (Place.QUESTION, Place.GUARDED) and self.keymap.bound(name):
            self._say("Answer the question first; Esc leaves it.")
        elif self.view is None:
            self._say("The register starts; wait a moment.")
        else:
            self._say(f"{key_name(name)} does nothing here. {key_name(self.keymap.by_id['help'].key)} shows the keys.")

    def _act(self, action: Action) -> None:
        match action.id:
            case "back":
                self._back()
            case "yes" | "no":
                self._send(IntentKind.ANSWER, action.id)
            case "round_1" | "round_2" | "round_3":
                self._round_amount(int(action.id[-1]) - 1)
            case "detach":
                self._wires.leave()
            case _ if action.id in MOVES:
                self._move(action.id)
            case "connection" if self.local.overlay is Overlay.CONNECTION:
                self._press_button()
            case _ if action.id in OPENS:
                self._open(OPENS[action.id], keep_text=action.takes_text or action.id == "menu")
            case _:
                self._run(action.operation, self._take_text() if action.takes_text else "")

    def _run(self, number: int, text: str) -> None:
        """An operation by its number; some the screen carries out itself."""
        word = text.strip().lower()
        if number == 108:
            self.local.entry = text
            self._open(Overlay.FIND, keep_text=True)
        elif number == 917 and word not in ("connect", "disconnect"):
            self._open(Overlay.CONNECTION)
        elif number == 9901:
            self._wires.leave()
        else:
            n = self._send(IntentKind.OPERATION, word if number == 917 else text, number, text=f"/{number}")
            if number == 139:
                self._paying_n = n

    def _take_text(self) -> str:
        text, self.local.entry = self.local.entry, ""
        return text

    def _round_amount(self, index: int) -> None:
        view = self.view
        amounts = view.tender.round_amounts if view is not None and view.tender is not None else ()
        if view is None or index >= len(amounts):
            self._say("There is no such round amount. Type the amount and Enter.")
            return
        self._send(IntentKind.ENTER, amount_text(amounts[index], view.exponent))

    def _back(self) -> None:
        """One step back: the entry line, then the overlay, then the core's question or mode."""
        local = self.local
        if local.entry:
            local.entry = ""
            self._overflow = 0
            self._searched_text_changed()
        elif local.overlay is not None:
            self._close_overlay()
        elif not local.watching:
            local.refused = ()
            self._send(IntentKind.BACK)

    def _move(self, direction: str) -> None:
        local = self.local
        if local.overlay in LISTS:
            self._choose(direction)
        elif local.overlay is not None or (self.view is not None and self.view.mode is Mode.PAID):
            self._scroll(direction)
        elif not local.watching:
            self._send(IntentKind.SELECT, direction)

    def _choose(self, direction: str) -> None:
        local = self.local
        if local.overlay is Overlay.FIND:
            count = len(found_items(local))
        else:
            count = len(menu_rows(self.view, local, self.keymap))
        page = list_rows(self._size[1])
        local.chosen = max(0, min(_moved(local.chosen, direction, page, count), count - 1))

    def _scroll(self, direction: str) -> None:
        local = self.local
        paper = self.view.paid.paper if self.view is not None and self.view.paid is not None else ()
        length = len(paper) if local.overlay is None else 200
        page = max(1, list_rows(self._size[1]) // 2)
        local.scroll = max(0, min(_moved(local.scroll, direction, page, length), length - 3))

    # -- overlays

    def _open(self, overlay: Overlay, *, keep_text: bool = False) -> None:
        local = self.local
        if local.overlay is None and not keep_text:
            self._held, local.entry = local.entry, ""
        elif local.overlay is not None:
            local.entry = ""
        local.overlay, local.chosen, local.scroll = overlay, 0, 0
        local.answer, local.asked = {}, ""
        if overlay is Overlay.FIND:
            self._searched_text_changed()
        elif overlay is Overlay.CONNECTION:
            self._ask("connection", "")
        elif overlay is Overlay.HELP and self.view is not None and self.view.demo:
            self._ask("barcodes", "")

    def _close_overlay(self) -> None:
        local = self.local
        if local.overlay is None:
            return
        local.overlay, local.answer, local.asked = None, {}, ""
        local.entry, self._held = self._held, ""
        local.scroll = local.chosen = 0
        self._begun_under = self._question

    def _enter_in_overlay(self, text: str) -> None:
        """Lists pick, 917 takes its two words; everything else is kept as refused, a code above all."""
        overlay = self.local.overlay
        if looks_like_code(text) or AIM.match(text):
            self._refuse(text, "Scanned while something else was open on the screen.")
        elif overlay is Overlay.FIND:
            self._pick_item(text)
        elif overlay in LISTS:
            self._pick_operation(text)
        elif overlay is Overlay.CONNECTION and text.strip().lower() in ("connect", "disconnect"):
            self._send(IntentKind.OPERATION, text.strip().lower(), 917, text=text)
        elif overlay is Overlay.CONNECTION and text:
            self._refuse(text, "Here only the words connect and disconnect are understood.")
        elif text:
            self._refuse(text, "Typed while something else was open on the screen. Esc closes it.")

    def _pick_item(self, text: str) -> None:
        local = self.local
        items = found_items(local)
        if local.asked != text.strip() or local.chosen >= len(items):
            local.entry = text
            self._searched_text_changed()
            self.paused()
            self._say("Nothing found." if local.answer and not items else "Type a part of the name, then choose.")
            return
        item = items[local.chosen]
        self._close_overlay()
        self._send(IntentKind.ENTER, str(item.get("code") or item.get("sku") or ""), text=str(item.get("name", "")))

    def _pick_operation(self, text: str) -> None:
        local = self.local
        local.entry = text
        rows = menu_rows(self.view, local, self.keymap)
        exact = [row for row in rows if str(row.number) == text.strip()]
        if not exact and local.chosen >= len(rows):
            self._say("No operation of that number or name can be run here.")
            return
        row = exact[0] if exact else rows[local.chosen]
        self._close_overlay()
        self._run(row.number, "")

    def _press_button(self) -> None:
        """F9 in 917: what its label says."""
        if self.local.watching:
            self._say("This screen only watches. Ctrl+D leaves it.")
            return
        self._send(IntentKind.OPERATION, "connect" if offers_connect(self.view) else "disconnect", 917)

    def _searched_text_changed(self) -> None:
        local = self.local
        if local.overlay in LISTS:
            local.chosen = 0
        if local.overlay is Overlay.FIND:
            self._asks = self._ask_find

    def _ask_find(self) -> None:
        text = self.local.entry.strip()
        if self.local.overlay is Overlay.FIND and text != self.local.asked:
            self.local.answer = {}
            if text:
                self._ask("find", text)
            else:
                self.local.asked = ""

    def _ask(self, kind: str, text: str) -> None:
        self.local.asked = text
        self._wires.ask(kind, text)

    # -- small

    @property
    def _question(self) -> str:
        return self.view.question.id if self.view is not None and self.view.question is not None else ""

    def _send(self, kind: IntentKind, arg: str = "", operation: int = 0, *, text: str = "") -> int:
        """Send an intent made on the newest view; what cannot be taken is refused in sight."""
        seq = self.view.seq if self.view is not None else 0
        n = self._wires.send(kind, arg, operation, seq, self._question)
        if n == 0:
            self._refuse(text or str(kind), "The register core is away and too much waits for it already.")
        else:
            self._open_numbers.add(n)
        return n

    def _refuse(self, text: str, why: str) -> None:
        """Not taken: kept in sight, said, and sounded."""
        shown = text if len(text) <= 40 else text[:40]
        if self.local.masked:
            shown = "(hidden)"
        self.local.refused = (*self.local.refused, RefusedScan(shown, why))[-REFUSED_LIMIT:]
        self._say(f"Not taken: {shown}. {why}", Tone.ERROR)
        self._wires.ring()

    def _say(self, text: str, tone: Tone = Tone.INFO) -> None:
        self.local.note = Note(text, tone)


def _moved(index: int, direction: str, page: int, count: int) -> int:
    steps = {"up": -1, "down": 1, "page_up": -page, "page_down": page, "first": -count, "last": count}
    return index + steps[direction]
