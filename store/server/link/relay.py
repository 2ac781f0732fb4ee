"""Reports on their way to headquarters: kept until it has them, in the order in which they were heard."""

import logging
from collections.abc import Callable

from store.exchange.delivery import (
    PATH_REGISTER_REPORTS,
    PATH_SESSION_REPORTS,
    RegisterReports,
    SessionReports,
)
from store.server import reports
from store.server.link.client import HeadquartersClient
from store.server.link.errors import HeadquartersRefused
from store.server.reports import Waiting
from store.service.channel import Channel

LOG = logging.getLogger("outpost.server.relay")

MAX_REPORTS = 200
"""At a time."""
IDENTITY_WORDS = frozenset(("bad-signature", "server-pending", "replayed", "protocol"))
"""Refusals of this server itself, not of what it says."""


class Relay:
    """Hands on what registers and this server report."""

    def __init__(self, client: HeadquartersClient, channel: Channel, now_ms: Callable[[], int]) -> None:
        self._client = client
        self._channel = channel
        self._now_ms = now_ms

    async def relay(self) -> None:
        """Everything that waits; raises LinkTrouble and DatabaseTrouble, and what is left comes next time."""
        while waiting := await self._channel.read(reports.waiting_session_reports, MAX_REPORTS):
            await self._relay_sessions(waiting)
        while told := await self._channel.read(reports.waiting_register_reports, MAX_REPORTS):
            await self._client.tell("POST", PATH_REGISTER_REPORTS, RegisterReports(reports=tuple(told)))
            await self._channel.work(reports.note_relayed, told, self._now_ms())

    async def _relay_sessions(self, waiting: list[Waiting]) -> None:
        body = SessionReports(reports=tuple(one.report for one in waiting))
        try:
            await self._client.tell("POST", PATH_SESSION_REPORTS, body)
        except HeadquartersRefused as error:
            if error.word in IDENTITY_WORDS:
                raise
            if len(waiting) > 1:  # one of them is to blame, and the others must not wait for it
                for one in waiting:
                    await self._relay_sessions([one])
                return
            LOG.error(
                "headquarters takes a report in no way; it is dropped",
                extra={"report": str(body.reports[0]), "reason": str(error)},
            )
        await self._channel.work(reports.forget_session_reports, [one.key for one in waiting])
