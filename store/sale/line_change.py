"""How a changed line is taken up by a sale: its discount, its share of the sale's discount, its tax, its bounds.

Every change of lines goes through `with_line` or `with_changed_line`, so that the sums of a sale are always whole.
"""

from msgspec.structs import replace

from store.sale.discount import discount_of, spread
from store.sale.money import format_amount
from store.sale.policy import RoundingScope, StorePolicy
from store.sale.refusal import SaleRefused, ZeroPriceRefused
from store.sale.sale import Sale, SaleEvent, SaleLine, next_state
from store.sale.tax import line_taxes, ticket_taxes
from store.sale.totals import due

LINE_BYTES = 195
"""A line in the journal record without its texts and numbers."""
TEXT_BYTES = 40
"""The names of a line's reason and comment in the record."""
GIVEN_BYTES = 90
"""A discount of a line, and the price that was there before, with their names."""
SHARE_BYTES = 20
"""The name of a line's share of the sale's discount."""
RECORD_BYTES = 51_000
"""For all lines; a record holds at most 64 KiB, the rest is for store facts, taxes and payments."""


def find_line(sale: Sale, n: int) -> SaleLine:
    """Line `n`, counted from 1. Raises SaleRefused when there is none or it is voided."""
    if not 1 <= n <= len(sale.lines):
        raise SaleRefused("No line is selected. Choose one with the arrow keys.")
    line = sale.lines[n - 1]
    if line.voided:
        raise SaleRefused(f"Line {n} is voided already. Choose another one.")
    return line


def with_line(sale: Sale, policy: StorePolicy, line: SaleLine, zero_confirmed: bool) -> Sale:
    """The sale with one more line. Raises SaleRefused for an amount out of bounds and when the record is full."""
    state = next_state(sale.state, SaleEvent.CHANGE_LINES)
    check_amount(line, policy, sale.currency, zero_confirmed)
    changed = reckoned(sale, (*sale.lines, line), line.n)
    if changed.record_bytes > RECORD_BYTES:
        raise SaleRefused(
            f"This sale is full with {len(sale.lines)} lines. Take payment, then begin a new sale."
        )
    return replace(changed, state=state)


def with_changed_line(sale: Sale, line: SaleLine) -> Sale:
    """The sale with `line` in the place of the one with its number. Raises SaleRefused when more is paid already."""
    return with_change(sale, (*sale.lines[: line.n - 1], line, *sale.lines[line.n :]), line.n)


def with_change(sale: Sale, lines: tuple[SaleLine, ...], n: int) -> Sale:
    """The sale with other lines, of which only line `n` is new (0: all may be). Raises as `with_changed_line`."""
    state = next_state(sale.state, SaleEvent.CHANGE_LINES)
    changed = reckoned(sale, lines, n)
    if sale.live_tenders and due(changed) < 0:
        raise SaleRefused("More than that is paid already. Void the payment first (Pay, then F3).")
    return replace(changed, state=state)


def reckoned(sale: Sale, lines: tuple[SaleLine, ...], n: int) -> Sale:
    """The sale with `lines`, discounts and taxes made anew; lines that stay as they are stay the same objects.

    Without a discount on the sale and with rounding per line, a line depends on itself alone: only line `n` is done.
    Voided lines keep what they had.
    """
    if n and sale.given is None and sale.rounding_scope is RoundingScope.PER_LINE:
        line = lines[n - 1]
        if not line.voided:
            line = _taxed(_discounted(line), 0, None)
        lines = (*lines[: n - 1], line, *lines[n:])
        before = _record_bytes(sale.lines[n - 1]) if n <= len(sale.lines) else 0
        return replace(sale, lines=lines, record_bytes=sale.record_bytes + _record_bytes(line) - before)
    lines = _all_reckoned(sale, lines)
    return replace(sale, lines=lines, record_bytes=sum(map(_record_bytes, lines)))


def check_amount(line: SaleLine, policy: StorePolicy, currency: str, zero_confirmed: bool) -> None:
    """Raise SaleRefused for a price or amount out of bounds, ZeroPriceRefused for a price of zero nobody confirmed."""
    if line.price < 0:
        raise SaleRefused(f"{line.name} has a price below zero. Type a price of its own, or ask the manager.")
    if line.price == 0 and not zero_confirmed:
        raise ZeroPriceRefused(f"{line.name} costs {format_amount(0, currency)}. Is that right?")
    if line.amount > policy.max_line_amount:
        most = format_amount(policy.max_line_amount, currency)
        raise SaleRefused(f"{line.name} would cost more than {most} on one line. Check price and quantity.")


def _all_reckoned(sale: Sale, lines: tuple[SaleLine, ...]) -> tuple[SaleLine, ...]:
    live = [_discounted(line) for line in lines if not line.voided]
    weights = [line.amount - line.discount for line in live]
    goods = sum(weight for weight in weights if weight > 0)
    shares = spread(discount_of(sale.given, goods), weights)
    bases = [(weight - share, line.tax) for weight, share, line in zip(weights, shares, live, strict=True)]
    parts = ticket_taxes(bases, sale.rounding_scope)
    made = iter([_taxed(*one) for one in zip(live, shares, parts, strict=True)])
    return tuple(line if line.voided else next(made) for line in lines)


def _discounted(line: SaleLine) -> SaleLine:
    """The line with what its own discount comes to."""
    discount = discount_of(line.given, line.amount)
    return line if discount == line.discount else replace(line, discount=discount)


def _taxed(line: SaleLine, share: int, tax_amount: int | None) -> SaleLine:
    """The line with its share of the sale's discount and its tax; None computes the tax of this line alone."""
    base = line.amount - line.discount - share
    if tax_amount is None:
        tax_amount = line_taxes(base, line.tax).tax
    gross = base if line.tax.included else base + tax_amount
    now = (line.discount_share, line.net, line.tax_amount, line.gross)
    if now == (share, gross - tax_amount, tax_amount, gross):
        return line
    return replace(line, discount_share=share, net=gross - tax_amount, tax_amount=tax_amount, gross=gross)


def _record_bytes(line: SaleLine) -> int:
    """What the line takes in the record's JSON: UTF-8 bytes, control characters as six, quotes as two."""
    texts = f"{line.name}{line.code}{line.sku}{line.department}{line.tax.code}{line.unit}"
    size = 0
    if line.price_reason or line.comment:
        texts = f"{texts}{line.price_reason}{line.comment}"
        size += TEXT_BYTES
    escaped = 0 if texts.isprintable() else 5 * sum(character < " " for character in texts)
    escaped += texts.count('"') + texts.count("\\")
    numbers = f"{line.n}{line.quantity}{line.price}{line.amount}{line.gross}{line.tax_amount}"
    if line.given is not None or line.list_price is not None:
        size += GIVEN_BYTES
    if line.discount_share:
        size += SHARE_BYTES + len(str(line.discount_share))
    return LINE_BYTES + size + len(texts.encode()) + escaped + len(numbers)
