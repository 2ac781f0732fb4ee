"""Headquarters on paper: formats checked and shown before they travel, the accountant's sums, labels."""

import csv
import io
import json

from hq_arrivals import deliver, open_world, put_series, till
from hq_office import open_office, serving_office
from store.headquarters.paper import part as paper
from store.headquarters.scheduler.channel_rows import read_scope, whole_table
from store.sale.document_format import Printing
from store.sale.format_text import read_format

HEADER = (
    "text center bold big | {store}\ntext center | {address}\nblock store\nblock copy\nblock facts\n"
    "columns | Beleg | {receipt}"
)


async def shown(http, document, **query):
    async with http.get(f"/commands/document-format/preview?document={document}", params=query) as answer:
        assert answer.status == 200, await answer.text()
        return (await answer.json())["text"].splitlines()


async def test_a_format_is_checked_shown_and_sent_as_it_was_typed(tmp_path):
    async with serving_office(tmp_path, (paper.open_part,)) as (office, _running, http):
        await office.set("store", "S0001", name="First store", address="Market Street 1\n12345 Town")
        before = await shown(http, "sale", store="S0001")
        assert "First store" in before[0] and "Receipt                   S0001-R01-000482" in before
        refused = {"header": "text | {secret}"}
        async with http.put("/setup/document-format/sale", json=refused) as answer:
            assert answer.status in (400, 422)
            assert "{secret} is no variable here" in await answer.text()
        async with http.put("/setup/document-format/poem", json={"width": 32}) as answer:
            assert answer.status in (400, 422) and "no type of document" in await answer.text()
        await office.set("document-format", "sale", header=HEADER, printing="on-request", width=32)
        after = await shown(http, "sale", store="S0001", width="42")
        assert "Beleg           S0001-R01-000482" in after and max(map(len, after)) <= 32
        async with http.get("/commands/document-format/text?document=sale") as answer:
            assert "[header]\ntext center bold big | {store}" in (await answer.json())["text"]

        def sent(db):
            lines = whole_table(db, read_scope(db, "S0001", "S0001"), "document_format")
            return [json.loads(line.line) for line in lines]

        ((code, detail),) = await office.ask(sent)
        assert code == "sale" and read_format(code, detail).printing is Printing.ON_REQUEST


async def test_the_region_of_the_store_is_that_of_the_preview(tmp_path):
    async with serving_office(tmp_path, (paper.open_part,)) as (office, _running, http):
        await office.set("store", "S0001", name="Erster Laden")
        await office.set("setting", {"setting": "region", "store": "S0001"}, value="de-DE")
        lines = await shown(http, "x", store="S0001")
        assert "Opened                 24.11.2026 14:03:12" in lines
        assert any(line.endswith("109,13") for line in lines)


def sold(name, sales=7):
    register = till(name)
    for n in range(sales):
        register.add("void" if n % 5 == 4 else "sale", business_date=f"2026-01-{5 + n % 3:02d}")
    return register


async def test_the_accountants_sums_are_those_of_the_records(tmp_path):
    from store.exchange.canonical import parse_document

    async with open_world(tmp_path, more=(paper.open_part,)) as world:
        server = await world.server()
        registers = [sold("S0001-R01"), sold("S0001-R02", 12), sold("S0002-R01", 3)]
        for register in registers:
            await put_series(server, register)
            await deliver(server, register)
        await world.settled("S0001")
        await world.settled("S0002")
        bodies = [parse_document(record.payload) for one in registers for record in one.records]
        sales = [body for body in bodies if body["kind"] == "sale"]
        rows = await world.ask("report", "taxes")
        assert sum(row["gross"] for row in rows) == sum(body["total"] for body in sales)
        assert sum(row["tax_amount"] for row in rows) == sum(
            row["tax"] for body in sales for row in body["taxes"]
        )
        taken = await world.ask("report", "tenders")
        assert sum(row["amount"] for row in taken) == sum(
            row["amount"] for body in sales for row in body["tenders"]
        )
        day = await world.ask("report", "taxes", store="S0001", first="2026-01-06", last="2026-01-06")
        assert {(row["store"], row["business_date"]) for row in day} == {("S0001", "2026-01-06")}
        table = (await world.ask("report", "taxes", form="csv"))["text"]
        read = list(csv.DictReader(io.StringIO(table)))
        assert len(read) == len(rows)
        assert {row["register"] for row in read} == {"S0001-R01", "S0001-R02", "S0002-R01"}
        assert sum(round(float(row["gross"]) * 100) for row in read) == sum(row["gross"] for row in rows)


async def test_labels_tell_the_price_in_force_and_the_price_of_the_unit(tmp_path):
    async with open_office(tmp_path, (paper.open_part,)) as office:
        await office.set("store", "S0001", name="First store")
        await office.set("department", "D1", name="Drinks")
        wine = {
            "name": "Wine <dry>",
            "price": 599,
            "content": "0.75 l",
            "barcodes": ["4006381333931"],
            "department": "D1",
        }
        await office.set("product", "W1", wine)
        await office.set("product", "B1", {"name": "Bananas", "price": 199, "unit": "kg", "weighed": True})
        await office.set("product", "F1", {"name": "Flowers", "open_price": True})
        await office.set("price", {"product": "W1", "from": "0"}, amount=499)
        svg = await office.ask(paper._labels, paper.LabelsAsked(form="svg"), office.now_ms)
        assert (
            svg.count("<g ") == 2 and "Wine &lt;dry&gt;" in svg and "4.99 EUR" in svg and "6.65 EUR/l" in svg
        )
        text = await office.ask(paper._labels, paper.LabelsAsked(form="text", department="D1"), office.now_ms)
        assert "Wine <dry>" in text and "Bananas" not in text
