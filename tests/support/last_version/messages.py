"""The wire between core and screens: one JSON message per line, tagged `t` (docs/core-and-screen.md)."""

from typing import Any

import msgspec

from last_version.intents import Intent, Outcome
from last_version.view import View

PROTOCOL = 1
MESSAGE_LIMIT_BYTES = 65_536


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="hello"):
    """First word of a client; `client` is random per process, `role` is cashier, watch or console."""

    protocol: int = PROTOCOL
    client: str
    role: str
    version: str
    first: int = 1
    """Number of the first intent that is unanswered or still to come; everything below has been acknowledged."""


class IntentMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="intent"):
    """A request; see `store.register.intents.Intent`."""

    intent: Intent


class Seen(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="seen"):
    """The client has taken the view `seq`; gives the core the credit for the next one."""

    seq: int


class Query(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="query"):
    """A question that changes nothing: find, price, connection, journal, operations, status, order."""

    id: int
    kind: str
    text: str = ""


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="command"):
    """A steering command of a console or the command line: connect, disconnect, stop, retry."""

    id: int
    kind: str
    text: str = ""


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="welcome"):
    """The core's answer to hello: `last` is the number of the last intent applied for this client."""

    protocol: int = PROTOCOL
    epoch: str
    last: int
    version: str


class Refuse(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="refuse"):
    """The core will not talk on; `why` is one sentence for a person. `again`: a new hello may help (a gap in `n`)."""

    why: str
    again: bool = False


class ViewMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="view"):
    """The newest view."""

    view: View


class Ack(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="ack"):
    """What became of an intent; follows the commit of its effect."""

    outcome: Outcome


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="answer"):
    """Answer to a query or command; `error` is a sentence or empty."""

    id: int
    data: dict[str, Any] = {}
    error: str = ""


class Bye(msgspec.Struct, frozen=True, kw_only=True, tag_field="t", tag="bye"):
    """The core ends in order. `closed`: a person ended the register, so screens end too; else they wait for it."""

    why: str
    closed: bool = False


ClientMessage = Hello | IntentMessage | Seen | Query | Command
CoreMessage = Welcome | Refuse | ViewMessage | Ack | Answer | Bye
