"""The parts of headquarters, in the order in which they are opened."""

from collections.abc import Awaitable, Callable

from store.headquarters.certificates import part as certificates
from store.headquarters.context import Headquarters
from store.headquarters.customers import part as customers
from store.headquarters.paper import part as paper
from store.headquarters.part import Part
from store.headquarters.records import part as records
from store.headquarters.scheduler import part as scheduler

OpenPart = Callable[[Headquarters], Awaitable[Part]]

PARTS: tuple[OpenPart, ...] = (
    certificates.open_part,
    records.open_part,
    customers.open_part,
    scheduler.open_part,
    paper.open_part,
)
