"""Stock count (802): each scan counts one more, `12*CODE` twelve; the word `end` records it as one document.

The count is part of the till's state, so that a killed core goes on counting; Esc leaves it, and 802 goes on with it.
"""

from msgspec.structs import replace

from store.gateway.gateway import ItemUnknown
from store.register.journal.entry import PrintJob
from store.register.operations import Permission
from store.register.session.line_facts_desk import item_of
from store.register.session.till import TillEvent, after
from store.register.session.work import DONE, SOLD, Reply, Work
from store.register.view import Entry, Tone
from store.sale import stock_count
from store.sale.language import phrase
from store.sale.moment import utc_text
from store.sale.quantity import parse_quantity
from store.sale.refusal import SaleRefused
from store.sale.text import printable

KIND, FINISH = "stock_count", "stock_count_end"
SHOWN = 6
"""Items of the count in sight, the last one first."""
END_WORDS = ("end", "ende")


def begin(work: Work, text: str) -> Reply:
    """802: count, or go on with the count that was left; a typed text names the place."""
    if work.state.count is None:
        work.put(count=stock_count.begun(work.fresh_id(), work.now_ms, text))
    return _ask(work)


def _ask(work: Work) -> Reply:
    count = work.state.count
    assert count is not None
    rows = sorted(count.rows, key=lambda row: row.sku != count.last)[:SHOWN]
    lines = (
        phrase("Scan, or type 12*CODE; 7* sets the last item to 7, 0* takes it out."),
        phrase("end and Enter finishes the count; Esc leaves it for later (802)."),
        phrase("{count} items, {pieces_of} counted", len(count.rows), stock_count.pieces_of(count)),
        *(printable(f"{row.quantity} {row.unit}  {row.name}") for row in rows),
    )
    asked = work.state.asked
    if asked is not None and asked.question.kind == KIND:
        # The same question goes on: what is scanned while the screen still shows the last count answers it too.
        work.put(asked=replace(asked, question=replace(asked.question, lines=lines)))
        return DONE
    place = f" of {count.place}" if count.place else ""
    return work.ask(KIND, phrase("Stock count{place}", place), Entry.CODE, lines=lines)


async def answer(work: Work, text: str, *, scanned: bool) -> Reply:
    """A code, a quantity for the last item, or the word that ends the count."""
    count = work.state.count
    if count is None or not text:
        return DONE
    if not scanned and text.casefold() in END_WORDS:
        return _ask_finish(work)
    number, star, code = text.rpartition("*")
    quantity = parse_quantity(number) if star else "1"
    if quantity is None:
        return work.keep(text, phrase("before the * belongs a quantity, as in 12*4006381333931."))
    if star and not code:
        return _set(work, number)
    found = await item_of(work, code)
    if isinstance(found, str):
        return work.keep(code, found)
    if isinstance(found, ItemUnknown):
        return work.keep(code, phrase("is not on file, so it cannot be counted."))
    try:
        changed = stock_count.counted(count, found.item, quantity, code)
    except SaleRefused as refusal:
        return work.keep(code, str(refusal))
    return _put(work, changed, SOLD)


def _set(work: Work, quantity: str) -> Reply:
    count = work.state.count
    assert count is not None
    try:
        changed = stock_count.set_last(count, quantity)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    return _put(work, changed, DONE)


def _put(work: Work, count: stock_count.StockCount, reply: Reply) -> Reply:
    work.put(count=count)
    _ask(work)
    row = count.last_row
    work.say(
        f"{row.quantity} {row.unit} {row.name}" if row is not None else phrase("Taken out of the count.")
    )
    return reply


def _ask_finish(work: Work) -> Reply:
    count = work.state.count
    assert count is not None
    if not count.rows:
        work.put(count=None, asked=None)
        work.say(phrase("Nothing was counted; the count is gone."))
        return DONE
    return work.ask(
        FINISH,
        phrase("Finish the stock count?"),
        Entry.NOTHING,
        lines=(
            phrase(
                "{count} items, {pieces_of} counted. It goes to headquarters.",
                len(count.rows),
                stock_count.pieces_of(count),
            ),
        ),
        answers=(
            phrase("Finish it"),
            phrase("Go on counting"),
        ),
    )


async def answer_finish(work: Work, yes: bool) -> Reply:
    """F5 records the document, F6 goes on."""
    count = work.state.count
    if count is None:
        return DONE
    if not yes:
        return _ask(work)
    if not work.may(Permission.STOCK_COUNT):
        return work.lacks(Permission.STOCK_COUNT, phrase("Stock count"))
    following = replace(
        work.state, till=after(work.state.till, TillEvent.SHIFT_WORK_DONE), count=None, asked=None
    )
    job = PrintJob(job_id=work.fresh_id(), kind="report", document_kind="stock_count")
    body = stock_count.count_body(count, utc_text(count.begun_ms))
    work.slip = await work.commit("stock.count", following, body, txn_id=count.count_id, jobs=(job,))
    if work.slip is None:
        return work.refuse(work.message.text)
    work.say(phrase("The count of {count} items is recorded.", len(count.rows)), Tone.INFO)
    return DONE
