"""What the sync library asks the Retail Server: packages, their bytes, and what became of them (docs/sync.md).

Everything raises GatewayError. Paths and bodies are those of `store/exchange/delivery.py`.
"""

import msgspec

from store.exchange import delivery
from store.gateway.client import RetailClient, Write

ASK_S = 10.0
"""Deadline of a question or report."""
HEADER_S = 60.0
CHUNK_S = 600.0
"""Deadline of one chunk; what has come by then is kept, and the next attempt goes on from there."""


class SyncCalls:
    """The sync library's requests, over the register's one client."""

    def __init__(self, client: RetailClient) -> None:
        self._client = client

    async def downloads(self, after: int, reader: int) -> delivery.Downloads:
        """The packages that lead from package `after` (0: from nothing) to the newest, for a reader of that version."""
        path = f"{delivery.PATH_DOWNLOADS}?after={after}&reader={reader}"
        return await self._client.ask(path, delivery.Downloads, deadline_s=ASK_S)

    async def header(self, package_seq: int, kind: str, begin: int, write: Write) -> None:
        """The signed header of a package in its form (`full` or `delta`), from byte `begin` on."""
        path = f"{delivery.PATH_PACKAGE_HEADER.format(package_seq=package_seq)}?kind={kind}"
        await self._client.fetch(path, begin, write, deadline_s=HEADER_S)

    async def chunk(self, sha256: str, begin: int, write: Write) -> None:
        """One chunk, from byte `begin` on."""
        path = delivery.PATH_CHUNK.format(sha256=sha256)
        await self._client.fetch(path, begin, write, deadline_s=CHUNK_S)

    async def report_sessions(self, reports: tuple[delivery.SessionReport, ...]) -> None:
        """What became of download sessions, oldest first."""
        body = msgspec.json.encode(delivery.SessionReports(reports=reports))
        await self._client.tell(delivery.PATH_DOWNLOAD_REPORTS, body, deadline_s=ASK_S)

    async def report_register(self, report: delivery.RegisterReport) -> None:
        """How this register stands."""
        body = msgspec.json.encode(delivery.RegisterReports(reports=(report,)))
        await self._client.tell(delivery.PATH_REGISTER_REPORTS, body, deadline_s=ASK_S)
