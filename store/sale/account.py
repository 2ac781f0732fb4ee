"""Buying on account: whether a customer may, what they owe, and what pays it off (docs/customers.md).

A balance is what the customer owes, in minor units; below nothing the shop owes them. PURE: balances come from whoever
keeps the books, the server online, the last known ones offline.
"""

from typing import Any

import msgspec

from store.sale.customer import NAME_LIMIT, SaleCustomer
from store.sale.language import phrase
from store.sale.money import shown_amount
from store.sale.refusal import SaleRefused
from store.sale.text import stored

PAYMENT = "account.payment"
"""The kind of record by which a customer pays into the account."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an account. `as_of_ms` 0: nothing is known.

    `balance` holds everything up to `as_of_ms`; `waiting` is what this register has sold on account (less what was paid
    in) that the balance may not hold yet; `final` says that the server itself told it now.
    """

    balance: int = 0
    as_of_ms: int = 0
    waiting: int = 0
    final: bool = False

    @property
    def owed(self) -> int:
        """The most the customer can owe as far as is known; what waits never lowers it."""
        return self.balance + max(self.waiting, 0)


def check_account_sale(
    customer: SaleCustomer | None, standing: Standing, amount: int, currency: str, *, offline_limit: int
) -> None:
    """Whether `amount` may go on account. Raises SaleRefused with the reason.

    Online the server's balance and the customer's limit decide. Offline the last known balance has to leave room as
    well, and what waits on this register for the server stays within `offline_limit` (0: nothing on account offline).
    """
    if customer is None:
        raise SaleRefused(phrase("Nobody is on the sale. Put the customer on it first: Esc, then F5."))
    if not customer.account:
        raise SaleRefused(phrase("{name} has no account. Choose another way to pay.", customer.name))
    if amount <= 0:
        return
    if not standing.final:
        _check_offline(customer, standing, amount, currency, offline_limit)
    left = customer.credit_limit - standing.owed
    if amount > left:
        raise SaleRefused(
            phrase(
                "{name} may owe {amount} and owes {amount_2}: {amount_3} can go on account.",
                customer.name,
                shown_amount(customer.credit_limit, currency),
                shown_amount(standing.owed, currency),
                shown_amount(max(left, 0), currency),
            )
        )


def _check_offline(
    customer: SaleCustomer, standing: Standing, amount: int, currency: str, offline_limit: int
) -> None:
    if offline_limit <= 0:
        raise SaleRefused(phrase("An account needs the server, which is away. Choose another way to pay."))
    if standing.as_of_ms <= 0:
        raise SaleRefused(
            phrase(
                "Nothing is known here of the account of {name}. Choose another way to pay.", customer.name
            )
        )
    left = offline_limit - max(standing.waiting, 0)
    if amount > left:
        raise SaleRefused(
            phrase(
                "Offline {amount} can go on this account until the server answers again.",
                shown_amount(max(left, 0), currency),
            )
        )


def charged(payload: Any) -> int:
    """What a record adds to its customer's account, in minor units; a payment into it and a refund take away."""
    if payload.get("kind") == PAYMENT:
        return -int(payload["total"])
    if payload.get("kind") != "sale":
        return 0
    return sum(int(row["amount"]) for row in payload.get("tenders", ()) if row["kind"] == "account")


def payment_body(
    customer_id: str, name: str, amount: int, currency: str, *, tender: str, balance: int | None
) -> dict[str, Any]:
    """Money that a customer pays into the account, in cash or by card; `balance` is what is owed then, if known."""
    body: dict[str, Any] = {
        "customer": {"id": customer_id, "name": stored(name, NAME_LIMIT)},
        "total": amount,
        "currency": currency,
        "tenders": [{"n": 1, "tender": 1, "kind": tender, "amount": amount}],
    }
    if balance is not None:
        body["balance"] = balance
    return body
