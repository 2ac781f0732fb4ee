"""Discounts on products and departments, with the days and hours they hold; job 1020."""

from typing import Annotated

import msgspec
from msgspec import Meta

from store.headquarters.nouns.noun import KeyPart, Noun
from store.sale.offer import OFFER_NAME_LIMIT
from store.sale.offer_book import DiscountDetail, discount_fault
from store.sale.quantity import parse_quantity


class Discount(DiscountDetail, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A discount that registers take by themselves; job 1020."""

    name: Annotated[
        str, Meta(max_length=OFFER_NAME_LIMIT, description="Name on the receipt; empty for the code.")
    ] = ""


def _complete(key: dict[str, str], discount: Discount) -> Discount:
    """Percent in the form that registers compare, goods once each."""
    return msgspec.structs.replace(
        discount,
        percent=parse_quantity(discount.percent) or discount.percent,
        products=tuple(dict.fromkeys(discount.products)),
        departments=tuple(dict.fromkeys(discount.departments)),
    )


def _check(key: dict[str, str], discount: Discount) -> str:
    return discount_fault(_complete(key, discount))


NOUNS: tuple[Noun, ...] = (
    Noun(
        name="discount",
        summary="discounts on products and departments, by days and hours",
        key=(
            KeyPart(
                name="discount", help="Code of the discount.", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}"
            ),
        ),
        fields=Discount,
        jobs=("1020",),
        check=_check,
        complete=_complete,
        example='outpost hq --home HQ discount set HAPPY --name "Happy hour" --percent 20 --department D3 '
        "--hours 16:00-18:00",
    ),
)
