"""Removes records that are past their time while nobody is selling, a few at a time."""

import logging
from collections.abc import Callable
from typing import Protocol

from store.register.journal.errors import JournalError
from store.register.journal.pruning import Pruned, cutoff_ms
from store.register.ports import Clock

_log = logging.getLogger(__name__)

FIRST_LOOK_S, LOOK_EVERY_S = 60.0, 3_600.0
QUIET_S = 10.0
"""Nothing was written for so long: nobody is at the till."""
REST_S = 0.25
"""Between two units, so that whoever comes now finds the writer free."""


class PrunedJournal(Protocol):
    """What of the journal is used; `prune` raises JournalError."""

    @property
    def idle_s(self) -> float:
        """Seconds since the last write."""
        ...

    async def prune(self, before_ms: int) -> Pruned:
        """Remove some of the records that are older than this and that headquarters has."""
        ...


class Retention:
    """`days` says how long records are kept (0: for ever), `occupied` whether somebody is selling."""

    def __init__(
        self, journal: PrunedJournal, clock: Clock, *, days: Callable[[], int], occupied: Callable[[], bool]
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._days = days
        self._occupied = occupied

    async def run(self) -> None:
        """Look every hour, for ever."""
        await self._clock.sleep(FIRST_LOOK_S)
        while True:
            try:
                await self.round()
            except JournalError as error:  # the next commit finds out what it means
                _log.warning("records could not be removed", extra={"reason": error.sentence})
            await self._clock.sleep(LOOK_EVERY_S)

    async def round(self) -> int:
        """Remove whatever may go by now and answer how many records it was; raises JournalError."""
        before_ms, removed = cutoff_ms(self._clock.wall_ms(), self._days()), 0
        while before_ms > 0:
            while self._occupied() or self._journal.idle_s < QUIET_S:
                await self._clock.sleep(QUIET_S)
            pruned = await self._journal.prune(before_ms)
            if not pruned.records:
                break
            removed += pruned.records
            await self._clock.sleep(REST_S)
        if removed:
            _log.info("old records that headquarters has were removed", extra={"records": removed})
        return removed
