"""Items by key and by name, and what a newer package does to them."""

from urllib.parse import quote

import pytest

from server_world import STORE, TABLES, package_file, problem, running_world
from store.database.connection import values
from store.server.setup_details import coded_row, coded_rows
from store.service.errors import ServiceTrouble


@pytest.fixture
async def world(tmp_path):
    async with running_world(tmp_path) as world:
        world.register = await world.enrolled()
        yield world


@pytest.mark.parametrize(
    ("query", "sku", "matched"),
    [
        ("key=sku:4711", "4711", "sku:4711"),
        ("key=gtin:04006381333931", "4711", "gtin:04006381333931"),
        ("key=plu:77", "4712", "plu:77"),
        ("key=gtin:00000000000000&key=sku:4713", "4713", "sku:4713"),
        ("key=plu:77&key=sku:4711", "4712", "plu:77"),
        ("key=colour:red&key=sku:4711", "4711", "sku:4711"),
    ],
)
async def test_the_first_key_on_file_is_answered(world, query, sku, matched):
    status, item = await world.register.get(f"/items?{query}")
    assert (status, item["sku"], item["matched"]) == (200, sku, matched)


async def test_an_item_comes_with_all_its_fields(world):
    _, item = await world.register.get("/items?key=plu:77")
    assert item == {
        "sku": "4712",
        "name": "Vollmilch 3,5 %",
        "price": 109,
        "unit": "pcs",
        "tax": "B",
        "department": "10",
        "plu": "77",
        "open_price": False,
        "weighed": False,
        "blocked": "",
        "detail": "",
        "matched": "plu:77",
        "offers": [],
    }


@pytest.mark.parametrize(
    "query", ["key=sku:9", "key=plu:", "key=gtin:4006381333931", "key=sku:4711'--", "key=%00"]
)
async def test_what_is_not_on_file_is_unknown(world, query):
    status, content, _ = await world.register.send("GET", f"/items?{query}")
    assert (status, problem(content)) == (404, "unknown-item")


@pytest.mark.parametrize("query", ["", "?x=1", "?" + "&".join(["key=sku:1"] * 9)])
async def test_a_question_without_or_with_too_many_keys_is_refused(world, query):
    status, content, _ = await world.register.send("GET", f"/items{query}")
    assert (status, problem(content)) == (400, "bad-request")


@pytest.mark.parametrize(
    ("text", "skus"),
    [
        ("gouda", ["4711"]),
        ("käse", ["4711"]),
        ("oud", ["4711"]),
        ("milch", ["4712"]),
        ("100%", ["4713"]),
        ("saft orangen", ["4713"]),
        ("mi", ["4712"]),
        ("%", ["4713", "4712"]),
        ("77", ["4712"]),
        ("", []),
        ("nothing", []),
        ('"', []),
        ('a"b', []),
        ("NEAR(x,y)", []),
        ("*", []),
    ],
)
async def test_search_finds_parts_of_names_and_takes_every_text_literally(world, text, skus):
    status, found = await world.register.get(f"/search?text={quote(text)}")
    assert status == 200
    assert [item["sku"] for item in found["items"]] == skus


async def test_search_answers_no_more_than_asked(world):
    _, found = await world.register.get("/search?text=o&limit=1")
    assert len(found["items"]) == 1
    status, _, _ = await world.register.send("GET", "/search?text=o&limit=-1")
    assert status == 400


async def test_a_newer_package_replaces_everything_at_once(world):
    tables = TABLES | {"item": [TABLES["item"][0] | {"price": 599}], "barcode": []}
    await world.prepare(data=package_file(2, tables))
    assert (await world.register.get("/items?key=sku:4711"))[1]["price"] == 599
    for query in ("key=sku:4712", "key=gtin:04006381333931"):
        assert (await world.register.send("GET", f"/items?{query}"))[0] == 404
    assert (await world.register.get("/search?text=milch"))[1]["items"] == []


@pytest.mark.parametrize("seq", [1, 2])
async def test_an_older_or_renumbered_package_is_refused_and_nothing_changes(world, seq):
    await world.prepare(data=package_file(2))
    with pytest.raises(ServiceTrouble, match="higher number"):
        await world.prepare(data=package_file(seq, TABLES | {"item": []}))
    assert (await world.register.get("/items?key=sku:4711"))[0] == 200


async def test_a_package_of_another_root_is_refused_and_nothing_changes(world):
    from server_world import PACKAGE_KEY

    with pytest.raises(ServiceTrouble, match="root key"):
        await world.prepare(data=package_file(2, TABLES | {"item": []}, root=PACKAGE_KEY))
    assert (await world.register.get("/items?key=sku:4711"))[0] == 200


async def test_what_is_set_up_by_code_is_read(world):
    def insert(db):
        for table in ("discount", "info_code"):
            db.execute(
                f"insert into {table} (store_id, code, name, detail) values ($1, 'A', 'Name', '{{\"x\":1}}')",
                values(STORE),
            )
        db.execute(
            "insert into document_format (store_id, code, detail) values ($1, 'z', '{}')", values(STORE)
        )

    await world.context.channel.work(insert)
    for table, row in (
        ("discount", ("A", "Name", '{"x":1}')),
        ("info_code", ("A", "Name", '{"x":1}')),
        ("document_format", ("z", "", "{}")),
    ):
        assert await world.context.channel.read(coded_rows, STORE, table) == [row]
        assert await world.context.channel.read(coded_row, STORE, table, row[0]) == row
        assert await world.context.channel.read(coded_row, STORE, table, "\0") is None
        assert await world.context.channel.read(coded_row, STORE, table, "none") is None
