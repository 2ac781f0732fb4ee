"""What the health check (717) learns from the server."""

import msgspec


class ServerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What ten calls of the server said: their times, why one failed, how the server stands with headquarters."""

    times_ms: tuple[float, ...] = ()
    trouble: str = ""
    headquarters: str = ""
    clock_differs_ms: int = 0
    """How far the server's clock is ahead of this register's."""


async def no_server() -> ServerHealth:
    """Nobody to call."""
    return ServerHealth(trouble="no server is set up")
