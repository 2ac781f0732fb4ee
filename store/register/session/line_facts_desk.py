"""What is said about the selected line: unit of measure (123), serial number (136), weight (110); its details (922)."""

from collections.abc import Iterator

from msgspec.structs import replace

from store.database.errors import DatabaseTrouble
from store.gateway.gateway import ItemFound, ItemUnknown
from store.register.intents import OutcomeKind
from store.register.session.sale_desk import keys_of
from store.register.session.sale_lines import ask_quantity, set_quantity
from store.register.session.sale_open import note_connection, put_sale
from store.register.session.state import Asked
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry
from store.sale import goods as rules
from store.sale.item import Item
from store.sale.language import later, phrase
from store.sale.line_change import find_line
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale, SaleLine
from store.sale.units import SoldUnit, units_of

UNIT, SERIAL = "unit", "line_serial"
QUESTIONS = frozenset({UNIT, SERIAL})
DETAILS = "product_details"
"""A question that wants nothing: a scan or typed text closes it and does what it always does."""
NOTHING_SOLD = later("There is no sale open. Scan an item first.")


def selected(work: Work) -> tuple[Sale, SaleLine] | str:
    """The open sale and its selected line, or why there is none."""
    sale = work.state.sale
    if sale is None:
        return phrase(NOTHING_SOLD)
    try:
        return sale, find_line(sale, work.state.selected)
    except SaleRefused as refusal:
        return str(refusal)


async def item_of(work: Work, code: str) -> ItemFound | ItemUnknown | str:
    """What is on file under a code; a sentence when the catalog fails."""
    try:
        return await work.ports.gateway.find_item(keys_of(code, None))
    except DatabaseTrouble as error:
        return phrase("The offline catalog cannot be read ({error}).", error)
    finally:
        note_connection(work)


# ---- 123


async def unit(work: Work, text: str) -> Reply:
    """123: choose among the units that the product is sold in, or the one whose name was typed."""
    found = selected(work)
    if isinstance(found, str):
        return work.refuse(found)
    line = found[1]
    units = await units_for(work, line)
    if isinstance(units, str):
        return work.refuse(units)
    if text:
        return _change_unit(work, line.n, units, text)
    choices = tuple(
        Choice(str(number), f"{one.unit}   {work.money(one.price)}{_holds(one, units[0].unit)}")
        for number, one in enumerate(units, start=1)
    )
    return work.ask(
        UNIT,
        phrase("Unit of measure"),
        Entry.CHOICE,
        lines=(
            phrase("{name}, now in {unit}", line.name, line.unit),
            phrase("Type the number of the unit and Enter."),
        ),
        choices=choices,
        n=str(line.n),
    )


async def units_for(work: Work, line: SaleLine) -> tuple[SoldUnit, ...] | str:
    """The units of a line's product as they are on file now; a sentence where there is no other."""
    item = await item_of(work, line.sku) if line.sku else None
    if isinstance(item, str):
        return item
    if not isinstance(item, ItemFound) or item.item.sku != line.sku:
        return phrase("{name} is not on file, so its units are not known.", line.name)
    units = units_of(item.item, item.item.price, work.policy.currency)
    return units if len(units) > 1 else phrase("{name} is sold in {unit} only.", line.name, line.unit)


def _holds(one: SoldUnit, own: str) -> str:
    return "" if one.factor == "1" else f"   = {one.factor} {own}"


def _change_unit(work: Work, n: int, units: tuple[SoldUnit, ...], text: str) -> Reply:
    named = [one for one in units if one.unit.casefold() == text.casefold()]
    if not named and text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= len(units):
        named = [units[int(text[:4]) - 1]]
    sale = work.state.sale
    if not named or sale is None:
        return work.refuse(phrase("Type a number from 1 to {count}.", len(units)))
    try:
        changed = rules.change_unit(sale, work.policy, n, named[0])
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    put_sale(work, changed)
    line = changed.lines[n - 1]
    work.say(f"{line.quantity} {line.unit} {line.name}   {work.money(line.amount)}")
    return DONE


# ---- 136


def serial(work: Work, text: str) -> Reply:
    """136: the serial number of the piece on the selected line."""
    found = selected(work)
    if isinstance(found, str):
        return work.refuse(found)
    line = found[1]
    if text:
        return _set_serial(work, line.n, text)
    has = (
        phrase("It is {serial}; - takes it away.", line.serial)
        if line.serial
        else phrase("Scan or type it and Enter.")
    )
    return work.ask(SERIAL, phrase("Serial number"), Entry.CODE, lines=(line.name, has), n=str(line.n))


def _set_serial(work: Work, n: int, text: str) -> Reply:
    sale = work.state.sale
    assert sale is not None
    try:
        changed = rules.set_serial(sale, n, "" if text == "-" else text)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    put_sale(work, changed)
    number = changed.lines[n - 1].serial
    work.say(
        phrase("Serial number {number} noted.", number) if number else phrase("Serial number taken away.")
    )
    return DONE


# ---- 110


def weigh(work: Work, text: str) -> Reply:
    """110: the weight (or measure) of the selected line."""
    found = selected(work)
    if isinstance(found, str):
        return work.refuse(found)
    line = found[1]
    if not line.measured:
        return work.refuse(phrase("{name} is sold by the piece. Type its quantity with F4.", line.name))
    return set_quantity(work, text) if text else ask_quantity(work)


async def answer(work: Work, asked: Asked, text: str) -> Reply:
    """The answer to a question of this desk; a refused one leaves the question open."""
    n = int(asked.facts["n"])
    work.put(asked=None)
    if asked.question.kind == SERIAL:
        reply = _set_serial(work, n, text)
    else:
        sale = work.state.sale
        assert sale is not None
        units = await units_for(work, sale.lines[n - 1])
        reply = work.refuse(units) if isinstance(units, str) else _change_unit(work, n, units, text)
    if reply.kind is OutcomeKind.REFUSED and work.state.asked is None:
        work.put(asked=asked)
    return reply


# ---- 922


async def details(work: Work, text: str) -> Reply:
    """922: what is on file about the typed code, or about the selected line's product."""
    line = None
    if not text:
        found = selected(work)
        if isinstance(found, str):
            return work.refuse(phrase("Type a code, or select a line of the sale."))
        line = found[1]
        if not line.sku:
            return work.refuse(
                phrase("{name} was sold by department; nothing is on file about it.", line.name)
            )
    answer_ = await item_of(work, text or (line.sku if line is not None else ""))
    if isinstance(answer_, str):
        return work.refuse(answer_)
    if isinstance(answer_, ItemUnknown):
        return work.refuse(
            phrase("{text} is not on file.", text[:40])
            if text
            else phrase("The product is no longer on file.")
        )
    lines = tuple(detail_lines(work, answer_.item, line))
    reply = work.ask(DETAILS, phrase("Product details"), Entry.CODE, lines=lines)
    asked = work.state.asked
    assert asked is not None
    work.put(asked=replace(asked, facts={"sku": answer_.item.sku}))
    return reply


def detail_lines(work: Work, item: Item, line: SaleLine | None) -> Iterator[str]:
    """What a cashier can tell about a product."""
    money = work.money
    yield item.name
    price = (
        phrase("typed at the till")
        if item.open_price
        else phrase("{price} per {unit}", money(item.price), item.unit)
    )
    yield phrase(
        "Number {sku}{what}   Price {price}",
        item.sku,
        phrase(", PLU {plu}", item.plu) if item.plu else "",
        price,
    )
    yield phrase("Department {department}   Tax {tax}", item.department or "-", item.tax or "-")
    for one in units_of(item, item.price, work.policy.currency)[1:]:
        yield phrase(
            "Also in {unit} of {factor} {unit_2}: {price}", one.unit, one.factor, item.unit, money(one.price)
        )
    facts = item.detail
    if facts.deposit:
        yield phrase("Deposit: product {deposit}", facts.deposit)
    if facts.min_age:
        yield phrase("From age {min_age}", facts.min_age)
    if facts.serial != "no":
        yield phrase("Serial number {serial}", facts.serial)
    if line is not None and line.serial:
        yield phrase("Serial number {serial}", line.serial)
    if item.blocked:
        yield phrase("Must not be sold: {blocked}", item.blocked)
    yield from facts.description.splitlines()[:8]
