"""The whole screen: what goes where in a window of a given size."""

from store.register.view import Mode, View
from store.sale.language import phrase, speaking
from tui.keymap import Keymap
from tui.view.bars import draw_entry, draw_header, draw_message, draw_strip
from tui.view.canvas import Canvas, Picture
from tui.view.connection import draw_connection
from tui.view.customers import draw_customers
from tui.view.desk import draw_shift, draw_sign_in, draw_stop, draw_waiting
from tui.view.frame import TWO_PANELS_FROM, Box, one_panel, two_panels
from tui.view.help import help_texts, help_title
from tui.view.journal import draw_journal, journal_title
from tui.view.lists import draw_find, draw_menu, draw_texts, refused_texts
from tui.view.local import Local, Overlay
from tui.view.paper import (
    FOOT_ROWS,
    ROWS_AROUND,
    SIGN_IN_ROWS,
    SIGN_IN_WIDTH,
    draw_paper,
    is_receipt,
    paper_of,
)
from tui.view.pay import draw_paid, draw_paid_side, draw_tender, draw_tender_side
from tui.view.question import draw_question
from tui.view.roles import Role
from tui.view.sale import draw_foot, draw_lines, draw_refused, draw_totals
from tui.view.text import clean, cut

LEAST_WIDTH = 60
LEAST_HEIGHT = 20


def line_rows(width: int, height: int) -> int:
    """How many sale lines a window of this size shows."""
    return max(1, height - ROWS_AROUND - 2 - (0 if width >= TWO_PANELS_FROM else FOOT_ROWS))


def list_rows(height: int) -> int:
    """How many rows of a list or text fit into the panel."""
    return max(1, height - ROWS_AROUND - 2)


def draw(view: View | None, local: Local, width: int, height: int, clock: str, keymap: Keymap) -> Picture:
    """The picture of a view and the local state in a window; `clock` is the time as text, in minutes."""
    if view is None:
        return _drawn(view, local, width, height, clock, keymap)
    with speaking(view.language, view.region):
        return _drawn(view, local, width, height, clock, keymap)


def _drawn(view: View | None, local: Local, width: int, height: int, clock: str, keymap: Keymap) -> Picture:
    canvas = Canvas(width, height)
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return _too_small(canvas, view)
    draw_header(canvas, view, local, clock)
    draw_strip(canvas, view, local, keymap, height - 1)
    sign_in = (
        view is not None and view.mode is Mode.LOCKED and view.question is None and local.overlay is None
    )
    panel_height = height - ROWS_AROUND
    if sign_in:
        panel_height += 1
    else:
        draw_entry(canvas, view, local, height - 2)
    if local.overlay is not None:
        _draw_overlay(canvas, view, local, keymap, panel_height)
    elif view is None:
        draw_waiting(canvas, local, one_panel(canvas, 1, panel_height, ""))
    else:
        _draw_mode(canvas, view, local, keymap, panel_height)
    draw_message(canvas, view, local, height - 2 if sign_in else height - 3)
    return canvas.picture()


def _too_small(canvas: Canvas, view: View | None) -> Picture:
    """Smaller than the least size: say so, and what the sale comes to."""
    texts = [
        phrase("The window is {width}x{height}.", canvas.width, canvas.height),
        phrase("Outpost needs {width}x{height}.", LEAST_WIDTH, LEAST_HEIGHT),
    ]
    if view is not None:
        texts.append(view.header.connection)
    for y, text in enumerate(texts[: canvas.height]):
        canvas.put(0, y, cut(text, canvas.width), Role.TEXT)
    return canvas.picture()


def _draw_mode(canvas: Canvas, view: View, local: Local, keymap: Keymap, height: int) -> None:
    match view.mode:
        case Mode.LOCKED:
            box = one_panel(canvas, 1, height, "")
            _draw_sign_in(canvas, view, local, box)
        case Mode.SHIFT if view.shift is not None and not paper_of(view):
            box = one_panel(canvas, 1, height, phrase("Shift"))
            draw_shift(canvas, view, view.shift, box)
        case Mode.CLOSING if view.shift is not None:
            box = one_panel(canvas, 1, height, phrase("Close shift {number}", view.shift.number))
            draw_shift(canvas, view, view.shift, box)
        case Mode.SAFE_STOP:
            box = one_panel(canvas, 1, height, phrase("Stopped"))
            draw_stop(canvas, view, box)
        case Mode.STARTING:
            box = one_panel(canvas, 1, height, "")
            draw_waiting(canvas, local, box)
        case _:
            box = _draw_counter(canvas, view, local, keymap, height)
    if view.question is not None:
        draw_question(canvas, view.question, keymap, box)


def _draw_counter(canvas: Canvas, view: View, local: Local, keymap: Keymap, height: int) -> Box:
    """Sale, payment and what follows: two panels, or one with the total at its foot."""
    title, side_title = _titles(view)
    if canvas.width < TWO_PANELS_FROM:
        whole = one_panel(canvas, 1, height, title)
        draw_foot(canvas, view, local, whole)
        box = Box(whole.x, whole.y, whole.width, whole.height - FOOT_ROWS)
    else:
        box, side = two_panels(canvas, 1, height, title, side_title)
        _draw_side(canvas, view, local, side)
    if view.mode is Mode.TENDER and view.tender is not None:
        draw_tender(canvas, view, view.tender, keymap, box)
    elif view.mode is Mode.PAID and view.paid is not None:
        if is_receipt(view):
            draw_paid(canvas, view.paid, box)
        draw_paper(canvas, view, local.scroll)
    elif paper_of(view):
        draw_paper(canvas, view, local.scroll)
    else:
        draw_lines(canvas, view, local, box)
    return box


def _draw_sign_in(canvas: Canvas, view: View, local: Local, box: Box) -> None:
    """The sign-in, and beside or above it the report of the shift that was just closed."""
    if paper_of(view):
        wide = canvas.width >= TWO_PANELS_FROM
        width, rows = (SIGN_IN_WIDTH, box.height) if wide else (box.width, SIGN_IN_ROWS)
        box = Box(box.x, box.y, width, rows)
        draw_paper(canvas, view, local.scroll)
    draw_sign_in(canvas, view, local, box)


def _titles(view: View) -> tuple[str, str]:
    whose = f": {cut(clean(view.customer), 36)}" if view.customer else ""
    if view.mode is Mode.TENDER:
        return f"{phrase('Pay')}{whose}", phrase("Total")
    if view.mode is Mode.PAID and view.paid is not None:
        return clean(view.paper_title or phrase("Receipt {number}", view.paid.receipt_no)), phrase("Paid")
    return (clean(view.paper_title) if paper_of(view) else "") or f"{phrase('Sale')}{whose}", phrase("Total")


def _draw_side(canvas: Canvas, view: View, local: Local, side: Box) -> None:
    if view.mode is Mode.TENDER:
        draw_tender_side(canvas, view, side)
        draw_refused(canvas, view, local, side, 6)
    elif view.mode is Mode.PAID and view.paid is not None:
        draw_paid_side(canvas, view, view.paid, side)
        draw_refused(canvas, view, local, side, len(view.paid.taken) + 5)
    else:
        draw_totals(canvas, view, local, side)


def _draw_overlay(canvas: Canvas, view: View | None, local: Local, keymap: Keymap, height: int) -> None:
    match local.overlay:
        case Overlay.HELP:
            box = one_panel(canvas, 1, height, help_title(view))
            draw_texts(canvas, help_texts(view, local, keymap, box.width), local.scroll, box)
        case Overlay.FIND:
            draw_find(canvas, view, local, one_panel(canvas, 1, height, phrase("Find an item (108)")))
        case Overlay.CUSTOMERS:
            draw_customers(canvas, local, one_panel(canvas, 1, height, phrase("Find a customer (602)")))
        case Overlay.JOURNAL:
            draw_journal(canvas, view, local, one_panel(canvas, 1, height, journal_title(local)))
        case Overlay.MENU:
            draw_menu(canvas, view, local, keymap, one_panel(canvas, 1, height, phrase("All operations")))
        case Overlay.CASH:
            draw_menu(
                canvas, view, local, keymap, one_panel(canvas, 1, height, phrase("Cash drawer and shift"))
            )
        case Overlay.DISCOUNTS:
            draw_menu(
                canvas, view, local, keymap, one_panel(canvas, 1, height, phrase("Discounts and prices"))
            )
        case Overlay.CONNECTION:
            draw_connection(
                canvas, view, local, one_panel(canvas, 1, height, phrase("Connection status (917)"))
            )
        case Overlay.REFUSED:
            box = one_panel(canvas, 1, height, phrase("Scans that were not sold"))
            draw_texts(canvas, refused_texts(view, local, box.width), local.scroll, box)
        case None:
            return
