"""Inventory look-up (801): how much the stores have of a product, and how old each figure is."""

from collections.abc import Iterator

from store.database.errors import DatabaseTrouble
from store.gateway.gateway import ItemUnknown, Source
from store.gateway.stock import StockAnswer
from store.register.session.line_facts_desk import item_of, selected
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry
from store.sale.item import Item
from store.sale.language import counted, phrase
from store.sale.moment import local_text, utc_text

ASK, PANEL = "inventory_code", "inventory"
ROWS = 14
"""Stores on the panel; the register's own comes first, then those that have most."""
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000


async def begin(work: Work, text: str) -> Reply:
    """801 of the typed code, of the selected line, or of the next code."""
    if text:
        return await show(work, text)
    found = selected(work)
    if not isinstance(found, str) and found[1].sku:
        return await show(work, found[1].sku)
    return work.ask(
        ASK,
        phrase("Inventory look-up"),
        Entry.CODE,
        lines=(phrase("Scan an item, or type its code and Enter."),),
    )


async def show(work: Work, code: str) -> Reply:
    """The figures of the product behind a code, as a panel over the sale."""
    work.put(asked=None)
    found = await item_of(work, code)
    if isinstance(found, str):
        return work.refuse(found)
    if isinstance(found, ItemUnknown):
        return work.refuse(phrase("{code} is not on file.", code[:40]))
    try:
        answer = await work.ports.stock.find(found.item.sku)
    except DatabaseTrouble as error:
        return work.refuse(phrase("The offline catalog cannot be read ({error}).", error))
    work.ask(PANEL, phrase("Inventory"), Entry.CODE, lines=tuple(stock_lines(work, found.item, answer)))
    return DONE


def stock_lines(work: Work, item: Item, answer: StockAnswer) -> Iterator[str]:
    """One row a store, this one first, with the age of the figure; then what is not known and why."""
    yield f"{item.name}   {item.sku}"
    own = work.ports.config.register.partition("-")[0]
    rows = sorted(answer.rows, key=lambda row: (row.store != own, -_number(row.quantity), row.store))
    for row in rows[:ROWS]:
        here = phrase(" (here)") if row.store == own else f" {row.name}" if row.name else ""
        yield f"{row.store}{here}: {row.quantity} {item.unit}, {age_words(work, row.as_of_ms)}"
    if not rows:
        yield phrase("Nothing is known of its stock.")
    if len(rows) > ROWS:
        yield phrase("{value} more stores have less.", len(rows) - ROWS)
    if answer.source is Source.OFFLINE:
        yield phrase("Last known here. The other stores are asked when the server answers.")
    elif not answer.everywhere:
        yield phrase("Headquarters does not answer, so the other stores are not known.")


def age_words(work: Work, at_ms: int) -> str:
    """When a figure was taken, and how long ago that is."""
    if not at_ms:
        return phrase("of an unknown time")
    moment = local_text(utc_text(at_ms), work.ports.clock.utc_offset_min())[:16]
    age_ms = max(work.now_ms - at_ms, 0)
    if age_ms >= DAY_MS:
        days = age_ms // DAY_MS
        return f"{moment} ({counted('{n} day ago', '{n} days ago', days)})"
    if age_ms >= HOUR_MS:
        return phrase("{moment} ({hours} h ago)", moment, age_ms // HOUR_MS)
    return phrase("{moment} ({value} min ago)", moment, age_ms // MINUTE_MS)


def _number(quantity: str) -> float:
    try:
        return float(quantity)
    except ValueError:
        return 0.0
