"""Headquarters as two aiohttp applications over the same routes: on TCP, and on the operators' socket."""

from collections.abc import Sequence

import msgspec
from aiohttp import web

from store.exchange.messages import PROTOCOL_HEADER, PROTOCOL_VERSION
from store.headquarters.api.dispatch import LOCAL, MAX_BODY_BYTES, add_routes
from store.headquarters.api.openapi import describe
from store.headquarters.api.problems import HQ, answer_problems
from store.headquarters.context import Headquarters
from store.headquarters.route import Route


def create_app(hq: Headquarters, routes: Sequence[Route], *, local: bool) -> web.Application:
    """The application; `local` for the operators' socket, where everybody who can open it is an operator."""
    app = web.Application(middlewares=[answer_problems], client_max_size=MAX_BODY_BYTES)
    app[HQ] = hq
    app[LOCAL] = local
    add_routes(app, routes)
    document = msgspec.json.encode(describe(routes))

    async def get_openapi(_: web.Request) -> web.Response:
        return web.Response(body=document, content_type="application/json")

    app.router.add_get("/openapi.json", get_openapi, name="openapi")
    app.on_response_prepare.append(_mark_protocol)
    return app


async def _mark_protocol(_: web.Request, response: web.StreamResponse) -> None:
    response.headers[PROTOCOL_HEADER] = str(PROTOCOL_VERSION)
