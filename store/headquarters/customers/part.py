"""How customers plug into headquarters."""

import asyncio
import logging

from store.database.errors import DatabaseTrouble
from store.headquarters.context import Headquarters
from store.headquarters.customers.desk import CustomerDesk
from store.headquarters.customers.master import has_news, take_news
from store.headquarters.nouns.customers import CUSTOMER
from store.headquarters.part import Part

LOG = logging.getLogger("outpost.hq.customers")

LOOK_S = 2.0
"""How often to look whether registers told of customers: one question for a row of an empty table."""


async def open_part(hq: Headquarters) -> Part:
    """Customers of a headquarters."""

    async def look_for_news() -> None:
        while True:
            try:
                while await hq.channel.read(has_news):
                    taken = await hq.channel.work(take_news, hq.now_ms())
                    hq.tell((CUSTOMER,))
                    LOG.info("customers of registers taken in", extra={"news": taken})
            except DatabaseTrouble as trouble:
                LOG.warning("news of customers wait for the database", extra={"reason": str(trouble)})
            await asyncio.sleep(LOOK_S)

    return Part(name="customers", verbs=CustomerDesk(hq.tell).verbs(), tasks={"customers": look_for_news})
