"""How the connection stands: Link and Mode with reason and time, and the one setter of each.

The rules are in `states.py`; what has to be done for a step is returned to the supervisor.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

from store.gateway import sentences
from store.gateway.connection import ConnectionStatus
from store.gateway.edges import EdgeWriter
from store.gateway.gateway import StoredMode
from store.gateway.ports import Clock
from store.gateway.profile import OfflineProfile
from store.gateway.states import (
    Link,
    LinkAction,
    LinkEvent,
    Mode,
    ModeAction,
    ModeEvent,
    ModeFacts,
    Prompt,
    header_word,
    step_link,
    step_mode,
)
from store.gateway.statistics import CallLog

log = logging.getLogger("outpost.gateway")

HANDSHAKE_AGE_S = 900.0
"""A comparison of the heads this old is made again."""
REASONS_FOLLOW = (ModeEvent.STARTING_PROBE_FAILED, ModeEvent.CONNECT_PROBE_FAILED)
"""Events that only name the reason of a mode that was taken provisionally."""


class Interval(StrEnum):
    """Which of the profile's intervals has to pass before the next attempt to come back."""

    NONE = "none"
    ORDINARY = "ordinary"
    SLOW = "slow"


class Standing:
    """State of both machines; `step_mode` and `step_link` are the only ways to change it."""

    def __init__(
        self,
        *,
        profile: Callable[[], OfflineProfile],
        clock: Clock,
        edges: EdgeWriter,
        on_change: Callable[[], None],
    ) -> None:
        self._profile = profile
        self.clock = clock
        self._edges = edges
        self.on_change = on_change
        now_ms = clock.wall_ms()
        self.mode, self.mode_reason, self.mode_since_ms = Mode.OFFLINE_AUTO, sentences.STARTING, now_ms
        self.link, self.link_reason, self.link_since_ms = Link.DOWN, sentences.STARTING, now_ms
        self._interval, self._interval_began_s = Interval.NONE, 0.0
        self.online_period = 0
        self.handshake_due = False
        self.link_up = asyncio.Event()
        self.offset_ms: int | None = None
        self._saved: Mode | None = None
        self._heard: tuple[float, int] | None = None
        self._compared_s: float | None = None

    def take_up(self, stored: StoredMode | None, *, draft_open: bool) -> tuple[ModeAction, ...]:
        """Begin where the last process ended; nothing is recorded for that. Nothing stored counts as ONLINE."""
        stored_mode = Mode.ONLINE
        if stored is not None and stored.mode in set(Mode):
            stored_mode = self._saved = Mode(stored.mode)
            self.mode_reason, self.mode_since_ms = stored.reason, stored.since_ms
        step = step_mode(stored_mode, ModeEvent.PROCESS_STARTED, self.facts(transaction_open=draft_open))
        self.mode = step.mode
        if step.mode is Mode.OFFLINE_MANUAL:
            self.link, self.link_reason = Link.PINNED, sentences.BY_HAND
        elif ModeAction.PROBE_STARTING in step.actions:
            self.mode_reason, self.mode_since_ms = sentences.STARTING, self.clock.wall_ms()
        return step.actions

    def step_mode(
        self,
        event: ModeEvent,
        reason: str = "",
        *,
        transaction_open: bool = False,
        prompt: Prompt = Prompt.NONE,
    ) -> tuple[ModeAction, ...]:
        """Take one step of the mode; the actions are the caller's to perform."""
        facts = self.facts(transaction_open=transaction_open)._replace(prompt=prompt)
        step = step_mode(self.mode, event, facts)
        if step.mode is not self.mode:
            self._set_mode(step.mode, event, reason)
        elif event in REASONS_FOLLOW and step.mode is Mode.OFFLINE_AUTO:
            self.mode_reason = reason
            self._save_mode(event)
            self.on_change()
        return step.actions

    def step_link(self, event: LinkEvent, reason: str = "") -> tuple[LinkAction, ...]:
        """Take one step of the link; the actions are the caller's to perform."""
        step = step_link(self.link, event)
        if step.link is not self.link:
            self._set_link(step.link, event, reason)
        elif event is LinkEvent.SERVER_REFUSED and step.link is Link.REFUSED and reason != self.link_reason:
            self.link_reason = reason
            self.on_change()
        return step.actions

    def _set_mode(self, mode: Mode, event: ModeEvent, reason: str) -> None:
        log.info("mode %s -> %s by %s: %s", self.mode, mode, event, reason)
        self.mode, self.mode_reason, self.mode_since_ms = mode, reason, self.clock.wall_ms()
        if mode is Mode.ONLINE:
            self.online_period += 1
        self._save_mode(event)
        self.on_change()

    def _save_mode(self, event: ModeEvent) -> None:
        """Record an edge; a restart that ends in the mode it found stored is none."""
        if self.mode is self._saved:
            return
        self._saved = self.mode
        stored = StoredMode(mode=self.mode.value, reason=self.mode_reason, since_ms=self.mode_since_ms)
        self._edges.mode(stored, event.value)

    def _set_link(self, link: Link, event: LinkEvent, reason: str) -> None:
        log.info("link %s -> %s by %s: %s", self.link, link, event, reason)
        self.link, self.link_reason, self.link_since_ms = link, reason, self.clock.wall_ms()
        if link is Link.UP:
            self.link_up.set()
        else:
            self.link_up.clear()
            self.handshake_due = False
            self._compared_s = None
        self._edges.link(self.link_since_ms, link.value, event.value, reason)
        self.on_change()

    def facts(self, *, transaction_open: bool = False) -> ModeFacts:
        """What a step of the mode depends on, now."""
        return ModeFacts(
            link=self.link,
            open=transaction_open,
            interval_passed=self.clock.monotonic_s() >= self.next_attempt_s,
            answer_age_s=self.answer_age_s(),
            heads_compared=self._compared_s is not None,
            slow=self._interval is Interval.SLOW,
        )

    # --- the reconnection interval

    def wait(self, interval: Interval, passed_s: float = 0.0) -> None:
        """The next attempt is the profile's interval from now, of which `passed_s` have passed already."""
        self._interval = interval
        self._interval_began_s = self.clock.monotonic_s() - min(max(passed_s, 0.0), self._interval_s())

    def keep_waiting(self) -> None:
        """The interval of the stored switch goes on; by wall time, which went on while the register was off."""
        slow = sentences.is_slow(self.mode_reason)
        passed_s = (self.clock.wall_ms() - self.mode_since_ms) / 1_000
        self.wait(Interval.SLOW if slow else Interval.ORDINARY, passed_s)

    def _interval_s(self) -> float:
        match self._interval:
            case Interval.NONE:
                return 0.0
            case Interval.ORDINARY:
                return self._profile().reconnection_interval_s
            case Interval.SLOW:
                return self._profile().slow_reconnection_interval_s

    @property
    def next_attempt_s(self) -> float:
        """Monotonic time of the next attempt, by the profile that holds now."""
        return self._interval_began_s + self._interval_s()

    # --- what was heard

    def hear(self) -> None:
        """An answer of the server came."""
        self._heard = (self.clock.monotonic_s(), self.clock.wall_ms())

    def heads_agree(self) -> None:
        """The heads were compared and agree; forgotten as soon as the link is not UP."""
        self.handshake_due = False
        self._compared_s = self.clock.monotonic_s()

    def note_offset(self, offset_ms: int) -> None:
        """The server's clock minus ours."""
        self.offset_ms = offset_ms

    @property
    def comparison_is_old(self) -> bool:
        """The heads have not been compared for 15 minutes."""
        compared_s = self._compared_s
        return compared_s is None or self.clock.monotonic_s() - compared_s > HANDSHAKE_AGE_S

    @property
    def heard_s(self) -> float:
        """Monotonic time of the last answer."""
        return self._heard[0] if self._heard else float("-inf")

    def answer_age_s(self) -> float | None:
        """By whichever clock says older: monotonic time stands still while the machine sleeps, wall time jumps."""
        if self._heard is None:
            return None
        by_monotonic_s = self.clock.monotonic_s() - self._heard[0]
        by_wall_s = (self.clock.wall_ms() - self._heard[1]) / 1_000
        return max(by_monotonic_s, by_wall_s, 0.0)

    # --- what it looks like

    def status(self, server: str, statistics: CallLog) -> ConnectionStatus:
        """The state as operation 917 shows it."""
        offline = self.mode is Mode.OFFLINE_AUTO
        blocked = offline and self.link is Link.REFUSED
        reason = self.link_reason if blocked else self.mode_reason
        since_ms = self.link_since_ms if offline and self.link is Link.DOWN else self.mode_since_ms
        attempt_ms = self._next_attempt_ms() if offline and not blocked else None
        again = self._reachable_again(attempt_ms)
        if reason == sentences.STARTING and again:
            reason = again  # the search is over: it was found in the middle of a sale
        age_s = self.answer_age_s()
        return ConnectionStatus(
            mode=self.mode,
            word=header_word(self.mode, self.link),
            reason="" if self.mode is Mode.ONLINE else reason,
            since_ms=self.mode_since_ms,
            link=self.link,
            link_reason=self.link_reason,
            link_since_ms=self.link_since_ms,
            server=server,
            sentence=sentences.summary(self.mode, self.link, reason, self._time_of_day(since_ms), server),
            next_attempt_ms=attempt_ms,
            reachable_again=again,
            last_success_age_s=None if age_s is None else round(age_s, 3),
            offset_ms=self.offset_ms,
            statistics=statistics.summary(),
        )

    def _next_attempt_ms(self) -> int:
        return self.clock.wall_ms() + round((self.next_attempt_s - self.clock.monotonic_s()) * 1_000)

    def _reachable_again(self, attempt_ms: int | None) -> str:
        if attempt_ms is None or self.link is not Link.UP:
            return ""
        waiting = attempt_ms > self.clock.wall_ms()
        return sentences.reachable_again(self._time_of_day(attempt_ms) if waiting else "")

    def _time_of_day(self, at_ms: int) -> str:
        return sentences.clock_text(at_ms, self.clock.utc_offset_min())
