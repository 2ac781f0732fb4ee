"""Paper on the screen: the receipt after a sale, a report or slip, when no printer is attached."""

from store.register.view import Mode, View
from store.sale.language import phrase
from tui.view.canvas import Canvas
from tui.view.frame import SIDE_WIDTH, TWO_PANELS_FROM, Box
from tui.view.roles import Role
from tui.view.text import clean, cut, left, right, width_of, wrap

ROWS_AROUND = 4
"""Rows of a window that are no panel: header, message, entry line, strip."""
FOOT_ROWS = 2
"""Rows at the foot of a narrow window's only panel: a rule and the total."""
REPORT_WIDTH = 40
SIGN_IN_WIDTH = 30
SIGN_IN_ROWS = 7


def paper_of(view: View) -> tuple[str, ...]:
    """What lies on the screen as paper; a report that went to a printer is shown by its rows."""
    if view.mode is Mode.PAID and view.paid is not None:
        return view.paper or view.paid.paper
    if view.mode not in (Mode.IDLE, Mode.LOCKED, Mode.SHIFT):
        return ()
    if view.paper or view.mode is Mode.SHIFT or view.shift is None or not view.shift.rows:
        return view.paper
    rows = [
        left(clean(label), max(1, REPORT_WIDTH - width_of(clean(value)))) + clean(value)
        for label, value in view.shift.rows
    ]
    return (phrase("Shift {number}", view.shift.number), "", *rows)


def is_receipt(view: View) -> bool:
    """Whether the paper is that of the sale just paid, not of a report or slip made since."""
    number = view.paid.receipt_no if view.paid is not None else ""
    return not view.paper_title or (bool(number) and view.paper_title.endswith(number))


def paper_box(view: View, width: int, height: int) -> Box:
    """Where the paper lies in a window of this size."""
    inner = height - ROWS_AROUND - 2
    wide = width >= TWO_PANELS_FROM
    if view.mode is Mode.LOCKED:
        if wide:
            return Box(SIGN_IN_WIDTH + 1, 2, width - SIGN_IN_WIDTH - 2, inner + 1)
        return Box(1, 2 + SIGN_IN_ROWS, width - 2, inner + 1 - SIGN_IN_ROWS)
    main = width - SIDE_WIDTH - 3 if wide else width - 2
    rows = inner if wide else inner - FOOT_ROWS
    above = paid_rows(view, main) if view.mode is Mode.PAID else 0
    return Box(1, 2 + above, main, rows - above)


def paid_rows(view: View, width: int) -> int:
    """Rows above the receipt: an empty one, what became of it, and what comes next; none above a report."""
    if not is_receipt(view):
        return 0
    state = view.paid.print_state if view.paid is not None else ""
    return len(wrap(clean(state), width - 4)) + 4


def last_scroll(view: View, width: int, height: int) -> int:
    """How far the paper can be moved up."""
    return max(0, len(paper_of(view)) - paper_box(view, width, height).height)


def draw_paper(canvas: Canvas, view: View, scroll: int) -> None:
    """As much of the paper as fits, from row `scroll` on."""
    paper, box = paper_of(view), paper_box(view, canvas.width, canvas.height)
    if not paper or box.height < 2:
        return
    width = min(box.width, max(width_of(clean(text)) for text in paper) + 2)
    x = box.x + (box.width - width) // 2
    scroll = min(scroll, last_scroll(view, canvas.width, canvas.height))
    for row, text in enumerate(paper[scroll : scroll + box.height]):
        shown = cut(" " + clean(text), width)  # its cells are in the order in which they are seen already
        canvas.put(x, box.y + row, shown + " " * (width - width_of(shown)), Role.PAPER)
    if scroll + box.height < len(paper):
        canvas.put_right(box.end, box.bottom - 1, right("PgDn ", 6), Role.BAR)
    if scroll:
        canvas.put_right(box.end, box.y, right("PgUp ", 6), Role.BAR)
