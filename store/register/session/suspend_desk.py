"""Suspended sales: 503 suspends, 504 and the barcode of the slip resume, 1221 voids, 9137 gives them to the others.

A register resumes what it suspended by itself, online or offline: it keeps the sale until it has given it away. Another
register asks the server, which asks the keeper (docs/suspended.md). Prices stay those of the sale.
"""

import msgspec

from store.register.intents import OutcomeKind
from store.register.journal.entry import PrintJob
from store.register.journal.errors import JournalError
from store.register.session.sale_open import begin_transaction
from store.register.session.state import Asked, HeldSale, SaleFacts, SessionState
from store.register.session.suspended_sales import (
    Row,
    age,
    all_rows,
    chosen,
    fetch,
    kept_rows,
    with_code,
    words,
)
from store.register.session.till import TillEvent, TillState, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry, Tone
from store.sale import suspending
from store.sale.language import counted, phrase
from store.sale.moment import local_text, utc_text
from store.sale.sale import Sale
from store.sale.text import printable, stored
from store.sale.totals import totals

RECALL, VOID_LIST, VOID = "recall_sale", "void_suspended_list", "void_suspended"
QUESTIONS = frozenset({RECALL, VOID_LIST})
"""Kinds of questions that a number of the list answers."""
MOST_KEPT = 40
"""Suspended sales of one register; more are forgotten ones."""
MOST_SHOWN = 12
HOUR_MS = 3_600_000


# -- suspending


async def suspend(work: Work, text: str) -> Reply:
    """503: the sale waits, the till is free; what stood in the entry line is its note."""
    sale, person = work.state.sale, work.state.operator
    if sale is None or person is None:
        return work.refuse(phrase("There is no sale to suspend. Scan an item first."))
    if why := suspending.hindrance(sale):
        return work.refuse(why)
    if len(work.state.suspended) >= MOST_KEPT:
        return work.refuse(
            phrase(
                "{most_kept} sales are suspended here already. Resume or void one first (504, 1221).",
                MOST_KEPT,
            )
        )
    number = work.state.suspensions + 1
    code = suspending.code_of(work.ports.config.register, number)
    note = stored(printable(text), suspending.NOTE_LIMIT)
    sums = totals(sale, work.policy)
    held = HeldSale(
        id=work.fresh_id(),
        code=code,
        by=person.name,
        at_ms=work.now_ms,
        items=sums.items,
        total=sums.total,
        note=note,
    )
    following = msgspec.structs.replace(
        without_sale(work.state, TillEvent.SUSPENDED),
        suspended=(*work.state.suspended, held),
        suspensions=number,
    )
    body = suspending.suspend_body(sale, work.policy, code, note)
    job = PrintJob(job_id=work.fresh_id(), kind="report", document_kind="suspended")
    work.slip = await work.commit("sale.suspend", following, body, txn_id=held.id, jobs=(job,))
    if work.slip is None:
        return work.refuse(work.message.text)
    work.say(phrase("Suspended: {code}, {total}. Its slip or /504 resumes it.", code, work.money(sums.total)))
    return DONE


def without_sale(state: SessionState, event: TillEvent) -> SessionState:
    """The till once the sale has left it."""
    return msgspec.structs.replace(
        state,
        till=after(state.till, event),
        sale=None,
        facts=None,
        selected=0,
        asked=None,
        last_unknown="",
        refused=(),
        paid=None,
        report=(),
    )


# -- the list


async def show(work: Work, kind: str) -> Reply:
    """504 and 1221 without a number: the list, oldest first; a number of it answers."""
    try:
        rows, sentence = await all_rows(work)
    except JournalError as error:
        return work.refuse(error.sentence)
    if not rows:
        return work.refuse(phrase("No sale is suspended. {sentence}", sentence).strip(), sound=False)
    shown = rows[:MOST_SHOWN]
    what = phrase("resume") if kind == RECALL else phrase("void")
    more = (
        phrase(" {value} more: scan their slips.", len(rows) - MOST_SHOWN) if len(rows) > MOST_SHOWN else ""
    )
    only = phrase(" Enter alone: number 1.") if len(rows) == 1 and kind == RECALL else ""
    return work.ask(
        kind,
        phrase("Suspended sales"),
        Entry.CHOICE,
        lines=(
            phrase(
                "Type the number to {what} and Enter.{only}{more} {sentence}", what, only, more, sentence
            ).strip(),
        ),
        choices=tuple(Choice(str(n), words(work, row)) for n, row in enumerate(shown, start=1)),
        rows=msgspec.json.encode(shown).decode(),
    )


async def answer(work: Work, asked: Asked, text: str) -> Reply:
    """A number of the list, or the code on the slip."""
    rows = msgspec.json.decode(asked.facts["rows"], type=list[Row])
    text = text.strip() or ("1" if len(rows) == 1 and asked.question.kind == RECALL else "")
    if not text:
        return DONE
    row = chosen(rows, text)
    if row is None:
        return work.refuse(phrase("Type a number from 1 to {count}.", len(rows)))
    work.put(asked=None)
    reply = await recall(work, row) if asked.question.kind == RECALL else ask_void(work, row)
    if reply.kind is OutcomeKind.REFUSED and work.state.till is TillState.IDLE and work.state.asked is None:
        work.put(asked=asked)
    return reply


async def by_code(work: Work, kind: str, text: str) -> Reply:
    """504 or 1221 with the code of a slip, or its last number where it is this register's."""
    text = text.strip()
    is_number = text.isascii() and text.isdigit() and len(text) <= 6
    code = suspending.code_of(work.ports.config.register, int(text)) if is_number else text
    row, sentence = with_code(kept_rows(work.state), code), ""
    if row is None:
        try:
            rows, sentence = await all_rows(work)
        except JournalError as error:
            return work.refuse(error.sentence)
        row = with_code(rows, code)
    if row is None:
        return work.refuse(
            phrase("{code} is not suspended. {sentence}", printable(code[:20]), sentence).strip()
        )
    return await recall(work, row) if kind == RECALL else ask_void(work, row)


# -- resuming


async def recall(work: Work, row: Row) -> Reply:
    """The sale goes on here. One of another register is asked for at the server; its keeper lets go of it first."""
    if hindered := await begin_transaction(work):
        return work.refuse(hindered)
    found = await fetch(work, row)
    if isinstance(found, str):
        return work.refuse(found)
    sale = found
    if sale.currency != work.policy.currency:
        return work.refuse(
            phrase(
                "That sale is in {currency}; this store sells in {currency_2}.",
                sale.currency,
                work.policy.currency,
            )
        )
    following = msgspec.structs.replace(
        work.state,
        till=after(work.state.till, TillEvent.RECALLED),
        sale=sale,
        facts=SaleFacts(policy=work.policy, catalog=work.ports.shop.version, online=work.online),
        selected=sale.live_lines[-1].n if sale.live_lines else 0,
        suspended=tuple(held for held in work.state.suspended if held.id != row.id),
        asked=None,
        paid=None,
        report=(),
        last_unknown="",
    )
    body = suspending.end_body("resumed", row.id, row.code, row.total, sale.currency)
    body |= {"of_txn_id": sale.txn_id, "suspended_at": utc_text(row.at_ms)}
    if row.register:
        body["from_register"] = row.register
    done = await work.commit("sale.recall", following, body, txn_id=suspending.end_id(row.id))
    if done is None:
        return work.refuse(work.message.text)
    work.selected_since = work.view_seq
    say_resumed(work, row, sale)
    return DONE


def say_resumed(work: Work, row: Row, sale: Sale) -> None:
    """What goes on; an old sale with a warning: prices may have changed meanwhile, and those of the sale hold."""
    lines = len(sale.live_lines)
    what = f"{row.code}: {counted('{n} line', '{n} lines', lines)}, {work.money(row.total)}"
    waited_ms = work.now_ms - row.at_ms
    if waited_ms > work.policy.people.old_sale_hours * HOUR_MS:
        work.say(
            phrase(
                "{code}: suspended {age} ago. Its prices are those of then; check them.",
                row.code,
                age(waited_ms),
            ),
            Tone.WARN,
            sound=True,
        )
    else:
        work.say(phrase("{what}. Scan the next item or pay.", what))


# -- voiding


def ask_void(work: Work, row: Row) -> Reply:
    """1221: guarded, since nothing brings it back."""
    since = local_text(utc_text(row.at_ms), work.ports.clock.utc_offset_min())[:16]
    return work.ask(
        VOID,
        phrase("Void suspended sale {code}?", row.code),
        Entry.NOTHING,
        lines=(
            phrase(
                "{items} items, {total}, by {by}, {since}.",
                row.items,
                work.money(row.total),
                row.by[:20],
                since,
            ),
        ),
        answers=(
            phrase("Void it"),
            phrase("Keep it"),
        ),
        row=msgspec.json.encode(row).decode(),
    )


async def answer_void(work: Work, facts: dict[str, str], yes: bool) -> Reply:
    """F5: it is gone for good; a record, no receipt number."""
    row = msgspec.json.decode(facts["row"], type=Row)
    if not yes:
        work.say(phrase("The suspended sale stays."))
        return DONE
    found = await fetch(work, row)
    if isinstance(found, str) and row.register:
        return work.refuse(found)
    state = work.state
    following = msgspec.structs.replace(
        state,
        till=after(state.till, TillEvent.SHIFT_WORK_DONE),
        suspended=tuple(held for held in state.suspended if held.id != row.id),
        asked=None,
    )
    body = suspending.end_body("voided", row.id, row.code, row.total, work.policy.currency)
    if await work.commit("sale.discard", following, body, txn_id=suspending.end_id(row.id)) is None:
        return work.refuse(work.message.text)
    work.say(phrase("Suspended sale {code} is voided.", row.code))
    return DONE


# -- giving to the others


async def release(work: Work, text: str) -> Reply:
    """9137: let go of one suspended sale, or of all: from then on the server says who resumes them."""
    ids = [held.id for held in work.state.suspended if text in ("", held.id, held.code)]
    if not ids:
        return work.refuse(
            phrase("This register keeps no such suspended sale.")
            if text
            else phrase("No sale is suspended."),
            sound=False,
        )
    for suspension_id in ids:
        held = next(each for each in work.state.suspended if each.id == suspension_id)
        kept = tuple(each for each in work.state.suspended if each is not held)
        following = msgspec.structs.replace(work.state, suspended=kept)
        body = suspending.end_body("released", held.id, held.code, held.total, work.policy.currency)
        if await work.commit("sale.release", following, body, txn_id=work.fresh_id()) is None:
            return work.refuse(work.message.text)
    count = len(ids)
    work.say(
        counted(
            "{n} suspended sale given to the store: resumed at any register while online.",
            "{n} suspended sales given to the store: resumed at any register while online.",
            count,
        )
    )
    return DONE


def still_suspended(work: Work) -> tuple[str, ...]:
    """The sentence of a closing about what waits; it outlives the shift (F11)."""
    kept = work.state.suspended
    if not kept:
        return ()
    total = work.money(sum(held.total for held in kept))
    oldest = age(work.now_ms - kept[0].at_ms)
    return (
        counted(
            "{n} sale is still suspended, {total}, oldest {oldest} ago. Nothing is lost: /504 resumes, /1221 voids.",
            "{n} sales are still suspended, {total}, oldest {oldest} ago. Nothing is lost: /504 resumes, /1221 voids.",
            len(kept),
            total,
            oldest,
        ),
    )
