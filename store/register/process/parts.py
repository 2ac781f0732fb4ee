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
from store.register.home import RegisterHome
from store.register.journal.journal import Journal, UploadState
from store.register.peripherals import DeviceSet
from store.register.ports import Clock, Randomness, ShopFloor
from store.register.printing.spool import PrintSpool
from store.register.process.status import device_rows, devices_sentence
from store.register.session.ports import SessionConfig, SessionPorts
from store.register.session.session import Session
from store.register.session.shop import CatalogShop
from store.register.sync.catalog_download import CatalogDownloader
from store.register.sync.heads import HeadComparison
from store.register.sync.uploader import Uploader
from store.register.system_ports import SystemStorage
from store.register.view import Mode

LOG = logging.getLogger("outpost.register")

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
CABLE, SERVER = 9801, 9802
"""Operations of the demo shop."""
SERIES_HOLDS = frozenset({"fork", "rolled_back"})
DEVICES_CLOSE_S = 1.5
"""A driver that hangs must not keep the journal from being closed in order."""
NOT_ENROLLED = "This is not an enrolled register. Run `outpost activate --server URL --code CODE` first."


class Secrets:
    """Who this register is, and what the vault holds for it. Raises ConfigError, ActivationRefused, VaultError."""

    def __init__(self, home: RegisterHome) -> None:
        enrolment = load_enrolment(home.path)
        if enrolment is None:
            raise ConfigError(NOT_ENROLLED)
        self.enrolment: Enrolment = enrolment
        self.vault: OutpostVault = open_vault(home.path, enrolment.insecure)
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
    devices: DeviceSet
    spool: PrintSpool
    downloader: CatalogDownloader
    make_uploader: Callable[[], Uploader]
    """A fresh sender; one that failed is thrown away."""
    refresher: Refresher
    session: Session
    profile: Callable[[], OfflineProfile]
    """The offline profile that holds now."""

    async def close(self) -> None:
        """Give everything back, what leaves the machine first, the journal last."""
        present = (self.devices.printer, self.devices.drawer, *self.devices.scanners)
        closing = [asyncio.ensure_future(device.close()) for device in present if device is not None]
        if closing:
            _, hung = await asyncio.wait(closing, timeout=DEVICES_CLOSE_S)
            LOG.log(logging.WARNING if hung else logging.DEBUG, "%d devices did not close in time", len(hung))
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
        devices: DeviceSet,
        floor: ShopFloor | None,
        stop: Callable[[], None],
    ) -> None:
        if refusal := check_profile(config.offline_profile):
            raise ConfigError(f"{home.config_file}: {refusal}")
        self.home = home
        self.config = config
        self.clock = clock
        self.randomness = randomness
        self.devices = devices
        self.floor = floor
        self.stop = stop
        self.secrets = Secrets(home)
        self.storage = SystemStorage()
        self.refresher = Refresher()
        self.session: Session | None = None

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
            return self._around(journal, client)
        except BaseException:  # the journal's thread must end whatever failed, or the process never does
            await journal.close()
            raise

    def _around(self, journal: Journal, client: RetailClient) -> CoreParts:
        """Everything that hangs on an open journal."""
        heads = HeadComparison(journal)
        heads.listen(self.refresher.wake)
        supervisor = ConnectionSupervisor(
            client=client,
            profile=self._profile,
            clock=self.clock,
            randomness=self.randomness,
            store=journal,
            heads=heads,
            on_change=self._connection_changed,
            occupied=lambda: self.session is not None and self.session.occupied,
            present=lambda: self.session is not None and self.session.can_answer,
        )
        client.watch(supervisor)
        shop, downloader = self._catalog(client, supervisor)
        gateway = FailoverGateway(
            client=client,
            catalog=lambda: shop.catalog,
            connection=supervisor,
            profile=self._profile,
            clock=self.clock,
            on_difference=self._price_differs,
        )
        spool = self._spool(journal, shop)
        self.session = Session(self._session_ports(journal, gateway, supervisor, shop, spool))
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
            downloader=downloader,
            make_uploader=functools.partial(self._uploader, journal, client, supervisor, heads),
            refresher=self.refresher,
            session=self.session,
            profile=self._profile,
        )

    # -- single parts

    def _profile(self) -> OfflineProfile:
        """The offline profile that holds now."""
        return self.config.offline_profile

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
            ca_file=Path(register.ca_file) if register.ca_file else None,
        )

    def _catalog(
        self, client: RetailClient, supervisor: ConnectionSupervisor
    ) -> tuple[CatalogShop, CatalogDownloader]:
        keeper = CatalogKeeper(self.home.path, self.clock.wall_ms)
        shop = CatalogShop(keeper, self.clock, lambda: downloader.pending)
        downloader = CatalogDownloader(
            keeper=keeper,
            client=client,
            connection=supervisor,
            root_key=bytes.fromhex(self.secrets.enrolment.root_key),
            clock=self.clock,
            randomness=self.randomness,
            interval_s=self.config.offline_profile.download_interval_s,
            paying=self._paying,
            on_change=lambda: self._catalog_moved(keeper, shop),
        )
        keeper.load()
        shop.open()
        return shop, downloader

    def _spool(self, journal: Journal, shop: CatalogShop) -> PrintSpool:
        return PrintSpool(
            journal=journal,
            printer=self.devices.printer,
            drawer=self.devices.drawer,
            facts=lambda: shop.policy().facts,
            clock=self.clock,
            randomness=self.randomness,
            on_change=self.refresher.wake,
        )

    def _uploader(
        self,
        journal: Journal,
        client: RetailClient,
        supervisor: ConnectionSupervisor,
        heads: HeadComparison,
    ) -> Uploader:
        return Uploader(
            journal=journal,
            client=client,
            connection=supervisor,
            heads=heads,
            profile=self.config.offline_profile,
            server_key=bytes.fromhex(self.secrets.enrolment.server_key),
            clock=self.clock,
            randomness=self.randomness,
            paying=self._paying,
            on_change=self.refresher.wake,
        )

    def _session_ports(
        self,
        journal: Journal,
        gateway: FailoverGateway,
        supervisor: ConnectionSupervisor,
        shop: CatalogShop,
        spool: PrintSpool,
    ) -> SessionPorts:
        enrolment, floor = self.secrets.enrolment, self.floor
        return SessionPorts(
            journal=journal,
            gateway=gateway,
            connection=supervisor,
            shop=shop,
            printing=spool,
            clock=self.clock,
            randomness=self.randomness,
            config=SessionConfig(
                register=enrolment.register,
                store=enrolment.store_name or enrolment.store,
                boot_id=boot_id(),
                auto_lock_s=self.config.register.lock_after_s,
                demo=floor is not None,
                insecure=enrolment.insecure,
            ),
            pepper=self.secrets.pepper,
            free_bytes=lambda: self.storage.free_bytes(str(self.home.path)),
            series_trouble=lambda: self.refresher.series_trouble,
            stop=self.stop,
            demo_operations={CABLE: floor.toggle_cable, SERVER: floor.toggle_server} if floor else {},
            devices=lambda: devices_sentence(self.devices),
            status=lambda: {"devices": device_rows(self.devices), "server": supervisor.status().server},
            queries={"barcodes": barcodes_of(self.home)} if floor else {},
        )

    # -- what the parts ask of the till

    def _connection_changed(self) -> None:
        if self.session is not None:
            self.session.connection_changed()

    def _price_differs(self, difference: PriceDifference) -> None:
        """The server's answer came too late and named another price than was sold by: for the store's office."""
        sku, sold_at, served = difference.sku, difference.local_price, difference.server_price
        LOG.warning("price of %s differs: sold at %d, the server says %d", sku, sold_at, served)
        if self.session is not None:
            self.session.price_differs(sku, sold_at, served)

    def _catalog_moved(self, keeper: CatalogKeeper, shop: CatalogShop) -> None:
        """A package came: without any catalog it is taken at once, otherwise when the next sale begins."""
        if shop.catalog is None and keeper.flip():
            shop.open()
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
