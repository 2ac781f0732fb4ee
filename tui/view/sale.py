"""The sale: its lines on the left, what it comes to on the right (or at the foot of a narrow window)."""

from store.register.view import LineView, Mode, View
from store.sale.language import phrase, region_in_force
from store.sale.region import local_number
from tui.view.canvas import Canvas
from tui.view.frame import Box, line, pair, rule
from tui.view.local import Local
from tui.view.roles import Role
from tui.view.text import amount_text, clean, cut, left, right, width_of

AMOUNT_WIDTH = 10
WIDE_FROM = 76
"""Inner width from which quantity, price, tax and source have columns of their own."""


def next_top(view: View, top: int, rows: int) -> int:
    """The first line to show, so that the selected (or last) one is in sight.

    It moves by half a page at once: lines stay where the eye left them, and fewer bytes go over the wire.
    """
    if rows <= 0 or view.count == 0:
        return 0
    focus = focus_index(view)
    if focus >= top + rows or focus < top:
        top = focus - rows // 2
    return max(0, min(max(top, view.first), view.count - 1))


def focus_index(view: View) -> int:
    """Index of the selected line among all lines; the last one when none is selected."""
    for index, item in enumerate(view.lines):
        if item.n == view.selected:
            return view.first + index
    return view.first + len(view.lines) - 1


def draw_lines(canvas: Canvas, view: View, local: Local, box: Box) -> None:
    """The lines from `local.top` on."""
    if not view.lines and view.mode is Mode.IDLE:
        line(canvas, box, 1, phrase("Ready. Scan an item, or type its code and Enter."), Role.HINT)
        if view.demo:
            line(canvas, box, 3, phrase("F1 has codes to try. /9802 kills the server,"), Role.HINT)
            line(canvas, box, 4, phrase("/9801 pulls the network cable: selling goes on."), Role.HINT)
    places = max(2, len(str(view.count)))
    for row in range(box.height):
        index = local.top + row - view.first
        if 0 <= index < len(view.lines):
            _draw_line(canvas, view, view.lines[index], box, box.y + row, places)


def _draw_line(canvas: Canvas, view: View, item: LineView, box: Box, y: int, places: int) -> None:
    current = item.n == view.selected
    role = Role.VOID if item.voided else Role.TEXT
    amount = amount_text(0 if item.voided else item.amount, view.exponent)
    end = canvas.put_right(box.end, y, right(amount, AMOUNT_WIDTH), role)
    if box.width >= WIDE_FROM:
        end = _draw_columns(canvas, view, item, end, y, role)
    else:
        detail = _detail(view, item)
        if detail:
            end = canvas.put_right(end, y, detail, role) - 1
    head = f"{'>' if current else ' '}{item.n:>{places}} "
    # Only the head is bold: a whole bold row would be sent twice with every scan.
    x = canvas.put(box.x, y, head, Role.CURRENT if current else role)
    canvas.put(x, y, left(clean(item.name), max(0, end - x)), role)


def _detail(view: View, item: LineView) -> str:
    """What a line says besides name and amount where there are no columns."""
    if item.voided:
        return phrase("VOID")
    return f"{_quantity(view, item)} {_changed(view, item)}".strip()


def _changed(view: View, item: LineView) -> str:
    """What somebody changed by hand: "-0.22" for a discount, "*" for a price of its own."""
    discount = amount_text(-item.discount, view.exponent) if item.discount else ""
    return f"{'*' if item.by_hand else ''}{discount}"


def _quantity(view: View, item: LineView) -> str:
    """How many of what price, where it is not one."""
    if item.unit not in ("", "pcs", "ea", "each", "piece"):
        return f"{_number(item.quantity)} {clean(item.unit)}"
    if item.quantity != "1":
        return f"{_number(item.quantity)} x {amount_text(item.unit_price, view.exponent)}"
    return ""


def _number(quantity: str) -> str:
    """A quantity as the region in force writes it."""
    return local_number(quantity, region_in_force())


def _draw_columns(canvas: Canvas, view: View, item: LineView, end: int, y: int, role: Role) -> int:
    """Quantity, unit price, tax, source; returns the first column used."""
    word = phrase("VOID") if item.voided else phrase("offline") if item.source == "offline" else ""
    unit = "" if item.unit in ("pcs", "ea", "each", "piece") else clean(item.unit)
    texts: tuple[str, ...] = (
        (right(cut(f"{clean(item.tax)} %", 9), 10)),
        (right(amount_text(item.unit_price, view.exponent), 10)),
        (right(f"{_number(item.quantity)} {unit}".strip(), 11)),
        (right(word, 9)),
    )
    if not item.voided and (changed := _changed(view, item)):
        texts = (*texts, right(changed, 9))
    for text in texts:
        end = canvas.put_right(end, y, text, role)
    return end


def draw_totals(canvas: Canvas, view: View, local: Local, box: Box) -> None:
    """The right-hand panel."""
    totals = view.totals
    pair(canvas, box, 0, phrase("Items"), _number(totals.items))
    pair(canvas, box, 1, phrase("Subtotal"), amount_text(totals.subtotal, view.exponent))
    pair(canvas, box, 2, phrase("Discount"), amount_text(-totals.discount, view.exponent))
    rule(canvas, box, 3)
    pair(
        canvas,
        box,
        4,
        phrase("TOTAL {currency}", view.currency),
        amount_text(totals.total, view.exponent),
        Role.STRONG,
    )
    row = 6
    for tax in totals.taxes:
        word = phrase("incl. tax") if tax.included else phrase("plus tax")
        label = f"{word} {tax.rate:>2} %" if tax.rate else cut(clean(tax.name), 18)
        pair(canvas, box, row, label, amount_text(tax.amount, view.exponent))
        row += 1
    if totals.paid:
        pair(canvas, box, row + 1, phrase("Taken"), amount_text(totals.paid, view.exponent))
        pair(canvas, box, row + 2, phrase("DUE"), amount_text(totals.due, view.exponent), Role.STRONG)
        row += 3
    draw_refused(canvas, view, local, box, row + 1)


def draw_refused(canvas: Canvas, view: View, local: Local, box: Box, first_row: int) -> None:
    """The newest refused scans at the foot of a panel: what was not sold stays in sight."""
    refused = [*view.refused, *local.refused]
    room = min(len(refused), box.height - first_row - 1, 5)
    if room < 1:
        return
    row = box.height - room - 1
    pair(canvas, box, row, phrase("Not sold"), str(len(refused)), Role.WARN)
    for offset, scan in enumerate(refused[-room:]):
        line(canvas, box, row + 1 + offset, cut(clean(scan.text), box.width - 2), Role.WARN, 1)


def draw_foot(canvas: Canvas, view: View, local: Local, box: Box) -> None:
    """The last two rows of a narrow window: the total, and how many scans were not sold."""
    y = box.bottom - 2
    canvas.put(box.x - 1, y, "├" + "─" * box.width + "┤", Role.FRAME)
    totals = view.totals
    count = phrase("Items {count}", _number(totals.items))
    word, amount = phrase("TOTAL"), totals.total
    if view.mode is Mode.TENDER:
        word, amount = phrase("DUE"), totals.due
    elif view.mode is Mode.PAID and view.paid is not None:
        word, amount = phrase("CHANGE"), view.paid.change
        count = f"{phrase('TOTAL')} {amount_text(view.paid.total, view.exponent)}"
    text = f"{word} {view.currency} {amount_text(amount, view.exponent)}"
    pair(canvas, box, box.height - 1, count, text, Role.STRONG)
    refused = [*view.refused, *local.refused]
    if refused:
        room = box.width - width_of(text) - width_of(count) - 6
        last = clean(refused[-1].text)
        words = cut(phrase("Not sold: {count}, last {code}", len(refused), last), room)
        canvas.put(box.x + width_of(count) + 4, box.bottom - 1, words, Role.WARN)
