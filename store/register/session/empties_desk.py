"""Return of empties (9150): each scan takes the deposit of a bottle or crate back, until Esc."""

from store.gateway.gateway import ItemUnknown, Source
from store.register.operations import Permission
from store.register.session import goods_questions
from store.register.session.sale_desk import CODE_LIMIT, look_up, unknown
from store.register.session.sale_open import begin_transaction, opened, take_line
from store.register.session.work import Reply, Work
from store.register.view import Entry
from store.sale import goods as rules
from store.sale.item import Item
from store.sale.language import phrase
from store.sale.quantity import parse_quantity
from store.sale.refusal import SaleRefused

KIND = "empties"
ONE = "1"


async def begin(work: Work, text: str) -> Reply:
    """9150, with a code or with nothing: then every scan is one, `6*CODE` six, and Esc ends it."""
    if text:
        return await take(work, text)
    return work.ask(
        KIND,
        phrase("Return of empties"),
        Entry.CODE,
        lines=(
            phrase("Scan the empties one by one, or type 6*CODE."),
            phrase("Esc when all are taken."),
        ),
    )


async def take(work: Work, text: str) -> Reply:
    """A bottle with a deposit, or the deposit itself: a line below zero."""
    if not work.may(Permission.SELL):
        return work.lacks(Permission.SELL, phrase("Return of empties"))
    count, star, code = text.rpartition("*")
    quantity = parse_quantity(count) if star else ONE
    if quantity is None or not code:
        return work.keep(text[:CODE_LIMIT], phrase("before the * belongs a quantity, as in 6*4006381333931."))
    if hindered := await begin_transaction(work):
        return work.keep(code, hindered)
    found = await look_up(work, code, None)
    if isinstance(found, str):
        return work.keep(code, found)
    if isinstance(found, ItemUnknown):
        return unknown(work, code, found)
    deposit = await deposit_for(work, found.item)
    if isinstance(deposit, str):
        return work.keep(code, deposit)
    return _take_line(work, deposit, quantity, code, found.source)


async def deposit_for(work: Work, item: Item) -> Item | str:
    """The deposit to give back for an item, or a sentence why there is none."""
    if item.detail.empties:
        return item
    deposit = await goods_questions.deposit_of(work, item)
    return phrase("{name} has no deposit to give back.", item.name) if deposit is None else deposit


def _take_line(work: Work, deposit: Item, quantity: str, code: str, source: Source) -> Reply:
    try:
        sale = rules.take_empties(opened(work), work.policy, deposit, quantity, code, source.value)
    except SaleRefused as refusal:
        return work.keep(code, str(refusal))
    return take_line(work, sale)
