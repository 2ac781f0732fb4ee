"""Goods that come back: with their receipt (the cents of that sale) and without (today's price, with a reason)."""

from msgspec.structs import replace

from store.sale.deposit import deposits_of, refuse_deposit
from store.sale.item import Item
from store.sale.language import phrase
from store.sale.line_change import find_line, with_change, with_changed_line, with_line
from store.sale.offer import Offer
from store.sale.past_sale import PastLine, PastSale, left_of, origin_of, paid_and_refunded
from store.sale.policy import StorePolicy, TaxRate
from store.sale.quantity import SCALE, from_thousandths, is_whole, multiply, parse_quantity, thousandths
from store.sale.refusal import SaleRefused
from store.sale.returning import Cents, ReturnsOf, part_of
from store.sale.sale import PriceSource, ReturnedSale, Sale, SaleLine
from store.sale.selling import add_line
from store.sale.tax import find_tax
from store.sale.tax_group import members_of, on_top
from store.sale.text import printable, stored

REASON_LIMIT = 40
"""Characters of the reason for a return; it stands on the receipt."""


def take_back(
    sale: Sale,
    policy: StorePolicy,
    past: PastSale,
    n: int,
    quantity: str = "",
    reason: str = "",
    source: str = "online",
) -> Sale:
    """The sale with `quantity` (empty: all that is left) of line `n` of a receipt coming back, with its deposits.

    More of a line that comes back already makes that line larger. Raises SaleRefused: nothing left, too much, decimals
    of goods sold by the piece, another currency, a full record.
    """
    line = next((line for line in past.lines if line.n == n), None)
    if line is None or past.voids:
        raise SaleRefused(phrase("Receipt {number} has no line {n} that could come back.", past.number, n))
    if past.currency != sale.currency:
        raise SaleRefused(
            phrase(
                "Receipt {number} is in {currency}; this register takes {currency_2}.",
                past.number,
                past.currency,
                sale.currency,
            )
        )
    present = _present(sale, past, n)
    left = left_on(sale, past, line)
    asked = left if quantity == "" else parse_quantity(quantity)
    _check_quantity(line, asked, left)
    assert asked is not None
    if present is not None:
        larger = from_thousandths(thousandths(asked) - thousandths(present.quantity))
        changed = replace(present, return_reason=_reason(reason) or present.return_reason)
        sale = _noted(with_changed_line(sale, _filled(changed, larger)), past)
        return _with_deposits(sale, policy, past, line, asked, reason, source)
    back = _coming_back(sale, policy, past, line, _reason(reason), source)
    sale = _noted(with_line(sale, policy, _filled(back, asked), zero_confirmed=True), past)
    return _with_deposits(sale, policy, past, line, asked, reason, source)


def _coming_back(
    sale: Sale, policy: StorePolicy, past: PastSale, line: PastLine, reason: str, source: str
) -> SaleLine:
    """The line by which a sold line begins to come back; nothing of it does yet."""
    goods = _present(sale, past, line.parent) if line.parent else None
    return SaleLine(
        n=len(sale.lines) + 1,
        sku=line.sku,
        name=line.name,
        quantity="-1",
        unit=line.unit,
        price=line.price,
        amount=0,
        tax=_tax_for(policy, line.tax),
        net=0,
        tax_amount=0,
        gross=0,
        code=line.code,
        source=source,
        price_source=_source(line),
        department=line.department,
        measured=line.measured,
        returns_of=origin_of(past, line),
        return_reason=reason,
        parent=goods.n if goods is not None else 0,
        no_discount=line.no_discount,
        factor=line.factor,
        serial=line.serial,
    )


def _with_deposits(
    sale: Sale, policy: StorePolicy, past: PastSale, goods: PastLine, asked: str, reason: str, source: str
) -> Sale:
    """The deposits that went with goods come back with them: the same part, whole pieces, the rest with the last."""
    for deposit in past.lines:
        if deposit.parent != goods.n or not goods.n:
            continue
        left = thousandths(left_on(sale, past, deposit))
        part = thousandths(deposit.quantity) * thousandths(asked) // thousandths(goods.quantity)
        if left_on(sale, past, goods) == "0":
            part = left
        part = min(left, part - part % SCALE if is_whole(deposit.quantity) else part)
        if part > 0:
            sale = take_back(sale, policy, past, deposit.n, from_thousandths(part), reason, source)
    return sale


def left_on(sale: Sale | None, past: PastSale, line: PastLine) -> str:
    """What may still come back of a line, less what the open sale takes back of it already."""
    left = thousandths(left_of(past, line))
    present = _present(sale, past, line.n) if sale is not None else None
    if present is not None:
        left += thousandths(present.quantity)
    return "0" if line.quantity.startswith("-") else from_thousandths(max(left, 0))


def take_back_item(
    sale: Sale,
    policy: StorePolicy,
    item: Item,
    quantity: str,
    reason: str,
    code: str = "",
    source: str = "online",
    price: int | None = None,
    *,
    offers: tuple[Offer, ...] = (),
) -> Sale:
    """The sale with goods coming back without a receipt, at today's price; a blocked item may come back.

    `offers` are the discounts of headquarters that hold now: nobody gets back more than it costs today.

    Raises as `add_line`: PriceNeeded for an open price, SaleRefused.
    """
    item = replace(item, blocked="")
    added = add_line(sale, policy, item, quantity, code, source, price, zero_confirmed=True, offers=offers)
    return with_changed_line(added, _turned(added.lines[-1], reason))


def turn_line(sale: Sale, n: int, reason: str) -> Sale:
    """The sale with line `n`, which was just scanned, and its deposits coming back instead of being sold.

    Raises SaleRefused.
    """
    line = find_line(sale, n)
    if line.is_return:
        raise SaleRefused(phrase("Line {n} is a return already.", n))
    refuse_deposit(line)
    turned = {one.n: _turned(one, reason) for one in (line, *deposits_of(sale, n))}
    if len(turned) == 1:
        return with_changed_line(sale, turned[n])
    return with_change(sale, tuple(turned.get(one.n, one) for one in sale.lines), 0)


def set_back_quantity(sale: Sale, n: int, quantity: str) -> Sale:
    """The sale with another quantity of goods coming back on line `n`, typed without a sign. Raises SaleRefused."""
    line = find_line(sale, n)
    asked = parse_quantity(quantity)
    origin = line.returns_of
    if origin is None:
        if asked is None or asked == "0" or not (line.measured or is_whole(asked)):
            raise SaleRefused(
                phrase(
                    "{quantity} is no quantity of {name}. Type how much comes back.",
                    repr(quantity[:20]),
                    line.name[:20],
                )
            )
        asked = f"-{asked}"
        return with_changed_line(sale, replace(line, quantity=asked, amount=multiply(line.price, asked)))
    if asked is None or asked == "0" or thousandths(asked) > thousandths(origin.left):
        raise SaleRefused(
            phrase("At most {left} of {name} may come back of that receipt.", origin.left, line.name[:30])
        )
    if thousandths(asked) > -thousandths(line.quantity):
        raise SaleRefused(phrase("Scan the receipt again to take more of it back."))
    if not (line.measured or is_whole(asked) or not is_whole(origin.quantity)):
        raise SaleRefused(phrase("{name} is sold by the piece. Type a whole number.", line.name[:30]))
    changed = with_changed_line(sale, _filled(line, asked))
    for deposit in deposits_of(changed, n):
        if (of := deposit.returns_of) is not None:
            part = thousandths(of.quantity) * thousandths(asked) // thousandths(origin.quantity)
            part = max(min(part - part % SCALE, -thousandths(deposit.quantity)), SCALE)
            changed = with_changed_line(changed, _filled(deposit, from_thousandths(part)))
    return changed


def _source(line: PastLine) -> PriceSource:
    """Where the price came from; one that was set by hand is not set by hand again."""
    source = PriceSource(line.price_source)
    return PriceSource.CATALOG if source is PriceSource.OVERRIDE else source


def _tax_for(policy: StorePolicy, tax: TaxRate) -> TaxRate:
    """The store's own tax where it is still the same one, so that both stand in one row of the tax table."""
    today = find_tax(policy, tax.code)
    return today if today is not None and _terms(today) == _terms(tax) else tax


def _terms(tax: TaxRate) -> list[tuple[str, str, bool, int, bool]]:
    """How a tax, or each of a group, is computed."""
    return [
        (one.code, one.rate, one.included, one.detail.fixed, one.detail.compound) for one in members_of(tax)
    ]


def _present(sale: Sale, past: PastSale, n: int) -> SaleLine | None:
    place = (past.series, past.seq, n)
    return next(
        (line for line in sale.live_lines if line.returns_of and line.returns_of.place == place), None
    )


def _check_quantity(line: PastLine, asked: str | None, left: str) -> None:
    if line.quantity.startswith("-"):
        raise SaleRefused(phrase("{name} was taken back on that receipt, not sold.", line.name[:30]))
    if line.voucher:
        raise SaleRefused(phrase("{name} is no goods; it is undone with its sale (9140).", line.name[:24]))
    if left == "0":
        raise SaleRefused(
            phrase("{name}: all {quantity} of it came back already.", line.name[:30], line.quantity)
        )
    if asked is None or asked == "0":
        raise SaleRefused(phrase("Type how much of {name} comes back, at most {left}.", line.name[:30], left))
    if not (line.measured or is_whole(asked) or not is_whole(line.quantity)):
        raise SaleRefused(phrase("{name} is sold by the piece. Type a whole number.", line.name[:30]))
    if thousandths(asked) > thousandths(left):
        raise SaleRefused(phrase("At most {left} of {name} may still come back.", left, line.name[:30]))


def _filled(line: SaleLine, quantity: str) -> SaleLine:
    """The line giving back that quantity of its origin: the cents of the sale, below zero."""
    origin = line.returns_of
    assert origin is not None
    part = part_of(origin, quantity)
    gross = gross_of(line, part)
    return replace(
        line,
        quantity=f"-{quantity}",
        amount=-part.amount,
        discount=-part.discount,
        discount_share=-part.discount_share,
        tax_relief=-part.tax_relief,
        tax_amount=-part.tax_amount,
        tax_parts=tuple(-tax for tax in part.tax_parts),
        gross=-gross,
        net=part.tax_amount - gross,
    )


def gross_of(line: SaleLine, part: Cents) -> int:
    """What the customer gets for a part: what is left of it, and the taxes on top."""
    return part.base + on_top(part.tax_parts or (part.tax_amount,), line.tax)


def _turned(line: SaleLine, reason: str) -> SaleLine:
    """The line the other way round, at what it costs today; what somebody gave on it by hand is not given back."""
    quantity = f"-{line.quantity}"
    return replace(
        line,
        quantity=quantity,
        amount=multiply(line.price, quantity) if line.price_source is not PriceSource.LABEL else -line.amount,
        given=None,
        return_reason=_reason(reason),
    )


def _noted(sale: Sale, past: PastSale) -> Sale:
    """The sale that knows how the receipt was paid."""
    places = {(known.series, known.seq) for known in sale.returned_from}
    if (past.series, past.seq) in places:
        return sale
    origin = ReturnedSale(
        series=past.series,
        seq=past.seq,
        receipt_no=past.receipt_no,
        tenders=paid_and_refunded(past),
        customer=past.customer,
        given_in_goods=-sum(line.gross for line in past.lines if line.gross < 0),
    )
    return replace(sale, returned_from=(*sale.returned_from, origin))


def _reason(text: str) -> str:
    return stored(printable(text).strip(), REASON_LIMIT)


def origins(sale: Sale) -> tuple[ReturnsOf, ...]:
    """What the live lines of a sale give back with a receipt."""
    return tuple(line.returns_of for line in sale.live_lines if line.returns_of is not None)
