"""What pays for a sale: begin, take and void payments, give money back, complete, void."""

from msgspec.structs import replace

from store.sale.giving import given_back, payment
from store.sale.language import phrase
from store.sale.money import shown_amount
from store.sale.offering import count_offers, waiting_offers
from store.sale.policy import StorePolicy
from store.sale.refunding import ways_of_sale
from store.sale.refusal import SaleRefused
from store.sale.sale import Sale, SaleEvent, SaleState, next_state
from store.sale.tender import Payment, Tender, TenderKind
from store.sale.tender_type import first_of
from store.sale.totals import totals

NO_POLICY = StorePolicy()
MAX_TENDERS = 20
"""Payments per sale, voided ones counted; the journal record has room for them."""


def begin_payment(sale: Sale, policy: StorePolicy = NO_POLICY) -> Sale:
    """The sale in payment, with the discounts that waited for it. Raises SaleRefused when nothing is sold."""
    if waiting_offers(sale):
        sale = count_offers(sale)
    state = next_state(sale.state, SaleEvent.BEGIN_PAYMENT)
    if not sale.live_lines:
        raise SaleRefused(phrase("There is nothing to pay yet. Scan an item first."))
    return replace(sale, state=state, refund_ways=ways_of_sale(sale, policy))


def back_to_sale(sale: Sale, policy: StorePolicy) -> Sale:
    """The sale out of payment, payments stay. Raises SaleRefused when it is paid in full: rounding ends a sale."""
    state = next_state(sale.state, SaleEvent.BACK)
    if sale.live_tenders and totals(sale, policy).due == 0:
        raise SaleRefused(phrase("The sale is paid. Void a payment (F3) to change it."))
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
    """`take_payment` with the store's first tender type of a kind. Raises SaleRefused."""
    found = first_of(policy.tenders, TenderKind(kind))
    if found is None:
        raise SaleRefused(
            phrase("This store takes no {value}. Choose another way to pay.", TenderKind(kind).value)
        )
    how = Payment(type=found.code, given=given, reference=reference, deferred=deferred)
    return take_payment(sale, policy, how)


def take_payment(sale: Sale, policy: StorePolicy, how: Payment) -> Sale:
    """The sale with one more payment, or, when more is paid than is due, with money given back.

    Cash: the due amount is rounded to the store's cash step, what is given beyond it is change. Foreign notes count by
    their rate; change is the store's own money. Others pay what is due at most, or what their type allows above it.
    Raises SaleRefused: nothing due, a type or amount that is not taken, cash that coins cannot pay, a card number as
    reference.
    """
    state = next_state(sale.state, SaleEvent.TAKE_PAYMENT)
    due = totals(sale, policy).due
    if due == 0:
        raise SaleRefused(phrase("Nothing is due any more."))
    if len(sale.tenders) >= MAX_TENDERS:
        raise SaleRefused(
            phrase("A sale takes at most {max_tenders} payments. Void the sale and begin again.", MAX_TENDERS)
        )
    added = payment(sale, policy, how) if due > 0 else (given_back(sale, policy, how),)
    return replace(sale, state=state, tenders=(*sale.tenders, *added))


def void_tender(sale: Sale, n: int) -> Sale:
    """The sale with payment `n` marked as voided (money handed back, card reversed at the terminal).

    Cash is voided last first, so that change and rounding always belong to the last one; a voucher that was the change
    of a payment goes with it. Raises SaleRefused.
    """
    state = next_state(sale.state, SaleEvent.VOID_PAYMENT)
    tender = next((tender for tender in sale.live_tenders if tender.n == n), None)
    if tender is None:
        raise SaleRefused(phrase("There is no payment to void."))
    later = [other for other in sale.live_tenders if other.n > n and other.kind is TenderKind.CASH]
    if tender.kind is TenderKind.CASH and later:
        given = shown_amount(abs(later[-1].given), sale.currency)
        raise SaleRefused(phrase("Void the later cash payment of {given} first.", given))
    pair = {tender.n, tender.change_of} - {0} | {other.n for other in sale.tenders if other.change_of == n}
    tenders = tuple(replace(other, voided=True) if other.n in pair else other for other in sale.tenders)
    return replace(sale, state=state, tenders=tenders)


def complete(sale: Sale, policy: StorePolicy) -> Sale:
    """The finished sale. Raises SaleRefused while something is due or nothing is sold."""
    state = next_state(sale.state, SaleEvent.COMPLETE)
    sums = totals(sale, policy)
    if sums.due != 0:
        raise SaleRefused(
            phrase(
                "{amount} {currency} is still to be paid.",
                shown_amount(sums.due, sale.currency),
                sale.currency,
            )
        )
    return replace(sale, state=state)


def void_sale(sale: Sale) -> Sale:
    """The abandoned sale. Raises SaleRefused while it holds payments: they go back to the customer first."""
    state = next_state(sale.state, SaleEvent.VOID)
    if sale.live_tenders:
        taken = shown_amount(sum(tender.kept for tender in sale.live_tenders), sale.currency)
        raise SaleRefused(
            phrase("{taken} is taken already. Give it back and void the payment (F3) first.", taken)
        )
    return replace(sale, state=state)


def give_up(sale: Sale) -> Sale:
    """The sale voided with its payments, last first, also after Esc from a payment in part. Raises SaleRefused."""
    if sale.state is SaleState.OPEN and sale.live_tenders:
        sale = replace(sale, state=SaleState.TENDERING)
    while (last := last_tender(sale)) is not None:
        sale = void_tender(sale, last.n)
    return void_sale(sale)


def last_tender(sale: Sale) -> Tender | None:
    """The payment that would be voided next, None when there is none."""
    return sale.live_tenders[-1] if sale.live_tenders else None


def is_finished(sale: Sale) -> bool:
    """Whether nothing can change the sale any more."""
    return sale.state in (SaleState.COMPLETED, SaleState.VOIDED)
