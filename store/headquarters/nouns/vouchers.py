"""Vouchers of the house as they stand in the books of headquarters, as operators ask for them."""

from typing import Annotated

import msgspec
from msgspec import Meta

from store.headquarters.nouns.asked import LIMIT, Given
from store.headquarters.nouns.noun import Noun, Verb


class VoucherList(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which vouchers."""

    limit: LIMIT = 10_000


class VoucherName(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One voucher."""

    number: Annotated[
        str,
        Meta(max_length=40, description="The number on the voucher.", extra={"positional": True}),
    ]


class VoucherRow(msgspec.Struct, frozen=True, kw_only=True):
    """A voucher on which something is left, or of which too much was taken (below zero), in minor units.

    `store` is where it was issued; empty, with the day, while only redemptions of it have arrived.
    """

    number: str
    store: str
    issued: str
    currency: str
    balance: int


class VoucherEntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a record put on a voucher (above zero) or took off it, and what was on it then by the order of days."""

    store: str
    series: str
    seq: int
    business_date: str
    currency: str
    amount: int
    balance: int


NOUNS: tuple[Noun, ...] = (Noun(name="voucher", summary="vouchers that registers issued", generic=()),)
VERBS: tuple[Verb, ...] = (
    Verb(
        noun="voucher",
        name="list",
        summary="Every voucher on which something is left, and those of which too much was taken.",
        arguments=VoucherList,
        reads=True,
        answers=list[VoucherRow],
        amounts=("balance",),
        example="outpost hq --home HQ voucher list",
    ),
    Verb(
        noun="voucher",
        name="show",
        summary="What records put on a voucher and took off it.",
        arguments=VoucherName,
        reads=True,
        answers=list[VoucherEntryRow],
        amounts=("amount", "balance"),
        example="outpost hq --home HQ voucher show 99123456789012342",
    ),
)
