"""The flows of the operations about goods that come back, by number."""

from collections.abc import Awaitable, Callable

from store.register.session import blind_return, gift_desk, post_void_desk, return_desk
from store.register.session.work import Reply, Work

Flow = Callable[[Work, str, int], Awaitable[Reply]]


async def _without_receipt(work: Work, text: str, seq: int) -> Reply:
    return await blind_return.begin(work, text)


async def _with_receipt(work: Work, text: str, seq: int) -> Reply:
    return await return_desk.begin(work, text)


async def _gift(work: Work, text: str, seq: int) -> Reply:
    return await gift_desk.begin(work, text)


async def _post_void(work: Work, text: str, seq: int) -> Reply:
    return await post_void_desk.begin(work, text)


FLOWS: dict[int, Flow] = {
    109: _without_receipt,
    114: _with_receipt,
    9130: _gift,
    9140: _post_void,
}
