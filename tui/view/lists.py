"""Lists that the screen lays over the sale: item search, all operations, refused scans."""

from typing import Any

import msgspec

from store.register.view import Mode, View
from store.sale.language import phrase
from tui.keymap import Keymap, key_name
from tui.view.canvas import Canvas
from tui.view.frame import Box, line
from tui.view.local import Local, Overlay
from tui.view.roles import Role
from tui.view.text import amount_text, clean, cut, left, right, wrap

DRAWER_AND_SHIFT = frozenset(
    {
        517,
        518,
        701,
        703,
        918,
        1000,
        1052,
        1053,
        1054,
        1055,
        1056,
        1057,
        1100,
        1200,
        1201,
        1210,
        1211,
        1212,
        1220,
    }
)
BY_HAND = frozenset({103, 104, 106, 127, 128, 129, 130, 300, 301, 302, 303, 310, 311, 312, 501, 9102})
CUT_DOWN = {Overlay.CASH: DRAWER_AND_SHIFT, Overlay.DISCOUNTS: BY_HAND}
"""Overlays that are the menu with these operations only."""
ASKS = "asks"
"""In place of a key: the operation asks somebody who may allow it."""
KEYS_OF_OPERATIONS = {917: "connection", 108: "find", 602: "customers", 115: "journal"}


class MenuRow(msgspec.Struct, frozen=True):
    """One operation of the menu."""

    number: int
    name: str
    keys: str


def menu_rows(view: View | None, local: Local, keymap: Keymap) -> list[MenuRow]:
    """The operations that can be run now and match what is typed, by number or by parts of the name.

    Those that somebody else has to allow say so in place of a key.
    """
    from store.register.operations import OPERATIONS  # 2 ms that no start waits for

    asked_for = set(view.allowable) if view is not None else set()
    possible = asked_for | (set(view.operations) if view is not None else set())
    words = local.entry.casefold().split()
    return [
        MenuRow(
            operation.number,
            phrase(operation.name),
            ASKS if operation.number in asked_for else _keys(operation.number, operation.keys, keymap),
        )
        for operation in OPERATIONS
        if operation.number in possible
        and (local.overlay not in CUT_DOWN or operation.number in CUT_DOWN[local.overlay])
        and all(str(operation.number).startswith(word) or word in names_of(operation.name) for word in words)
    ]


def names_of(name: str) -> str:
    """What an operation is found by: its name as it is shown, and the English one."""
    return f"{phrase(name)} {name}".casefold()


def _keys(number: int, default: tuple[str, ...], keymap: Keymap) -> str:
    """The key as it is mapped now; what the table says where the screen has no action of its own."""
    mapped = [
        action.key
        for action in keymap.actions
        if action.places and (action.operation == number or action.id == KEYS_OF_OPERATIONS.get(number))
    ]
    names = [key_name(key) for key in mapped]
    return " ".join(dict.fromkeys([*names, *(key for key in default if len(key) == 1)]))


def draw_menu(canvas: Canvas, view: View | None, local: Local, keymap: Keymap, box: Box) -> None:
    """Number, name and key of each operation."""
    rows = menu_rows(view, local, keymap)
    missing = _missing(view) if local.overlay is Overlay.CASH and not local.entry else ""
    if missing:
        line(canvas, box, box.height - 1, missing, Role.HINT)
        box = Box(box.x, box.y, box.width, box.height - 2)
    if not rows:
        line(canvas, box, 1, phrase("No operation of that number or name can be run here."), Role.HINT)
    for y, index in shown_rows(local.chosen, len(rows), box):
        row = rows[index]
        chosen = index == local.chosen
        name = left(row.name, max(10, min(50, box.width - 26)))
        text = f"{'>' if chosen else ' '}{row.number:>6}  {name}  {row.keys}"
        canvas.put(box.x, y, cut(text, box.width), Role.CURRENT if chosen else Role.TEXT)


def _missing(view: View | None) -> str:
    """Why the drawer and the shift are not on the list."""
    if view is None or view.mode not in (Mode.SALE, Mode.TENDER):
        return ""
    return phrase("A sale is open: drawer, X report and closing come back after it.")


def found_items(local: Local) -> list[dict[str, Any]]:
    """The items of the core's answer."""
    items = local.answer.get("items", [])
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def draw_find(canvas: Canvas, view: View | None, local: Local, box: Box) -> None:
    """Name, unit and price of each item found."""
    items = found_items(local)
    exponent = view.exponent if view is not None else 2
    if not items:
        line(canvas, box, 1, _nothing_found(local), Role.HINT)
    for y, index in shown_rows(local.chosen, len(items), box):
        item = items[index]
        chosen = index == local.chosen
        role = Role.CURRENT if chosen else Role.TEXT
        price = item.get("price", "")
        price_text = amount_text(price, exponent) if isinstance(price, int) else clean(str(price))
        end = canvas.put_right(box.end - 1, y, right(price_text, 9), role)
        code = right(cut(clean(str(item.get("code") or item.get("sku") or "")), 14), 15)
        end = canvas.put_right(end, y, code, role)
        head = f"{'>' if chosen else ' '} "
        name = clean(str(item.get("name", "")))
        canvas.put(box.x, y, head + left(name, max(0, end - box.x - 3)), role)


def _nothing_found(local: Local) -> str:
    if local.answer.get("error"):
        return clean(str(local.answer["error"]))
    if len(local.entry.strip()) == 0:
        return phrase("Type a part of the name.")
    return (
        phrase("Searching.")
        if local.asked != local.entry.strip() or not local.answer
        else phrase("Nothing found.")
    )


def refused_texts(view: View | None, local: Local, width: int) -> list[tuple[str, Role]]:
    """Every scan that was not sold, with the reason, newest first."""
    scans = [*(view.refused if view is not None else ()), *local.refused]
    texts: list[tuple[str, Role]] = []
    for scan in reversed(scans):
        texts.append((cut(clean(scan.text), width - 4), Role.WARN))
        texts.extend((f"  {row}", Role.TEXT) for row in wrap(clean(scan.why), width - 6))
    return texts or [(phrase("No scan was refused."), Role.HINT)]


def draw_texts(canvas: Canvas, texts: list[tuple[str, Role]], scroll: int, box: Box) -> None:
    """Rows from `scroll` on, with a word where more follow."""
    for row, (text, role) in enumerate(texts[scroll : scroll + box.height]):
        line(canvas, box, row, text, role, 1)
    if scroll + box.height < len(texts):
        canvas.put_right(box.end, box.bottom - 1, " PgDn ", Role.BAR)
    if scroll:
        canvas.put_right(box.end, box.y, " PgUp ", Role.BAR)


def shown_rows(chosen: int, count: int, box: Box) -> list[tuple[int, int]]:
    """Screen row and index of the page that holds the chosen row."""
    first = chosen // box.height * box.height if box.height > 0 else 0
    return [(box.y + offset, first + offset) for offset in range(min(box.height, count - first))]
