"""Whom the link to headquarters trusts: exactly one authority, once it was met, and never less than that again."""

from pathlib import Path

from store.database.chunks import write_durably
from store.exchange.certificates import CertificateRefused, fingerprint, plain_fingerprint
from store.server.config import ServerConfig
from store.service.errors import ServiceTrouble
from store.service.tls import fetch_authority


def kept_authority(home: Path) -> Path:
    """Where headquarters' authority is kept once it was met."""
    return home / "headquarters-ca.pem"


def authority_of_headquarters(config: ServerConfig) -> Path | None:
    """The file to trust headquarters by, None for the authorities of the system; raises ServiceTrouble. Blocks."""
    kept = kept_authority(config.home)
    if config.headquarters_ca is not None:
        return config.headquarters_ca
    if config.headquarters_ca_sha256:
        try:
            wanted = plain_fingerprint(config.headquarters_ca_sha256)
        except CertificateRefused as error:
            raise ServiceTrouble(str(error)) from error
        if not kept.exists() or _fingerprint(kept) != wanted:
            write_durably(kept, fetch_authority(config.headquarters_url, wanted).encode("ascii"))
    if not kept.exists():
        return None
    if not config.headquarters_url.startswith("https:"):
        raise ServiceTrouble(
            f"This server met headquarters by TLS before; {config.headquarters_url} would be less. Use its https "
            f"address, or remove {kept} if headquarters was set up anew."
        )
    return kept


def _fingerprint(path: Path) -> str:
    try:
        return fingerprint(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError, CertificateRefused):
        return ""  # then it is fetched anew
