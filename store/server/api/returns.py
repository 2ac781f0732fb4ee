"""What the server answers to registers about goods that come back."""

from aiohttp import web

from store.database.connection import Connection
from store.exchange.returns import (
    MAX_RECEIPTS,
    MAX_RESERVED_LINES,
    ReservationRequest,
    WireReceipt,
    WireReceipts,
)
from store.sale.past_sale import parse_number
from store.sale.quantity import thousandths
from store.server import returns
from store.server.api.context import Call, answer
from store.server.api.reading import decode, whole
from store.service.errors import ProblemError


async def get_receipt(call: Call) -> web.Response:
    """The sale of a receipt with what came back of it."""
    number, txn_id = call.request.match_info["number"], call.request.query.get("txn", "")
    found = await call.read_as_register(_receipt, number, txn_id, call.context.now_ms())
    if found is None:
        raise ProblemError("unknown-receipt")
    return answer(found)


def _receipt(db: Connection, store: str, text: str, txn_id: str, now_ms: int) -> WireReceipt | None:
    number = parse_number(text)
    return None if number is None else returns.receipt(db, store, number, txn_id, now_ms)


async def get_receipts(call: Call) -> web.Response:
    """Receipts of the store by day, total and item."""
    query = call.request.query
    amount = whole(call, "amount", 0) if query.get("amount") else None
    limit = min(whole(call, "limit", 20), MAX_RECEIPTS)
    found = await call.read_as_register(
        _search, query.get("date", "")[:10], amount, query.get("item", "")[:120], limit
    )
    return answer(found)


def _search(db: Connection, store: str, date: str, amount: int | None, item: str, limit: int) -> WireReceipts:
    return WireReceipts(receipts=returns.search(db, store, date=date, amount=amount, item=item, limit=limit))


async def post_reservations(call: Call) -> web.Response:
    """Keep what an open sale takes back."""
    request = decode(call, ReservationRequest)
    if len(request.lines) > MAX_RESERVED_LINES:
        raise ProblemError("too-large", f"A sale takes back at most {MAX_RESERVED_LINES} lines.")
    try:
        positive = all(thousandths(line.quantity) > 0 for line in request.lines)
    except ValueError:
        positive = False
    if not positive or not 0 < len(request.txn_id) <= 64:
        raise ProblemError("bad-request", "A reservation has a txn_id and quantities above zero.")
    known = call.series
    return answer(
        await call.work(returns.reserve, known.store, known.register, request, call.context.now_ms())
    )
