"""9130: a gift receipt, which shows no prices and has the barcode of its sale, so that the goods may come back."""

from typing import Any

import msgspec

from store.register.journal.entry import Committed, PrintJob
from store.register.journal.errors import JournalError
from store.register.printing.spool import GIFT
from store.register.session.sale_open import put_sale
from store.register.session.till import TillEvent, after
from store.register.session.work import DONE, Reply, Work
from store.sale.language import phrase
from store.sale.past_sale import parse_number
from store.sale.receipt import receipt_number
from store.sale.text import printable


async def begin(work: Work, text: str) -> Reply:
    """With a sale open: one is printed with its receipt, or not, each time this is run. Else one of the last sale.

    With the number of a receipt of this register, one of that.
    """
    sale = work.state.sale
    if text:
        return await of_number(work, text)
    if sale is not None:
        put_sale(work, msgspec.structs.replace(sale, gift=not sale.gift))
        work.say(
            phrase("No gift receipt.") if sale.gift else phrase("A gift receipt is printed with the receipt.")
        )
        return DONE
    try:
        last = await work.ports.journal.last_receipt()
    except JournalError as error:
        return work.refuse(error.sentence)
    if last is None:
        return work.refuse(phrase("There is no sale whose gift receipt could be printed."))
    return await print_gift(work, last)


async def of_number(work: Work, text: str) -> Reply:
    """The gift receipt of a receipt of this register."""
    number = parse_number(text)
    if work.state.sale is not None:
        return work.refuse(
            phrase("A sale is open. Finish it first, then print the gift receipt of another one.")
        )
    try:
        own = (
            await work.ports.journal.receipts.by_number(number.series, number.receipt_no) if number else None
        )
    except JournalError as error:
        return work.refuse(error.sentence)
    if own is None:
        return work.refuse(phrase("Receipt {text} is not in this register's journal.", printable(text[:30])))
    return await print_gift(work, own.committed)


async def print_gift(work: Work, sold: Committed) -> Reply:
    """Print the gift receipt of a finished sale, and record that it was."""
    payload = sold.payload
    if not any(not line["quantity"].startswith("-") for line in payload.get("lines", ())):
        return work.refuse(phrase("Nothing was sold on that receipt that could be a gift."))
    job = gift_job(work, str(payload["txn_id"]))
    following = msgspec.structs.replace(work.state, till=after(work.state.till, TillEvent.SHIFT_WORK_DONE))
    body: dict[str, Any] = {"of_seq": sold.record.seq, "of_receipt_no": sold.receipt_no or 0}
    done = await work.commit("gift.receipt", following, body, txn_id=work.fresh_id(), jobs=(job,))
    if done is None:
        return work.refuse(work.message.text)
    work.say(phrase("Gift receipt of {receipt_number}.", receipt_number(payload)))
    return DONE


def gift_job(work: Work, source_txn_id: str = "") -> PrintJob:
    """The print of a gift receipt; of the record it is committed with when no other is named."""
    return PrintJob(
        job_id=work.fresh_id(),
        kind="receipt",
        document_kind=GIFT,
        reason="gift",
        source_txn_id=source_txn_id,
    )
