"""What headquarters tells a Retail Server about the stock of an item in all stores."""

from aiohttp import web

from store.database.connection import Connection
from store.exchange.stock import MAX_STORES, PATH_STOCK, WireStock, WireStoreStock
from store.headquarters.nouns.chain import Store
from store.headquarters.nouns.scheduling import Availability
from store.headquarters.route import Call, Route, Sender, answer
from store.headquarters.servers.senders import Senders
from store.headquarters.setup_rows import get, list_beginning


def stock_of(db: Connection, sku: str) -> WireStock:
    """Every store that has a figure for the item, in the order of the stores."""
    rows = []
    for row in list_beginning(db, "availability", f"{sku}/")[:MAX_STORES]:
        store = row.key.rpartition("/")[2]
        found, document = row.read(Availability), get(db, "store", store, Store)
        rows.append(
            WireStoreStock(
                store=store,
                name="" if document is None else document.name,
                quantity=found.quantity,
                as_of_ms=found.as_of_ms,
            )
        )
    return WireStock(rows=tuple(rows), everywhere=True)


def stock_routes(senders: Senders) -> tuple[Route, ...]:
    """The one route of this module, for headquarters' route table."""

    async def get_stock(call: Call) -> web.Response:
        await senders.prove(call)
        return answer(await call.read(stock_of, call.request.match_info["sku"]))

    return (
        Route(
            name="stock",
            method="GET",
            path=PATH_STOCK,
            handler=get_stock,
            sender=Sender.SERVER,
            summary="How much every store has of an item, with the age of each figure.",
            answers=WireStock,
            problems=("bad-signature", "server-pending", "replayed"),
        ),
    )
