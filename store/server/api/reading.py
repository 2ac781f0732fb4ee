"""What a request says: its body as a document, its numbers, all within limits."""

from typing import TypeVar

import msgspec

from store.server.api.context import Call
from store.service.errors import ProblemError

Document = TypeVar("Document")


def decode(call: Call, kind: type[Document]) -> Document:
    """The body as a struct; raises ProblemError `bad-request`."""
    try:
        return msgspec.json.decode(call.body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProblemError("bad-request", f"The body cannot be read: {error}.") from error


def whole(call: Call, name: str, default: int) -> int:
    """A query parameter that is a whole number from 0; raises ProblemError `bad-request`."""
    text = call.request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise ProblemError("bad-request", f"{name} is no whole number.")
    return int(text)
