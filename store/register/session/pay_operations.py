"""The flows of the operations that pay, by number."""

from collections.abc import Awaitable, Callable

from store.register.intents import OutcomeKind
from store.register.session import pay_desk, return_picker, tender_desk, voucher_desk
from store.register.session.till import TillEvent, TillState
from store.register.session.work import DONE, Reply, Work
from store.sale.barcode import looks_like_code
from store.sale.language import phrase
from store.sale.tender_type import TenderKind, by_key

Flow = Callable[[Work, str, int], Awaitable[Reply]]


async def _paying(work: Work, text: str, flow: Callable[[], Awaitable[Reply]]) -> Reply:
    """A way to pay, from the payments or straight from the lines; what is refused leaves the sale where it was."""
    if looks_like_code(text):
        return work.keep(text, tender_desk.CODE_IN_TENDER)
    sale = work.state.sale
    from_lines = work.state.till is TillState.SALE
    if from_lines:
        reply = await _begin(work)
        if reply.kind is not OutcomeKind.DONE:
            return reply
        work.say("")  # what the payments ask for is answered by the key itself
    reply = await flow()
    if from_lines and reply.kind is OutcomeKind.REFUSED and work.state.till is TillState.TENDER:
        work.step(TillEvent.WENT_BACK, sale=sale)
    return reply


async def _pay(work: Work, text: str, seq: int) -> Reply:
    return await _begin(work)


async def _begin(work: Work) -> Reply:
    """To the payments, if the goods that come back are still this sale's to take back."""
    if refused := await return_picker.lost_to_others(work):
        return work.refuse(refused)
    return tender_desk.begin(work)


async def _cash(work: Work, text: str, seq: int) -> Reply:
    async def take() -> Reply:
        if text:
            return await tender_desk.cash(work, text, by_key=True)
        work.say(phrase("Type the amount given and Enter."))
        return DONE

    return await _paying(work, text, take)


async def _exact(work: Work, text: str, seq: int) -> Reply:
    """What is due, in cash or by the tender of a letter (`/206 c`); a typed amount of cash is what was given."""
    chosen = by_key(work.policy.tenders, text)
    if chosen is not None:
        return await _paying(work, text, lambda: pay_desk.choose(work, chosen, ""))
    return await _paying(
        work, text, lambda: tender_desk.cash(work, text) if text else tender_desk.cash_exact(work)
    )


def _by(kind: TenderKind) -> Flow:
    async def carry_out(work: Work, text: str, seq: int) -> Reply:
        return await _paying(work, text, lambda: pay_desk.choose_kind(work, kind, text))

    return carry_out


async def _void_payment(work: Work, text: str, seq: int) -> Reply:
    return tender_desk.void_payment(work)


async def _issue_voucher(work: Work, text: str, seq: int) -> Reply:
    return await voucher_desk.sell(work, text)


async def _voucher_balance(work: Work, text: str, seq: int) -> Reply:
    return await voucher_desk.balance(work, text)


FLOWS: dict[int, Flow] = {
    139: _pay,
    200: _cash,
    201: _by(TenderKind.CARD),
    202: _by(TenderKind.ACCOUNT),
    203: _by(TenderKind.FOREIGN),
    204: _by(TenderKind.CHECK),
    206: _exact,
    211: _void_payment,
    213: _by(TenderKind.VOUCHER),
    511: _issue_voucher,
    514: _voucher_balance,
}
