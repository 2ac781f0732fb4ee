"""The list of customers that the screen lays over the sale while somebody looks for one."""

from typing import Any

from store.sale.language import phrase
from tui.view.canvas import Canvas
from tui.view.frame import Box, line
from tui.view.lists import shown_rows
from tui.view.local import Local
from tui.view.roles import Role
from tui.view.text import clean, cut, left, right

PHONE_WIDTH = 18
CARD_WIDTH = 14


def found_customers(local: Local) -> list[dict[str, Any]]:
    """The customers of the core's answer."""
    found = local.answer.get("customers", [])
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def draw_customers(canvas: Canvas, local: Local, box: Box) -> None:
    """Name, telephone number and card of each customer found; who is blocked is marked."""
    found = found_customers(local)
    if not found:
        line(canvas, box, 1, _nothing_found(local), Role.HINT)
    for y, index in shown_rows(local.chosen, len(found), box):
        one = found[index]
        chosen = index == local.chosen
        role = Role.CURRENT if chosen else Role.VOID if one.get("blocked") else Role.TEXT
        phone = right(cut(clean(str(one.get("phone", ""))), PHONE_WIDTH), PHONE_WIDTH)
        end = canvas.put_right(box.end - 1, y, phone, role)
        card = "blocked" if one.get("blocked") else clean(str(one.get("card", "")))
        end = canvas.put_right(end - 1, y, right(cut(card, CARD_WIDTH), CARD_WIDTH), role)
        head = f"{'>' if chosen else ' '} "
        name = clean(str(one.get("name", "")))
        canvas.put(box.x, y, head + left(name, max(0, end - box.x - 3)), role)


def _nothing_found(local: Local) -> str:
    if local.answer.get("error"):
        return clean(str(local.answer["error"]))
    if not local.entry.strip():
        return phrase("Type a part of the name or of the telephone number. 612 adds a customer.")
    if local.asked != local.entry.strip() or not local.answer:
        return phrase("Searching.")
    return (
        phrase("Nobody is found here; the server is being asked.")
        if local.answer.get("complete") is False
        else phrase("Nobody is found. 612 adds a customer.")
    )
