"""Selling: a code becomes a line, or a sentence that says why not and what to do."""

from collections.abc import Sequence

from msgspec.structs import replace

from store.database.errors import DatabaseTrouble
from store.gateway.gateway import ItemFound, ItemUnknown, Source
from store.register.intents import OutcomeKind
from store.register.operations import Permission
from store.register.session import customer_desk, goods_questions
from store.register.session.offers_desk import offers_now
from store.register.session.sale_department import sell_department
from store.register.session.sale_lines import set_quantity
from store.register.session.sale_open import (
    begin_transaction,
    note_connection,
    opened,
    take_line,
    without_server,
)
from store.register.session.to_sell import ToSell, as_text, waiting
from store.register.session.work import DONE, Reply, Work
from store.register.view import Entry
from store.sale import selling
from store.sale.barcode import BadCheckDigit, BadLabel, LabelReading, classify, lookup_keys, read_label
from store.sale.item import Item, ItemKey, KeyKind
from store.sale.language import phrase
from store.sale.money import parse_amount
from store.sale.offer import holding, offered_price
from store.sale.quantity import parse_quantity
from store.sale.refusal import PriceNeeded, SaleRefused, ZeroPriceRefused
from store.sale.sale import Sale
from store.sale.text import printable

CODE_LIMIT = 64
"""Longer than any code a product carries."""


async def sell_text(work: Work, text: str) -> Reply:
    """`CODE`, `N*CODE` or `N*`, typed or scanned."""
    count, star, code = text.rpartition("*")
    if not star:
        return await sell(work, text, "")
    quantity = parse_quantity(count)
    if quantity is None:
        return work.keep(text, phrase("before the * belongs a quantity, as in 3*4006381333931."))
    if not code:
        return set_quantity(work, count)
    return await sell(work, code, quantity)


async def sell(work: Work, code: str, quantity: str) -> Reply:
    """Look a code up and sell what it stands for; without a quantity one of it, or what it weighs."""
    if not work.may(Permission.SELL):
        return work.lacks(Permission.SELL, phrase("Selling"))
    label = read_label(code, work.policy.label_rules)
    if isinstance(label, BadLabel):
        return work.keep(code, phrase("its price or weight is misread. Scan it again, or type it in."))
    if label is not None and quantity not in ("", "1"):
        return work.keep(code, phrase("its label tells the quantity. Scan it once for each piece."))
    if hindered := await begin_transaction(work):
        return work.keep(code, hindered)
    found = await look_up(work, code, label)
    if isinstance(found, str):
        return work.keep(code, found)
    if isinstance(found, ItemUnknown):
        return (await customer_desk.scanned(work, code)) or unknown(work, code, found)
    return await sell_item(work, found.item, code, quantity, found.source, label)


async def look_up(work: Work, code: str, label: LabelReading | None) -> ItemFound | ItemUnknown | str:
    """Ask the shop's data; a server that dies meanwhile is noted in the sale. A sentence when the catalog fails."""
    try:
        return await work.ports.gateway.find_item(keys_of(code, label))
    except DatabaseTrouble as error:
        return phrase("the offline catalog cannot be read ({error}). Ins sells it by department.", error)
    finally:
        note_connection(work)


def keys_of(code: str, label: LabelReading | None) -> Sequence[ItemKey]:
    """By what an item may be found, best first; of a label only the item's part counts."""
    if label is None:
        return lookup_keys(code)
    plain = label.item.lstrip("0") or "0"
    return (
        label.key,
        ItemKey(KeyKind.SKU, label.item),
        ItemKey(KeyKind.PLU, label.item),
        ItemKey(KeyKind.PLU, plain),
    )


def unknown(work: Work, code: str, answer: ItemUnknown) -> Reply:
    """Nobody knows the code: say so, keep it, and let the queue go on."""
    kind = classify(code)
    if isinstance(kind, BadCheckDigit):
        why = phrase("its last digit is wrong ({expected} would fit). Scan it again.", kind.expected)
        return work.keep(code, why)
    if answer.source is Source.OFFLINE and (hindered := without_server(work)):
        return work.keep(code, hindered)
    work.put(last_unknown=printable(code))
    where = phrase("is not on file offline") if answer.source is Source.OFFLINE else phrase("is not on file")
    return work.keep(code, phrase("{where}. Ins sells it by department.", where), OutcomeKind.UNKNOWN)


async def sell_item(
    work: Work, item: Item, code: str, quantity: str, source: Source, label: LabelReading | None = None
) -> Reply:
    """Add the line, with the deposit that goes with it, or ask for what is missing."""
    deposit = await goods_questions.deposit_of(work, item)
    if isinstance(deposit, str):
        return work.keep(code, deposit)
    goods = ToSell(item=item, code=code, quantity=quantity, source=source, label=label, deposit=deposit)
    return sell_goods(work, goods)


def sell_goods(work: Work, goods: ToSell) -> Reply:
    """Add the line, or ask for the next thing that is missing."""
    item = goods.item
    if item.blocked:
        return work.keep(goods.code, selling.blocked_words(item))
    if goods_questions.needs_age(work, goods):
        return goods_questions.ask_age(work, goods)
    if goods.label is None and not goods.quantity and is_weighed(item):
        return ask_weight(work, goods)
    try:
        sale = with_line_of(work, opened(work), goods)
        if (asked := goods_questions.ask_facts(work, goods)) is not None:
            return asked
        n = len(sale.lines)
        sale = goods_questions.completed(work, sale, goods)
    except PriceNeeded:
        return ask_price(work, goods)
    except ZeroPriceRefused as refusal:
        return ask_zero_price(work, goods, str(refusal))
    except SaleRefused as refusal:
        return work.keep(goods.code, str(refusal))
    return take_line(work, sale, n)


def with_line_of(work: Work, sale: Sale, goods: ToSell) -> Sale:
    """The sale with the goods as its last line. Raises what `selling.add_line` does."""
    offset_min = work.ports.clock.utc_offset_min()
    offers = holding(goods.item.offers, work.now_ms, offset_min) if goods.item.offers else ()
    source = goods.source.value
    if goods.label is not None:
        return selling.add_label_line(
            sale, work.policy, goods.item, goods.label, goods.code, source, offers=offers
        )
    return selling.add_line(
        sale,
        work.policy,
        goods.item,
        goods.quantity or "1",
        goods.code,
        source,
        goods.price,
        zero_confirmed=goods.zero_confirmed,
        offers=offers,
    )


def is_weighed(item: Item) -> bool:
    """Whether one of it says nothing: goods sold by weight."""
    return item.weighed or item.unit in ("kg", "g")


def ask_weight(work: Work, goods: ToSell) -> Reply:
    """Weighed goods without a label wait for their weight; they are never sold as one kilogram silently."""
    lines = (goods.item.name, phrase("Type the weight in {unit} and Enter.", goods.item.unit))
    return work.ask("weight", phrase("Weight"), Entry.QUANTITY, lines=lines, goods=as_text(goods))


async def answer_weight(work: Work, facts: dict[str, str], text: str) -> Reply:
    """The weight of goods that have no label."""
    asked = work.state.asked
    if hindered := await begin_transaction(work):
        return work.refuse(hindered)
    goods = waiting(facts)
    decimals = selling.decimals_of(goods.item)
    try:
        quantity = selling.checked_quantity(text, True, goods.item.name, decimals)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    work.put(asked=None)
    reply = sell_goods(work, replace(goods, quantity=quantity))
    if reply.kind is OutcomeKind.REFUSED and work.state.asked is None:
        work.put(asked=asked)
    return reply


def ask_price(work: Work, goods: ToSell) -> Reply:
    """An open-price item waits for its price."""
    lines = (goods.item.name, phrase("Type the price of one and Enter."))
    return work.ask("price", phrase("Price"), Entry.AMOUNT, lines=lines, goods=as_text(goods))


def ask_zero_price(work: Work, goods: ToSell, why: str) -> Reply:
    """A price of zero may be right, but somebody says so."""
    return work.ask(
        "zero_price",
        phrase("Price of zero"),
        Entry.NOTHING,
        lines=(why,),
        answers=(
            phrase("Yes, sell it"),
            phrase("No"),
        ),
        goods=as_text(goods),
    )


async def answer_price(work: Work, facts: dict[str, str], text: str) -> Reply:
    """The price of an open-price item or of goods sold by department, in main units."""
    price = parse_amount(text, work.policy.currency)
    if price is None:
        return work.refuse(phrase("{text} is no price. Type an amount such as 1.29.", repr(text[:20])))
    asked = work.state.asked
    if hindered := await begin_transaction(work):
        return work.refuse(hindered)
    if "department" in facts:
        reply = sell_department(work, facts, price)
    else:
        work.put(asked=None)
        reply = sell_goods(work, replace(waiting(facts), price=price))
    if reply.kind is OutcomeKind.REFUSED and work.state.asked is None:
        work.put(asked=asked)
    return reply


def answer_zero_price(work: Work, facts: dict[str, str], yes: bool) -> Reply:
    """F5 sells at zero, F6 does not."""
    if not yes:
        work.say(phrase("Not sold."))
        return DONE
    return sell_goods(work, replace(waiting(facts), zero_confirmed=True))


async def check_price(work: Work, text: str) -> Reply:
    """Say what a code costs; begins no transaction and sells nothing."""
    label = read_label(text, work.policy.label_rules)
    reading = label if isinstance(label, LabelReading) else None
    found = await look_up(work, text, reading)
    work.put(asked=None)
    if isinstance(found, str):
        return work.refuse(f"{text[:CODE_LIMIT]}: {found}")
    if isinstance(found, ItemUnknown):
        where = phrase("not on file offline") if found.source is Source.OFFLINE else phrase("not on file")
        return work.refuse(phrase("{text} is {where}.", text[:CODE_LIMIT], where))
    item = found.item
    price = (
        phrase("no fixed price")
        if item.open_price
        else phrase("{price} per {unit}", work.money(item.price), item.unit)
    )
    offered = offered_price(offers_now(work, item), item.price)
    if offered != item.price and not item.open_price:
        price = phrase("{price}, now {offered}", price, work.money(offered))
    blocked = phrase(" Must not be sold: {blocked}", item.blocked) if item.blocked else ""
    work.say(phrase("Price check: {name}, {price}.{blocked}", item.name, price, blocked))
    return DONE


def ask_price_check(work: Work) -> Reply:
    """F3 on an empty entry line: the next scan is only looked up."""
    return work.ask(
        "price_check",
        phrase("Price check"),
        Entry.CODE,
        lines=(phrase("Scan an item, or type its code and Enter."),),
    )
