"""Customers and their groups: the fields of both nouns, and what can be done with a customer beside them."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from store.headquarters.nouns.asked import LIMIT, POSITIONAL, REASON, Given
from store.headquarters.nouns.noun import KeyPart, Noun, Verb
from store.sale.customer import digits_of

CUSTOMER, GROUP = "customer", "customer-group"


class Customer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A customer; job 1010."""

    name: Annotated[str, Meta(min_length=1, max_length=80, description="Name.")]
    email: Annotated[str, Meta(max_length=120, description="Mail address.")] = ""
    phone: Annotated[str, Meta(max_length=40, description="Telephone number.")] = ""
    address: Annotated[
        str, Meta(max_length=400, description="Address, lines apart by \\n.", extra={"kind": "lines"})
    ] = ""
    tax_id: Annotated[str, Meta(max_length=40, description="Tax number.")] = ""
    blocked: Annotated[str, Meta(max_length=120, description="Why nothing is sold to them; empty sells.")] = (
        ""
    )
    card: Annotated[
        str,
        Meta(
            pattern=r"^[!-~]{0,40}$",
            description="Number of the customer card; scanning it finds the customer.",
        ),
    ] = ""
    group: Annotated[
        str,
        Meta(
            description="Customer group; discounts with this price group count for them.",
            extra={"ref": GROUP},
        ),
    ] = ""
    tax_exempt: Annotated[
        str, Meta(max_length=40, description="Number of the certificate by which they pay no tax.")
    ] = ""
    account: Annotated[bool, Meta(description="May buy on account (202).")] = False
    credit_limit: Annotated[
        int, Meta(ge=0, le=10**12, description="The most they may owe.", extra={"kind": "amount"})
    ] = 0
    merged_into: Annotated[
        str,
        Meta(description="Who stands for them by now; `customer merge` says it.", extra={"ref": CUSTOMER}),
    ] = ""


class CustomerGroup(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A group of customers; job 1010. A discount with the group's code as its price group counts for its members."""

    name: Annotated[str, Meta(max_length=40, description="Name for people.")] = ""


class CustomerName(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which customer."""

    customer: Annotated[
        str,
        Meta(min_length=1, max_length=60, description="Number or card of the customer.", extra=POSITIONAL),
    ]


class CustomerMerge(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who stays, and who is the same."""

    customer: Annotated[
        str, Meta(min_length=1, max_length=60, description="The customer who stays.", extra=POSITIONAL)
    ]
    other: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=60,
            description="The one who turned out to be the same; found as the first from now on.",
            extra=POSITIONAL,
        ),
    ]


class CustomerErase(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is to be forgotten."""

    customer: Annotated[
        str,
        Meta(min_length=1, max_length=60, description="Number or card of the customer.", extra=POSITIONAL),
    ]
    force: Annotated[bool, Meta(description="Although the account is not settled; needs --reason.")] = False
    reason: REASON = ""


class DuplicateList(Given, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many pairs."""

    limit: LIMIT = 200


class Duplicate(msgspec.Struct, frozen=True, kw_only=True):
    """Two customers who may be one; `same` says by what."""

    customer: str
    other: str
    same: str
    name: str
    other_name: str


class AccountEntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a record charged to an account (above nothing) or paid into it, and what was owed then; minor units."""

    customer: str
    store: str
    series: str
    seq: int
    at: str
    business_date: str
    amount: int
    balance: int
    currency: str


class AccountRow(msgspec.Struct, frozen=True, kw_only=True):
    """One account that is not settled."""

    customer: str
    name: str
    balance: int
    credit_limit: int
    over: int
    """By how much the balance is above the limit."""
    currency: str


def customer_detail(customer: Customer) -> dict[str, Any]:
    """What a package carries of a customer in the column `detail`."""
    return {name: value for name, value in msgspec.to_builtins(customer).items() if name != "name"}


def dialling(phone: str) -> str:
    """A telephone number as it is compared with what is typed (`store.sale.customer.dialled`): no zeros in front."""
    return digits_of(phone).lstrip("0")


def _names(key: str, customer: Customer) -> tuple[str, ...]:
    return (f"card:{customer.card}",) if customer.card else ()


def _typed_names(text: str) -> tuple[str, ...]:
    return (f"card:{text}",)


def _check(key: dict[str, str], customer: Customer) -> str:
    if customer.merged_into and customer.merged_into == key["customer"]:
        return "A customer cannot be merged into themselves."
    if customer.credit_limit and not customer.account:
        return "A credit limit needs an account: say --account as well."
    return ""


NOUNS: tuple[Noun, ...] = (
    Noun(
        name=CUSTOMER,
        summary="customers",
        key=(KeyPart(name="customer", help="Number of the customer."),),
        fields=Customer,
        jobs=("1010",),
        check=_check,
        names=_names,
        typed_names=_typed_names,
        example='outpost hq --home HQ customer set C1001 --name "Maria Berg" --phone "+49 30 1234"',
    ),
    Noun(
        name=GROUP,
        summary="groups of customers, for prices of their own",
        key=(KeyPart(name=GROUP, help="Code of the group."),),
        fields=CustomerGroup,
        jobs=("1010",),
        example="outpost hq --home HQ customer-group set TRADE --name 'Trade customers'",
    ),
)
VERBS: tuple[Verb, ...] = (
    Verb(
        noun=CUSTOMER,
        name="merge",
        summary="Make two customers one: the second is found as the first, and the accounts count as one.",
        arguments=CustomerMerge,
        example="outpost hq --home HQ customer merge C1001 C1002",
    ),
    Verb(
        noun=CUSTOMER,
        name="duplicates",
        summary="List customers who may be one: the same mail address, or the same telephone number.",
        arguments=DuplicateList,
        reads=True,
        answers=list[Duplicate],
        example="outpost hq --home HQ customer duplicates",
    ),
    Verb(
        noun=CUSTOMER,
        name="disclose",
        summary="Everything that is kept about a customer, as the law lets them ask.",
        arguments=CustomerName,
        reads=True,
        example="outpost hq --home HQ customer disclose C1001 --json",
    ),
    Verb(
        noun=CUSTOMER,
        name="erase",
        summary="Erase who a customer is, here and with the next job 1010 everywhere; what was sold stays.",
        arguments=CustomerErase,
        example="outpost hq --home HQ customer erase C1001",
    ),
    Verb(
        noun=CUSTOMER,
        name="statement",
        summary="What a customer bought on account and paid in, and what was owed after each.",
        arguments=CustomerName,
        reads=True,
        answers=list[AccountEntryRow],
        amounts=("amount", "balance"),
        example="outpost hq --home HQ customer statement C1001",
    ),
    Verb(
        noun=CUSTOMER,
        name="accounts",
        summary="Every account that is not settled.",
        arguments=DuplicateList,
        reads=True,
        answers=list[AccountRow],
        amounts=("balance", "credit_limit", "over"),
        example="outpost hq --home HQ customer accounts",
    ),
)
