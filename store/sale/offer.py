"""Discounts that headquarters set up (system discounts): which hold at a moment, and what they take off a line.

One rule for register and server (docs/money.md). Of the offers that hold, only those with the greatest priority count.
Each of them alone, and those that may be combined all together, is a way to price the line; the way that takes off
most wins, among equals the one with the lesser codes.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from store.sale.discount import percent_of
from store.sale.moment import DAY_MIN, EPOCH
from store.sale.quantity import multiply

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFFER_NAME_LIMIT = 30
"""Characters of an offer's name on a line of paper and in the record."""
OFFERS_OF_LINE = 8
"""Offers that a line keeps; headquarters refuses none, those of the greatest priority come first."""
OFFERS_COMBINED = 4
"""Offers that count together on one line at most; the record has to hold them."""


class Offer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What headquarters takes off a product: a percentage, an amount for each unit, or another price per unit.

    Exactly one of `percent` (a decimal string), `amount` and `new_price` (minor units) says something. `price_group`
    names whom it is for, empty for everybody. `from_day` and `until_day` are the first and last day ("2026-12-01"),
    `weekdays` words of WEEKDAYS, `begins_min` and `ends_min` minutes of the day in store time; all of them empty or 0
    for always. An end before the beginning lies after midnight, and the whole span belongs to the day it begins on.
    """

    code: str
    name: str
    percent: str = ""
    amount: int = 0
    new_price: int | None = None
    priority: int = 0
    combined: bool = False
    """May count together with others of its priority."""
    price_group: str = ""
    from_day: str = ""
    until_day: str = ""
    weekdays: tuple[str, ...] = ()
    begins_min: int = 0
    ends_min: int = 0


class OfferTaken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An offer on a line and what it takes off in minor units, `off`; the rest says why."""

    code: str
    name: str
    off: int
    percent: str = ""
    amount: int = 0
    new_price: int | None = None


def holds(offer: Offer, at_ms: int, utc_offset_min: int) -> bool:
    """Whether the offer is valid at a moment, in the store's local time."""
    local = EPOCH + timedelta(milliseconds=at_ms, minutes=utc_offset_min)
    minute = local.hour * 60 + local.minute
    if offer.begins_min or offer.ends_min:
        ends = offer.ends_min or DAY_MIN
        if offer.begins_min < ends:
            if not offer.begins_min <= minute < ends:
                return False
        elif minute < ends:  # after midnight: it began yesterday
            local -= timedelta(days=1)
        elif minute < offer.begins_min:
            return False
    day = f"{local:%Y-%m-%d}"
    if (offer.from_day and day < offer.from_day) or (offer.until_day and day > offer.until_day):
        return False
    return not offer.weekdays or WEEKDAYS[local.weekday()] in offer.weekdays


def holding(offers: Iterable[Offer], at_ms: int, utc_offset_min: int) -> tuple[Offer, ...]:
    """The offers that hold at a moment, without their validity: what a line keeps of them, the first priority first."""
    found = [offer for offer in offers if holds(offer, at_ms, utc_offset_min)]
    found.sort(key=lambda offer: (-offer.priority, offer.code))
    return tuple(
        replace(offer, from_day="", until_day="", weekdays=(), begins_min=0, ends_min=0)
        for offer in found[:OFFERS_OF_LINE]
    )


def offers_taken(
    offers: Sequence[Offer],
    *,
    price: int,
    quantity: str,
    amount: int,
    groups: Sequence[str] = (),
    typed_price: bool = False,
    other_unit: bool = False,
) -> tuple[OfferTaken, ...]:
    """What holds on a line of `quantity` at `price`, worth `amount`: the offers that count, in their order.

    `groups` are the customer's price groups. A typed price takes percentages and amounts, but no other price; goods in
    another unit than the catalog's take percentages only. Goods that come back without a receipt mirror it: they cost
    what they cost today.
    """
    if amount == 0 or not offers:
        return ()
    if amount < 0:
        sold = offers_taken(
            offers,
            price=price,
            quantity=quantity.removeprefix("-"),
            amount=-amount,
            groups=groups,
            typed_price=typed_price,
            other_unit=other_unit,
        )
        return tuple(replace(one, off=-one.off) for one in sold)
    mine = [offer for offer in offers if not offer.price_group or offer.price_group in groups]
    if typed_price or other_unit:
        mine = [offer for offer in mine if offer.percent or (not other_unit and offer.new_price is None)]
    if not mine:
        return ()
    first = max(offer.priority for offer in mine)
    mine = [offer for offer in mine if offer.priority == first]
    combined = sorted((offer for offer in mine if offer.combined), key=_order)[:OFFERS_COMBINED]
    ways = [[offer] for offer in mine]
    if len(combined) > 1:
        ways.append(combined)
    priced = [_priced(way, price, quantity, amount) for way in ways]
    best = min(priced, key=lambda way: (-sum(one.off for one in way), [one.code for one in way]))
    return tuple(one for one in best if one.off)


def offered_price(offers: Sequence[Offer], price: int, groups: Sequence[str] = ()) -> int:
    """What one costs with the offers that hold, in minor units."""
    return price - sum(
        one.off for one in offers_taken(offers, price=price, quantity="1", amount=price, groups=groups)
    )


def _order(offer: Offer) -> tuple[int, str]:
    """Together another price comes first, then amounts, then percentages of what is left."""
    kind = 0 if offer.new_price is not None else 2 if offer.percent else 1
    return kind, offer.code


def _priced(way: Sequence[Offer], price: int, quantity: str, amount: int) -> list[OfferTaken]:
    left = amount
    taken = []
    for offer in way:
        if offer.new_price is not None:
            off = left - multiply(offer.new_price, quantity)
        elif offer.percent:
            off = percent_of(left, offer.percent)
        else:
            off = multiply(offer.amount, quantity)
        off = max(0, min(off, left))
        left -= off
        taken.append(
            OfferTaken(
                code=offer.code,
                name=offer.name[:OFFER_NAME_LIMIT],
                off=off,
                percent=offer.percent,
                amount=offer.amount if not offer.percent and offer.new_price is None else 0,
                new_price=offer.new_price,
            )
        )
    return taken
