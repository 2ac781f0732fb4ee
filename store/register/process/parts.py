"""Which parts a register core is made of, and how they hang together. `runtime` gives them life."""

import asyncio
import functools
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.database.vault import OutpostVault, open_vault
from store.database.vault_sources import NO_SOURCES, VaultSources
from store.exchange.request import sign_request
from store.gateway.client import RetailClient
from store.gateway.failover import FailoverGateway, PriceDifference
from store.gateway.profile import OfflineProfile, check_profile
from store.gateway.supervisor import ConnectionSupervisor
from store.register.catalog.keeper import CatalogKeeper
from store.register.config import Config, ConfigError
from store.register.enrolment.activation import (
    DeviceSigner,
    Enrolment,
    load_enrolment,
    load_pepper,
    load_signer,
)
from store.register.enrolment.trust import authority_of
from store.register.home import RegisterHome
from store.register.in_force import InForce
from store.register.journal.journal import Journal, UploadState
from store.register.peripherals import DevicesConfig, DeviceSet
from store.register.ports import Clock, Randomness, ShopFloor
from store.register.printing.spool import PrintSpool
from store.register.process.device_desk import DeviceDesk
from store.register.process.directories import directories
from store.register.process.health import server_health
from store.register.process.status import device_rows, devices_sentence
from store.register.process.sync_parts import SyncParts
from store.register.session.ports import SessionConfig, SessionPorts
from store.register.session.session import Session
from store.register.session.shop import CatalogShop
from store.register.sync.heads import HeadComparison
from store.register.sync.library import SyncLibrary
from store.register.system_ports import SystemStorage
from store.register.view import Mode

LOG = logging.getLogger("outpost.register")

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
CABLE, SERVER = 9801, 9802
"""Operations of the demo shop."""
SERIES_HOLDS = frozenset({"fork", "rolled_back"})
NOT_ENROLLED = "This is not an enrolled register. Run `outpost activate --server URL --code CODE` first."


class Secrets:
    """Who this register is, and what the vault holds for it. Raises ConfigError, ActivationRefused, VaultError."""

    def __init__(self, home: RegisterHome, sources: VaultSources = NO_SOURCES) -> None:
        enrolment = load_enrolment(home.path)
        if enrolment is None:
            raise ConfigError(NOT_ENROLLED)
        self.enrolment: Enrolment = enrolment
        self.vault: OutpostVault = open_vault(home.path, enrolment.insecure, sources=sources)
        self.signer: DeviceSigner | None = load_signer(self.vault, enrolment)
        self.pepper = load_pepper(self.vault, enrolment) or b""


class Refresher:
    """Lets the till count and show anew after something outside it moved; many calls become one."""

    def __init__(self) -> None:
        self._moved = asyncio.Event()
        self.series_trouble = ""
        """Why no record may be added to the series, a sentence; empty when all is well."""

    def wake(self) -> None:
        """Something moved: an acknowledgement, a print job, a package."""
        self._moved.set()

    async def run(self, journal: Journal, session: Session) -> None:
        """Refresh whenever something moved, for ever."""
        self.wake()  # a hold that was found before the restart still holds
        while True:
            await self._moved.wait()
            self._moved.clear()
            self.series_trouble = series_sentence(await journal.upload_state())
            await session.refresh()


def series_sentence(upload: UploadState) -> str:
    """T21: a series of which the server holds something else must not grow; everything else only waits."""
    if upload.hold not in SERIES_HOLDS:
        return ""
    return (
        f"Nothing can be sold in series {upload.series}: {upload.hold_detail or upload.hold}. "
        "What is recorded is safe: export the journal and call headquarters for a new enrolment."
    )


@dataclass(frozen=True, kw_only=True)
class CoreParts:
    """The parts of one core."""

    enrolment: Enrolment
    journal: Journal
    storage: SystemStorage
    client: RetailClient
    supervisor: ConnectionSupervisor
    gateway: FailoverGateway
    shop: CatalogShop
    devices: DeviceDesk
    spool: PrintSpool
    library: SyncLibrary
    in_force: InForce
    refresher: Refresher
    session: Session
    profile: Callable[[], OfflineProfile]
    """The offline profile that holds now."""

    async def close(self) -> None:
        """Give everything back, what leaves the machine first, the journal last."""
        await self.devices.close()
        await self.library.close()
        await self.gateway.close()
        await self.supervisor.close()
        await self.client.close()
        self.shop.close()
        await self.journal.close()
        self.storage.close()


class Assembly:
    """Puts the parts together, in the order in which they need each other."""

    def __init__(
        self,
        home: RegisterHome,
        config: Config,
        clock: Clock,
        randomness: Randomness,
        build_devices: Callable[[DevicesConfig], DeviceSet],
        floor: ShopFloor | None,
        stop: Callable[[], None],
        version: str,
        sources: VaultSources = NO_SOURCES,
    ) -> None:
        if refusal := check_profile(config.offline_profile):
            raise ConfigError(f"{home.config_file}: {refusal}")
        self.home = home
        self.config = config
        self.clock = clock
        self.randomness = randomness
        self.floor = floor
        self.stop = stop
        self.version = version
        self.secrets = Secrets(home, sources)
        self.storage = SystemStorage()
        self.refresher = Refresher()
        self.session: Session | None = None
        self.library: SyncLibrary | None = None
        self.in_force = InForce(config, self.secrets.enrolment.register)
        self.keeper = CatalogKeeper(home.path, clock.wall_ms)
        self.shop = CatalogShop(
            self.keeper,
            clock,
            pending=lambda: self.library.pending if self.library else 0,
            on_its_way=lambda: self.library.on_its_way if self.library else "",
            register=self.secrets.enrolment.register,
            language=config.register.language,
        )
        self.shop.listen(self.in_force.refresh)
        self.keeper.load()
        self.shop.open()
        self.devices = DeviceDesk(build_devices, self.in_force.devices())

    async def parts(self) -> CoreParts:
        """Open the journal and make everything else; nothing runs yet. Raises JournalError, ServerAddressError."""
        client = self._client()
        journal = await Journal.open(
            self.home.journal_file,
            self.secrets.enrolment.identity(),
            self.secrets.signer,
            self.clock,
            self.storage,
        )
        try:
            parts = self._around(journal, client)
            await parts.library.load()
            return parts
        except BaseException:  # the journal's thread must end whatever failed, or the process never does
            await journal.close()
            raise

    def _around(self, journal: Journal, client: RetailClient) -> CoreParts:
        """Everything that hangs on an open journal."""
        heads = HeadComparison(journal)
        heads.listen(self.refresher.wake)
        supervisor = self._supervisor(journal, client, heads)
        shop = self.shop
        gateway = FailoverGateway(
            client=client,
            catalog=lambda: shop.catalog,
            connection=supervisor,
            profile=self.in_force.profile,
            clock=self.clock,
            on_difference=self._price_differs,
        )
        spool = self._spool(journal, shop)
        self.library = library = self._library(journal, client, supervisor, heads)
        self.session = Session(self._session_ports(journal, client, gateway, supervisor, spool, library))
        return CoreParts(
            enrolment=self.secrets.enrolment,
            journal=journal,
            storage=self.storage,
            client=client,
            supervisor=supervisor,
            gateway=gateway,
            shop=shop,
            devices=self.devices,
            spool=spool,
            library=library,
            in_force=self.in_force,
            refresher=self.refresher,
            session=self.session,
            profile=self.in_force.profile,
        )

    # -- single parts

    def _supervisor(
        self, journal: Journal, client: RetailClient, heads: HeadComparison
    ) -> ConnectionSupervisor:
        supervisor = ConnectionSupervisor(
            client=client,
            profile=self.in_force.profile,
            clock=self.clock,
            randomness=self.randomness,
            store=journal,
            heads=heads,
            on_change=self._connection_changed,
            occupied=lambda: self.session is not None and self.session.occupied,
            present=lambda: self.session is not None and self.session.can_answer,
        )
        client.watch(supervisor)
        self.in_force.listen(supervisor.profile_changed)
        return supervisor

    def _client(self) -> RetailClient:
        enrolment, signer, register = self.secrets.enrolment, self.secrets.signer, self.config.register
        sign = None
        if signer is not None:
            sign = functools.partial(
                sign_request, signer.key, register=enrolment.register, series=enrolment.series
            )
        return RetailClient(
            address=register.server_url or enrolment.server_url,
            clock=self.clock,
            randomness=self.randomness,
            series=enrolment.series,
            sign=sign,
            ca_file=authority_of(self.home, enrolment, register),
        )

    def _library(
        self,
        journal: Journal,
        client: RetailClient,
        supervisor: ConnectionSupervisor,
        heads: HeadComparison,
    ) -> SyncLibrary:
        return SyncParts(
            home=self.home,
            enrolment=self.secrets.enrolment,
            client=client,
            connection=supervisor,
            journal=journal,
            heads=heads,
            keeper=self.keeper,
            in_force=self.in_force,
            clock=self.clock,
            randomness=self.randomness,
            storage=self.storage,
            paying=self._paying,
            changed=self._sync_moved,
        ).library(self.shop, lambda: self.session is not None and self.session.shift_open, self.version)

    def _spool(self, journal: Journal, shop: CatalogShop) -> PrintSpool:
        return PrintSpool(
            journal=journal,
            printer=self.devices.current.printer,
            drawer=self.devices.current.drawer,
            facts=shop.paper,
            clock=self.clock,
            randomness=self.randomness,
            on_change=self.refresher.wake,
        )

    def _session_ports(
        self,
        journal: Journal,
        client: RetailClient,
        gateway: FailoverGateway,
        supervisor: ConnectionSupervisor,
        spool: PrintSpool,
        library: SyncLibrary,
    ) -> SessionPorts:
        enrolment, floor = self.secrets.enrolment, self.floor
        return SessionPorts(
            journal=journal,
            gateway=gateway,
            connection=supervisor,
            shop=self.shop,
            sync=library,
            **directories(client, supervisor, self.shop, self.in_force, self.clock, enrolment.store),
            printing=spool,
            macros=self.in_force.macros,
            clock=self.clock,
            randomness=self.randomness,
            config=self._session_config(),
            pepper=self.secrets.pepper,
            auto_lock_s=self.in_force.lock_after_s,
            signed_in=library.first_sign_in,
            profile=self.in_force.profile,
            free_bytes=lambda: self.storage.free_bytes(str(self.home.path)),
            series_trouble=lambda: self.refresher.series_trouble,
            stop=self.stop,
            demo_operations={CABLE: floor.toggle_cable, SERVER: floor.toggle_server} if floor else {},
            devices=lambda: devices_sentence(self.devices.current),
            status=lambda: self._status(supervisor),
            server_health=lambda: server_health(client),
            queries={"barcodes": barcodes_of(self.home)} if floor else {},
        )

    def _session_config(self) -> SessionConfig:
        enrolment = self.secrets.enrolment
        return SessionConfig(
            register=enrolment.register,
            store=enrolment.store_name or enrolment.store,
            boot_id=boot_id(),
            demo=self.floor is not None,
            insecure=enrolment.insecure,
        )

    def _status(self, supervisor: ConnectionSupervisor) -> dict[str, Any]:
        return {"devices": device_rows(self.devices.current), "server": supervisor.status().server}

    # -- what the parts ask of the till

    def _connection_changed(self) -> None:
        if self.session is not None:
            self.session.connection_changed()
        if self.library is not None:
            self.library.connection_changed()

    def _price_differs(self, difference: PriceDifference) -> None:
        """The server's answer came too late and named another price than was sold by: for the store's office."""
        sku, sold_at, served = difference.sku, difference.local_price, difference.server_price
        LOG.warning("price of %s differs: sold at %d, the server says %d", sku, sold_at, served)
        if self.session is not None:
            self.session.price_differs(sku, sold_at, served)

    def _sync_moved(self) -> None:
        """Something came or went; without any catalog a new one is taken at once, else when the next sale begins."""
        if self.shop.catalog is None and self.keeper.flip():
            self.shop.open()
            if self.session is not None:
                self.session.data_came()
        self.refresher.wake()

    def _paying(self) -> bool:
        return self.session is not None and self.session.view().mode is Mode.TENDER


def boot_id() -> str:
    """Names this run of the machine; empty where the kernel tells none."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def barcodes_of(home: RegisterHome) -> Callable[[str], Awaitable[dict[str, Any]]]:
    """The demo shop's sheet of barcodes to try, as a query."""

    async def answer(text: str) -> dict[str, Any]:
        try:
            rows = json.loads((home.path / "barcodes.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {"rows": []}
        return {"rows": [[row["code"], f"{row['name']}  {row.get('note', '')}".rstrip()] for row in rows]}

    return answer
