"""Discounts on a line or on the sale (300-303), prices set by hand (104), comments (103, 501)."""

from collections.abc import Callable

from store.register.intents import OutcomeKind
from store.register.operations import BY_NUMBER
from store.register.session.sale_open import put_sale
from store.register.session.state import Asked
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry
from store.sale import discounting
from store.sale.barcode import looks_like_code
from store.sale.discount import Discount
from store.sale.language import later, phrase
from store.sale.limits import Limits
from store.sale.line_change import find_line
from store.sale.money import parse_amount
from store.sale.refusal import LimitRefused, SaleRefused
from store.sale.sale import Sale, SaleLine
from store.sale.totals import totals

DISCOUNTS = {300: "line_amount", 301: "line_percent", 302: "sale_amount", 303: "sale_percent"}
"""Operation and the kind of its question."""
COMMENTS = {103: "line_comment", 501: "sale_comment"}
PRICE, REASON = "price_override", "price_reason"
OF_LINES = frozenset({300, 301, 103, 104})
QUESTIONS = {kind: number for number, kind in (DISCOUNTS | COMMENTS | {104: PRICE}).items()} | {REASON: 104}
"""Kinds of question of this desk, with the operation they belong to."""
OLDEST_PRICES_MS = 7 * 86_400_000
"""With an older look at headquarters no price is set by hand while the server is away (offline protocol: caps)."""
TOO_OLD = later("No price by hand: those here are over seven days old. Sync now (F9) first.")
NOTHING_SOLD = later("There is no sale open. Scan an item first.")


def run(work: Work, number: int, text: str) -> Reply:
    """One of the operations, with what stood in the entry line or a question for it."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase(NOTHING_SOLD))
    if looks_like_code(text):
        return work.keep(text, phrase("a code is no amount and no comment. Scan it without the key."))
    n = work.state.selected
    try:
        line = find_line(sale, n) if number in OF_LINES else None
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    if text:
        return give(work, number, n, text)
    return ask(work, number, line)


def ask(work: Work, number: int, line: SaleLine | None) -> Reply:
    """Ask for the amount, percentage, price or comment."""
    kind = next(kind for kind, asked in QUESTIONS.items() if asked == number)
    about = f"{line.name}, {work.money(line.amount)}" if line is not None else phrase("The whole sale")
    if number in COMMENTS:
        entry, what = Entry.CODE, phrase("Type the comment and Enter; - takes it away.")
    elif number == 104:
        entry, what = Entry.AMOUNT, phrase("Type the price of one and Enter.")
    elif kind.endswith("percent"):
        entry, what = Entry.QUANTITY, phrase("Type percent and Enter; 0 takes the discount away.")
    else:
        entry, what = Entry.AMOUNT, phrase("Type the amount and Enter; 0 takes the discount away.")
    n = str(line.n) if line is not None else "0"
    return work.ask(kind, BY_NUMBER[number].name, entry, lines=(about, what), n=n)


def answer(work: Work, asked: Asked, text: str) -> Reply:
    """The answer to a question of this desk; a refused one leaves the question open."""
    kind, facts = asked.question.kind, asked.facts
    work.put(asked=None)
    if kind == REASON:
        reply = answer_reason(work, facts, text)
    else:
        reply = give(work, QUESTIONS[kind], int(facts["n"]), text)
    if reply.kind is OutcomeKind.REFUSED and work.state.asked is None:
        work.put(asked=asked)
    return reply


def give(work: Work, number: int, n: int, text: str) -> Reply:
    """Carry out what was typed."""
    if number in COMMENTS:
        return comment(work, number, n, "" if text == "-" else text)
    if number == 104:
        return ask_reason(work, n, text)
    discount = discount_from(work, number, text)
    if discount is None:
        what = (
            phrase("a percentage such as 10")
            if DISCOUNTS[number].endswith("percent")
            else phrase("an amount such as 1.50")
        )
        return work.refuse(phrase("{text} is no discount. Type {what}.", repr(text[:20]), what))

    def change(sale: Sale, limits: Limits) -> Sale:
        if number in OF_LINES:
            return discounting.discount_line(sale, n, discount, limits)
        return discounting.discount_sale(sale, discount, limits)

    return carry_out(work, number, change, lambda sale: said(work, sale, number, n))


def discount_from(work: Work, number: int, text: str) -> Discount | None:
    """The discount that was typed; None when it is none."""
    if DISCOUNTS[number].endswith("percent"):
        percent = discounting.parse_percent(text.removesuffix("%").strip())
        return None if percent is None else Discount(percent=percent)
    amount = parse_amount(text, work.policy.currency)
    return None if amount is None else Discount(amount=amount)


def said(work: Work, sale: Sale, number: int, n: int) -> str:
    """What became of a discount, in a sentence."""
    if number in OF_LINES:
        line = sale.lines[n - 1]
        if line.given is None:
            return phrase("No discount on {name}   {amount}", line.name[:40], work.money(line.amount))
        percent = f" {line.given.percent} %" if line.given.percent else ""
        left = work.money(line.amount - line.discount)
        return phrase(
            "Discount{percent} on {name}: {amount}, so {left}",
            percent,
            line.name[:30],
            work.money(-line.discount),
            left,
        )
    total = work.money(totals(sale, work.policy).total)
    if sale.given is None:
        return phrase("No discount on the sale. TOTAL {total}", total)
    percent = f" {sale.given.percent} %" if sale.given.percent else ""
    amount = sum(line.discount_share for line in sale.live_lines)
    return phrase(
        "Discount{percent} on the sale: {amount}. TOTAL {total}", percent, work.money(-amount), total
    )


def ask_reason(work: Work, n: int, text: str) -> Reply:
    """The price is checked first, then its reason is asked for."""
    price = parse_amount(text, work.policy.currency)
    if price is None:
        return work.refuse(phrase("{text} is no price. Type an amount such as 1.29.", repr(text[:20])))
    good_ms = work.ports.sync.state().memory.down.good_ms
    if not work.online and 0 < good_ms < work.now_ms - OLDEST_PRICES_MS:
        return work.refuse(phrase(TOO_OLD))

    def check(sale: Sale, limits: Limits) -> Sale:
        return discounting.override_price(sale, work.policy, n, price, "", limits)

    refused = why_not(work, 104, check)
    if refused:
        return work.refuse(refused)
    reasons = work.policy.price_reasons
    choices = tuple(Choice(str(number), reason) for number, reason in enumerate(reasons, start=1))
    return work.ask(
        REASON,
        phrase("Reason for the price"),
        Entry.CHOICE,
        lines=(phrase("{price} for one. Type the number of the reason and Enter.", work.money(price)),),
        choices=choices,
        n=str(n),
        price=str(price),
    )


def answer_reason(work: Work, facts: dict[str, str], text: str) -> Reply:
    """The number of a reason in the list; then the price holds."""
    reasons = work.policy.price_reasons
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= len(reasons)):
        return work.refuse(phrase("Type a number from 1 to {count}.", len(reasons)))
    n, price, reason = int(facts["n"]), int(facts["price"]), reasons[int(text[:4]) - 1]

    def change(sale: Sale, limits: Limits) -> Sale:
        return discounting.override_price(sale, work.policy, n, price, reason, limits)

    def words(sale: Sale) -> str:
        line = sale.lines[n - 1]
        return phrase(
            "{name}: {price} set by hand   {amount}",
            line.name[:40],
            work.money(line.price),
            work.money(line.amount),
        )

    return carry_out(work, 104, change, words)


def comment(work: Work, number: int, n: int, text: str) -> Reply:
    """A comment on the line or the sale; it stands on the receipt and in the record."""

    def change(sale: Sale, limits: Limits) -> Sale:
        if number in OF_LINES:
            return discounting.comment_line(sale, n, text)
        return discounting.comment_sale(sale, text)

    return carry_out(
        work, number, change, lambda _: phrase("Comment noted.") if text else phrase("Comment taken away.")
    )


def carry_out(
    work: Work, number: int, change: Callable[[Sale, Limits], Sale], words: Callable[[Sale], str]
) -> Reply:
    """Change the open sale within the limits in force, or say why not and who may."""
    if refused := why_not(work, number, change):
        return work.refuse(refused)
    sale = work.state.sale
    assert sale is not None
    changed = change(sale, limits_in_force(work))
    put_sale(work, changed)
    work.say(words(changed))
    return DONE


def limits_in_force(work: Work) -> Limits:
    """How far the person signed in may go, or whoever allows what is going on."""
    return work.limits()


def why_not(work: Work, number: int, change: Callable[[Sale, Limits], Sale]) -> str:
    """Why the open sale cannot be changed so, a sentence that says who may; empty when it can."""
    sale = work.state.sale
    if sale is None:
        return phrase(NOTHING_SOLD)
    try:
        change(sale, limits_in_force(work))
    except LimitRefused as refusal:
        return work.further(number, str(refusal), lambda limits: allows(sale, change, limits))
    except SaleRefused as refusal:
        return str(refusal)
    return ""


def allows(sale: Sale, change: Callable[[Sale, Limits], Sale], limits: Limits) -> bool:
    """Whether somebody with these limits may change the sale so."""
    try:
        change(sale, limits)
    except SaleRefused:
        return False
    return True
