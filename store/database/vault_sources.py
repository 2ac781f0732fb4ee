"""Where a vault's key may come from, as configurations say it; a module of its own, because `vault` is slow to load."""

import json
from collections.abc import Callable
from pathlib import Path

VAULT_NAME = "vault.json"


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


def sealed_by(home: Path) -> str | None:
    """What the vault of a home was sealed with (`credential`, ...); None when there is none, "" for a damaged one."""
    try:
        file = json.loads((home / VAULT_NAME).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return ""  # whoever opens it says what is wrong
    return str(file.get("source", "")) if isinstance(file, dict) else ""
