"""Sign-in, opening and closing of the shift, and the stop that keeps the books safe."""

from store.register.view import Entry, Mode, ShiftPanel, View
from store.sale.language import phrase
from tui.view.bars import echo
from tui.view.canvas import Canvas
from tui.view.frame import Box, centred, line, pair
from tui.view.local import Local
from tui.view.paper import paper_of
from tui.view.roles import Role
from tui.view.text import clean, cut, left, wrap

FIELD_WIDTH = 10
PAPER_WIDTH = 46
"""Rows of label and value are kept together; across a wide window the eye would lose the row."""


def draw_sign_in(canvas: Canvas, view: View, local: Local, box: Box) -> None:
    """Store, register, the two fields and what to do; `box` may be a part of the panel beside a report."""
    roomy = box.height > 12
    top = box.height // 2 - 5 if roomy else 0
    x = box.x + max(1, (box.width - 28) // 2)
    canvas.put(x, box.y + top, cut(clean(view.header.store), box.end - x), Role.STRONG)
    canvas.put(x, box.y + top + 1, cut(phrase("Register {number}", clean(view.header.register)), box.end - x))
    row = top + (4 if roomy else 2)
    _draw_fields(canvas, view, local, x, box.y + row)
    row += 4 if roomy else 2
    for text, role in _sign_in_hints(view, local):
        for part in wrap(text, box.width - 2):
            centred(canvas, box, row, part, role)
            row += 1


def _draw_fields(canvas: Canvas, view: View, local: Local, x: int, y: int) -> None:
    """Operator and PIN, with the cursor in the one that is typed now."""
    operator = view.sign_on.operator if view.sign_on is not None else ""
    typed = echo(local, 16) if local.overlay is None else ""
    typing_pin = is_pin(view, local)
    canvas.put(x, y, left(phrase("Operator"), FIELD_WIDTH))
    canvas.put(x, y + 1, phrase("PIN"))
    end = canvas.put(x + FIELD_WIDTH, y, clean(operator) if typing_pin else typed, Role.STRONG)
    if typing_pin:
        y += 1
        end = canvas.put(x + FIELD_WIDTH, y, typed, Role.STRONG)
    if not local.watching:
        canvas.put(end, y, "_", Role.STRONG)
        canvas.cursor = (end, y)


def is_pin(view: View, local: Local) -> bool:
    """Whether the PIN is being typed."""
    return view.entry is Entry.PIN or local.masked


def _sign_in_hints(view: View, local: Local) -> list[tuple[str, Role]]:
    if is_pin(view, local):
        hints = [(phrase("Type your PIN and Enter."), Role.HINT)]
    else:
        hints = [(phrase("Type your number and Enter."), Role.HINT)]
    if view.sign_on is not None and view.sign_on.sale_open:
        hints.append(
            (
                phrase("A sale is open; it goes on after sign-in."),
                Role.WARN,
            )
        )
    if view.demo and not paper_of(view):
        hints.append(("", Role.HINT))
        hints.append(
            (
                phrase("Demo shop: cashier 101, PIN 101101; manager 201, PIN 201201;"),
                Role.HINT,
            )
        )
        hints.append(("technician 301, PIN 301301.", Role.HINT))
    elif view.header.insecure and not view.demo:
        hints.append(
            (
                phrase("Keys lie in a throw-away vault: for trying out only."),
                Role.HINT,
            )
        )
    return hints


def draw_shift(canvas: Canvas, view: View, panel: ShiftPanel, box: Box) -> None:
    """The offer to open a shift, or the closing of one."""
    row = 1
    if view.mode is Mode.SHIFT:
        line(canvas, box, row, phrase("No shift is open. Count the drawer and open one:"), Role.STRONG)
        line(canvas, box, row + 1, phrase("type the start amount and Enter (0 for an empty drawer)."))
        row += 3
    else:
        line(canvas, box, row, phrase("Count the cash in the drawer, type the sum and Enter."), Role.STRONG)
        line(canvas, box, row + 1, phrase("Esc goes back; nothing is closed yet."), Role.HINT)
        row += 3
    _draw_rows(canvas, panel.rows, box, row)


def _draw_rows(canvas: Canvas, rows: tuple[tuple[str, str], ...], box: Box, row: int) -> None:
    """Rows of label and value, in two columns where one is too short."""
    room = max(1, box.height - row)
    columns = 2 if len(rows) > room and box.width >= 70 else 1
    width = min(PAPER_WIDTH, (box.width - 2) // columns)
    for index, (label, value) in enumerate(rows[: room * columns]):
        column = Box(box.x + 1 + index // room * width, box.y, width, box.height)
        pair(canvas, column, row + index % room, clean(label), clean(value))


def draw_stop(canvas: Canvas, view: View, box: Box) -> None:
    """Why nothing is sold now, in words."""
    line(canvas, box, 1, phrase("The register does not sell now."), Role.ERROR)
    row = 3
    for text in wrap(clean(view.message.text or view.header.reason), box.width - 4):
        line(canvas, box, row, text)
        row += 1
    line(canvas, box, row + 1, phrase("What was sold and printed before is in the journal."), Role.HINT)


def draw_waiting(canvas: Canvas, local: Local, box: Box) -> None:
    """Before the first view."""
    centred(canvas, box, box.height // 2 - 1, phrase("The register starts."), Role.STRONG)
    if local.entry:
        centred(canvas, box, box.height // 2 + 1, phrase("What you type is kept."), Role.HINT)
