"""Paying: cash, card and both, payments voided, the way back to the lines, and the moment the sale is finished."""

from typing import Any

import msgspec

from store.register.intents import OutcomeKind
from store.register.journal.entry import PrintJob
from store.register.operations import Permission
from store.register.session import deferred_card
from store.register.session.state import PaidSale, SessionState
from store.register.session.till import TillEvent, TillState, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry, TenderView
from store.sale import paying
from store.sale.barcode import looks_like_code
from store.sale.money import parse_amount
from store.sale.record import sale_body, void_body
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale
from store.sale.tender import Tender, TenderKind, round_amounts
from store.sale.totals import totals

LARGE_FACTOR = 10
"""A cash amount over ten times the total asks once more, unless the screen offered it as a round amount."""
CARD_KEY = "c"
CODE_IN_TENDER = "a code is never an amount. Esc, then scan it."


def begin(work: Work) -> Reply:
    """F12: from the lines to the payments."""
    sale = work.state.sale
    if sale is None:
        return work.refuse("There is nothing to pay yet. Scan an item first.")
    try:
        sale = paying.begin_payment(sale)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    work.step(TillEvent.PAYMENT_BEGAN, sale=sale)
    work.say("Type the amount given and Enter, or Enter for the exact amount.")
    return DONE


def back(work: Work) -> Reply:
    """Esc: to the lines again; what was paid stays."""
    sale = work.state.sale
    assert sale is not None
    try:
        sale = paying.back_to_sale(sale, work.policy)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    work.step(TillEvent.WENT_BACK, sale=sale)
    work.say("")
    return DONE


async def take_text(work: Work, text: str, seq: int, *, scanned: bool) -> Reply:
    """Enter alone is exact cash, an amount is cash; a code is refused, and the Enter that ended it with it."""
    if scanned or looks_like_code(text):
        return work.keep(text, CODE_IN_TENDER)
    if text.strip().lower() == CARD_KEY:  # typed before the screen had shown the payments
        return await card(work, "")
    if not text.strip():
        if 0 < seq < work.refused_since:
            return Reply(OutcomeKind.STALE, "This Enter ended a refused scan.")
        return await cash_exact(work)
    return await cash(work, text)


async def cash_exact(work: Work) -> Reply:
    """206, or Enter: cash that ends the sale."""
    sale = work.state.sale
    assert sale is not None
    sums = totals(sale, work.policy)
    if sums.due == 0:
        return await finish(work, sale)
    return await take(work, TenderKind.CASH, sums.exact_cash)


async def cash(work: Work, text: str, *, by_key: bool = False) -> Reply:
    """An amount of cash; a round amount is taken as it is when its key was pressed, a typed one may be a slip."""
    given = parse_amount(text, work.policy.currency)
    sale = work.state.sale
    if given is None or sale is None:
        return work.refuse(f"{text[:20]!r} is no amount. Type what is given, such as 20 or 20.50.")
    sums = totals(sale, work.policy)
    total = sums.total
    deliberate = by_key and given in round_amounts(sums.exact_cash, sale.currency)
    if not deliberate and given > LARGE_FACTOR * max(total, 1):
        return work.ask(
            "large_amount",
            "Large amount",
            Entry.NOTHING,
            lines=(f"{work.money(given)} for a sale of {work.money(total)}: is that right?",),
            answers=("Yes, take it", "No"),
            given=str(given),
        )
    return await take(work, TenderKind.CASH, given)


async def answer_large(work: Work, facts: dict[str, str], yes: bool) -> Reply:
    """F5 takes the large amount, F6 does not."""
    if not yes:
        work.say("Not taken. Type the amount again.")
        return DONE
    return await take(work, TenderKind.CASH, int(facts["given"]))


async def card(work: Work, text: str) -> Reply:
    """201, `c`: the terminal stands alone; its answer is asked for, guarded."""
    sale = work.state.sale
    assert sale is not None
    due = totals(sale, work.policy).due
    amount = parse_amount(text, work.policy.currency) if text.strip() else due
    if amount is None or looks_like_code(text):
        return work.refuse(f"{text[:20]!r} is no amount. Type the card's part, or nothing for all of it.")
    try:
        paying.add_tender(sale, work.policy, TenderKind.CARD, amount)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    if too_much := await deferred_card.over_limit(work, sale, amount):
        return work.refuse(too_much)
    words = f"{work.money(amount)} {work.policy.currency}"
    return work.ask(
        "card",
        "Card",
        Entry.NOTHING,
        lines=(f"Card {words}: approved on the terminal?",),
        answers=("Approved", "Declined"),
        given=str(amount),
    )


async def answer_card(work: Work, facts: dict[str, str], yes: bool) -> Reply:
    """F5: the terminal approved; F6: it did not, nothing is taken."""
    if not yes:
        work.say("Card declined. Nothing is taken; choose another way to pay.")
        return DONE
    return await take(work, TenderKind.CARD, int(facts["given"]))


async def take(work: Work, kind: TenderKind, given: int) -> Reply:
    """One payment more; when nothing is due any more the sale is finished."""
    sale = work.state.sale
    assert sale is not None
    try:
        deferred = kind is TenderKind.CARD and deferred_card.is_deferred(work)
        sale = paying.add_tender(sale, work.policy, kind, given, deferred=deferred)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    sums = totals(sale, work.policy)
    if sums.due == 0:
        return await finish(work, sale)
    work.step(TillEvent.TENDER_CHANGED, sale=sale)
    work.say(
        f"{tender_name(sale.tenders[-1])} {work.money(given)} taken. {work.money(sums.due)} still to pay."
    )
    return DONE


async def finish(work: Work, sale: Sale) -> Reply:
    """The one commit of a sale: record, number, receipt and drawer jobs and what follows, or nothing of it."""
    sums = totals(sale, work.policy)
    sale = paying.complete(sale, work.policy)
    cash_taken = any(tender.kind is TenderKind.CASH and tender.given for tender in sale.live_tenders)
    receipt = PrintJob(job_id=work.fresh_id(), kind="receipt", document_kind="receipt")
    drawer = PrintJob(job_id=work.fresh_id(), kind="drawer", reason="sale")
    paid = PaidSale(
        txn_id=sale.txn_id,
        total=sums.total,
        taken=tuple(map(tender_view, sale.live_tenders)),
        change=sums.change,
        print_job=receipt.job_id,
        drawer_job=drawer.job_id if cash_taken else "",
    )
    differences = tuple(work.differences)
    committed = await work.commit(
        "sale",
        after_sale(work.state, paid),
        sold_body(work, sale, differences),
        txn_id=sale.txn_id,
        fiscal=True,
        jobs=(drawer, receipt) if cash_taken else (receipt,),
    )
    if committed is None:
        return work.refuse(work.message.text)
    work.paid_record = committed
    del work.differences[: len(differences)]
    work.say(f"CHANGE {work.money(sums.change)}" if sums.change else paid_words(sale))
    return DONE


def after_sale(state: SessionState, paid: PaidSale) -> SessionState:
    """The till once the sale is stored: nothing of it is left but the panel, and scans that belong to nobody yet."""
    return msgspec.structs.replace(
        state,
        till=after(after(state.till, TillEvent.BALANCED), TillEvent.COMMITTED),
        paid=paid,
        sale=None,
        facts=None,
        selected=0,
        asked=None,
        last_unknown="",
        refused=tuple(scan for scan in state.refused if scan.why == CODE_IN_TENDER),
    )


def sold_body(work: Work, sale: Sale, differences: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """The sale's part of its record. `begun_mode` says where answers came from at first, `mode` how it ended."""
    facts = work.state.facts
    body = sale_body(sale, work.policy)
    body["begun_mode"] = "online" if facts is not None and facts.online else "offline"
    if differences:
        body["price_differences"] = list(differences)
    return body


def paid_words(sale: Sale) -> str:
    """What is said when there is no change."""
    kinds = {tender.kind for tender in sale.live_tenders}
    return "Paid by card." if kinds == {TenderKind.CARD} else "Paid."


def tender_name(tender: Tender) -> str:
    """What a payment is called."""
    return "Cash" if tender.kind is TenderKind.CASH else "Card"


def tender_view(tender: Tender) -> TenderView:
    """A payment as screens show it."""
    return TenderView(tender.n, tender.kind.value, tender_name(tender), tender.amount, tender.given)


def void_payment(work: Work) -> Reply:
    """211, F3 while paying: the last payment is taken back; a card only after the terminal reversed it."""
    sale = work.state.sale
    last = paying.last_tender(sale) if sale else None
    if sale is None or last is None:
        return work.refuse("There is no payment to void.")
    words = f"{tender_name(last)} {work.money(last.amount)}"
    if last.kind is TenderKind.CARD:
        return work.ask(
            "void_card",
            "Void payment",
            Entry.NOTHING,
            lines=(f"{words}: reversed on the terminal?",),
            answers=("Reversed", "Keep it"),
            n=str(last.n),
        )
    work.step(TillEvent.TENDER_CHANGED, sale=paying.void_tender(sale, last.n))
    work.say(f"Voided: {words}. Give back {work.money(last.kept)}.")
    return DONE


def answer_void_card(work: Work, facts: dict[str, str], yes: bool) -> Reply:
    """F5: the card payment was reversed; F6: it stays."""
    sale = work.state.sale
    if not yes or sale is None:
        work.say("The card payment stays.")
        return DONE
    try:
        sale = paying.void_tender(sale, int(facts["n"]))
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    work.step(TillEvent.TENDER_CHANGED, sale=sale)
    work.say("The card payment is voided.")
    return DONE


# -- the whole sale


def ask_void_sale(work: Work) -> Reply:
    """500: give up the sale, guarded."""
    sale = work.state.sale
    if sale is None:
        return work.refuse("There is no sale to void.")
    if not work.may(Permission.VOID_SALE):
        return work.lacks(Permission.VOID_SALE, "Voiding a sale")
    if any(tender.kind is TenderKind.CARD for tender in sale.live_tenders):
        return work.refuse("A card payment is taken. Void it first (Pay, then F3), then the sale.")
    sums = totals(sale, work.policy)
    lines = [f"{len(sale.live_lines)} lines, {work.money(sums.total)} {work.policy.currency}."]
    if back_to_customer := sum(tender.kept for tender in sale.live_tenders):
        lines.append(f"Give back {work.money(back_to_customer)} in cash.")
    return work.ask(
        "void_sale",
        "Void the whole sale?",
        Entry.NOTHING,
        lines=tuple(lines),
        answers=("Void the sale", "Keep it"),
    )


async def answer_void_sale(work: Work, yes: bool) -> Reply:
    """F5: payments first, then the sale; a record, no receipt number."""
    sale = work.state.sale
    if not yes or sale is None:
        work.say("The sale stays.")
        return DONE
    try:
        for tender in reversed(sale.live_tenders):
            sale = paying.void_tender(sale, tender.n)
        sale = paying.void_sale(sale)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    following = msgspec.structs.replace(
        work.state,
        till=after(work.state.till, TillEvent.VOIDED),
        sale=None,
        facts=None,
        selected=0,
        asked=None,
        last_unknown="",
        refused=(),
    )
    if await work.commit("void", following, void_body(sale, work.policy), txn_id=sale.txn_id) is None:
        return work.refuse(work.message.text)
    work.say("The sale is voided.")
    return DONE


def leave_paid(work: Work) -> Reply:
    """Esc after a sale: the change was seen."""
    if work.state.till is TillState.IDLE:
        work.put(paid=None, refused=(), report=(), last_unknown="")
        work.paid_record = None
    work.say("")
    return DONE
