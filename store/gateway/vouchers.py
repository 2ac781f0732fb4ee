"""Vouchers as the till asks for them: the server's word while it can be had; the network never makes it raise."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar
from urllib.parse import quote

import msgspec

from store.exchange.vouchers import PATH_VOUCHER, PATH_VOUCHER_HOLD, UNSENT_LIMIT, HoldRequest, WireVoucher
from store.gateway.errors import GatewayError, ServerBusy, ServerRefused, ServerSilent
from store.gateway.ports import Clock
from store.gateway.profile import OfflineProfile
from store.gateway.states import Mode

log = logging.getLogger("outpost.gateway")

T = TypeVar("T")
UNKNOWN_VOUCHER = "unknown-voucher"


class VoucherAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the server said of a voucher; without `voucher` it knows none of that number."""

    voucher: WireVoucher | None


class Vouchers(Protocol):
    """The vouchers of the store; None where no server could be asked."""

    async def find(self, number: str, txn_id: str = "") -> VoucherAnswer | None:
        """What is on it."""
        ...

    async def hold(
        self, number: str, txn_id: str, amount: int, unsent: tuple[str, ...] = ()
    ) -> VoucherAnswer | None:
        """Keep up to so much of it for an open sale; asked twice it is the same, for nothing it is let go.

        `unsent` are finished sales of this register that took some of it and are not acknowledged.
        """
        ...

    def release(self, number: str, txn_id: str) -> None:
        """The open sale does not take it after all; what is not heard runs out by itself."""
        ...


class NoVouchers:
    """Nobody to ask."""

    async def find(self, number: str, txn_id: str = "") -> VoucherAnswer | None:
        """Nobody knows."""
        return None

    async def hold(
        self, number: str, txn_id: str, amount: int, unsent: tuple[str, ...] = ()
    ) -> VoucherAnswer | None:
        """Nobody knows."""
        return None

    def release(self, number: str, txn_id: str) -> None:
        """Nobody to tell."""


class VoucherCalls(Protocol):
    """What is asked of the client."""

    async def ask(self, path: str, kind: type[T], *, deadline_s: float) -> T:
        """GET a JSON document. Raises GatewayError."""
        ...

    async def post(
        self, path: str, document: msgspec.Struct, kind: type[T], *, deadline_s: float, signed: bool = True
    ) -> T:
        """POST a JSON document and read the one that comes back. Raises GatewayError."""
        ...


class VoucherConnection(Protocol):
    """What is asked of the supervisor."""

    @property
    def mode(self) -> Mode:
        """Where answers come from now."""
        ...

    @property
    def online_period(self) -> int:
        """Counts the times the register came online."""
        ...

    def call_answered(self, took_s: float, *, online_period: int) -> None:
        """A call was answered after so many seconds."""
        ...

    def call_failed(self, reason: str, *, answered: bool = False, online_period: int | None = None) -> None:
        """A call spent its timeout or retries."""
        ...


class VoucherDirectory:
    """Asks the server within the offline timeout."""

    def __init__(
        self,
        *,
        client: VoucherCalls,
        connection: VoucherConnection,
        profile: Callable[[], OfflineProfile],
        clock: Clock,
    ) -> None:
        self._client = client
        self._connection = connection
        self._profile = profile
        self._clock = clock
        self._telling: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End what goes on in the background."""
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def find(self, number: str, txn_id: str = "") -> VoucherAnswer | None:
        """What is on a voucher, by the server's books."""
        path = PATH_VOUCHER.format(number=number)
        if txn_id:
            path += f"?txn={quote(txn_id, safe='')}"
        return await self._asked(lambda left_s: self._client.ask(path, WireVoucher, deadline_s=left_s))

    async def hold(
        self, number: str, txn_id: str, amount: int, unsent: tuple[str, ...] = ()
    ) -> VoucherAnswer | None:
        """Keep some of a voucher for an open sale."""
        path = PATH_VOUCHER_HOLD.format(number=number)
        request = HoldRequest(txn_id=txn_id, amount=amount, unsent=unsent[-UNSENT_LIMIT:])
        return await self._asked(
            lambda left_s: self._client.post(path, request, WireVoucher, deadline_s=left_s)
        )

    def release(self, number: str, txn_id: str) -> None:
        """Tell the server beside the till that the sale lets go of a voucher."""
        if self._connection.mode is not Mode.ONLINE:
            return

        async def tell() -> None:
            await self.hold(number, txn_id, 0)

        task = asyncio.get_running_loop().create_task(tell(), name="a voucher is not taken")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _asked(self, ask: Callable[[float], Awaitable[WireVoucher]]) -> VoucherAnswer | None:
        """The server's word; None when it had none, which has been reported then."""
        if self._connection.mode is not Mode.ONLINE:
            return None
        profile, period = self._profile(), self._connection.online_period
        began_s = self._clock.monotonic_s()
        error: GatewayError | None = None
        for _attempt in range(1 + profile.retry_count):
            left_s = profile.offline_timeout_s - (self._clock.monotonic_s() - began_s)
            if left_s <= 0:
                break
            try:
                voucher = await ask(left_s)
            except ServerRefused as refusal:
                if refusal.kind == UNKNOWN_VOUCHER:
                    return VoucherAnswer(voucher=None)
                log.warning("the server told nothing about a voucher: %s (%s)", refusal.reason, refusal.kind)
                return None
            except GatewayError as failure:
                error = failure
                if isinstance(error, ServerSilent):
                    break
            else:
                self._connection.call_answered(self._clock.monotonic_s() - began_s, online_period=period)
                return VoucherAnswer(voucher=voucher)
        reason = error.reason if error is not None else "no answer about a voucher in time"
        self._connection.call_failed(reason, answered=isinstance(error, ServerBusy), online_period=period)
        return None
