"""Whom the register trusts: the authority it met at its enrolment, and never less than that again."""

from pathlib import Path

from store.register.config import ConfigError, RegisterConfig
from store.register.enrolment.activation import Enrolment
from store.register.home import RegisterHome


def authority_of(home: RegisterHome, enrolment: Enrolment, config: RegisterConfig) -> Path | None:
    """The file to trust the server by, None for the authorities of the system; raises ConfigError.

    `ca_file` of register.toml wins: so a technician brings in a new authority.
    """
    address = config.server_url or enrolment.server_url
    if (config.ca_file or enrolment.ca_sha256) and not address.startswith("https:"):
        raise ConfigError(
            f"This register met its server by TLS; {address} would be less. Use the server's https address."
        )
    if config.ca_file:
        return Path(config.ca_file)
    if not enrolment.ca_sha256:
        return None
    from store.exchange.certificates import CertificateRefused, fingerprint  # slow, and for TLS only

    try:
        found = fingerprint(home.authority_file.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError, CertificateRefused) as error:
        raise ConfigError(
            f"{home.authority_file} cannot be read ({error}); fetch it again from the server (GET /certificate)."
        ) from error
    if found != enrolment.ca_sha256:
        raise ConfigError(
            f"{home.authority_file} is not the authority this register was enrolled with; put the right file back, or "
            "name another one as ca_file in register.toml."
        )
    return home.authority_file
