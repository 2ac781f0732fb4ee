"""Clock, chance, store and catalog for tests of the gateway."""

import asyncio
import heapq
import itertools
import random
import time
from pathlib import Path

from catalog_files import build_catalog
from store.gateway.gateway import StoredMode
from store.sale.item import ItemKey, KeyKind


class RealClock:
    """The machine's clock, two hours ahead of UTC."""

    def wall_ms(self):
        return time.time_ns() // 1_000_000

    def monotonic_s(self):
        return time.monotonic()

    def utc_offset_min(self):
        return 120

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)


class VirtualClock:
    """Time that passes only in `advance`; wall time begins at 12:00 UTC and can be set on its own."""

    def __init__(self):
        self.now_s = 1_000.0
        self.wall_offset_s = 1_700_049_600.0 - self.now_s
        self._order = itertools.count()
        self._sleepers = []

    def wall_ms(self):
        return round((self.now_s + self.wall_offset_s) * 1_000)

    def monotonic_s(self):
        return self.now_s

    def utc_offset_min(self):
        return 120

    async def sleep(self, seconds):
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now_s + max(seconds, 0.0), next(self._order), woken))
        await woken

    async def advance(self, seconds):
        """Let time pass, waking sleepers in order."""
        until_s = self.now_s + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= until_s:
            at_s, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self.now_s = max(self.now_s, at_s)
            woken.set_result(None)
            await settle()
        self.now_s = until_s
        await settle()

    async def run(self, awaitable, limit_s=200.0):
        """The result of something that waits for this clock; time passes as far as it must."""
        task = asyncio.ensure_future(awaitable)
        limit_s += self.now_s
        await settle()
        while not task.done():
            assert self._sleepers and self._sleepers[0][0] <= limit_s, "waits for ever"
            await self.advance(max(self._sleepers[0][0] - self.now_s, 0.0))
        return task.result()


async def settle():
    """Let every task run as far as it can without time passing."""
    for _ in range(25):
        await asyncio.sleep(0)


class SeededRandomness:
    """The same numbers in every run."""

    def __init__(self, seed=1):
        self._random = random.Random(seed)

    def uniform(self, low, high):
        return self._random.uniform(low, high)

    def token(self, size_bytes):
        return self._random.randbytes(size_bytes)


class LongestJitter(SeededRandomness):
    """Always the far end of a range, so that times can be told beforehand."""

    def uniform(self, low, high):
        return high


class MemoryStore:
    """A ModeStore that lives as long as the test; hand the same one to a second supervisor to restart."""

    def __init__(self, stored=None):
        self.stored = stored
        self.modes = []
        self.links = []
        self.broken = False

    async def load_mode(self):
        return self.stored

    async def save_mode(self, stored: StoredMode, event: str):
        if self.broken:
            raise OSError(28, "no space left")
        self.stored = stored
        self.modes.append((stored.mode, event))

    async def note_link(self, at_ms, link, event, reason):
        if self.broken:
            raise OSError(28, "no space left")
        self.links.append((link, event, reason))


MILK = ("4711", "Vollmilch 3,5 % 1 l", 109, "04006381333931", "")
ITEMS = (
    MILK,
    ("4712", "Milch-Mäuse", 199, "04006381333948", ""),
    ("4713", "Buttermilch 0,5 l", 79, "04006381333955", ""),
    ("81", "Bananen lose", 189, "", "81"),
    ("82", "Öl 100 % rein", 599, "04006381333962", ""),
)
MILK_KEYS = (ItemKey(KeyKind.GTIN, "04006381333931"), ItemKey(KeyKind.SKU, "4006381333931"))
UNKNOWN_KEYS = (ItemKey(KeyKind.GTIN, "00000000000017"),)


def gtin(code):
    """The key of a code, zero-filled."""
    return ItemKey(KeyKind.GTIN, code.zfill(14))


def write_catalog(path: Path, items=ITEMS, settings=(), milk_price=None, **tables):
    """A catalog file as the register would make it of package 7, with five items unless told otherwise."""
    rows = [
        {
            "sku": sku,
            "name": name,
            "unit": "kg" if plu else "pcs",
            "price": milk_price if milk_price is not None and sku == "4711" else price,
            "tax": "A",
            "department": "food",
            "plu": plu,
            "weighed": bool(plu),
        }
        for sku, name, price, _, plu in items
    ]
    chosen = {"currency": "EUR", "store_name": "Eckladen", **dict(settings)}
    build_catalog(
        {
            "item": rows,
            "barcode": [{"gtin": code, "sku": sku} for sku, _, _, code, _ in items if code],
            "department": [
                {"code": "misc", "name": "Sonstiges", "tax": "A", "position": 2},
                {"code": "food", "name": "Lebensmittel", "tax": "A", "position": 1},
            ],
            "tax": [{"code": "A", "name": "7 %", "rate": "7", "included": 1}],
            "staff": [{"number": "1001", "name": "Ann", "role": "cashier", "hash": "h"}],
            "setting": [{"key": key, "value": value} for key, value in chosen.items()],
            **tables,
        },
        path,
        seq=7,
        created_ms=1_700_000_000_000,
    )
    return path
