"""Headers and chunks from headquarters into this server's folder, going on at any byte.

What has come of a chunk stays in its `.part` file, whatever ends the attempt. A chunk that turns out wrong is fetched
once more from its first byte; wrong again, the download has failed.
"""

import asyncio
import hashlib
from contextlib import aclosing

from store.database.chunks import ChunkFolder, ChunkRefused, PartialChunk
from store.exchange.delivery import PATH_CHUNK, PATH_PACKAGE_HEADER
from store.exchange.package_header import (
    MAX_HEADER_BYTES,
    ChunkEntry,
    PackageError,
    PackageHeader,
    check_header,
    chunks_of,
    read_header,
)
from store.server.chain import Form
from store.server.link.client import HeadquartersClient
from store.server.link.errors import HeadquartersAway

ATTEMPTS = 2
"""Of one chunk or header whose bytes are wrong."""


class DownloadFailed(Exception):
    """What headquarters sends is not what it announced; the message is a sentence."""


async def fetch_header(client: HeadquartersClient, form: Form) -> bytes:
    """The exact bytes of a form's header; raises DownloadFailed, LinkTrouble. Proves the digest only."""
    for _ in range(ATTEMPTS):
        data = bytearray()
        path = f"{PATH_PACKAGE_HEADER.format(package_seq=form.package_seq)}?kind={form.kind}"
        async with aclosing(client.stream(path)) as parts:
            async for part in parts:
                data += part
                if len(data) > MAX_HEADER_BYTES:
                    break
        if hashlib.sha256(data).hexdigest() == form.header_sha256:
            return bytes(data)
    raise DownloadFailed(f"The header of package {form.package_seq} is not the one that was announced.")


def proved_header(form: Form, data: bytes, root_key: str) -> PackageHeader:
    """The header of these bytes, proved and really of this form; raises DownloadFailed."""
    try:
        header = read_header(data)
        check_header(header, bytes.fromhex(root_key))
    except (PackageError, ValueError) as error:
        raise DownloadFailed(str(error)) from error
    manifest = header.manifest
    named = (manifest.package_seq, manifest.kind, manifest.base_seq)
    theirs = (manifest.data_group or form.data_group, manifest.store or form.store)
    if named != (form.package_seq, form.kind, form.base_seq) or theirs != (form.data_group, form.store):
        raise DownloadFailed(f"Package {form.package_seq} turns out to be another one than was announced.")
    return header


async def fetch_chunks(client: HeadquartersClient, folder: ChunkFolder, header: PackageHeader) -> int:
    """Fetch every chunk that is missing; answers the bytes that came. Raises DownloadFailed, LinkTrouble, OSError."""
    fetched = 0
    for entry in chunks_of(header.manifest).values():
        if not await asyncio.to_thread(folder.has, entry.sha256, entry.stored_size):
            fetched += await _fetch_chunk(client, folder, entry)
    return fetched


async def _fetch_chunk(client: HeadquartersClient, folder: ChunkFolder, entry: ChunkEntry) -> int:
    came = 0
    for _ in range(ATTEMPTS):
        # Opened here and not in another thread: who is cancelled meanwhile would leave it open.
        partial = folder.partial(entry.sha256, entry.stored_size)
        try:
            came += await _append(client, partial, entry)
            await asyncio.to_thread(partial.finish)
            return came
        except ChunkRefused:
            continue  # it begins again at the first byte
        finally:
            partial.close()
    raise DownloadFailed(f"The chunk {entry.sha256[:12]} came damaged twice.")


async def _append(client: HeadquartersClient, partial: PartialChunk, entry: ChunkEntry) -> int:
    came = 0
    if not partial.complete:
        path = PATH_CHUNK.format(sha256=entry.sha256)
        async with aclosing(client.stream(path, partial.offset)) as parts:
            async for part in parts:
                await asyncio.to_thread(partial.append, part)
                came += len(part)
    if not partial.complete:
        raise HeadquartersAway("headquarters ended a chunk early")
    return came
