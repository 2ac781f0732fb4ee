"""The chain's own certificate authority: X.509 with EC P-256, made and checked from keys and times alone.

Who trusts it knows the SHA-256 of its certificate (`fingerprint`), which travels with the one-time code; no public
authority is asked. Keys are given; serial numbers and times are arguments.
"""

import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3_650
SERVER_DAYS = 90
RENEW_DAYS = 30
"""A server asks for its next certificate when the present one is good for fewer days than this."""
BACKDATE = timedelta(days=1)
"""How far the clock of a register may be behind."""
MAX_NAMES = 30
MAX_PEM_BYTES = 65_536
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")


class CertificateRefused(ValueError):
    """A certificate or request is not usable; the message is a sentence."""


class CertificateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A server asks headquarters for a certificate: a signing request in PEM, which proves that it holds the key."""

    request: str


class CertificateAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate for the request, and the authority's own, both PEM."""

    certificate: str
    authority: str


def new_key() -> ec.EllipticCurvePrivateKey:
    """A private key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as unencrypted PEM, for a vault or memory, never for a file."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The key of `key_pem`; raises CertificateRefused."""
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise CertificateRefused("The private key cannot be read.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateRefused("The private key is none of an elliptic curve.")
    return key


def make_authority(key: ec.EllipticCurvePrivateKey, *, serial: int, now_ms: int) -> str:
    """The certificate of a new authority, PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Outpost store CA {serial % 10**6:06d}")])
    begin = _time(now_ms)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(begin - BACKDATE)
        .not_valid_after(begin + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _pem(builder.sign(key, hashes.SHA256()))


def make_request(key: ec.EllipticCurvePrivateKey, names: Sequence[str]) -> str:
    """A signing request for a server that is reached by these names and addresses, PEM; raises CertificateRefused."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Outpost server")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    builder = builder.add_extension(_alternative_names(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def issue(
    authority_key: ec.EllipticCurvePrivateKey,
    authority: str,
    request: str,
    *,
    serial: int,
    now_ms: int,
    days: int = SERVER_DAYS,
) -> str:
    """A server certificate for a request, PEM; raises CertificateRefused."""
    asked = _request(request)
    issuer = _certificate(authority)
    begin = _time(now_ms)
    end = min(begin + timedelta(days=days), issuer.not_valid_after_utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(issuer.subject)
        .public_key(asked.public_key())
        .serial_number(serial)
        .not_valid_before(begin - BACKDATE)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_alternative_names(names_of_request(request)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
    )
    return _pem(builder.sign(authority_key, hashes.SHA256()))


def names_of_request(request: str) -> tuple[str, ...]:
    """The names and addresses that a request wants; raises CertificateRefused."""
    asked = _request(request)
    try:
        names = asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise CertificateRefused("The request names no server.") from error
    return tuple(str(each.value) for each in names)


def fingerprint(certificate: str) -> str:
    """SHA-256 of a certificate, hexadecimal; raises CertificateRefused."""
    return _certificate(certificate).fingerprint(hashes.SHA256()).hex()


def plain_fingerprint(text: str) -> str:
    """A SHA-256 as a person types it (colons, spaces, capitals) in its one form; raises CertificateRefused."""
    plain = re.sub(r"[\s:]", "", text).lower()
    if not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise CertificateRefused(
            "The SHA-256 of the store's certificate has 64 hexadecimal digits; it stands beside the activation code."
        )
    return plain


def days_left(certificate: str, now_ms: int) -> float:
    """Days until a certificate is over, negative after that; raises CertificateRefused."""
    return (_certificate(certificate).not_valid_after_utc - _time(now_ms)) / timedelta(days=1)


def issued_by(certificate: str, authority: str) -> bool:
    """Whether an authority has issued a certificate; raises CertificateRefused."""
    try:
        _certificate(certificate).verify_directly_issued_by(_certificate(authority))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def same_key(certificate: str, key: ec.EllipticCurvePrivateKey) -> bool:
    """Whether a certificate is for this key; raises CertificateRefused."""
    return _certificate(certificate).public_key() == key.public_key()


def names_of(certificate: str) -> tuple[str, ...]:
    """The names and addresses a certificate is good for; raises CertificateRefused."""
    extensions = _certificate(certificate).extensions
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(each.value) for each in names)


def _certificate(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise CertificateRefused("This is no certificate in PEM form.") from error


def _request(pem: str) -> x509.CertificateSigningRequest:
    try:
        asked = x509.load_pem_x509_csr(pem.encode())
    except ValueError as error:
        raise CertificateRefused("This is no signing request in PEM form.") from error
    if not isinstance(asked.public_key(), ec.EllipticCurvePublicKey) or not asked.is_signature_valid:
        raise CertificateRefused("The signing request does not prove that its sender holds the key.")
    return asked


def _alternative_names(names: Sequence[str]) -> x509.SubjectAlternativeName:
    if not 1 <= len(names) <= MAX_NAMES:
        raise CertificateRefused(f"A server has 1 to {MAX_NAMES} names and addresses, not {len(names)}.")
    return x509.SubjectAlternativeName([_general_name(name) for name in names])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass  # then it is a name
    if not _NAME.fullmatch(name) or len(name) > 253:
        raise CertificateRefused(f"{name[:80]!r} is neither a host name nor an address.")
    return x509.DNSName(name)


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=signs, crl_sign=signs, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _time(now_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now_ms)
