"""What register and Retail Server say to each other about customers (docs/customers.md).

`detail` is the JSON text of the package's column: phone, email, address, tax_id, blocked, card, group, tax_exempt,
account, credit_limit, merged_into, and the digits of the telephone both ways.
"""

import msgspec

PATH_CUSTOMERS = "/customers"
"""GET ?text=berg&limit=20: WireCustomers."""
PATH_CUSTOMER = "/customers/{code}"
"""GET: WireCustomerFacts of a number or card, with the account; 404 problem `unknown-customer`."""

STATEMENT_ENTRIES = 20
"""Newest entries of an account that are told with it."""


class WireCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer."""

    number: str
    name: str
    detail: str = ""


class WireCustomers(msgspec.Struct, frozen=True, kw_only=True):
    """Customers that were found."""

    customers: tuple[WireCustomer, ...]


class WireAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer owes (minor units), as far as the server knows: its own store now, others as headquarters told.

    `entries` are the newest of this store: when (UTC text), and what was charged (above nothing) or paid in.
    """

    customer: str
    balance: int
    elsewhere: int = 0
    elsewhere_as_of_ms: int = 0
    entries: tuple[tuple[str, int], ...] = ()
    booked_seq: int = -1
    """Up to which record of the asking register's series the balance holds everything; -1 is not told."""


class WireCustomerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A customer with the account."""

    customer: WireCustomer
    account: WireAccount
