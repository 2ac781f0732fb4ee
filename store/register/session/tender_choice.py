"""Ways to pay beside cash: chosen by letter or number in the pay screen, each asked for what it needs, then taken."""

from collections.abc import Awaitable, Callable

from msgspec.structs import replace

from store.register.session import deferred_card
from store.register.session.state import Asked
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry
from store.sale import paying
from store.sale.barcode import looks_like_code
from store.sale.foreign import home_value, least_foreign
from store.sale.language import phrase
from store.sale.money import parse_amount, shown_amount
from store.sale.refunding import ways_of
from store.sale.refusal import SaleRefused
from store.sale.tender import Payment
from store.sale.tender_type import (
    REFERENCE_LIMIT,
    Reference,
    TenderKind,
    TenderType,
    find_type,
)
from store.sale.text import printable
from store.sale.totals import totals

Facts = dict[str, str]
Take = Callable[[Work, Payment], Awaitable[Reply]]

TYPE, NOTES, REFERENCE = "tender_type", "tender_notes", "tender_reference"
QUESTIONS = frozenset({TYPE, NOTES, REFERENCE})
NUMBERS = {
    TenderKind.CASH: 200,
    TenderKind.CARD: 201,
    TenderKind.ACCOUNT: 202,
    TenderKind.FOREIGN: 203,
    TenderKind.CHECK: 204,
    TenderKind.VOUCHER: 213,
}
"""The operation behind each kind."""


def types_of(work: Work, kind: TenderKind) -> list[TenderType]:
    """The store's types of a kind, in their order."""
    return [one for one in work.policy.tenders if one.kind is kind]


def ask_type(work: Work, kind: TenderKind, text: str) -> Reply:
    """Several types of one kind, such as dollars and francs: which one?"""
    rows = tuple(Choice(one.key or one.code, one.name) for one in types_of(work, kind))
    return work.ask(
        TYPE, phrase("Which one is given?"), Entry.CHOICE, choices=rows, of_kind=kind.value, text=text
    )


def chosen(work: Work, asked: Asked, text: str) -> TenderType | None:
    """The type that was typed in answer to `ask_type`, by letter or code."""
    word = text.strip().lower()
    kind = TenderKind(asked.facts["of_kind"])
    return next((one for one in types_of(work, kind) if word and word in (one.key, one.code)), None)


def amount_for(work: Work, chosen: TenderType, text: str) -> int | Reply:
    """The typed amount, or all that is due; below nothing due it is what goes back. A Reply when it cannot be."""
    sale = work.state.sale
    assert sale is not None
    due = totals(sale, work.policy).due
    if not text.strip():
        return _most_back(work, chosen, due) if due < 0 else due
    amount = parse_amount(text, work.policy.currency)
    if amount is None or looks_like_code(text):
        return work.refuse(
            phrase("'{text}' is no amount. Type the part, or nothing for all of it.", printable(text[:20]))
        )
    return amount


def _most_back(work: Work, chosen: TenderType, due: int) -> int:
    sale = work.state.sale
    assert sale is not None
    most = next((way.most for way in ways_of(sale, work.policy, due) if way.type == chosen.code), -due)
    return min(most, -due)


def tried(work: Work, how: Payment) -> str:
    """Why a payment would be refused, before anybody is asked anything; empty when it would not."""
    sale = work.state.sale
    assert sale is not None
    how = replace(how, change_voucher="-")  # its number is made when it is given
    try:
        paying.take_payment(sale, work.policy, how)
    except SaleRefused as refusal:
        return str(refusal)
    return ""


# -- card


async def card(work: Work, chosen: TenderType, text: str) -> Reply:
    """201, `c`: the terminal stands alone; its slip's number is asked for where the store wants it, then its answer."""
    amount = amount_for(work, chosen, text)
    if isinstance(amount, Reply):
        return amount
    sale = work.state.sale
    assert sale is not None
    back = totals(sale, work.policy).due < 0
    if why := tried(work, Payment(type=chosen.code, given=amount, reference="-")):
        return work.refuse(why)
    if not back and (too_much := await deferred_card.over_limit(work, sale, amount, chosen.code)):
        return work.refuse(too_much)
    if chosen.reference is not Reference.NO:
        return ask_reference(work, chosen, amount)
    return ask_card(work, chosen, amount, "")


def ask_card(work: Work, chosen: TenderType, amount: int, reference: str) -> Reply:
    """Whether the terminal did it: a guarded question."""
    sale = work.state.sale
    assert sale is not None
    words = f"{chosen.name} {work.money(amount)} {work.policy.currency}"
    if totals(sale, work.policy).due < 0:
        line, answers = (
            phrase("{words}: given back on the terminal?", words),
            (phrase("Given back"), phrase("Not given back")),
        )
    else:
        line, answers = (
            phrase("{words}: approved on the terminal?", words),
            (phrase("Approved"), phrase("Declined")),
        )
    return work.ask(
        "card",
        chosen.name,
        Entry.NOTHING,
        lines=(line,),
        answers=answers,
        given=str(amount),
        type=chosen.code,
        reference=reference,
    )


# -- checks, and every number that stands on paper


async def check(work: Work, chosen: TenderType, text: str, take: Take) -> Reply:
    """204: the amount, then the number of the check."""
    amount = amount_for(work, chosen, text)
    if isinstance(amount, Reply):
        return amount
    if why := tried(work, Payment(type=chosen.code, given=amount, reference="-")):
        return work.refuse(why)
    if chosen.reference is Reference.NO:
        return await take(work, Payment(type=chosen.code, given=amount))
    return ask_reference(work, chosen, amount)


def ask_reference(work: Work, chosen: TenderType, amount: int) -> Reply:
    """The number on the paper: of the check, or of the terminal's slip."""
    what = phrase("number of the check") if chosen.kind is TenderKind.CHECK else phrase("number on the slip")
    lines = [phrase("Type the {what} and Enter. Never a card number.", what)]
    if chosen.reference is Reference.OPTIONAL:
        lines.append(phrase("Enter alone goes on without it."))
    return work.ask(
        REFERENCE,
        f"{chosen.name} {work.money(amount)}: {what}?",
        Entry.CODE,
        lines=tuple(lines),
        given=str(amount),
        type=chosen.code,
    )


async def answer_reference(work: Work, asked: Asked, text: str, take: Take) -> Reply:
    """The typed number; a card goes on to its guarded question, a check is taken."""
    chosen = find_type(work.policy.tenders, asked.facts["type"])
    if chosen is None:
        return work.refuse(phrase("This store does not take that any more. Press Esc."))
    reference = text.strip()
    if len(reference) > REFERENCE_LIMIT:
        return work.refuse(
            phrase("Such a number has at most {most} characters. Read it again.", str(REFERENCE_LIMIT))
        )
    how = Payment(type=chosen.code, given=int(asked.facts["given"]), reference=reference)
    if why := tried(work, how):
        return work.refuse(why)
    work.put(asked=None)
    if chosen.kind is TenderKind.CARD:
        return ask_card(work, chosen, how.given, reference)
    return await take(work, how)


# -- foreign notes


async def foreign(work: Work, chosen: TenderType, text: str, take: Take) -> Reply:
    """203: notes of another currency; the amount is asked in it, with what is due in it."""
    if text.strip():
        return await take_notes(work, chosen, text, take)
    sale = work.state.sale
    assert sale is not None
    due, home = totals(sale, work.policy).due, work.policy.currency
    if due < 0:
        return work.refuse(
            phrase("Notes of another currency are not given back; give the amount back in cash.")
        )
    least = least_foreign(due, chosen.currency, chosen.rate, home)
    lines = (
        f"{work.money(due)} {home} = {shown_amount(least, chosen.currency)} {chosen.currency}",
        phrase(
            "1 {foreign} = {rate} {home}. Type what is given; change is {home}.",
            chosen.currency,
            chosen.rate,
            home,
        ),
    )
    title = phrase("{tender}: how much {currency}?", chosen.name, chosen.currency)
    work.ask(NOTES, title, Entry.AMOUNT, lines=lines, type=chosen.code)
    in_currency(work, chosen.currency)
    return DONE


def in_currency(work: Work, currency: str) -> None:
    """The amount of the open question is typed in another currency."""
    if (asked := work.state.asked) is not None:
        question = replace(asked.question, currency=currency)
        work.put(asked=replace(asked, question=question))


async def take_notes(work: Work, chosen: TenderType, text: str, take: Take) -> Reply:
    """So much of another currency; ten times what is due is a slip of the finger."""
    sale = work.state.sale
    assert sale is not None
    notes = parse_amount(text, chosen.currency)
    if not notes or looks_like_code(text):
        return work.refuse(
            phrase(
                "'{text}' is no amount of {currency}. Type what is given, such as 20.",
                printable(text[:20]),
                chosen.currency,
            )
        )
    how = Payment(type=chosen.code, foreign=notes)
    if why := tried(work, how):
        return work.refuse(why)
    worth, home = home_value(notes, chosen.currency, chosen.rate, work.policy.currency), work.policy.currency
    if worth > 10 * max(totals(sale, work.policy).total, 1):
        shown = shown_amount(notes, chosen.currency)
        line = phrase(
            "{notes} {foreign} are {worth} {home} for a sale of {total}: is that right?",
            shown,
            chosen.currency,
            work.money(worth),
            home,
            work.money(totals(sale, work.policy).total),
        )
        return work.ask(
            "large_amount",
            phrase("Large amount"),
            Entry.NOTHING,
            lines=(line,),
            answers=(
                phrase("Yes, take it"),
                phrase("No"),
            ),
            type=chosen.code,
            foreign=str(notes),
        )
    work.put(asked=None)
    return await take(work, how)


def refused_choice(work: Work) -> Reply:
    """The store takes nothing of that kind."""
    return work.refuse(phrase("This store does not take that. Choose another way to pay."))
