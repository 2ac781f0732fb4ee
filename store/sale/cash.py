"""Money into and out of the drawer beside sales: what kinds there are, their records, the coins and notes to count."""

import msgspec

from store.sale.money import exponent
from store.sale.policy import CashAccount, StorePolicy
from store.sale.record import FACT_LIMIT, Body
from store.sale.text import stored


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """A way for money to come into (`sign` 1) or go out of (-1) the drawer; `operation` is its number.

    `count_name` and `total_name` are the fields of a report that count it; `title` heads its slip.
    """

    operation: int
    kind: str
    name: str
    title: str
    sign: int
    count_name: str
    total_name: str
    account: str = ""
    """`income` or `expense` when it is booked to an account."""
    bagged: bool = False
    """It needs the number of a bag."""


MOVEMENTS: tuple[Movement, ...] = (
    Movement(
        operation=1201,
        kind="cash.float",
        name="Float entry",
        title="FLOAT ENTRY",
        sign=1,
        count_name="floats",
        total_name="floats_total",
    ),
    Movement(
        operation=517,
        kind="cash.income",
        name="Income",
        title="INCOME",
        sign=1,
        count_name="incomes",
        total_name="incomes_total",
        account="income",
    ),
    Movement(
        operation=518,
        kind="cash.expense",
        name="Expense",
        title="EXPENSE",
        sign=-1,
        count_name="expenses",
        total_name="expenses_total",
        account="expense",
    ),
    Movement(
        operation=1210,
        kind="cash.removal",
        name="Tender removal",
        title="TENDER REMOVAL",
        sign=-1,
        count_name="removals",
        total_name="removals_total",
    ),
    Movement(
        operation=1211,
        kind="cash.safe_drop",
        name="Safe drop",
        title="SAFE DROP",
        sign=-1,
        count_name="safe_drops",
        total_name="safe_drops_total",
    ),
    Movement(
        operation=1212,
        kind="cash.bank_drop",
        name="Bank drop",
        title="BANK DROP",
        sign=-1,
        count_name="bank_drops",
        total_name="bank_drops_total",
        bagged=True,
    ),
)
"""In the order in which reports list them."""
BY_OPERATION = {movement.operation: movement for movement in MOVEMENTS}
BY_KIND = {movement.kind: movement for movement in MOVEMENTS}

BAG_LIMIT = 40
"""Characters of a bag's number; printed codes of bags have up to 30."""

_STEPS = (5, 2, 1)
_NOTES_AND_COINS = {
    "EUR": (50000, 20000, 10000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1),
    "USD": (10000, 5000, 2000, 1000, 500, 200, 100, 50, 25, 10, 5, 1),
    "GBP": (5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1),
    "CHF": (100000, 20000, 10000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5),
    "JPY": (10000, 5000, 2000, 1000, 500, 100, 50, 10, 5, 1),
}
"""Minor units, largest first."""


def denominations(policy: StorePolicy) -> tuple[int, ...]:
    """The notes and coins that are counted, in minor units, largest first: the store's, else the currency's.

    A currency that is not known here counts in steps of 5, 2 and 1 from five hundred main units down.
    """
    if policy.denominations:
        return policy.denominations
    if policy.currency in _NOTES_AND_COINS:
        return _NOTES_AND_COINS[policy.currency]
    largest = exponent(policy.currency) + 2
    return tuple(step * 10**place for place in range(largest, -1, -1) for step in _STEPS)


def accounts_of(policy: StorePolicy, kind: str) -> tuple[CashAccount, ...]:
    """The store's accounts for `income` or `expense`."""
    return tuple(account for account in policy.accounts if account.kind == kind)


def movement_body(
    movement: Movement,
    amount: int,
    currency: str,
    *,
    account: CashAccount | None = None,
    bag: str = "",
    reason: str = "",
) -> Body:
    """Money that came into or went out of the drawer; `total` is never negative, the kind says which way."""
    body: Body = {"total": amount, "currency": currency}
    if account is not None:
        body |= {"account": account.number, "account_name": stored(account.name, FACT_LIMIT)}
    if bag:
        body["bag"] = stored(bag, BAG_LIMIT)
    if reason:
        body["reason"] = stored(reason, FACT_LIMIT)
    return body
