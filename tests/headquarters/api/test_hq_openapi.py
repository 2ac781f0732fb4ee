"""`/openapi.json` of headquarters says everything that is answered, and says it rightly."""

import json
import re
from importlib import metadata

from hq_office import serving_office
from store.headquarters.api.openapi import describe
from store.headquarters.nouns.table import NOUNS, VERBS
from store.headquarters.parts import PARTS


async def document_of(tmp_path):
    async with serving_office(tmp_path, PARTS) as (office, _, http), http.get("/openapi.json") as response:
        assert response.status == 200
        return await response.json(), office.process.routes


async def test_every_route_and_every_verb_is_described_with_its_sender(tmp_path):
    document, routes = await document_of(tmp_path)
    assert document["openapi"] == "3.1.0"
    for route in routes:
        path = re.sub(r"{(\w+):[^}]*}", r"{\1}", route.path)
        operation = document["paths"][path][route.method.lower()]
        assert operation["summary"] and operation["operationId"] == route.name
        assert set(re.findall(r"{(\w+)}", path)) <= {
            parameter["name"] for parameter in operation["parameters"]
        }
        assert (operation["security"] == []) == (route.sender.value == "anybody")
    for noun, name in VERBS:
        assert f"/commands/{noun}/{name}" in document["paths"]


async def test_every_noun_stands_in_it_with_its_fields_and_no_reference_leads_nowhere(tmp_path):
    document, _ = await document_of(tmp_path)
    known = document["components"]["schemas"]
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert references <= set(known)
    with_rows = {noun.name for noun in NOUNS.values() if noun.fields is not None}
    assert set(document["x-nouns"]) == with_rows
    product = known[document["x-nouns"]["product"]["fields"]["$ref"].rpartition("/")[2]]
    assert {"name", "price", "barcodes", "blocked"} <= set(product["properties"])
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))


def test_a_bare_source_tree_has_a_version_too(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert describe(())["info"]["version"] == "0"
