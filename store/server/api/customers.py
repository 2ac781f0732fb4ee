"""What the server answers to registers about customers and their accounts (docs/customers.md)."""

from aiohttp import web

from store.database.connection import Connection
from store.exchange.customers import STATEMENT_ENTRIES, WireCustomerFacts, WireCustomers
from store.exchange.messages import SERIES_HEADER
from store.server import customers
from store.server.api.context import Call, answer
from store.server.api.reading import whole
from store.service.errors import ProblemError


async def get_customers(call: Call) -> web.Response:
    """Customers by a part of their name, telephone number, number or card."""
    limit = min(whole(call, "limit", 20), customers.MAX_HITS)
    found = await call.read_as_register(customers.search, call.request.query.get("text", ""), limit)
    return answer(WireCustomers(customers=found))


async def get_customer(call: Call) -> web.Response:
    """The customer of a number or card, with the account."""
    series = call.request.headers.get(SERIES_HEADER, "")
    found = await call.read_as_register(_facts, call.request.match_info["code"], series)
    if found is None:
        raise ProblemError("unknown-customer")
    return answer(found)


def _facts(db: Connection, store: str, code: str, series: str) -> WireCustomerFacts | None:
    found = customers.find(db, store, code)
    if found is None:
        return None
    return WireCustomerFacts(
        customer=found, account=customers.account(db, store, found.number, STATEMENT_ENTRIES, series)
    )
