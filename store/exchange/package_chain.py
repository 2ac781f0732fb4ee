"""Which packages lead from what a database has to the newest state of its data group. Pure (docs/packages.md).

A package number names a state of a data group. It exists as a delta on the number before it, as a full package, or
as both: whoever has the number before takes the delta, whoever comes from anywhere else the full one.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar

MAX_DELTAS = 20
"""A longer chain is not walked where a full package is at hand."""
MAX_PERCENT = 40
"""Nor is one whose deltas together are larger than this part of the full package."""
FREE_BYTES = 65_536
"""Deltas up to this sum are always worth it: a full package is applied to an empty file, a delta to a copy."""


class Form(Protocol):
    """What counts of a package: `kind` is "full" or "delta", `size` the bytes to fetch, `base_seq` 0 for full."""

    @property
    def package_seq(self) -> int: ...  # noqa: D102 - explained by the class
    @property
    def base_seq(self) -> int: ...  # noqa: D102 - explained by the class
    @property
    def size(self) -> int: ...  # noqa: D102 - explained by the class


Entry = TypeVar("Entry", bound=Form)


def path_to_newest(entries: Iterable[Entry], after: int) -> tuple[Entry, ...]:
    """The packages to apply, in order, on top of package `after` (0: nothing) of the same data group.

    Empty when `after` is the newest, or when nothing here leads on: then wait. Leave out what must not be used
    (canceled packages, those whose session for the database is canceled).
    """
    forms = list(entries)
    deltas = {entry.base_seq: entry for entry in forms if entry.base_seq}
    newest = max((entry.package_seq for entry in forms), default=0)
    walked = _walk(deltas, after) if after else ()
    reaches = bool(walked) and walked[-1].package_seq == newest
    fulls = [entry for entry in forms if not entry.base_seq and entry.package_seq > after]
    if not fulls or newest <= after:
        return walked
    full = max(fulls, key=lambda entry: entry.package_seq)
    by_full = (full, *_walk(deltas, full.package_seq))
    if reaches and is_short(walked, full.size):
        return walked
    if walked and by_full[-1].package_seq < walked[-1].package_seq:
        return walked
    return by_full


def is_short(deltas: Iterable[Form], full_size: int) -> bool:
    """Whether deltas are worth walking rather than fetching a full package of `full_size` bytes."""
    sizes = [delta.size for delta in deltas]
    return len(sizes) <= MAX_DELTAS and sum(sizes) <= max(FREE_BYTES, full_size * MAX_PERCENT // 100)


def deltas_after(entries: Iterable[Entry], after: int) -> tuple[Entry, ...]:
    """The deltas on top of package `after`, as far as they go."""
    return _walk({entry.base_seq: entry for entry in entries if entry.base_seq}, after)


def _walk(deltas: dict[int, Entry], after: int) -> tuple[Entry, ...]:
    found: list[Entry] = []
    while (step := deltas.get(found[-1].package_seq if found else after)) is not None:
        if step.package_seq <= step.base_seq:
            break  # a number never leads back; what says so is damaged
        found.append(step)
    return tuple(found)
