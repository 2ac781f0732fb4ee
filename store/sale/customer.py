"""A customer as a sale knows one, and the rules for what is typed about one (docs/customers.md).

A customer has an own id for good: the number that headquarters gave, or a uuid that the register made. A sale refers
to that id, so nothing is ever renamed: who is merged into another customer stays under the old id as well.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from store.sale.language import phrase
from store.sale.refusal import SaleRefused
from store.sale.text import printable, stored

ID_LIMIT = 40
NAME_LIMIT = 80
LIMITS = {"name": NAME_LIMIT, "phone": 40, "email": 120, "address": 200, "tax_id": 40, "card": 40}
"""What a register may write about a customer, and how many characters of it."""
SHORT_ID = 12
LEAST_DIGITS = 3
"""Fewer digits of a telephone number find half the town."""


class SaleCustomer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer on a sale: a snapshot. `credit_limit` in minor units; `account` allows to buy on account.

    `tax_exempt` is the number of an exemption certificate. `blocked` says why nothing is sold, empty sells.
    """

    id: str
    name: str
    group: str = ""
    tax_exempt: str = ""
    tax_id: str = ""
    account: bool = False
    credit_limit: int = 0
    blocked: str = ""

    @property
    def short_id(self) -> str:
        """The id for people: a number as it is, the end of a uuid."""
        return self.id if len(self.id) <= SHORT_ID else self.id[-SHORT_ID:]

    @property
    def price_groups(self) -> tuple[str, ...]:
        """The price groups that the customer belongs to: one of their own, and that of their group."""
        return (self.id, self.group) if self.group else (self.id,)


class CustomerCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is typed about a customer at a register: every field cleaned and bounded by `checked`."""

    name: str
    phone: str = ""
    email: str = ""
    address: str = ""
    tax_id: str = ""
    card: str = ""


def checked(field: str, text: str) -> str:
    """A field as it is kept: printable, in one line, bounded. Raises SaleRefused for what cannot be meant."""
    kept = stored(" ".join(printable(text).split()), 10_000)
    limit = LIMITS[field]
    if len(kept) > limit:
        raise SaleRefused(phrase("That is too long: at most {limit} characters. Type it shorter.", limit))
    if field == "name" and not kept:
        raise SaleRefused(phrase("A customer needs a name. Type it and Enter."))
    if field == "phone" and kept and len(digits_of(kept)) < LEAST_DIGITS:
        raise SaleRefused(phrase("A telephone number has digits. Type it again, or Enter to leave it out."))
    if field == "email" and kept and ("@" not in kept[1:-1] or " " in kept):
        raise SaleRefused(phrase("A mail address has an @ in it. Type it again, or Enter to leave it out."))
    if field == "card" and kept and not (kept.isascii() and kept.isprintable() and " " not in kept):
        raise SaleRefused(phrase("A card has letters and digits without spaces. Scan it again."))
    return kept


def digits_of(phone: str) -> str:
    """The digits of a telephone number; an international + or 00 counts as nothing."""
    digits = "".join(character for character in phone if character.isascii() and character.isdigit())
    return digits[2:] if digits.startswith("00") else digits


def dialled(text: str) -> str:
    """What of a typed text can be a part of a telephone number, without zeros in front; empty when it is none."""
    if not text or any(not (sign.isdigit() or sign in " +-/().") for sign in text) or not text.isascii():
        return ""
    digits = digits_of(text).lstrip("0")
    return digits if len(digits) >= LEAST_DIGITS else ""


def same_phone(one: str, other: str) -> bool:
    """Whether two telephone numbers mean the same line: one may have its country in front, the other a zero."""
    first, second = digits_of(one).lstrip("0"), digits_of(other).lstrip("0")
    shorter, longer = sorted((first, second), key=len)
    return len(shorter) >= 6 and longer.endswith(shorter) and len(longer) - len(shorter) <= 3


def of_detail(number: str, name: str, detail: Mapping[str, Any]) -> SaleCustomer:
    """A customer of the shop's data; what headquarters wrote wrong counts as nothing said."""

    def text(key: str) -> str:
        value = detail.get(key)
        return printable(value) if isinstance(value, str) else ""

    limit = detail.get("credit_limit")
    return SaleCustomer(
        id=number[:ID_LIMIT],
        name=printable(name)[:NAME_LIMIT],
        group=text("group")[:ID_LIMIT],
        tax_exempt=text("tax_exempt")[:40],
        tax_id=text("tax_id")[:40],
        account=detail.get("account") is True,
        credit_limit=limit if type(limit) is int and limit > 0 else 0,
        blocked=text("blocked")[:120],
    )


def customer_row(customer: SaleCustomer) -> dict[str, Any]:
    """The customer in a record of a sale. What does not apply is absent.

    A name stays in the books for good, so it is there only where the law or the account wants it: with a tax number,
    an exemption, or an account. Else the id says enough, and headquarters can erase whom it means.
    """
    row: dict[str, Any] = {"id": customer.id}
    if customer.tax_id or customer.tax_exempt or customer.account:
        row["name"] = stored(customer.name, NAME_LIMIT)
    for key, value in (
        ("group", customer.group),
        ("tax_id", customer.tax_id),
        ("tax_exempt", customer.tax_exempt),
    ):
        if value:
            row[key] = stored(value, 40)
    return row
