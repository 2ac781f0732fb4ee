"""The first row (who, where, how connected), the message, the entry line and the strip of keys."""

from store.register.view import Entry, Mode, Tone, View
from store.sale.bidi import visual
from store.sale.language import counted, later, phrase
from tui.keymap import Action, Keymap, Place, key_name
from tui.view.canvas import Canvas
from tui.view.connection import TABS
from tui.view.lists import BY_HAND
from tui.view.local import Link, Local, Overlay
from tui.view.paper import paper_of
from tui.view.place import is_passing, may_switch, offers_connect, place_of, place_under
from tui.view.roles import Role
from tui.view.text import clean, cut, tail, width_of, wrap

WAITING = later("WAITING FOR THE REGISTER CORE")
TONES = {Tone.INFO: Role.INFO, Tone.WARN: Role.WARN, Tone.ERROR: Role.ERROR}
PROMPT = " > "


def draw_header(canvas: Canvas, view: View | None, local: Local, clock: str) -> None:
    """Register, operator and shift on the left; connection, counts and clock on the right, which never give way."""
    canvas.fill(0, 0, canvas.width, Role.BAR)
    end = canvas.put_right(canvas.width - 1, 0, clock, Role.BAR)
    if local.link is not Link.CONNECTED:
        start = canvas.put_right(end - 2, 0, phrase(WAITING), Role.MODE)
    elif view is None:
        start = end
    else:
        start = canvas.put_right(
            end - 2, 0, phrase("up {up}  down {down}", view.header.up, view.header.down), Role.BAR
        )
        role = Role.BAR if view.header.connection == "ONLINE" else Role.MODE
        start = canvas.put_right(start - 2, 0, view.header.connection, role)
    if view is not None:
        canvas.put(1, 0, _who(view, local, start - 3), Role.BAR)


def _who(view: View, local: Local, width: int) -> str:
    """As many of register, name, shift and marks as fit; the register and the marks stay longest."""
    header = view.header
    marks = [
        word
        for word, on in ((phrase("TRAINING"), header.training), (phrase("WATCHING"), local.watching))
        if on
    ]
    name, register = clean(header.operator or header.store), clean(header.register)
    shift = [phrase("Shift {number}", header.shift)] if header.shift and header.operator else []
    parts = [register, name, *shift, *marks]
    if width_of("  ".join(parts)) > width:
        parts = [register, name, *marks]
    spare = width - width_of("  ".join(part for part in parts if part is not name)) - 2
    parts[1] = cut(name, spare) if spare > 3 else ""
    return cut("  ".join(part for part in parts if part), max(0, width))


def draw_message(canvas: Canvas, view: View | None, local: Local, y: int) -> None:
    """One sentence: the screen's own, the core's, or why the connection is blocked.

    A long one takes the row above as well, which is the panel's lower border: the cure at its end is not cut off.
    """
    text, role = _message(view, local)
    rows = [text] if width_of(clean(text)) <= canvas.width - 2 else wrap(clean(text), canvas.width - 2)
    if len(rows) > 2:
        rows = [rows[0], cut(" ".join(rows[1:]), canvas.width - 2)]
    for offset, row in enumerate(reversed(rows)):
        if offset or (role is Role.ERROR and text):
            canvas.fill(0, y - offset, canvas.width, role)
        canvas.put(1, y - offset, visual(clean(row)), role)


def _message(view: View | None, local: Local) -> tuple[str, Role]:
    if local.note is not None:
        return local.note.text, TONES[local.note.tone]
    if local.why and local.link is not Link.CONNECTED:
        return local.why, Role.WARN
    if local.link is not Link.CONNECTED and local.unanswered:
        waiting = counted(
            "{n} entry waits for the register core to come back.",
            "{n} entries wait for the register core to come back.",
            local.unanswered,
        )
        return waiting, Role.WARN
    if local.slow:
        return phrase("The register is still busy; what was typed waits and is not lost."), Role.WARN
    if view is None:
        return "", Role.INFO
    if view.message.text:
        return view.message.text, TONES[view.message.tone]
    if view.header.connection == "BLOCKED" and view.header.reason:
        return view.header.reason, Role.WARN
    if view.mode is Mode.LOCKED and view.sign_on is not None:
        return view.sign_on.facts, Role.HINT
    return "", Role.INFO


def echo(local: Local, width: int) -> str:
    """What the entry line shows of what was typed; its end when it is long."""
    text = "•" * len(local.entry) if local.masked else clean(local.entry)
    return tail(text, width)


def draw_entry(canvas: Canvas, view: View | None, local: Local, y: int) -> None:
    """The entry line; sign-in draws its own fields instead."""
    if local.watching:
        canvas.put(1, y, phrase("Watching only. Keys change nothing here."), Role.HINT)
        return
    prompt = PROMPT
    if place_of(view, local) is Place.GUARDED:
        prompt = "   "
    elif view is not None and local.overlay is None and view.entry is Entry.AMOUNT:
        asked = view.question.currency if view.question is not None else ""
        prompt = f" {asked or view.currency} > "
    elif local.overlay in (Overlay.FIND, Overlay.MENU, Overlay.CASH, Overlay.DISCOUNTS):
        prompt = f" {phrase('Find') if local.overlay is Overlay.FIND else phrase('Operation')} > "
    elif local.overlay is Overlay.CUSTOMERS:
        prompt = f" {phrase('Customer')} > "
    x = canvas.put(0, y, prompt, Role.TEXT)
    x = canvas.put(x, y, echo(local, canvas.width - x - 2), Role.STRONG)
    if place_of(view, local) is not Place.GUARDED or local.entry:
        canvas.put(x, y, "_", Role.STRONG)
    canvas.cursor = (x, y)


def draw_strip(canvas: Canvas, view: View | None, local: Local, keymap: Keymap, y: int) -> None:
    """The keys that do something here, as many as fit; F1 has them all."""
    canvas.fill(0, y, canvas.width, Role.BAR)
    items = strip_items(view, local, keymap)
    room = canvas.width - 2
    while items and sum(width_of(text) + 1 for text, _ in items) - 1 > room:
        last = max(range(len(items)), key=lambda index: (items[index][1], index))
        items.pop(last)
    canvas.put(1, y, " ".join(text for text, _ in items), Role.BAR)


def strip_items(view: View | None, local: Local, keymap: Keymap) -> list[tuple[str, int]]:
    """Texts of the strip with their rank."""
    if local.overlay is not None:
        return _overlay_items(view, local, keymap)
    shown = [
        action for action in keymap.at(place_under(view)) if action.rank and offered(action, view, local)
    ]
    shown.sort(key=lambda action: _order(action.key))
    return [(_text(action, view), action.rank) for action in shown if _label(action, view)]


def offered(action: Action, view: View | None, local: Local) -> bool:
    """Whether a key is worth showing: the core would take it, and this screen may send it."""
    if local.watching:
        return action.id in ("help", "connection", "detach")
    if action.id == "back":
        return view is not None and (
            (view.question is not None and not is_passing(view.question))
            or view.mode in (Mode.TENDER, Mode.CLOSING)
            or (view.mode in (Mode.IDLE, Mode.LOCKED) and bool(paper_of(view)))
        )
    if action.id in ("pay", "cash") and view is not None and view.mode is Mode.PAID:
        return action.id == "cash"
    if action.id == "void_payment" and not (
        view is not None and view.tender is not None and view.tender.taken
    ):
        return False
    if action.id == "discounts":
        return view is not None and not BY_HAND.isdisjoint(view.operations)
    return action.operation == 0 or (view is not None and action.operation in view.operations)


def _overlay_items(view: View | None, local: Local, keymap: Keymap) -> list[tuple[str, int]]:
    if local.overlay is Overlay.CONNECTION:
        return _connection_items(view, local, keymap)
    items = [(f"Esc {phrase('Back')}", 1)]
    if local.overlay is Overlay.FIND:
        items = [(f"Enter {phrase('Sell')} ", 1), (f"↑↓ {phrase('Choose')} ", 2), *items]
    if local.overlay in (Overlay.MENU, Overlay.CASH, Overlay.DISCOUNTS):
        items = [(f"Enter {phrase('Run')} ", 1), (f"↑↓ {phrase('Choose')} ", 2), *items]
    if local.overlay in (Overlay.HELP, Overlay.REFUSED):
        items.append((f"PgDn {phrase('More')}", 2))
    else:
        items.append((f"{key_name(keymap.by_id['help'].key)} {phrase('Help')}", 2))
    return items


def _connection_items(view: View | None, local: Local, keymap: Keymap) -> list[tuple[str, int]]:
    """The keys of the connection status, by the registry; the tab key is named by the table it shows next."""
    shown = [action for action in keymap.at(Place.CONNECTION) if action.rank]
    if local.watching:
        shown = [action for action in shown if action.id in ("other_tab", "help", "back")]
    shown.sort(key=lambda action: _order(action.key))
    labels = {"other_tab": phrase(TABS[(local.tab + 1) % len(TABS)])}
    ranks = {"connection": 1}  # here it is the button
    return [
        (
            f"{key_name(action.key)} {labels.get(action.id) or _label(action, view)} ",
            ranks.get(action.id, action.rank),
        )
        for action in shown
    ]


def _label(action: Action, view: View | None) -> str:
    if action.id == "connection" and may_switch(view):
        return phrase("Connect") if offers_connect(view) else phrase("Disconnect")
    if view is not None and view.question is not None and action.id in ("yes", "no"):
        return answer_text(view.question.yes if action.id == "yes" else view.question.no)
    if action.id == "back" and view is not None and view.mode is Mode.TENDER and view.question is None:
        return phrase("Back to the sale")
    return phrase(action.label) if action.label else ""


def answer_text(text: str) -> str:
    """An answer without the name of a key, should it begin with one: the key is the screen's to name."""
    word, _, rest = text.partition(" ")
    return rest if rest and word[:1] == "F" and word[1:].isdigit() else text


def _text(action: Action, view: View | None) -> str:
    """F4Qty as in every text-mode till; other keys are words and need a space."""
    name = key_name(action.key)
    return f"{name}{'' if name[1:].isdigit() else ' '}{clean(_label(action, view))}"


def _order(key: str) -> tuple[int, int]:
    """Function keys by number, then the rest."""
    return (0, int(key[1:])) if key[:1] == "f" and key[1:].isdigit() else (1, 0)
