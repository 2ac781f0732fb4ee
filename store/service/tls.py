"""TLS of our services: contexts whose keys never touch a file, and how an authority is met for the first time.

`fetch_authority` reads `GET /certificate` without trust and believes only the SHA-256 that a person brought along.
"""

import contextlib
import http.client
import os
import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from store.exchange.certificates import MAX_NAMES, CertificateRefused, fingerprint, plain_fingerprint
from store.exchange.delivery import PATH_CERTIFICATE
from store.service.errors import ServiceTrouble

FETCH_S = 10.0
MAX_CERTIFICATE_BYTES = 65_536


LOOPBACK_NAMES = frozenset(("localhost", "127.0.0.1", "::1"))
ANY_ADDRESS = frozenset(("", "0.0.0.0", "::"))  # noqa: S104 - compared with, not listened on


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a service shows: a certificate and its private key, both PEM."""

    certificate: str
    key: bytes


class AuthorityRefused(ServiceTrouble):
    """The authority of a server was not met, or is another one than was named; the message is a sentence."""


def check_listening(host: str, *, loopback: bool, tls: bool) -> None:
    """Raise ServiceTrouble when an address other machines can reach would be listened on without TLS."""
    if not loopback and not tls:
        raise ServiceTrouble(
            f"{host} can be reached by other machines, and nothing may cross the network in the clear. Add --tls (the "
            "certificate comes from headquarters) or --tls-certificate and --tls-key, or listen on 127.0.0.1."
        )


def own_names(host: str, more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The names and addresses by which a service on this machine is reached; those of `more` first. Blocks."""
    machine = socket.gethostname()
    names = [
        *more,
        *(() if host in ANY_ADDRESS else (host,)),
        machine,
        socket.getfqdn(),
        *sorted(LOOPBACK_NAMES),
    ]
    with contextlib.suppress(OSError):  # a machine that does not know its own name is reached by its address
        names += [str(info[4][0]) for info in socket.getaddrinfo(machine, None, type=socket.SOCK_STREAM)]
    return tuple(dict.fromkeys(name for name in names if name and "%" not in name))[:MAX_NAMES]


def server_context() -> ssl.SSLContext:
    """A context for a service, still without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def present(context: ssl.SSLContext, credentials: Credentials) -> None:
    """Let a context show this certificate from the next connection on; raises ServiceTrouble.

    Python reads keys from files only; this one lives in memory.
    """
    descriptor = os.memfd_create("certificate", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, credentials.key + b"\n" + credentials.certificate.encode())
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    except (OSError, ValueError) as error:  # ssl.SSLError, a key that does not fit, is an OSError
        raise ServiceTrouble(f"Certificate and key cannot be used together ({error}).") from error
    finally:
        os.close(descriptor)


def present_files(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Let a context show a certificate from files; raises ServiceTrouble."""
    try:
        context.load_cert_chain(str(certificate), str(key), password=_no_password)
    except (OSError, ValueError) as error:
        raise ServiceTrouble(f"{certificate} and {key} cannot be used: {error}.") from error


def _no_password() -> str:
    raise ValueError("the key is encrypted; give one that is not, readable by the server's user only")


def fetch_authority(address: str, sha256: str) -> str:
    """The authority (PEM) that a server names and whose SHA-256 a person brought; raises AuthorityRefused. Blocks."""
    wanted = _wanted(sha256)
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname:
        raise AuthorityRefused(f"{address} is no https address, so it has no certificate to be trusted by.")
    try:
        pem = _get(parts.hostname, parts.port or 443)
        found = fingerprint(pem)
    except (OSError, http.client.HTTPException, UnicodeDecodeError, CertificateRefused) as error:
        raise AuthorityRefused(
            f"The certificate of {parts.netloc} could not be read ({error}); check address and network."
        ) from error
    if found != wanted:
        raise AuthorityRefused(
            f"{parts.netloc} shows another certificate ({found[:16]}...) than the one you named ({wanted[:16]}...). "
            "Nothing was sent to it. Check the digits and the address; somebody may stand in between."
        )
    return pem


def _wanted(sha256: str) -> str:
    try:
        return plain_fingerprint(sha256)
    except CertificateRefused as error:
        raise AuthorityRefused(str(error)) from error


def _get(host: str, port: int) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Nothing is believed of what comes, except what has the right fingerprint.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection(host, port, timeout=FETCH_S, context=context)
    try:
        connection.request("GET", PATH_CERTIFICATE)
        answer = connection.getresponse()
        content = answer.read(MAX_CERTIFICATE_BYTES)
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"it answers {answer.status}")
    return content.decode("ascii")
