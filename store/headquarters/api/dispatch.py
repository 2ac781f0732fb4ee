"""From a row of the route table to a handler: admits the sender, reads the body in bounds."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from store.exchange.messages import PROTOCOL_HEADER, PROTOCOL_VERSION
from store.headquarters.api.problems import HQ
from store.headquarters.route import Call, Route, Sender
from store.service.errors import ProblemError

MAX_BODY_BYTES = 1_048_576
BODY_PATIENCE_S = 10.0
"""A body that drips in more slowly than this is cut off."""
LOCAL = web.AppKey("local", bool)
"""Set on the application of the operators' socket."""
_BEARER = "Bearer "


def add_routes(app: web.Application, routes: Sequence[Route]) -> None:
    """Put routes into an application, in their order."""
    for route in routes:
        app.router.add_route(route.method, route.path, _dispatcher(route), name=route.name.replace("-", "_"))


def _dispatcher(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def dispatch(request: web.Request) -> web.StreamResponse:
        hq = request.app[HQ]
        local = request.app[LOCAL]
        _check_protocol(request)
        if route.sender is Sender.OPERATOR and not local:
            _check_token(request, hq.operator_token)
        body = b"" if route.streams or not request.can_read_body else await _body(request)
        return await route.handler(Call(request, hq, body, local=local))

    return dispatch


def _check_protocol(request: web.Request) -> None:
    named = request.headers.get(PROTOCOL_HEADER)
    if named is not None and named.strip() != str(PROTOCOL_VERSION):
        raise ProblemError(
            "protocol", f"Headquarters speaks version {PROTOCOL_VERSION}; update the other side."
        )


def _check_token(request: web.Request, token: str) -> None:
    given = request.headers.get("Authorization", "")
    if not given.startswith(_BEARER) or not hmac.compare_digest(
        given[len(_BEARER) :].encode(), token.encode()
    ):
        raise ProblemError("no-permission", "Send the operator_token of run/hq.json as a bearer token.")


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_PATIENCE_S):
            return await request.read()
    except TimeoutError as error:
        raise ProblemError("bad-request", "The body did not arrive in time.") from error
