"""One payment, or one giving back, by the rules of its tender type: bounds, change, rounding, foreign notes."""

from msgspec.structs import replace

from store.sale.foreign import home_value
from store.sale.language import later, phrase
from store.sale.money import shown_amount
from store.sale.policy import StorePolicy
from store.sale.refunding import refund_refused
from store.sale.refusal import SaleRefused
from store.sale.rounding import round_cash
from store.sale.sale import Sale
from store.sale.tender import Payment, Tender, is_card_number
from store.sale.tender_type import (
    NO_BOUND,
    REFERENCE_LIMIT,
    Reference,
    TenderKind,
    TenderType,
    find_type,
)
from store.sale.text import printable, stored
from store.sale.totals import Totals, totals

CARD_NUMBER = later("That is a card number, which must not be stored. Type the number of the slip.")
LARGEST_FOREIGN = 99_999_999_999
"""Minor units; more is a code typed as an amount."""


def payment(sale: Sale, policy: StorePolicy, how: Payment) -> tuple[Tender, ...]:
    """The payment, and behind it the voucher for its change if there is one. Raises SaleRefused."""
    chosen = type_of(policy, how)
    sums = totals(sale, policy)
    if chosen.kind is TenderKind.CASH:
        tender = _cash(sale, policy, chosen, how.given, sums)
    elif chosen.kind is TenderKind.FOREIGN:
        tender = _foreign(sale, policy, chosen, how.foreign, sums)
    else:
        tender = _exact(sale, policy, chosen, how, sums)
    check_bounds(sale, chosen, tender)
    change = tender.amount - sums.due
    if change <= 0:
        return (tender,)
    return tender, _voucher_change(sale, policy, chosen, how, tender, change)


def given_back(sale: Sale, policy: StorePolicy, how: Payment) -> Tender:
    """Money that goes back: a payment below zero, rounded as its mirror would be. Raises SaleRefused."""
    chosen = type_of(policy, how)
    sums = totals(sale, policy)
    magnitude, exact, rounding = how.given, -sums.due, 0
    if chosen.kind is TenderKind.CASH:
        exact = -sums.exact_cash
        _check_step(policy, magnitude, exact, sale.currency)
    if magnitude < 0 or (magnitude == 0 and exact > 0):
        raise SaleRefused(phrase("Type what is given back, an amount above zero."))
    if magnitude > exact:
        raise SaleRefused(phrase("{text} is to give back; no more than that.", _text(exact, sale)))
    if magnitude == exact:
        rounding = -magnitude - sums.due
    amount = -magnitude - rounding
    if refused := refund_refused(sale, policy, chosen.code, -amount):
        raise SaleRefused(refused)
    if chosen.kind is TenderKind.VOUCHER and not how.voucher:
        raise SaleRefused(phrase("A voucher needs a number. Begin again."))
    return _tender(
        sale,
        chosen,
        amount=amount,
        given=-magnitude,
        rounding=rounding,
        reference=_reference(chosen, how.reference, required=False),
        voucher=how.voucher,
    )


def type_of(policy: StorePolicy, how: Payment) -> TenderType:
    """The tender type that is meant. Raises SaleRefused when the store does not take it."""
    chosen = find_type(policy.tenders, how.type)
    if chosen is None:
        raise SaleRefused(phrase("This store does not take that. Choose another way to pay."))
    return chosen


def check_bounds(sale: Sale, chosen: TenderType, tender: Tender) -> None:
    """Raise SaleRefused when the type takes no payment so small, or no more of a sale."""
    if tender.amount < chosen.min_amount:
        raise SaleRefused(
            phrase("{name} is taken from {text} on.", chosen.name, _text(chosen.min_amount, sale))
        )
    before = sum(
        other.amount for other in sale.live_tenders if other.code == tender.code and other.amount > 0
    )
    if 0 < chosen.max_amount < before + tender.amount:
        raise SaleRefused(
            phrase("{name} pays at most {text} of a sale.", chosen.name, _text(chosen.max_amount, sale))
        )


def _exact(sale: Sale, policy: StorePolicy, chosen: TenderType, how: Payment, sums: Totals) -> Tender:
    """Card, check, voucher, account: what is due at most, unless the type may give change."""
    given, due = how.given, sums.due
    if given <= 0:
        raise SaleRefused(phrase("A {word} payment needs an amount above zero.", _word(chosen)))
    in_change = find_type(policy.tenders, chosen.change)
    over = given - due
    if over > 0 and (in_change is None or chosen.over_limit == 0):
        raise SaleRefused(
            phrase(
                "A {word} pays at most the {text} due; it gives no change.", _word(chosen), _text(due, sale)
            )
        )
    _check_over(sale, chosen, over)
    reference = _reference(chosen, how.reference, required=True)
    change = rounding = 0
    amount = given
    if over > 0 and in_change is not None and in_change.kind is TenderKind.CASH:
        change = round_cash(over, policy.cash_rounding)
        amount, rounding = due, over - change
    return _tender(
        sale,
        chosen,
        amount=amount,
        given=given,
        change=change,
        rounding=rounding,
        reference=reference,
        deferred=how.deferred,
        voucher=how.voucher if chosen.kind is TenderKind.VOUCHER else "",
        offline=how.offline,
    )


def _cash(sale: Sale, policy: StorePolicy, chosen: TenderType, given: int, sums: Totals) -> Tender:
    exact, due = sums.exact_cash, sums.due
    if given < 0 or (given == 0 and exact > 0):
        raise SaleRefused(phrase("A cash payment needs an amount above zero."))
    if given > policy.max_line_amount:
        raise SaleRefused(
            phrase("{text} is more cash than a drawer takes. Type the amount again.", _text(given, sale))
        )
    _check_step(policy, given, exact, sale.currency)
    if given < exact:
        return _tender(sale, chosen, amount=given, given=given)
    _check_over(sale, chosen, given - exact)
    return _tender(sale, chosen, amount=due, given=given, change=given - exact, rounding=exact - due)


def _foreign(sale: Sale, policy: StorePolicy, chosen: TenderType, foreign: int, sums: Totals) -> Tender:
    """Notes of another currency by their rate; change in the store's own, as coins can pay it."""
    if not 0 < foreign <= LARGEST_FOREIGN:
        raise SaleRefused(phrase("Type how much {currency} is given, an amount above zero.", chosen.currency))
    given = home_value(foreign, chosen.currency, chosen.rate, sale.currency)
    if given <= 0 or given > policy.max_line_amount:
        raise SaleRefused(
            phrase(
                "That is worth {text} {currency}. Type the amount again.", _text(given, sale), sale.currency
            )
        )
    amount, change, over = given, 0, given - sums.due
    if over > 0:
        if not chosen.change:
            raise SaleRefused(
                phrase(
                    "{name} gives no change; {text} {currency} is due.",
                    chosen.name,
                    _text(sums.due, sale),
                    sale.currency,
                )
            )
        _check_over(sale, chosen, over)
        amount, change = sums.due, round_cash(over, policy.cash_rounding)
    return _tender(
        sale,
        chosen,
        amount=amount,
        given=given,
        change=change,
        rounding=given - change - amount,
        currency=chosen.currency,
        foreign=foreign,
        rate=chosen.rate,
    )


def _voucher_change(
    sale: Sale, policy: StorePolicy, chosen: TenderType, how: Payment, tender: Tender, change: int
) -> Tender:
    voucher = find_type(policy.tenders, chosen.change)
    if voucher is None or not how.change_voucher:
        raise SaleRefused(phrase("A {word} gives no change. Type at most what is due.", _word(chosen)))
    back = _tender(sale, voucher, amount=-change, given=-change, voucher=how.change_voucher)
    return replace(back, n=tender.n + 1, change_of=tender.n)


def _tender(sale: Sale, chosen: TenderType, *, amount: int, given: int, **facts: object) -> Tender:
    own = chosen.code == chosen.kind.value
    return Tender(
        n=len(sale.tenders) + 1,
        kind=chosen.kind,
        amount=amount,
        given=given,
        type="" if own else chosen.code,
        name=chosen.name,
        **facts,  # type: ignore[arg-type]
    )


def _reference(chosen: TenderType, text: str, *, required: bool) -> str:
    if is_card_number(text):
        raise SaleRefused(phrase(CARD_NUMBER))
    text = stored(printable(text).strip(), REFERENCE_LIMIT)
    if required and chosen.reference is Reference.REQUIRED and not text:
        raise SaleRefused(phrase("A {word} payment needs the number on its paper.", _word(chosen)))
    return text


def _check_step(policy: StorePolicy, given: int, exact: int, currency: str) -> None:
    if given % policy.cash_step:
        advice = phrase("Cash comes in steps of {amount}", shown_amount(policy.cash_step, currency))
        raise SaleRefused(phrase("{advice}; {amount} is due in cash.", advice, shown_amount(exact, currency)))


def _check_over(sale: Sale, chosen: TenderType, over: int) -> None:
    if NO_BOUND != chosen.over_limit < over:
        limit = _text(chosen.over_limit, sale)
        raise SaleRefused(
            phrase("{name}: at most {limit} more than is due may be given.", chosen.name, limit)
        )


def _word(chosen: TenderType) -> str:
    return chosen.name.lower() if chosen.name.isascii() else chosen.name


def _text(amount: int, sale: Sale) -> str:
    return shown_amount(amount, sale.currency)
