"""Files over HTTP: checked whole, then in force whole, or not at all."""

import asyncio

import pytest

from hq_office import serving_office
from store.headquarters.imports import desk as imports
from store.headquarters.nouns.people import StaffPin
from store.headquarters.setup_rows import count_rows, current_number, find_key, list_rows

PRODUCTS = "code,name,price,tax\n100,Milk,1.09,S\n101,Bread,2.50,S\n4006381333931,Fineliner,1.99,\n"


@pytest.fixture
async def world(tmp_path):
    async with serving_office(tmp_path) as (office, _, http):
        await office.set("tax", "S", rate="19")
        yield office, http


async def check(http, noun, text, **query):
    data = text if isinstance(text, bytes) else text.encode()
    async with http.post(f"/imports/{noun}", data=data, params=query) as response:
        return response.status, await response.json()


async def apply(http, report, **query):
    async with http.post(f"/imports/{report['id']}/apply", params=query) as response:
        return response.status, await response.json()


async def keys(office, noun):
    return await office.ask(lambda db: [row.key for row in list_rows(db, noun)])


async def staged(office):
    return await office.ask(lambda db: db.execute("select count(*) from import_row").fetchone()[0])


async def test_a_file_is_shown_before_it_is_in_force_and_then_loaded_as_one_change(world):
    office, http = world
    status, report = await check(http, "product", PRODUCTS)
    assert status == 200
    assert (report["rows"], report["created"], report["refused_count"]) == (3, 3, 0)
    assert report["preview"][0]["name"] == "Milk" and report["preview"][0]["price"] == 109
    assert report["currency"] == "EUR" and await keys(office, "product") == []
    before = await office.ask(current_number)
    status, done = await apply(http, report)
    assert status == 200 and done["state"] == "loaded"
    assert done["sentence"] == "3 rows are loaded (3 new, 0 changed). Run job 1040 to send it."
    assert await keys(office, "product") == ["100", "101", "4006381333931"]
    assert await office.ask(current_number) == before + 1
    assert await office.ask(find_key, "product", "gtin:04006381333931") == "4006381333931"
    assert await staged(office) == 0


async def test_the_same_file_again_changes_nothing(world):
    office, http = world
    await apply(http, (await check(http, "product", PRODUCTS))[1])
    before = await office.ask(current_number)
    _, report = await check(http, "product", PRODUCTS)
    assert (report["created"], report["changed"], report["unchanged"]) == (0, 0, 3)
    _, done = await apply(http, report)
    assert (
        done["sentence"] == "0 rows are loaded (0 new, 0 changed), 3 were so already." and done["jobs"] == []
    )
    assert [row.changed_n for row in await office.ask(lambda db: list(list_rows(db, "product")))] == [
        before
    ] * 3


async def test_a_column_that_is_not_there_stays_as_it_is_and_an_empty_cell_empties(world):
    office, http = world
    await apply(http, (await check(http, "product", PRODUCTS))[1])
    _, report = await check(http, "product", "code;price\n100;1,19\n101;\n")
    assert (report["created"], report["changed"]) == (0, 2)
    await apply(http, report)
    assert (await office.row("product", "100")).price == 119 and (
        await office.row("product", "100")
    ).tax == "S"
    assert (await office.row("product", "101")).price is None
    assert (await office.row("product", "101")).name == "Bread"


async def test_one_wrong_row_keeps_every_row_out_unless_it_may_be_left_out(world):
    office, http = world
    text = PRODUCTS + (
        "102,Dear,free,S\n103,,1.00,S\n104,Taxed,1.00,Q\n,Nobody,1.00,S\n105,Short\n100,Milk again,1.00,S\n"
        "4006381333931,Pen,1,S\n106,Bad\x01,1,S\n"
    )
    _, report = await check(http, "product", text)
    assert report["refused_count"] == 8 and report["created"] == 3
    reasons = {row["line"]: row["reason"] for row in report["refused"]}
    assert reasons[5].startswith("'free' is no amount") and "needs --name" in reasons[6]
    assert "There is no tax 'Q'" in reasons[7] and reasons[8] == "The product is missing."
    assert reasons[9] == "The line has 2 cells, the heading 4."
    assert reasons[10] == "100 is in line 2 already." and "is in line 4 already" in reasons[11]
    assert "control character" in reasons[12]
    status, problem = await apply(http, report)
    assert status == 409 and problem["type"] == "/problems/refused" and await keys(office, "product") == []
    status, done = await apply(http, report, skip_refused="yes")
    assert status == 200 and "8 were left out" in done["sentence"]
    assert await keys(office, "product") == ["100", "101", "4006381333931"]


async def test_a_department_and_a_tax_called_by_its_rate_are_made_along(world):
    office, http = world
    text = (
        "code,name,price,tax,department\n1,Milk,1.09,7,Dairy\n2,Pen,1.99,S,\n3,Oil,5,5.5,Dairy\n"
        "4,X,1,high,Dairy\n5,Y,1,S,a b\n"
    )
    _, report = await check(http, "product", text)
    assert report["made"] == ["tax 7", "department Dairy", "tax 5.5"] and report["jobs"] == ["1040", "1070"]
    assert [row["reason"] for row in report["refused"]] == [
        "There is no tax 'high'; set it first.",
        "There is no department 'a b'; set it first.",
    ]
    assert await office.row("department", "Dairy") is None
    _, done = await apply(http, report, skip_refused="yes")
    assert "Run jobs 1040 and 1070" in done["sentence"]
    assert (await office.row("tax", "5.5")).rate == "5.5" and (
        await office.row("department", "Dairy")
    ).name == "Dairy"
    await office.set("department", "Dairy", name="Milk and cheese")
    await apply(http, (await check(http, "product", "code,department\n1,Dairy\n2,Dairy\n"))[1])
    assert (await office.row("department", "Dairy")).name == "Milk and cheese"


async def test_a_column_of_too_many_new_departments_means_something_else(world, monkeypatch):
    _, http = world
    monkeypatch.setattr(imports, "MAX_MADE", 2)
    status, problem = await check(http, "product", "code,name,department\n1,x,A\n2,x,B\n3,x,C\n")
    assert status == 422 and "more than 2 departments" in problem["detail"]


async def test_a_barcode_is_one_products_within_the_file_and_against_the_set_up(world):
    office, http = world
    await office.set("product", "1", name="Pen", barcodes=["4006381333931"])
    _, report = await check(
        http,
        "product",
        "code,name,barcode\n2,Other,4006381333931\n3,A,4006381333948\n4,B,4006381333948\n4006381333931,Pen 2,\n",
    )
    reasons = {row["line"]: row["reason"] for row in report["refused"]}
    assert reasons == {
        2: "04006381333931 belongs to product 1 already.",
        4: "04006381333948 is in line 3 already, for 3.",
    }
    assert report["changed"] == 1, "a barcode in the place of the code means its product"


async def test_what_somebody_changes_between_check_and_loading_refuses_the_file(world):
    office, http = world
    await apply(http, (await check(http, "product", PRODUCTS))[1])
    _, report = await check(http, "product", PRODUCTS.replace("1.09", "1.19"))
    await office.set("product", "100", name="Milk 1 l")
    status, problem = await apply(http, report)
    assert status == 409 and "changed by somebody else" in problem["detail"]
    _, report = await check(http, "product", "code,name,barcode\n200,Pen,4006381333948\n")
    await office.set("product", "300", name="Pen", barcodes=["4006381333948"])
    status, problem = await apply(http, report)
    assert status == 409 and "belongs to product 300 by now" in problem["detail"]


async def test_a_removed_product_comes_back_as_a_new_one(world):
    office, http = world
    await apply(http, (await check(http, "product", PRODUCTS))[1])
    await office.remove("product", "100")
    _, report = await check(http, "product", PRODUCTS)
    assert (report["created"], report["unchanged"]) == (1, 2)
    await apply(http, report)
    assert (await office.row("product", "100")).price == 109


async def test_prices_find_their_product_by_code_or_barcode(world):
    office, http = world
    await office.set("product", "100", name="Milk", barcodes=["4006381333931"])
    _, report = await check(
        http,
        "price",
        "barcode\tprice\tfrom\tuntil\n4006381333931\t1,29\t2026-12-01\t2026-12-24\n100\t1\t\t\n7\t1\t\t\n",
    )
    assert [row["reason"] for row in report["refused"]] == ["There is no product '7'."]
    await apply(http, report, skip_refused="yes")
    assert len(await keys(office, "price")) == 2 and (await keys(office, "price"))[0] == "100/0"


async def test_minor_units_are_taken_where_the_caller_says_so(world):
    _, http = world
    _, report = await check(http, "product", "code,name,price\n1,Milk,109\n", amounts="minor")
    assert report["preview"][0]["price"] == 109
    _, report = await check(http, "product", "code,name,price\n1,Milk,109\n")
    assert report["preview"][0]["price"] == 10_900
    assert (await check(http, "product", PRODUCTS, amounts="roman"))[0] == 422


async def test_staff_come_with_their_pins_which_stay_nowhere(world, tmp_path):
    office, http = world
    await office.set("store", "S0001")
    text = (
        "number,name,role,store,pin\n101,Ann,cashier,,918273\n102,Bo,manager,S0001,918274\n"
        "103,Cy,cashier,,12\n104,Di,boss,,\n"
    )
    _, report = await check(http, "staff", text)
    reasons = {row["line"]: row["reason"] for row in report["refused"]}
    assert reasons[4].startswith("pin does not fit") and "12'" not in reasons[4]
    assert "There is no role 'boss'" in reasons[5]
    status, done = await apply(http, report, skip_refused="yes")
    assert status == 200 and done["jobs"] == ["1060"]
    assert (await office.row("staff-pin", "102/S0001", StaffPin)).hash.startswith("$argon2id$")
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"918273" not in held and b"918274" not in held


async def test_a_pin_needs_a_store_to_be_kept_for(world):
    _, http = world
    _, report = await check(http, "staff", "number,name,role,pin\n101,Ann,cashier,918273\n")
    assert "there is none yet" in report["refused"][0]["reason"]


@pytest.mark.parametrize(
    ("noun", "text", "status", "words"),
    [
        ("product", "", 422, "is empty"),
        ("product", "code,nam\n1,x\n", 422, "Did you mean 'name'"),
        ("product", b"code,name\n1,\xff\n", 422, "UTF-8"),
        ("job", "code\n1\n", 422, "cannot be imported"),
        ("gadget", "code\n1\n", 404, "Headquarters has no 'gadget'"),
    ],
)
async def test_a_file_that_is_wrong_as_a_whole_is_refused_and_leaves_nothing(
    world, noun, text, status, words
):
    office, http = world
    found, problem = await check(http, noun, text)
    assert found == status and words in problem["detail"]
    assert await staged(office) == 0


async def test_too_many_bytes_and_too_many_rows_are_refused(world, monkeypatch):
    office, http = world
    monkeypatch.setattr(imports, "MAX_BYTES", 20)
    assert "larger than 20 bytes" in (await check(http, "product", PRODUCTS))[1]["detail"]
    monkeypatch.setattr(imports, "MAX_BYTES", 10_000)
    monkeypatch.setattr(imports, "MAX_ROWS", 2)
    assert "more than 2 rows" in (await check(http, "product", PRODUCTS))[1]["detail"]
    assert await staged(office) == 0


async def test_a_checked_file_can_be_thrown_away_and_old_ones_make_room(world, monkeypatch):
    office, http = world
    monkeypatch.setattr(imports, "MAX_WAITING", 2)
    reports = [(await check(http, "product", PRODUCTS))[1] for _ in range(3)]
    status, problem = await apply(http, reports[0])
    assert status == 404 and "check the file again" in problem["detail"]
    async with http.delete(f"/imports/{reports[1]['id']}") as response:
        assert response.status == 200
    assert await staged(office) == 3
    assert (await apply(http, reports[2]))[0] == 200


async def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "BATCH_ROWS", 1)
    async with serving_office(tmp_path) as (office, running, _):
        _, writer = await asyncio.open_unix_connection(running.socket)
        body = b"code,name\n1,Milk\n2,Bread\n"
        head = b"POST /imports/product HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head + b"%x\r\n" % len(body) + body + b"\r\n")
        await until(lambda: staged(office), 2)
        writer.close()
        await until(lambda: staged(office), 0)
        assert await keys(office, "product") == []


async def until(ask, wanted):
    for _ in range(500):
        if await ask() == wanted:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"it stayed {await ask()}")


async def test_many_batches_are_checked_against_each_other(world, monkeypatch):
    office, http = world
    monkeypatch.setattr(imports, "BATCH_ROWS", 10)
    rows = [f"{number},Article {number},1.00" for number in range(95)] + ["5,Again,2.00"]
    _, report = await check(http, "product", "code,name,price\n" + "\n".join(rows))
    assert report["created"] == 95
    assert [(row["line"], row["reason"]) for row in report["refused"]] == [(97, "5 is in line 7 already.")]
    await apply(http, report, skip_refused="yes")
    assert await office.ask(count_rows, "product") == 95
