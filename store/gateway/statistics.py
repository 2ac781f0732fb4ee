"""Counts and times of the till's calls; bounded, reset with the process."""

from collections import deque

from store.gateway.connection import CallStatistics

KEPT_TIMES = 200
ENOUGH_TIMES = 5
RECENT_CALLS = 20
"""Calls by which a slow server is known; one slow call among them is chance, two are not."""


class CallLog:
    """Collects what the calls of the till cost."""

    def __init__(self) -> None:
        self.calls = 0
        self.failed = 0
        self.hedged = 0
        self.late = 0
        self.price_differences = 0
        self._times_ms: deque[float] = deque(maxlen=KEPT_TIMES)
        self._recent_ms: deque[float] = deque(maxlen=RECENT_CALLS)

    def answered(self, took_s: float) -> None:
        """A call of the till was answered by the server."""
        self._times_ms.append(took_s * 1_000)
        self._recent_ms.append(took_s * 1_000)

    def recent_p95_ms(self) -> float | None:
        """The 95th percentile (nearest rank) of the last 20 answered calls; None before there were as many."""
        if len(self._recent_ms) < RECENT_CALLS:
            return None
        return sorted(self._recent_ms)[-(-RECENT_CALLS * 95 // 100) - 1]

    def forget_recent(self) -> None:
        """What the server did before says nothing about what begins now."""
        self._recent_ms.clear()

    def summary(self) -> CallStatistics:
        """The numbers as a value."""
        times = sorted(self._times_ms)
        enough = len(times) >= ENOUGH_TIMES
        return CallStatistics(
            calls=self.calls,
            failed=self.failed,
            hedged=self.hedged,
            late=self.late,
            price_differences=self.price_differences,
            p50_ms=round(times[len(times) // 2], 2) if enough else None,
            p95_ms=round(times[len(times) * 95 // 100], 2) if enough else None,
        )
