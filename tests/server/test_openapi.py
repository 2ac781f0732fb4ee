"""The published description is made from what is served, and is sound by itself."""

import json
import re

import pytest
from aiohttp import web

from server_world import running_world
from store.server.api.openapi import describe
from store.server.api.route import Sender
from store.server.api.routes import ROUTES, register_routes

DOCUMENT = describe(ROUTES)
OPERATIONS = [
    (path, method, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_description_and_the_routes_are_the_same_set():
    app = web.Application()
    register_routes(app)
    served = {
        (resource.canonical, route.method.lower())
        for resource in app.router.resources()
        for route in resource
        if route.method != "HEAD"
    }
    assert served == {(path, method) for path, method, _ in OPERATIONS}


def test_every_reference_leads_somewhere():
    found = set(references(DOCUMENT))
    assert found
    for reference in found:
        section, kind, name = reference.removeprefix("#/").split("/")
        assert name in DOCUMENT[section][kind]


def test_the_document_has_what_the_standard_asks_for():
    assert re.fullmatch(r"3\.1\.\d+", DOCUMENT["openapi"])
    assert {"title", "version"} <= set(DOCUMENT["info"])
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(names) == len(set(names))
    for path, method, operation in OPERATIONS:
        assert path.startswith("/")
        declared = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", path))
        assert "200" in operation["responses"]
        assert all(re.fullmatch(r"[1-5]\d\d", status) for status in operation["responses"])
        assert all(response["description"] for response in operation["responses"].values())
        assert all({"name", "in", "schema"} <= set(parameter) for parameter in operation["parameters"])
        assert ("requestBody" in operation) == (method == "post")
        for requirement in operation["security"]:
            assert set(requirement) <= set(DOCUMENT["components"]["securitySchemes"])


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_signed_route_says_so(route):
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    assert bool(operation["security"]) == (route.sender is not Sender.ANYBODY)
    assert ("401" in operation["responses"]) == (route.sender is not Sender.ANYBODY)


async def test_the_server_publishes_it(tmp_path):
    async with running_world(tmp_path) as world, world.http.get(f"{world.url}/openapi.json") as response:
        assert response.status == 200
        assert json.loads(await response.read()) == json.loads(json.dumps(DOCUMENT))
