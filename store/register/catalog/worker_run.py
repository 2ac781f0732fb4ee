"""Runs the catalog worker from the core: starts it, listens to it, and ends it when nobody waits any more."""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from store.register.catalog.apply import Applied
from store.register.catalog.errors import CatalogRefused
from store.register.catalog.worker import Answer, Done, Failed, Order, Progress, error_of

_log = logging.getLogger(__name__)
_ANSWERS: "msgspec.json.Decoder[Answer]" = msgspec.json.Decoder(Progress | Done | Failed)
_LINE_BYTES = 64 * 1024
_MOST_COMPLAINTS_BYTES = 4_096
_COMMAND = ("-P", "-m", "store.register.catalog.worker")

OnProgress = Callable[[int, int], None]
Runner = Callable[[Order, OnProgress], Awaitable[Applied]]


async def run_worker(order: Order, on_progress: OnProgress) -> Applied:
    """Have a process carry out the order. Raises CatalogRefused, also when the process dies.

    Cancelled, it kills the process first: nothing goes on behind the caller's back.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *_COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
        env=_environment(Path(order.target).parent),
    )
    complaints = asyncio.create_task(_complaints(process.stderr), name="catalog worker: complaints")
    try:
        answer = await _converse(process, order, on_progress)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it ended in this very moment
                process.kill()
        # Waited for even when cancelled: a process that is not reaped stays a zombie of the core.
        await asyncio.shield(process.wait())
        said = await asyncio.shield(complaints)
    if isinstance(answer, Done):
        return answer.applied
    if isinstance(answer, Failed):
        raise error_of(answer)
    _log.error("catalog worker died", extra={"returncode": process.returncode, "said": said})
    raise CatalogRefused("The process that makes the catalog died; the old catalog stays, it is tried again.")


async def _converse(
    process: asyncio.subprocess.Process, order: Order, on_progress: OnProgress
) -> Answer | None:
    """The worker's last word, None when it ended without one."""
    assert process.stdin is not None and process.stdout is not None, "both are pipes"
    with contextlib.suppress(ConnectionError):  # it died before it read the order; the end says so
        process.stdin.write(msgspec.json.encode(order))
        await process.stdin.drain()
        process.stdin.close()
    async for line in process.stdout:
        try:
            answer = _ANSWERS.decode(line)
        except msgspec.MsgspecError:
            _log.warning("catalog worker said something unknown", extra={"said": line[:200]})
            continue
        if isinstance(answer, Progress):
            on_progress(answer.done, answer.total)
        else:
            await process.wait()
            return answer
    return None


async def _complaints(stream: asyncio.StreamReader | None) -> str:
    """The end of what the worker wrote to its standard error."""
    assert stream is not None, "it is a pipe"
    said = b""
    while piece := await stream.read(_MOST_COMPLAINTS_BYTES):
        said = (said + piece)[-_MOST_COMPLAINTS_BYTES:]
    return said.decode(errors="replace")


def _environment(folder: Path) -> dict[str, str]:
    # Large sorts go to the disk that holds the catalog, never to a /tmp that lies in memory.
    return {**os.environ, "SQLITE_TMPDIR": str(folder)}
