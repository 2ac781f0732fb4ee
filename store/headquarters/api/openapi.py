"""`/openapi.json`: the OpenAPI 3.1 document, generated from the routes and the nouns."""

import re
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import msgspec

from store.exchange import messages
from store.headquarters.nouns.table import NOUNS
from store.headquarters.route import Route, Sender
from store.service.errors import TITLES

_REF = "#/components/schemas/{name}"
_ALWAYS = ("bad-request", "protocol", "database", "internal", "too-large")
_SECURITY: dict[Sender, list[dict[str, list[str]]]] = {
    Sender.ANYBODY: [],
    Sender.OPERATOR: [{"operator": []}],
    Sender.SERVER: [{"server": []}],
}
_BY_SENDER: dict[Sender, tuple[str, ...]] = {
    Sender.ANYBODY: (),
    Sender.OPERATOR: ("no-permission",),
    Sender.SERVER: ("bad-signature",),
}


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The document for these routes."""
    documents = [noun.fields for noun in NOUNS.values() if noun.fields is not None]
    types = [kind for route in routes for kind in (route.answers, route.body) if kind is not None]
    every = [*types, *documents, messages.Problem]
    schemas, components = msgspec.json.schema_components(every, ref_template=_REF)
    known = dict(zip(map(repr, every), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = re.sub(r"{(\w+):[^}]*}", r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, path, known)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Outpost headquarters",
            "version": _version(),
            "description": "Amounts are integers of the currency's minor unit, or texts as people write them (1.29).",
        },
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _schemes()},
        "x-nouns": {
            noun.name: {"summary": noun.summary, "fields": known[repr(noun.fields)], "jobs": list(noun.jobs)}
            for noun in NOUNS.values()
            if noun.fields is not None
        },
    }


def _version() -> str:
    try:
        return metadata.version("outpost-pos")
    except metadata.PackageNotFoundError:
        return "0"  # run from a bare source tree


def _operation(route: Route, path: str, known: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "security": _SECURITY[route.sender],
        "parameters": [*_path_parameters(path), *_query_parameters(route)],
        "responses": {str(route.status): _success(route, known)} | _problems(route, known),
    }
    if route.body is not None:
        media = "application/octet-stream" if route.streams else "application/json"
        operation["requestBody"] = {"required": True, "content": {media: {"schema": known[repr(route.body)]}}}
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
        words = by_status.setdefault(str(TITLES[word][0]), [])
        if word not in words:
            words.append(word)
    content = {"application/problem+json": {"schema": known[repr(messages.Problem)]}}
    return {
        status: {"description": ", ".join(words), "content": content}
        for status, words in sorted(by_status.items())
    }


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": parameter.name,
            "in": "query",
            "required": parameter.required,
            "description": parameter.help,
            "schema": {"type": parameter.type},
        }
        for parameter in route.parameters
    ]


def _schemes() -> dict[str, Any]:
    return {
        "operator": {
            "type": "http",
            "scheme": "bearer",
            "description": "The operator_token of run/hq.json; not needed on the operators' socket run/hq.sock.",
        },
        "server": {
            "type": "apiKey",
            "in": "header",
            "name": messages.SIGNATURE_HEADER,
            "description": f"Ed25519 by the Retail Server's key, beside {messages.REGISTER_HEADER}, "
            f"{messages.SERIES_HEADER}, {messages.TIME_HEADER} and {messages.NONCE_HEADER}.",
        },
    }
