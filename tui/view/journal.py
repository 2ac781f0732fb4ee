"""The register's journal as the screen lays it over the sale: transactions newest first, and one of them as paper."""

from typing import Any

from store.register.view import View
from store.sale.language import later, phrase
from store.sale.moment import local_text
from tui.view.canvas import Canvas
from tui.view.frame import Box, line
from tui.view.lists import draw_texts, shown_rows
from tui.view.local import Local
from tui.view.roles import Role
from tui.view.text import amount_text, clean, cut, left, right

KINDS = {
    "sale": later("Sale"),
    "void": later("Voided sale"),
    "drawer.open": later("Drawer opened"),
    "shift.open": later("Shift opened"),
    "shift.close": later("Shift closed"),
}
KIND_WIDTH, NUMBER_WIDTH, TOTAL_WIDTH = 16, 20, 11
NARROW = 70
"""Columns below which the amount would not fit beside the year."""


def journal_rows(local: Local) -> list[dict[str, Any]]:
    """The transactions of the core's answer."""
    rows = local.answer.get("records", [])
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def document_rows(local: Local) -> list[str]:
    """The paper of the transaction that is shown; empty while the list is."""
    rows = local.answer.get("rows", [])
    return [clean(str(row)) for row in rows] if isinstance(rows, list) else []


def journal_title(local: Local) -> str:
    """What stands above the list or the paper."""
    if document_rows(local):
        return clean(str(local.answer.get("title", "")))
    return phrase("Journal of this register (115)")


def draw_journal(canvas: Canvas, view: View | None, local: Local, box: Box) -> None:
    """The list, or the paper of the chosen transaction with what Enter does next."""
    paper = document_rows(local)
    if paper:
        line(
            canvas, box, box.height - 1, phrase("Enter: print again, gift, return. Esc: the list."), Role.HINT
        )
        draw_texts(
            canvas,
            [(text, Role.TEXT) for text in paper],
            local.scroll,
            Box(box.x, box.y, box.width, box.height - 1),
        )
        return
    rows = journal_rows(local)
    if not rows:
        line(canvas, box, 1, _nothing(local), Role.HINT)
    for y, index in shown_rows(local.chosen, len(rows), box):
        chosen = index == local.chosen
        role = Role.CURRENT if chosen else Role.VOID if rows[index].get("kind") == "void" else Role.TEXT
        text = f"{'>' if chosen else ' '} {_row(rows[index], view, narrow=box.width < NARROW)}"
        canvas.put(box.x, y, cut(text, box.width), role)


def _row(row: dict[str, Any], view: View | None, *, narrow: bool) -> str:
    """Time, number, kind and total of a transaction, and whether the server has it; `narrow` leaves out the year."""
    exponent = view.exponent if view is not None else 2
    total = row.get("total", 0)
    at = local_text(str(row.get("at", "")), int(row.get("utc_offset_min", 0)))[:16]
    kind = phrase(KINDS.get(str(row.get("kind")), str(row.get("kind", ""))))
    number = clean(str(row.get("receipt", "")))
    shown = amount_text(total, exponent) if isinstance(total, int) and total else ""
    waits = "" if row.get("state") == "acknowledged" else "waiting"
    if narrow:
        short = f"{left(at[5:], 11)} {left(number, NUMBER_WIDTH - 4)} {left(clean(kind), KIND_WIDTH - 3)}"
        return f"{short}{right(shown, TOTAL_WIDTH)}{' *' if waits else ''}"
    return (
        f"{left(at, 16)}  {left(number, NUMBER_WIDTH)}  {left(clean(kind), KIND_WIDTH)}"
        f"{right(shown, TOTAL_WIDTH)}  {waits}"
    )


def _nothing(local: Local) -> str:
    if local.answer.get("error"):
        return clean(str(local.answer["error"]))
    if not local.answer:
        return phrase("Searching.")
    return phrase("No transaction has that number or amount.")
