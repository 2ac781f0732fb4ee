"""From an intent to the flow that carries it out, by the mode the register is in when it takes it."""

from typing import assert_never

from store.register.intents import Intent, IntentKind, OutcomeKind
from store.register.session import (
    allowance,
    answers,
    cash_count,
    macro,
    override_desk,
    pay_desk,
    restore,
    return_desk,
    sale_desk,
    sale_lines,
    shift_desk,
    sign_on,
    switch_question,
    tender_desk,
    voucher_desk,
)
from store.register.session import run_operation as session_operations
from store.register.session.panels import close_panel
from store.register.session.till import TillState
from store.register.session.work import DONE, Reply, Work
from store.register.view import Tone
from store.sale import suspending
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
        why = phrase("That question is no longer open. Type it again.")
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
        return await answers.typed(work, work.state.asked, text, scanned=scanned)
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


async def answer(work: Work, question: str, word: str) -> Reply:
    """F5 or F6; only the question the person saw is answered, and only once."""
    if switch_question.is_switch(question):
        return switch_question.answer(work, question, word)
    asked = work.state.asked
    if asked is None or asked.question.id != question:
        work.say(phrase("That question is no longer open. Look at the screen."), sound=True)
        return Reply(OutcomeKind.STALE, phrase("That question is no longer open."))
    if not asked.question.guarded or word not in ("yes", "no"):
        return work.refuse(phrase("Type the answer and Enter, or press Esc."))
    work.put(asked=None)
    return await answers.pressed(work, asked, word == "yes")


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
