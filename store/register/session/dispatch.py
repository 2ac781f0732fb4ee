"""From an intent to the flow that carries it out, by the mode the register is in when it takes it."""

from typing import assert_never

from store.register.intents import Intent, IntentKind, OutcomeKind
from store.register.session import (
    account_desk,
    allowance,
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
    macro,
    override_desk,
    pay_desk,
    post_void_desk,
    restore,
    return_desk,
    safe_desk,
    sale_department,
    sale_desk,
    sale_lines,
    sale_void,
    salesperson_desk,
    shift_aside,
    shift_desk,
    sign_on,
    stock_desk,
    suspend_desk,
    switch_question,
    tax_desk,
    tender_desk,
    training_desk,
    voucher_desk,
)
from store.register.session import run_operation as session_operations
from store.register.session.panels import close_panel
from store.register.session.state import Asked
from store.register.session.till import TillState
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry, Tone
from store.sale import suspending
from store.sale.barcode import looks_like_code
from store.sale.language import phrase
from store.sale.macro import is_macro
from store.sale.voucher import parse_voucher

TEXT_LIMIT = 64
"""Longer than any code or amount: rubbish of a scanner."""


async def apply(work: Work, intent: Intent) -> Reply:
    """Carry out one intent; always an answer, never an exception for what a person or scanner may send.

    What is refused for want of a permission or a limit is asked of a second person; what that person allowed is
    carried out again, and the permission ends with the operation.
    """
    before = work.state.asked
    work.wanted = work.replay = None
    reply = await carry_out(work, intent)
    if work.replay is not None:
        before, again, work.replay, work.wanted = work.state.asked, work.replay, None, None
        reply = await carry_out(work, again)
        intent = again
    if override_desk.may_be_asked(work.state, work.wanted, reply):
        override_desk.ask(work, intent, before)
    if work.state.grant is not None and not allowance.still_allowed(work.state):
        work.put(grant=None)
    return reply


async def carry_out(work: Work, intent: Intent) -> Reply:
    """One intent, by its kind."""
    match intent.kind:
        case IntentKind.ENTER:
            return await take_enter(work, intent)
        case IntentKind.SCAN:
            return await take_scan(work, intent)
        case IntentKind.OPERATION if is_macro(intent.operation):
            return await macro.run(work, intent, carry_out)
        case IntentKind.OPERATION:
            return await session_operations.run(work, intent.operation, intent.arg, intent.seq)
        case IntentKind.SELECT:
            return select(work, intent.arg)
        case IntentKind.BACK:
            return back(work)
        case IntentKind.ANSWER:
            return await answer(work, intent.question, intent.arg)
        case _:
            assert_never(intent.kind)


async def take_enter(work: Work, intent: Intent) -> Reply:
    """Typed text; `question` names the question that was open when its first character was typed.

    So two scans in one read, the first of which opens a question, never answer it.
    """
    open_question = work.state.asked.question.id if work.state.asked is not None else ""
    # A screen of the last version sees no further than the question before a switch, which takes no text.
    meant = open_question if switch_question.is_switch(intent.question) else intent.question
    if meant != open_question and intent.arg.strip():
        if open_question:
            return work.keep(intent.arg, phrase("typed before the question was open. Answer it first."))
        why = "That question is no longer open. Type it again."
        work.say(why, Tone.WARN, sound=True)
        return Reply(OutcomeKind.STALE, why)
    return await take_text(work, intent.arg, intent.seq, scanned=False)


async def take_scan(work: Work, intent: Intent) -> Reply:
    """A scanner's reading; `question` holds the reader's own complaint when the frame was refused."""
    text = intent.arg.strip()
    if intent.question:
        return work.keep(text, intent.question)
    if not text:
        return work.refuse(phrase("The scanner sent nothing readable. Scan again."))
    return await take_text(work, text, intent.seq, scanned=True)


async def take_text(work: Work, text: str, seq: int, *, scanned: bool) -> Reply:
    """Typed text and Enter, or a scan."""
    text = text.strip()
    if len(text) > TEXT_LIMIT:
        return work.keep(
            text,
            phrase(
                "no code has {count} characters, at most {text_limit}. Scan again.", len(text), TEXT_LIMIT
            ),
        )
    if not scanned and len(text) > 1 and text[0] == "/" and text[1:].isascii() and text[1:].isdigit():
        return await session_operations.run(work, int(text[1:8]), "", seq)
    close_panel(work)
    if work.state.asked is not None:
        return await take_answer_text(work, work.state.asked, text, scanned=scanned)
    match work.state.till:
        case TillState.LOCKED:
            return await sign_on.take_text(work, text, scanned=scanned)
        case TillState.IDLE if work.state.shift is None:
            return await shift_desk.open_with(work, text, scanned=scanned)
        case TillState.IDLE | TillState.SALE if return_desk.is_receipt(work, text):
            return await session_operations.run(work, 114, text, seq)
        case TillState.IDLE | TillState.SALE if suspending.is_code(text):
            return await take_slip(work, text)
        case TillState.IDLE | TillState.SALE if parse_voucher(text):
            return await voucher_desk.show(work, parse_voucher(text))
        case TillState.IDLE | TillState.SALE:
            return await sale_desk.sell_text(work, text) if text else DONE
        case TillState.TENDER:
            return await pay_desk.take_text(work, text, seq, scanned=scanned)
        case TillState.CLOSING:
            return await shift_desk.take_count(work, text, scanned=scanned)
        case TillState.SAFE_STOP:
            return await stopped(work, text)
        case TillState.RECOVER | TillState.COMMIT:
            return work.keep(text, phrase("the register is starting. Scan again in a moment."))
        case _:
            assert_never(work.state.till)


async def take_slip(work: Work, text: str) -> Reply:
    """The barcode of a suspended slip: operation 504, if nothing else is being sold."""
    if work.state.sale is not None:
        return work.keep(text, phrase("a sale is open. Suspend or finish it, then scan the slip."))
    return await session_operations.run(work, 504, text, 0)


async def stopped(work: Work, text: str) -> Reply:
    """Safe stop: Enter tries again, everything else is kept in sight."""
    if text:
        return work.keep(text, phrase("not sold: the register is stopped. Enter tries again."))
    if await restore.try_again(work):
        return DONE
    return Reply(OutcomeKind.REFUSED, work.message.text)


async def take_answer_text(work: Work, asked: Asked, text: str, *, scanned: bool) -> Reply:
    """Text while a question is open: an answer to it, or a scan that is refused and kept."""
    kind = asked.question.kind
    if kind == override_desk.KIND:
        return await override_desk.answer(work, asked, text, scanned=scanned)
    if kind == "price_check":
        return await sale_desk.check_price(work, text) if text else DONE
    if kind in return_desk.QUESTIONS:  # receipts and goods are scanned
        return await return_desk.answer(work, asked, text, scanned=scanned)
    if kind in customer_form.QUESTIONS:  # a telephone number or a card may look like a barcode
        return await customer_form.answer(work, kind, asked.facts, text, is_scan=scanned)
    if kind in account_desk.QUESTIONS:
        return await account_desk.answer(work, kind, asked.facts, text, is_scan=scanned)
    if kind == journal_desk.KIND and not scanned:
        return await journal_desk.answer(work, asked, text) if text else DONE
    if kind == count_desk.KIND:
        return await count_desk.answer(work, text, scanned=scanned)
    if kind == stock_desk.ASK:
        return await stock_desk.show(work, text) if text else DONE
    if kind == empties_desk.KIND:
        return await empties_desk.take(work, text) if text else DONE
    if kind == cash_desk.BAG:  # the number on a bag may be a barcode
        return await cash_desk.answer(work, kind, asked.facts, text)
    if kind in badge_desk.QUESTIONS:  # a badge is a barcode
        return await badge_desk.answer(work, asked, text, scanned=scanned)
    if kind in suspend_desk.QUESTIONS and (not scanned or suspending.is_code(text)):
        return await suspend_desk.answer(work, asked, text)
    if kind in emergency.QUESTIONS and not scanned:  # a code of eight digits may look like a barcode
        return await emergency.answer(work, kind, text)
    if kind == tax_desk.CERTIFICATE and not scanned:  # so may the number of a certificate
        return tax_desk.answer(work, asked, text)
    if kind in pay_desk.QUESTIONS:  # a voucher is scanned, the number of a check may look like a barcode
        return await pay_desk.answer(work, asked, text, scanned=scanned)
    if kind == line_facts_desk.SERIAL and text:  # a serial number may be a barcode
        return await line_facts_desk.answer(work, asked, text)
    if kind == goods_desk.SERIAL and text:
        return await goods_desk.answer(work, kind, asked.facts, text)
    if scanned or looks_like_code(text):
        return work.keep(text, phrase("refused while the question is open. Answer it first."))
    if kind == cash_count.SHEET:
        return await cash_count.answer(work, asked, text)
    if asked.question.guarded:
        words = f"F5 {asked.question.yes}, F6 {asked.question.no}"
        return work.refuse(phrase("This is answered by its keys only: {words}.", words), sound=bool(text))
    if not text:
        return DONE
    if kind in salesperson_desk.QUESTIONS:
        return await salesperson_desk.answer(work, asked, text)
    if kind in safe_desk.QUESTIONS:
        return await safe_desk.answer(work, kind, asked.facts, text)
    if kind in shift_aside.QUESTIONS:
        return await shift_aside.answer(work, text)
    if kind == customer_desk.PICK:
        return await customer_desk.answer_pick(work, asked.facts, text)
    if kind in cash_desk.QUESTIONS:
        return await cash_desk.answer(work, kind, asked.facts, text)
    if kind in tax_desk.QUESTIONS:
        return tax_desk.answer(work, asked, text)
    if kind == info_desk.KIND:
        return await go_on(work, asked, text)
    if kind in line_facts_desk.QUESTIONS:
        return await line_facts_desk.answer(work, asked, text)
    if kind in goods_desk.QUESTIONS:
        return await goods_desk.answer(work, kind, asked.facts, text)
    if kind in discount_desk.QUESTIONS:
        return discount_desk.answer(work, asked, text)
    match asked.entry:
        case Entry.AMOUNT:
            return await sale_desk.answer_price(work, asked.facts, text)
        case Entry.QUANTITY if kind == "weight":
            return await sale_desk.answer_weight(work, asked.facts, text)
        case Entry.QUANTITY:
            return answer_quantity(work, text)
        case Entry.CHOICE:
            return sale_department.answer_department(work, asked.facts, text)
        case _:
            return work.refuse(phrase("Press Esc to leave the question."))


async def go_on(work: Work, asked: Asked, text: str) -> Reply:
    """An answer to an info code; after the last one, what was asked about goes on."""
    facts = asked.facts
    reply = info_desk.answer(work, asked, text)
    if reply is not None:
        return reply
    if "payment" in facts:
        return await tender_desk.take_payment(work, info_desk.payment_of(facts), informed=True)
    return await session_operations.carry_out(work, int(facts["number"]), facts["text"], int(facts["seq"]))


def answer_quantity(work: Work, text: str) -> Reply:
    """F4's question."""
    reply = sale_lines.set_quantity(work, text)
    if reply.kind is OutcomeKind.DONE:
        work.put(asked=None)
    return reply


async def answer(work: Work, question: str, word: str) -> Reply:
    """F5 or F6; only the question the person saw is answered, and only once."""
    if switch_question.is_switch(question):
        return switch_question.answer(work, question, word)
    asked = work.state.asked
    if asked is None or asked.question.id != question:
        work.say(phrase("That question is no longer open. Look at the screen."), sound=True)
        return Reply(OutcomeKind.STALE, "That question is no longer open.")
    if not asked.question.guarded or word not in ("yes", "no"):
        return work.refuse(phrase("Type the answer and Enter, or press Esc."))
    work.put(asked=None)
    yes, facts = word == "yes", asked.facts
    match asked.question.kind:
        case "zero_price":
            return sale_desk.answer_zero_price(work, facts, yes)
        case count_desk.FINISH:
            return await count_desk.answer_finish(work, yes)
        case goods_desk.AGE:
            return await goods_desk.answer_age(work, facts, yes)
        case "large_amount":
            return await tender_desk.answer_large(work, facts, yes)
        case account_desk.CARD:
            return await account_desk.answer_card(work, facts, yes)
        case post_void_desk.KIND:
            return await post_void_desk.answer(work, facts, yes)
        case "card":
            return await tender_desk.answer_card(work, facts, yes)
        case "void_card":
            return tender_desk.answer_void_card(work, facts, yes)
        case "void_sale":
            return await sale_void.answer_void_sale(work, yes)
        case cash_desk.MORE_THAN_THERE_IS:
            return await cash_desk.answer_more(work, facts, yes)
        case cash_count.DECLARE:
            return await cash_count.answer_declare(work, facts, yes)
        case suspend_desk.VOID:
            return await suspend_desk.answer_void(work, facts, yes)
        case training_desk.KIND:
            return await training_desk.answer(work, asked, yes)
        case shift_aside.BLIND:
            return await shift_aside.answer_blind(work, yes)
        case "close_shift":
            return await shift_desk.answer_close(work, facts, yes)
        case _:
            return work.refuse(phrase("That question has no such answer."))


def select(work: Work, where: str) -> Reply:
    """Arrow keys; while a question is open they choose in its list, where it has one to choose from."""
    if work.state.asked is not None and work.state.asked.question.kind in return_desk.QUESTIONS:
        return return_desk.select(work, where)
    if work.state.asked is not None or work.state.till is not TillState.SALE:
        return DONE
    return sale_lines.move_selection(work, where)


def back(work: Work) -> Reply:
    """Esc: one step back from wherever the person is."""
    if work.state.asked is not None and work.state.asked.question.kind == cash_count.SHEET:
        return cash_count.row_back(work, work.state.asked)
    if work.state.asked is not None and work.state.asked.question.kind == override_desk.KIND:
        return override_desk.back(work, work.state.asked)
    if work.state.asked is not None:
        work.put(asked=None)
        work.say("")
        return DONE
    match work.state.till:
        case TillState.LOCKED:
            return sign_on.forget_named(work)
        case TillState.TENDER:
            return tender_desk.back(work)
        case TillState.CLOSING:
            return shift_desk.leave_close(work)
        case TillState.SALE | TillState.IDLE:
            return tender_desk.leave_paid(work)
        case TillState.RECOVER | TillState.COMMIT | TillState.SAFE_STOP:
            return DONE
        case _:
            assert_never(work.state.till)
