"""Money into and out of the drawer beside sales: float entry, removal, safe and bank drop, income and expense.

What is missing is asked for, one thing at a time; the answers wait in the open question, so that a killed core comes
back to it. The last answer makes the record, the slip and the open drawer, all or nothing.
"""

import msgspec

from store.register.journal.entry import PrintJob
from store.register.journal.errors import JournalError
from store.register.session.shift_desk import MONEY_IS_NO_CODE, drawer_amount, sums_of
from store.register.session.till import TillEvent, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry
from store.sale.barcode import looks_like_code
from store.sale.cash import BAG_LIMIT, BY_OPERATION, Movement, accounts_of, movement_body
from store.sale.language import phrase
from store.sale.policy import CashAccount
from store.sale.text import printable

ACCOUNT, AMOUNT, BAG, MORE_THAN_THERE_IS = "cash_account", "cash_amount", "cash_bag", "cash_more"
QUESTIONS = frozenset({ACCOUNT, AMOUNT, BAG})
"""Kinds of questions that typed text answers here; a bag's number may be scanned."""
REASON_LIMIT = 40

Facts = dict[str, str]


async def begin(work: Work, number: int, text: str) -> Reply:
    """Operation `number`, with as much as was typed behind it: [account] amount [bag or reason]."""
    movement = BY_OPERATION[number]
    if movement.account and not accounts_of(work.policy, movement.account):
        return work.refuse(
            phrase("There are no accounts here. Headquarters sets {account}_accounts.", movement.account)
        )
    facts: Facts = {"operation": str(number)}
    if movement.account and text:
        typed, _, text = text.partition(" ")
        if refusal := take_account(work, movement, facts, typed):
            return refusal
    if text.strip() and (refusal := take_amount(work, facts, text)):
        return refusal
    return await go_on(work, facts)


async def answer(work: Work, kind: str, facts: Facts, text: str) -> Reply:
    """Typed text while a question of this desk is open."""
    if not text.strip():
        return DONE
    facts = dict(facts)
    movement = BY_OPERATION[int(facts["operation"])]
    if kind == ACCOUNT:
        refusal = take_account(work, movement, facts, text)
    elif kind == BAG:
        refusal = take_bag(work, facts, text)
    else:
        refusal = take_amount(work, facts, text)
    return refusal or await go_on(work, facts)


async def answer_more(work: Work, facts: Facts, yes: bool) -> Reply:
    """F5: more was taken out than the register knows of, and so it is recorded. F6: nothing was moved."""
    if yes:
        return await move(work, facts)
    work.say(phrase("Nothing is recorded. Put the money back, or count the drawer."))
    return DONE


def take_account(work: Work, movement: Movement, facts: Facts, text: str) -> Reply | None:
    """Note the account, or refuse."""
    number = text.strip()
    if not any(number == account.number for account in accounts_of(work.policy, movement.account)):
        return work.refuse(
            phrase(
                "There is no account {number} here. Type a number of the list.", repr(printable(number[:20]))
            )
        )
    facts["account"] = number
    return None


def take_amount(work: Work, facts: Facts, text: str) -> Reply | None:
    """Note the amount and what was typed behind it, or refuse."""
    if looks_like_code(text.strip()):
        return work.keep(text, phrase(MONEY_IS_NO_CODE))
    typed, _, note = text.strip().partition(" ")
    amount = drawer_amount(work, typed)
    if not amount:
        return work.refuse(
            phrase("{typed} is no amount. Type it, such as 50 or 12.80.", repr(printable(typed[:20])))
        )
    facts["amount"] = str(amount)
    note = note.strip()[:REASON_LIMIT]
    if BY_OPERATION[int(facts["operation"])].bagged:
        return take_bag(work, facts, note) if note else None
    if note:
        facts["reason"] = printable(note)
    return None


def take_bag(work: Work, facts: Facts, text: str) -> Reply | None:
    """Note the number of the bag, or refuse."""
    bag = text.strip()
    if len(bag) > BAG_LIMIT or not bag.isascii() or not bag.isprintable():
        return work.refuse(
            phrase("A bag's number has at most {bag_limit} letters and digits. Read it again.", BAG_LIMIT)
        )
    facts["bag"] = bag
    return None


async def go_on(work: Work, facts: Facts) -> Reply:
    """Ask for what is missing, else check and record."""
    movement = BY_OPERATION[int(facts["operation"])]
    if movement.account and "account" not in facts:
        accounts = accounts_of(work.policy, movement.account)
        rows = tuple(Choice(account.number, account.name) for account in accounts)
        title = phrase("{name}: which account?", phrase(movement.name))
        work.ask(ACCOUNT, title, Entry.CHOICE, choices=rows)
        return remember(work, facts)
    if "amount" not in facts:
        lines: tuple[str, ...] = (
            phrase(
                "Type the amount {what} and Enter.",
                phrase("put in") if movement.sign > 0 else phrase("taken out"),
            ),
        )
        if not movement.bagged:
            lines = (*lines, phrase("A reason may stand behind it: 50 change for the market"))
        work.ask(AMOUNT, phrase("{name}: how much?", phrase(movement.name)), Entry.AMOUNT, lines=lines)
        return remember(work, facts)
    if movement.bagged and "bag" not in facts:
        lines = (phrase("Scan or type the number on the bag and Enter."),)
        work.ask(BAG, phrase("{name}: which bag?", phrase(movement.name)), Entry.CODE, lines=lines)
        return remember(work, facts)
    try:
        more = movement.sign < 0 and int(facts["amount"]) > (await sums_of(work)).expected_cash
    except JournalError as error:
        return work.refuse(error.sentence)
    if not more:
        return await move(work, facts)
    work.ask(
        MORE_THAN_THERE_IS,
        phrase("{name} of {amount}?", phrase(movement.name), work.money(int(facts["amount"]))),
        Entry.NOTHING,
        lines=(phrase("That is more than the register knows to be in the drawer."),),
        answers=(
            phrase("Record it"),
            phrase("Go back"),
        ),
    )
    return remember(work, facts)


def remember(work: Work, facts: Facts) -> Reply:
    """The question that was just opened keeps what was answered before it."""
    if work.state.asked is not None:
        work.put(asked=msgspec.structs.replace(work.state.asked, facts=facts))
    return DONE


async def move(work: Work, facts: Facts) -> Reply:
    """The record with its slip and the open drawer; a movement is a moment to come back online, like a sale's start."""
    movement = BY_OPERATION[int(facts["operation"])]
    amount, policy = int(facts["amount"]), work.policy
    await work.ports.connection.transaction_starts()
    await work.ports.shop.flip()
    body = movement_body(
        movement,
        amount,
        policy.currency,
        account=_account(accounts_of(policy, movement.account), facts.get("account", "")),
        bag=facts.get("bag", ""),
        reason=facts.get("reason", ""),
    )
    jobs = (
        PrintJob(job_id=work.fresh_id(), kind="drawer", reason=movement.name.lower()),
        PrintJob(job_id=work.fresh_id(), kind="report", document_kind="cash_movement"),
    )
    following = msgspec.structs.replace(
        work.state, till=after(work.state.till, TillEvent.SHIFT_WORK_DONE), asked=None
    )
    work.slip = await work.commit(movement.kind, following, body, txn_id=work.fresh_id(), jobs=jobs)
    if work.slip is None:
        return work.refuse(work.message.text)
    way = phrase("put into") if movement.sign > 0 else phrase("taken out of")
    work.say(
        phrase(
            "{name}: {amount} {way} the drawer; it is recorded.",
            phrase(movement.name),
            work.money(amount),
            way,
        )
    )
    return DONE


def _account(accounts: tuple[CashAccount, ...], number: str) -> CashAccount | None:
    return next((account for account in accounts if account.number == number), None)
