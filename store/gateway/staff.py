"""Who an operator is: the server is asked first, so that what headquarters changed holds at once; else the catalog.

The server's word is final while it can be had: an operator it does not know is nobody, whatever an older catalog says.
The PIN never travels; what comes back is the verifier, and the register compares (docs/sign-on.md).
"""

import logging
from collections.abc import Callable
from typing import Protocol, TypeVar
from urllib.parse import quote

import msgspec

from store.exchange.badges import PATH_BADGE, WireBadge
from store.exchange.delivery import PATH_STAFF, WireStaff
from store.gateway.errors import GatewayError, ServerBusy, ServerRefused, ServerSilent
from store.gateway.gateway import Source
from store.gateway.offline import StaffMember
from store.gateway.ports import Clock
from store.gateway.profile import OfflineProfile, sign_in_s
from store.gateway.states import Link, Mode
from store.sale.detail import NO_STAFF_DETAIL, read_detail

log = logging.getLogger("outpost.gateway")

T = TypeVar("T")
UNKNOWN_OPERATOR = "unknown-operator"


class StaffAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The operator of a number, None when there is none. `known` is false when nobody could say: neither server nor
    catalog was there."""

    member: StaffMember | None
    source: Source
    known: bool = True


class StaffCalls(Protocol):
    """What is asked of the client."""

    async def ask(self, path: str, kind: type[T], *, deadline_s: float) -> T:
        """GET a JSON document. Raises GatewayError."""
        ...


class StaffConnection(Protocol):
    """What is asked of the supervisor."""

    @property
    def mode(self) -> Mode:
        """Where answers come from now."""
        ...

    @property
    def link(self) -> Link:
        """Whether the server can be reached."""
        ...

    @property
    def online_period(self) -> int:
        """Counts the times the register came online."""
        ...

    async def started(self) -> None:
        """Return when the starting probe has ended."""
        ...

    def call_answered(self, took_s: float, *, online_period: int) -> None:
        """A call was answered after so many seconds."""
        ...

    def call_failed(self, reason: str, *, answered: bool = False, online_period: int | None = None) -> None:
        """A call spent its timeout or retries."""
        ...


class StaffDirectory:
    """Asks the server within the profile's time, then `local`, which knows nobody while `has_catalog` is false.

    `local_badge` says whose badge has a hash by the catalog, empty for nobody's.
    """

    def __init__(
        self,
        *,
        client: StaffCalls,
        connection: StaffConnection,
        local: Callable[[str], StaffMember | None],
        has_catalog: Callable[[], bool],
        profile: Callable[[], OfflineProfile],
        clock: Clock,
        local_badge: Callable[[str], str] = lambda hashed: "",
    ) -> None:
        self._local_badge = local_badge
        self._client = client
        self._connection = connection
        self._local = local
        self._has_catalog = has_catalog
        self._profile = profile
        self._clock = clock

    async def find(self, number: str) -> StaffAnswer:
        """The operator; never raises for the network. Waits for the starting probe, then for the time of a sign-in."""
        await self._connection.started()
        online = self._connection.mode is Mode.ONLINE
        # Before the first data there is nothing to fall back on, and no sale that could bring the register online.
        unprovided = not self._has_catalog() and self._connection.link in (Link.UP, Link.DOWN)
        if online or unprovided:
            answer = await self._asked(number)
            if answer is not None:
                return answer
        return StaffAnswer(member=self._local(number), source=Source.OFFLINE, known=self._has_catalog())

    async def badge_holder(self, hashed: str) -> str | None:
        """The number of the person whose badge has that hash: empty when it was taken away, None when nothing is known.

        The server is asked while online; else, and where no register has said anything of it, the catalog.
        """
        if self._connection.mode is Mode.ONLINE:
            path = PATH_BADGE.format(hash=hashed)
            try:
                wire = await self._client.ask(path, WireBadge, deadline_s=sign_in_s(self._profile()))
            except GatewayError as error:
                log.info("whose badge it is could not be asked: %s", error.reason)
            else:
                if wire.known:
                    return wire.number
        return self._local_badge(hashed) or None

    async def _asked(self, number: str) -> StaffAnswer | None:
        """The server's word; None when it had none, which has been reported then."""
        profile, period = self._profile(), self._connection.online_period
        patience_s, began_s = sign_in_s(profile), self._clock.monotonic_s()
        error: GatewayError | None = None
        for _attempt in range(1 + profile.retry_count):
            left_s = patience_s - (self._clock.monotonic_s() - began_s)
            if left_s <= 0:
                break
            try:
                wire = await self._client.ask(_path(number), WireStaff, deadline_s=left_s)
            except ServerRefused as refusal:
                return self._refused(refusal)
            except GatewayError as failure:
                error = failure
                if isinstance(error, ServerSilent):
                    break
            else:
                self._connection.call_answered(self._clock.monotonic_s() - began_s, online_period=period)
                return StaffAnswer(member=_member(wire), source=Source.ONLINE)
        reason = error.reason if error is not None else "no answer in the time of a sign-in"
        self._connection.call_failed(reason, answered=isinstance(error, ServerBusy), online_period=period)
        return None

    def _refused(self, refusal: ServerRefused) -> StaffAnswer | None:
        """The link is fine. A server of the last version has no staff to tell of, so the catalog is asked."""
        if refusal.kind == UNKNOWN_OPERATOR:
            return StaffAnswer(member=None, source=Source.ONLINE)
        log.warning("the server told nothing about an operator: %s (%s)", refusal.reason, refusal.kind)
        return None


def _path(number: str) -> str:
    return PATH_STAFF.format(number=quote(number, safe=""))


def _member(wire: WireStaff) -> StaffMember:
    return StaffMember(
        number=wire.number,
        name=wire.name,
        role=wire.role,
        salt=wire.salt,
        hash=wire.hash,
        permissions=wire.permissions,
        detail=read_detail(wire.detail, NO_STAFF_DETAIL),
    )
