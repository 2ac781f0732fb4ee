"""F1: the keys of this screen, how to type a sale, and in the demo shop a sheet of codes to try."""

from store.register.view import Mode, View
from store.sale.language import later, phrase
from tui.keymap import Action, Keymap, Place, key_name
from tui.view.bars import offered
from tui.view.local import Local
from tui.view.place import place_under
from tui.view.roles import Role
from tui.view.text import clean, left, wrap

Texts = list[tuple[str, Role]]

TYPING: dict[Place, tuple[tuple[str, str], ...]] = {
    Place.LOCKED: (
        (later("NUMBER Enter"), later("Your operator number.")),
        (later("PIN Enter"), later("Your PIN.")),
    ),
    Place.SHIFT: ((later("AMOUNT Enter"), later("Open the shift with that much cash in the drawer.")),),
    Place.TENDER: (
        (later("Enter"), later("Take the exact amount in cash.")),
        (later("AMOUNT Enter"), later("Take that much cash; the change is shown.")),
    ),
    Place.CLOSING: ((later("AMOUNT Enter"), later("The cash counted in the drawer.")),),
    Place.QUESTION: ((later("... Enter"), later("Answer the question.")),),
}
SELLING = (
    (later("CODE Enter"), later("Sell: barcode, item number or PLU. A scan does the same.")),
    (later("N*CODE Enter"), later("Sell N of it.")),
    (later("N* Enter"), later("Set the quantity of the selected line.")),
)
NUMBERED = ((later("/NNN Enter"), later("Run operation NNN; all are listed in the menu.")),)
ONLY_LOOKING = ((later("Ctrl+D"), later("Leave this screen; the register goes on.")),)


def help_texts(view: View | None, local: Local, keymap: Keymap, width: int) -> Texts:
    """All rows of the help."""
    place = place_under(view)
    texts = _sheet(view, local, width) if _sells(place) else []
    typing = () if local.watching else TYPING.get(place, SELLING if _sells(place) else ())
    for what, sentence in (*typing, *(NUMBERED if _numbered(place, local) else ())):
        texts += _row(phrase(what), phrase(sentence), width)
    texts.append(("", Role.TEXT))
    for action in keymap.at(place):
        if offered(action, view, local) and action.id not in (
            "up",
            "down",
            "page_up",
            "page_down",
            "first",
            "last",
        ):
            texts += _row(_keys(action), phrase(action.sentence), width)
    if not local.watching:
        texts += _row(phrase("Up Down"), phrase("Select a line."), width)
    return texts + _connection_keys(local, keymap, width)


def _connection_keys(local: Local, keymap: Keymap, width: int) -> Texts:
    """The keys that only the connection status has."""
    opener = key_name(keymap.by_id["connection"].key)
    texts: Texts = [("", Role.TEXT), (phrase("In the connection status ({key}):", opener), Role.STRONG)]
    for action in keymap.at(Place.CONNECTION):
        if len(action.places) == 1 and action.label and not (local.watching and action.operation):
            texts += _row(_keys(action), phrase(action.sentence), width)
    return texts


def help_title(view: View | None) -> str:
    """What the help is about."""
    names = {
        Place.STARTING: later("starting"),
        Place.LOCKED: later("sign-in"),
        Place.SHIFT: later("opening the shift"),
        Place.TENDER: later("paying"),
        Place.CLOSING: later("closing the shift"),
        Place.QUESTION: later("the question"),
        Place.GUARDED: later("the question"),
        Place.SAFE_STOP: later("a stopped register"),
    }
    return phrase("Help: {place}", phrase(names.get(place_under(view), later("selling"))))


def _sheet(view: View | None, local: Local, width: int) -> Texts:
    """Codes to try, from the demo shop's answer."""
    rows = local.answer.get("rows")
    if view is None or not view.demo or not isinstance(rows, list):
        return []
    texts: Texts = [(phrase("Codes to try in this demo shop:"), Role.STRONG)]
    for row in rows:
        code, said = (
            (str(row[0]), str(row[1])) if isinstance(row, list | tuple) and len(row) > 1 else (str(row), "")
        )
        name, _, note = clean(said).partition("  ")  # the name, and what it is there to show
        texts += _row(clean(code), f"{name} ({note})" if note else name, width, Role.TEXT)
    return [*texts, ("", Role.TEXT)]


def _row(what: str, sentence: str, width: int, role: Role = Role.TEXT) -> Texts:
    rows = wrap(sentence, max(10, width - 18)) or [""]
    return [(left(what if index == 0 else "", 16) + text, role) for index, text in enumerate(rows)]


def _keys(action: Action) -> str:
    return f"{key_name(action.key)} +" if action.id == "pay" else key_name(action.key)


def _sells(place: Place) -> bool:
    return place in (Place.IDLE, Place.SALE, Place.PAID)


def _numbered(place: Place, local: Local) -> bool:
    return not local.watching and place is not Place.STARTING and place.value in {mode.value for mode in Mode}
