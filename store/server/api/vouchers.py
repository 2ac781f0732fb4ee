"""What the server answers to registers about vouchers of the house."""

from aiohttp import web

from store.database.connection import Connection
from store.exchange import vouchers as voucher_words
from store.exchange.vouchers import HoldRequest, WireVoucher
from store.sale.voucher import parse_voucher
from store.server import vouchers
from store.server.api.admission import Work
from store.server.api.context import Call, answer
from store.server.api.reading import decode
from store.server.api.route import Parameter, Route, Sender
from store.service.errors import ProblemError

MOST = 99_999_999_999


async def get_voucher(call: Call) -> web.Response:
    """What is on a voucher."""
    number, txn_id = call.request.match_info["number"], call.request.query.get("txn", "")[:64]
    found = await call.read_as_register(_find, number, txn_id, call.context.now_ms())
    if found is None:
        raise ProblemError("unknown-voucher")
    return answer(found)


def _find(db: Connection, store: str, text: str, txn_id: str, now_ms: int) -> WireVoucher | None:
    number = parse_voucher(text)
    if not number or "\0" in txn_id:  # PostgreSQL takes none in a text
        return None
    return vouchers.find_voucher(db, store, number, txn_id, now_ms)


async def post_hold(call: Call) -> web.Response:
    """Keep some of a voucher for an open sale."""
    request, number = decode(call, HoldRequest), parse_voucher(call.request.match_info["number"])
    if not number:
        raise ProblemError("unknown-voucher")
    named = (request.txn_id, *request.unsent)
    wrong = any(not 0 < len(txn_id) <= 64 or "\0" in txn_id for txn_id in named)
    if wrong or len(request.unsent) > voucher_words.UNSENT_LIMIT or not 0 <= request.amount <= MOST:
        raise ProblemError("bad-request", "A hold has a txn_id and an amount.")
    store, now_ms = call.series.store, call.context.now_ms()
    asked = (request.txn_id, request.amount, now_ms, request.unsent)
    found = await call.work(vouchers.hold_voucher, store, number, *asked)
    if found is None:
        raise ProblemError("unknown-voucher")
    return answer(found)


ROUTES = (
    Route(
        name="voucher",
        method="GET",
        path=voucher_words.PATH_VOUCHER,
        handler=get_voucher,
        sender=Sender.REGISTER,
        proves_sender=True,
        work=Work.LOOKUP,
        summary="What is on a voucher, and what open sales hold of it.",
        answers=voucher_words.WireVoucher,
        parameters=(Parameter("txn", "string", "The open sale that asks; its own hold does not count."),),
        problems=("unknown-voucher",),
    ),
    Route(
        name="voucher-hold",
        method="POST",
        path=voucher_words.PATH_VOUCHER_HOLD,
        handler=post_hold,
        sender=Sender.REGISTER,
        work=Work.LOOKUP,
        summary="Keep some of a voucher for an open sale, so that no other register spends the same.",
        answers=voucher_words.WireVoucher,
        body=voucher_words.HoldRequest,
        problems=("unknown-voucher",),
    ),
)
