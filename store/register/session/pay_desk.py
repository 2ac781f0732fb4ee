"""What is typed, scanned or pressed in the pay screen: an amount of cash, a letter of the list, a voucher."""

import re

from store.register.intents import OutcomeKind
from store.register.session import account_desk, tender_choice, tender_desk, voucher_desk
from store.register.session.state import Asked
from store.register.session.tender_desk import CODE_IN_TENDER, take_payment
from store.register.session.work import DONE, Reply, Work
from store.sale.barcode import looks_like_code
from store.sale.language import phrase
from store.sale.tender_type import TenderKind, TenderType, by_key
from store.sale.voucher import parse_voucher

QUESTIONS = tender_choice.QUESTIONS | voucher_desk.QUESTIONS
"""Kinds of questions that text in the pay screen answers here; a voucher's number may be scanned."""
WITH_LETTER = re.compile(r"(?P<amount>[0-9.,]*)\s*(?P<letter>[A-Za-z])")


async def take_text(work: Work, text: str, seq: int, *, scanned: bool) -> Reply:
    """Enter alone is exact cash, an amount is cash, a letter (behind an amount or alone) another way to pay.

    A voucher's number redeems it; any other code is refused, and the Enter that ended it with it.
    """
    if number := parse_voucher(text):
        return await voucher_desk.redeem(work, number)
    if scanned or looks_like_code(text):
        return work.keep(text, phrase(CODE_IN_TENDER))
    if lettered := WITH_LETTER.fullmatch(text.strip()):
        chosen = by_key(work.policy.tenders, lettered["letter"])
        if chosen is None:
            keys = ", ".join(one.key for one in work.policy.tenders if one.key)
            return work.refuse(phrase("No payment has that letter. There are {keys}.", keys))
        return await choose(work, chosen, lettered["amount"])
    if not text.strip():
        if 0 < seq < work.refused_since:
            return Reply(OutcomeKind.STALE, phrase("This Enter ended a refused scan."))
        return await tender_desk.cash_exact(work)
    return await tender_desk.cash(work, text)


async def choose(work: Work, chosen: TenderType, text: str) -> Reply:
    """The flow of a tender type; `text` is the amount that was typed before it, empty for all that is due."""
    match chosen.kind:
        case TenderKind.CASH:
            return await tender_desk.cash(work, text) if text else await tender_desk.cash_exact(work)
        case TenderKind.CARD:
            return await tender_choice.card(work, chosen, text)
        case TenderKind.FOREIGN:
            return await tender_choice.foreign(work, chosen, text, take_payment)
        case TenderKind.CHECK:
            return await tender_choice.check(work, chosen, text, take_payment)
        case TenderKind.VOUCHER:
            return await voucher_desk.pay(work, chosen, text)
        case TenderKind.ACCOUNT:
            return await account_desk.pay(work, text)


async def choose_kind(work: Work, kind: TenderKind, text: str) -> Reply:
    """An operation by its number: the store's type of that kind, asked for when there are several."""
    types = tender_choice.types_of(work, kind)
    if not types:
        return tender_choice.refused_choice(work)
    if len(types) > 1 and kind is not TenderKind.CARD:
        return tender_choice.ask_type(work, kind, text)
    return await choose(work, types[0], text)


async def answer(work: Work, asked: Asked, text: str, *, scanned: bool) -> Reply:
    """Text while one of these questions is open."""
    kind = asked.question.kind
    if kind in voucher_desk.QUESTIONS:
        return await voucher_desk.answer(work, asked, text, scanned=scanned)
    if scanned:
        return work.keep(text, phrase("refused while the question is open. Answer it first."))
    if kind == tender_choice.REFERENCE:
        return await tender_choice.answer_reference(work, asked, text, take_payment)
    if not text:
        return DONE
    if kind == tender_choice.TYPE:
        chosen = tender_choice.chosen(work, asked, text)
        if chosen is None:
            return work.refuse(phrase("Type a letter of the list."))
        work.put(asked=None)
        return await choose(work, chosen, asked.facts["text"])
    notes = next((one for one in work.policy.tenders if one.code == asked.facts["type"]), None)
    if notes is None:
        return work.refuse(phrase("This store does not take that any more. Press Esc."))
    return await tender_choice.take_notes(work, notes, text, take_payment)
