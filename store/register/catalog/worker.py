"""The process that makes a catalog: `python -m store.register.catalog.worker`, one order on its standard input.

A million rows take many seconds of processor and must cost the till nothing, so this runs beside the core with low
priority. It answers in lines of JSON: `Progress` now and then, at the end one `Done` or `Failed`. It may be killed
at any moment; the file it works on bears no final name, and the catalogs that are in use are only ever read.
"""

import os
import sys
from pathlib import Path

import msgspec

from store.database.chunks import ChunkFolder
from store.exchange.package_header import ChunkEntry, PackageError, PackageHeader, check_header, read_header
from store.register.catalog.apply import Applied, apply_chain
from store.register.catalog.errors import CatalogRefused, ChunkNeeded, RolledBack, WrongBase

NICENESS = 10


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to make: paths as text, `base` and its digest empty for none, headers as they came, the root key in hex."""

    headers: tuple[str, ...]
    root_key: str
    chunks: str
    base: str
    base_sha256: str
    target: str
    support_offline: bool
    applied_ms: int


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """Rows done of the package being applied."""

    done: int
    total: int


class Done(msgspec.Struct, frozen=True, kw_only=True, tag="done"):
    """The file is complete and synced under the name of the order."""

    applied: Applied


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """It was not made; `kind` is the name of the error, `sha256` the chunk that is needed."""

    kind: str
    sentence: str
    sha256: str = ""


Answer = Progress | Done | Failed
_ERRORS: dict[str, type[CatalogRefused]] = {
    kind.__name__: kind for kind in (CatalogRefused, WrongBase, RolledBack)
}


def error_of(failed: Failed) -> CatalogRefused:
    """The error that the worker met."""
    if failed.kind == ChunkNeeded.__name__:
        return ChunkNeeded(failed.sentence, failed.sha256)
    return _ERRORS.get(failed.kind, CatalogRefused)(failed.sentence)


def carry_out(order: Order, progress: "Say") -> Applied:
    """Make the catalog here and now; raises CatalogRefused."""
    folder = ChunkFolder(Path(order.chunks))

    def fetch(entry: ChunkEntry) -> bytes:
        return folder.read(entry.sha256, entry.stored_size)

    return apply_chain(
        [proved(text.encode(), bytes.fromhex(order.root_key)) for text in order.headers],
        fetch,
        Path(order.target),
        base=Path(order.base) if order.base else None,
        base_sha256=order.base_sha256,
        support_offline=order.support_offline,
        applied_ms=order.applied_ms,
        progress=lambda done, total: progress(Progress(done=done, total=total)),
    )


def proved(data: bytes, root_key: bytes) -> PackageHeader:
    """A header that the root key vouches for; raises CatalogRefused."""
    try:
        header = read_header(data)
        check_header(header, root_key)
    except PackageError as error:
        raise CatalogRefused(f"The data package was not used: {error}") from error
    return header


class Say:
    """Says answers to whoever started the process; when nobody listens any more, the process ends."""

    def __call__(self, answer: Answer) -> None:
        """One line."""
        # Past Python's own buffer: what could not be written would be tried again at exit, and change the exit code.
        os.write(sys.stdout.fileno(), msgspec.json.encode(answer) + b"\n")


def main() -> int:
    """Carry out the order that standard input holds."""
    os.nice(NICENESS)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    say = Say()
    try:
        say(Done(applied=carry_out(order, say)))
    except CatalogRefused as error:
        sha256 = error.sha256 if isinstance(error, ChunkNeeded) else ""
        say(Failed(kind=type(error).__name__, sentence=error.sentence, sha256=sha256))
    except BrokenPipeError:
        # The core is gone; the unfinished file goes when the next one looks for catalogs.
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
