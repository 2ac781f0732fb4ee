"""The database of a running service: opened, migrated, and opened again after a failed commit."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from store.database.errors import DatabaseClosed, DatabaseTrouble, OutcomeUnknown
from store.database.migrations import climb, load_steps, pending
from store.database.sqlite import Access, Database

if TYPE_CHECKING:
    from store.database.postgres import PostgresDatabase

Result = TypeVar("Result")


class Channel:
    """Units of work on a service's database. A unit runs to its end whatever becomes of who asked for it."""

    def __init__(self, database: "Database | PostgresDatabase") -> None:
        self._database = database
        self._reopening = asyncio.Lock()

    @classmethod
    async def open(
        cls, place: Path | str, *, migrations: str = "store.server", readers: int = 2
    ) -> "Channel":
        """Open the database and climb the `migrations` of that package; raises DatabaseTrouble.

        A path is a SQLite file, a text the URL of a PostgreSQL database. Several server processes may share
        either: on a file they take turns, in PostgreSQL they lock the rows they decide by.
        """
        database = await _open(place, readers)
        try:
            steps = load_steps(migrations)
            for step in await database.read(pending, steps):
                await database.work(climb, step)
        except BaseException:  # the threads must end before anything else happens
            await database.close()
            raise
        return cls(database)

    async def work(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Run a unit that writes; raises DatabaseTrouble (nothing half-stored) and what `fn` raises."""
        try:
            return await self._database.work(fn, *args)
        except OutcomeUnknown:
            # Whether it happened is for the register to ask again; here a connection that lies must go.
            await self._reopen()
            raise
        except DatabaseClosed:
            await self._reopen()
            return await self._database.work(fn, *args)

    async def read(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Run a unit that only reads, on one snapshot; raises DatabaseTrouble and what `fn` raises."""
        return await self._database.read(fn, *args)

    async def read_point(self, fn: Callable[..., Result], *args: Any) -> Result:
        """Like `read` for a few rows by their key that somebody waits for: on this thread where that can be."""
        return await self._database.read_point(fn, *args)

    async def close(self) -> None:
        """Finish what was begun and close the file."""
        await self._database.close()

    async def _reopen(self) -> None:
        async with self._reopening:
            if not self._database.usable:
                try:
                    await self._database.reopen()
                except DatabaseTrouble as trouble:
                    raise DatabaseClosed(f"The database cannot be opened again: {trouble}") from trouble


async def _open(place: Path | str, readers: int) -> "Database | PostgresDatabase":
    if isinstance(place, Path):
        place.parent.mkdir(parents=True, exist_ok=True)
        return await Database.open(place, access=Access.SHARED, readers=readers)
    from store.database.postgres import PostgresDatabase  # most shops run without it

    return await PostgresDatabase.open(place, readers=readers)
