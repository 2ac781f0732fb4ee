"""Where a vault's key may come from, as configurations say it; a module of its own, because `vault` is slow to load."""

from collections.abc import Callable


class VaultSources:
    """Sources besides a systemd credential. `passphrase` is asked only when a vault wants one."""

    def __init__(self, passphrase: Callable[[], str | None] | None = None, secret_service: str = "") -> None:
        self._ask = passphrase
        self.secret_service = secret_service
        """The name of the key in the desktop's Secret Service; empty for none."""

    def passphrase(self) -> str | None:
        """The passphrase, None when nobody gives one."""
        return None if self._ask is None else self._ask()


NO_SOURCES = VaultSources()
