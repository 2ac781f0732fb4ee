"""The customer of a sale: found (602, or a scanned card), taken off (603), shown (9160). See `customer_form` too."""

from typing import Any

import msgspec

from store.database.errors import DatabaseTrouble
from store.gateway.catalog_customers import Customer, best, search_words
from store.gateway.customers import AccountFacts, CustomerAnswer, CustomerHits
from store.gateway.gateway import Source
from store.register.journal.errors import JournalError
from store.register.session.sale_open import begin_transaction, note_connection, opened, put_sale
from store.register.session.till import TillEvent, after
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry
from store.sale.customer import SaleCustomer, of_detail
from store.sale.language import later, phrase
from store.sale.refusal import SaleRefused
from store.sale.serving import exemption_of, serve
from store.sale.text import printable

PICK, DETAILS = "customer_pick", "customer_details"
"""Kinds of questions: which of several, and who somebody is."""
LIST_LIMIT = 50
"""Customers in a list on the screen."""
MOST_SHOWN = 12
"""Customers in a question's list."""
FIELDS = ("name", "phone", "email", "address", "tax_id", "card")
WORDS = {
    "name": later("Name"),
    "phone": later("Telephone number"),
    "email": later("Mail address"),
    "address": later("Address"),
    "tax_id": later("Tax number"),
    "card": later("Customer card"),
}


# -- finding


async def find(work: Work, code: str) -> CustomerAnswer:
    """The customer of a number or card: the server's word, else what this register knows. Raises JournalError."""
    await work.own.read(work.ports.journal)
    try:
        answer = await work.ports.customers.find(code)
    except DatabaseTrouble:
        answer = CustomerAnswer(customer=None, account=AccountFacts(), source=Source.OFFLINE)
    finally:
        note_connection(work)
    if answer.customer is None:
        own = work.own.find(code)
        answer = CustomerAnswer(customer=own, account=AccountFacts(), source=Source.OFFLINE)
    elif answer.account.final:
        work.own.remember(answer.customer.number, answer.account, work.now_ms)
    return answer


async def search(work: Work, text: str, *, everywhere: bool) -> CustomerHits:
    """Customers by a part of name, telephone number, number or card; `everywhere` waits for the server."""
    await work.own.read(work.ports.journal)
    try:
        ask = work.ports.customers.search_all if everywhere else work.ports.customers.search
        hits = await ask(text, LIST_LIMIT)
    except DatabaseTrouble:
        hits = CustomerHits(customers=(), source=Source.OFFLINE, complete=True)
    found = {one.number: one for one in work.own.search(text, LIST_LIMIT)}
    found |= {one.number: one for one in hits.customers}
    customers = best(found.values(), search_words(text), LIST_LIMIT)
    return CustomerHits(customers=customers, source=hits.source, complete=hits.complete)


def customer_row(one: Customer) -> dict[str, Any]:
    """A customer as a list on the screen shows one; `code` puts them on the sale."""
    return {
        "code": one.number,
        "name": printable(one.name),
        "phone": printable(str(one.detail.get("phone", ""))),
        "card": printable(str(one.detail.get("card", ""))),
        "blocked": printable(str(one.detail.get("blocked", ""))),
    }


# -- on the sale


async def take(work: Work, text: str) -> Reply:
    """602 with a number, card or part of a name: the one who fits goes on the sale, several are listed."""
    if not text:
        return work.refuse(
            phrase("Type a name, telephone number or card behind 602, or press F5."), sound=False
        )
    if work.state.sale is None and (hindered := await begin_transaction(work)):
        return work.refuse(hindered)
    try:
        answer = await find(work, text)
        if answer.customer is not None:
            return await put(work, answer.customer)
        hits = await search(work, text, everywhere=True)
    except JournalError as error:
        return work.refuse(error.sentence)
    if len(hits.customers) == 1:
        return await put(work, hits.customers[0])
    if not hits.customers:
        return work.refuse(
            phrase("No customer is found by {text}. 612 adds one.", repr(printable(text[:30])))
        )
    return _ask_which(work, hits.customers[:MOST_SHOWN], "602")


def _ask_which(work: Work, found: tuple[Customer, ...], operation: str) -> Reply:
    rows = tuple(
        Choice(str(n), f"{one.name}  {one.detail.get('phone', '')}".strip())
        for n, one in enumerate(found, start=1)
    )
    numbers = msgspec.json.encode([one.number for one in found]).decode()
    lines = (phrase("Type the number in front and Enter."),)
    return work.ask(
        PICK,
        phrase("Which customer?"),
        Entry.CHOICE,
        lines=lines,
        choices=rows,
        numbers=numbers,
        operation=operation,
    )


async def answer_pick(work: Work, facts: dict[str, str], text: str) -> Reply:
    """A number of the list of customers."""
    numbers = msgspec.json.decode(facts["numbers"], type=list[str])
    if not text:
        return DONE
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:4]) <= len(numbers):
        return work.refuse(phrase("Type a number from 1 to {count} and Enter, or press Esc.", len(numbers)))
    work.put(asked=None)
    return await take(work, numbers[int(text) - 1])


async def scanned(work: Work, code: str) -> Reply | None:
    """A code that is no item: a customer card puts its customer on the sale. None when it is none either."""
    if len(code) > 40:
        return None
    try:
        answer = await find(work, code)
    except JournalError:
        return None
    return None if answer.customer is None else await put(work, answer.customer)


async def put(work: Work, customer: Customer) -> Reply:
    """The customer goes on the sale, which begins with them if none is open; every line is priced anew."""
    return await put_on(work, of_detail(customer.number, customer.name, customer.detail))


async def put_on(work: Work, customer: SaleCustomer) -> Reply:
    """The same for a customer as a sale knows one."""
    if hindered := await begin_transaction(work):
        return work.refuse(hindered)
    before = opened(work)
    try:
        sale = serve(before, work.policy, customer)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    put_sale(work, sale)
    exempt = customer.tax_exempt and exemption_of(work.policy) is None
    more = phrase(" This store has no tax for an exemption; 127 sets one.") if exempt else ""
    work.say(phrase("{name} is on the sale.{more}", customer.name, more))
    return DONE


def clear(work: Work) -> Reply:
    """603: nobody is on the sale; prices are those of everybody again."""
    sale = work.state.sale
    if sale is None or sale.customer is None:
        return work.refuse(phrase("No customer is on the sale."), sound=False)
    name = sale.customer.name
    if not sale.lines and not sale.tenders:
        # Nothing was ever on it, so there is nothing that a record could tell.
        till = after(work.state.till, TillEvent.VOIDED)
        work.put(till=till, sale=None, facts=None, selected=0, asked=None, last_unknown="", refused=())
        work.say(phrase("{name} is off. Nothing was scanned, so no sale is open.", name))
        return DONE
    try:
        sale = serve(sale, work.policy, None)
    except SaleRefused as refusal:
        return work.refuse(str(refusal))
    put_sale(work, sale)
    work.say(phrase("{name} is off the sale.", name))
    return DONE


# -- shown


async def details(work: Work, text: str) -> Reply:
    """9160: who the customer of the sale is, or the one of a number or card."""
    code = text or (work.state.sale.customer.id if work.state.sale and work.state.sale.customer else "")
    if not code:
        return work.refuse(
            phrase("No customer is on the sale. F5 finds one, then press it again."), sound=False
        )
    try:
        answer = await find(work, code)
    except JournalError as error:
        return work.refuse(error.sentence)
    if answer.customer is None:
        return work.refuse(phrase("No customer has the number or card {code}.", repr(printable(code[:20]))))
    return work.ask(
        DETAILS, answer.customer.name, Entry.CODE, lines=tuple(_detail_lines(work, answer.customer, answer))
    )


def _detail_lines(work: Work, one: Customer, answer: CustomerAnswer) -> list[str]:
    sale = of_detail(one.number, one.name, one.detail)
    rows = [(phrase("Number"), sale.short_id)]
    rows += [
        (phrase(WORDS[field]), str(one.detail.get(field, "")).replace("\n", ", ")) for field in FIELDS[1:]
    ]
    rows += [
        (phrase("Group"), sale.group),
        (phrase("Tax exempt by"), sale.tax_exempt),
        (phrase("Blocked"), sale.blocked),
    ]
    if sale.account:
        known = work.own.last_known(sale.id, answer.account)
        owed = known.balance + work.own.waiting(sale.id, known)
        when = "" if known.final else (phrase(" (last known)") if known.as_of_ms else phrase(" (known here)"))
        rows += [(phrase("Owes"), f"{work.money(owed)}{when} of {work.money(sale.credit_limit)}")]
    return [f"{label}: {value}" for label, value in rows if value]
