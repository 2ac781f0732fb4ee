"""Customers as somebody types: the list out of a catalog of as many customers as items, by every kind of text."""

import contextlib
import random
import time
from collections.abc import Iterator

from figures import Row, ms, p50
from stage import Stage

from catalog_files import build_catalog
from store.gateway.offline import OfflineCatalog

LIST_LIMIT_S = 0.020
"""Of the 50 ms from key to list; the rest is for the socket and the screen."""
FIRST = ("Maria", "Marius", "Anna", "Otto", "Ida", "Karl", "Jürgen", "Nora", "Zoe", "Ben")
PARTS = ("ber", "mül", "schmi", "hof", "stein", "wal", "der", "ler", "mann", "hub", "koch", "lan")
TEXTS = (
    "m",
    "ma",
    "maria",
    "maria ber",
    "berm",
    "ottoho",
    "49301",
    "3456",
    "0171",
    "C0000",
    "K0000012",
    "zzz",
)
"""Frequent and rare, one letter and several words, both ends of telephone numbers, numbers and cards."""


def measure(stage: Stage) -> list[Row]:
    """Build the catalog, then ask."""
    path = stage.path("customers.db")
    build_catalog({"customer": list(customers(stage.extent.items))}, path, created_ms=5)
    with contextlib.closing(OfflineCatalog(path)) as catalog:
        list_s = [took_s(catalog, text) for text in TEXTS for _ in range(5)]
    return [
        Row(
            what=f"list of customers while somebody types, of {stage.extent.items:,}",
            target=f"≤ {LIST_LIMIT_S * 1000:g} ms in the core",
            measured=f"p50 {ms(p50(list_s))}, slowest {ms(max(list_s))}",
            holds=max(list_s) <= LIST_LIMIT_S,
        )
    ]


def took_s(catalog: OfflineCatalog, text: str) -> float:
    """Seconds of one list."""
    begin_s = time.perf_counter()
    catalog.customers(text, 50)
    return time.perf_counter() - begin_s


def customers(count: int) -> Iterator[dict[str, str]]:
    """Names of ordinary length, a telephone number and a card each."""
    rng = random.Random(1)
    for n in range(count):
        name = f"{rng.choice(FIRST)} {''.join(rng.choice(PARTS) for _ in range(3)).capitalize()}"
        digits = f"49{rng.randrange(10**9):09d}"
        yield {
            "number": f"C{n:07d}",
            "name": name,
            "detail": f'{{"phone":"+{digits}"}}',
            "card": f"K{n:08d}",
            "digits": digits,
            "ends": digits[::-1],
        }
