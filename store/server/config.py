"""What the Retail Server is told when it starts."""

import ipaddress
from pathlib import Path

import msgspec

from store.database.chunks import ChunkFolder
from store.database.vault_sources import NO_SOURCES, VaultSources
from store.service.errors import ServiceTrouble

DEFAULT_DATABASE = "sqlite:channel.db"
DEFAULT_PORT = 8918


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server lives and listens. Port 0 takes any free one.

    `allow_insecure` admits devices (and a vault of the server's own) that keep their secrets in a throw-away
    file; only on a loopback address.
    """

    home: Path
    database_url: str = DEFAULT_DATABASE
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    allow_insecure: bool = False
    log_path: Path | None = None
    """Where log lines go; None is stderr."""
    headquarters_url: str = ""
    """Where headquarters is; empty for a server on its own."""
    headquarters_ca: Path | None = None
    """The certificate that headquarters is trusted by; None for those of the system."""
    headquarters_ca_sha256: str = ""
    """SHA-256 of headquarters' certificate authority: it is fetched once, compared, kept and trusted from then on."""
    tls: bool = False
    """Speak TLS, with a certificate that headquarters issues for `tls_names` unless a file is given."""
    tls_names: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    vault: VaultSources = NO_SOURCES
    """Where the key of the vault may come from, besides a systemd credential."""
    name: str = ""
    """What headquarters calls this server; empty takes the machine's name."""


def packages_folder(home: Path) -> ChunkFolder:
    """Where a server keeps the chunks of its packages."""
    return ChunkFolder(home / "packages")


def is_loopback(host: str) -> bool:
    """Whether an address or name reaches this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def database_place(home: Path, database_url: str) -> Path | str:
    """The file behind `sqlite:PATH` (relative to `home`), or a PostgreSQL URL; raises ServiceTrouble."""
    scheme, _, rest = database_url.partition(":")
    if scheme in ("postgresql", "postgres") and rest.startswith("//"):
        return database_url
    path = rest.removeprefix("//") if rest.startswith("///") else rest
    if scheme != "sqlite" or not path or path.startswith("//"):
        raise ServiceTrouble(
            f"{database_url!r} is no database; write sqlite:PATH, such as {DEFAULT_DATABASE}, "
            "or postgresql://USER@HOST/NAME."
        )
    return home / path
