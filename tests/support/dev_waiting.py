"""Waiting for something that happens soon, without guessing how soon."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], within_s: float = 5.0) -> None:
    """Return once `condition` holds; fails with its text when it never does."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not condition():
        assert loop.time() < deadline, "it never came true"
        await asyncio.sleep(0.005)
