"""What of the packages is kept: enough for every register that comes back within a chain of deltas, or from nothing."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from store.database.chunks import ChunkFolder
from store.database.connection import Connection
from store.sale.moment import utc_text
from store.server import chain, customer_keys, directory, packages
from store.server.chain import Form
from store.server.shelf import Shelf
from store.service.channel import Channel

NEWS_S = 30 * 86_400.0
"""What registers told of a customer and headquarters has not sent back by then was erased there, or never will be."""
GRACE_S = 3_600.0
"""A file younger than this stays: somebody may be about to name it."""


async def tidy(channel: Channel, shelf: Shelf, *, grace_s: float = GRACE_S) -> int:
    """Forget packages that nobody needs any more; answers how many. Their chunks go when they are old enough."""
    oldest_news = utc_text(int((time.time() - NEWS_S) * 1000))
    if await channel.read(customer_keys.has_old_news, oldest_news):
        await channel.work(customer_keys.forget_old_news, oldest_news)
    dropped = await channel.read(_superfluous)
    if not dropped:
        return 0
    for forms in dropped:
        oldest = min(form.package_seq for form in forms)
        await channel.work(packages.drop_forms, forms, oldest)
        shelf.forget(form.header_sha256 for form in forms)
    await collect(channel, shelf, grace_s=grace_s)
    return sum(map(len, dropped))


async def collect(channel: Channel, shelf: Shelf, *, grace_s: float = GRACE_S) -> None:
    """Delete the chunks that no package names."""
    named = await channel.read(packages.all_headers)

    def work() -> None:
        kept: set[str] = set()
        for name, written in named:
            contents = shelf.contents(name, written)
            kept |= set(contents.chunks) if contents is not None else set()
        _delete(shelf.folder, kept.__contains__, time.time() - grace_s)

    await asyncio.to_thread(work)


def _superfluous(db: Connection) -> list[list[Form]]:
    """What can go, per data group. Decided by the database alone, which other server processes may share."""
    found = []
    for store in packages.stores(db):
        wanted = {store.data_group, *directory.groups(db, store.store)}
        for group in packages.groups(db, store.store):
            forms = packages.forms(db, store.store, group)
            limit = store.applied_seq if group == store.data_group else None
            old = (
                forms
                if group not in wanted
                else _old(forms, packages.fetched_forms(db, store.store, group), limit)
            )
            if old:
                found.append(old)
    return found


def _old(forms: list[Form], fetched: list[Form], limit: int | None) -> list[Form]:
    """Forms that something newer has made needless; above `limit` nothing is, because it is not in use yet."""
    kept = chain.needed([form for form in fetched if limit is None or form.package_seq <= limit])
    oldest = min((number for number, _ in kept), default=0)
    return [
        form
        for form in forms
        if form.name not in kept
        and (limit is None or form.package_seq <= limit)
        and (form in fetched or form.package_seq < oldest)
    ]


def _delete(folder: ChunkFolder, is_kept: Callable[[str], bool], before_s: float) -> None:
    for path in _files(folder.root / "chunks"):
        try:
            if not is_kept(path.name.removesuffix(".part")) and path.stat().st_mtime < before_s:
                path.unlink()
        except FileNotFoundError:
            continue  # another process was faster


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
