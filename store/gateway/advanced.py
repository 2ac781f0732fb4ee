"""Advanced offline switching: what three healthy checks in a row and a slow server are. docs/failover.md."""

from collections.abc import Callable

from store.gateway.ports import Clock
from store.gateway.profile import OfflineProfile
from store.gateway.states import Link, Mode

HEALTHY_CHECKS = 3
"""Checks in a row that have to be healthy before the register comes online by itself."""
EARLY_S = 0.05
"""A check this much before its time still counts as one."""


class AdvancedSwitching:
    """Counts checks; says nothing while the profile does not switch in the advanced way."""

    def __init__(self, profile: Callable[[], OfflineProfile], clock: Clock) -> None:
        self._profile = profile
        self._clock = clock
        self._healthy = 0
        self._counted_s = float("-inf")

    def check_interval_s(self, mode: Mode, link: Link) -> float | None:
        """How often the server is to be checked now; None for not at all."""
        profile = self._profile()
        if (
            not profile.advanced_switching
            or mode is not Mode.OFFLINE_AUTO
            or link in (Link.PINNED, Link.REFUSED)
        ):
            return None
        return profile.health_check_interval_s

    @property
    def counted_s(self) -> float:
        """Monotonic time of the last check that counted."""
        return self._counted_s

    def checked(self, took_s: float, *, healthy: bool) -> bool:
        """A health request ended; True when enough healthy ones have come in a row.

        A slow answer is not healthy, and heartbeats between two checks do not count.
        """
        profile = self._profile()
        now_s = self._clock.monotonic_s()
        counts = now_s - self._counted_s >= profile.health_check_interval_s - EARLY_S
        if counts:
            self._counted_s = now_s
        limit_ms = profile.slow_server_threshold_ms
        if not healthy or (limit_ms is not None and took_s * 1_000 > limit_ms):
            self._healthy = 0
            return False
        self._healthy += counts
        return profile.advanced_switching and self._healthy >= HEALTHY_CHECKS

    def begin_again(self) -> None:
        """The mode or the link has changed: what was counted says nothing any more."""
        self._healthy = 0
        self._counted_s = float("-inf")

    def slowness_ms(self, p95_ms: float | None) -> float | None:
        """The p95 of the last calls when it is over the threshold, else None."""
        profile = self._profile()
        limit_ms = profile.slow_server_threshold_ms
        if not profile.advanced_switching or limit_ms is None or p95_ms is None:
            return None
        return p95_ms if p95_ms > limit_ms else None
