"""Answers to questions, by the kind of the question: what is typed or scanned, and the keys F5 and F6.

A question that takes scans, or whose answer may look like a barcode, says so by the table it stands in.
"""

from collections.abc import Awaitable, Callable

from store.register.intents import OutcomeKind
from store.register.session import (
    account_desk,
    badge_desk,
    cash_count,
    cash_desk,
    count_desk,
    customer_desk,
    customer_form,
    discount_desk,
    emergency,
    empties_desk,
    goods_desk,
    info_desk,
    journal_desk,
    line_facts_desk,
    override_desk,
    pay_desk,
    post_void_desk,
    return_desk,
    safe_desk,
    sale_department,
    sale_desk,
    sale_lines,
    sale_void,
    salesperson_desk,
    shift_aside,
    shift_desk,
    stock_desk,
    suspend_desk,
    tax_desk,
    tender_desk,
    training_desk,
)
from store.register.session import run_operation as session_operations
from store.register.session.state import Asked
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry
from store.sale import suspending
from store.sale.barcode import looks_like_code
from store.sale.language import phrase

Given = Awaitable[Reply] | Reply
Typed = Callable[[Work, Asked, str], Given]
Scanned = Callable[[Work, Asked, str, bool], Given]
Pressed = Callable[[Work, Asked, bool], Given]


async def typed(work: Work, asked: Asked, text: str, *, scanned: bool) -> Reply:
    """Text while a question is open: an answer to it, or a scan that is refused and kept."""
    kind = asked.question.kind
    if kind in TAKES_SCANS:
        return await _given(TAKES_SCANS[kind](work, asked, text, scanned))
    if kind in LOOKS_LIKE_CODE and not scanned:
        return await _given(LOOKS_LIKE_CODE[kind](work, asked, text))
    if kind in suspend_desk.QUESTIONS and scanned and suspending.is_code(text):
        return await suspend_desk.answer(work, asked, text)
    if kind in (line_facts_desk.SERIAL, goods_desk.SERIAL) and text:  # a serial number may be a barcode
        return await _given(TYPED[kind](work, asked, text))
    if scanned or looks_like_code(text):
        return work.keep(text, phrase("refused while the question is open. Answer it first."))
    if kind == cash_count.SHEET:
        return await cash_count.answer(work, asked, text)
    if asked.question.guarded:
        words = f"F5 {asked.question.yes}, F6 {asked.question.no}"
        return work.refuse(phrase("This is answered by its keys only: {words}.", words), sound=bool(text))
    if not text:
        return DONE
    if kind in TYPED:
        return await _given(TYPED[kind](work, asked, text))
    return await by_entry(work, asked, text)


async def by_entry(work: Work, asked: Asked, text: str) -> Reply:
    """The questions of a line that is being sold, by what the entry line expects."""
    match asked.entry:
        case Entry.AMOUNT:
            return await sale_desk.answer_price(work, asked.facts, text)
        case Entry.QUANTITY if asked.question.kind == "weight":
            return await sale_desk.answer_weight(work, asked.facts, text)
        case Entry.QUANTITY:
            return answer_quantity(work, text)
        case Entry.CHOICE:
            return sale_department.answer_department(work, asked.facts, text)
        case _:
            return work.refuse(phrase("Press Esc to leave the question."))


async def pressed(work: Work, asked: Asked, yes: bool) -> Reply:
    """F5 or F6 on the question that was open; it is closed already."""
    handler = PRESSED.get(asked.question.kind)
    if handler is None:
        return work.refuse(phrase("That question has no such answer."))
    return await _given(handler(work, asked, yes))


async def _given(reply: Given) -> Reply:
    return reply if isinstance(reply, Reply) else await reply


def answer_quantity(work: Work, text: str) -> Reply:
    """F4's question."""
    reply = sale_lines.set_quantity(work, text)
    if reply.kind is OutcomeKind.DONE:
        work.put(asked=None)
    return reply


async def go_on(work: Work, asked: Asked, text: str) -> Reply:
    """An answer to an info code; after the last one, what was asked about goes on."""
    facts = asked.facts
    reply = info_desk.answer(work, asked, text)
    if reply is not None:
        return reply
    if "payment" in facts:
        return await tender_desk.take_payment(work, info_desk.payment_of(facts), informed=True)
    return await session_operations.carry_out(work, int(facts["number"]), facts["text"], int(facts["seq"]))


def _for_each(kinds: frozenset[str] | dict[str, int], handler: Typed) -> dict[str, Typed]:
    return dict.fromkeys(kinds, handler)


def _if_any(handler: Callable[[Work, str], Given]) -> Scanned:
    """Only a text answers; an Enter alone leaves the question as it is."""
    return lambda work, asked, text, scanned: handler(work, text) if text else DONE


TAKES_SCANS: dict[str, Scanned] = {
    override_desk.KIND: lambda work, asked, text, scanned: override_desk.answer(
        work, asked, text, scanned=scanned
    ),
    "price_check": _if_any(sale_desk.check_price),
    stock_desk.ASK: _if_any(stock_desk.show),
    empties_desk.KIND: _if_any(empties_desk.take),
    count_desk.KIND: lambda work, asked, text, scanned: count_desk.answer(work, text, scanned=scanned),
    cash_desk.BAG: lambda work, asked, text, scanned: cash_desk.answer(
        work, cash_desk.BAG, asked.facts, text
    ),
}
"""Questions that are answered by scans too: badges, goods, receipts, cards of customers, bags of money, vouchers."""
for _kind in return_desk.QUESTIONS:
    TAKES_SCANS[_kind] = lambda work, asked, text, scanned: return_desk.answer(
        work, asked, text, scanned=scanned
    )
for _kind in customer_form.QUESTIONS:
    TAKES_SCANS[_kind] = lambda work, asked, text, scanned: customer_form.answer(
        work, asked.question.kind, asked.facts, text, is_scan=scanned
    )
for _kind in account_desk.QUESTIONS:
    TAKES_SCANS[_kind] = lambda work, asked, text, scanned: account_desk.answer(
        work, asked.question.kind, asked.facts, text, is_scan=scanned
    )
for _kind in badge_desk.QUESTIONS:
    TAKES_SCANS[_kind] = lambda work, asked, text, scanned: badge_desk.answer(
        work, asked, text, scanned=scanned
    )
for _kind in pay_desk.QUESTIONS:
    TAKES_SCANS[_kind] = lambda work, asked, text, scanned: pay_desk.answer(
        work, asked, text, scanned=scanned
    )

LOOKS_LIKE_CODE: dict[str, Typed] = {
    journal_desk.KIND: lambda work, asked, text: journal_desk.answer(work, asked, text) if text else DONE,
    tax_desk.CERTIFICATE: tax_desk.answer,
    **_for_each(suspend_desk.QUESTIONS, suspend_desk.answer),
    **_for_each(
        emergency.QUESTIONS, lambda work, asked, text: emergency.answer(work, asked.question.kind, text)
    ),
}
"""Questions whose typed answer may look like a barcode: codes of eight digits, numbers of certificates."""

TYPED: dict[str, Typed] = {
    customer_desk.PICK: lambda work, asked, text: customer_desk.answer_pick(work, asked.facts, text),
    info_desk.KIND: go_on,
    **_for_each(salesperson_desk.QUESTIONS, salesperson_desk.answer),
    **_for_each(
        safe_desk.QUESTIONS,
        lambda work, asked, text: safe_desk.answer(work, asked.question.kind, asked.facts, text),
    ),
    **_for_each(shift_aside.QUESTIONS, lambda work, asked, text: shift_aside.answer(work, text)),
    **_for_each(
        cash_desk.QUESTIONS,
        lambda work, asked, text: cash_desk.answer(work, asked.question.kind, asked.facts, text),
    ),
    **_for_each(frozenset(tax_desk.QUESTIONS), tax_desk.answer),
    **_for_each(frozenset(line_facts_desk.QUESTIONS), line_facts_desk.answer),
    **_for_each(
        frozenset(goods_desk.QUESTIONS),
        lambda work, asked, text: goods_desk.answer(work, asked.question.kind, asked.facts, text),
    ),
    **_for_each(frozenset(discount_desk.QUESTIONS), discount_desk.answer),
    line_facts_desk.SERIAL: line_facts_desk.answer,
}
"""Questions that typed text answers; what looks like a barcode is refused and kept."""

PRESSED: dict[str, Pressed] = {
    "zero_price": lambda work, asked, yes: sale_desk.answer_zero_price(work, asked.facts, yes),
    count_desk.FINISH: lambda work, asked, yes: count_desk.answer_finish(work, yes),
    goods_desk.AGE: lambda work, asked, yes: goods_desk.answer_age(work, asked.facts, yes),
    "large_amount": lambda work, asked, yes: tender_desk.answer_large(work, asked.facts, yes),
    account_desk.CARD: lambda work, asked, yes: account_desk.answer_card(work, asked.facts, yes),
    post_void_desk.KIND: lambda work, asked, yes: post_void_desk.answer(work, asked.facts, yes),
    "card": lambda work, asked, yes: tender_desk.answer_card(work, asked.facts, yes),
    "void_card": lambda work, asked, yes: tender_desk.answer_void_card(work, asked.facts, yes),
    "void_sale": lambda work, asked, yes: sale_void.answer_void_sale(work, yes),
    cash_desk.MORE_THAN_THERE_IS: lambda work, asked, yes: cash_desk.answer_more(work, asked.facts, yes),
    cash_count.DECLARE: lambda work, asked, yes: cash_count.answer_declare(work, asked.facts, yes),
    suspend_desk.VOID: lambda work, asked, yes: suspend_desk.answer_void(work, asked.facts, yes),
    training_desk.KIND: training_desk.answer,
    shift_aside.BLIND: lambda work, asked, yes: shift_aside.answer_blind(work, yes),
    "close_shift": lambda work, asked, yes: shift_desk.answer_close(work, asked.facts, yes),
}
"""Questions that only F5 (yes) and F6 (no) answer."""
