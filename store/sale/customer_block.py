"""Who a customer of a record is, as paper says it."""

from collections.abc import Iterator, Mapping
from typing import Any

from store.sale.customer import SHORT_ID
from store.sale.document import AnyElement, Columns
from store.sale.language import phrase


def customer_elements(payload: Mapping[str, Any]) -> Iterator[AnyElement]:
    """Whom a sale is for: a name where the record has one, else the number, and what the law wants to be there."""
    customer = payload.get("customer")
    if not customer:
        return
    yield Columns(left=phrase("Customer"), right=whose(customer))
    if customer.get("tax_id"):
        yield Columns(left=phrase("Customer's tax no."), right=str(customer["tax_id"]))


def whose(customer: Mapping[str, Any]) -> str:
    """Name and number of a customer of a record, as far as the record has them; of a uuid the end."""
    number = str(customer.get("id", ""))
    short = number if len(number) <= SHORT_ID else number[-SHORT_ID:]
    return f"{customer.get('name', '')} {short}".strip()
