"""114: goods come back with their receipt. Its barcode is scanned, its number typed, or it is looked for.

One question takes them all: the barcode of a receipt, its number (or the short number of this register), a date, an
amount, a part of an item's name. The barcode of goods without a receipt goes on as 109.
"""

from datetime import date as calendar

import msgspec

from store.exchange.identity import store_of
from store.gateway.gateway import Source
from store.register.journal.errors import JournalError
from store.register.journal.receipts import OwnReceipt, ReceiptFacts, ReceiptQuery
from store.register.session import blind_return, return_picker
from store.register.session.sale_open import begin_transaction, note_connection
from store.register.session.shift_desk import local_date
from store.register.session.state import Asked
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry
from store.sale.barcode import looks_like_code
from store.sale.language import later, phrase
from store.sale.moment import local_text
from store.sale.money import parse_amount
from store.sale.past_sale import (
    PastSale,
    ReceiptNumber,
    number_text,
    parse_number,
    past_sale,
    with_later,
)

RECEIPT, FOUND = "return_receipt", "return_found"
QUESTIONS = frozenset({RECEIPT, FOUND}) | return_picker.QUESTIONS | blind_return.QUESTIONS
LISTED = 20
SHORT_NUMBER = 7
"""Digits up to which a number is that of a receipt of this register; amounts have a point or comma."""
ASK = (
    later("Scan the receipt, or type its number."),
    later("Look for it: date, amount (13.26) or goods;"),
    later("Enter alone lists the newest."),
    later("No receipt? Scan the goods."),
)


def is_receipt(work: Work, text: str) -> bool:
    """Whether a text is the number of a receipt of this store: its barcode may be scanned at any time."""
    number = parse_number(text)
    return number is not None and number.store == own_store(work)


def own_store(work: Work) -> str:
    """The store's number, which begins the register's."""
    return store_of(work.ports.config.register)


async def begin(work: Work, text: str) -> Reply:
    """114 with as much as was typed for it."""
    if text:
        return await take_receipt(work, text, scanned=False)
    return work.ask(RECEIPT, phrase("Return"), Entry.CODE, lines=tuple(map(phrase, ASK)))


async def answer(work: Work, asked: Asked, text: str, *, scanned: bool) -> Reply:
    """Text or a scan while a question of returns is open."""
    kind = asked.question.kind
    if kind in return_picker.QUESTIONS:
        if is_receipt(work, text):
            return await open_receipt(work, text)
        return await return_picker.answer(work, asked, text, scanned=scanned)
    if kind in blind_return.QUESTIONS:
        return await blind_return.answer(work, asked, text, scanned=scanned)
    if kind == FOUND and not scanned and not looks_like_code(text):
        return await _answer_found(work, asked, text)
    return await take_receipt(work, text, scanned=scanned)


async def take_receipt(work: Work, text: str, *, scanned: bool) -> Reply:
    """What was typed or scanned to name a receipt."""
    text = text.strip()
    if parse_number(text) is not None:
        return await open_receipt(work, text)
    if scanned or looks_like_code(text):
        return await blind_return.begin(work, text)
    if text.isascii() and text.isdigit() and len(text) <= SHORT_NUMBER:
        return await _open_own(work, int(text))
    if text in ("", "?"):
        return await search(work, ReceiptQuery(limit=LISTED))
    if day := _day(text, int(local_date(work)[:4])):
        return await search(work, ReceiptQuery(date=day, limit=LISTED))
    amount = parse_amount(text, work.policy.currency)
    if amount is not None:
        return await search(work, ReceiptQuery(amount=amount, limit=LISTED))
    return await search(work, ReceiptQuery(item=text, limit=LISTED))


# -- one receipt


async def open_receipt(work: Work, text: str) -> Reply:
    """The picker for the receipt of that number, or why its goods cannot come back."""
    number = parse_number(text)
    if number is None:
        return work.refuse(phrase("{text} is no receipt number, such as S0001-R01-000482.", repr(text[:20])))
    if number.store != own_store(work):
        return work.refuse(
            phrase("Receipt {text} is of another store; its goods come back there.", text[:30])
        )
    if hindered := await begin_transaction(work):
        return work.refuse(hindered)
    found = await find(work, number)
    if isinstance(found, str):
        return work.refuse(found)
    past, source = found
    if past.voids:
        return work.refuse(
            phrase("Receipt {number} undoes another one; nothing was sold on it.", past.number)
        )
    note = ""
    if source is Source.OFFLINE and not work.online:
        note = phrase("The server does not answer: what other registers took back is not known.")
    return return_picker.show(work, past, source, note=note)


async def find(work: Work, number: ReceiptNumber) -> tuple[PastSale, Source] | str:
    """The sale of a receipt with all that is known to have come back; a sentence when it cannot be had."""
    own: OwnReceipt | None = None
    try:
        own = await work.ports.journal.receipts.by_number(number.series, number.receipt_no)
    except JournalError as error:
        return error.sentence
    txn_id = work.state.sale.txn_id if work.state.sale is not None else ""
    answer = await work.ports.receipts.find(number, txn_id)
    note_connection(work)
    policy, shown = work.policy.returns, number_text(number.series, number.receipt_no)
    if answer.source is Source.OFFLINE:
        if policy.offline == "none":
            return phrase("The server does not answer; without it no receipt is accepted here.")
        if own is None and policy.offline != "all":
            return phrase("The server does not answer: only receipts of this register come back.")
    past = answer.sale
    if past is None and own is not None:
        past = past_sale(own.committed.payload)
    if past is None:
        where = phrase(" here (no server)") if answer.source is Source.OFFLINE else ""
        return phrase("Receipt {shown} is not known{where}. Without it: 109.", shown, where)
    if own is not None:
        for payload in own.given_back:
            past = with_later(past, payload)
    return past, answer.source


async def _open_own(work: Work, receipt_no: int) -> Reply:
    """A short number is one of this register, in its present series."""
    try:
        series = (await work.ports.journal.head()).series
    except JournalError as error:
        return work.refuse(error.sentence)
    return await open_receipt(work, number_text(series, receipt_no))


# -- looking for one


async def search(work: Work, query: ReceiptQuery) -> Reply:
    """Receipts of this register at once, those of the others with them while the server answers."""
    try:
        own = await work.ports.journal.receipts.find(query)
    except JournalError as error:
        return work.refuse(error.sentence)
    others = await work.ports.receipts.search(
        date=query.date, amount=query.amount, item=query.item, limit=query.limit
    )
    note_connection(work)
    rows = {number_text(one.series, one.receipt_no): _own_row(one) for one in own}
    for row in others.rows:
        rows.setdefault(row.number, (row.at, row.total, row.goods, row.utc_offset_min))
    newest = sorted(rows.items(), key=lambda pair: pair[1][0], reverse=True)[: query.limit]
    if not newest:
        where = phrase(" here (no server)") if others.source is Source.OFFLINE else ""
        return work.refuse(phrase("No receipt fits{where}. Type another date, amount or name.", where))
    return _list(work, newest, others.source)


def _own_row(one: ReceiptFacts) -> tuple[str, int, str, int]:
    return one.at, one.total, one.lines[0].name if one.lines else "", one.utc_offset_min


def _list(work: Work, rows: list[tuple[str, tuple[str, int, str, int]]], source: Source) -> Reply:
    offset = work.ports.clock.utc_offset_min()
    choices = tuple(
        Choice(
            str(place),
            f"{number.partition('-')[2]} {local_text(at, offset)[5:16]} {goods}",
            f"{work.money(total):>8}",
        )
        for place, (number, (at, total, goods, _)) in enumerate(rows, start=1)
    )
    line = phrase("Enter opens the selected one; or type its number in the list.")
    if source is Source.OFFLINE and not work.online:
        line = phrase("Only receipts of this register: the server does not answer.")
    numbers = [number for number, _ in rows]
    work.ask(
        FOUND,
        phrase("Receipts"),
        Entry.CHOICE,
        lines=(line,),
        choices=choices,
        numbers=msgspec.json.encode(numbers).decode("utf-8"),
    )
    return select(work, "first")


async def _answer_found(work: Work, asked: Asked, text: str) -> Reply:
    numbers: list[str] = msgspec.json.decode(asked.facts["numbers"])
    text = text.strip() or asked.question.selected
    if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= len(numbers):
        return await open_receipt(work, numbers[int(text[:4]) - 1])
    return await take_receipt(work, text, scanned=False)


def select(work: Work, where: str) -> Reply:
    """Arrow keys in a list of receipts or of lines."""
    asked = work.state.asked
    if asked is None or not asked.question.choices:
        return DONE
    if asked.question.kind == return_picker.LINES:
        return return_picker.move(work, asked, where)
    if asked.question.kind != FOUND:
        return DONE
    last = len(asked.question.choices)
    now = int(asked.question.selected or 1)
    steps = {"up": -1, "down": 1, "page_up": -10, "page_down": 10, "first": -last, "last": last}
    row = min(max(now + steps.get(where, 0), 1), last)
    question = msgspec.structs.replace(asked.question, selected=str(row))
    work.put(asked=msgspec.structs.replace(asked, question=question))
    return DONE


def _day(text: str, year_now: int) -> str:
    """A typed date as ISO: 2026-11-24, 24.11.2026, 24.11.; empty when it is none."""
    parts = text.strip(".").split(".") if "." in text else text.split("-")[::-1]
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return ""
    if "." in text and len(parts) == 2 and not text.endswith("."):
        return ""  # 13.26 is an amount
    day, month, year = (*map(int, parts), 0)[:3]
    try:
        return calendar(year or year_now, month, day).isoformat()
    except ValueError:
        return ""
