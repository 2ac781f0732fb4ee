"""The flows of the operations about goods, by number."""

from collections.abc import Awaitable, Callable

from store.register.session import (
    count_desk,
    discount_desk,
    empties_desk,
    health_desk,
    journal_desk,
    line_facts_desk,
    stock_desk,
)
from store.register.session.work import Reply, Work

Flow = Callable[[Work, str, int], Awaitable[Reply]]


async def _weigh(work: Work, text: str, seq: int) -> Reply:
    return line_facts_desk.weigh(work, text)


async def _unit(work: Work, text: str, seq: int) -> Reply:
    return await line_facts_desk.unit(work, text)


async def _serial(work: Work, text: str, seq: int) -> Reply:
    return line_facts_desk.serial(work, text)


async def _details(work: Work, text: str, seq: int) -> Reply:
    return await line_facts_desk.details(work, text)


async def _journal(work: Work, text: str, seq: int) -> Reply:
    return await journal_desk.begin(work, text)


async def _last_again(work: Work, text: str, seq: int) -> Reply:
    return await journal_desk.last_again(work, text)


async def _count(work: Work, text: str, seq: int) -> Reply:
    return count_desk.begin(work, text)


async def _health(work: Work, text: str, seq: int) -> Reply:
    return await health_desk.begin(work)


async def _inventory(work: Work, text: str, seq: int) -> Reply:
    return await stock_desk.begin(work, text)


async def _comment(work: Work, text: str, seq: int) -> Reply:
    """122 is the invoice's name for 501."""
    return discount_desk.run(work, 501, text)


async def _empties(work: Work, text: str, seq: int) -> Reply:
    return await empties_desk.begin(work, text)


FLOWS: dict[int, Flow] = {
    110: _weigh,
    115: _journal,
    122: _comment,
    123: _unit,
    136: _serial,
    717: _health,
    801: _inventory,
    802: _count,
    922: _details,
    9151: _last_again,
    9150: _empties,
}
