"""How quickly the server answers, for the health check (717): ten calls within five seconds, beside the till."""

import time

from store.gateway.client import RetailClient
from store.gateway.errors import GatewayError
from store.register.session.server_health import ServerHealth

CALLS = 10
WITHIN_S = 5.0


async def server_health(client: RetailClient) -> ServerHealth:
    """The times of up to ten calls; ends with the first that brings no answer."""
    times_ms: list[float] = []
    ends_s = time.monotonic() + WITHIN_S
    headquarters, differs_ms = "", 0
    for _ in range(CALLS):
        began_s = time.monotonic()
        if ends_s <= began_s:
            break
        try:
            health = await client.health(deadline_s=ends_s - began_s)
        except GatewayError as error:
            return ServerHealth(times_ms=tuple(times_ms), trouble=error.reason)
        times_ms.append((time.monotonic() - began_s) * 1_000)
        headquarters, differs_ms = health.headquarters, health.time_ms - time.time_ns() // 1_000_000
    return ServerHealth(times_ms=tuple(times_ms), headquarters=headquarters, clock_differs_ms=differs_ms)
