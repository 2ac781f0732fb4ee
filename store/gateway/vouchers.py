"""Vouchers as the till asks for them: the server's word while it can be had; the network never makes it raise."""

from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import quote

import msgspec

from store.exchange.vouchers import PATH_VOUCHER, PATH_VOUCHER_HOLD, UNSENT_LIMIT, HoldRequest, WireVoucher
from store.gateway.asking import Asking, Calls, Connection
from store.gateway.errors import ServerRefused
from store.gateway.ports import Clock
from store.gateway.profile import OfflineProfile

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


class VoucherDirectory:
    """Asks the server within the offline timeout."""

    def __init__(
        self,
        *,
        client: Calls,
        connection: Connection,
        profile: Callable[[], OfflineProfile],
        clock: Clock,
    ) -> None:
        self._client = client
        self._server = Asking(
            connection=connection, profile=profile, clock=clock, what="vouchers", unknown=UNKNOWN_VOUCHER
        )

    async def close(self) -> None:
        """End what goes on in the background."""
        await self._server.close()

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
        self._server.tell(lambda: self.hold(number, txn_id, 0), "a voucher is not taken")

    async def _asked(self, ask: Callable[[float], Awaitable[WireVoucher]]) -> VoucherAnswer | None:
        """The server's word; None when it had none, which has been reported then."""
        answer = await self._server.asked(ask)
        if isinstance(answer, ServerRefused):
            return VoucherAnswer(voucher=None) if answer.kind == UNKNOWN_VOUCHER else None
        return VoucherAnswer(voucher=answer) if answer is not None else None
