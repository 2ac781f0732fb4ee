"""What is in force on this register: what headquarters sends wins over register.toml (docs/sync.md).

Headquarters' word lies in the catalog (tables `register` and `offline_profile`, jobs 1070 and 1090), so it comes into
force when the till takes a new catalog, between two transactions, and is asked for anew at each use.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from store.database.errors import DatabaseTrouble
from store.exchange.hardware_profile import DevicesConfig
from store.exchange.offline_profile import OfflineProfile, check_profile
from store.gateway.offline import OfflineCatalog
from store.register.config import Config
from store.sale.macro import MacroRefused, Macros, macros_from

_log = logging.getLogger(__name__)

Values = TypeVar("Values", bound=msgspec.Struct)
LONGEST_LOCK_S = 86_400


class InForce:
    """The values that headquarters may set; callables for whoever uses them."""

    def __init__(self, config: Config, register: str) -> None:
        self._config = config
        self._register = register
        self._listeners: list[Callable[[], None]] = []
        self._profile = config.offline_profile
        self._devices = config.devices
        self._lock_after_s = config.register.lock_after_s
        self._macros: Macros = local_macros(config)
        self.profile_code = ""
        """The offline profile that headquarters gave this register; empty while register.toml holds."""

    @property
    def from_headquarters(self) -> bool:
        """Whether headquarters sets this register's offline profile."""
        return bool(self.profile_code)

    def profile(self) -> OfflineProfile:
        """The offline profile now."""
        return self._profile

    def devices(self) -> DevicesConfig:
        """The devices now."""
        return self._devices

    def lock_after_s(self) -> int:
        """Seconds without a key after which the register locks; 0 never."""
        return self._lock_after_s

    def macros(self) -> Macros:
        """What the macros type now."""
        return self._macros

    def listen(self, take: Callable[[], None]) -> None:
        """Call `take` after anything changed."""
        self._listeners.append(take)

    def refresh(self, catalog: OfflineCatalog | None) -> None:
        """Take what the catalog in use says; called whenever another one came into use."""
        before = (self._profile, self._devices, self._lock_after_s)
        try:
            self._read(catalog)
        except DatabaseTrouble as error:
            _log.warning("set-up of this register not read, it stays", extra={"reason": str(error)})
        if (self._profile, self._devices, self._lock_after_s) != before:
            _log.info("set-up of this register changed", extra={"offline_profile": self.profile_code})
            for take in self._listeners:
                take()

    def _read(self, catalog: OfflineCatalog | None) -> None:
        config = self._config
        row = catalog.register(self._register) if catalog is not None else None
        detail = row.detail if row is not None else {}
        said = (
            catalog.offline_profile(row.offline_profile) if catalog is not None and row is not None else None
        )
        self.profile_code = row.offline_profile if row is not None and said is not None else ""
        self._profile = sound_profile(said) if said is not None else config.offline_profile
        self._macros = {**local_macros(self._config), **sent_macros(catalog)}
        devices = detail.get("devices")
        self._devices = fields_of(DevicesConfig, devices) if isinstance(devices, dict) else config.devices
        lock_s = detail.get("lock_after_s")
        good = isinstance(lock_s, int) and 0 <= lock_s <= LONGEST_LOCK_S
        self._lock_after_s = lock_s if isinstance(lock_s, int) and good else config.register.lock_after_s


def local_macros(config: Config) -> dict[int, tuple[str, ...]]:
    """The macros of register.toml; wrong ones are told in the log and left out."""
    return _macros(config.macros, "register.toml")


def sent_macros(catalog: OfflineCatalog | None) -> dict[int, tuple[str, ...]]:
    """The macros of headquarters: the settings macro_1 to macro_9."""
    if catalog is None:
        return {}
    settings = catalog.settings()
    return _macros({str(n): settings.get(f"macro_{n}", "") for n in range(1, 10)}, "headquarters")


def _macros(texts: Mapping[str, str], whose: str) -> dict[int, tuple[str, ...]]:
    try:
        return macros_from(texts)
    except MacroRefused as refusal:
        _log.warning("a macro of %s is wrong: %s", whose, refusal)
        return {}


def sound_profile(said: dict[str, Any]) -> OfflineProfile:
    """The profile that headquarters describes; what it leaves out has its default."""
    profile = fields_of(OfflineProfile, said)
    if refusal := check_profile(profile):
        _log.warning("offline profile of headquarters is wrong: %s", refusal)
        return msgspec.structs.replace(profile, slow_server_threshold_ms=None)
    return profile


def fields_of(kind: type[Values], said: dict[str, Any]) -> Values:
    """Every known field that is sound; a wrong one keeps its default, a newer headquarters' ones are ignored."""
    values = {}
    for name in kind.__struct_fields__:
        if name in said:
            try:
                values[name] = getattr(msgspec.convert({name: said[name]}, kind), name)
            except msgspec.ValidationError as error:
                _log.warning("%s.%s from headquarters is wrong: %s", kind.__name__, name, error)
    return kind(**values)
