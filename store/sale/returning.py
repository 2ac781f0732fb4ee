"""What a returned part of a sold line gives back: the stored cents of the sale, in parts of any size and order.

The rule (docs/money.md): after each return, what was given back so far is the whole line's cents times the part of the
quantity that is back, rounded; this return gives what is missing to that. So the last part gets the rest, and all
parts together are the sale exactly, whoever took them back and in whichever order. Nothing is computed from today's
prices, taxes or discounts. Amounts in minor units, quantities as decimal strings.
"""

from typing import Any

import msgspec
from msgspec.structs import replace

from store.sale.money import round_half_up
from store.sale.quantity import from_thousandths, thousandths


class Cents(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The amounts of a line, or of a part of one, as a sale's record has them; positive for what was sold.

    `tax_parts` are those of a group of taxes, in the group's order; empty for a single tax.
    """

    amount: int = 0
    discount: int = 0
    discount_share: int = 0
    tax_relief: int = 0
    tax_amount: int = 0
    tax_parts: tuple[int, ...] = ()

    @property
    def base(self) -> int:
        """What the discounts leave of `amount`."""
        return self.amount - self.discount - self.discount_share - self.tax_relief


NOTHING = Cents()


class ReturnsOf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The sold line that a returned line gives back a part of, and what was given back of it before.

    `series`, `seq` and `n` are the place of the line in the books; `quantity` is what was sold.
    """

    series: str
    seq: int
    receipt_no: int
    n: int
    quantity: str
    sold: Cents
    before_quantity: str = "0"
    before: Cents = NOTHING

    @property
    def left(self) -> str:
        """The quantity that may still come back; below zero when too much did already."""
        return from_thousandths(thousandths(self.quantity) - thousandths(self.before_quantity))

    @property
    def place(self) -> tuple[str, int, int]:
        """Series, seq and line: which line it is."""
        return self.series, self.seq, self.n


def part_of(origin: ReturnsOf, quantity: str) -> Cents:
    """What returning `quantity` (above zero) more of the line gives back, as positive cents.

    Base and tax, which move money, are rounded by themselves; so is the amount, which is shown. What lies between
    amount and base falls to the discounts: share and relief are rounded, the line's own discount takes the rest.
    """
    back = thousandths(origin.before_quantity) + thousandths(quantity)
    return _less(_share_of(origin.sold, back, thousandths(origin.quantity)), origin.before)


def added(one: Cents, other: Cents) -> Cents:
    """The cents of two parts of the same line together."""
    parts = one.tax_parts or (0,) * len(other.tax_parts)
    others = other.tax_parts or (0,) * len(parts)
    return Cents(
        amount=one.amount + other.amount,
        discount=one.discount + other.discount,
        discount_share=one.discount_share + other.discount_share,
        tax_relief=one.tax_relief + other.tax_relief,
        tax_amount=one.tax_amount + other.tax_amount,
        tax_parts=tuple(a + b for a, b in zip(parts, others, strict=True)),
    )


def mirrored(cents: Cents) -> Cents:
    """The same amounts the other way round."""
    return Cents(
        amount=-cents.amount,
        discount=-cents.discount,
        discount_share=-cents.discount_share,
        tax_relief=-cents.tax_relief,
        tax_amount=-cents.tax_amount,
        tax_parts=tuple(-part for part in cents.tax_parts),
    )


def returns_row(origin: ReturnsOf) -> dict[str, Any]:
    """The origin as a record's line names it, with its cents and those given back before, where there are any."""
    row: dict[str, Any] = {
        "series": origin.series,
        "seq": origin.seq,
        "receipt_no": origin.receipt_no,
        "n": origin.n,
        "sold": {"quantity": origin.quantity, **_cents_row(origin.sold)},
    }
    if origin.before_quantity != "0":
        row["before"] = {"quantity": origin.before_quantity, **_cents_row(origin.before)}
    return row


def _cents_row(cents: Cents) -> dict[str, Any]:
    row: dict[str, Any] = {"amount": cents.amount, "tax_amount": cents.tax_amount}
    for name in ("discount", "discount_share", "tax_relief"):
        if amount := getattr(cents, name):
            row[name] = amount
    if cents.tax_parts:
        row["tax_parts"] = list(cents.tax_parts)
    return row


def _less(one: Cents, other: Cents) -> Cents:
    return added(one, mirrored(other))


def _share_of(sold: Cents, back: int, whole: int) -> Cents:
    """What `back` of `whole` thousandths of a line are in cents altogether."""

    def part(amount: int) -> int:
        return round_half_up(amount * back, whole)

    amount, base = part(sold.amount), part(sold.base)
    shares = {"discount_share": part(sold.discount_share), "tax_relief": part(sold.tax_relief), "discount": 0}
    # Independent roundings may leave a cent over or short; it falls to a deduction that the line has.
    rest = next(
        (name for name in ("discount", "discount_share", "tax_relief") if getattr(sold, name)), "discount"
    )
    shares[rest] = 0
    shares[rest] = amount - base - sum(shares.values())
    parts = tuple(part(tax) for tax in sold.tax_parts)
    taken = sum(parts) if parts else part(sold.tax_amount)
    return replace(Cents(amount=amount, tax_amount=taken, tax_parts=parts), **shares)
