"""The one table of everything the server answers; handlers and `/openapi.json` are both made from it."""

import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from store.exchange import customers as customer_words
from store.exchange import delivery, messages
from store.exchange import returns as returns_exchange
from store.ledger import reports
from store.ledger.series import find_series
from store.server.api import (
    badges,
    customers,
    endpoints,
    packages,
    recovery,
    returns,
    stock,
    suspensions,
    vouchers,
)
from store.server.api.admission import Work
from store.server.api.authentication import check_claim, check_protocol, read_claim
from store.server.api.bodies import receive, room_for
from store.server.api.context import CONTEXT, Call
from store.server.api.route import Parameter, Route, Sender

_STORE = Parameter("store", "string", "Store id; may be left out when there is one store only.")

ROUTES: tuple[Route, ...] = (
    Route(
        name="health",
        method="GET",
        path=messages.PATH_HEALTH,
        handler=endpoints.get_health,
        sender=Sender.ANYBODY,
        work=Work.HEARTBEAT,
        summary="Prove that the server can commit.",
        answers=messages.Health,
    ),
    Route(
        name="item",
        method="GET",
        path=messages.PATH_ITEM,
        handler=endpoints.get_item,
        sender=Sender.REGISTER,
        proves_sender=True,
        work=Work.LOOKUP,
        summary="The item of the first key that is on file.",
        answers=messages.WireItem,
        parameters=(
            Parameter("key", "string", "gtin:14 digits, sku:... or plu:...", required=True, many=True),
        ),
        problems=("unknown-item",),
    ),
    Route(
        name="search",
        method="GET",
        path=messages.PATH_SEARCH,
        handler=endpoints.get_search,
        sender=Sender.REGISTER,
        proves_sender=True,
        work=Work.LOOKUP,
        summary="Items whose name contains every word of a text.",
        answers=messages.WireSearch,
        parameters=(
            Parameter("text", "string", "Parts of words."),
            Parameter("limit", "integer", "At most so many; 20 unless said."),
        ),
    ),
    Route(
        name="head",
        method="GET",
        path=messages.PATH_HEAD,
        handler=endpoints.get_head,
        sender=Sender.REGISTER,
        work=Work.HEARTBEAT,
        summary="How far the server has a series.",
        answers=messages.SeriesHead,
    ),
    Route(
        name="records",
        method="POST",
        path=messages.PATH_RECORDS,
        handler=endpoints.post_records,
        sender=Sender.REGISTER,
        work=Work.UPLOAD,
        summary="Deliver journal records; the answer acknowledges, cumulatively, what is stored.",
        answers=messages.BatchAnswer,
        body=messages.RecordBatch,
        large=True,
        problems=("digest-mismatch", "fork", "gap", "rejected", "too-large"),
    ),
    Route(
        name="enrolment",
        method="POST",
        path=messages.PATH_ENROLMENT,
        handler=endpoints.post_enrolment,
        sender=Sender.ANYBODY,
        work=Work.UPLOAD,
        summary="Turn a one-time code and a key into a register.",
        answers=messages.EnrolmentAnswer,
        body=messages.EnrolmentRequest,
        problems=("bad-code", "bad-proof", "headquarters-away", "insecure-device", "too-many-attempts"),
    ),
    Route(
        name="recovery",
        method="POST",
        path=delivery.PATH_RECOVERY,
        handler=recovery.post_recovery,
        sender=Sender.ANYBODY,
        work=Work.UPLOAD,
        summary="Deliver the records of a dead register under a supervisor's grant.",
        answers=messages.BatchAnswer,
        body=delivery.RecoveryRequest,
        problems=("bad-code", "fork", "gap", "rejected", "too-large", "too-many-attempts"),
    ),
    Route(
        name="downloads",
        method="GET",
        path=delivery.PATH_DOWNLOADS,
        handler=packages.get_downloads,
        sender=Sender.REGISTER,
        work=Work.HEARTBEAT,
        summary="Which packages lead from the register's to the newest, in the order of applying.",
        answers=delivery.Downloads,
        parameters=(
            Parameter("after", "integer", "Number of the package the register has ready; 0 for none."),
            Parameter("reader", "integer", "Newest package reader version the register has."),
        ),
    ),
    Route(
        name="package",
        method="GET",
        path=delivery.PATH_PACKAGE_HEADER,
        handler=packages.get_package_header,
        sender=Sender.REGISTER,
        work=Work.PACKAGE,
        summary="The signed header of a package, exact bytes (ETag and Range work).",
        media="application/octet-stream",
        parameters=(Parameter("kind", "string", "full or delta; without, the delta if there is one."),),
        problems=("no-package",),
    ),
    Route(
        name="chunk",
        method="GET",
        path=delivery.PATH_CHUNK,
        handler=packages.get_chunk,
        sender=Sender.REGISTER,
        work=Work.PACKAGE,
        summary="One chunk of packages, exact bytes; never changes (ETag and Range work).",
        media="application/octet-stream",
        problems=("no-package",),
    ),
    Route(
        name="download_reports",
        method="POST",
        path=delivery.PATH_DOWNLOAD_REPORTS,
        handler=packages.post_download_reports,
        sender=Sender.REGISTER,
        work=Work.UPLOAD,
        summary="What became of packages at the register.",
        answers=dict[str, str],
        body=delivery.SessionReports,
        problems=("too-large",),
    ),
    Route(
        name="register_reports",
        method="POST",
        path=delivery.PATH_REGISTER_REPORTS,
        handler=packages.post_register_reports,
        sender=Sender.REGISTER,
        work=Work.UPLOAD,
        summary="How the register stands, by its own word.",
        answers=dict[str, str],
        body=delivery.RegisterReports,
    ),
    Route(
        name="staff",
        method="GET",
        path=delivery.PATH_STAFF,
        handler=packages.get_staff,
        sender=Sender.REGISTER,
        proves_sender=True,
        work=Work.LOOKUP,
        summary="An operator as the server knows it now: the verifier, never the PIN.",
        answers=delivery.WireStaff,
        problems=("unknown-operator",),
    ),
    Route(
        name="customers",
        method="GET",
        path=customer_words.PATH_CUSTOMERS,
        handler=customers.get_customers,
        sender=Sender.REGISTER,
        proves_sender=True,
        work=Work.LOOKUP,
        summary="Customers by a part of their name, telephone number, number or card.",
        answers=customer_words.WireCustomers,
        parameters=(
            Parameter("text", "string", "Beginnings of words, or digits."),
            Parameter("limit", "integer", "At most so many; 20 unless said."),
        ),
    ),
    Route(
        name="customer",
        method="GET",
        path=customer_words.PATH_CUSTOMER,
        handler=customers.get_customer,
        sender=Sender.REGISTER,
        proves_sender=True,
        work=Work.LOOKUP,
        summary="The customer of a number or card, with what is owed.",
        answers=customer_words.WireCustomerFacts,
        problems=("unknown-customer",),
    ),
    Route(
        name="receipt",
        method="GET",
        path=returns_exchange.PATH_RECEIPT,
        handler=returns.get_receipt,
        sender=Sender.REGISTER,
        proves_sender=True,
        work=Work.LOOKUP,
        summary="The sale of a receipt, with what came back of it and what is coming back now.",
        answers=returns_exchange.WireReceipt,
        parameters=(Parameter("txn", "string", "The open sale that asks; what is kept for it is left."),),
        problems=("unknown-receipt",),
    ),
    Route(
        name="receipts",
        method="GET",
        path=returns_exchange.PATH_RECEIPTS,
        handler=returns.get_receipts,
        sender=Sender.REGISTER,
        proves_sender=True,
        work=Work.LOOKUP,
        summary="Receipts of the store, newest first.",
        answers=returns_exchange.WireReceipts,
        parameters=(
            Parameter("date", "string", "Business date, such as 2026-11-24."),
            Parameter("amount", "integer", "Total in minor units, of a refund too."),
            Parameter("item", "string", "Number or a part of the name of something on it."),
            Parameter("limit", "integer", "At most so many; 20 unless said."),
        ),
    ),
    Route(
        name="reservations",
        method="POST",
        path=returns_exchange.PATH_RESERVATIONS,
        handler=returns.post_reservations,
        sender=Sender.REGISTER,
        work=Work.LOOKUP,
        summary="Keep what an open sale takes back, so that no other register gives back the same.",
        answers=returns_exchange.ReservationAnswer,
        body=returns_exchange.ReservationRequest,
        problems=("too-large",),
    ),
    *vouchers.ROUTES,
    *stock.ROUTES,
    Route(
        name="transactions",
        method="GET",
        path="/transactions",
        handler=endpoints.get_transactions,
        sender=Sender.OPERATOR,
        work=Work.PACKAGE,
        summary="The transactions of a store, by series and seq.",
        answers=list[reports.Transaction],
        parameters=(
            _STORE,
            Parameter("after_series", "string", "Go on after this series and seq."),
            Parameter("after_seq", "integer", "Go on after this seq of that series."),
            Parameter("limit", "integer", "Look at no more records than this."),
        ),
    ),
    Route(
        name="quarantine",
        method="GET",
        path="/quarantine",
        handler=endpoints.get_quarantine,
        sender=Sender.OPERATOR,
        work=Work.PACKAGE,
        summary="Records that could not be posted, and why.",
        answers=list[reports.QuarantinedRecord],
        parameters=(_STORE,),
    ),
    Route(
        name="differences",
        method="GET",
        path="/differences",
        handler=endpoints.get_differences,
        sender=Sender.OPERATOR,
        work=Work.PACKAGE,
        summary="Figures that register and server see differently.",
        answers=list[reports.Difference],
        parameters=(_STORE,),
    ),
    Route(
        name="conservation",
        method="GET",
        path="/conservation",
        handler=endpoints.get_conservation,
        sender=Sender.OPERATOR,
        work=Work.PACKAGE,
        summary="Where the accepted records are: accepted = posted + quarantined + waiting.",
        answers=reports.Conservation,
        parameters=(_STORE,),
    ),
    Route(
        name="certificate",
        method="GET",
        path=delivery.PATH_CERTIFICATE,
        handler=endpoints.get_certificate,
        sender=Sender.ANYBODY,
        work=Work.HEARTBEAT,
        summary="The certificate of the store's own authority; trust it by its SHA-256 only.",
        media="application/x-pem-file",
        problems=("not-found",),
    ),
    Route(
        name="metrics",
        method="GET",
        path="/metrics",
        handler=endpoints.get_metrics,
        sender=Sender.ANYBODY,
        work=Work.PACKAGE,
        summary="Counters for Prometheus.",
        media="text/plain",
    ),
    *suspensions.ROUTES,
    *badges.ROUTES,
)


def register_routes(app: web.Application) -> None:
    """Put every route of the table into the application."""
    for route in ROUTES:
        app.router.add_route(route.method, route.path, _dispatcher(route), name=route.name)


def _dispatcher(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def dispatch(request: web.Request) -> web.StreamResponse:
        context = request.app[CONTEXT]
        check_protocol(request)
        call = Call(request, context, _deadline(request))
        with room_for(request, context.admission, large=route.large) as most_bytes:
            call.body = await receive(request, context.admission, most_bytes)
            async with context.admission.place(route.work):
                call.check_budget()
                await _prove_sender(route, call)
                return await route.handler(call)

    return dispatch


async def _prove_sender(route: Route, call: Call) -> None:
    if route.sender is Sender.ANYBODY or route.proves_sender:
        return
    context = call.context
    if route.sender is Sender.OPERATOR and messages.SIGNATURE_HEADER not in call.request.headers:
        context.gatekeeper.check_operator(call.request, context.operator_token)
        return
    claim = read_claim(call.request)
    series = await call.read(find_series, claim.series)
    delivers = route.work is Work.UPLOAD
    call.signed_by(check_claim(call.request, call.body, claim, series), delivers=delivers)
    context.gatekeeper.check_nonce(claim, context.now_ms(), delivers=delivers)


def _deadline(request: web.Request) -> float | None:
    text = request.headers.get(messages.BUDGET_HEADER, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        return None
    return time.monotonic() + int(text) / 1000
