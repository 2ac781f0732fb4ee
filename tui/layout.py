"""Keys that headquarters gave this register, laid over the keymap: they win over the defaults and over `[keys]`.

What cannot be is left out, and said in a sentence: an operation this register does not know, a key or a place that is
none, two rows for one key, and the keys by which the screen itself is worked.
"""

from collections.abc import Sequence

import msgspec

from store.register.view import LayoutKeyView
from store.sale.language import phrase
from tui.keymap import EVERYWHERE, PHYSICAL, UNASKED, Action, Keymap, Place, key_name

TAKES_TEXT = frozenset(
    {
        100,
        101,
        103,
        104,
        105,
        108,
        127,
        129,
        200,
        201,
        300,
        301,
        302,
        303,
        501,
        502,
        503,
        504,
        1200,
        1220,
        1221,
        9136,
    }
)
"""Operations that take what stands in the entry line along."""
CAPTION_LIMIT = 16
RANK = 2
"""What headquarters puts on a key is among the last that a narrow window drops from the strip."""
SCREENS_OWN = (
    "help",
    "menu",
    "yes",
    "no",
    "back",
    "cash",
    "discounts",
    "refused",
    "round_1",
    "round_2",
    "round_3",
)
MOVES = ("up", "down", "page_up", "page_down", "first", "last", "next_tab", "previous_tab")
KEPT = frozenset(SCREENS_OWN + MOVES)
"""Actions of the screen itself, which keep their keys: without them nobody finds the way on a strange register."""
OF_MODES = UNASKED
"""Places that headquarters can name."""
OVER_ALL = frozenset({Place.OVERLAY, Place.CONNECTION})


def layout_from(answer: object) -> tuple[LayoutKeyView, ...]:
    """The core's answer to the question `layout`; nothing for an answer of another shape (an older core)."""
    try:
        return msgspec.convert(answer, tuple[LayoutKeyView, ...])
    except msgspec.ValidationError:
        return ()


def with_layout(keymap: Keymap, layout: Sequence[LayoutKeyView]) -> tuple[Keymap, tuple[str, ...]]:
    """The keymap with headquarters' keys, and a sentence for each that cannot be used."""
    if not layout:
        return keymap, ()
    desk = _Desk(keymap)
    # A key of one place is meant more closely than the same key for all places.
    for row in sorted(layout, key=lambda row: (row.place == "", row.position)):
        desk.put(row)
    return desk.keymap(), tuple(desk.complaints)


class _Desk:
    """A keymap in the making."""

    def __init__(self, keymap: Keymap) -> None:
        self._base = keymap
        self._sent: list[Action] = []
        self._taken: dict[tuple[Place, str], Action] = {}
        self.complaints: list[str] = []

    def put(self, row: LayoutKeyView) -> None:
        """Lay one key, or complain."""
        from store.register.operations import BY_NUMBER  # 2 ms that no start without a layout waits for

        operation = BY_NUMBER.get(row.operation)
        if operation is None:
            self._complain(row, f"this register has no operation {row.operation}")
            return
        if row.key not in PHYSICAL:
            self._complain(row, "this key cannot be given")
            return
        base = next((action for action in self._base.actions if action.operation == row.operation), None)
        possible = frozenset(Place(mode.value) for mode in operation.modes) & OF_MODES
        if base is not None and base.places == EVERYWHERE:
            possible = EVERYWHERE
        places = self._places(row, possible)
        if not places:
            return
        label = row.caption[:CAPTION_LIMIT] or (base.label if base else "") or operation.name[:CAPTION_LIMIT]
        action = Action(
            id=base.id if base else f"operation {row.operation}",
            sentence=base.sentence if base else f"{operation.name}.",
            label=label,
            key=row.key,
            places=places,
            operation=row.operation,
            takes_text=row.operation in TAKES_TEXT,
            rank=RANK,
            sent=True,
        )
        self._sent.append(action)
        self._taken.update({(place, row.key): action for place in places})

    def _places(self, row: LayoutKeyView, possible: frozenset[Place]) -> frozenset[Place]:
        """Where the key may lie after all; empty when nowhere, which has been said then."""
        wanted = possible
        if row.place:
            named = frozenset(place for place in OF_MODES if place.value == row.place)
            wanted = named & possible
            if not wanted:
                self._complain(row, "the operation does not run there" if named else "there is no such place")
                return wanted
            if possible == EVERYWHERE:
                wanted |= OVER_ALL  # where the same key works what it has opened
        kept = frozenset(place for place in wanted if self._is_kept(place, row.key))
        free = frozenset(place for place in wanted - kept if (place, row.key) not in self._taken)
        if free & OF_MODES:
            return free
        own = kept & OF_MODES
        self._complain(row, "the screen itself is worked by this key" if own else "the key is given already")
        return frozenset()

    def _is_kept(self, place: Place, key: str) -> bool:
        action = self._base.action(place, key)
        return action is not None and action.id in KEPT

    def _complain(self, row: LayoutKeyView, why: str) -> None:
        where = f" ({row.place[:12]})" if row.place else ""
        self.complaints.append(
            phrase(
                "Headquarters' key {key}{where} for {operation} is ignored: {why}.",
                key_name(row.key[:12]),
                where,
                row.operation,
                why,
            )
        )

    def keymap(self) -> Keymap:
        """Headquarters' keys win; an action that has another key here keeps its own, but the strip shows theirs."""
        shown = {(place, action.id) for action in self._sent for place in action.places}
        actions: list[Action] = []
        for action in self._base.actions:
            left = frozenset(place for place in action.places if (place, action.key) not in self._taken)
            doubled = frozenset(place for place in left if (place, action.id) in shown)
            actions.append(msgspec.structs.replace(action, places=left - doubled))
            if doubled:
                actions.append(msgspec.structs.replace(action, places=doubled, rank=0))
        return Keymap((*actions, *self._sent))


def complaint_of(complaints: Sequence[str]) -> str:
    """What the screen says of them, once: the first one, and where the others are."""
    if not complaints:
        return ""
    more = f" {len(complaints) - 1} more: `outpost keys --list`." if len(complaints) > 1 else ""
    return f"{complaints[0]}{more}"
