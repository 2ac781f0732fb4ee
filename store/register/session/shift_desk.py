"""The shift: opened with a start amount, reported, counted, closed; the drawer without a sale; copies of receipts."""

from collections.abc import Mapping
from typing import Any

import msgspec

from store.register.journal.entry import Committed, PrintJob
from store.register.journal.errors import JournalError
from store.register.operations import Permission
from store.register.session import suspend_desk
from store.register.session.paper import shift_rows
from store.register.session.state import PaidSale, Shift
from store.register.session.till import TillEvent, TillState, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry, TenderView
from store.sale.barcode import looks_like_code
from store.sale.declaration import declared_rows
from store.sale.language import counted, later, phrase
from store.sale.moment import local_text, utc_text
from store.sale.money import parse_amount, shown_amount
from store.sale.record import drawer_open_body, reprint_body, shift_open_body
from store.sale.shift import ShiftTotals, fold_all, shift_close_body, x_report_body
from store.sale.tender_rows import label_of

MONEY_IS_NO_CODE = later("a code is never an amount. Type the amount, then scan.")
FIRST_DATA_S, LOOK_S = 5.0, 0.1
"""After the first sign-in ever the data is here within a moment; who types the amount meanwhile has typed it once."""
NO_CONFIGURATION = later(
    "1070 Channel configuration is missing. Headquarters runs job 1070; then press Sync now."
)
LARGEST_DRAWER = 99_999_999
"""Minor units; more is a code typed as an amount."""


def local_date(work: Work) -> str:
    """Today where the register stands, ISO."""
    clock = work.ports.clock
    return local_text(utc_text(clock.wall_ms()), clock.utc_offset_min())[:10]


def drawer_amount(work: Work, text: str, currency: str = "") -> int | None:
    """A typed amount of money in the drawer, of the store's unless said, None when it is none."""
    amount = parse_amount(text, currency or work.policy.currency)
    return amount if amount is not None and amount <= LARGEST_DRAWER else None


async def open_with(work: Work, text: str, *, scanned: bool) -> Reply:
    """No shift is open: the start amount opens one; "0" is an amount, nothing is none."""
    if scanned or looks_like_code(text):
        return work.keep(text, phrase("no shift is open. Type the start amount and Enter first."))
    if not text.strip():
        return DONE
    if not work.may(Permission.OPEN_SHIFT):
        return work.lacks(Permission.OPEN_SHIFT, phrase("Opening a shift"))
    if missing := await first_data(work):
        return work.refuse(phrase("The shift opens when the shop's data is here. {missing}", missing))
    amount = drawer_amount(work, text)
    if amount is None:
        return work.refuse(
            phrase("{text} is no amount. Type what is in the drawer, such as 100 or 0.", repr(text[:20]))
        )
    return await open_shift(work, amount)


async def first_data(work: Work) -> str:
    """Wait a moment for the data of a new register. Empty, or what is missing."""
    for _ in range(round(FIRST_DATA_S / LOOK_S)):
        if not missing_data(work):
            return ""
        await work.ports.clock.sleep(LOOK_S)
        await work.ports.shop.flip()
    return missing_data(work)


def missing_data(work: Work) -> str:
    """Empty, or a sentence: without any data, and without job 1070, not even the currency is known."""
    shop = work.ports.shop
    if not shop.version:
        return shop.trouble
    return "" if shop.trouble or shop.policy().taxes else phrase(NO_CONFIGURATION)


async def open_shift(work: Work, amount: int) -> Reply:
    """A record, and the business date of everything until the shift closes."""
    number = work.state.last_shift + 1
    shift = Shift(
        number=number,
        shift_id=work.fresh_id(),
        business_date=local_date(work),
        opened_ms=work.now_ms,
        start_amount=amount,
        owner=work.state.operator.number if work.state.operator else "",
    )
    following = msgspec.structs.replace(
        work.state,
        till=after(work.state.till, TillEvent.SHIFT_WORK_DONE),
        shift=shift,
        last_shift=number,
        report=(),
    )
    body = shift_open_body(amount, work.policy.currency, work.state.grand_total)
    if await work.commit("shift.open", following, body, txn_id=shift.shift_id) is None:
        return work.refuse(work.message.text)
    work.say(phrase("Shift {number} is open with {amount}. Scan the first item.", number, work.money(amount)))
    return DONE


def left_open(work: Work) -> str:
    """A sentence about a shift that was opened on another day and is still open; empty when there is none."""
    shift = work.state.shift
    if shift is None or shift.business_date >= work.today:
        return ""
    return phrase(
        "Shift {number} is open since {business_date}; sales count for that day. Close it by F11.",
        shift.number,
        shift.business_date,
    )


async def sums_of(work: Work) -> ShiftTotals:
    """The sums of the open shift, from the journal's own records. Raises JournalError.

    The grand total runs on from the last closing, whichever shift that was: shifts may be set aside in between.
    """
    shift = work.state.shift
    if shift is None:
        return ShiftTotals()
    sums = fold_all(await work.ports.journal.shift_payloads(shift.shift_id))
    return msgspec.structs.replace(sums, grand_total_before=work.state.grand_total)


async def x_report(work: Work) -> Reply:
    """1056: the shift so far; closes nothing."""
    try:
        sums = await sums_of(work)
    except JournalError as error:
        return work.refuse(error.sentence)
    body = x_report_body(sums, work.policy.facts)
    job = PrintJob(job_id=work.fresh_id(), kind="report", document_kind="x_report")
    rows = shift_rows(body, work.policy.currency)
    following = msgspec.structs.replace(
        work.state, till=after(work.state.till, TillEvent.SHIFT_WORK_DONE), report=rows
    )
    work.slip = await work.commit("report.x", following, body, txn_id=work.fresh_id(), jobs=(job,))
    if work.slip is None:
        return work.refuse(work.message.text)
    work.say(
        counted(
            "X report: {n} sale, {amount}; the drawer should hold {cash}.",
            "X report: {n} sales, {amount}; the drawer should hold {cash}.",
            sums.sales,
            work.money(sums.sales_total),
            work.money(sums.expected_cash),
        )
    )
    return DONE


async def open_drawer(work: Work) -> Reply:
    """1000: the drawer without a sale; recorded first, opened then."""
    job = PrintJob(job_id=work.fresh_id(), kind="drawer", reason="no sale")
    following = msgspec.structs.replace(work.state, till=after(work.state.till, TillEvent.SHIFT_WORK_DONE))
    body = drawer_open_body("no sale")
    work.slip = await work.commit("drawer.open", following, body, txn_id=work.fresh_id(), jobs=(job,))
    if work.slip is None:
        return work.refuse(work.message.text)
    work.say(phrase("The drawer was opened without a sale; it is recorded."))
    return DONE


async def reprint(work: Work) -> Reply:
    """9151: the last receipt once more."""
    try:
        last = await work.ports.journal.last_receipt()
    except JournalError as error:
        return work.refuse(error.sentence)
    if last is None:
        return work.refuse(phrase("There is no receipt to print again."))
    return await reprint_of(work, last)


async def reprint_of(work: Work, last: Committed) -> Reply:
    """A receipt once more, marked COPY with its number; recorded."""
    try:
        copy_no = await work.ports.journal.copies_of(last.payload["txn_id"]) + 1
    except JournalError as error:
        return work.refuse(error.sentence)
    txn_id = str(last.payload["txn_id"])
    if await work.ports.printing.ask_for(txn_id):
        work.say(phrase("Receipt {number} is being printed.", last.receipt_no))
        return DONE
    job = PrintJob(
        job_id=work.fresh_id(),
        kind="receipt",
        document_kind="receipt",
        copy_no=copy_no,
        reason="reprint",
        source_txn_id=txn_id,
    )
    body = reprint_body(last.record.seq, copy_no, last.receipt_no or 0)
    paid = work.state.paid
    if not work.ports.printing.has_printer or paid is not None:
        paid = paid_again(last.payload, txn_id, job.job_id, copy_no)
    following = msgspec.structs.replace(
        work.state, till=after(work.state.till, TillEvent.SHIFT_WORK_DONE), paid=paid
    )
    if await work.commit("reprint", following, body, txn_id=work.fresh_id(), jobs=(job,)) is None:
        return work.refuse(work.message.text)
    work.paid_record = last
    work.say(phrase("Copy {copy_no} of receipt {receipt_no}.", copy_no, last.receipt_no))
    return DONE


def paid_again(payload: dict[str, Any], txn_id: str, job_id: str, copy_no: int) -> PaidSale:
    """The panel of a finished sale, from its record."""
    taken = tuple(
        TenderView(row["n"], row["kind"], label_of(row), row["amount"], row["amount"])
        for row in payload["tenders"]
        if row["kind"] not in ("change", "rounding")
    )
    return PaidSale(
        txn_id=txn_id,
        total=payload["total"],
        taken=taken,
        change=payload["change"],
        print_job=job_id,
        copy_no=copy_no,
    )


# -- closing


async def begin_close(work: Work) -> Reply:
    """1055: count the drawer first, without being told what should be in it; what was just declared is counted."""
    try:
        sums = await sums_of(work)
    except JournalError as error:
        return work.refuse(error.sentence)
    work.step(TillEvent.CLOSING_BEGAN, paid=None, report=())
    if sums.declaration_holds:
        return ask_close(work, next(row.amount for row in sums.declared if row.kind == "cash"), sums)
    work.say(phrase("Count the cash in the drawer. Type the sum and Enter."))
    return DONE


def leave_close(work: Work) -> Reply:
    """Esc: the shift stays open."""
    blind = work.state.closing_blind is not None
    work.state = work.state.blind_again()
    work.step(TillEvent.CLOSING_LEFT)
    work.say(phrase("The shift waits to be counted.") if blind else phrase("The shift stays open."))
    return DONE


async def take_count(work: Work, text: str, *, scanned: bool) -> Reply:
    """The counted cash; then what was expected is told, and a guarded question closes."""
    if scanned or looks_like_code(text):
        return work.keep(text, phrase(MONEY_IS_NO_CODE))
    if not text.strip():
        return DONE
    counted = drawer_amount(work, text)
    if counted is None:
        return work.refuse(
            phrase("{text} is no amount. Type the counted sum, such as 310.20.", repr(text[:20]))
        )
    try:
        sums = await sums_of(work)
    except JournalError as error:
        return work.refuse(error.sentence)
    return ask_close(work, counted, sums)


def ask_close(work: Work, counted: int, sums: ShiftTotals) -> Reply:
    """What was counted and expected of each tender, and the guarded question that closes."""
    others = declared_rows(tuple(row for row in sums.declared if row.kind != "cash"), sums.expected)
    lines = [count_words(work, counted, sums)]
    for row in others if sums.declaration_holds else ():
        lines.append(f"{label_of(row)}: {difference_words(work, row['counted'], row['expected'], row)}")
    lines += suspend_desk.still_suspended(work)
    return work.ask(
        "close_shift",
        phrase("Close shift {shift}?", sums.shift),
        Entry.NOTHING,
        lines=tuple(lines),
        answers=(
            phrase("Close the shift"),
            phrase("Count again"),
        ),
        counted=str(counted),
    )


def count_words(work: Work, counted: int, sums: ShiftTotals) -> str:
    """Counted, expected, and the difference by its name."""
    words = difference_words(work, counted, sums.expected_cash)
    return f"{words[0].upper()}{words[1:]}"


def difference_words(work: Work, counted: int, expected: int, row: Mapping[str, Any] | None = None) -> str:
    """Counted, expected, and the difference by its name, in the middle of a sentence; of a foreign row in its money."""
    difference = counted - expected
    word = "over" if difference > 0 else "short" if difference < 0 else "difference"
    currency = (row or {}).get("currency", "")

    def money(amount: int) -> str:
        return f"{shown_amount(amount, currency)} {currency}" if currency else work.money(amount)

    return phrase(
        "counted {counted}, expected {expected}, {word} {amount}.",
        money(counted),
        money(expected),
        word,
        money(abs(difference)),
    )


async def answer_close(work: Work, facts: dict[str, str], yes: bool) -> Reply:
    """F5 closes: the Z record with everything in it, its report, and the register is locked. F6 counts again."""
    if not yes:
        work.say(phrase("Count again. Type the sum and Enter."))
        return DONE
    counted = int(facts["counted"])
    try:
        sums = await sums_of(work)
        head = await work.ports.journal.head()
        pending = (await work.ports.journal.counts()).pending_records
    except JournalError as error:
        return work.refuse(error.sentence)
    body = shift_close_body(
        sums, work.policy.facts, counted, head_hash=head.hash.hex(), unacknowledged=pending
    )
    work.forget_clients()
    txn_id = work.fresh_id()
    following = msgspec.structs.replace(
        work.state,
        till=after(work.state.till, TillEvent.SHIFT_CLOSED),
        returns_to=TillState.IDLE,
        operator=None,
        shift=None,
        closing_blind=None,
        last_close=txn_id,
        grand_total=sums.grand_total,
        paid=None,
        refused=(),
        report=shift_rows(body, work.policy.currency),
    )
    job = PrintJob(job_id=work.fresh_id(), kind="report", document_kind="z_report")
    words = count_words(work, counted, sums)
    work.slip = await work.commit("shift.close", following, body, txn_id=txn_id, jobs=(job,))
    if work.slip is None:
        return work.refuse(work.message.text)
    work.say(phrase("Shift {shift} is closed. {words}", sums.shift, words))
    return DONE
