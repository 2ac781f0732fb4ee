"""What the server answers to registers about an item's stock: its own store's, through headquarters that of all."""

import logging

from aiohttp import web

from store.exchange.stock import PATH_STOCK, WireStock, WireStoreStock
from store.server.api.admission import Work
from store.server.api.context import Call, answer
from store.server.api.route import Route, Sender
from store.server.link.errors import LinkTrouble
from store.server.stock import own_stock

LOG = logging.getLogger(__name__)


async def get_stock(call: Call) -> web.Response:
    """The item in all stores while headquarters answers, else in this one."""
    sku = call.request.match_info["sku"]
    own = await call.read_as_register(own_stock, sku)
    link = call.context.link
    if link is None:
        return answer(_alone(own))
    try:
        return answer(await link.stock(sku))
    except LinkTrouble as error:
        LOG.info("stock of this store only", extra={"reason": str(error)})
        return answer(_alone(own))


def _alone(own: WireStoreStock | None) -> WireStock:
    return WireStock(rows=() if own is None else (own,))


ROUTES: tuple[Route, ...] = (
    Route(
        name="stock",
        method="GET",
        path=PATH_STOCK,
        handler=get_stock,
        sender=Sender.REGISTER,
        proves_sender=True,
        work=Work.LOOKUP,
        summary="How much the stores have of an item; of this one alone while headquarters does not answer.",
        answers=WireStock,
    ),
)
