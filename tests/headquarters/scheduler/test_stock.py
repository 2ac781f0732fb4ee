"""What headquarters tells a server of an item's stock in all stores."""

import msgspec

from hq_scheduler import TestServer
from store.exchange.stock import WireStock
from store.headquarters.nouns.scheduling import Availability


async def test_every_store_with_a_figure_is_named_with_its_age(shop, server):
    await shop.store("S0002")
    await shop.put("availability", "100/S0001", Availability(quantity="12", as_of_ms=5))
    await shop.put("availability", "100/S0002", Availability(quantity="3.5", as_of_ms=7))
    await shop.put("availability", "1001/S0001", Availability(quantity="9"))
    status, _, body = await server.ask("GET", "/stock/100")
    told = msgspec.json.decode(body, type=WireStock)
    assert status == 200 and told.everywhere
    assert [(row.store, row.name, row.quantity, row.as_of_ms) for row in told.rows] == [
        ("S0001", "Store S0001", "12", 5),
        ("S0002", "Store S0002", "3.5", 7),
    ]
    _, _, body = await server.ask("GET", "/stock/9")
    assert msgspec.json.decode(body, type=WireStock).rows == ()


async def test_stock_is_told_to_known_servers_only(shop, server, served):
    stranger = TestServer(served, server.http, name="OTHER")
    status, _, body = await stranger.ask("GET", "/stock/100")
    assert (status, b"bad-signature" in body) == (401, True)
