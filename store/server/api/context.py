"""What every handler has at hand, and one request on its way through the server."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from store.ledger.examiners import Examiners
from store.ledger.intake import Intake
from store.ledger.posting import Poster
from store.ledger.series import Series, find_series
from store.server.api.admission import Admission
from store.server.api.authentication import Gatekeeper, check_claim, read_claim
from store.server.api.health import Pulse
from store.server.api.metrics import Metrics
from store.server.certificate import ServerCertificate
from store.server.config import ServerConfig, packages_folder
from store.server.directory import SENTENCES
from store.server.link.link import Link
from store.server.secrets import ServerSecrets
from store.server.shelf import Shelf
from store.service.channel import Channel
from store.service.errors import ProblemError
from store.service.tasks import ServiceTasks

Result = TypeVar("Result")


def wall_ms() -> int:
    """The server's clock: milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


class ServerContext:
    """Everything one running server consists of."""

    def __init__(
        self,
        *,
        config: ServerConfig,
        channel: Channel,
        secrets: ServerSecrets,
        poster: Poster,
        examiners: Examiners,
        metrics: Metrics,
        tasks: ServiceTasks,
        operator_token: str,
        now_ms: Callable[[], int] = wall_ms,
        link: Link | None = None,
        shelf: Shelf | None = None,
        certificate: ServerCertificate | None = None,
    ) -> None:
        self.config = config
        self.channel = channel
        self.secrets = secrets
        self.poster = poster
        self.metrics = metrics
        self.tasks = tasks
        self.operator_token = operator_token
        self.now_ms = now_ms
        self.admission = Admission()
        self.gatekeeper = Gatekeeper()
        self.pulse = Pulse(channel, tasks)
        self.shelf = shelf or Shelf(packages_folder(config.home))
        self.certificate = certificate
        """What is shown to registers; None for plain HTTP."""
        self.link = link
        """None for a server without headquarters."""
        self.news = link.news if link is not None else asyncio.Event()
        """Set when something was stored that headquarters should have."""
        self.intake = Intake(examiners, now_ms, self._stored)

    def _stored(self) -> None:
        self.poster.wake()
        self.news.set()

    def device_state(self, register: str) -> str:
        """The state in which headquarters has withdrawn a register's device; empty while it works."""
        return "" if self.link is None else self.link.withdrawn.get(register, "")


CONTEXT = web.AppKey("context", ServerContext)


class Call:
    """One request: its body is read, its sender is proved, its budget runs."""

    def __init__(self, request: web.Request, context: ServerContext, deadline: float | None) -> None:
        self.request = request
        self.context = context
        self.body = b""
        self._deadline = deadline
        self._series: Series | None = None

    @property
    def series(self) -> Series:
        """The series whose register signed the request; only on routes that ask for a register."""
        if self._series is None:
            raise LookupError("This route does not ask for a register's signature.")
        return self._series

    @property
    def is_signed(self) -> bool:
        """Whether a register sent it."""
        return self._series is not None

    def signed_by(self, series: Series, *, delivers: bool = False) -> None:
        """Note the proved sender; raises ProblemError `device-disabled`, but what was sold is taken all the same."""
        state = self.context.device_state(series.register)
        if state and not delivers:
            raise ProblemError("device-disabled", SENTENCES[state])
        self._series = series

    async def read_as_register(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Prove the sender and answer `fn(db, store, *args)` in one trip to the database, which a cashier waits for.

        Raises ProblemError `bad-signature`, `fenced` or `replayed`; what was read is thrown away then.
        """
        return await self._prove_and_read(self.context.channel.read, fn, args)

    async def read_point_as_register(self, fn: Callable[..., Result], *args: Any) -> Result:
        """`read_as_register` for a few rows by their key, on the event loop (`Channel.read_point`)."""
        return await self._prove_and_read(self.context.channel.read_point, fn, args)

    async def _prove_and_read(
        self, read: Callable[..., Awaitable[Any]], fn: Callable[..., Result], args: tuple[Any, ...]
    ) -> Result:
        claim = read_claim(self.request)

        def unit(db: Any) -> tuple[Series, Result]:
            self.check_budget()
            proved = check_claim(self.request, self.body, claim, find_series(db, claim.series))
            return proved, fn(db, proved.store, *args)

        series, result = await read(unit)
        self.signed_by(series)
        self.context.gatekeeper.check_nonce(claim, self.context.now_ms(), delivers=False)
        return result  # type: ignore[no-any-return]

    def check_budget(self) -> None:
        """Raise ProblemError `expired` when the caller has stopped waiting by now."""
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise ProblemError(
                "expired", "The request waited longer than its budget.", headers={"Retry-After": "1"}
            )

    async def read(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Read from the channel database, unless the caller stops waiting before it is our turn."""

        def unit(db: Any, *inner: Any) -> Result:
            self.check_budget()
            return fn(db, *inner)

        return await self.context.channel.read(unit, *args)

    async def work(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Write as one unit, unless the caller stops waiting before it is our turn; once begun it is finished."""

        def unit(db: Any, *inner: Any) -> Result:
            self.check_budget()
            return fn(db, *inner)

        return await self.context.tasks.finish(self.context.channel.work(unit, *args))


def answer(document: msgspec.Struct | dict[str, Any] | list[Any], status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(body=msgspec.json.encode(document), status=status, content_type="application/json")
