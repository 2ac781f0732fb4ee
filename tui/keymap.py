"""The one registry of keys: what each does, where, and what the strip, the help page and the documents say of it.

`outpost keys`, F1, the strip, `[keys]` of register.toml and docs/keys.md are all made from `ACTIONS`.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from store.sale.language import later, phrase


class Place(StrEnum):
    """Where a key is pressed: the core's mode, or what lies over it."""

    STARTING = "starting"
    LOCKED = "locked"
    SHIFT = "shift"
    IDLE = "idle"
    SALE = "sale"
    TENDER = "tender"
    PAID = "paid"
    CLOSING = "closing"
    SAFE_STOP = "safe_stop"
    QUESTION = "question"
    """A question that typed text answers."""
    GUARDED = "guarded"
    """A question that only F5 and F6 answer."""
    OVERLAY = "overlay"
    """Help, search, menu, refused scans: things the screen shows by itself."""
    CONNECTION = "connection"
    """The connection status, which has keys of its own."""


EVERYWHERE = frozenset(Place)
MODES = EVERYWHERE - {Place.OVERLAY, Place.CONNECTION}
UNASKED = MODES - {Place.QUESTION, Place.GUARDED}
COUNTER = frozenset({Place.IDLE, Place.SALE, Place.PAID})
"""Where the next scan sells."""


class Action(msgspec.Struct, frozen=True):
    """Something a key does.

    `operation` is the core's number for it, 0 for what the screen does alone. `takes_text` says that what stands in the
    entry line goes along; otherwise it stays where it is. `rank` orders what the strip drops first in a narrow window
    (higher goes first; 0 never shows there).
    """

    id: str
    sentence: str
    label: str
    key: str
    places: frozenset[Place]
    operation: int = 0
    takes_text: bool = False
    rank: int = 0
    sent: bool = False
    """Headquarters put it on this key (tui/layout.py)."""


ACTIONS: tuple[Action, ...] = (
    Action("help", "Show the keys of this screen.", "Help", "f1", EVERYWHERE, rank=1),
    Action("yes", "Answer yes.", "Yes", "f5", frozenset({Place.GUARDED}), rank=1),
    Action("no", "Answer no.", "No", "f6", frozenset({Place.GUARDED}), rank=1),
    Action("find", "Find an item by a part of its name.", "Find", "f2", COUNTER, 108, True, rank=3),
    Action(
        "customers",
        "Find a customer by name, telephone number or card.",
        "Cust",
        "f5",
        COUNTER,
        602,
        True,
        rank=5,
    ),
    Action(
        "price_check",
        "Show a price without selling.",
        "Price",
        "f3",
        frozenset({Place.SALE}),
        101,
        True,
        rank=7,
    ),
    Action(
        "reprint",
        "Print the last receipt again, marked as a copy.",
        "Reprint",
        "f3",
        frozenset({Place.IDLE, Place.PAID}),
        9151,
        rank=6,
    ),
    Action(
        "journal",
        "Show the journal of this register: view, print again, gift receipt, return.",
        "Journal",
        "f6",
        frozenset({Place.IDLE, Place.PAID}),
        115,
    ),
    Action(
        "void_payment",
        "Take back the last payment.",
        "Void payment",
        "f3",
        frozenset({Place.TENDER}),
        211,
        rank=3,
    ),
    Action(
        "quantity",
        "Set the quantity of the selected line.",
        "Qty",
        "f4",
        frozenset({Place.SALE}),
        105,
        True,
        rank=4,
    ),
    Action(
        "discounts",
        "Show discounts, prices set by hand and comments.",
        "Disc",
        "f6",
        frozenset({Place.SALE}),
        rank=6,
    ),
    Action(
        "returns",
        "Take goods back: scan their receipt, or the goods when there is none.",
        "Return",
        "f8",
        COUNTER,
        114,
        True,
        rank=9,
    ),
    Action(
        "suspend",
        "Suspend the sale; what stands in the entry line is its note.",
        "Hold",
        "f7",
        frozenset({Place.SALE}),
        503,
        True,
        rank=5,
    ),
    Action(
        "resume",
        "Resume a suspended sale.",
        "Resume",
        "f7",
        frozenset({Place.IDLE, Place.PAID}),
        504,
        True,
        rank=6,
    ),
    Action(
        "why_price",
        "Show why the selected line costs what it costs.",
        "Why",
        "ctrl+w",
        frozenset({Place.SALE}),
        9102,
    ),
    Action(
        "round_1", "Take the first of the next round amounts in cash.", "", "f5", frozenset({Place.TENDER})
    ),
    Action("round_2", "Take the second of them.", "", "f6", frozenset({Place.TENDER})),
    Action("round_3", "Take the third of them.", "", "f7", frozenset({Place.TENDER})),
    Action(
        "card",
        "Take the rest by card; the pay screen lists the letters.",
        "Card",
        "c",
        frozenset({Place.TENDER}),
        201,
    ),
    Action(
        "connection",
        "Show the connection status; there the same key connects or disconnects.",
        "Connection",
        "f9",
        EVERYWHERE,
        917,
        rank=3,
    ),
    Action(
        "sync_now",
        "Download and upload now what waits.",
        "Sync now",
        "f5",
        frozenset({Place.CONNECTION}),
        9120,
        rank=2,
    ),
    Action(
        "other_tab",
        "Show the next of data sets, downloads and uploads; Tab and the arrow keys do the same.",
        "Next tab",
        "f6",
        frozenset({Place.CONNECTION}),
        rank=3,
    ),
    Action("next_tab", "Show the tab to the right.", "", "right", frozenset({Place.CONNECTION})),
    Action("previous_tab", "Show the tab to the left.", "", "left", frozenset({Place.CONNECTION})),
    Action("menu", "Show all operations, to be found by name or number.", "Menu", "f10", UNASKED, rank=2),
    Action(
        "cash",
        "Show what concerns the cash drawer and the shift.",
        "Cash",
        "f11",
        frozenset({Place.IDLE, Place.PAID, Place.SHIFT}),
        rank=5,
    ),
    Action(
        "exact_cash",
        "Take the exact amount in cash; a typed amount takes that much.",
        "Exact",
        "f11",
        frozenset({Place.SALE}),
        206,
        True,
        rank=3,
    ),
    Action(
        "card_now",
        "Take all that is due by card, without a stop at the payment.",
        "Card",
        "ctrl+k",
        frozenset({Place.SALE}),
        201,
        True,
    ),
    Action(
        "x_report",
        "Print an X report.",
        "X report",
        "ctrl+x",
        frozenset({Place.IDLE, Place.PAID}),
        1056,
    ),
    Action(
        "pay",
        "Go to the payment; + on an empty entry line does the same.",
        "Pay",
        "f12",
        COUNTER,
        139,
        rank=1,
    ),
    Action("void_line", "Void the selected line.", "Void", "delete", frozenset({Place.SALE}), 102, rank=8),
    Action(
        "department",
        "Sell the unknown code, or an item without a code, by department.",
        "Dept",
        "insert",
        COUNTER,
        9101,
        rank=8,
    ),
    Action("lock", "Lock the register; the sale stays.", "Lock", "ctrl+l", MODES, 703),
    Action("refused", "Show the scans that were refused, and why.", "Refused scans", "ctrl+r", MODES),
    Action("end", "End the register.", "End", "ctrl+q", EVERYWHERE, 9900),
    Action("detach", "Leave this screen; the register goes on.", "Detach", "ctrl+d", EVERYWHERE, 9901),
    Action(
        "back",
        "One step back; closes what is open or clears the entry line first.",
        "Back",
        "escape",
        EVERYWHERE,
        rank=2,
    ),
    Action("up", "Select the line above.", "", "up", EVERYWHERE),
    Action("down", "Select the line below.", "", "down", EVERYWHERE),
    Action("page_up", "Go up by a page.", "", "pageup", EVERYWHERE),
    Action("page_down", "Go down by a page.", "", "pagedown", EVERYWHERE),
    Action("first", "Select the first line.", "", "home", EVERYWHERE),
    Action("last", "Select the last line.", "", "end", EVERYWHERE),
)

FIXED = frozenset({"card", "back", "next_tab", "previous_tab"})
"""Not to be mapped elsewhere: a letter that only counts on an empty entry line, the way out, the arrows of tabs."""
PHYSICAL = (
    frozenset(f"f{n}" for n in range(1, 21))
    | frozenset(f"ctrl+{letter}" for letter in "aefgklnopqrtuvwxyd")
    | {"insert", "delete", "home", "end", "pageup", "pagedown", "up", "down"}
)
"""Keys an action may be put on. What scanners send (characters, Enter, Tab, most control codes) is not among them."""


class KeymapError(ValueError):
    """The `[keys]` table cannot be used; the text says what is wrong and how to mend it."""


class Keymap:
    """Which action a key means in a place."""

    def __init__(self, actions: tuple[Action, ...]) -> None:
        self.actions = actions
        self.by_id = {action.id: action for action in actions}
        self._by_key = {(place, action.key): action for action in actions for place in action.places}

    def action(self, place: Place, key: str) -> Action | None:
        """The action of `key` in `place`, or None."""
        return self._by_key.get((place, key))

    def at(self, place: Place) -> tuple[Action, ...]:
        """All actions of a place, in the order of the registry."""
        return tuple(action for action in self.actions if place in action.places)

    def bound(self, key: str) -> tuple[Action, ...]:
        """All actions a key can mean, over all places."""
        return tuple(action for action in self.actions if action.key == key and action.places)


def build_keymap(overrides: Mapping[str, str] | None = None) -> Keymap:
    """The keymap with the changes of `[keys]` (action id -> key name). Raises KeymapError."""
    actions = {action.id: action for action in ACTIONS}
    for name, key in (overrides or {}).items():
        actions[name] = msgspec.structs.replace(_known(actions, name), key=_physical(name, key))
    taken: dict[tuple[Place, str], str] = {}
    for action in actions.values():
        for place in sorted(action.places):
            other = taken.setdefault((place, action.key), action.id)
            if other != action.id:
                raise KeymapError(
                    f'[keys]: "{other}" and "{action.id}" are both on {action.key} ({place}). Give one another key.'
                )
    return Keymap(tuple(actions.values()))


KEY_NAMES = {
    "escape": "Esc",
    "delete": later("Del"),
    "insert": later("Ins"),
    "pageup": "PgUp",
    "pagedown": "PgDn",
}


def key_name(key: str) -> str:
    """How a key is written on the screen: F9, Esc, Ctrl+L."""
    if key in KEY_NAMES:
        return phrase(KEY_NAMES[key])
    return "+".join(part.capitalize() for part in key.split("+")) if len(key) > 1 else key


def _known(actions: Mapping[str, Action], name: str) -> Action:
    if name in actions and name not in FIXED:
        return actions[name]
    if name in FIXED:
        raise KeymapError(f'[keys]: "{name}" has a fixed key. Remove the line.')
    import difflib

    near = difflib.get_close_matches(name, actions, n=1)
    hint = f'Did you mean "{near[0]}"?' if near else "`outpost keys` lists them."
    raise KeymapError(f'[keys]: there is no action "{name}". {hint}')


def _physical(name: str, key: str) -> str:
    wanted = key.strip().lower()
    if wanted in PHYSICAL:
        return wanted
    raise KeymapError(
        f'[keys]: "{key}" cannot be the key of "{name}". '
        "Keys are f1 to f20, ctrl+letter, insert, delete, home, end, pageup, pagedown, up, down."
    )
