"""Show journal (115): this register's transactions, newest first; one of them viewed, printed again, or gone on with.

The list and the paper are shown by the screen (queries `journal` and `document`); here is what is done with one.
"""

from typing import Any

import msgspec

from store.register.intents import OutcomeKind
from store.register.journal.entry import Committed
from store.register.journal.errors import JournalError
from store.register.operations import BY_NUMBER
from store.register.session import gift_desk, post_void_desk, return_desk, shift_desk
from store.register.session.paper import paper_of, slip_title
from store.register.session.state import Asked
from store.register.session.till import TillState
from store.register.session.work import Reply, Work
from store.register.view import Choice, Entry
from store.sale.language import later, phrase
from store.sale.past_sale import parse_number
from store.sale.receipt import receipt_number

KIND = "journal_entry"
AGAIN, GIFT, RETURN, UNDO = 9151, 9130, 114, 9140
NAMES = {
    AGAIN: later("Print again"),
    GIFT: later("Print a gift receipt"),
    RETURN: later("Take goods back"),
    UNDO: later("Undo the sale"),
}
"""What can be done with a sale, by the operation that does it."""
IN_A_SALE = frozenset({RETURN})
"""What of it goes into the sale that is open."""


async def begin(work: Work, text: str) -> Reply:
    """115 with the number of a receipt or the id of a transaction; without one, the last receipt again."""
    if not text and work.state.sale is not None:
        return work.refuse(phrase("A sale is open. Type the number of the receipt with it: /115 17."))
    if not text:  # a screen that has no list of its own, such as that of version 0.1
        return await shift_desk.reprint(work)
    found = await find(work, text)
    if isinstance(found, str):
        return work.refuse(found)
    rows = offered(work, found)
    if not rows:
        return work.refuse(phrase("Nothing more can be done with that. Only sales are printed again."))
    return work.ask(
        KIND,
        phrase("Receipt {receipt_number}", receipt_number(found.payload)),
        Entry.CHOICE,
        lines=(phrase("{amount}. Type the number and Enter.", work.money(found.payload["total"])),),
        choices=tuple(Choice(str(n), phrase(NAMES[number])) for n, number in enumerate(rows, start=1)),
        txn_id=str(found.payload["txn_id"]),
    )


async def find(work: Work, text: str) -> Committed | str:
    """The record of a transaction's id, or of a receipt of this register's series; a sentence when it is not here."""
    journal = work.ports.journal
    try:
        found = await journal.record_by_txn(text)
        if found is None:
            number = parse_number(text)
            short = text.isascii() and text.isdigit() and len(text) <= 9
            receipt_no = int(text) if short else number.receipt_no if number is not None else 0
            found = await journal.record_by_receipt_no(receipt_no) if receipt_no else None
            if found is not None and number is not None and number.series != found.payload["series"]:
                found = None
    except JournalError as error:
        return error.sentence
    if found is None:
        return phrase("{text} is not in this register's journal.", text[:40])
    return found


def offered(work: Work, found: Committed) -> list[int]:
    """What can be done with a transaction now."""
    if found.payload["kind"] != "sale":
        return []
    selling = work.state.till is TillState.SALE
    return [number for number in NAMES if number in BY_NUMBER and (not selling or number in IN_A_SALE)]


async def answer(work: Work, asked: Asked, text: str) -> Reply:
    """Do what was chosen; whoever may not is told so, as by the operation itself."""
    found = await find(work, asked.facts["txn_id"])
    if isinstance(found, str):
        return work.refuse(found)
    rows = offered(work, found)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= len(rows)):
        return work.refuse(phrase("Type a number from 1 to {count}.", len(rows)))
    number = rows[int(text[:4]) - 1]
    operation = BY_NUMBER[number]
    if not work.may(operation.permission):
        return work.lacks(operation.permission, operation.name)
    work.put(asked=None)
    reply = await _carry_out(work, number, found)
    if reply.kind is OutcomeKind.REFUSED and work.state.asked is None:
        work.put(asked=asked)
    return reply


async def _carry_out(work: Work, number: int, found: Committed) -> Reply:
    receipt = receipt_number(found.payload)
    match number:
        case 9151:
            return await shift_desk.reprint_of(work, found)
        case 9130:
            return await gift_desk.print_gift(work, found)
        case 114:
            return await return_desk.open_receipt(work, receipt)
        case _:
            return await post_void_desk.begin(work, receipt)


async def last_again(work: Work, text: str) -> Reply:
    """9151: the last receipt, or that of a typed number, once more."""
    if not text:
        return await shift_desk.reprint(work)
    found = await find(work, text)
    if isinstance(found, str):
        return work.refuse(found)
    if found.payload["kind"] != "sale":
        return work.refuse(phrase("Only receipts of sales are printed again."))
    return await shift_desk.reprint_of(work, found)


async def document(work: Work, text: str) -> dict[str, Any]:
    """The paper of a transaction as rows of text, with its title; or why there is none."""
    found = await find(work, text)
    if isinstance(found, str):
        return {"error": found}
    payload = found.payload
    title = (
        phrase("Receipt {receipt_number}", receipt_number(payload))
        if payload["kind"] == "sale"
        else slip_title(payload)
    )
    rows = paper_of(found, work.policy.facts, 0)
    if not rows:
        rows = tuple(f"{name}: {shown(value)}" for name, value in payload.items())
    return {"title": title, "rows": list(rows), "txn_id": str(payload["txn_id"])}


def shown(value: object) -> str:
    """A field of a record for which there is no paper."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()[:200]
