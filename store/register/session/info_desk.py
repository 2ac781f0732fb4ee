"""Info codes of operations and payments: asked before, kept on the sale or in the record that follows."""

from msgspec import json
from msgspec.structs import replace

from store.register.session.goods_questions import ask_prompt
from store.register.session.state import Asked
from store.register.session.till import TillState
from store.register.session.work import Reply, Work
from store.sale.info import MAX_ANSWERS, InfoAnswer, InfoPrompt, answered
from store.sale.refusal import SaleRefused
from store.sale.tender import Payment

KIND = "operation_info"
"""The kind of these questions."""
PAY = 139
PAYING = frozenset({PAY, 200, 201, 202, 203, 204, 206, 213})
"""Operations that can begin the payment of a sale; what 139 asks is asked by all of them."""


def prompts_at(work: Work, number: int) -> tuple[InfoPrompt, ...]:
    """What an operation asks now: its own info codes, and those of paying once a sale."""
    known = work.ports.shop.info_codes()
    if not known:
        return ()
    sale = work.state.sale
    begins = number in PAYING and work.state.till is TillState.SALE
    there = {one.code for one in sale.info if one.operation == PAY} if sale is not None else set()
    if sale is not None and len(sale.info) >= MAX_ANSWERS:
        return ()
    return tuple(
        prompt
        for code, prompt in sorted(known.items())
        if (number != PAY and number in prompt.detail.operations)
        or (begins and PAY in prompt.detail.operations and code not in there)
    )


def before(work: Work, number: int, text: str, seq: int) -> Reply | None:
    """Ask what operation `number` asks before it runs; None when there is nothing to ask."""
    if work.state.info:
        work.put(info=())  # of an operation that came to nothing
    prompts = prompts_at(work, number)
    if not prompts:
        return None
    return ask_prompt(work, KIND, "", prompts[0], {"number": str(number), "text": text, "seq": str(seq)})


def before_payment(work: Work, payment: Payment) -> Reply | None:
    """Ask what a tender asks before a payment is taken; None when there is nothing to ask."""
    sale = work.state.sale
    prompts = tender_prompts(work, payment.type)
    if not prompts or sale is None or len(sale.info) >= MAX_ANSWERS:
        return None
    facts = {"payment": json.encode(payment).decode(), "payments": str(len(sale.tenders))}
    return ask_prompt(work, KIND, "", prompts[0], facts)


def tender_prompts(work: Work, tender: str) -> tuple[InfoPrompt, ...]:
    """The info codes of a tender type."""
    known = work.ports.shop.info_codes()
    return tuple(prompt for _, prompt in sorted(known.items()) if tender in prompt.detail.tenders)


def _place(tender: str, payments: int) -> str:
    """Where an answer stands: the tender type, and which payment of the sale it was asked at."""
    return f"{tender}:{payments + 1}"


def answer(work: Work, asked: Asked, text: str) -> Reply | None:
    """Take one answer; None when all are there and what was asked about may go on."""
    facts = asked.facts
    payment = payment_of(facts) if "payment" in facts else None
    number = int(facts.get("number", 0))
    prompts = tender_prompts(work, payment.type) if payment is not None else prompts_at(work, number)
    given = json.decode(facts.get("answers", "[]"), type=tuple[InfoAnswer, ...])
    done = int(facts.get("done", 0))
    if done < len(prompts):
        prompt = prompts[done]
        try:
            said = answered(prompt, text)
        except SaleRefused as refusal:
            return work.refuse(str(refusal))
        tender = "" if payment is None else _place(payment.type, int(facts["payments"]))
        operation = 0 if tender else number if number in prompt.detail.operations else PAY
        if said:
            row = InfoAnswer(
                code=prompt.code, name=prompt.name, answer=said, operation=operation, tender=tender
            )
            given = (*given, row)
        done += 1
    if done < len(prompts):
        further = facts | {"answers": json.encode(given).decode(), "done": str(done)}
        return ask_prompt(work, KIND, "", prompts[done], further)
    work.put(asked=None)
    keep(work, given)
    return None


def payment_of(facts: dict[str, str]) -> Payment:
    """The payment that was asked about."""
    return json.decode(facts["payment"], type=Payment)


def keep(work: Work, given: tuple[InfoAnswer, ...]) -> None:
    """Put answers on the open sale, or keep them for the record that the operation is going to make."""
    sale = work.state.sale
    if sale is None:
        work.put(info=given)
    else:
        work.put(sale=replace(sale, info=(*sale.info, *given)[:MAX_ANSWERS]))
