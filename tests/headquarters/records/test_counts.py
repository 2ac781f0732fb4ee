"""Stock counts at headquarters: product by product, from the records of the registers."""

from hq_arrivals import deliver, open_world, put_series, till

ROWS = [
    {"sku": "100", "name": "Milk", "quantity": "12", "unit": "pcs", "code": "100"},
    {"sku": "200", "name": "Cheese", "quantity": "0.5", "unit": "kg", "code": "200"},
]


async def test_what_registers_counted_is_listed_product_by_product(tmp_path):
    async with open_world(tmp_path) as world:
        server, register = await world.server(), till()
        register.add("stock.count", rows=ROWS, items=2, place="Shelf 7")
        register.add("stock.count", rows=ROWS[:1], items=1)
        register.add("stock.count", rows=[{"sku": "100"}], items=1)
        await put_series(server, register)
        await deliver(server, register)
        assert (await world.settled()).quarantined == 1
        rows = await world.ask("stock-count", "list", store="S0001")
        assert [(row["seq"], row["place"], row["product"], row["quantity"]) for row in rows] == [
            (1, "Shelf 7", "100", "12"),
            (1, "Shelf 7", "200", "0.5"),
            (2, "", "100", "12"),
        ]
        only = await world.ask("stock-count", "list", product="200")
        assert [row["name"] for row in only] == ["Cheese"]
        assert await world.ask("stock-count", "list", store="S0009") == []
        assert len(await world.ask("stock-count", "list", limit=1)) == 1
        kinds = [row["kind"] for row in await world.ask("transaction", "list")]
        assert kinds.count("stock.count") >= 2
