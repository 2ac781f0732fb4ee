"""Keys in, intents out: a plain synchronous state machine, so that keys act in exactly the order they were typed.

Nothing here waits, draws or knows Textual. A mode that the core owns is read from the newest view; what only this
screen knows lies in `Local`. Two rules carry the rest: every text that Enter ends is sent, refused in sight, or
searched for, exactly once; and what a scanner can type never answers a guarded question.
"""

import re
from typing import Any

import msgspec

from store.register.intents import IntentKind, Outcome, OutcomeKind
from store.register.view import Entry, Mode, Tone, View
from store.sale.barcode import looks_like_code
from store.sale.language import phrase
from tui.keymap import Action, Keymap, Place, key_name
from tui.layout import complaint_of, with_layout
from tui.outbox import BUSY, DEFECT, NOTHING_HERE, Outbox, Wires
from tui.overlays import AIM, LISTS, ONLY_WATCHES, OPENS, SCANNED_HERE, Overlays
from tui.scanner_frame import START_OF_SCAN, ScannerFrame, is_nothing
from tui.switch_keys import SwitchKeys
from tui.view.local import Link, Local, Overlay
from tui.view.place import is_signing, place_of, place_under
from tui.view.sale import next_top
from tui.view.screen import line_rows
from tui.view.text import amount_text

ENTRY_LIMIT = 256
"""Characters of one entry. No code is longer; what is longer is rubbish and refused as a whole."""
BURST_S = 0.06
"""A control character this soon behind a typed one is a scanner's byte, not a key."""
NUMBERED = re.compile(r"/(\d{1,6})(?:\s+(.*))?")
GROUP_SEPARATOR = "\x1d"
MOVES = frozenset({"up", "down", "page_up", "page_down", "first", "last"})
LAID_OVER = {602: Overlay.CUSTOMERS, 115: Overlay.JOURNAL}
TABS = frozenset({"other_tab", "next_tab", "previous_tab"})
WATCHER_MAY = MOVES | TABS | {"help", "connection", "detach", "back", "refused"}


class Key(msgspec.Struct, frozen=True):
    """One key as it arrived: Textual's name for it, its character if it has one, when it came (monotonic seconds)."""

    name: str
    character: str | None = None
    at_s: float = 0.0


class Router:
    """The state machine of one screen."""

    def __init__(self, wires: Wires, keymap: Keymap, *, watching: bool = False) -> None:
        self.local = Local(watching=watching)
        self.keymap = self._own_keymap = keymap
        self._box = Outbox(wires, self.local)
        self._overlays = Overlays(self._box, keymap, self._run)
        self._size = (80, 24)
        self._after_return = False
        self._scan = ScannerFrame(ENTRY_LIMIT)
        self._switch = SwitchKeys(self._box)
        self._overflow = 0  # characters beyond ENTRY_LIMIT
        self._begun_under = ""
        """The question that was open when the entry's first character came."""
        self._typed_at_s = -1.0
        self._paying_n = 0
        self._sign_on_n, self._sign_on_seq = 0, -1
        self._settle_mask()

    @property
    def view(self) -> View | None:
        """The newest view."""
        return self._box.view

    # -- what comes from the core

    def take_view(self, view: View) -> None:
        """A newer view."""
        old, self._box.view = self.view, view
        local = self.local
        local.top = next_top(view, local.top, line_rows(*self._size))
        if old is None or view.message.number != old.message.number:
            if view.message.text and (local.note is None or local.note.tone is not Tone.ERROR):
                local.note = None  # what was refused here stays until the next key
            if view.message.sound and old is not None:
                self._box.wires.ring()
        if old is not None and old.mode is not view.mode:
            self._mode_changed(old.mode, view.mode)
        elif old is not None and old.paper_title != view.paper_title:
            local.scroll = 0
        self._switch.view_changed(old, view)
        self._settle_mask()
        if view.layout != (old.layout if old is not None else ()):
            self._lay_keys(view)
        if old is None or old.header != view.header:
            self._overlays.ask_again()

    def _lay_keys(self, view: View) -> None:
        """Headquarters' keys over those of this screen; what cannot be is said once."""
        self.keymap, complaints = with_layout(self._own_keymap, view.layout)
        self._overlays.keymap = self.keymap
        if complaint := complaint_of(complaints):
            self._box.say(complaint, Tone.WARN)

    def acknowledged(self, outcome: Outcome) -> None:
        """The core has answered an intent."""
        self._box.unanswered.discard(outcome.n)
        if outcome.outcome is OutcomeKind.BUSY:
            self._box.say(outcome.why or phrase(BUSY), Tone.ERROR)
            self._box.wires.ring()
        self._settle_mask()

    def linked(self, link: Link, why: str) -> None:
        """The connection to the core came or went."""
        self.local.link = link
        self.local.why = why

    def answered(self, kind: str, text: str, data: dict[str, Any]) -> None:
        """The answer to `Wires.ask`; a failed question has the key `error`."""
        self._overlays.answered(kind, text, data)

    def stumbled(self, error: Exception) -> None:
        """A defect of ours while a key was handled: said, and the next key starts afresh."""
        self._scan.abandon()
        self._box.say(phrase(DEFECT, type(error).__name__), Tone.ERROR)
        self._box.wires.ring()

    def minute_passed(self) -> None:
        """The clock has another minute."""
        self._overlays.ask_again()

    def resized(self, width: int, height: int) -> None:
        """The window has another size."""
        self._size = (width, height)
        self._overlays.width, self._overlays.height = width, height
        if self.view is not None:
            self.local.top = next_top(self.view, self.local.top, line_rows(width, height))

    # -- what comes from the keyboard

    def press(self, key: Key) -> None:
        """One key."""
        if is_nothing(key.character):
            return
        self.local.note = None
        name = {"ctrl+m": "enter", "ctrl+i": "tab", "ctrl+h": "backspace"}.get(key.name, key.name)
        if name == "ctrl+j" and self._after_return:  # the second half of CR LF
            self._after_return = False
            return
        self._after_return = name == "enter"
        character = key.character
        if self._scan.is_open:
            self._finish_scan(self._scan.take(name, character))
        elif name == START_OF_SCAN:
            self._scan.begin()
        elif name in ("enter", "ctrl+j") or (name == "tab" and self.local.entry):
            self._enter()
        elif character is not None and len(character) == 1 and character.isprintable():
            self._type(character, key.at_s)
        elif name.startswith("ctrl+") and self.local.entry and key.at_s - self._typed_at_s < BURST_S:
            self._byte(character)
        else:
            self._command(name)

    def paste(self, text: str) -> None:
        """Pasted text: lines are entered one by one; a last line without an end stays, unless it is a code."""
        self.local.note = None
        lines = re.split(r"\r\n|\r|\n", text)
        for index, part in enumerate(lines):
            for char in part:
                if char.isprintable():
                    self._type(char, -1.0, pasted=True)
            if index < len(lines) - 1 or looks_like_code(self.local.entry):
                self._enter()

    @property
    def searching(self) -> bool:
        """Whether a list waits for what is being typed."""
        return self._overlays.searching

    def paused(self) -> None:
        """Nothing was typed for a moment: time for what would only have slowed a scan down."""
        self._overlays.paused()

    # -- the entry line

    def _type(self, char: str, at_s: float, *, pasted: bool = False) -> None:
        local = self.local
        if local.watching:
            self._box.say(phrase(ONLY_WATCHES))
            return
        if not local.entry:
            if not pasted and self._stands_for_key(char):
                return
            self._begun_under = self._box.question
            self._overflow = 0
        self._typed_at_s = at_s
        if len(local.entry) >= ENTRY_LIMIT:
            self._overflow += 1
            return
        local.entry += char
        self._overlays.text_changed()

    def _stands_for_key(self, char: str) -> bool:
        """On an empty entry line `+` pays and, while paying, a letter of the list is that way to pay."""
        place = place_of(self.view, self.local)
        if char == "+" and place in (Place.IDLE, Place.SALE, Place.PAID):
            self._act(self.keymap.by_id["pay"])
            return True
        panel = self.view.tender if place is Place.TENDER and self.view is not None else None
        if panel is not None and any(choice.key == char.lower() for choice in panel.choices):
            self._box.send(IntentKind.ENTER, char.lower())
            return True
        return False

    def _byte(self, character: str | None) -> None:
        """A control character inside a scan: the group separator belongs to the code, the rest is framing."""
        if character == GROUP_SEPARATOR and len(self.local.entry) < ENTRY_LIMIT:
            self.local.entry += character

    def _finish_scan(self, text: str) -> None:
        if self.local.watching or not text:
            return
        if self.local.overlay is Overlay.CUSTOMERS:  # a customer card, or the next item
            self._overlays.close()
        if self.local.overlay is not None:
            self._box.refuse(text, phrase(SCANNED_HERE))
        elif len(text) > ENTRY_LIMIT:
            self._box.refuse(text, phrase("More than {limit} characters are no code.", ENTRY_LIMIT))
        else:
            self._box.send(IntentKind.SCAN, text)

    def _enter(self) -> None:
        self._switch.forget()
        local = self.local
        text, local.entry = local.entry, ""
        begun_under, self._begun_under = self._begun_under, ""
        overflow, self._overflow = self._overflow, 0
        if local.watching:
            self._box.say(phrase(ONLY_WATCHES))
            return
        numbered = NUMBERED.fullmatch(text)
        if overflow:
            self._box.refuse(text, phrase("{count} characters are no code.", ENTRY_LIMIT + overflow))
        elif numbered:
            self._overlays.close()
            self._run(int(numbered[1]), numbered[2] or "")
        elif local.overlay is not None:
            self._overlays.enter(text)
        elif text and begun_under != self._box.question:
            self._box.refuse(text, phrase("It was begun before the question changed. Enter it again."))
        elif text or self._wants_empty_enter():
            self._send_entry(text)

    def _send_entry(self, text: str) -> None:
        """Send what was typed; a text with a scanner's own mark is known to be a scan."""
        if AIM.match(text) or GROUP_SEPARATOR in text:
            self._box.send(IntentKind.SCAN, text)
            return
        n = self._box.send(IntentKind.ENTER, text)
        if self.view is not None and is_signing(self.view):
            self._sign_on_n, self._sign_on_seq = n, self.view.seq
            self._settle_mask()

    def _wants_empty_enter(self) -> bool:
        """Exact cash while paying or right behind the pay key; an answer to a question; a stopped till tries again."""
        place = place_under(self.view)
        return (
            place in (Place.TENDER, Place.QUESTION, Place.SAFE_STOP) or self._paying_n in self._box.unanswered
        )

    def _settle_mask(self) -> None:
        """Dots for a PIN: when the core says so, and between the operator's number and the core's word on it."""
        view = self.view
        if view is None:
            self.local.masked = True  # who types before the first view may be signing in
        elif not is_signing(view):
            self.local.masked = view.entry is Entry.PIN
            self._sign_on_n = 0
        else:
            waiting = self._sign_on_n in self._box.unanswered or view.seq <= self._sign_on_seq
            self.local.masked = view.entry is Entry.PIN or (self._sign_on_n > 0 and waiting)

    def _mode_changed(self, old: Mode, new: Mode) -> None:
        self.local.scroll = 0
        if old is Mode.PAID:
            self.local.refused = ()  # they belonged to the sale that is over
        if new is Mode.LOCKED:
            self._sign_on_n = 0
            if self.local.overlay in (LISTS - {Overlay.MENU}) | {Overlay.REFUSED}:
                self._overlays.give_way()

    # -- keys that do something

    def _command(self, name: str) -> None:
        local = self.local
        if name == "backspace":
            local.entry = local.entry[:-1]
            self._overflow = 0
            self._overlays.text_changed()
            return
        if not local.watching and self._switch.take(name, self.keymap):
            return
        place = place_of(self.view, local)
        if (name, place) == ("tab", Place.CONNECTION):
            name = "right"
        action = self.keymap.action(place, name)
        if action is None and place in (Place.OVERLAY, Place.CONNECTION):
            action = self.keymap.action(place_under(self.view), name)
            if action is not None and action.id not in OPENS:
                self._box.say(phrase("{name} does nothing here. Esc closes this first.", key_name(name)))
                return
        if action is None:
            self._no_action(name)
        elif local.watching and action.id not in WATCHER_MAY:
            self._box.say(phrase(ONLY_WATCHES))
        else:
            self._act(action)

    def _no_action(self, name: str) -> None:
        """Every key has an answer, if only this one."""
        help_key = key_name(self.keymap.by_id["help"].key)
        if place_under(self.view) in (Place.QUESTION, Place.GUARDED) and self.keymap.bound(name):
            self._box.say(phrase("Answer the question first; Esc leaves it."))
        elif self.view is None:
            self._box.say(phrase("The register starts; wait a moment."))
        elif name == "kp_begin":  # the middle of the keypad; no other program key sends it
            self._box.say(phrase("Num Lock is off: the keypad moves instead of typing digits."), Tone.WARN)
        else:
            self._box.say(phrase(NOTHING_HERE, key_name(name), help_key))

    def _act(self, action: Action) -> None:
        match action.id:
            case "back":
                self._back()
            case "yes" | "no":
                self._box.send(IntentKind.ANSWER, action.id)
            case "round_1" | "round_2" | "round_3":
                self._round_amount(int(action.id[-1]) - 1)
            case "detach":
                self._box.wires.leave()
            case _ if action.id in MOVES or action.id in TABS:
                self._overlays.move(action.id)
            case "connection" if self.local.overlay is Overlay.CONNECTION:
                self._overlays.press_button()
            case "help" | "refused" if self.local.overlay is OPENS[action.id]:
                self._overlays.close()
            case _ if action.id in OPENS and self.local.overlay is OPENS[action.id]:
                self._box.say(phrase("It is open already; Esc closes it."))
            case _ if action.id in OPENS:
                self._overlays.open(OPENS[action.id], keep_text=action.takes_text)
            case _:
                self._run(action.operation, self._take_text() if action.takes_text else "")

    def _run(self, number: int, text: str) -> None:
        """An operation by its number; some the screen carries out itself."""
        word = text.strip().lower()
        shows = self.view is not None and number in self.view.operations  # else the core says why not
        if number == 108 and shows:
            self.local.entry = text
            self._overlays.open(Overlay.FIND, keep_text=True)
        elif number in LAID_OVER and not word and shows and not self._box.question:
            self._overlays.open(LAID_OVER[number])
        elif number == 917 and word not in ("connect", "disconnect"):
            self._overlays.open(Overlay.CONNECTION)
        elif number == 9901:
            self._box.wires.leave()
        else:
            arg = word if number == 917 else text
            n = self._box.send(IntentKind.OPERATION, arg, number, text=f"/{number}")
            if number == 139:
                self._paying_n = n

    def _take_text(self) -> str:
        text, self.local.entry = self.local.entry, ""
        return text

    def _round_amount(self, index: int) -> None:
        view = self.view
        amounts = view.tender.round_amounts if view is not None and view.tender is not None else ()
        if view is None or index >= len(amounts):
            self._box.say(phrase("There is no such round amount. Type the amount and Enter."))
            return
        if self.local.entry:
            self._box.say(phrase("Enter takes the typed amount; Esc clears it, then F5 to F7 take theirs."))
            return
        self._box.send(IntentKind.OPERATION, amount_text(amounts[index], view.exponent), 200, text="/200")

    def _back(self) -> None:
        """One step back: what the screen laid over the sale, the entry line, the core's question or mode."""
        local = self.local
        self._overflow = 0
        if local.overlay is not None:
            self._overlays.back()
            self._begun_under = self._box.question
        elif local.entry:
            local.entry = ""
        elif not local.watching:
            local.refused = ()
            self._box.send(IntentKind.BACK)
