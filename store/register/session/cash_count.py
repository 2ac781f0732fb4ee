"""Tender declaration (1052): the drawer counted note by note, then the other tenders, without being told what is due.

The sheet is one open question that keeps its id while it goes from row to row: who types fast is never refused, and a
killed core comes back to the row at which it was.
"""

import msgspec

from store.register.journal.entry import PrintJob
from store.register.journal.errors import JournalError
from store.register.session.shift_desk import ask_close, drawer_amount, sums_of
from store.register.session.state import Asked
from store.register.session.till import TillState
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry
from store.sale.cash import denominations
from store.sale.declaration import MOST_PIECES, Pieces, TenderCount, cash_count, declaration_body
from store.sale.language import later, phrase
from store.sale.money import parse_amount, shown_amount
from store.sale.shift import ShiftTotals
from store.sale.tender_rows import label_of
from store.sale.tender_type import find_type
from store.sale.text import printable

SHEET, DECLARE = "count_sheet", "declare"
FILLS = later("Enter goes on, Esc one row back; 3*50 fills another row.")


class Sheet(msgspec.Struct, frozen=True):
    """The sheet: the row being filled, the notes and coins with how many there are, the other tenders' amounts."""

    row: int
    values: tuple[int, ...]
    counts: tuple[int, ...]
    kinds: tuple[str, ...]
    amounts: tuple[int, ...]
    others: tuple[TenderCount, ...] = ()
    """The other tender types, as far as they are more than a kind; in the order of `kinds`."""

    @property
    def cash(self) -> TenderCount:
        """What the notes and coins come to."""
        return cash_count(tuple(map(Pieces, self.values, self.counts)))

    @property
    def counted(self) -> tuple[TenderCount, ...]:
        """Everything counted, cash first."""
        types = self.others or tuple(TenderCount(kind=kind, amount=0) for kind in self.kinds)
        counted = zip(types, self.amounts, strict=True)
        return (self.cash, *(msgspec.structs.replace(one, amount=amount) for one, amount in counted))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.values) + len(self.kinds)


async def begin(work: Work) -> Reply:
    """1052: a fresh sheet."""
    try:
        sums = await sums_of(work)
    except JournalError as error:
        return work.refuse(error.sentence)
    values = denominations(work.policy)
    others = types_to_count(work, sums)
    kinds = tuple(one.kind for one in others)
    sheet = Sheet(0, values, (0,) * len(values), kinds, (0,) * len(kinds), others)
    work.ask(SHEET, "", Entry.QUANTITY)
    return show(work, sheet)


def types_to_count(work: Work, sums: ShiftTotals) -> tuple[TenderCount, ...]:
    """The tender types beside cash of which there is something to count; foreign notes in their own currency."""
    found = []
    for row in sums.tenders:
        chosen = find_type(work.policy.tenders, row.code)
        if row.kind != "cash" and (chosen is None or chosen.counted):
            found.append(
                TenderCount(kind=row.kind, amount=0, type=row.type, name=row.name, currency=row.currency)
            )
    return tuple(found)


def sheet_of(asked: Asked) -> Sheet:
    """The sheet as the open question keeps it."""
    return msgspec.json.decode(asked.facts["sheet"].encode(), type=Sheet)


def show(work: Work, sheet: Sheet) -> Reply:
    """The row to fill, what was filled so far, and the sum of it; the question stays the same one."""
    asked = work.state.asked
    if asked is None:
        return DONE
    currency = ""
    if sheet.row < len(sheet.values):
        title = phrase("How many {amount}?", work.money(sheet.values[sheet.row]))
        entry = Entry.QUANTITY
    else:
        title = phrase("{name_of}: which sum?", name_of(sheet.counted[1 + sheet.row - len(sheet.values)]))
        entry = Entry.AMOUNT
        currency = sheet.counted[1 + sheet.row - len(sheet.values)].currency
    question = msgspec.structs.replace(
        asked.question,
        title=title,
        lines=(f"Cash counted {work.money(sheet.cash.amount)}. {FILLS}",),
        choices=_choices(work, sheet),
        currency=currency,
    )
    facts = {"sheet": msgspec.json.encode(sheet).decode()}
    work.put(asked=Asked(question=question, entry=entry, facts=facts))
    work.say("")
    return DONE


async def answer(work: Work, asked: Asked, text: str) -> Reply:
    """A count, an amount, nothing to go on, or `3*50` for the row of the fifties."""
    sheet = sheet_of(asked)
    number, star, note = text.replace(" ", "").partition("*")
    if star:
        return _fill_other(work, sheet, number, note)
    if not text:
        return next_row(work, sheet)
    if sheet.row >= len(sheet.values):
        currency = sheet.counted[1 + sheet.row - len(sheet.values)].currency or work.policy.currency
        amount = drawer_amount(work, text, currency)
        if amount is None:
            return work.refuse(
                phrase("{text} is no amount. Type the sum, such as 52.80.", repr(printable(text[:20])))
            )
        amounts = _with(sheet.amounts, sheet.row - len(sheet.values), amount)
        return next_row(work, msgspec.structs.replace(sheet, amounts=amounts))
    count = pieces(number)
    if count is None:
        return work.refuse(
            phrase(
                "{text} is no count. Type how many there are, 0 to {most_pieces}.",
                repr(printable(text[:20])),
                MOST_PIECES,
            )
        )
    return next_row(work, msgspec.structs.replace(sheet, counts=_with(sheet.counts, sheet.row, count)))


def pieces(text: str) -> int | None:
    """A count of notes or coins, None when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None


def next_row(work: Work, sheet: Sheet) -> Reply:
    """The next row; behind the last one a guarded question."""
    if sheet.row + 1 < sheet.rows:
        return show(work, msgspec.structs.replace(sheet, row=sheet.row + 1))
    lines = tuple(f"{name_of(each)} {money_of(work, each)}" for each in sheet.counted)
    total = sum(each.amount for each in sheet.counted if not each.currency)
    work.ask(
        DECLARE,
        phrase("Declare {total}?", work.money(total)),
        Entry.NOTHING,
        lines=lines,
        answers=(
            phrase("Declare"),
            phrase("Count again"),
        ),
        sheet=msgspec.json.encode(sheet).decode(),
    )
    return DONE


def row_back(work: Work, asked: Asked) -> Reply:
    """Esc: one row back, from the first one out of the sheet."""
    sheet = sheet_of(asked)
    if sheet.row > 0:
        return show(work, msgspec.structs.replace(sheet, row=sheet.row - 1))
    work.put(asked=None)
    work.say(phrase("Nothing is declared."))
    return DONE


async def answer_declare(work: Work, facts: dict[str, str], yes: bool) -> Reply:
    """F5: the record and its slip. F6: the sheet again, as it was filled."""
    sheet = msgspec.json.decode(facts["sheet"].encode(), type=Sheet)
    if not yes:
        work.ask(SHEET, "", Entry.QUANTITY)
        return show(work, msgspec.structs.replace(sheet, row=0))
    body = declaration_body(sheet.counted, work.policy.currency)
    job = PrintJob(job_id=work.fresh_id(), kind="report", document_kind="declaration")
    following = msgspec.structs.replace(work.state, asked=None)
    work.slip = await work.commit("tender.declaration", following, body, txn_id=work.fresh_id(), jobs=(job,))
    if work.slip is None:
        return work.refuse(work.message.text)
    if work.state.till is TillState.CLOSING:
        try:
            return ask_close(work, sheet.cash.amount, await sums_of(work))
        except JournalError as error:
            return work.refuse(error.sentence)
    work.say(
        phrase("Declared: {amount}. Close with /1055 before money moves again.", work.money(body["total"]))
    )
    return DONE


def _fill_other(work: Work, sheet: Sheet, number: str, note: str) -> Reply:
    count, value = pieces(number), parse_amount(note, work.policy.currency)
    if count is None or value not in sheet.values:
        return work.refuse(
            phrase(
                "{number}*{note}: no row of that note. Type 3*50.", printable(number[:9]), printable(note[:9])
            )
        )
    counts = _with(sheet.counts, sheet.values.index(value), count)
    return show(work, msgspec.structs.replace(sheet, counts=counts))


def _choices(work: Work, sheet: Sheet) -> tuple[Choice, ...]:
    rows = [
        (work.money(value), f"x {count}" if count else "")
        for value, count in zip(sheet.values, sheet.counts, strict=True)
    ]
    rows += [(name_of(each), money_of(work, each) if each.amount else "") for each in sheet.counted[1:]]
    return tuple(
        Choice(f"> {key}" if row == sheet.row else key, label) for row, (key, label) in enumerate(rows)
    )


def _with(values: tuple[int, ...], at: int, value: int) -> tuple[int, ...]:
    return (*values[:at], value, *values[at + 1 :])


def name_of(each: TenderCount) -> str:
    """What is counted, with its currency where it is not the store's."""
    name = label_of({"kind": each.kind, "type": each.type, "name": each.name})
    return f"{name} ({each.currency})" if each.currency else name


def money_of(work: Work, each: TenderCount) -> str:
    """How much of it, in its own currency."""
    return shown_amount(each.amount, each.currency) if each.currency else work.money(each.amount)
