"""The server's own certificate: from files, or from headquarters, asked again long before it is over.

The key lies in the vault, the certificate and the authority beside the database; nothing in them is secret.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

from store.database.chunks import write_durably
from store.exchange.certificates import (
    RENEW_DAYS,
    CertificateAnswer,
    CertificateRefused,
    days_left,
    issued_by,
    key_pem,
    make_request,
    names_of,
    new_key,
    read_key,
    same_key,
)
from store.server.config import ServerConfig
from store.server.link.errors import LinkTrouble
from store.server.secrets import ServerSecrets
from store.service.errors import ServiceTrouble
from store.service.tls import Credentials, own_names, present, present_files, server_context

LOG = logging.getLogger("outpost.server.certificate")

LOOK_EVERY_S = 6 * 3_600.0
CERTIFICATE_NAME, AUTHORITY_NAME = "tls-certificate.pem", "store-ca.pem"
NO_HEADQUARTERS = (
    "--tls asks headquarters for the certificate: name it with --headquarters URL, or give --tls-certificate and "
    "--tls-key."
)

Ask = Callable[[str], Awaitable[CertificateAnswer]]
"""Takes a signing request to headquarters; raises LinkTrouble."""


class ServerCertificate:
    """What one server shows. `ask` is the link's."""

    def __init__(
        self, config: ServerConfig, secrets: ServerSecrets, ask: Ask | None, now_ms: Callable[[], int]
    ) -> None:
        self._config = config
        self._secrets = secrets
        self._ask = ask
        self._now_ms = now_ms
        self.context = server_context()

    @property
    def from_files(self) -> bool:
        """Whether a person looks after the certificate."""
        return self._config.tls_certificate is not None

    async def begin(self) -> None:
        """Have something to show; may wait for headquarters. Raises ServiceTrouble."""
        if self._config.tls_certificate is not None and self._config.tls_key is not None:
            await asyncio.to_thread(
                present_files, self.context, self._config.tls_certificate, self._config.tls_key
            )
            return
        if self._ask is None:
            raise ServiceTrouble(NO_HEADQUARTERS)
        names = await asyncio.to_thread(own_names, self._config.host, self._config.tls_names)
        if not await asyncio.to_thread(self._show_kept, names):
            await self._renew(names)

    async def keep_fresh(self) -> None:
        """Ask for the next one when the present one comes to its end, for ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Ask for the next certificate if it is time. Raises ServiceTrouble."""
        kept = await asyncio.to_thread(_read, self._path(CERTIFICATE_NAME))
        if not kept or days_left(kept, self._now_ms()) < RENEW_DAYS:
            await self._renew(await asyncio.to_thread(own_names, self._config.host, self._config.tls_names))

    async def _renew(self, names: tuple[str, ...]) -> None:
        assert self._ask is not None, "asked for only with a headquarters"
        key = await asyncio.to_thread(self._key)
        try:
            answer = await self._ask(make_request(read_key(key), names))
            if not issued_by(answer.certificate, answer.authority):
                raise ServiceTrouble("Headquarters answered with a certificate that is not its own.")
        except (CertificateRefused, LinkTrouble) as error:
            raise ServiceTrouble(f"There is no certificate for this server: {error}") from error
        await asyncio.to_thread(self._keep, answer)
        present(self.context, Credentials(certificate=answer.certificate, key=key))
        LOG.info("certificate received", extra={"names": ", ".join(names)})

    def _keep(self, answer: CertificateAnswer) -> None:
        write_durably(self._path(AUTHORITY_NAME), answer.authority.encode("ascii"))
        write_durably(self._path(CERTIFICATE_NAME), answer.certificate.encode("ascii"))

    def _show_kept(self, names: tuple[str, ...]) -> bool:
        """Show the certificate of the last run if it still is good, for these names."""
        kept, key = _read(self._path(CERTIFICATE_NAME)), self._key()
        try:
            good = (
                kept
                and same_key(kept, read_key(key))
                and days_left(kept, self._now_ms()) > 0
                and set(self._config.tls_names) <= set(names_of(kept))
            )
        except CertificateRefused:
            return False  # a damaged file: headquarters gives another
        if good:
            present(self.context, Credentials(certificate=kept, key=key))
        return bool(good)

    def _key(self) -> bytes:
        kept = self._secrets.tls_key()
        if kept is None:
            kept = key_pem(new_key())
            self._secrets.keep_tls_key(kept)
        return kept

    def _path(self, name: str) -> Path:
        return self._config.home / name


def authority_file(home: Path) -> Path:
    """The authority that registers of this server are to trust, once headquarters has told it."""
    return home / AUTHORITY_NAME


def tls_context(certificate: ServerCertificate | None) -> ssl.SSLContext | None:
    """What to listen with."""
    return None if certificate is None else certificate.context


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
