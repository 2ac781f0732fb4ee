"""What records say of customers: news about who they are, and entries of their accounts, one each and once for good.

Owns the table `account_entry`, and adds to `customer_news`, which whoever uses the news takes out again: the server
when headquarters has sent the customer back, headquarters when it has made the customer of it. Entries stand under the
place of their record, so posting a record again books nothing twice.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from store.ledger.books import Books, Sheet

Body = Mapping[str, Any]
Place = tuple[str, str, int]

_EFFECT = ("store_id", "series", "seq", "effect")
ACCOUNT_ENTRIES = Sheet(
    "account_entry", (*_EFFECT, "customer", "amount", "currency", "business_date", "at", "posted_ms")
)
CUSTOMER_NEWS = Sheet("customer_news", (*_EFFECT, "customer", "name", "document", "at"))
ACCOUNT = "account"
MAX_ID = 40
MAX_FIELD = 400
PAYMENT = "account.payment"


def post_account(books: Books, place: Place, body: Body, now_ms: int) -> str:
    """Book what a sale or a payment did to an account; a sentence when nobody can be found whose it is."""
    if body["kind"] == PAYMENT:
        amount = -body["total"]
    else:
        amount = sum(row["amount"] for row in body["tenders"] if row["kind"] == ACCOUNT)
    if not amount:
        return ""
    customer = str(body.get("customer", {}).get("id", ""))[:MAX_ID]
    if not customer:
        return "an account without a customer"
    row = (
        *place,
        ACCOUNT,
        customer,
        amount,
        body["currency"],
        body.get("business_date", ""),
        body["at"],
        now_ms,
    )
    books.add(ACCOUNT_ENTRIES, [row])
    return ""


def post_customer(books: Books, place: Place, body: Body) -> str:
    """Keep the news about a customer; a sentence why it cannot be used."""
    customer = body.get("customer")
    if not isinstance(customer, dict) or not 0 < len(str(customer.get("id", ""))) <= MAX_ID:
        return "news of a customer without an id"
    if not customer.get("name"):
        return "news of a customer without a name"
    fields = {name: value for name, value in customer.items() if name not in ("id", "name")}
    if any(not isinstance(value, str) or len(value) > MAX_FIELD for value in fields.values()):
        return "news of a customer with a field that is no text"
    if changed := body.get("changed"):
        fields["changed"] = list(changed)
    text = msgspec.json.encode(fields, order="deterministic").decode()
    books.add(
        CUSTOMER_NEWS,
        [(*place, body["kind"], str(customer["id"]), str(customer["name"])[:MAX_FIELD], text, body["at"])],
    )
    return ""
