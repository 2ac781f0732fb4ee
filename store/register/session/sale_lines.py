"""The lines of the open sale: chosen, voided, given another quantity."""

from store.register.intents import OutcomeKind
from store.register.session.return_keeping import let_go
from store.register.session.sale_open import put_sale
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry, Tone
from store.sale import selling
from store.sale.language import phrase
from store.sale.line_change import find_line
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale, SaleLine
from store.sale.taking_back import set_back_quantity


def void_line(work: Work, seq: int) -> Reply:
    """Del: void the selected line, if it is the one the person saw selected."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase("There is no sale open. Scan an item first."))
    if 0 < seq < work.selected_since:
        why = phrase("The sale changed. Look at the selected line, then press Del again.")
        work.say(why, Tone.WARN, sound=True)
        return Reply(OutcomeKind.STALE, why)
    try:
        line = find_line(sale, work.state.selected)
        changed = selling.void_line(sale, line.n)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    put_sale(work, changed)
    let_go(work, sale, changed)
    work.say(phrase("Voided: {name}   {amount}", line.name, work.money(-line.amount)))
    select_near(work, changed, line.n)
    return DONE


def select_near(work: Work, sale: Sale, n: int) -> None:
    """Select the nearest line above `n` that is not voided, else the nearest below."""
    live = [line.n for line in sale.live_lines]
    above = [other for other in live if other < n]
    below = [other for other in live if other > n]
    work.select(above[-1] if above else below[0] if below else 0)


def set_quantity(work: Work, text: str) -> Reply:
    """`N*` and F4: another quantity on the selected line."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase("There is no line whose quantity could be set. Scan an item first."))
    try:
        if _comes_back(sale, work.state.selected):
            changed = set_back_quantity(sale, work.state.selected, text)
        else:
            changed = selling.set_quantity(sale, work.policy, work.state.selected, text)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    put_sale(work, changed)
    let_go(work, sale, changed)
    line = changed.lines[work.state.selected - 1]
    work.say(f"{quantity_words(line)} {line.name}   {work.money(line.amount)}")
    return DONE


def _comes_back(sale: Sale, n: int) -> bool:
    """Whether goods come back on the line; what is typed is how much, without a sign."""
    line = sale.lines[n - 1] if 0 < n <= len(sale.lines) else None
    return line is not None and line.is_return and not line.empties


def clear_quantity(work: Work) -> Reply:
    """106: one of the selected line again; what is measured has no such quantity."""
    sale, n = work.state.sale, work.state.selected
    if sale is not None and 0 < n <= len(sale.lines) and sale.lines[n - 1].measured:
        return work.refuse(phrase("{name} is measured. Type its quantity with F4.", sale.lines[n - 1].name))
    return set_quantity(work, "1")


def quantity_words(line: SaleLine) -> str:
    """The quantity of a line with its unit: "3 x", "0.482 kg"."""
    return f"{line.quantity} {line.unit}" if line.measured else f"{line.quantity} x"


def ask_quantity(work: Work) -> Reply:
    """F4 on an empty entry line asks for the quantity of the selected line."""
    sale = work.state.sale
    try:
        line = find_line(sale, work.state.selected) if sale else None
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    if line is None:
        return work.refuse(phrase("There is no line whose quantity could be set. Scan an item first."))
    return work.ask(
        "quantity",
        phrase("Quantity"),
        Entry.QUANTITY,
        lines=(
            line.name,
            phrase("Type the quantity and Enter."),
        ),
    )


def move_selection(work: Work, where: str) -> Reply:
    """Arrow keys; `where` is up, down, page_up, page_down, first, last or a line number."""
    sale = work.state.sale
    if sale is None or not sale.lines:
        return DONE
    last = len(sale.lines)
    now = work.state.selected or last
    moves = {
        "up": now - 1,
        "down": now + 1,
        "page_up": now - 10,
        "page_down": now + 10,
        "first": 1,
        "last": last,
    }
    if where in moves:
        target = moves[where]
    elif where.isascii() and where.isdigit():
        target = int(where[:6])
    else:
        return work.refuse(phrase("There is no line {where}.", repr(where[:20])))
    work.select(min(max(target, 1), last))
    return DONE
