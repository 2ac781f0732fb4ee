"""Customers added (612) and edited (623) at a register.

Who is added here has an own id for good, at once and without the server; the record carries them up, and headquarters
makes the customer of it. Only editing needs the server: two registers offline would each undo what the other wrote.
"""

import msgspec

from store.gateway.gateway import Source
from store.register.intents import OutcomeKind
from store.register.journal.errors import JournalError
from store.register.session.customer_desk import FIELDS, WORDS, find, put_on, search
from store.register.session.sale_open import put_sale
from store.register.session.work import DONE, Reply, Work
from store.register.view import Choice, Entry
from store.sale.barcode import looks_like_code
from store.sale.customer import CustomerCard, SaleCustomer, checked, same_phone
from store.sale.language import later, phrase
from store.sale.refusal import SaleRefused
from store.sale.text import printable

FIELD, EDIT = "customer_field", "customer_edit"
QUESTIONS = frozenset({FIELD, EDIT})
"""Kinds of questions that typed text, or a scanned card, answers here."""
STEPS = ("name", "phone", "email", "card")
"""What is asked for about a new customer, in this order; the rest is edited (623)."""
NEEDS_SERVER = later("Editing a customer needs the server, which is away. Nothing was changed.")
NAMELESS = CustomerCard(name="-")


def begin_add(work: Work, text: str) -> Reply:
    """612: name, telephone number, mail address and card, one after the other; all but the name may be left out."""
    if work.training:
        return work.refuse(phrase("In training nobody is added. End training first."))
    work.put(asked=None)
    if not text:
        return _ask_step(work, NAMELESS, "name")
    card = _taken(work, NAMELESS, "name", text)
    return card if isinstance(card, Reply) else _ask_step(work, card, STEPS[1])


async def begin_edit(work: Work, text: str) -> Reply:
    """623: the customer of the sale, or the one of a number or card; the server has to answer."""
    code = text or (work.state.sale.customer.id if work.state.sale and work.state.sale.customer else "")
    if not code:
        return work.refuse(
            phrase("No customer is on the sale. F5 finds one, then press it again."), sound=False
        )
    if work.training:
        return work.refuse(phrase("In training nobody is edited. End training first."))
    if work.state.sale is None:
        await work.ports.connection.transaction_starts()
    try:
        answer = await find(work, code)
    except JournalError as error:
        return work.refuse(error.sentence)
    if not work.online:
        return work.refuse(phrase(NEEDS_SERVER))
    if answer.customer is None:
        return work.refuse(phrase("No customer has the number or card {code}.", repr(printable(code[:20]))))
    if answer.source is not Source.ONLINE:
        return work.refuse(
            phrase("{name} is not at the server yet. Try again in a moment.", answer.customer.name)
        )
    one = answer.customer
    card = CustomerCard(name=one.name, **{field: str(one.detail.get(field, "")) for field in FIELDS[1:]})
    return _ask_edit(work, one.number, card)


async def answer(work: Work, kind: str, facts: dict[str, str], text: str, *, is_scan: bool) -> Reply:
    """Text or a scan while a question of this desk is open."""
    step = facts.get("step", "")
    if is_scan and step != "card":
        return work.keep(text, phrase("refused while the question is open. Answer it first."))
    if kind == EDIT:
        return _answer_edit(work, facts, text)
    card = _taken(work, msgspec.json.decode(facts["card"], type=CustomerCard), step, text)
    if isinstance(card, Reply):
        return card
    if "id" in facts:
        return await _change(work, facts["id"], card, step)
    following = STEPS[STEPS.index(step) + 1 :]
    return _ask_step(work, card, following[0]) if following else await _add(work, card)


def _taken(work: Work, card: CustomerCard, field: str, text: str) -> CustomerCard | Reply:
    """The card with one field more, or the refusal; the question stays open then."""
    if field == "name" and looks_like_code(text):
        return work.keep(text, phrase("a code is no name. Type the name."))
    try:
        return msgspec.structs.replace(card, **{field: checked(field, text)})
    except SaleRefused as refusal:
        return work.refuse(str(refusal))


def _ask_step(work: Work, card: CustomerCard, step: str) -> Reply:
    lines = [phrase("{field}: type it and Enter.", phrase(WORDS[step]))]
    if step != "name":
        lines = [
            phrase("Name: {name}", card.name),
            phrase("{field}: type it and Enter; Enter alone leaves it out.", phrase(WORDS[step])),
        ]
    if step == "card":
        lines[-1] = phrase("Scan the customer card, or Enter alone for none.")
    return work.ask(
        FIELD,
        phrase("New customer"),
        Entry.CODE,
        lines=tuple(lines),
        step=step,
        card=msgspec.json.encode(card).decode(),
    )


async def _add(work: Work, card: CustomerCard) -> Reply:
    """The record of a new customer, with an id of its own; onto the sale if one is open."""
    customer = work.fresh_id()
    body = {"customer": {"id": customer, **msgspec.to_builtins(card)}}
    known = await search(work, card.phone, everywhere=False) if card.phone else None
    committed = await work.commit(
        "customer.add", msgspec.structs.replace(work.state, asked=None), body, txn_id=work.fresh_id()
    )
    if committed is None:
        return work.refuse(work.message.text)
    same = [
        one
        for one in (known.customers if known else ())
        if same_phone(one.detail.get("phone", ""), card.phone)
    ]
    hint = phrase(" {name} has the same telephone number.", same[0].name) if same else ""
    if work.state.sale is not None:
        reply = await put_on(work, SaleCustomer(id=customer, name=card.name, tax_id=card.tax_id))
        if reply.kind is not OutcomeKind.DONE:
            return reply
    work.say(phrase("{name} is added.{hint}", card.name, hint))
    return DONE


def _ask_edit(work: Work, number: str, card: CustomerCard) -> Reply:
    rows = tuple(
        Choice(str(n), f"{phrase(WORDS[field])}: {getattr(card, field)}".rstrip(": "))
        for n, field in enumerate(FIELDS, start=1)
    )
    return work.ask(
        EDIT,
        phrase("Edit customer"),
        Entry.CHOICE,
        lines=(phrase("Type the number of what changes and Enter; Esc ends."),),
        choices=rows,
        id=number,
        card=msgspec.json.encode(card).decode(),
    )


def _answer_edit(work: Work, facts: dict[str, str], text: str) -> Reply:
    if not text:
        return DONE
    if text not in {str(n) for n in range(1, len(FIELDS) + 1)}:
        return work.refuse(phrase("Type a number from 1 to {count} and Enter, or press Esc.", len(FIELDS)))
    field = FIELDS[int(text) - 1]
    card = msgspec.json.decode(facts["card"], type=CustomerCard)
    last = "" if field == "name" else phrase("; Enter alone empties it")
    lines = (
        f"Now: {getattr(card, field)}",
        phrase("{field}: type it and Enter{last}.", phrase(WORDS[field]), last),
    )
    return work.ask(
        FIELD, phrase(WORDS[field]), Entry.CODE, lines=lines, id=facts["id"], card=facts["card"], step=field
    )


async def _change(work: Work, number: str, card: CustomerCard, field: str) -> Reply:
    """The record of a changed field; the list of fields comes back for the next one."""
    if not work.online:
        work.put(asked=None)
        return work.refuse(phrase(NEEDS_SERVER))
    # Every field, the empty ones too: whoever lays it over what headquarters wrote has to see what was emptied.
    fields = {name: getattr(card, name) for name in FIELDS}
    body = {"customer": {"id": number, **fields}, "changed": [field]}
    committed = await work.commit(
        "customer.edit", msgspec.structs.replace(work.state, asked=None), body, txn_id=work.fresh_id()
    )
    if committed is None:
        return work.refuse(work.message.text)
    sale = work.state.sale
    if (
        sale is not None
        and sale.customer is not None
        and sale.customer.id == number
        and field in ("name", "tax_id")
    ):
        changed = msgspec.structs.replace(sale.customer, **{field: getattr(card, field)})
        put_sale(work, msgspec.structs.replace(sale, customer=changed))
    _ask_edit(work, number, card)
    work.say(phrase("{words} of {name} is changed.", phrase(WORDS[field]), card.name))
    return DONE
