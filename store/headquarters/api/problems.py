"""What goes wrong becomes a problem document (RFC 9457), counted and logged."""

import logging
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from store.database.errors import DatabaseTrouble
from store.database.vault import VaultError
from store.headquarters.context import Headquarters
from store.headquarters.errors import SetupError
from store.service.errors import ProblemError, ServiceTrouble, busy

LOG = logging.getLogger("outpost.hq.api")
HQ = web.AppKey("headquarters", Headquarters)

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]

HUNG_UP = 499
"""What the metrics count for a client that went away."""
_BY_STATUS = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}


@web.middleware
async def answer_problems(request: web.Request, handler: Next) -> web.StreamResponse:
    """Turn everything that can go wrong into a problem document; count and log the request."""
    began = time.monotonic()
    response: web.StreamResponse
    try:
        response = await handler(request)
    except SetupError as refusal:
        response = problem_response(ProblemError(refusal.word, refusal.sentence))
    except ProblemError as problem:
        response = problem_response(problem)
    except (DatabaseTrouble, VaultError, ServiceTrouble) as trouble:
        LOG.error("trouble", extra={"path": request.path, "reason": f"{type(trouble).__name__}: {trouble}"})
        response = problem_response(busy("database", f"Headquarters cannot do that now: {trouble}", 2))
    except web.HTTPException as error:
        response = problem_response(ProblemError(_BY_STATUS.get(error.status, "bad-request"), error.reason))
    except ConnectionError:  # the client hung up in the middle of its body; there is nobody to answer
        response = web.Response(status=HUNG_UP)
    except Exception:  # a mistake of ours must not show a traceback to anybody but the log
        LOG.exception("a request failed", extra={"path": request.path})
        response = problem_response(ProblemError("internal"))
    _note(request, response.status, time.monotonic() - began)
    return response


def problem_response(problem: ProblemError) -> web.Response:
    """A problem as an answer."""
    return web.Response(
        body=problem.body(),
        status=problem.status,
        headers=problem.headers,
        content_type="application/problem+json",
    )


def _note(request: web.Request, status: int, seconds: float) -> None:
    resource = request.match_info.route.resource
    name = (resource.name if resource is not None else None) or "unknown"
    request.app[HQ].metrics.note_request(name, status, seconds)
    level = logging.DEBUG if status < 400 else logging.INFO
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
