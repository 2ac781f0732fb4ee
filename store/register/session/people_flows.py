"""The flows of the operations about people and what waits: salespersons, suspended sales, badges, safe, training."""

from collections.abc import Awaitable, Callable

from store.register.session import badge_desk, safe_desk, salesperson_desk, suspend_desk, training_desk
from store.register.session.work import Reply, Work
from store.sale.barcode import looks_like_code
from store.sale.language import phrase

Flow = Callable[[Work, str, int], Awaitable[Reply]]


def _salesperson(kind: str) -> Flow:
    async def carry_out(work: Work, text: str, seq: int) -> Reply:
        return await salesperson_desk.run(work, kind, text)

    return carry_out


async def _no_salesperson(work: Work, text: str, seq: int) -> Reply:
    return salesperson_desk.clear(work)


def _suspended(kind: str) -> Flow:
    async def carry_out(work: Work, text: str, seq: int) -> Reply:
        return await (suspend_desk.by_code(work, kind, text) if text else suspend_desk.show(work, kind))

    return carry_out


async def _suspend(work: Work, text: str, seq: int) -> Reply:
    if looks_like_code(text):
        return work.keep(text, phrase("a code is no note. Scan it first, then suspend the sale."))
    return await suspend_desk.suspend(work, text)


async def _release(work: Work, text: str, seq: int) -> Reply:
    return await suspend_desk.release(work, text)


async def _badge(work: Work, text: str, seq: int) -> Reply:
    return badge_desk.begin(work, text)


async def _safe(work: Work, text: str, seq: int) -> Reply:
    return await safe_desk.begin(work, text)


async def _training(work: Work, text: str, seq: int) -> Reply:
    return training_desk.ask(work)


FLOWS: dict[int, Flow] = {
    121: _no_salesperson,
    502: _salesperson(salesperson_desk.SALE),
    503: _suspend,
    504: _suspended(suspend_desk.RECALL),
    919: _badge,
    1220: _safe,
    1221: _suspended(suspend_desk.VOID_LIST),
    9135: _training,
    9136: _salesperson(salesperson_desk.LINE),
    9137: _release,
}
"""By the number of the operation."""
