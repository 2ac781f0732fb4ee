"""The pay screen, and what stays after the last tender."""

from store.register.view import PaidPanel, TenderPanel, TenderView, View
from store.sale.language import phrase
from tui.keymap import Keymap, key_name
from tui.view.canvas import Canvas
from tui.view.frame import Box, line, pair, rule
from tui.view.roles import Role
from tui.view.text import amount_text, clean, wrap

CASH_ROW = 2
LEAST_TAKEN = 4
"""Rows for what was taken: its heading, the newest payment, a rule, what is still to pay."""


def draw_tender(canvas: Canvas, view: View, panel: TenderPanel, keymap: Keymap, box: Box) -> None:
    """What is to pay or to give back, how it can be done, and what was taken."""

    def money(amount: int) -> str:
        return amount_text(amount, view.exponent)

    due = f"{view.currency} {money(abs(view.totals.total)):>9}"
    pair(canvas, box, 0, phrase("To give back") if panel.back else phrase("To pay"), due, Role.STRONG, 2)
    row = CASH_ROW
    if panel.cash:
        exact = phrase("Enter = exact {amount}", money(panel.exact_cash))
        pair(canvas, box, row, phrase("Cash"), exact, margin=2)
        row += 1
    row = _draw_choices(canvas, view, panel, box, row)
    keys = [key_name(keymap.by_id[f"round_{n}"].key) for n in (1, 2, 3)]
    rounds = [f"{key} = {money(amount)}" for key, amount in zip(keys, panel.round_amounts, strict=False)]
    if rounds:
        line(canvas, box, row + 1, phrase("Next round amounts"))
        canvas.put_right(box.end - 2, box.y + row + 2, "   ".join(rounds))
        row += 3
    if panel.taken:
        row = _draw_taken(canvas, view, panel.taken, box, row + 1)
        canvas.put_right(box.end - 2, box.y + row, "──────", Role.FRAME)
        still = phrase("Still to give back") if panel.back else phrase("Still to pay")
        pair(canvas, box, row + 1, still, money(abs(view.totals.due)), Role.STRONG, 2)


def _draw_choices(canvas: Canvas, view: View, panel: TenderPanel, box: Box, row: int) -> int:
    """The other ways to pay; what has no room is named by its letters. Returns the next free row."""
    kept = 3 * bool(panel.round_amounts) + (LEAST_TAKEN + 1) * bool(panel.taken)
    room = max(1, box.height - row - kept)
    shown, hidden = panel.choices, panel.choices[:0]
    if len(shown) > room:
        shown, hidden = shown[: room - 1], shown[room - 1 :]
    for choice in shown:
        takes = f"{choice.key} = {choice.takes}" if choice.takes else choice.key
        pair(canvas, box, row, clean(choice.name), clean(takes), margin=2)
        row += 1
    if hidden:
        words = ", ".join(f"{choice.key} {clean(choice.name)}" for choice in hidden)
        line(canvas, box, row, words)
        row += 1
    return row


def draw_tender_side(canvas: Canvas, view: View, box: Box) -> None:
    """Total, taken and due; below zero it goes back."""
    totals = view.totals
    pair(
        canvas,
        box,
        0,
        phrase("TOTAL {currency}", view.currency),
        amount_text(totals.total, view.exponent),
        Role.STRONG,
    )
    pair(canvas, box, 1, phrase("Taken"), amount_text(totals.paid, view.exponent))
    row = 2
    if totals.cash_rounding:
        pair(canvas, box, row, phrase("Rounding"), amount_text(totals.cash_rounding, view.exponent))
        row += 1
    rule(canvas, box, row)
    pair(canvas, box, row + 1, phrase("DUE"), amount_text(totals.due, view.exponent), Role.STRONG)


def draw_paid(canvas: Canvas, panel: PaidPanel, box: Box) -> None:
    """What became of the receipt, and what comes next."""
    row = 1
    for text in wrap(clean(panel.print_state), box.width - 4):
        line(canvas, box, row, text)
        row += 1
    line(canvas, box, row + 1, phrase("The next scan starts the next sale."), Role.HINT)


def draw_paid_side(canvas: Canvas, view: View, panel: PaidPanel, box: Box) -> None:
    """Total, tenders, change."""
    pair(
        canvas,
        box,
        0,
        phrase("TOTAL {currency}", view.currency),
        amount_text(panel.total, view.exponent),
        Role.STRONG,
    )
    row = 1
    for tender in panel.taken[: box.height - 4]:
        pair(canvas, box, row, clean(tender.name), amount_text(_handed(tender), view.exponent))
        row += 1
    if panel.total < 0:
        return  # what went back stands in the rows above
    if panel.change or any(tender.kind == "cash" for tender in panel.taken):
        rule(canvas, box, row, "═")
        pair(canvas, box, row + 1, phrase("CHANGE"), amount_text(panel.change, view.exponent), Role.STRONG)


def _handed(tender: TenderView) -> int:
    """What was handed over: for cash the amount given, else the amount taken."""
    return tender.given or tender.amount


def _draw_taken(canvas: Canvas, view: View, taken: tuple[TenderView, ...], box: Box, row: int) -> int:
    """The payments so far, the newest ones when there are many; returns the next free row."""
    line(canvas, box, row, phrase("Taken"))
    room = max(1, box.height - row - 3)
    for tender in taken[-room:]:
        row += 1
        pair(
            canvas, box, row, f"   {clean(tender.name)}", amount_text(tender.amount, view.exponent), margin=2
        )
    return row + 1
