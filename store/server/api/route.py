"""One operation of the server's interface: what it answers, to whom, and how it is described."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any

import msgspec
from aiohttp import web

from store.server.api.admission import Work
from store.server.api.context import Call

Handler = Callable[[Call], Awaitable[web.StreamResponse]]


class Sender(Enum):
    """Who may ask."""

    ANYBODY = "anybody"
    REGISTER = "register"
    """A register, by its signature over the request."""
    OPERATOR = "operator"
    """Who may read `run/server.json`, by its token; or a register of the store."""


class Parameter(msgspec.Struct, frozen=True):
    """A query parameter."""

    name: str
    type: str
    help: str
    required: bool = False
    many: bool = False


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `answers` is the type of a 200 (None: not JSON, `media` says what).

    `proves_sender`: the handler proves the register in the trip to the database that answers
    (`Call.read_as_register`), because a cashier waits for every trip.
    """

    name: str
    method: str
    path: str
    handler: Handler
    sender: Sender
    work: Work
    proves_sender: bool = False
    large: bool = False
    """A body may be as large as `MAX_LARGE_BODY_BYTES`, while there is room for it."""
    summary: str
    answers: Any = None
    body: Any = None
    media: str = "application/json"
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[str, ...] = ()
