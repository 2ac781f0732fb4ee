"""Names of servers: a name that was found once is never waited for again.

`LastGoodAddresses` answers from what it found last and looks again behind the caller's back, so that neither a dead
name server nor a slow one costs a sale anything, and a changed address is picked up by the next attempt.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from store.gateway.ports import Clock

LOOK_AGAIN_S = 2.0
"""Only new connections ask for addresses, so a healthy register hardly ever does."""

Found = list[dict[str, Any]]
Lookup = Callable[[str, int], Awaitable[Found]]


async def look_up(host: str, port: int) -> Found:
    """Ask the system's resolver (files, DNS, mDNS, as the machine is configured). Raises OSError."""
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [
        {
            "hostname": host,
            "host": str(address[0]),
            "port": port,
            "family": family,
            "proto": protocol,
            "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        }
        for family, _kind, protocol, _name, address in infos
    ]


class LastGoodAddresses:
    """Resolver for the HTTP client (the shape of aiohttp's AbstractResolver)."""

    def __init__(self, clock: Clock, lookup: Lookup = look_up) -> None:
        self._clock = clock
        self._lookup = lookup
        self._found: dict[tuple[str, int], tuple[float, Found]] = {}
        self._tasks: dict[tuple[str, int], asyncio.Task[Found]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> Found:
        """Addresses of the name; raises OSError when it was never found."""
        known = self._found.get((host, port))
        if known is None:
            return await asyncio.shield(self._task_for(host, port))
        found_s, addresses = known
        if self._clock.monotonic_s() - found_s > LOOK_AGAIN_S:
            self._task_for(host, port)
        return addresses

    async def close(self) -> None:
        """End what is still being looked up."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _task_for(self, host: str, port: int) -> asyncio.Task[Found]:
        """One look-up per name at a time, shared by all who wait."""
        key = (host, port)
        if key not in self._tasks:
            task = asyncio.create_task(self._look(host, port), name=f"look-up {host}")
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
        return self._tasks[key]

    async def _look(self, host: str, port: int) -> Found:
        addresses = await self._lookup(host, port)
        self._found[host, port] = (self._clock.monotonic_s(), addresses)
        return addresses

    def _ended(self, key: tuple[str, int], task: asyncio.Task[Found]) -> None:
        self._tasks.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen: a failed look-up behind the caller's back keeps the last good addresses
