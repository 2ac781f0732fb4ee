"""Tells the server how this register stands: unsent records, amount at risk, catalog, mode (docs/sync.md).

After each round, each change of mode once the link is up, and at the ends of a shift; never more often than a bound.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from store.exchange.delivery import RegisterReport
from store.gateway.connection import Connection
from store.gateway.errors import GatewayError
from store.gateway.sync_calls import SyncCalls
from store.register.catalog.version import CatalogVersion
from store.register.journal.errors import JournalError
from store.register.journal.journal import Committed, Journal
from store.register.ports import Clock
from store.register.sync.history import SyncHistory
from store.register.sync.unsent import Unsent, unsent_of

_log = logging.getLogger(__name__)

BLOCKED = "BLOCKED"
BLOCKED_LOOK_S = 2.0
"""How often to look, while the link is down, whether the server only refuses this register."""

LEAST_S = 5.0
"""Shortest time between two reports; what happens meanwhile is in the next one."""
SHIFT_KINDS = frozenset({"shift.open", "shift.close"})


class RegisterReporter:
    """Sends a report whenever something worth it happened; `run` until cancelled."""

    def __init__(
        self,
        *,
        register: str,
        store: str,
        version: str,
        journal: Journal,
        connection: Connection,
        calls: SyncCalls,
        clock: Clock,
        history: SyncHistory,
        catalog: Callable[[], CatalogVersion | None],
        currency: Callable[[], str],
        pending_downloads: Callable[[], int],
        shift_open: Callable[[], bool],
        least_s: float = LEAST_S,
    ) -> None:
        self._register = register
        self._store = store
        self._version = version
        self._journal = journal
        self._connection = connection
        self._calls = calls
        self._clock = clock
        self._history = history
        self._catalog = catalog
        self._currency = currency
        self._pending_downloads = pending_downloads
        self._least_s = least_s
        self._due = asyncio.Event()
        self._word = ""
        self._unsent_told = 0
        self._shift_open = shift_open
        self._unsent: Unsent | None = None
        journal.on_commit(self._committed)

    def wake(self) -> None:
        """A round ended: report."""
        self._due.set()

    def uploads_moved(self) -> None:
        """Records were acknowledged: told when headquarters still believes that some are missing."""
        if self._unsent_told:
            self._due.set()

    def mode_may_have_changed(self) -> None:
        """The connection moved: report when the header's word is another one."""
        if self._connection.status().word != self._word:
            self._due.set()

    async def run(self) -> None:
        """Report, for ever; what the server does not take now goes with the next round."""
        while True:
            await self._due.wait()
            await self._reachable()
            self._due.clear()
            try:
                report = await self.report()
                await self._calls.report_register(report)
                self._word, self._unsent_told = report.mode, report.unsent
            except (GatewayError, JournalError) as error:
                _log.info("register report not delivered", extra={"reason": str(error)})
            await self._clock.sleep(self._least_s)

    async def _reachable(self) -> None:
        """Wait for the link, or for a server that refuses this register: headquarters must hear of that too."""
        while not self._connection.link_is_up and self._connection.status().word != BLOCKED:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BLOCKED_LOOK_S):
                    await self._connection.wait_link_up()

    async def report(self) -> RegisterReport:
        """How the register stands now. Raises JournalError."""
        facts = self._connection.status()
        upload = await self._journal.upload_state()
        counts = await self._journal.counts()
        self._unsent = unsent = await unsent_of(self._journal, upload.acked_seq, self._unsent)
        catalog, memory = self._catalog(), self._history.memory
        last = max(memory.down, memory.up, key=lambda attempt: attempt.at_ms)
        return RegisterReport(
            register=self._register,
            store=self._store,
            series=self._journal.identity.series,
            mode=facts.word,
            since_ms=facts.since_ms,
            reason=facts.reason[:300],
            unsent=counts.pending_records,
            unsent_transactions=counts.pending_transactions,
            oldest_unsent_ms=unsent.oldest_ms,
            amount_at_risk=unsent.amount,
            currency=self._currency(),
            catalog_seq=catalog.package_seq if catalog else 0,
            catalog_created_ms=catalog.created_ms if catalog else 0,
            version=self._version,
            at_ms=self._clock.wall_ms(),
            last_sync_ms=last.at_ms,
            last_sync_result=last.result,
            pending_downloads=self._pending_downloads(),
            shift_open=self._shift_open(),
        )

    def _committed(self, committed: Committed) -> None:
        if committed.payload["kind"] in SHIFT_KINDS:
            self._due.set()
