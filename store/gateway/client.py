"""HTTP to the Retail Server: the only module of the register that knows aiohttp.

Rules: one total deadline per call, never per read; answers of bounded size; success needs the protocol header; every
error leaves as one of `errors.py`; no proxies of the environment, no cookies, no redirects. aiohttp is imported by
`open`, off the event loop, because it costs a tenth of a second on a fast machine and more than one on a slow one.
"""

import asyncio
import contextlib
import importlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast
from urllib.parse import quote

import msgspec

from store.exchange import messages
from store.gateway import answers
from store.gateway.addresses import LastGoodAddresses
from store.gateway.errors import GatewayError, ServerRefused, ServerSilent, ServerUnreachable
from store.gateway.ports import Clock, Randomness, SignRequest, Watcher
from store.gateway.sentences import BY_HAND
from store.gateway.server_address import server_of
from store.gateway.trust import trusting
from store.sale.item import ItemKey

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver

MAX_ANSWER_BYTES = 1_048_576
KEEP_ALIVE_S = 30.0
"""Shorter than the idle time after which routers forget a connection: a forgotten one swallows the next request."""
NEXT_ADDRESS_S = 0.05
"""What a broken address family may cost before the other is tried too; aiohttp's 0.25 s is longer than the hedge."""
UPLOAD_DEADLINE_S = 10.0
PIECE_DEADLINE_S = 30.0
"""Silence after which a download is given up; what came is kept."""
CLOSING = "the register is closing"
PARTIAL = 206
UNQUOTED = ":/?'!()*$,;@~"
"""Characters that aiohttp puts into a query as they are; the signature covers exactly the request line."""

T = TypeVar("T")
Write = Callable[[int, bytes], Awaitable[None]]
"""Takes a piece of a download and where it belongs."""


class RetailClient:
    """Requests to one Retail Server in the name of one series. Calls raise GatewayError, after `close` too.

    Raises ServerAddressError when `address` cannot be used.
    """

    def __init__(
        self,
        *,
        address: str,
        clock: Clock,
        randomness: Randomness,
        series: str = "",
        sign: SignRequest | None = None,
        ca_file: Path | None = None,
        addresses: LastGoodAddresses | None = None,
    ) -> None:
        self._server = server_of(address)
        self._address = address.rstrip("/")
        self._series = series
        self._clock = clock
        self._randomness = randomness
        self._sign = sign
        self._ca_file = ca_file
        self._addresses = addresses if addresses is not None else LastGoodAddresses(clock)
        self._watcher: Watcher | None = None
        self._opened = False
        self._opening = asyncio.Lock()
        self._tls: ssl.SSLContext | None = None
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._in_flight: set[asyncio.Timeout] = set()
        self._endings: set[asyncio.Task[None]] = set()
        self._barred = ""
        """Why no call may pass; empty while calls may."""

    @property
    def server(self) -> str:
        """host:port."""
        return self._server

    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher` of every answer from now on."""
        self._watcher = watcher

    # --- life

    async def open(self) -> None:
        """Import what is slow, off the event loop; the first request does it when nobody did before.

        Raises ServerUnreachable when the certificates to trust cannot be read.
        """
        async with self._opening:
            if self._opened:
                return
            await asyncio.to_thread(importlib.import_module, "aiohttp")
            if self._address.startswith("https"):
                try:
                    self._tls = await asyncio.to_thread(trusting, self._ca_file)
                except OSError as error:  # ssl.SSLError, a file that is no certificate, is one too
                    raise ServerUnreachable(f"the certificate file {self._ca_file} cannot be used") from error
            self._opened = True

    async def close(self) -> None:
        """End calls in flight and close all connections."""
        self._bar(CLOSING)
        await asyncio.gather(*self._endings, return_exceptions=True)
        await self._addresses.close()

    def seal(self) -> None:
        """End calls in flight, close all connections and refuse new calls until `unseal`."""
        if self._barred != CLOSING:
            self._bar(BY_HAND)

    def unseal(self) -> None:
        """Let calls pass again."""
        if self._barred != CLOSING:
            self._barred = ""

    def _bar(self, reason: str) -> None:
        self._barred = reason
        now_s = asyncio.get_running_loop().time()
        for deadline in self._in_flight:
            if not deadline.expired():
                deadline.reschedule(now_s)
        for session in self._sessions.values():
            ending = asyncio.create_task(session.close(), name="client-close")
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
        self._sessions.clear()

    # --- calls

    async def health(self, *, deadline_s: float) -> messages.Health:
        """Whether the server can commit. Unsigned, on the connection of the probes."""
        async with self._answer(
            "GET", messages.PATH_HEALTH, b"", deadline_s, probe=True, signed=False
        ) as answer:
            return await self._read(answer, messages.Health)

    async def head(self, *, deadline_s: float) -> messages.SeriesHead:
        """What the server has of our series. On the connection of the probes."""
        path = messages.PATH_HEAD.format(series=_quoted(self._series))
        async with self._answer("GET", path, b"", deadline_s, probe=True) as answer:
            return await self._read(answer, messages.SeriesHead)

    async def find_item(self, keys: Sequence[ItemKey], *, deadline_s: float) -> messages.WireItem | None:
        """The item for the first key that is on file at the server, None when there is none."""
        query = "&".join("key=" + _quoted(f"{key.kind.value}:{key.value}") for key in keys)
        try:
            async with self._answer("GET", f"{messages.PATH_ITEM}?{query}", b"", deadline_s) as answer:
                return await self._read(answer, messages.WireItem)
        except ServerRefused as error:
            if error.kind == "unknown-item":
                return None
            raise

    async def search(self, text: str, limit: int, *, deadline_s: float) -> messages.WireSearch:
        """Up to `limit` items that contain the text."""
        path = f"{messages.PATH_SEARCH}?text={_quoted(text)}&limit={limit}"
        async with self._answer("GET", path, b"", deadline_s) as answer:
            return await self._read(answer, messages.WireSearch)

    async def upload(
        self, batch: messages.RecordBatch, *, deadline_s: float = UPLOAD_DEADLINE_S
    ) -> messages.BatchAnswer:
        """Send records of a series; the answer is cumulative.

        A batch that is stored only in part (409, 422) is an answer too; refused as a whole it raises ServerRefused.
        """
        path = messages.PATH_RECORDS.format(series=_quoted(batch.series))
        try:
            return await self.post(path, batch, messages.BatchAnswer, deadline_s=deadline_s)
        except ServerRefused as error:
            if (partly := answers.batch_answer_of(error)) is None:
                raise
            return partly

    async def enrol(
        self, request: messages.EnrolmentRequest, *, deadline_s: float = UPLOAD_DEADLINE_S
    ) -> messages.EnrolmentAnswer:
        """Exchange a one-time code for an identity; unsigned, because the request carries its own proof."""
        return await self.post(
            messages.PATH_ENROLMENT, request, messages.EnrolmentAnswer, deadline_s=deadline_s, signed=False
        )

    # --- for `sync_calls`

    async def ask(self, path: str, kind: type[T], *, deadline_s: float) -> T:
        """GET a JSON document."""
        async with self._answer("GET", path, b"", deadline_s) as answer:
            return await self._read(answer, kind)

    async def post(
        self, path: str, document: msgspec.Struct, kind: type[T], *, deadline_s: float, signed: bool = True
    ) -> T:
        """POST a JSON document and read the one that comes back."""
        body = msgspec.json.encode(document)
        async with self._answer("POST", path, body, deadline_s, signed=signed) as answer:
            return await self._read(answer, kind)

    async def tell(self, path: str, body: bytes, *, deadline_s: float) -> None:
        """POST a JSON document; only that the server took it matters."""
        async with self._answer("POST", path, body, deadline_s) as answer:
            await self._read_bounded(answer)

    async def fetch(self, path: str, begin: int, write: Write, *, deadline_s: float) -> None:
        """GET bytes from `begin` on: `write(offset, piece)` for each piece as it comes.

        A server that knows no ranges begins at offset 0 again. Who calls bounds the size by an error in `write`.
        """
        async with self._answer("GET", path, b"", deadline_s, begin=begin) as answer:
            offset = begin if answer.status == PARTIAL else 0
            if answer.status == PARTIAL and not answers.begins_at(answer.headers, begin):
                raise answers.not_ours(self._server)
            while piece := await self._next_piece(answer):
                await write(offset, piece)
                offset += len(piece)

    # --- one request

    @contextlib.asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        body: bytes,
        deadline_s: float,
        *,
        probe: bool = False,
        signed: bool = True,
        begin: int = 0,
    ) -> AsyncIterator["aiohttp.ClientResponse"]:
        """A successful answer, read and left within the deadline; anything else raises GatewayError."""
        async with self._translated(deadline_s):
            session = await self._session(probe=probe)
            headers = self._headers(method, path, body, deadline_s, signed=signed)
            if begin:
                headers["Range"] = f"bytes={begin}-"
            request = session.request(
                method, self._address + path, data=body or None, headers=headers, allow_redirects=False
            )
            async with request as answer:
                if not answers.is_success(answer.status, answer.headers):
                    text = await self._read_bounded(answer)
                    self._raise(answers.error_of(self._server, answer.status, answer.headers, text), signed)
                yield answer
            if self._watcher is not None:
                self._watcher.answered()

    def _raise(self, error: GatewayError, signed: bool) -> NoReturn:
        if isinstance(error, ServerRefused) and self._watcher is not None:
            if signed and error.status in answers.BLOCKING_STATUSES:
                self._watcher.refused(error.kind, error.reason)
            else:
                self._watcher.answered()
        raise error

    def _headers(
        self, method: str, path: str, body: bytes, deadline_s: float, *, signed: bool
    ) -> dict[str, str]:
        headers = {
            messages.PROTOCOL_HEADER: str(messages.PROTOCOL_VERSION),
            messages.BUDGET_HEADER: str(max(round(deadline_s * 1_000), 1)),
            "Accept-Encoding": "identity",
        }
        if body:
            headers["Content-Type"] = "application/json"
        if signed and self._sign is not None:
            nonce = self._randomness.token(16).hex()
            proof = self._sign(
                method=method, path_and_query=path, body=body, time_ms=self._clock.wall_ms(), nonce=nonce
            )
            headers.update(proof)
        return headers

    async def _session(self, *, probe: bool) -> "aiohttp.ClientSession":
        if not self._opened:
            await self.open()
        session = self._sessions.get(probe)
        if session is None:
            session = self._sessions[probe] = self._new_session(limit=2 if probe else 8)
        return session

    def _new_session(self, *, limit: int) -> "aiohttp.ClientSession":
        import aiohttp

        connector = aiohttp.TCPConnector(
            limit=limit,
            keepalive_timeout=KEEP_ALIVE_S,
            use_dns_cache=False,
            resolver=cast("AbstractResolver", self._addresses),
            happy_eyeballs_delay=NEXT_ADDRESS_S,
            ssl=self._tls if self._tls is not None else True,
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("User-Agent", "Accept"),
        )

    async def _read(self, answer: "aiohttp.ClientResponse", kind: type[T]) -> T:
        body = await self._read_bounded(answer)
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.DecodeError as error:
            raise answers.damaged(self._server) from error

    async def _read_bounded(self, answer: "aiohttp.ClientResponse") -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := await answer.content.readany():
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER_BYTES:
                raise answers.not_ours(self._server)
        return b"".join(chunks)

    async def _next_piece(self, answer: "aiohttp.ClientResponse") -> bytes:
        try:
            async with asyncio.timeout(PIECE_DEADLINE_S):
                return await answer.content.readany()
        except TimeoutError as error:
            raise ServerSilent(f"{self._server} stopped sending") from error

    @contextlib.asynccontextmanager
    async def _translated(self, deadline_s: float) -> AsyncIterator[None]:
        """The one place where errors of the network become ours, and where a call ends: by deadline or bar."""
        if self._barred:
            raise ServerUnreachable(self._barred)
        deadline = asyncio.timeout(deadline_s)
        try:
            async with deadline:
                self._in_flight.add(deadline)
                try:
                    yield
                finally:
                    self._in_flight.discard(deadline)
        except GatewayError:
            raise
        except Exception as error:  # aiohttp has no names before it is imported; what is not its own goes on
            translation = self._translation(error, deadline_s if deadline.expired() else None)
            if translation is None:
                raise
            raise translation from error

    def _translation(self, error: Exception, spent_s: float | None) -> GatewayError | None:
        """`spent_s` is the deadline when it has expired."""
        if self._barred:
            return ServerUnreachable(self._barred)
        if spent_s is not None and isinstance(error, TimeoutError):
            return ServerSilent(f"no answer from {self._server} within {spent_s:g} s")
        translation = _translation(self._server, error)
        if isinstance(translation, ServerRefused) and self._watcher is not None:
            self._watcher.refused(translation.kind, translation.reason)
        return translation


def _translation(server: str, error: Exception) -> GatewayError | None:
    """What an error of the network means; None for what is no error of the network."""
    import aiohttp

    match error:
        case aiohttp.ClientConnectorCertificateError():
            return ServerRefused(
                f"{server} shows a certificate that this register does not trust", 0, "certificate"
            )
        case aiohttp.ClientConnectorDNSError():
            return ServerUnreachable(f"the name {server.rsplit(':', 1)[0]} was not found")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return ServerUnreachable(f"no secure connection to {server}")
        case aiohttp.ServerDisconnectedError():
            return ServerUnreachable(f"{server} closed the connection without an answer")
        case aiohttp.ClientPayloadError():
            return ServerUnreachable(f"the answer of {server} broke off")
        case aiohttp.ClientResponseError():
            return answers.not_ours(server)
        case OSError():
            return ServerUnreachable(answers.os_reason(server, error))
        case aiohttp.ClientError():
            return ServerUnreachable(f"the connection to {server} failed")
        case _:
            return None


def _quoted(text: str) -> str:
    return quote(text, safe=UNQUOTED)
