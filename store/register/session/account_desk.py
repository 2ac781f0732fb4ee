"""Customer accounts at the till: a sale on account (202), money paid in (1100), the statement (9161).

Online the server's balance decides, with what this register has sold on account since. Offline the last known balance
does, within the small limit that the store allows until the server answers again (docs/adr/0034).
"""

from typing import Any

import msgspec

from store.gateway.catalog_customers import Customer
from store.gateway.customers import AccountFacts
from store.register.journal.entry import PrintJob
from store.register.journal.errors import JournalError
from store.register.session import customer_desk, tender_desk
from store.register.session.till import TillEvent, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry
from store.sale.account import PAYMENT, Standing, check_account_sale, payment_body
from store.sale.barcode import looks_like_code
from store.sale.customer import SaleCustomer, of_detail
from store.sale.language import later, phrase
from store.sale.moment import utc_text
from store.sale.money import parse_amount
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale
from store.sale.tender import Payment
from store.sale.tender_type import TenderKind
from store.sale.text import printable, stored
from store.sale.totals import totals

WHO, WHICH, AMOUNT, CARD = "account_who", "account_which", "account_amount", "account_card"
QUESTIONS = frozenset({WHO, WHICH, AMOUNT})
"""Kinds of questions that typed text, or a scanned card, answers here."""
MOST = 99_999_999
"""The most that is paid in at once, in minor units: more is a slip of the finger."""
STATEMENT = "account.statement"
NOT_IN_TRAINING = later("In training no account is touched. Choose another way to pay.")
OF_ANOTHER = later("Its customer has to be on the sale for that: Esc, then F5.")
CARD_WORD = "c"

Facts = dict[str, str]


# -- selling


async def pay(work: Work, text: str) -> Reply:
    """202: what is due, or a part of it, goes on the account of the customer; a refund takes it off there."""
    sale = work.state.sale
    if sale is None:
        return work.refuse(phrase("There is nothing to pay yet. Scan an item first."))
    if work.training:
        return work.refuse(phrase(NOT_IN_TRAINING))
    due = totals(sale, work.policy).due
    amount = parse_amount(text, work.policy.currency) if text.strip() else abs(due)
    if not amount:
        return work.refuse(
            phrase(
                "{text} is no amount. Type the account's part, or nothing for all of it.",
                repr(printable(text[:20])),
            )
        )
    try:
        if due < 0 and not await _is_theirs(work, sale):
            return work.refuse(phrase(OF_ANOTHER))
        customer, standing = await _standing(work, sale.customer)
        check_account_sale(
            customer,
            standing,
            amount if due > 0 else -amount,
            work.policy.currency,
            offline_limit=work.policy.account_offline_limit,
        )
    except JournalError as error:
        return work.refuse(error.sentence)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    account = next((one.code for one in work.policy.tenders if one.kind is TenderKind.ACCOUNT), "")
    if not account:
        return work.refuse(phrase("This store takes no customer accounts. Choose another way to pay."))
    # Marked in the record where the last known balance decided, so that somebody can look at it later.
    how = Payment(type=account, given=amount, offline=due > 0 and not standing.final)
    return await tender_desk.take_payment(work, how)


async def _is_theirs(work: Work, sale: Sale) -> bool:
    """Whether what goes back was on the account of the customer of this sale. Raises JournalError."""
    for origin in sale.returned_from:
        if all(row["kind"] != TenderKind.ACCOUNT for row in origin.tenders):
            continue
        whose = sale.customer.id if sale.customer is not None else ""
        if origin.customer == whose:
            continue
        now = (await customer_desk.find(work, origin.customer)).customer  # merged meanwhile, perhaps
        if not whose or now is None or now.number != whose:
            return False
    return True


async def _standing(work: Work, customer: SaleCustomer | None) -> tuple[SaleCustomer | None, Standing]:
    """The customer as they are now, and what is known of the account. Raises JournalError."""
    if customer is None:
        return None, Standing()
    answer = await customer_desk.find(work, customer.id)
    if answer.customer is not None:
        customer = of_detail(answer.customer.number, answer.customer.name, answer.customer.detail)
    known = work.own.last_known(customer.id, answer.account)
    waiting = work.own.waiting(customer.id, known)
    return customer, Standing(
        balance=known.balance, as_of_ms=known.as_of_ms, waiting=waiting, final=known.final
    )


# -- paying in


async def begin(work: Work, text: str) -> Reply:
    """1100: whose account (number, card, name), how much, and with what."""
    if work.training:
        return work.refuse(phrase(NOT_IN_TRAINING))
    await work.ports.connection.transaction_starts()
    if text:
        return await _who(work, text)
    return work.ask(
        WHO,
        phrase("Pay into an account"),
        Entry.CODE,
        lines=(phrase("Scan the customer card, or type a number or a name, and Enter."),),
    )


async def answer(work: Work, kind: str, facts: Facts, text: str, *, is_scan: bool) -> Reply:
    """Text or a scan while a question of this desk is open."""
    if not text:
        return DONE
    if kind == WHO:
        return await _who(work, text)
    if is_scan or (kind == AMOUNT and looks_like_code(text)):
        return work.keep(text, phrase("refused while the question is open. Answer it first."))
    if kind == WHICH:
        return await _which(work, facts, text)
    return await _amount(work, facts, text)


async def _who(work: Work, text: str) -> Reply:
    try:
        found = await customer_desk.find(work, text)
        if found.customer is not None:
            return _ask_amount(work, found.customer, found.account)
        hits = await customer_desk.search(work, text, everywhere=True)
    except JournalError as error:
        return work.refuse(error.sentence)
    shown = hits.customers[: customer_desk.MOST_SHOWN]
    if not shown:
        return work.refuse(phrase("No customer is found by {text}.", repr(printable(text[:30]))))
    if len(hits.customers) == 1:
        return await _who(work, shown[0].number)
    rows = tuple(
        Choice(str(n), f"{one.name}  {one.detail.get('phone', '')}".strip())
        for n, one in enumerate(shown, start=1)
    )
    numbers = msgspec.json.encode([one.number for one in shown]).decode()
    lines = (phrase("Type the number in front and Enter."),)
    return work.ask(WHICH, phrase("Whose account?"), Entry.CHOICE, lines=lines, choices=rows, numbers=numbers)


async def _which(work: Work, facts: Facts, text: str) -> Reply:
    numbers = msgspec.json.decode(facts["numbers"], type=list[str])
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:4]) <= len(numbers):
        return work.refuse(phrase("Type a number from 1 to {count} and Enter, or press Esc.", len(numbers)))
    return await _who(work, numbers[int(text) - 1])


def _ask_amount(work: Work, one: Customer, account: AccountFacts) -> Reply:
    customer = of_detail(one.number, one.name, one.detail)
    known = work.own.last_known(customer.id, account)
    owed = known.balance + work.own.waiting(customer.id, known)
    certain = known.final or known.as_of_ms > 0
    if not customer.account and owed == 0:
        return work.refuse(phrase("{name} has no account. Headquarters opens one.", customer.name))
    when = "" if known.final else phrase(", by the last known balance")
    lines = (
        phrase("To pay: {owed}{when}.", work.money(owed), when)
        if certain
        else phrase("What is owed is not known here."),
        phrase("Type the amount and Enter; {card_word} behind it is by card: 50 {card_word}", CARD_WORD),
    )
    return work.ask(
        AMOUNT,
        customer.name,
        Entry.AMOUNT,
        lines=lines,
        customer=customer.id,
        name=customer.name,
        owed=str(owed) if certain else "",
    )


async def _amount(work: Work, facts: Facts, text: str) -> Reply:
    typed, _, how = text.strip().partition(" ")
    amount = parse_amount(typed, work.policy.currency)
    if not amount or amount > MOST or how.strip().lower() not in ("", CARD_WORD):
        return work.refuse(
            phrase(
                "{text} is no amount. Type it, such as 50 or 12.80 {card_word}.",
                repr(printable(text[:20])),
                CARD_WORD,
            )
        )
    facts = {**facts, "amount": str(amount)}
    if not how.strip():
        return await _pay_in(work, facts, "cash")
    return work.ask(
        CARD,
        phrase("Card"),
        Entry.NOTHING,
        lines=(
            phrase(
                "Card {amount} {currency}: approved on the terminal?",
                work.money(amount),
                work.policy.currency,
            ),
        ),
        answers=(
            phrase("Approved"),
            phrase("Declined"),
        ),
        amount=facts["amount"],
        customer=facts["customer"],
        name=facts["name"],
        owed=facts["owed"],
    )


async def answer_card(work: Work, facts: Facts, yes: bool) -> Reply:
    """F5: the terminal approved; F6: it did not, nothing is paid in."""
    if yes:
        return await _pay_in(work, facts, "card")
    work.say(phrase("Card declined. Nothing is paid in."))
    return DONE


async def _pay_in(work: Work, facts: Facts, tender: str) -> Reply:
    """The record with its slip, and for cash the open drawer."""
    amount = int(facts["amount"])
    await work.ports.connection.transaction_starts()
    await work.ports.shop.flip()
    balance = int(facts["owed"]) - amount if facts["owed"] else None
    body = payment_body(
        facts["customer"], facts["name"], amount, work.policy.currency, tender=tender, balance=balance
    )
    drawer = PrintJob(job_id=work.fresh_id(), kind="drawer", reason="account payment")
    slip = PrintJob(job_id=work.fresh_id(), kind="report", document_kind="account_payment")
    following = msgspec.structs.replace(
        work.state, till=after(work.state.till, TillEvent.SHIFT_WORK_DONE), asked=None
    )
    jobs = (drawer, slip) if tender == "cash" else (slip,)
    work.slip = await work.commit(PAYMENT, following, body, txn_id=work.fresh_id(), jobs=jobs)
    if work.slip is None:
        return work.refuse(work.message.text)
    left = phrase(" Still to pay: {balance}.", work.money(balance)) if balance and balance > 0 else ""
    work.say(phrase("{name} paid {amount} into the account.{left}", facts["name"], work.money(amount), left))
    return DONE


# -- the statement


async def statement(work: Work, text: str) -> Reply:
    """9161: how the account of the customer stands, on paper."""
    sale = work.state.sale
    code = text or (sale.customer.id if sale is not None and sale.customer is not None else "")
    if not code:
        return work.refuse(phrase("Type the customer's number or card behind 9161."), sound=False)
    if sale is None:
        await work.ports.connection.transaction_starts()
    try:
        answer = await customer_desk.find(work, code)
    except JournalError as error:
        return work.refuse(error.sentence)
    if answer.customer is None:
        return work.refuse(phrase("No customer has the number or card {code}.", repr(printable(code[:20]))))
    customer = of_detail(answer.customer.number, answer.customer.name, answer.customer.detail)
    known = work.own.last_known(customer.id, answer.account)
    if not known.final and not known.as_of_ms:
        return work.refuse(phrase("What is owed is not known here, and the server is away. Try again later."))
    job = PrintJob(job_id=work.fresh_id(), kind="report", document_kind="account_statement")
    body = _statement_body(work, customer, known)
    work.slip = await work.commit(STATEMENT, work.state, body, txn_id=work.fresh_id(), jobs=(job,))
    if work.slip is None:
        return work.refuse(work.message.text)
    work.say(phrase("Statement of {name}: {amount} to pay.", customer.name, work.money(body["balance"])))
    return DONE


def _statement_body(work: Work, customer: SaleCustomer, known: AccountFacts) -> dict[str, Any]:
    balance = known.balance + work.own.waiting(customer.id, known)
    body: dict[str, Any] = {
        "customer": {"id": customer.id, "name": stored(customer.name, 80)},
        "currency": work.policy.currency,
        "balance": balance,
        "credit_limit": customer.credit_limit,
    }
    if known.entries:
        body["entries"] = [{"at": at, "amount": amount} for at, amount in reversed(known.entries)]
    if not known.final:
        body["as_of"] = utc_text(known.as_of_ms)
    return body
