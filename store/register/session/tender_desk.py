"""Paying: payments taken, given back and voided, the way back to the lines, and the moment the sale is finished."""

from collections.abc import Iterable
from typing import Any

import msgspec

from store.register.journal.entry import PrintJob
from store.register.session import deferred_card, info_desk
from store.register.session.gift_desk import gift_job
from store.register.session.state import PaidSale, SessionState
from store.register.session.till import TillEvent, TillState, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry, TenderView
from store.sale import paying
from store.sale.language import in_every_language, later, phrase, translated
from store.sale.money import parse_amount, shown_amount
from store.sale.record import sale_body
from store.sale.refunding import refund_refused
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale
from store.sale.tender import Payment, Tender, TenderKind, round_amounts
from store.sale.tender_rows import label_of
from store.sale.tender_type import find_type, first_of
from store.sale.totals import totals
from store.sale.voucher import voucher_number
from store.sale.voucher_slip import VOUCHER_SLIP

LARGE_FACTOR = 10
"""A cash amount over ten times the total asks once more, unless the screen offered it as a round amount."""
CODE_IN_TENDER = later("a code is never an amount. Esc, then scan it.")


def begin(work: Work) -> Reply:
    """F12: from the lines to the payments."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase("There is nothing to pay yet. Scan an item first."))
    try:
        sale = paying.begin_payment(sale, work.policy)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    work.step(TillEvent.PAYMENT_BEGAN, sale=sale)
    due = totals(sale, work.policy).due
    if due < 0 and refund_refused(sale, work.policy, cash_code(work), 1):
        work.say(phrase("{amount} goes back. Press the letter of a payment.", work.money(-due)))
    elif due < 0:
        work.say(
            phrase("{amount} goes back. Enter gives it back in cash, a letter otherwise.", work.money(-due))
        )
    elif due == 0:
        work.say(phrase("There is nothing to pay. Enter finishes the sale."))
    else:
        work.say(phrase("Type the amount given and Enter, or Enter for the exact amount."))
    return DONE


def cash_code(work: Work) -> str:
    """The store's cash; empty where it takes none."""
    cash = first_of(work.policy.tenders, TenderKind.CASH)
    return "" if cash is None else cash.code


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


async def cash_exact(work: Work) -> Reply:
    """206, or Enter: cash that ends the sale, given or given back."""
    sale = work.state.sale
    assert sale is not None
    sums = totals(sale, work.policy)
    if sums.due == 0:
        return await finish(work, sale)
    return await take(work, TenderKind.CASH, abs(sums.exact_cash))


async def cash(work: Work, text: str, *, by_key: bool = False) -> Reply:
    """An amount of cash; a round amount is taken as it is when its key was pressed, a typed one may be a slip."""
    given = parse_amount(text, work.policy.currency)
    sale = work.state.sale
    if given is None or sale is None:
        return work.refuse(
            phrase("{text} is no amount. Type what is given, such as 20 or 20.50.", repr(text[:20]))
        )
    sums = totals(sale, work.policy)
    total = sums.total
    deliberate = by_key and given in round_amounts(sums.exact_cash, sale.currency)
    if sums.due > 0 and not deliberate and given > LARGE_FACTOR * max(total, 1):
        return work.ask(
            "large_amount",
            phrase("Large amount"),
            Entry.NOTHING,
            lines=(
                phrase("{given} for a sale of {total}: is that right?", work.money(given), work.money(total)),
            ),
            answers=(
                phrase("Yes, take it"),
                phrase("No"),
            ),
            given=str(given),
        )
    return await take(work, TenderKind.CASH, given)


async def answer_large(work: Work, facts: dict[str, str], yes: bool) -> Reply:
    """F5 takes the large amount, F6 does not."""
    if not yes:
        work.say(phrase("Not taken. Type the amount again."))
        return DONE
    if "foreign" in facts:
        return await take_payment(work, Payment(type=facts["type"], foreign=int(facts["foreign"])))
    return await take(work, TenderKind.CASH, int(facts["given"]))


async def answer_card(work: Work, facts: dict[str, str], yes: bool) -> Reply:
    """F5: the terminal approved; F6: it did not, nothing is taken."""
    sale = work.state.sale
    if not yes and sale is not None and totals(sale, work.policy).due < 0:
        work.say(phrase("Nothing is given back. Choose another way."))
        return DONE
    if not yes:
        work.say(phrase("Card declined. Nothing is taken; choose another way to pay."))
        return DONE
    deferred = deferred_card.is_deferred(work, facts["type"])
    how = Payment(
        type=facts["type"], given=int(facts["given"]), reference=facts["reference"], deferred=deferred
    )
    return await take_payment(work, how)


async def take(work: Work, kind: TenderKind, given: int) -> Reply:
    """`take_payment` with the store's first tender type of a kind; `given` is never below zero."""
    chosen = first_of(work.policy.tenders, kind)
    if chosen is None:
        return work.refuse(phrase("This store does not take that. Choose another way to pay."))
    return await take_payment(work, Payment(type=chosen.code, given=given))


async def take_payment(work: Work, how: Payment, *, informed: bool = False) -> Reply:
    """One payment more, or money given back; when nothing is due any more the sale is finished.

    `informed`: what the tender's info codes ask was answered.
    """
    sale = work.state.sale
    assert sale is not None
    if not informed and (question := info_desk.before_payment(work, how)) is not None:
        return question
    try:
        if gives_vouchers(work, how):
            how = msgspec.structs.replace(how, change_voucher=fresh_voucher(work))
        sale = paying.take_payment(sale, work.policy, how)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    sums = totals(sale, work.policy)
    if sums.due == 0:
        return await finish(work, sale)
    work.step(TillEvent.TENDER_CHANGED, sale=sale)
    tender = sale.tenders[-1]
    name = tender_name(tender)
    if sums.due < 0:
        work.say(
            phrase(
                "{name} {amount} given back. {amount_2} still to give back.",
                name,
                work.money(-tender.given),
                work.money(-sums.due),
            )
        )
    else:
        work.say(
            phrase(
                "{name} {given} taken. {due} still to pay.",
                name,
                work.money(tender.given),
                work.money(sums.due),
            )
        )
    return DONE


def gives_vouchers(work: Work, how: Payment) -> bool:
    """Whether the change of a payment is a voucher."""
    chosen = find_type(work.policy.tenders, how.type)
    in_change = find_type(work.policy.tenders, chosen.change) if chosen is not None else None
    return in_change is not None and in_change.kind is TenderKind.VOUCHER


def fresh_voucher(work: Work) -> str:
    """A number for a new voucher."""
    return voucher_number(work.ports.randomness.token(16))


async def finish(work: Work, sale: Sale) -> Reply:
    """The one commit of a sale: record, number, receipt and drawer jobs and what follows, or nothing of it."""
    sums = totals(sale, work.policy)
    sale = paying.complete(sale, work.policy)
    jobs = paper_of_sale(work, sale)
    paid = PaidSale(
        txn_id=sale.txn_id,
        total=sums.total,
        taken=tuple(map(tender_view, sale.live_tenders)),
        change=sums.change,
        print_job=next(job.job_id for job in jobs if job.document_kind == "receipt"),
        drawer_job=next((job.job_id for job in jobs if job.kind == "drawer"), ""),
    )
    differences = tuple(work.differences)
    committed = await work.commit(
        "sale",
        after_sale(work.state, paid),
        sold_body(work, sale, differences),
        txn_id=sale.txn_id,
        fiscal=True,
        jobs=jobs,
    )
    if committed is None:
        return work.refuse(work.message.text)
    work.paid_record = committed
    del work.differences[: len(differences)]
    work.say(phrase("CHANGE {change}", work.money(sums.change)) if sums.change else paid_words(work, sale))
    return DONE


def paper_of_sale(work: Work, sale: Sale) -> tuple[PrintJob, ...]:
    """What a finished sale moves: the drawer, the receipt, a slip for the vouchers that it issued."""
    jobs: list[PrintJob] = []
    if any(_opens_drawer(work, tender) for tender in sale.live_tenders):
        jobs.append(PrintJob(job_id=work.fresh_id(), kind="drawer", reason="sale"))
    jobs.append(PrintJob(job_id=work.fresh_id(), kind="receipt", document_kind="receipt"))
    if sale.gift:
        jobs.append(gift_job(work))
    if issues_vouchers(sale):
        jobs.append(PrintJob(job_id=work.fresh_id(), kind="report", document_kind=VOUCHER_SLIP))
    return tuple(jobs)


def issues_vouchers(sale: Sale) -> bool:
    """Whether somebody takes a voucher home."""
    sold = any(line.voucher and line.amount > 0 for line in sale.live_lines)
    return sold or any(tender.voucher and tender.amount < 0 for tender in sale.live_tenders)


def _opens_drawer(work: Work, tender: Tender) -> bool:
    chosen = find_type(work.policy.tenders, tender.code)
    opens = tender.kind is TenderKind.CASH if chosen is None else chosen.opens_drawer
    return bool(tender.given) and (opens or bool(tender.change))


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
        refused=tuple(scan for scan in state.refused if scan.why in in_every_language(CODE_IN_TENDER)),
    )


def sold_body(work: Work, sale: Sale, differences: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """The sale's part of its record. `begun_mode` says where answers came from at first, `mode` how it ended."""
    facts = work.state.facts
    body = sale_body(sale, work.policy)
    body["begun_mode"] = "online" if facts is not None and facts.online else "offline"
    vouchers = first_of(work.policy.tenders, TenderKind.VOUCHER)
    if vouchers is not None and vouchers.valid_days and issues_vouchers(sale):
        body["voucher_days"] = vouchers.valid_days
    if differences:
        body["price_differences"] = list(differences)
    return body


def paid_words(work: Work, sale: Sale) -> str:
    """What is said when there is no change."""
    back = -sum(tender.given for tender in sale.live_tenders if tender.amount < 0 and not tender.change_of)
    if back > 0:
        names = {tender_name(tender) for tender in sale.live_tenders if tender.amount < 0}
        return phrase("GIVE BACK {back}: {join}.", work.money(back), ", ".join(sorted(names)))
    kinds = {tender.kind for tender in sale.live_tenders}
    return phrase("Paid by card.") if kinds == {TenderKind.CARD} else phrase("Paid.")


def tender_name(tender: Tender) -> str:
    """What a payment is called."""
    return tender.name or label_of({"kind": tender.kind.value})


def tender_view(tender: Tender) -> TenderView:
    """A payment as screens show it."""
    name = translated(tender_name(tender))
    if tender.currency:
        name = f"{shown_amount(tender.foreign, tender.currency)} {tender.currency}"
    elif tender.voucher:
        name = f"{name} ..{tender.voucher[-4:]}"
    elif tender.reference:
        name = f"{name} {tender.reference[:16]}"
    return TenderView(tender.n, tender.kind.value, name, tender.amount, tender.given)


def void_payment(work: Work) -> Reply:
    """211, F3 while paying: the last payment is taken back; a card only after the terminal reversed it."""
    sale = work.state.sale
    last = paying.last_tender(sale) if sale else None
    if sale is None or last is None:
        return work.refuse(phrase("There is no payment to void."))
    words = f"{tender_name(last)} {work.money(abs(last.amount))}"
    if last.kind is TenderKind.CARD:
        return work.ask(
            "void_card",
            phrase("Void payment"),
            Entry.NOTHING,
            lines=(phrase("{words}: reversed on the terminal?", words),),
            answers=(
                phrase("Reversed"),
                phrase("Keep it"),
            ),
            n=str(last.n),
        )
    return voided(work, sale, last)


def voided(work: Work, sale: Sale, last: Tender) -> Reply:
    """A payment is taken back: said with what goes into whose hand, and a voucher is let go."""
    try:
        changed = paying.void_tender(sale, last.n)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    gone = [one for one in sale.live_tenders if one not in changed.live_tenders]
    work.step(TillEvent.TENDER_CHANGED, sale=changed)
    release_vouchers(work, sale.txn_id, gone)
    first = gone[0]
    words = f"{tender_name(first)} {work.money(abs(first.amount))}"
    if first.amount < 0:
        work.say(phrase("Voided: {words}. Take back {amount}.", words, work.money(-first.kept)))
    elif first.kind is TenderKind.FOREIGN:
        notes = f"{shown_amount(first.foreign, first.currency)} {first.currency}"
        change = (
            phrase(", take back the change of {change}", work.money(first.change)) if first.change else ""
        )
        work.say(phrase("Voided: {words}. Give back {notes}{change}.", words, notes, change))
    elif first.kind in (TenderKind.VOUCHER, TenderKind.ACCOUNT):
        work.say(phrase("Voided: {words}.", words))
    elif first.kind is TenderKind.CHECK:
        change = (
            phrase(" and take back the change of {change}", work.money(first.change)) if first.change else ""
        )
        work.say(phrase("Voided: {words}. Give the check back{change}.", words, change))
    else:
        work.say(phrase("Voided: {words}. Give back {kept}.", words, work.money(first.kept)))
    return DONE


def release_vouchers(work: Work, txn_id: str, tenders: Iterable[Tender]) -> None:
    """Let the server know of vouchers that do not pay after all."""
    for tender in tenders:
        if tender.voucher and tender.amount > 0 and not tender.offline:
            work.ports.vouchers.release(tender.voucher, txn_id)


def answer_void_card(work: Work, facts: dict[str, str], yes: bool) -> Reply:
    """F5: the card payment was reversed; F6: it stays."""
    sale = work.state.sale
    if not yes or sale is None:
        work.say(phrase("The card payment stays."))
        return DONE
    try:
        sale = paying.void_tender(sale, int(facts["n"]))
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    work.step(TillEvent.TENDER_CHANGED, sale=sale)
    work.say(phrase("The card payment is voided."))
    return DONE


def leave_paid(work: Work) -> Reply:
    """Esc after a sale: the change was seen."""
    if work.state.till is TillState.IDLE:
        work.put(paid=None, refused=(), report=(), last_unknown="")
        work.paid_record = None
    work.say("")
    return DONE
