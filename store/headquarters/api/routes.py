"""The route table: what headquarters answers to operators, derived from the nouns, and what parts add for servers."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from store.exchange import messages
from store.headquarters.api.desk import Desk, Page
from store.headquarters.nouns.noun import Verb
from store.headquarters.nouns.table import VERBS
from store.headquarters.route import Call, Handler, Parameter, Route, Sender
from store.headquarters.setup.answers import SetAnswer
from store.service.health import Pulse

_FIRST = Parameter("after", "string", "Rows behind this key.")
_LIMIT = Parameter("limit", "integer", "At most so many rows looked at.")


def operator_routes(desk: Desk) -> tuple[Route, ...]:
    """Rows of the set-up, and the verbs of parts."""
    return (
        *_setup_routes(desk),
        *(_verb_route(desk, verb) for verb in VERBS.values()),
    )


def common_routes(pulse: Pulse) -> tuple[Route, ...]:
    """What anybody may ask."""

    async def get_health(call: Call) -> web.Response:
        await pulse.prove(call.hq.now_ms())
        return web.json_response({"status": "ok"})

    async def get_metrics(call: Call) -> web.Response:
        return web.Response(
            body=call.hq.metrics.text(), headers={"Content-Type": call.hq.metrics.content_type}
        )

    return (
        Route(
            name="health",
            method="GET",
            path=messages.PATH_HEALTH,
            handler=get_health,
            sender=Sender.ANYBODY,
            summary="Prove that headquarters can commit.",
            answers=dict[str, str],
            problems=("database",),
        ),
        Route(
            name="metrics",
            method="GET",
            path="/metrics",
            handler=get_metrics,
            sender=Sender.ANYBODY,
            summary="Counters for Prometheus.",
            media="text/plain",
        ),
    )


def _setup_routes(desk: Desk) -> Iterable[Route]:
    row = "/setup/{noun}/{key:.+}"
    known = ("not-found", "invalid")
    yield _operator(
        "setup-list",
        "GET",
        "/setup/{noun}",
        desk.list,
        "The rows of a noun by key; further query parameters choose by a field that names another row.",
        answers=Page,
        parameters=(_FIRST, _LIMIT),
        problems=known,
    )
    shown = "One row; the parts of a key stand apart by slashes."
    yield _operator("setup-show", "GET", row, desk.show, shown, answers=dict[str, Any], problems=known)
    yield _operator(
        "setup-set",
        "PUT",
        row,
        desk.set,
        "Create or change a row; fields left out stay as they are, null brings back the default.",
        body=dict[str, Any],
        answers=SetAnswer,
        problems=(*known, "refused"),
    )
    yield _operator(
        "setup-remove",
        "DELETE",
        row,
        desk.remove,
        "Remove a row.",
        answers=SetAnswer,
        problems=(*known, "refused"),
    )


def _operator(name: str, method: str, path: str, handler: Handler, summary: str, **more: Any) -> Route:
    return Route(
        name=name,
        method=method,
        path=path,
        handler=handler,
        sender=Sender.OPERATOR,
        summary=summary,
        **more,
    )


def _verb_route(desk: Desk, verb: Verb) -> Route:
    return Route(
        name=f"{verb.noun}-{verb.name}",
        method="GET" if verb.reads else "POST",
        path=f"/commands/{verb.noun}/{verb.name}",
        handler=desk.command(verb),
        sender=Sender.OPERATOR,
        summary=verb.summary,
        body=None if verb.reads else verb.arguments,
        answers=verb.answers if verb.answers is not None else Any,
        problems=("not-found", "invalid", "refused"),
    )
