"""The register's whole gateway over real sockets: client, supervisor, catalog, failover, behind the fault proxy."""

import asyncio
import time
from contextlib import asynccontextmanager

from fault_proxy import FaultProxy
from gateway_server import SmallServer
from gateway_world import MILK_KEYS, MemoryStore, RealClock, SeededRandomness, write_catalog
from store.gateway.client import RetailClient
from store.gateway.connection import HeadVerdict
from store.gateway.failover import FailoverGateway
from store.gateway.offline import OfflineCatalog
from store.gateway.profile import OfflineProfile
from store.gateway.staff import StaffDirectory
from store.gateway.supervisor import ConnectionSupervisor


class Shop:
    """Everything by name; `find` tells the answer and how long it took."""

    def __init__(
        self, server, proxy, catalog, profile, store=None, addresses=None, scheme="http", ca_file=None
    ):
        self.server, self.proxy, self.catalog = server, proxy, catalog
        self.profile = profile
        self.present = False
        self.store = store or MemoryStore()
        self.differences = []
        self.changes = []
        self.clock = clock = RealClock()
        randomness = SeededRandomness()
        self.client = RetailClient(
            address=f"{scheme}://{'localhost' if addresses else '127.0.0.1'}:{proxy.port}",
            addresses=addresses,
            ca_file=ca_file,
            clock=clock,
            randomness=randomness,
            series="S0001-R01.1",
        )
        self.supervisor = ConnectionSupervisor(
            client=self.client,
            profile=lambda: self.profile,
            clock=clock,
            randomness=randomness,
            store=self.store,
            heads=self._agree,
            on_change=self._changed,
            present=lambda: self.present,
        )
        self.client.watch(self.supervisor)
        self.gateway = FailoverGateway(
            client=self.client,
            catalog=lambda: self.catalog,
            connection=self.supervisor,
            profile=lambda: self.profile,
            clock=clock,
            on_difference=self.differences.append,
        )

    async def start(self):
        await self.client.open()
        await self.supervisor.start(draft_open=False)
        await self.supervisor.started()

    async def close(self):
        await self.gateway.close()
        await self.supervisor.close()
        await self.client.close()

    async def find(self, keys=MILK_KEYS):
        """(answer, seconds)."""
        began_s = time.monotonic()
        answer = await self.gateway.find_item(keys)
        return answer, time.monotonic() - began_s

    async def word_becomes(self, word, limit_s):
        """Seconds until the header shows the word."""
        began_s = time.monotonic()
        async with asyncio.timeout(limit_s):
            while self.supervisor.status().word != word:
                await asyncio.sleep(0.002)
        return time.monotonic() - began_s

    async def comes_back(self, limit_s=5):
        """Begin transactions until one is online; its `TransactionStart`."""
        async with asyncio.timeout(limit_s):
            while True:
                start = await self.supervisor.transaction_starts()
                if start.mode.value == "online":
                    return start
                await asyncio.sleep(0.05)

    async def counts(self, limit_s=3, **expected):
        """Wait until the statistics have these values."""
        async with asyncio.timeout(limit_s):
            while any(
                getattr(self.supervisor.status().statistics, name) != value
                for name, value in expected.items()
            ):
                await asyncio.sleep(0.01)

    async def _agree(self, head):
        return HeadVerdict.AGREED

    def _changed(self):
        self.changes.append(self.supervisor.mode.value)


def directory_of(shop, *, catalog=True, badges=None):
    """Who may sign in at this register."""
    offline = shop.catalog if catalog else None
    return StaffDirectory(
        client=shop.client,
        connection=shop.supervisor,
        local=lambda number: offline.operator(number) if offline else None,
        has_catalog=lambda: offline is not None,
        profile=lambda: shop.profile,
        clock=shop.clock,
        local_badge=lambda hashed: (badges or {}).get(hashed, ""),
    )


@asynccontextmanager
async def shop_in(
    folder, *, store=None, catalog=True, addresses=None, tls=None, ca_file=None, scheme="", **profile
):
    """A shop that is online; nothing of it is left running afterwards. `tls` is what the server shows."""
    scheme = scheme or ("http" if tls is None else "https")
    path = folder / "catalog-7.db"
    if not path.exists():
        write_catalog(path)
    offline = OfflineCatalog(path)
    before = set(asyncio.all_tasks())
    async with SmallServer(tls) as server, FaultProxy(server.port) as proxy:
        facts = (store, addresses, scheme, ca_file)
        shop = Shop(server, proxy, offline if catalog else None, OfflineProfile(**profile), *facts)
        try:
            await shop.start()
            yield shop
        finally:
            await shop.close()
            offline.close()
            names = {task.get_name() for task in set(asyncio.all_tasks()) - before}
            ours = {name for name in names if name.startswith(("server:", "connection", "client", "look-up"))}
            assert not ours, "tasks outlived the gateway"
