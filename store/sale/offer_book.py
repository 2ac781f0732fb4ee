"""All discounts of headquarters by the goods they are on: what a product is offered at (table `discount`, job 1020)."""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta

from store.sale.detail import Detail, read_detail
from store.sale.language import phrase
from store.sale.offer import WEEKDAYS, Offer
from store.sale.quantity import SCALE, parse_quantity, thousandths

MAX_GOODS = 300
"""Products or departments of one discount; its row has to fit into a package."""
MAX_AMOUNT = 99_999_999_999
MAX_PRIORITY = 999
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class DiscountDetail(Detail, frozen=True, kw_only=True, omit_defaults=True):
    """A discount as headquarters says it; inherited by the noun `discount`."""

    percent: Annotated[str, Meta(max_length=8, description="Percent off, such as 10 or 7.5.")] = ""
    amount: Annotated[
        int, Meta(ge=0, le=MAX_AMOUNT, description="Amount off each unit.", extra={"kind": "amount"})
    ] = 0
    new_price: Annotated[
        int | None, Meta(description="Another price for each unit.", extra={"kind": "amount"})
    ] = None
    products: Annotated[
        tuple[str, ...],
        Meta(
            max_length=MAX_GOODS,
            description="Products it is on; may be given several times.",
            extra={"ref": "product"},
        ),
    ] = ()
    departments: Annotated[
        tuple[str, ...],
        Meta(
            max_length=MAX_GOODS,
            description="Departments whose products it is on; may be given several times.",
            extra={"ref": "department"},
        ),
    ] = ()
    everything: Annotated[bool, Meta(description="It is on all products.")] = False
    from_day: Annotated[
        str, Meta(description="First day, as 2026-12-01; empty for always.", extra={"kind": "date"})
    ] = ""
    until_day: Annotated[
        str, Meta(description="Last day, as 2026-12-24; empty for always.", extra={"kind": "date"})
    ] = ""
    weekdays: Annotated[
        tuple[Weekday, ...],
        Meta(max_length=7, description="Days of the week it holds on, all without one."),
    ] = ()
    hours: Annotated[
        str,
        Meta(
            max_length=11,
            description="Hours of the day in store time, such as 16:00-18:00; 22:00-02:00 goes past midnight.",
        ),
    ] = ""
    priority: Annotated[
        int,
        Meta(
            ge=0,
            le=MAX_PRIORITY,
            description="Of several on a product only those of the greatest priority count.",
        ),
    ] = 0
    combined: Annotated[
        bool,
        Meta(
            description="May count together with others of its priority: new price, then amounts, then percent. "
            "Otherwise the best price wins."
        ),
    ] = False
    price_group: Annotated[
        str, Meta(max_length=40, description="Only for customers of this price group; empty for everybody.")
    ] = ""
    stores: Annotated[
        tuple[str, ...],
        Meta(
            max_length=MAX_GOODS,
            description="Stores it holds in, all without one; may be given several times.",
            extra={"ref": "store"},
        ),
    ] = ()
    blocked: Annotated[bool, Meta(description="Not in force at present.")] = False


NO_DISCOUNT = DiscountDetail()


class OfferBook:
    """The offers of a store, found by product and department; made once for a state of table `discount`."""

    def __init__(self, rows: Iterable[tuple[str, str, str]] = ()) -> None:
        """Take rows of code, name and detail; what cannot be read offers nothing."""
        self._everything: list[Offer] = []
        self._by_product: dict[str, list[Offer]] = {}
        self._by_department: dict[str, list[Offer]] = {}
        for code, name, text in rows:
            detail = read_detail(text, NO_DISCOUNT)
            if detail.blocked or discount_fault(detail):
                continue
            offer = _offer(code, name, detail)
            if detail.everything:
                self._everything.append(offer)
                continue
            for product in detail.products:
                self._by_product.setdefault(product, []).append(offer)
            for department in detail.departments:
                self._by_department.setdefault(department, []).append(offer)

    def of(self, sku: str, department: str) -> tuple[Offer, ...]:
        """What a product is offered at, now or at another time, by code."""
        found = [*self._everything, *self._by_product.get(sku, ()), *self._by_department.get(department, ())]
        if len(found) < 2:
            return tuple(found)
        return tuple(offer for _, offer in sorted({offer.code: offer for offer in found}.items()))


def discount_fault(detail: DiscountDetail) -> str:
    """What is wrong with a discount, a sentence; empty when nothing is."""
    said = (detail.percent != "") + (detail.amount != 0) + (detail.new_price is not None)
    if said != 1:
        return phrase("A discount is one of a percentage, an amount and a new price.")
    if detail.percent:
        percent = parse_quantity(detail.percent)
        if percent != detail.percent or not 0 < thousandths(percent) <= 100 * SCALE:
            return phrase(
                "{percent} is no percentage. Write 10 or 7.5, up to 100.", repr(detail.percent[:10])
            )
    if detail.new_price is not None and not 0 <= detail.new_price <= MAX_AMOUNT:
        return phrase("The new price is out of range.")
    if not (detail.everything or detail.products or detail.departments):
        return phrase(
            "The discount is on nothing. Name products or departments, or say that it is on everything."
        )
    if detail.from_day and detail.until_day and detail.until_day < detail.from_day:
        return phrase("The discount ends before it begins.")
    if detail.hours and minutes_of(detail.hours) is None:
        return phrase("{hours} are no hours. Write them as 16:00-18:00.", repr(detail.hours[:15]))
    return ""


def minutes_of(hours: str) -> tuple[int, int] | None:
    """Beginning and end of "16:00-18:00" in minutes of the day, 24:00 being 0; None when it is none."""
    begins, dash, ends = hours.partition("-")
    found = (_minute(begins), _minute(ends))
    if not dash or found[0] is None or found[1] is None or found[0] == found[1]:
        return None
    return found[0], found[1]


def _minute(text: str) -> int | None:
    hour, _, minute = text.partition(":")
    if not (len(hour) == 2 and len(minute) == 2 and f"{hour}{minute}".isdigit() and text.isascii()):
        return None
    value = int(hour) * 60 + int(minute)
    return value % (24 * 60) if int(minute) < 60 and value <= 24 * 60 else None


def _offer(code: str, name: str, detail: DiscountDetail) -> Offer:
    begins, ends = (minutes_of(detail.hours) or (0, 0)) if detail.hours else (0, 0)
    return Offer(
        code=code,
        name=name or code,
        percent=detail.percent,
        amount=detail.amount,
        new_price=detail.new_price,
        priority=detail.priority,
        combined=detail.combined,
        price_group=detail.price_group,
        from_day=detail.from_day,
        until_day=detail.until_day,
        weekdays=tuple(day for day in WEEKDAYS if day in detail.weekdays),
        begins_min=begins,
        ends_min=ends,
    )
