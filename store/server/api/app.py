"""The Retail Server as an aiohttp application: stateless, any number of them on one channel database."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from aiohttp import web

from store.database.errors import DatabaseTrouble
from store.exchange.messages import PROTOCOL_HEADER, PROTOCOL_VERSION
from store.server.api.bodies import MAX_LARGE_BODY_BYTES
from store.server.api.context import CONTEXT, ServerContext
from store.server.api.openapi import describe
from store.server.api.routes import ROUTES, register_routes
from store.service.errors import ProblemError, busy

LOG = logging.getLogger("outpost.server.app")

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]

_BY_STATUS = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}


def create_app(context: ServerContext) -> web.Application:
    """The application around a context; posting runs while it does."""
    app = web.Application(middlewares=[answer_problems], client_max_size=MAX_LARGE_BODY_BYTES)
    app[CONTEXT] = context
    register_routes(app)
    document = msgspec.json.encode(describe(ROUTES))

    async def get_openapi(_: web.Request) -> web.Response:
        return web.Response(body=document, content_type="application/json")

    app.router.add_get("/openapi.json", get_openapi, name="openapi")
    app.on_response_prepare.append(_mark_protocol)
    app.cleanup_ctx.append(_background)
    return app


async def _background(app: web.Application) -> AsyncIterator[None]:
    context = app[CONTEXT]
    context.tasks.supervise("posting", context.poster.run)
    if context.link is not None:
        context.link.start(context.tasks)
    if context.certificate is not None and not context.certificate.from_files:
        context.tasks.supervise("certificate", context.certificate.keep_fresh)
    yield
    await context.tasks.close()
    if context.link is not None:
        await context.link.close()


async def _mark_protocol(_: web.Request, response: web.StreamResponse) -> None:
    response.headers[PROTOCOL_HEADER] = str(PROTOCOL_VERSION)


@web.middleware
async def answer_problems(request: web.Request, handler: Next) -> web.StreamResponse:
    """Turn everything that can go wrong into a problem document; count and log the request."""
    began = time.monotonic()
    response: web.StreamResponse
    try:
        response = await handler(request)
    except ProblemError as problem:
        response = _respond(problem)
    except DatabaseTrouble as trouble:
        LOG.error(
            "database trouble", extra={"path": request.path, "reason": f"{type(trouble).__name__}: {trouble}"}
        )
        response = _respond(busy("database", "The server cannot store now; it is being looked after.", 2))
    except web.HTTPException as error:
        response = _respond(ProblemError(_BY_STATUS.get(error.status, "bad-request"), error.reason))
    except ConnectionError:
        raise  # the client hung up; there is nobody to answer
    except Exception:  # a mistake of ours must not show a traceback to anybody but the log
        LOG.exception("a request failed", extra={"path": request.path})
        response = _respond(ProblemError("internal"))
    # Counted once the answer is on its way.
    asyncio.get_running_loop().call_soon(_note, request, response.status, time.monotonic() - began)
    return response


def _respond(problem: ProblemError) -> web.Response:
    return web.Response(
        body=problem.body(),
        status=problem.status,
        headers=problem.headers,
        content_type="application/problem+json",
    )


def _note(request: web.Request, status: int, seconds: float) -> None:
    resource = request.match_info.route.resource
    name = (resource.name if resource is not None else None) or "unknown"
    request.app[CONTEXT].metrics.note_request(name, status, seconds)
    # What a healthy server does all day is in the metrics; the log is for what people want to see.
    level = logging.DEBUG if status < 400 and request.method == "GET" else logging.INFO
    LOG.log(
        level,
        "request",
        extra={
            "method": request.method,
            "path": request.path,
            "status": status,
            "ms": round(seconds * 1000, 1),
        },
    )
