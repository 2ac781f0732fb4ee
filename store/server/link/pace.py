"""How often and how patiently the link tries; and a bell that several loops hear."""

import asyncio
import random

import msgspec


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds. Tests make them short."""

    first_s: float = 1.0
    """Upper bound of the wait after the first failure; doubled after each further one."""
    most_s: float = 60.0
    pending_s: float = 5.0
    """Between two questions whether an operator has accepted this server."""
    wait_s: int = 25
    """How long headquarters may hold a question for news."""
    idle_s: float = 30.0
    """How often to look for work without being woken: another server process may have left some."""
    gather_s: float = 0.3
    """After news, before telling: what a register delivers comes in several batches."""

    def backoff_s(self, failures: int, at_least_s: float | None = None) -> float:
        """A wait with full jitter after so many failures, so that no crowd comes back at one moment."""
        limit = min(self.most_s, self.first_s * 2.0 ** min(max(failures, 1) - 1, 16))
        return max(random.uniform(0.0, limit), at_least_s or 0.0)


class Bell:
    """Rung once, heard by every loop that listens."""

    def __init__(self) -> None:
        self._events: list[asyncio.Event] = []

    def listen(self) -> asyncio.Event:
        """An event of one's own that is set with every ring; rung at first, so that a start looks for work."""
        event = asyncio.Event()
        event.set()
        self._events.append(event)
        return event

    def set(self) -> None:
        """Ring."""
        for event in self._events:
            event.set()


async def rest(event: asyncio.Event, seconds: float) -> None:
    """Wait until the event is set, at most so long; clears it."""
    try:
        async with asyncio.timeout(max(seconds, 0.001)):
            await event.wait()
    except TimeoutError:
        pass
    event.clear()
