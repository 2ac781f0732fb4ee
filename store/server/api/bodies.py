"""Receives the body of a request: within its size, within its time, large ones only while there is room for them."""

import asyncio
import contextlib
from collections.abc import Iterator

from aiohttp import web

from store.server.api.admission import Admission, Work
from store.service.errors import ProblemError

MAX_BODY_BYTES = 1_048_576
"""A batch of 256 KiB of payloads as JSON with escapes and hashes fits well."""
MAX_LARGE_BODY_BYTES = 4 * MAX_BODY_BYTES
"""A request of 1.5 MiB of payloads does so too."""
BODY_PATIENCE_S = 10.0
"""A body that drips in more slowly than this for each `MAX_BODY_BYTES` is cut off."""


@contextlib.contextmanager
def room_for(request: web.Request, admission: Admission, *, large: bool) -> Iterator[int]:
    """The most bytes that the body may have, to be held until the answer; raises ProblemError `too-large`."""
    size = request.content_length or 0
    if size <= MAX_BODY_BYTES:
        yield MAX_BODY_BYTES
    elif large and size <= MAX_LARGE_BODY_BYTES:
        with admission.room():
            yield size
    else:
        raise ProblemError("too-large")


async def receive(request: web.Request, admission: Admission, most_bytes: int) -> bytes:
    """The whole body; raises ProblemError `too-large`, `busy`, or `bad-request` when it does not come in time."""
    if not request.can_read_body:
        return b""
    content = bytearray()
    async with admission.place(Work.BODY):
        try:
            async with asyncio.timeout(BODY_PATIENCE_S * max(1.0, most_bytes / MAX_BODY_BYTES)):
                async for piece in request.content.iter_any():
                    content += piece
                    if len(content) > most_bytes:
                        raise ProblemError("too-large")
        except TimeoutError as error:
            raise ProblemError("bad-request", "The body did not arrive in time.") from error
    return bytes(content)
