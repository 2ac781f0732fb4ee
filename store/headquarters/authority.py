"""The authority's key and certificate, and what it issues."""

import os

from store.exchange.certificates import (
    fingerprint,
    issue,
    key_pem,
    make_authority,
    make_request,
    new_key,
    read_key,
)
from store.service.tls import Credentials


class Authority:
    """A certificate authority; key and certificate as PEM."""

    def __init__(self, key: bytes, certificate: str) -> None:
        self._key = read_key(key)
        self.certificate = certificate
        self.sha256 = fingerprint(certificate)
        """What people carry to registers and servers."""

    def issue(self, request: str, *, now_ms: int) -> str:
        """A server certificate, PEM; raises CertificateRefused."""
        return issue(self._key, self.certificate, request, serial=new_serial(), now_ms=now_ms)

    def own(self, names: tuple[str, ...], *, now_ms: int) -> Credentials:
        """A key and a certificate for headquarters itself, for this run; raises CertificateRefused."""
        key = new_key()
        certificate = self.issue(make_request(key, names), now_ms=now_ms)
        return Credentials(certificate=certificate, key=key_pem(key))


def new_authority(now_ms: int) -> tuple[bytes, str]:
    """Key and certificate of a new authority."""
    key = new_key()
    return key_pem(key), make_authority(key, serial=new_serial(), now_ms=now_ms)


def new_serial() -> int:
    """A serial number nobody can guess: 127 bits, positive."""
    return int.from_bytes(os.urandom(16), "big") >> 1 or 1
