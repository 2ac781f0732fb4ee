"""One operation of headquarters' API, and one request on its way through it."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from store.headquarters.context import Headquarters
from store.service.errors import ProblemError

Result = TypeVar("Result")
Document = TypeVar("Document")


class Sender(Enum):
    """Who may ask."""

    ANYBODY = "anybody"
    OPERATOR = "operator"
    """Whoever may open the operators' socket, or knows the token of `run/hq.json`."""
    SERVER = "server"
    """A Retail Server; the handler proves it by the signature."""


class Parameter(msgspec.Struct, frozen=True):
    """A query parameter; `type` is a type of JSON schema."""

    name: str
    type: str
    help: str
    required: bool = False


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `answers` is the type of a 200 (None: `media` says what it is); `status` where it is another one.

    `streams`: the handler reads the body itself, piece by piece; otherwise it is read first and bounded.
    """

    name: str
    method: str
    path: str
    handler: "Handler"
    sender: Sender
    summary: str
    answers: Any = None
    body: Any = None
    media: str = "application/json"
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[str, ...] = ()
    status: int = 200
    streams: bool = False


class Call:
    """One request: its body is read and its sender admitted. `local`: it came through the operators' socket."""

    def __init__(self, request: web.Request, hq: Headquarters, body: bytes, *, local: bool) -> None:
        self.request = request
        self.hq = hq
        self.body = body
        self.local = local

    async def read(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Read from the database on one snapshot."""
        return await self.hq.channel.read(fn, *args)

    async def work(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Write as one unit, which is finished though the caller goes away."""
        return await self.hq.tasks.finish(self.hq.channel.work(fn, *args))

    def document(self, kind: type[Document]) -> Document:
        """The body as its type; raises ProblemError `bad-request`."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ProblemError("bad-request", f"The body does not fit: {error}.") from error


Handler = Callable[[Call], Awaitable[web.StreamResponse]]
VerbHandler = Callable[[Call, Any], Awaitable[Any]]
"""Gets the call and the verb's arguments; answers what becomes JSON."""


def answer(document: Any, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(body=msgspec.json.encode(document), status=status, content_type="application/json")
