"""109: goods come back without a receipt: the next item scanned, or the selected line; with a reason, within limits.

Nothing can be checked against an original, so the price is today's, and the limits of the role hold: so much on one
line, so much in a shift. Somebody with wider limits may allow more.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from store.gateway.gateway import ItemFound, Source
from store.register.journal.errors import JournalError
from store.register.operations import Permission
from store.register.session.offers_desk import offers_now
from store.register.session.return_picker import reason_of
from store.register.session.sale_desk import is_weighed, look_up
from store.register.session.sale_open import begin_transaction, opened, put_sale
from store.register.session.state import Asked
from store.register.session.work import DONE, SOLD, Reply, Work
from store.register.view import Choice, Entry
from store.sale import selling
from store.sale.barcode import BadLabel, LabelReading, read_label
from store.sale.item import Item
from store.sale.language import phrase
from store.sale.limits import Limits
from store.sale.line_change import find_line
from store.sale.money import parse_amount
from store.sale.quantity import parse_quantity
from store.sale.refusal import PriceNeeded, SaleRefused
from store.sale.sale import Sale, SaleLine
from store.sale.shift import came_back
from store.sale.taking_back import take_back_item, turn_line

OPERATION = 109
ITEM, PRICE, WEIGHT, REASON = "blind_item", "blind_price", "blind_weight", "blind_reason"
QUESTIONS = frozenset({ITEM, PRICE, WEIGHT, REASON})
Facts = dict[str, str]


async def begin(work: Work, text: str) -> Reply:
    """109 with the code that stood in the entry line, or the question for one."""
    if not work.may(Permission.RETURN_WITHOUT_RECEIPT):
        return work.lacks(Permission.RETURN_WITHOUT_RECEIPT, phrase("Return without receipt"))
    if text:
        return await take_code(work, text)
    lines = [phrase("Scan the item that comes back, or type its code and Enter.")]
    line = _selected(work)
    if line is not None:
        lines.append(phrase("Enter alone: line {n}, {name}, comes back.", line.n, line.name[:40]))
    return work.ask(ITEM, phrase("Return without receipt"), Entry.CODE, lines=tuple(lines))


async def answer(work: Work, asked: Asked, text: str, *, scanned: bool) -> Reply:
    """The answer to a question of this desk; a refused one leaves the question open."""
    kind, facts = asked.question.kind, dict(asked.facts)
    if kind == ITEM:
        return await _answer_item(work, text)
    if scanned:
        return work.keep(text, phrase("refused while the question is open. Answer it first."))
    if not text.strip():
        return DONE
    if kind == PRICE:
        price = parse_amount(text, work.policy.currency)
        if price is None:
            return work.refuse(phrase("{text} is no price. Type an amount such as 1.29.", repr(text[:20])))
        return _ask_reason(work, {**facts, "price": str(price)})
    if kind == WEIGHT:
        try:
            weight = selling.checked_quantity(text, measured=True, name=_item(facts).name)
        except SaleRefused as refusal:
            return work.refuse(str(refusal))
        return _ask_reason(work, {**facts, "quantity": weight})
    reason = reason_of(work.policy.returns.reasons, text)
    if not reason:
        return work.refuse(phrase("Type a number from 1 to {count}.", len(work.policy.returns.reasons)))
    return await take(work, facts, reason)


async def take_code(work: Work, text: str) -> Reply:
    """A code, with a quantity in front of a * if there are several; then what is missing is asked for."""
    count, star, code = text.strip().rpartition("*")
    quantity = parse_quantity(count) if star else "1"
    if quantity is None or quantity == "0" or not code:
        return work.refuse(phrase("Type the code that comes back, or 3*CODE for three of it."))
    label = read_label(code, work.policy.label_rules)
    if isinstance(label, BadLabel):
        return work.keep(code, phrase("its price or weight is misread. Scan it again, or type it in."))
    if hindered := await begin_transaction(work):
        return work.keep(code, hindered)
    found = await look_up(work, code, label)
    if isinstance(found, str):
        return work.keep(code, found)
    if not isinstance(found, ItemFound):
        return work.keep(code, phrase("is not on file; it comes back with its receipt only."))
    facts = {
        "code": code,
        "quantity": quantity,
        "item": msgspec.json.encode(found.item).decode("utf-8"),
        "source": found.source.value,
        "label": "1" if label is not None else "",
    }
    if label is None and found.item.open_price:
        return _ask(
            work, PRICE, Entry.AMOUNT, found.item.name, phrase("Type the price of one and Enter."), facts
        )
    if label is None and is_weighed(found.item) and not star:
        what = phrase("Type the weight in {unit} and Enter.", found.item.unit)
        return _ask(work, WEIGHT, Entry.QUANTITY, found.item.name, what, facts)
    return _ask_reason(work, facts)


async def take(work: Work, facts: Facts, reason: str) -> Reply:
    """Put what comes back onto the sale, within the limits of whoever is at the till."""
    if hindered := await begin_transaction(work):
        return work.refuse(hindered)
    try:
        sale, n = _with_return(work, facts, reason)
        back, in_shift = -sale.lines[n - 1].gross, await taken_in_shift(work, sale)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    except JournalError as error:
        return work.refuse(error.sentence)
    limits = work.limits()
    if not _allows(limits, back, in_shift):
        return work.beyond(OPERATION, _why(work, limits, back), lambda wider: _allows(wider, back, in_shift))
    line = sale.lines[n - 1]
    work.put(asked=None)
    put_sale(work, sale)
    work.select(n)
    work.say(phrase("Return: {name}   {gross}", line.name[:40], work.money(line.gross)))
    return SOLD


async def taken_in_shift(work: Work, sale: Sale) -> int:
    """What goods without a receipt gave back so far: by this person in this shift, and on the open sale."""
    shift, person = work.state.shift, work.state.operator
    payloads = await work.ports.journal.shift_payloads(shift.shift_id) if shift is not None else []
    number = person.number if person is not None else ""
    recorded = sum(_blind(one) for one in payloads if one["kind"] == "sale" and one["operator"] == number)
    return recorded - sum(
        line.gross
        for line in sale.live_lines
        if line.is_return and line.returns_of is None and not line.empties
    )


def _blind(payload: Mapping[str, Any]) -> int:
    """What a record gave back for goods without a receipt."""
    if "voids_of" in payload:
        return 0
    return -sum(int(line["gross"]) for line in came_back(payload["lines"]) if "returns_of" not in line)


def _allows(limits: Limits, back: int, in_shift: int) -> bool:
    one = not limits.return_amount or back <= limits.return_amount
    return one and (not limits.return_shift or in_shift <= limits.return_shift)


def _why(work: Work, limits: Limits, back: int) -> str:
    if limits.return_amount and back > limits.return_amount:
        return phrase(
            "At most {return_amount} on a line without receipt.",
            work.money(limits.return_amount),
        )
    return phrase("At most {return_shift} in a shift without receipt.", work.money(limits.return_shift))


def _with_return(work: Work, facts: Facts, reason: str) -> tuple[Sale, int]:
    """The sale with the goods coming back, and their line. Raises SaleRefused."""
    if "line" in facts:
        if work.state.sale is None:
            raise SaleRefused(phrase("There is no sale open. Scan the item that comes back."))
        n = int(facts["line"])
        return turn_line(work.state.sale, n, reason), n
    sale, item, source = opened(work), _item(facts), Source(facts["source"])
    if facts["label"]:
        label = read_label(facts["code"], work.policy.label_rules)
        if not isinstance(label, LabelReading):
            raise SaleRefused(phrase("The label cannot be read. Scan it again."))
        item = msgspec.structs.replace(item, blocked="")
        offers = offers_now(work, item)
        sale = selling.add_label_line(
            sale, work.policy, item, label, facts["code"], source.value, offers=offers
        )
        return turn_line(sale, len(sale.lines), reason), len(sale.lines)
    price = int(facts["price"]) if facts.get("price") else None
    try:
        sale = take_back_item(
            sale,
            work.policy,
            item,
            facts["quantity"],
            reason,
            facts["code"],
            source.value,
            price,
            offers=offers_now(work, item),
        )
    except PriceNeeded as needed:
        raise SaleRefused(str(needed)) from needed
    return sale, len(sale.lines)


async def _answer_item(work: Work, text: str) -> Reply:
    if text.strip():
        return await take_code(work, text)
    line = _selected(work)
    if line is None:
        return work.refuse(phrase("Scan the item that comes back, or type its code and Enter."))
    return _ask_reason(work, {"line": str(line.n)})


def _selected(work: Work) -> SaleLine | None:
    """The selected line, if it could come back instead of being sold."""
    if work.state.sale is None:
        return None
    try:
        line = find_line(work.state.sale, work.state.selected)
    except SaleRefused:
        return None
    return None if line.is_return else line


def _item(facts: Facts) -> Item:
    return msgspec.json.decode(facts["item"], type=Item)


def _ask_reason(work: Work, facts: Facts) -> Reply:
    reasons = work.policy.returns.reasons
    choices = tuple(Choice(str(number), reason) for number, reason in enumerate(reasons, start=1))
    lines = (phrase("Type the number of the reason and Enter."),)
    work.ask(REASON, phrase("Why does it come back?"), Entry.CHOICE, lines=lines, choices=choices)
    return _remember(work, facts)


def _ask(work: Work, kind: str, entry: Entry, name: str, what: str, facts: Facts) -> Reply:
    work.ask(kind, phrase("Return without receipt"), entry, lines=(name, what))
    return _remember(work, facts)


def _remember(work: Work, facts: Facts) -> Reply:
    """The question that was just opened keeps what was answered before it."""
    if work.state.asked is not None:
        work.put(asked=msgspec.structs.replace(work.state.asked, facts=facts))
    return DONE
