"""The pay screen, and what stays after the last tender."""

from store.register.view import PaidPanel, TenderPanel, TenderView, View
from store.sale.language import phrase
from tui.keymap import Keymap, key_name
from tui.view.canvas import Canvas
from tui.view.frame import Box, line, pair, rule
from tui.view.roles import Role
from tui.view.text import amount_text, clean, wrap

CASH_ROW = 2
ROUND_ROW = 5
TAKEN_ROW = 8


def draw_tender(canvas: Canvas, view: View, panel: TenderPanel, keymap: Keymap, box: Box) -> None:
    """What is to pay, how it can be paid, and what was taken."""

    def money(amount: int) -> str:
        return amount_text(amount, view.exponent)

    total = f"{view.currency} {money(view.totals.total):>9}"
    pair(canvas, box, 0, phrase("To pay"), total, Role.STRONG, 2)
    pair(
        canvas,
        box,
        CASH_ROW,
        phrase("Cash"),
        phrase("Enter = exact {amount}", money(panel.exact_cash)),
        margin=2,
    )
    card = keymap.by_id["card"]
    if card.operation in view.operations:
        pair(
            canvas,
            box,
            CASH_ROW + 1,
            phrase("Card (terminal)"),
            f"{key_name(card.key)} = {money(view.totals.due)}",
            margin=2,
        )
    keys = [key_name(keymap.by_id[f"round_{n}"].key) for n in (1, 2, 3)]
    rounds = [f"{key} = {money(amount)}" for key, amount in zip(keys, panel.round_amounts, strict=False)]
    if rounds:
        line(canvas, box, ROUND_ROW, phrase("Next round amounts"))
        canvas.put_right(box.end - 2, box.y + ROUND_ROW + 1, "   ".join(rounds))
    row = _draw_taken(canvas, view, panel.taken, box, TAKEN_ROW) if panel.taken else TAKEN_ROW
    if panel.taken:
        canvas.put_right(box.end - 2, box.y + row, "──────", Role.FRAME)
        pair(canvas, box, row + 1, phrase("Still to pay"), money(view.totals.due), Role.STRONG, 2)


def draw_tender_side(canvas: Canvas, view: View, box: Box) -> None:
    """Total, taken and due."""
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
