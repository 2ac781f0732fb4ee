"""How a changed line is taken up by a sale: its discount, its share of the sale's discount, its tax, its bounds.

Every change of lines goes through `with_line` or `with_changed_line`, so that the sums of a sale are always whole.
"""

from msgspec.structs import replace

from store.sale.discount import discount_of, spread
from store.sale.language import phrase
from store.sale.money import shown_amount
from store.sale.offer import offers_taken
from store.sale.policy import RoundingScope, StorePolicy
from store.sale.quantity import thousandths
from store.sale.refusal import SaleRefused, ZeroPriceRefused
from store.sale.sale import PriceSource, Sale, SaleEvent, SaleLine, next_state
from store.sale.tax import line_taxes
from store.sale.tax_group import Taxed, contained, line_parts, on_top, ticket_parts
from store.sale.totals import due

LINE_BYTES = 195
"""A line in the journal record without its texts and numbers."""
TEXT_BYTES = 40
"""The names of a line's reason and comment in the record."""
GIVEN_BYTES = 90
"""A discount of a line, and the price that was there before, with their names."""
SHARE_BYTES = 20
"""The name of a line's share of the sale's discount."""
OFFERS_BYTES = 27
"""That a line has offers, and what is taken off it, without the numbers."""
OFFER_BYTES = 43
"""One offer on a line without its texts and numbers."""
TAX_PART_BYTES = 60
"""One of several taxes of a line; the tax it had before, with what an exemption takes out of the price."""
RETURN_BYTES = 420
"""Where goods that come back were sold, for how much, and what came back before; signs and the name of the reason."""
GOODS_BYTES = 90
"""The names of what a line says about deposit, empties, unit and serial number."""
INFO_BYTES = 50
"""An answer on a line without its texts."""
RECORD_BYTES = 51_000
"""For all lines; a record holds at most 64 KiB, the rest is for store facts, taxes and payments."""


def find_line(sale: Sale, n: int) -> SaleLine:
    """Line `n`, counted from 1. Raises SaleRefused when there is none or it is voided."""
    if not 1 <= n <= len(sale.lines):
        raise SaleRefused(phrase("No line is selected. Choose one with the arrow keys."))
    line = sale.lines[n - 1]
    if line.voided:
        raise SaleRefused(phrase("Line {n} is voided already. Choose another one.", n))
    return line


def with_line(sale: Sale, policy: StorePolicy, line: SaleLine, zero_confirmed: bool) -> Sale:
    """The sale with one more line. Raises SaleRefused for an amount out of bounds and when the record is full."""
    state = next_state(sale.state, SaleEvent.CHANGE_LINES)
    check_amount(line, policy, sale.currency, zero_confirmed)
    changed = reckoned(sale, (*sale.lines, line), line.n)
    if changed.record_bytes > RECORD_BYTES:
        raise SaleRefused(
            phrase(
                "This sale is full with {count} lines. Take payment, then begin a new sale.", len(sale.lines)
            )
        )
    return replace(changed, state=state)


def with_changed_line(sale: Sale, line: SaleLine) -> Sale:
    """The sale with `line` in the place of the one with its number. Raises SaleRefused when more is paid already."""
    return with_change(sale, (*sale.lines[: line.n - 1], line, *sale.lines[line.n :]), line.n)


def with_change(sale: Sale, lines: tuple[SaleLine, ...], n: int) -> Sale:
    """The sale with other lines, of which only line `n` is new (0: all may be). Raises as `with_changed_line`."""
    state = next_state(sale.state, SaleEvent.CHANGE_LINES)
    changed = reckoned(sale, lines, n)
    paid = sum(tender.amount for tender in sale.live_tenders)
    if due(changed) * paid < 0:
        raise SaleRefused(phrase("More than that is paid already. Void the payment first (Pay, then F3)."))
    return replace(changed, state=state)


def reckoned(sale: Sale, lines: tuple[SaleLine, ...], n: int) -> Sale:
    """The sale with `lines`, discounts and taxes made anew; lines that stay as they are stay the same objects.

    Without a discount on the sale and with rounding per line, a line depends on itself alone: only line `n` is done.
    Voided lines keep what they had; goods coming back with their receipt keep the cents of their sale.
    """
    if n and sale.given is None and sale.rounding_scope is RoundingScope.PER_LINE:
        line = lines[n - 1]
        if not line.voided and line.returns_of is None:
            line = _taxed(_discounted(line, sale.price_groups), 0, None)
        lines = (*lines[: n - 1], line, *lines[n:])
        before = _record_bytes(sale.lines[n - 1]) if n <= len(sale.lines) else 0
        return replace(sale, lines=lines, record_bytes=sale.record_bytes + _record_bytes(line) - before)
    lines = _all_reckoned(sale, lines, n)
    return replace(sale, lines=lines, record_bytes=sum(map(_record_bytes, lines)))


def check_amount(line: SaleLine, policy: StorePolicy, currency: str, zero_confirmed: bool) -> None:
    """Raise SaleRefused for a price or amount out of bounds, ZeroPriceRefused for a price of zero nobody confirmed."""
    if line.price < 0:
        raise SaleRefused(
            phrase("{name} has a price below zero. Type a price of its own, or ask the manager.", line.name)
        )
    if line.price == 0 and not zero_confirmed:
        raise ZeroPriceRefused(
            phrase("{name} costs {amount}. Is that right?", line.name, shown_amount(0, currency))
        )
    if abs(line.amount) > policy.max_line_amount:
        most = shown_amount(policy.max_line_amount, currency)
        raise SaleRefused(
            phrase(
                "{name} would cost more than {most} on one line. Check price and quantity.", line.name, most
            )
        )


def _all_reckoned(sale: Sale, lines: tuple[SaleLine, ...], n: int) -> tuple[SaleLine, ...]:
    """All lines; where only line `n` is new, what is taken off the others alone is known already."""
    live = [
        _discounted(line, sale.price_groups) if n in (0, line.n) else line
        for line in lines
        if _is_reckoned(line)
    ]
    weights = [line.discountable for line in live]
    shares = spread(discount_of(sale.given, sum(weights)), weights)
    bases: list[Taxed] = []
    for share, line in zip(shares, live, strict=True):
        base = line.amount - line.discount - share
        bases.append((base - _relief(line, base), thousandths(line.quantity), line.tax))
    parts = ticket_parts(bases, sale.rounding_scope)
    made = iter([_taxed(*one) for one in zip(live, shares, parts, strict=True)])
    return tuple(next(made) if _is_reckoned(line) else line for line in lines)


def _is_reckoned(line: SaleLine) -> bool:
    """Whether what the line costs is computed here; goods coming back with their receipt cost what they did."""
    return not line.voided and line.returns_of is None


def _discounted(line: SaleLine, groups: tuple[str, ...]) -> SaleLine:
    """The line with what offers take off it, and what its own discount takes off the rest."""
    taken = line.taken
    if line.offers:
        priced = line.price_source in (PriceSource.CATALOG, PriceSource.TYPED)
        counts = line.offers_count and line.takes_discount and priced
        taken = offers_taken(
            line.offers if counts else (),
            price=line.price,
            quantity=line.quantity,
            amount=line.amount,
            groups=groups,
            typed_price=line.price_source is PriceSource.TYPED,
            other_unit=line.factor not in ("", "1"),
        )
    offered = sum(one.off for one in taken)
    discount = offered + discount_of(line.given if line.takes_discount else None, line.amount - offered)
    if (discount, taken) == (line.discount, line.taken):
        return line
    return replace(line, discount=discount, taken=taken)


def _taxed(line: SaleLine, share: int, parts: tuple[int, ...] | None) -> SaleLine:
    """The line with its share of the sale's discount and its taxes; None computes the taxes of this line alone."""
    base = line.amount - line.discount - share
    relief = _relief(line, base)
    base -= relief
    if parts is None:
        parts = (
            (line_taxes(base, line.tax).tax,)
            if line.tax.plain
            else line_parts(base, thousandths(line.quantity), line.tax)
        )
    tax_amount, gross = sum(parts), base + on_top(parts, line.tax)
    kept = parts if line.tax.members else ()
    now = (line.discount_share, line.net, line.tax_amount, line.gross, line.tax_parts, line.tax_relief)
    if now == (share, gross - tax_amount, tax_amount, gross, kept, relief):
        return line
    return replace(
        line,
        discount_share=share,
        net=gross - tax_amount,
        tax_amount=tax_amount,
        gross=gross,
        tax_parts=kept,
        tax_relief=relief,
    )


def _relief(line: SaleLine, base: int) -> int:
    """What an exemption takes out of the price: the taxes that it contained, rounded on the line, at most all of it."""
    before = line.tax_before
    if before is None or not line.tax.detail.exempt:
        return 0
    relief = contained(line_parts(base, thousandths(line.quantity), before), before)
    return min(relief, base) if base > 0 else max(relief, base)


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
    if line.taken:
        texts += "".join(f"{one.code}{one.name}" for one in line.taken)
        figures = "".join(f"{one.off}{one.percent or one.amount or one.new_price}" for one in line.taken)
        size += OFFERS_BYTES + OFFER_BYTES * len(line.taken) + len(f"{line.discount}{figures}")
    size += TAX_PART_BYTES * (len(line.tax_parts) + (line.tax_before is not None))
    if line.is_return:
        texts += line.return_reason
        size += RETURN_BYTES
    if line.parent or line.no_discount or line.factor or line.serial:
        texts += line.serial
        size += GOODS_BYTES
    if line.info:
        texts += "".join(f"{one.code}{one.name}{one.answer}" for one in line.info)
        size += INFO_BYTES * len(line.info)
    return LINE_BYTES + size + len(texts.encode()) + escaped + len(numbers)
