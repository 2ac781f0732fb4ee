"""Fetches the server's current data package when it is newer than ours, and makes it ready."""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Callable
from typing import Protocol

from store.exchange.messages import PackageInfo
from store.gateway.connection import Connection
from store.gateway.errors import GatewayError, ServerUnreachable
from store.register.catalog.keeper import CatalogKeeper, CatalogRefused
from store.register.ports import Clock, Randomness
from store.register.sync.upload_states import backoff_limit_s

_log = logging.getLogger(__name__)

INFO_S = 10.0
"""Deadline of the question what the current package is."""
FETCH_S = 300.0
"""Deadline of the whole download."""
YIELD_S = 0.2
_MOST_PAUSE_S = 300.0


class PackageCalls(Protocol):
    """What the downloader asks of the gateway's client; raises GatewayError."""

    async def package_info(self, *, deadline_s: float) -> PackageInfo:
        """Facts about the server's current package."""
        ...

    async def package(self, *, deadline_s: float) -> bytes:
        """That package as one file."""
        ...


class CatalogDownloader:
    """Asks at an interval, while the link is up and nobody is paying; `run` until cancelled."""

    def __init__(
        self,
        *,
        keeper: CatalogKeeper,
        client: PackageCalls,
        connection: Connection,
        root_key: bytes,
        clock: Clock,
        randomness: Randomness,
        interval_s: float,
        paying: Callable[[], bool],
        on_change: Callable[[], None],
    ) -> None:
        self._keeper = keeper
        self._client = client
        self._connection = connection
        self._root_key = root_key
        self._clock = clock
        self._randomness = randomness
        self._interval_s = interval_s
        self._paying = paying
        self._on_change = on_change
        self._news = asyncio.Event()
        self._attempts = 0
        self.pending = 0
        """Packages known to be newer that are not ready yet."""
        self.last_result = ""
        """`ok`, or a reason without a final stop; empty before the first round."""
        self.last_at_ms = 0

    def wake(self) -> None:
        """Look again now."""
        self._news.set()

    async def run(self) -> None:
        """Look, fetch, apply, wait; for ever."""
        while True:
            await self._connection.wait_link_up()
            await self.look()
            await self._pause()

    async def look(self) -> bool:
        """One round; True when a new catalog became ready."""
        try:
            info = await self._client.package_info(deadline_s=INFO_S)
            if not self._keeper.wants(info.package_seq):
                self._settle("ok", pending=0)
                return False
            self._settle(self.last_result, pending=1)
            await self._fetch(info)
        except ServerUnreachable as error:
            self._connection.sync_failed(error.reason)
            return self._failed(error.reason)
        except GatewayError as error:
            return self._failed(error.reason)
        except CatalogRefused as error:
            return self._failed(error.sentence.rstrip("."))
        self._attempts = 0
        self._settle("ok", pending=0)
        return True

    async def _fetch(self, info: PackageInfo) -> None:
        while self._paying():
            await self._clock.sleep(YIELD_S)
        package = await self._client.package(deadline_s=FETCH_S)
        digest = await asyncio.to_thread(lambda: hashlib.sha256(package).hexdigest())
        if (len(package), digest) != (info.size, info.sha256):
            raise CatalogRefused("The package was damaged on the way.")
        await self._keeper.apply_file(package, self._root_key)

    def _failed(self, reason: str) -> bool:
        self._attempts += 1
        _log.info("catalog not fetched", extra={"reason": reason, "attempts": self._attempts})
        self._settle(reason, pending=self.pending)
        return False

    def _settle(self, result: str, pending: int) -> None:
        changed = (result, pending) != (self.last_result, self.pending)
        self.last_result, self.pending, self.last_at_ms = result, pending, self._clock.wall_ms()
        if changed:
            self._on_change()

    async def _pause(self) -> None:
        seconds = self._interval_s
        if self._attempts:
            # Full jitter keeps a thousand registers from asking again at the same moment.
            seconds = self._randomness.uniform(0.0, backoff_limit_s(self._attempts, most_s=_MOST_PAUSE_S))
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.05)):
                await self._news.wait()
