"""HTTP from the Retail Server to headquarters: every request signed, every wait bounded, every error one of `errors`.

A long download has no total deadline (a slow line must be able to finish it) but a deadline per read; all other calls
have a total one.
"""

import asyncio
import secrets
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from yarl import URL

from store.exchange.delivery import SERVER_HEADER, server_series
from store.exchange.messages import Problem
from store.exchange.request import sign_request
from store.server.link.errors import HeadquartersAway, HeadquartersRefused

CALL_S = 20.0
"""Total deadline of a call that does not wait on purpose."""
READ_S = 30.0
"""A download that brings nothing for so long has ended."""
CONNECT_S = 10.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""A feed names every register and package of a server's stores, so it may be large; more is no answer of ours."""
_READ_BYTES = 65_536

Answer = TypeVar("Answer")


class HeadquartersClient:
    """Calls to one headquarters in the name of one server. Calls raise HeadquartersAway and HeadquartersRefused."""

    def __init__(
        self,
        address: str,
        name: str,
        key: Ed25519PrivateKey,
        now_ms: Callable[[], int],
        *,
        ca_file: Path | None = None,
    ) -> None:
        self._address = address.rstrip("/")
        self._name = name
        self._key = key
        self._now_ms = now_ms
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def ask(
        self,
        method: str,
        path: str,
        kind: type[Answer],
        *,
        body: msgspec.Struct | None = None,
        deadline_s: float = CALL_S,
    ) -> Answer:
        """One call whose answer is a document of `kind`; unknown fields of it are ignored."""
        content = b"" if body is None else msgspec.json.encode(body)
        async with self._request(method, path, content, {}, aiohttp.ClientTimeout(deadline_s)) as response:
            answered = await _bounded(response)
        try:
            return msgspec.json.decode(answered, type=kind)
        except msgspec.DecodeError as error:
            raise HeadquartersAway(
                f"{self._address} answers, but not as headquarters of this version"
            ) from error

    async def tell(self, method: str, path: str, body: msgspec.Struct, *, deadline_s: float = CALL_S) -> None:
        """One call whose answer says nothing but that it was taken."""
        content = msgspec.json.encode(body)
        async with self._request(method, path, content, {}, aiohttp.ClientTimeout(deadline_s)) as response:
            await _bounded(response)

    async def stream(self, path: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """The bytes of a chunk or header from `offset` on; ends when all came, raises when the line breaks."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=READ_S)
        async with self._request("GET", path, b"", headers, timeout) as response:
            skip = 0 if response.status == 206 else offset
            while part := await response.content.read(_READ_BYTES):
                if skip:  # headquarters (or what stands for it) knows no ranges and sends everything again
                    dropped = min(skip, len(part))
                    skip, part = skip - dropped, part[dropped:]
                if part:
                    yield part

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, content: bytes, headers: dict[str, str], timeout: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        session = await self._open()
        signed = sign_request(
            self._key,
            method=method,
            path_and_query=path,
            body=content,
            register=self._name,
            series=server_series(self._name),
            time_ms=self._now_ms(),
            nonce=secrets.token_hex(12),
        )
        if content:
            headers = headers | {"Content-Type": "application/json"}
        try:
            async with session.request(
                method,
                URL(self._address + path, encoded=True),
                data=content or None,
                headers=signed | {SERVER_HEADER: self._name} | headers,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                if response.status not in (200, 202, 206):
                    raise _refusal(self._address, response, await _bounded(response))
                yield response
        except TimeoutError as error:
            raise HeadquartersAway(f"{self._address} does not answer in time") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise HeadquartersAway(
                f"{self._address} shows a certificate that this server does not trust"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise HeadquartersAway(f"{self._address} cannot be reached ({_why(error)})") from error

    async def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            context: Any = True
            if self._ca_file is not None:
                try:
                    context = await asyncio.to_thread(ssl.create_default_context, cafile=str(self._ca_file))
                except OSError as error:  # ssl.SSLError, a file that is no certificate, is one too
                    raise HeadquartersAway(f"the certificate file {self._ca_file} cannot be used") from error
            connector = aiohttp.TCPConnector(ssl=context, limit=8)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._session


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    while part := await response.content.read(_READ_BYTES):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise HeadquartersAway("the answer of headquarters is larger than any may be")
    return b"".join(parts)


def _refusal(
    address: str, response: aiohttp.ClientResponse, body: bytes
) -> HeadquartersAway | HeadquartersRefused:
    status = response.status
    if status >= 500 or status == 429:
        wait = response.headers.get("Retry-After", "")
        seconds = float(wait) if wait.isascii() and wait.isdigit() and len(wait) < 6 else None
        return HeadquartersAway(f"{address} is busy (error {status})", seconds)
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except msgspec.DecodeError:
        return HeadquartersAway(f"{address} answers, but not as headquarters (error {status})")
    reason = (problem.detail or problem.title).strip().rstrip(".")
    return HeadquartersRefused(problem.type.rpartition("/")[2], status, reason, body)


def _why(error: Exception) -> str:
    reason = getattr(error, "os_error", None) or error
    text = getattr(reason, "strerror", None) or str(reason)
    return str(text).splitlines()[0] if text else type(error).__name__
