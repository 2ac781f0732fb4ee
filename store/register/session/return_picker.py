"""The lines of a receipt to choose from: Enter takes back the selected one, * all, 2*3 two of line 3, a scan one piece.

What is chosen comes onto the open sale with the cents of its own sale. While the server answers, it is kept there for
this sale first, so that no other register gives back the same; while it does not, the store's policy says how far.
"""

from collections.abc import Iterable

import msgspec

from store.exchange.returns import ReservationAnswer
from store.gateway.gateway import ItemFound, Source
from store.register.intents import OutcomeKind
from store.register.session.return_keeping import reserved_lines
from store.register.session.sale_desk import keys_of, look_up
from store.register.session.sale_open import note_connection, opened, put_sale
from store.register.session.state import Asked
from store.register.session.work import DONE, SOLD, Reply, Work
from store.register.view import Choice, Entry
from store.sale.barcode import LabelReading, looks_like_code, read_label
from store.sale.language import later, phrase
from store.sale.money import shown_amount
from store.sale.past_sale import PastLine, PastSale, origin_of
from store.sale.refusal import SaleRefused
from store.sale.returning import part_of
from store.sale.sale import Sale, SaleLine
from store.sale.taking_back import left_on, take_back
from store.sale.tax_group import on_top

LINES, REASON = "return_lines", "return_reason"
QUESTIONS = frozenset({LINES, REASON})
HINT = later("Enter takes the selected line back, * all lines, 2*3 two of line 3. A scan takes one.")
Pick = tuple[int, str]
"""Line of the receipt, and how much of it; empty for all that is left."""
PAGE = 10
GTIN_DIGITS = 14


def show(work: Work, past: PastSale, source: Source, row: int = 0, note: str = "") -> Reply:
    """Lay the lines of a receipt over the sale; the first one of which something is left is selected."""
    rows = _rows(past)
    if not row:
        row = next((line.n for line in rows if left_on(work.state.sale, past, line) != "0"), rows[0].n)
    lines = (
        f"{past.number} of {past.at[:10]}, {work.money(past.total)} {past.currency}",
        note or phrase(HINT),
    )
    work.ask(
        LINES,
        phrase("Return with receipt"),
        Entry.CODE,
        lines=lines,
        choices=tuple(_choice(work, past, line) for line in rows),
        receipt=msgspec.json.encode(past).decode("utf-8"),
        source=source.value,
    )
    return _select(work, row)


def move(work: Work, asked: Asked, where: str) -> Reply:
    """Arrow keys: another line is selected."""
    keys = [int(choice.key) for choice in asked.question.choices]
    now = keys.index(int(asked.question.selected))
    steps = {"up": -1, "down": 1, "page_up": -PAGE, "page_down": PAGE, "first": -len(keys), "last": len(keys)}
    if where not in steps:
        return DONE
    return _select(work, keys[min(max(now + steps[where], 0), len(keys) - 1)])


async def answer(work: Work, asked: Asked, text: str, *, scanned: bool) -> Reply:
    """What was chosen, typed or scanned; the question stays open after a refusal, and after a scan for the next one."""
    if asked.question.kind == REASON:
        return await _answer_reason(work, asked, text)
    past, source = receipt_of(asked)
    if scanned or looks_like_code(text):
        pick = await _by_code(work, past, text.strip())
        if pick is None:
            return work.keep(text, phrase("is not on receipt {number}. Esc leaves it.", past.number))
        return await _take_piece(work, past, source, pick)
    picks = picked(past, int(asked.question.selected), text)
    if isinstance(picks, str):
        return work.refuse(picks)
    if text.strip() == "*":
        picks = [(n, "") for n, _ in picks if _left(work, past, n) != "0"]
    goods = {n for n, _ in picks}
    along = {line.n for line in past.lines if line.parent in goods}  # deposits come with their goods
    picks = [pick for pick in picks if pick[0] not in along]
    if not picks:
        return work.refuse(phrase("Nothing of receipt {number} is left to come back.", past.number))
    if work.policy.returns.ask_reason:
        return _ask_reason(work, past, source, picks)
    return await take(work, past, source, picks)


def picked(past: PastSale, selected: int, text: str) -> list[Pick] | str:
    """Which lines were meant: nothing typed is the selected one. A sentence when that cannot be said."""
    text = text.strip()
    if not text:
        return [(selected, "")]
    if text == "*":
        return [(line.n, "") for line in _rows(past)]
    picks: list[Pick] = []
    known = {line.n for line in past.lines}
    for word in text.replace(",", " ").split():
        count, star, number = word.rpartition("*")
        number = number or (str(selected) if star else "")
        if not (number.isascii() and number.isdigit() and int(number[:6]) in known):
            return phrase("{word} is no line here. Type 3, 2*3 for two of line 3, or *.", repr(word[:20]))
        picks.append((int(number), count))
    return picks


async def take(work: Work, past: PastSale, source: Source, picks: list[Pick], reason: str = "") -> Reply:
    """Put what comes back onto the sale; the question is answered then."""
    before = work.state.sale
    sale = opened(work)
    try:
        for n, quantity in picks:
            sale = take_back(sale, work.policy, past, n, quantity, reason, source.value)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    if refused := await why_not(work, sale, source):
        return work.refuse(refused)
    work.put(asked=None)
    put_sale(work, sale)
    line = _newest(before, sale)
    work.select(line.n)
    work.say(_taken(work, line, len(picks)))
    return SOLD


async def why_not(work: Work, sale: Sale, source: Source) -> str:
    """Why these goods must not come back now, a sentence: the server says so, or the policy while it is silent."""
    if work.training:
        return ""
    if source is Source.ONLINE and work.online:
        answer = await work.ports.receipts.reserve(sale.txn_id, reserved_lines(sale))
        note_connection(work)
        if answer is not None:
            return _shortage(sale, answer)
    limit = work.policy.returns.offline_limit
    back = -sum(line.gross for line in sale.live_lines if line.returns_of is not None)
    if limit and back > limit:
        most = shown_amount(limit, sale.currency)
        return phrase("Without the server at most {most} goes back with receipts.", most)
    return ""


async def lost_to_others(work: Work) -> str:
    """Before payment: what the server keeps no more, since the sale waited long; a sentence, empty when all is well."""
    sale = work.state.sale
    lines = reserved_lines(sale)
    if sale is None or not lines or work.training or not work.online:
        return ""
    answer = await work.ports.receipts.reserve(sale.txn_id, lines)
    note_connection(work)
    return "" if answer is None else _shortage(sale, answer)


def _shortage(sale: Sale, answer: ReservationAnswer) -> str:
    """Of which line less is left than comes back; empty when the server keeps it all."""
    if answer.granted:
        return ""
    short = answer.short[0]
    place = (short.series, short.seq, short.n)
    lines = (line for line in sale.live_lines if line.returns_of and line.returns_of.place == place)
    name = next((line.name[:24] for line in lines), "")
    left = phrase("nothing") if short.quantity == "0" else phrase("only {quantity}", short.quantity)
    return phrase("{name}: another register was faster; {left} is left.", name, left)


def receipt_of(asked: Asked) -> tuple[PastSale, Source]:
    """The receipt that lies over the sale, and where it came from."""
    return msgspec.json.decode(asked.facts["receipt"], type=PastSale), Source(asked.facts["source"])


async def _take_piece(work: Work, past: PastSale, source: Source, pick: Pick) -> Reply:
    """A scan takes one, and the receipt stays for the next scan while something is left."""
    reply = await take(work, past, source, [pick])
    if reply.kind is OutcomeKind.SOLD and any(_left(work, past, line.n) != "0" for line in past.lines):
        message = work.message
        show(work, past, source)
        work.message = message
    return reply


async def _by_code(work: Work, past: PastSale, text: str) -> Pick | None:
    """The line that a code stands for, and one piece of it; lines with something left first."""
    label = read_label(text, work.policy.label_rules)
    keys = keys_of(text, label if isinstance(label, LabelReading) else None)
    codes = {text} | {key.value for key in keys}
    found = [line for line in past.lines if line.code and codes & {line.code, line.code.zfill(GTIN_DIGITS)}]
    if not found:
        answer = await look_up(work, text, label if isinstance(label, LabelReading) else None)
        sku = answer.item.sku if isinstance(answer, ItemFound) else ""
        found = [line for line in past.lines if sku and line.sku == sku]
    left = [line for line in found if _left(work, past, line.n) != "0"]
    for line in left or found:
        return line.n, "" if line.measured else "1"
    return None


def _left(work: Work, past: PastSale, n: int) -> str:
    return left_on(work.state.sale, past, next(line for line in past.lines if line.n == n))


def _rows(past: PastSale) -> list[PastLine]:
    """What was sold; what was taken back on the same receipt is no goods to come back."""
    return [line for line in past.lines if not line.quantity.startswith("-")] or list(past.lines)


def _choice(work: Work, past: PastSale, line: PastLine) -> Choice:
    left = left_on(work.state.sale, past, line)
    unit = f" {line.unit}" if line.measured else ""
    name = f"{line.name} {line.serial}".rstrip()
    if left == "0":
        return Choice(str(line.n), name, phrase("came back"))
    part = part_of(origin_of(past, line), left)
    amount = part.base + on_top(part.tax_parts or (part.tax_amount,), line.tax)
    count = f"{left}{unit}" if left == line.quantity else f"{left} of {line.quantity}{unit}"
    return Choice(str(line.n), name, f"{count:>9} {work.money(amount):>8}")


def _select(work: Work, row: int) -> Reply:
    asked = work.state.asked
    assert asked is not None
    question = msgspec.structs.replace(asked.question, selected=str(row))
    work.put(asked=msgspec.structs.replace(asked, question=question))
    return DONE


def _newest(before: Sale | None, sale: Sale) -> SaleLine:
    """The line that came or changed last."""
    known: Iterable[SaleLine] = before.lines if before else ()
    old = set(map(id, known))
    return [line for line in sale.live_lines if id(line) not in old][-1]


def _taken(work: Work, line: SaleLine, count: int) -> str:
    if count > 1:
        return phrase("{count} lines come back.", count)
    size = line.quantity.removeprefix("-")
    words = f"{size} {line.unit}" if line.measured else f"{size} x"
    return f"Return: {words} {line.name[:40]}   {work.money(line.gross)}"


def _ask_reason(work: Work, past: PastSale, source: Source, picks: list[Pick]) -> Reply:
    reasons = work.policy.returns.reasons
    return work.ask(
        REASON,
        phrase("Why does it come back?"),
        Entry.CHOICE,
        lines=(phrase("Type the number of the reason and Enter."),),
        choices=tuple(Choice(str(number), reason) for number, reason in enumerate(reasons, start=1)),
        receipt=msgspec.json.encode(past).decode("utf-8"),
        source=source.value,
        picks=msgspec.json.encode(picks).decode("utf-8"),
    )


async def _answer_reason(work: Work, asked: Asked, text: str) -> Reply:
    reasons = work.policy.returns.reasons
    reason = reason_of(reasons, text)
    if not reason:
        return work.refuse(phrase("Type a number from 1 to {count}.", len(reasons)))
    past, source = receipt_of(asked)
    picks = msgspec.json.decode(asked.facts["picks"], type=list[Pick])
    return await take(work, past, source, picks, reason)


def reason_of(reasons: tuple[str, ...], text: str) -> str:
    """The reason of a typed number; empty when there is none such."""
    text = text.strip()
    if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= len(reasons):
        return reasons[int(text[:4]) - 1]
    return ""
