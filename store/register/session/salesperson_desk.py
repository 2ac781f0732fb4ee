"""The salesperson of the sale (502), of a line (9136), and neither (121)."""

from store.register.intents import OutcomeKind
from store.register.session.sale_open import put_sale
from store.register.session.state import Asked
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry
from store.sale import salesperson
from store.sale.language import later, phrase
from store.sale.line_change import find_line
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale
from store.sale.text import printable

SALE, LINE = "salesperson", "line_salesperson"
QUESTIONS = frozenset({SALE, LINE})
NOTHING_SOLD = later("There is no sale open. Scan an item first.")


async def run(work: Work, kind: str, text: str) -> Reply:
    """502 or 9136 with a number, or a question for it."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase(NOTHING_SOLD))
    if text:
        return await put(work, kind, text)
    try:
        about = find_line(sale, work.state.selected).name if kind == LINE else phrase("The whole sale")
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    title = phrase("Salesperson of the line") if kind == LINE else phrase("Salesperson")
    what = phrase("Type the number of who sold it and Enter.")
    return work.ask(kind, title, Entry.OPERATOR, lines=(about, what), n=str(work.state.selected))


async def answer(work: Work, asked: Asked, text: str) -> Reply:
    """The number of the person; one that is refused leaves the question open."""
    work.put(asked=None)
    reply = await put(work, asked.question.kind, text, int(asked.facts["n"]))
    if reply.kind is OutcomeKind.REFUSED and work.state.asked is None:
        work.put(asked=asked)
    return reply


async def put(work: Work, kind: str, number: str, n: int = 0) -> Reply:
    """That person sold the line, or the sale."""
    sale, number = work.state.sale, number.strip()
    if sale is None:
        return work.refuse(phrase(NOTHING_SOLD))
    # The catalog first: who sold what is no secret and needs no newest word.
    member = work.ports.shop.operator(number) or (await work.ports.staff.find(number)).member
    if member is None or len(number) > salesperson.NUMBER_LIMIT:
        return work.refuse(
            phrase("Nobody here has the number {number}. Type another one.", printable(number[:12]))
        )
    try:
        if kind == LINE:
            changed = salesperson.set_on_line(sale, n or work.state.selected, number)
        else:
            changed = salesperson.set_on_sale(sale, number, member.name)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    return _kept(work, changed, phrase("Sold by {name}.", member.name))


def clear(work: Work) -> Reply:
    """121: no salesperson any more, on the sale and its lines."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase(NOTHING_SOLD))
    try:
        changed = salesperson.clear(sale)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    return _kept(work, changed, phrase("No salesperson."))


def _kept(work: Work, sale: Sale, words: str) -> Reply:
    put_sale(work, sale)
    work.say(words)
    return DONE
