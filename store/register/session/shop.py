"""The shop's data as the till sees it: the active catalog file, changed only when a transaction begins."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from store.database.errors import DatabaseTrouble
from store.gateway.offline import DataSet, LayoutKey, OfflineCatalog, StaffMember
from store.register.catalog.keeper import CatalogKeeper
from store.register.ports import Clock
from store.register.session.shop_paper import paper_of_catalog
from store.sale.detail import read_detail
from store.sale.info import NO_INFO_CODE, InfoPrompt
from store.sale.item import Department
from store.sale.language import ENGLISH, counted, phrase
from store.sale.moment import local_text, utc_text
from store.sale.paper_facts import PaperFacts
from store.sale.policy import StorePolicy
from store.sale.settings import PolicyRefused

DAY_MS = 24 * 3600 * 1000


class CatalogShop:
    """Implements `ShopData` over the catalog files; `open` once the keeper has loaded."""

    def __init__(
        self,
        keeper: CatalogKeeper,
        clock: Clock,
        pending: Callable[[], int],
        on_its_way: Callable[[], str] = str,
        register: str = "",
        language: str = ENGLISH,
    ) -> None:
        self._keeper = keeper
        self._register = register
        self._language = language
        self._cards_later = False
        self._roles: dict[str, str] = {}
        self._layout: tuple[LayoutKey, ...] = ()
        self._clock = clock
        self._pending = pending
        self._on_its_way = on_its_way
        self._listeners: list[Callable[[OfflineCatalog | None], None]] = []
        self._catalog: OfflineCatalog | None = None
        self._policy = StorePolicy()
        self._paper = PaperFacts(language=language)
        self._departments: tuple[Department, ...] = ()
        self._tables: tuple[DataSet, ...] = ()
        self._info_codes: dict[str, InfoPrompt] = {}
        self._trouble = ""

    @property
    def catalog(self) -> OfflineCatalog | None:
        """The open file, for the gateway."""
        return self._catalog

    def open(self) -> None:
        """Open the active file and read what the till needs all the time."""
        version = self._keeper.active()
        before, self._catalog = self._catalog, None
        self._trouble, self._tables = "", ()
        if version is not None:
            self._read(version.path)
        for take in self._listeners:
            take(self._catalog)
        if before is not None:
            before.close()

    def listen(self, take: Callable[[OfflineCatalog | None], None]) -> None:
        """Call `take` whenever another catalog came into use."""
        self._listeners.append(take)

    def _read(self, path: Path) -> None:
        try:
            catalog = OfflineCatalog(path)
            self._policy = catalog.policy()
            self._paper = paper_of_catalog(catalog, self._policy, self._register, self._language)
            self._departments = catalog.departments()
            self._roles = {role.code: " ".join(role.permissions) for role in catalog.roles()}
            cards = [row for row in catalog.tenders() if row.kind == "card"]
            self._cards_later = any(row.detail.get("authorises_later") is True for row in cards)
            self._layout = catalog.layout_keys(self._register)
            self._info_codes = {
                row.code: InfoPrompt(
                    code=row.code, name=row.name or row.code, detail=read_detail(row.detail, NO_INFO_CODE)
                )
                for row in catalog.info_codes()
            }
            self._tables = catalog.data_sets()
        except (DatabaseTrouble, PolicyRefused, OSError) as error:
            self._trouble = phrase("The catalog cannot be used: {error}", error)
            return
        self._catalog = catalog

    def close(self) -> None:
        """Close the file."""
        if self._catalog is not None:
            self._catalog.close()
            self._catalog = None

    @property
    def trouble(self) -> str:
        """Why nothing can be sold by this catalog, a sentence; empty when all is well."""
        if self._trouble or self._keeper.active() is not None:
            return self._trouble
        if self._keeper.lost:
            return self._keeper.sentence
        return self._on_its_way() or self._keeper.sentence or phrase("There is no catalog yet.")

    @property
    def supports_offline(self) -> bool:
        """Whether the catalog is an offline database, and not the set-up alone."""
        version = self._keeper.active()
        return version is None or version.support_offline

    @property
    def version(self) -> str:
        """Names the active catalog in records."""
        version = self._keeper.active()
        return version.name if version else ""

    @property
    def facts(self) -> str:
        """Age and size for the sign-in screen: "Catalog of 2026-11-24 06:00, 2,114 items."."""
        version = self._keeper.active()
        if version is None or self._trouble:
            return self.trouble
        items = next((f"{table.rows:,}" for table in self._tables if table.name == "item"), "0")
        days = (self._clock.wall_ms() - version.created_ms) // DAY_MS
        old = counted(" It is {n} day old.", " It is {n} days old.", days) if days > 0 else ""
        warning = f" {self._keeper.sentence}" if self._keeper.sentence else ""
        if not version.support_offline:
            return phrase(
                "Sells online only: no offline database. Set-up of {local}.{warning}",
                self._local(version.created_ms),
                warning,
            )
        return phrase(
            "Catalog of {local}, {items} items.{old}{warning}",
            self._local(version.created_ms),
            items,
            old,
            warning,
        )

    @property
    def pending_downloads(self) -> int:
        """Packages that the server has and this register has not put to use."""
        return self._pending() + (self._keeper.ready() is not None)

    async def flip(self) -> None:
        """Make a newer catalog active if one is ready."""
        if self._keeper.flip():
            self.open()

    def policy(self) -> StorePolicy:
        """The store's decisions."""
        return self._policy

    def paper(self) -> PaperFacts:
        """What documents need: facts, language, region, formats of headquarters."""
        return self._paper

    def departments(self) -> Sequence[Department]:
        """The departments that can be sold with a typed price, in order."""
        return self._departments

    def badge_holder(self, hashed: str) -> str:
        """The number of the person whose badge has that hash by the catalog, empty for nobody's."""
        if self._catalog is None:
            return ""
        try:
            return self._catalog.badge_holder(hashed)
        except DatabaseTrouble as error:
            self._trouble = phrase("The catalog cannot be read: {error}", error)
            return ""

    def operator(self, number: str) -> StaffMember | None:
        """The operator with that number, or None."""
        if self._catalog is None:
            return None
        try:
            return self._catalog.operator(number)
        except DatabaseTrouble as error:
            self._trouble = phrase("The catalog cannot be read: {error}", error)
            return None

    def roles(self) -> Mapping[str, str]:
        """The roles that headquarters sent, each with its permissions apart by spaces."""
        return self._roles

    @property
    def cards_authorised_later(self) -> bool:
        """Whether the store's card terminal authorises later what it takes while the line is down."""
        return self._cards_later

    def layout_keys(self) -> Sequence[LayoutKey]:
        """The keys that headquarters gave this register, those of all registers first."""
        return self._layout

    @property
    def caution(self) -> str:
        """What a person should know about the catalog in use; empty when all is well."""
        return self._keeper.sentence if self._catalog is not None else ""

    def info_codes(self) -> Mapping[str, InfoPrompt]:
        """The info codes that headquarters set up, by code."""
        return self._info_codes

    def tables(self) -> Sequence[DataSet]:
        """The tables of the active catalog."""
        return self._tables

    def _local(self, at_ms: int) -> str:
        today = local_text(utc_text(self._clock.wall_ms()), self._clock.utc_offset_min())
        moment = local_text(utc_text(at_ms), self._clock.utc_offset_min())
        return phrase("today {moment}", moment[11:16]) if moment[:10] == today[:10] else moment[:16]
