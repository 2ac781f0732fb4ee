"""What headquarters is told when it starts."""

import hashlib
import ipaddress
import os
from pathlib import Path

import msgspec

from store.database.vault_sources import NO_SOURCES, VaultSources

DEFAULT_PORT = 8917
SOCKET_PATH_LIMIT_BYTES = 100
"""The kernel allows 107 bytes for a Unix socket's path; a margin stays."""


class HeadquartersConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where headquarters lives and listens. Port 0 takes any free one.

    `allow_insecure` admits a throw-away vault, of its own and of devices; only on a loopback address.
    """

    home: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    allow_insecure: bool = False
    log_path: Path | None = None
    """Where log lines go; None is stderr."""
    tls: bool = False
    """Speak TLS, with a certificate of the own authority for `tls_names` unless a file is given."""
    tls_names: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    vault: VaultSources = NO_SOURCES
    """Where the key of the vault may come from, besides a systemd credential."""


def database_path(home: Path) -> Path:
    """Set-up, sessions and the chain's transactions."""
    return home / "hq.db"


def lock_path(home: Path) -> Path:
    """Held by the one process of a home."""
    return home / "run" / "hq.lock"


def info_path(home: Path) -> Path:
    """Where a running headquarters says how to reach it; the file goes when it ends in order."""
    return home / "run" / "hq.json"


def socket_path(home: Path) -> Path:
    """The operators' socket; in the runtime folder where its path would be too long for the kernel."""
    home = home.absolute()
    wanted = home / "run" / "hq.sock"
    if len(os.fsencode(wanted)) <= SOCKET_PATH_LIMIT_BYTES:
        return wanted
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return _runtime_folder() / f"outpost-{name}" / "hq.sock"


def is_loopback(host: str) -> bool:
    """Whether an address or name reaches this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _runtime_folder() -> Path:
    named = os.environ.get("XDG_RUNTIME_DIR")
    return Path(named) if named else Path(f"/tmp/outpost-{os.getuid()}")  # noqa: S108 - made with mode 0700
