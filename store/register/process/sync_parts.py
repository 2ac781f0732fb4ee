"""How the sync library hangs together with the rest of the core."""

from collections.abc import Callable

from store.gateway.client import RetailClient
from store.gateway.supervisor import ConnectionSupervisor
from store.gateway.sync_calls import SyncCalls
from store.register.catalog.keeper import CatalogKeeper
from store.register.enrolment.activation import Enrolment
from store.register.home import RegisterHome
from store.register.in_force import InForce
from store.register.journal.journal import Journal
from store.register.ports import Clock, Randomness, Storage
from store.register.session.shop import CatalogShop
from store.register.sync.downloader import Downloader
from store.register.sync.heads import HeadComparison
from store.register.sync.history import SyncHistory
from store.register.sync.library import SyncLibrary
from store.register.sync.register_report import RegisterReporter
from store.register.sync.uploader import Uploader


class SyncParts:
    """Makes the library and what it is made of. `changed` is called when people should look again."""

    def __init__(
        self,
        *,
        home: RegisterHome,
        enrolment: Enrolment,
        client: RetailClient,
        connection: ConnectionSupervisor,
        journal: Journal,
        heads: HeadComparison,
        keeper: CatalogKeeper,
        in_force: InForce,
        clock: Clock,
        randomness: Randomness,
        storage: Storage,
        paying: Callable[[], bool],
        changed: Callable[[], None],
    ) -> None:
        self._home = home
        self._enrolment = enrolment
        self._connection = connection
        self._journal = journal
        self._heads = heads
        self._keeper = keeper
        self._in_force = in_force
        self._clock = clock
        self._randomness = randomness
        self._storage = storage
        self._paying = paying
        self._changed = changed
        self._client = client
        self._calls = SyncCalls(client)
        self.history = SyncHistory(home.sync_file)

    def library(self, shop: CatalogShop, shift_open: Callable[[], bool], version: str) -> SyncLibrary:
        """The library; nothing runs yet. Blocks a moment to read its history."""
        self.history.load()

        def moved() -> None:
            library.moved()

        def uploaded() -> None:
            library.uploaded()

        def stepped() -> None:
            library.stepped()

        downloader = self._downloader(moved, stepped)
        library = SyncLibrary(
            journal=self._journal,
            downloader=downloader,
            make_uploader=lambda paused: self._uploader(paused, uploaded),
            reporter=self._reporter(shop, shift_open, version),
            history=self.history,
            connection=self._connection,
            clock=self._clock,
            randomness=self._randomness,
            profile=self._in_force.profile,
            from_headquarters=lambda: self._in_force.from_headquarters,
            on_change=self._changed,
        )
        return library

    def _reporter(self, shop: CatalogShop, shift_open: Callable[[], bool], version: str) -> RegisterReporter:
        return RegisterReporter(
            register=self._enrolment.register,
            store=self._enrolment.store,
            version=version,
            journal=self._journal,
            connection=self._connection,
            calls=self._calls,
            clock=self._clock,
            history=self.history,
            catalog=self._keeper.active,
            currency=lambda: shop.policy().currency,
            pending_downloads=lambda: shop.pending_downloads,
            shift_open=shift_open,
        )

    def _downloader(self, moved: Callable[[], None], stepped: Callable[[], None]) -> Downloader:
        return Downloader(
            register=self._enrolment.register,
            keeper=self._keeper,
            chunks=self._keeper.chunks,
            headers=self._home.headers_folder,
            calls=self._calls,
            unreachable=self._connection.sync_failed,
            root_key=bytes.fromhex(self._enrolment.root_key),
            clock=self._clock,
            free_bytes=lambda: self._storage.free_bytes(str(self._home.path)),
            paying=self._paying,
            history=self.history,
            on_change=moved,
            on_step=stepped,
        )

    def _uploader(self, paused: Callable[[], bool], changed: Callable[[], None]) -> Uploader:
        return Uploader(
            journal=self._journal,
            client=self._client,
            connection=self._connection,
            heads=self._heads,
            profile=self._in_force.profile,
            server_key=bytes.fromhex(self._enrolment.server_key),
            clock=self._clock,
            randomness=self._randomness,
            paying=self._paying,
            paused=paused,
            history=self.history,
            on_change=changed,
        )
