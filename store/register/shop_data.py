"""The catalog in use, as till and gateway see it: changes between transactions only, never inside one."""

import logging
from collections.abc import Callable
from typing import Any

from store.database.errors import DatabaseTrouble
from store.gateway.offline import OfflineCatalog
from store.register.catalog import CatalogKeeper, CatalogVersion
from store.register.ports import Clock
from store.register.session_ports import Operator
from store.sale.item import Department
from store.sale.moment import local_text, utc_text
from store.sale.policy import StorePolicy
from store.sale.settings import PolicyRefused

LOG = logging.getLogger("outpost.register.catalog")

NAMES = {
    "item": "Products and prices",
    "barcode": "Barcodes",
    "department": "Departments",
    "tax": "Taxes",
    "staff": "Staff",
    "setting": "Store settings",
}


class ActiveCatalog:
    """Implements `session_ports.ShopData` over the files of the keeper; one open file at a time."""

    def __init__(self, keeper: CatalogKeeper, clock: Clock, pending: Callable[[], int]) -> None:
        self._keeper = keeper
        self._clock = clock
        self._pending = pending
        self._open: OfflineCatalog | None = None
        self._policy = StorePolicy()
        self._departments: tuple[Department, ...] = ()
        self._rows: list[tuple[str, int]] = []
        self._trouble = ""

    def start(self) -> None:
        """Open the active file, if there is a sound one. Blocking."""
        self._keeper.load()
        self._take_active()

    def close(self) -> None:
        """Close the open file."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def catalog(self) -> OfflineCatalog | None:
        """The open file, for the gateway; None while there is none."""
        return self._open

    def arrived(self) -> None:
        """A package became ready: without any catalog it is taken at once, otherwise at the next sale."""
        if self._open is None and self._keeper.flip():
            self._take_active()

    # -- session_ports.ShopData

    @property
    def version(self) -> str:
        """`c000812`, or nothing without a catalog."""
        active = self._keeper.active()
        return active.name if active else ""

    @property
    def facts(self) -> str:
        """Age and size, or what is wrong, for the sign-in screen."""
        active = self._keeper.active()
        sentence = self._trouble or self._keeper.sentence
        if sentence or active is None:
            return sentence
        items = dict(self._rows).get("item", 0)
        return f"Offline database of {self._moment(active.created_ms)}, {items:,} products."

    @property
    def pending_downloads(self) -> int:
        """Packages that the server has and this register has not."""
        return self._pending()

    async def flip(self) -> None:
        """Make a newer catalog active if one is ready."""
        if self._keeper.flip():
            self._take_active()

    def policy(self) -> StorePolicy:
        """The store's decisions; the program's defaults without a catalog."""
        return self._policy

    def departments(self) -> tuple[Department, ...]:
        """The departments in the order of the shop."""
        return self._departments

    def operator(self, number: str) -> Operator | None:
        """The operator with that number, or None."""
        member = self._open.operator(number) if self._open else None
        if member is None:
            return None
        return Operator(number=member.number, name=member.name, role=member.role, hash=member.hash)

    def data_sets(self) -> list[dict[str, Any]]:
        """Rows of the data-set table, as texts."""
        active = self._keeper.active()
        if active is None:
            return []
        state = "newer one ready" if self._keeper.ready() else "ready"
        as_of = self._moment(active.created_ms)
        return [
            {"name": NAMES.get(name, name), "rows": f"{rows:,}", "as_of": as_of, "state": state}
            for name, rows in self._rows
        ]

    # -- inside

    def _take_active(self) -> None:
        active = self._keeper.active()
        if active is None:
            return
        try:
            fresh = OfflineCatalog(active.path)
        except DatabaseTrouble as error:
            self._keep_old(error)
            return
        try:
            self._read(fresh, active)
        except (DatabaseTrouble, PolicyRefused) as error:
            fresh.close()
            self._keep_old(error)

    def _keep_old(self, error: Exception) -> None:
        """A catalog that cannot be used never stops the sale: what was read before goes on."""
        self._trouble = f"The newest catalog cannot be used: {error}"
        LOG.error("catalog not taken", exc_info=error)

    def _read(self, fresh: OfflineCatalog, active: CatalogVersion) -> None:
        """Read what is asked for all the time, then let go of the file before."""
        policy, departments = fresh.policy(), fresh.departments()
        rows = [(data_set.name, data_set.rows) for data_set in fresh.data_sets()]
        self._policy, self._departments, self._rows = policy, departments, rows
        self.close()
        self._open, self._trouble = fresh, ""
        LOG.info("catalog in use", extra={"catalog": active.name})

    def _moment(self, at_ms: int) -> str:
        return local_text(utc_text(at_ms), self._clock.utc_offset_min())[:16]
