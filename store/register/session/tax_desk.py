"""Another tax on a line (129, 130) or on the sale (127, 128), an exemption with the number of its certificate."""

from store.register.operations import BY_NUMBER
from store.register.session.sale_open import put_sale
from store.register.session.state import Asked
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry
from store.sale import tax_override
from store.sale.barcode import looks_like_code
from store.sale.language import later, phrase
from store.sale.line_change import find_line
from store.sale.policy import TaxRate
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale
from store.sale.totals import totals

OF_SALE, FROM_LIST = frozenset({127, 128}), frozenset({128, 130})
CODE, LIST, CERTIFICATE = "tax_code", "tax_list", "tax_certificate"
QUESTIONS = frozenset({CODE, LIST, CERTIFICATE})
"""Kinds of question of this desk."""
OWN = "-"
"""Typed in place of a tax: the goods' own again."""
NOTHING_SOLD = later("There is no sale open. Scan an item first.")
NO_CHOICE = later("No tax may be chosen here. Headquarters says which may replace which (tax, --replace).")


def run(work: Work, number: int, text: str) -> Reply:
    """One of the operations, with the code of a tax or a question for it."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase(NOTHING_SOLD))
    if looks_like_code(text):
        return work.keep(text, phrase("a code is no tax. Scan it without the key."))
    n = 0 if number in OF_SALE else work.state.selected
    try:
        about = phrase("The whole sale") if number in OF_SALE else find_line(sale, n).name
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    if text:
        return take(work, number, n, text)
    if not tax_override.choices(work.policy):
        return work.refuse(phrase(NO_CHOICE))
    return ask(work, number, n, about)


def ask(work: Work, number: int, n: int, about: str) -> Reply:
    """Ask for the code of a tax, or show the list."""
    taxes = tax_override.choices(work.policy)
    name = BY_NUMBER[number].name
    if number not in FROM_LIST:
        codes = ", ".join(tax.code for tax in taxes)
        lines = (
            about,
            phrase("Type the code of the tax ({codes}) and Enter; {own} for the goods' own.", codes, OWN),
        )
        return work.ask(CODE, name, Entry.CODE, lines=lines, number=str(number), n=str(n))
    choices = tuple(
        Choice(str(at), f"{tax.code} {tax.name} {rate_words(work, tax)}")
        for at, tax in enumerate(taxes, start=1)
    )
    what = phrase("{about}: type the number and Enter; 0 for the goods' own.", about[:40])
    return work.ask(LIST, name, Entry.CHOICE, lines=(what,), choices=choices, number=str(number), n=str(n))


def answer(work: Work, asked: Asked, text: str) -> Reply:
    """The answer to a question of this desk; a refused one leaves the question open."""
    facts = asked.facts
    number, n = int(facts["number"]), int(facts["n"])
    work.put(asked=None)
    if asked.question.kind == CERTIFICATE:
        reply = change(work, number, n, tax_override.chosen(work.policy, facts["tax"]), text)
    elif asked.question.kind == LIST:
        taxes = tax_override.choices(work.policy)
        if not (text.isascii() and text.isdigit() and int(text[:4]) <= len(taxes)):
            reply = work.refuse(phrase("Type a number from 0 to {count}.", len(taxes)))
        else:
            reply = take(work, number, n, taxes[int(text) - 1].code if int(text) else OWN)
    else:
        reply = take(work, number, n, text)
    if reply.kind is not DONE.kind and work.state.asked is None:
        work.put(asked=asked)
    return reply


def take(work: Work, number: int, n: int, code: str) -> Reply:
    """Put the tax of that code in place, or ask for the certificate that it needs."""
    if code.strip() == OWN:
        return own_again(work, n)
    try:
        tax = tax_override.chosen(work.policy, code)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    sale = work.state.sale
    if tax.detail.exempt and sale is not None:
        before = phrase(" Enter alone takes {certificate}.", sale.certificate) if sale.certificate else ""
        return work.ask(
            CERTIFICATE,
            tax.name,
            Entry.CODE,
            lines=(phrase("Type the number of the certificate and Enter.{before}", before),),
            number=str(number),
            n=str(n),
            tax=tax.code,
        )
    return change(work, number, n, tax, "")


def change(work: Work, number: int, n: int, tax: TaxRate, certificate: str) -> Reply:
    """Put the tax on the line or on the sale."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase(NOTHING_SOLD))
    try:
        if number in OF_SALE:
            changed = tax_override.override_sale_tax(sale, tax, certificate)
        else:
            changed = tax_override.override_line_tax(sale, n, tax, certificate)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    put_sale(work, changed)
    where = phrase("on the sale") if number in OF_SALE else f"on {changed.lines[n - 1].name[:30]}"
    work.say(
        phrase(
            "{name} {rate_words} {where}. TOTAL {total}",
            tax.name,
            rate_words(work, tax),
            where,
            total(work, changed),
        )
    )
    return DONE


def own_again(work: Work, n: int) -> Reply:
    """The goods' own taxes again."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase(NOTHING_SOLD))
    try:
        changed = tax_override.restore_line_tax(sale, n) if n else tax_override.restore_sale_tax(sale)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    put_sale(work, changed)
    work.say(phrase("The goods' own taxes again. TOTAL {total}", total(work, changed)))
    return DONE


def total(work: Work, sale: Sale) -> str:
    """What the sale comes to now."""
    return work.money(totals(sale, work.policy).total)


def rate_words(work: Work, tax: TaxRate) -> str:
    """How much a tax is: "19 %", an amount per unit, or the taxes of a group."""
    if tax.members:
        return " + ".join(rate_words(work, one) for one in tax.members)
    return phrase("{fixed} each", work.money(tax.detail.fixed)) if tax.detail.fixed else f"{tax.rate} %"
