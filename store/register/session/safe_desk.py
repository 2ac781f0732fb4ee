"""1220: the store's safe. Its money is counted, and what comes from the bank or goes there is recorded with a slip.

What went from drawers into the safe are safe drops (1211), what came from it float entries (1201). None of this touches
a drawer: no sum of a shift has it.
"""

import msgspec

from store.register.journal.entry import PrintJob
from store.register.journal.errors import JournalError
from store.register.session.shift_desk import MONEY_IS_NO_CODE, drawer_amount, sums_of
from store.register.session.till import TillEvent, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry
from store.sale.barcode import looks_like_code
from store.sale.language import later, phrase
from store.sale.record import FACT_LIMIT
from store.sale.text import printable, stored

WHAT, AMOUNT = "safe_what", "safe_amount"
QUESTIONS = frozenset({WHAT, AMOUNT})
KINDS = {
    "1": ("safe.count", later("Count the safe")),
    "2": ("safe.in", later("From the bank into the safe")),
    "3": ("safe.out", later("From the safe to the bank")),
}
SAID = {
    "safe.count": later("counted in the safe"),
    "safe.in": later("put into the safe"),
    "safe.out": later("taken out of the safe"),
}


async def begin(work: Work, text: str) -> Reply:
    """1220, or 1220 with the choice and the amount: "1 2500"."""
    choice, _, rest = text.partition(" ")
    if choice in KINDS:
        return await take(work, choice, rest) if rest.strip() else ask_amount(work, choice)
    lines = [phrase("Type a number of the list and Enter.")]
    try:
        sums = await sums_of(work)
    except JournalError as error:
        return work.refuse(error.sentence)
    if sums.safe_drops:
        lines.append(
            phrase(
                "Safe drops of this shift: {safe_drops}, together {safe_drops_total}.",
                sums.safe_drops,
                work.money(sums.safe_drops_total),
            )
        )
    rows = tuple(Choice(key, phrase(name)) for key, (_, name) in KINDS.items())
    return work.ask(WHAT, phrase("Manage safe"), Entry.CHOICE, lines=tuple(lines), choices=rows)


def ask_amount(work: Work, choice: str) -> Reply:
    """How much."""
    what = (
        phrase("Type what is in the safe and Enter.")
        if choice == "1"
        else phrase("Type the amount and Enter.")
    )
    lines = (what, phrase("A note may stand behind it: 2500 bag 4711"))
    return work.ask(AMOUNT, phrase(KINDS[choice][1]), Entry.AMOUNT, lines=lines, choice=choice)


async def answer(work: Work, kind: str, facts: dict[str, str], text: str) -> Reply:
    """A number of the list, then the amount."""
    if kind == AMOUNT:
        return await take(work, facts["choice"], text)
    if text not in KINDS:
        return work.refuse(phrase("Type a number from 1 to {count}.", len(KINDS)))
    return ask_amount(work, text)


async def take(work: Work, choice: str, text: str) -> Reply:
    """The amount with its note: a record and a slip."""
    typed, _, note = text.strip().partition(" ")
    if looks_like_code(typed):
        return work.keep(typed, phrase(MONEY_IS_NO_CODE))
    amount = drawer_amount(work, typed)
    kind, name = KINDS[choice]
    if amount is None or (not amount and choice != "1"):
        return work.refuse(
            phrase("{typed} is no amount. Type it, such as 2500 or 12.80.", repr(printable(typed[:20])))
        )
    body = {"total": amount, "currency": work.policy.currency}
    if note.strip():
        body["reason"] = stored(printable(note.strip()), FACT_LIMIT)
    following = msgspec.structs.replace(
        work.state, till=after(work.state.till, TillEvent.SHIFT_WORK_DONE), asked=None
    )
    job = PrintJob(job_id=work.fresh_id(), kind="report", document_kind="safe")
    work.slip = await work.commit(kind, following, body, txn_id=work.fresh_id(), jobs=(job,))
    if work.slip is None:
        return work.refuse(work.message.text)
    work.say(phrase("{name}: {amount} {said}; it is recorded.", name, work.money(amount), phrase(SAID[kind])))
    return DONE
