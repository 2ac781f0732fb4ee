"""`/openapi.json`: the OpenAPI 3.1 document, generated from the route table and the wire structs."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from store.exchange import messages
from store.server.api.route import Route, Sender
from store.server.version import VERSION
from store.service.errors import TITLES

_REF = "#/components/schemas/{name}"
_ALWAYS = ("bad-request", "protocol", "busy", "database", "expired", "internal")
_BY_SENDER = {
    Sender.ANYBODY: (),
    Sender.REGISTER: ("bad-signature", "device-disabled", "fenced", "replayed"),
    Sender.OPERATOR: ("no-permission", "bad-signature", "device-disabled", "fenced", "replayed"),
}
_SECURITY: dict[Sender, list[dict[str, list[str]]]] = {
    Sender.ANYBODY: [],
    Sender.REGISTER: [{"register": []}],
    Sender.OPERATOR: [{"operator": []}, {"register": []}],
}


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The document for these routes."""
    types = [kind for route in routes for kind in (route.answers, route.body) if kind is not None]
    schemas, components = msgspec.json.schema_components([*types, messages.Problem], ref_template=_REF)
    known = dict(zip(map(repr, [*types, messages.Problem]), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, known)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Outpost Retail Server",
            "version": VERSION,
            "description": "Every answer carries the header Outpost-Protocol. Integers never have a fraction.",
        },
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _schemes()},
    }


def _operation(route: Route, known: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "security": _SECURITY[route.sender],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters()],
        "responses": {"200": _success(route, known)} | _problems(route, known),
    }
    if route.body is not None:
        schema = known[repr(route.body)]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return operation


def _success(route: Route, known: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if route.answers is not None:
        content["application/json"] = {"schema": known[repr(route.answers)]}
    if route.media != "application/json":
        content[route.media] = {"schema": {"type": "string"}}
    return {"description": route.summary, "content": content}


def _problems(route: Route, known: dict[str, Any]) -> dict[str, Any]:
    by_status: dict[str, list[str]] = {}
    for word in (*route.problems, *_BY_SENDER[route.sender], *_ALWAYS):
        by_status.setdefault(str(TITLES[word][0]), []).append(word)
    content = {"application/problem+json": {"schema": known[repr(messages.Problem)]}}
    return {
        status: {"description": ", ".join(words), "content": content}
        for status, words in sorted(by_status.items())
    }


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    found = []
    for parameter in route.parameters:
        schema: dict[str, Any] = {"type": parameter.type}
        if parameter.type == "integer":
            schema["minimum"] = 0
        if parameter.many:
            schema = {"type": "array", "items": schema}
        found.append(
            {
                "name": parameter.name,
                "in": "query",
                "required": parameter.required,
                "description": parameter.help,
                "schema": schema,
            }
        )
    return found


def _header_parameters() -> list[dict[str, Any]]:
    budget = {"type": "integer", "minimum": 0}
    return [
        {
            "name": messages.BUDGET_HEADER,
            "in": "header",
            "required": False,
            "description": "Milliseconds the caller still waits; work that comes too late is dropped.",
            "schema": budget,
        }
    ]


def _schemes() -> dict[str, Any]:
    signed = (
        f"Ed25519 over method, path, body, time, nonce and series, in {messages.SIGNATURE_HEADER} beside "
        f"{messages.REGISTER_HEADER}, {messages.SERIES_HEADER}, {messages.TIME_HEADER} and {messages.NONCE_HEADER}."
    )
    return {
        "register": {
            "type": "apiKey",
            "in": "header",
            "name": messages.SIGNATURE_HEADER,
            "description": signed,
        },
        "operator": {"type": "http", "scheme": "bearer"},
    }
