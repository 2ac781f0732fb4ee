"""9140: a finished sale of the open shift is undone by a new record that mirrors it; the first one stays as it is.

Only what nothing came back of, and only once. Goods of an older shift come back with their receipt instead, since their
money was counted already.
"""

import msgspec

from store.exchange.returns import ReservedLine
from store.register.journal.entry import Committed, PrintJob
from store.register.journal.errors import JournalError
from store.register.session.sale_open import note_connection
from store.register.session.shift_desk import paid_again
from store.register.session.till import TillEvent, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry
from store.sale.language import phrase
from store.sale.moment import utc_text
from store.sale.past_sale import (
    PastSale,
    is_untouched,
    number_text,
    parse_number,
    past_sale,
    with_later,
)
from store.sale.post_void import post_void_body
from store.sale.receipt import receipt_number

KIND = "post_void"
OPENS_DRAWER = frozenset({"cash", "foreign", "check", "voucher"})


async def begin(work: Work, text: str) -> Reply:
    """Ask whether the last sale, or that of a typed number, is to be undone."""
    found = await undoable(work, text)
    if isinstance(found, str):
        return work.refuse(found)
    payload = found.payload
    lines = [
        phrase(
            "Receipt {receipt_number}, {amount} {currency}.",
            receipt_number(payload),
            work.money(payload["total"]),
            payload["currency"],
        )
    ]
    drawer = sum(row["amount"] for row in payload["tenders"] if row["kind"] in ("cash", "change"))
    if drawer:
        lines.append(
            phrase(
                "{what} {amount} in cash.",
                phrase("Give back") if drawer > 0 else phrase("Take back"),
                work.money(abs(drawer)),
            )
        )
    for row in payload["tenders"]:
        if row["kind"] == "card":
            lines.append(phrase("Reverse {amount} on the card terminal first.", work.money(row["amount"])))
    return work.ask(
        KIND,
        phrase("Undo this sale?"),
        Entry.NOTHING,
        lines=tuple(lines),
        answers=(
            phrase("Undo the sale"),
            phrase("Keep it"),
        ),
        number=receipt_number(payload),
        txn_id=work.fresh_id(),
    )


async def answer(work: Work, facts: dict[str, str], yes: bool) -> Reply:
    """F5: the mirror is recorded; F6: the sale stays. The same answer twice makes one record."""
    if not yes:
        work.say(phrase("The sale stays."))
        return DONE
    found = await undoable(work, facts["number"])
    if isinstance(found, str):
        return work.refuse(found)
    payload, txn_id = found.payload, facts["txn_id"]
    if refused := await _others(work, past_sale(payload), txn_id):
        return work.refuse(refused)
    receipt = PrintJob(job_id=work.fresh_id(), kind="receipt", document_kind="receipt")
    drawer = PrintJob(job_id=work.fresh_id(), kind="drawer", reason="post-void")
    opens = any(row["kind"] in OPENS_DRAWER for row in payload["tenders"])
    body = post_void_body(payload, utc_text(work.now_ms))
    paid = paid_again(body, txn_id, receipt.job_id, 0)
    following = msgspec.structs.replace(
        work.state, till=after(work.state.till, TillEvent.SHIFT_WORK_DONE), asked=None, paid=paid, report=()
    )
    committed = await work.commit(
        "sale",
        following,
        body,
        txn_id=txn_id,
        fiscal=True,
        jobs=(drawer, receipt) if opens else (receipt,),
    )
    if committed is None:
        return work.refuse(work.message.text)
    work.paid_record = committed
    work.say(
        phrase(
            "Receipt {receipt_number} is undone by {receipt_number_2}.",
            receipt_number(payload),
            receipt_number(committed.payload),
        )
    )
    return DONE


async def undoable(work: Work, text: str) -> Committed | str:
    """The record of the last sale, or of the number typed, when it may be undone; else why it may not."""
    try:
        found = await _named(work, text.strip())
        if found is None:
            return phrase("There is no such sale of this register.")
        own = await work.ports.journal.receipts.by_number(found.payload["series"], found.receipt_no or 0)
    except JournalError as error:
        return error.sentence
    payload, number = found.payload, receipt_number(found.payload)
    if payload["kind"] != "sale" or own is None:
        return phrase("{number} is no sale that counts.", number)
    if "voids_of" in payload:
        return phrase("Receipt {number} undoes a sale itself. Sell the goods again instead.", number)
    shift = work.state.shift
    if shift is None or payload.get("shift_id") != shift.shift_id:
        return phrase("Receipt {number} is of another shift. Take its goods back (114).", number)
    past = past_sale(payload)
    for given in own.given_back:
        if given.get("voids_of", {}).get("seq") == found.record.seq:
            return phrase(
                "Receipt {number} is undone already by {receipt_number}.", number, receipt_number(given)
            )
        past = with_later(past, given)
    if not is_untouched(past):
        return phrase("Goods of {number} came back already. Return the rest (114).", number)
    return found


async def _named(work: Work, text: str) -> Committed | None:
    """The newest receipt, or the one of a number: whole, or the short one of this register."""
    journal = work.ports.journal
    if not text:
        return await journal.last_receipt()
    series = (await journal.head()).series
    if text.isascii() and text.isdigit() and len(text) <= 9:
        text = number_text(series, int(text))
    number = parse_number(text)
    if number is None or number.series != series:
        return None
    own = await journal.receipts.by_number(number.series, number.receipt_no)
    return None if own is None else own.committed


async def _others(work: Work, past: PastSale, txn_id: str) -> str:
    """Whether another register took something back of it, as far as the server can say."""
    lines = tuple(
        ReservedLine(series=past.series, seq=past.seq, n=line.n, quantity=line.quantity)
        for line in past.lines
        if not line.quantity.startswith("-")
    )
    answer = await work.ports.receipts.reserve(txn_id, lines) if lines else None
    note_connection(work)
    if answer is None or answer.granted:
        return ""
    return phrase("Another register took goods of {number} back. Return the rest (114).", past.number)
