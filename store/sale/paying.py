"""What pays for a sale: begin, take and void payments, complete, void."""

from msgspec.structs import replace

from store.sale.money import format_amount
from store.sale.policy import StorePolicy
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale, SaleEvent, SaleState, next_state
from store.sale.tender import REFERENCE_LIMIT, Tender, TenderKind, is_card_number
from store.sale.text import printable, stored
from store.sale.totals import totals

MAX_TENDERS = 20
"""Payments per sale, voided ones counted; the journal record has room for them."""


def begin_payment(sale: Sale) -> Sale:
    """The sale in payment. Raises SaleRefused when nothing is sold."""
    state = next_state(sale.state, SaleEvent.BEGIN_PAYMENT)
    if not sale.live_lines:
        raise SaleRefused("There is nothing to pay yet. Scan an item first.")
    return replace(sale, state=state)


def back_to_sale(sale: Sale, policy: StorePolicy) -> Sale:
    """The sale out of payment, payments stay. Raises SaleRefused when it is paid in full: rounding ends a sale."""
    state = next_state(sale.state, SaleEvent.BACK)
    if sale.live_tenders and totals(sale, policy).due == 0:
        raise SaleRefused("The sale is paid. Void a payment (F3) to change it.")
    return replace(sale, state=state)


def add_tender(
    sale: Sale,
    policy: StorePolicy,
    kind: TenderKind,
    given: int,
    reference: str = "",
    *,
    deferred: bool = False,
) -> Sale:
    """The sale with one more payment; `given` in minor units is what the customer hands over.

    Cash: the due amount is rounded to the store's cash step, what is given beyond it is change.
    Card: at most what is due; `reference` is what its slip says, `deferred` that it is authorised later.
    Raises SaleRefused: nothing due, too much on a card, cash that coins cannot pay, a card number as reference.
    """
    state = next_state(sale.state, SaleEvent.TAKE_PAYMENT)
    sums = totals(sale, policy)
    if sums.due == 0:
        raise SaleRefused("Nothing is due any more.")
    if len(sale.tenders) >= MAX_TENDERS:
        raise SaleRefused(f"A sale takes at most {MAX_TENDERS} payments. Void the sale and begin again.")
    n = len(sale.tenders) + 1
    if TenderKind(kind) is TenderKind.CARD:
        tender = replace(_card(n, given, sums.due, sale.currency, reference), deferred=deferred)
    else:
        tender = _cash(n, given, sums.due, sums.exact_cash, policy, sale.currency)
    return replace(sale, state=state, tenders=(*sale.tenders, tender))


def void_tender(sale: Sale, n: int) -> Sale:
    """The sale with payment `n` marked as voided (money handed back, card reversed at the terminal).

    Cash is voided last first, so that change and rounding always belong to the last one. Raises SaleRefused.
    """
    state = next_state(sale.state, SaleEvent.VOID_PAYMENT)
    tender = next((tender for tender in sale.live_tenders if tender.n == n), None)
    if tender is None:
        raise SaleRefused("There is no payment to void.")
    later = [other for other in sale.live_tenders if other.n > n and other.kind is TenderKind.CASH]
    if tender.kind is TenderKind.CASH and later:
        given = format_amount(later[-1].given, sale.currency)
        raise SaleRefused(f"Void the later cash payment of {given} first.")
    tenders = tuple(replace(other, voided=True) if other.n == n else other for other in sale.tenders)
    return replace(sale, state=state, tenders=tenders)


def complete(sale: Sale, policy: StorePolicy) -> Sale:
    """The finished sale. Raises SaleRefused while something is due or nothing is sold."""
    state = next_state(sale.state, SaleEvent.COMPLETE)
    sums = totals(sale, policy)
    if sums.due != 0:
        raise SaleRefused(f"{format_amount(sums.due, sale.currency)} {sale.currency} is still to be paid.")
    return replace(sale, state=state)


def void_sale(sale: Sale) -> Sale:
    """The abandoned sale. Raises SaleRefused while it holds payments: they go back to the customer first."""
    state = next_state(sale.state, SaleEvent.VOID)
    if sale.live_tenders:
        taken = format_amount(sum(tender.kept for tender in sale.live_tenders), sale.currency)
        raise SaleRefused(f"{taken} is taken already. Give it back and void the payment (F3) first.")
    return replace(sale, state=state)


def last_tender(sale: Sale) -> Tender | None:
    """The payment that would be voided next, None when there is none."""
    return sale.live_tenders[-1] if sale.live_tenders else None


def is_finished(sale: Sale) -> bool:
    """Whether nothing can change the sale any more."""
    return sale.state in (SaleState.COMPLETED, SaleState.VOIDED)


def _card(n: int, given: int, due: int, currency: str, reference: str) -> Tender:
    if given <= 0:
        raise SaleRefused("A card payment needs an amount above zero.")
    if given > due:
        raise SaleRefused(f"A card pays at most the {format_amount(due, currency)} due; it gives no change.")
    if is_card_number(reference):
        raise SaleRefused(
            "That is a card number, which must not be stored. Type the terminal's receipt number."
        )
    reference = stored(printable(reference).strip(), REFERENCE_LIMIT)
    return Tender(n=n, kind=TenderKind.CARD, amount=given, given=given, reference=reference)


def _cash(n: int, given: int, due: int, exact: int, policy: StorePolicy, currency: str) -> Tender:
    step = policy.cash_rounding_step
    if given < 0 or (given == 0 and exact > 0):
        raise SaleRefused("A cash payment needs an amount above zero.")
    if given > policy.max_line_amount:
        raise SaleRefused(
            f"{format_amount(given, currency)} is more cash than a drawer takes. Type the amount again."
        )
    if given % step:
        advice = f"Cash comes in steps of {format_amount(step, currency)}"
        raise SaleRefused(f"{advice}; {format_amount(exact, currency)} is due in cash.")
    if given < exact:
        return Tender(n=n, kind=TenderKind.CASH, amount=given, given=given)
    return Tender(
        n=n, kind=TenderKind.CASH, amount=due, given=given, change=given - exact, rounding=exact - due
    )
