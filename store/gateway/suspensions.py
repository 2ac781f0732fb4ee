"""What a register asks the server about suspended sales (`store/exchange/suspensions.py`). All raise GatewayError."""

from collections.abc import Callable, Sequence
from urllib.parse import quote

from store.exchange.suspensions import (
    PATH_CLAIM,
    PATH_SUSPENSIONS,
    PATH_WANTED,
    ClaimAsked,
    WireClaim,
    WireSuspension,
    WireSuspensions,
    WireWanted,
)
from store.gateway.client import RetailClient
from store.gateway.profile import OfflineProfile


class SuspensionCalls:
    """The requests, over the register's one client, each within the profile's offline timeout."""

    def __init__(self, client: RetailClient, profile: Callable[[], OfflineProfile]) -> None:
        self._client = client
        self._profile = profile

    async def listing(self) -> Sequence[WireSuspension]:
        """Suspended sales of the store that nobody has resumed, oldest first."""
        answer = await self._client.ask(PATH_SUSPENSIONS, WireSuspensions, deadline_s=self._deadline_s())
        return answer.sales

    async def wanted(self) -> Sequence[str]:
        """Ids of this register's suspended sales that another one waits for."""
        return (await self._client.ask(PATH_WANTED, WireWanted, deadline_s=self._deadline_s())).ids

    async def claim(self, suspension_id: str) -> WireClaim:
        """Ask for one."""
        path = PATH_CLAIM.format(id=quote(suspension_id, safe=""))
        return await self._client.post(path, ClaimAsked(), WireClaim, deadline_s=self._deadline_s())

    def _deadline_s(self) -> float:
        return self._profile().offline_timeout_s
