"""One question to the server while a person waits: within the offline profile's time-out and retries, reported.

Receipts, vouchers, customers and stock ask through it; what they make of an answer, a refusal or silence is theirs.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import msgspec

from store.gateway.errors import GatewayError, ServerBusy, ServerRefused, ServerSilent
from store.gateway.ports import Clock
from store.gateway.profile import OfflineProfile
from store.gateway.states import Mode

log = logging.getLogger("outpost.gateway")
T = TypeVar("T")


class Calls(Protocol):
    """What is asked of the client."""

    async def ask(self, path: str, kind: type[T], *, deadline_s: float) -> T:
        """GET a JSON document. Raises GatewayError."""
        ...

    async def post(
        self, path: str, document: msgspec.Struct, kind: type[T], *, deadline_s: float, signed: bool = True
    ) -> T:
        """POST a JSON document and read the one that comes back. Raises GatewayError."""
        ...


class Connection(Protocol):
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


class Asking:
    """Asks about one kind of thing, `what` in the plural; `unknown` is the refusal that means there is none such."""

    def __init__(
        self,
        *,
        connection: Connection,
        profile: Callable[[], OfflineProfile],
        clock: Clock,
        what: str,
        unknown: str,
    ) -> None:
        self._connection = connection
        self._profile = profile
        self._clock = clock
        self._what = what
        self._unknown = unknown
        self._telling: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """End what goes on in the background."""
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def asked(self, ask: Callable[[float], Awaitable[T]]) -> T | ServerRefused | None:
        """The server's word, or its refusal; None when it had none or is not asked, which has been reported then.

        `ask` is given the seconds that are left.
        """
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
                answer = await ask(left_s)
            except ServerRefused as refusal:
                if refusal.kind != self._unknown:
                    log.warning(
                        "the server told nothing about %s: %s (%s)", self._what, refusal.reason, refusal.kind
                    )
                return refusal
            except GatewayError as failure:
                error = failure
                if isinstance(error, ServerSilent):
                    break
            else:
                self._connection.call_answered(self._clock.monotonic_s() - began_s, online_period=period)
                return answer
        reason = error.reason if error is not None else f"no answer about {self._what} in time"
        self._connection.call_failed(reason, answered=isinstance(error, ServerBusy), online_period=period)
        return None

    def tell(self, say: Callable[[], Awaitable[object]], name: str) -> None:
        """Let the server know beside the till, while it can hear; nobody waits for it."""
        if self._connection.mode is not Mode.ONLINE:
            return

        async def telling() -> None:
            await say()

        task = asyncio.get_running_loop().create_task(telling(), name=name)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
