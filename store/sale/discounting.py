"""What a person changes in an open sale besides its goods: discounts, prices set by hand, comments."""

from msgspec.structs import replace

from store.sale.discount import Discount, percent_of
from store.sale.language import later, phrase
from store.sale.limits import Limits
from store.sale.line_change import RECORD_BYTES, check_amount, find_line, with_change, with_changed_line
from store.sale.money import shown_amount
from store.sale.policy import StorePolicy
from store.sale.quantity import SCALE, multiply, parse_quantity, thousandths
from store.sale.refusal import LimitRefused, SaleRefused
from store.sale.sale import PriceSource, Sale, SaleEvent, SaleLine, next_state
from store.sale.text import printable, stored

COMMENT_LIMIT = 60
"""Characters of a comment; it has to fit on paper and into the record."""
REASON_LIMIT = 40
FULL = later("This sale is full. Take payment, then begin a new sale.")


def parse_percent(text: str) -> str | None:
    """A typed percentage in canonical form, 0 to 100 with up to three decimals; None when it is none."""
    percent = parse_quantity(text)
    return percent if percent is not None and thousandths(percent) <= 100 * SCALE else None


def discount_line(sale: Sale, n: int, discount: Discount, limits: Limits) -> Sale:
    """The sale with a discount on line `n` in place of the one before; one of nothing takes it away.

    It counts from what the offers of headquarters leave.
    Raises SaleRefused for more than the line costs, LimitRefused for more than `limits` allow.
    """
    line = find_line(sale, n)
    if not line.takes_discount:
        raise SaleRefused(phrase("There is no discount on {name}.", line.name))
    left = line.amount - line.offered
    given = _within(
        discount, left, limits.line_percent, limits.line_amount, sale.currency, phrase("the line")
    )
    return _checked(with_changed_line(sale, replace(line, given=given)))


def discount_sale(sale: Sale, discount: Discount, limits: Limits) -> Sale:
    """The sale with a discount on all its lines together, spread to the cent; raises as `discount_line`.

    It counts from what the lines' own discounts leave, and again whenever the lines change.
    """
    goods = sum(line.discountable for line in sale.live_lines)
    given = _within(
        discount, goods, limits.total_percent, limits.total_amount, sale.currency, phrase("the sale")
    )
    return _checked(with_change(replace(sale, given=given), sale.lines, 0))


def override_price(sale: Sale, policy: StorePolicy, n: int, price: int, reason: str, limits: Limits) -> Sale:
    """The sale with another price per unit on line `n`, and why.

    The price that was there before stays in the line. Setting that one again takes the override away.
    Raises SaleRefused for a label's price, which is final, and for a price of zero; LimitRefused.
    """
    line = find_line(sale, n)
    if line.price_source is PriceSource.LABEL:
        raise SaleRefused(
            phrase("The price of {name} is on its label. Give a discount on the line instead.", line.name)
        )
    if line.no_discount:
        raise SaleRefused(phrase("The price of {name} is a deposit and cannot be set.", line.name))
    if line.returns_of is not None:
        raise SaleRefused(
            phrase("{name} comes back at the price of its receipt. Return it without one (109).", line.name)
        )
    if price <= 0:
        raise SaleRefused(phrase("A price of zero sells nothing. Give a discount on the line instead."))
    before = line.price if line.list_price is None else line.list_price
    _check_price(line, before, price, limits, sale.currency)
    amount = multiply(price, line.quantity)
    if price == before and line.list_price is not None:
        line = replace(line, list_price=None, price_source=_source_before(line), price_reason="")
    elif price != before:
        reason = stored(printable(reason), REASON_LIMIT)
        line = replace(
            line,
            list_price=before,
            listed_source=_source_before(line),
            price_source=PriceSource.OVERRIDE,
            price_reason=reason,
        )
    line = replace(line, price=price, amount=amount)
    check_amount(line, policy, sale.currency, zero_confirmed=True)
    return _checked(with_changed_line(sale, line))


def comment_line(sale: Sale, n: int, text: str) -> Sale:
    """The sale with a comment on line `n`, an empty one takes it away. Raises SaleRefused."""
    line = find_line(sale, n)
    return _checked(with_changed_line(sale, replace(line, comment=_comment(text))))


def comment_sale(sale: Sale, text: str) -> Sale:
    """The sale with a comment of its own, an empty one takes it away. Raises SaleRefused."""
    state = next_state(sale.state, SaleEvent.CHANGE_LINES)
    return replace(sale, state=state, comment=_comment(text))


def _within(
    discount: Discount, base: int, most_percent: str, most_amount: int, currency: str, what: str
) -> Discount | None:
    """The discount with the limits it was given under; None for one of nothing."""
    asked = discount.asked(base)
    if discount.amount == 0 and discount.percent in ("", "0"):
        return None
    if base <= 0:
        raise SaleRefused(phrase("There is nothing to take off {what}.", what))
    if asked > base:
        worth = shown_amount(base, currency)
        raise SaleRefused(
            phrase("{amount} is more than {what} costs: {worth}.", shown_amount(asked, currency), what, worth)
        )
    given = replace(discount, most_percent=most_percent, most_amount=most_amount)
    beyond = discount.percent and thousandths(discount.percent) > thousandths(most_percent)
    if beyond or asked > given.most(base):
        most = shown_amount(given.most(base), currency)
        raise LimitRefused(phrase("At most {most_percent} %, here {most}.", most_percent, most))
    return given


def _check_price(line: SaleLine, before: int, price: int, limits: Limits, currency: str) -> None:
    """A price typed or by department has nothing to be measured by; that of the catalog has."""
    if _source_before(line) is not PriceSource.CATALOG:
        return
    lowest = before - percent_of(before, limits.price_lower)
    highest = before + percent_of(before, limits.price_higher)
    if not lowest <= price <= highest:
        low, high = shown_amount(lowest, currency), shown_amount(highest, currency)
        raise LimitRefused(phrase("The price may be set from {low} to {high}.", low, high))


def _source_before(line: SaleLine) -> PriceSource:
    """Where the price came from before it was set by hand."""
    if line.price_source is not PriceSource.OVERRIDE:
        return line.price_source
    return line.listed_source


def _comment(text: str) -> str:
    return stored(printable(text).strip(), COMMENT_LIMIT)


def _checked(sale: Sale) -> Sale:
    if sale.record_bytes > RECORD_BYTES:
        raise SaleRefused(phrase(FULL))
    return sale
