"""The chain's own certificate authority: what it issues, what it refuses, and how it is recognised."""

import pytest

from authorities import TestAuthority
from store.exchange.certificates import (
    MAX_NAMES,
    CertificateRefused,
    days_left,
    fingerprint,
    issue,
    issued_by,
    key_pem,
    make_authority,
    make_request,
    names_of,
    names_of_request,
    new_key,
    plain_fingerprint,
    read_key,
    same_key,
)

NOW_MS = 1_790_000_000_000


@pytest.fixture(scope="module")
def authority():
    return TestAuthority(NOW_MS)


def test_a_certificate_is_good_for_the_names_that_were_asked_for_and_for_90_days(authority):
    key = new_key()
    request = make_request(key, ("shop.example", "192.0.2.7", "::1"))
    assert names_of_request(request) == ("shop.example", "192.0.2.7", "::1")
    certificate = issue(authority.key, authority.certificate, request, serial=5, now_ms=NOW_MS)
    assert names_of(certificate) == ("shop.example", "192.0.2.7", "::1")
    assert round(days_left(certificate, NOW_MS)) == 90
    assert issued_by(certificate, authority.certificate) and same_key(certificate, key)
    assert not issued_by(certificate, TestAuthority(NOW_MS, 8).certificate)
    assert not same_key(certificate, new_key())


def test_nothing_outlives_the_authority(authority):
    certificate = authority.credentials(days=100_000).certificate
    assert days_left(certificate, NOW_MS) == days_left(authority.certificate, NOW_MS)


def test_a_key_survives_its_text():
    key = new_key()
    assert read_key(key_pem(key)).private_numbers() == key.private_numbers()


@pytest.mark.parametrize(
    "text", [b"", b"rubbish", b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"]
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(CertificateRefused):
        read_key(text)


def test_a_key_of_another_kind_is_refused():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(CertificateRefused, match="elliptic curve"):
        read_key(pem)


@pytest.mark.parametrize(
    "names", [(), ("a b",), ("*.example",), ("-x.example",), ("x" * 70,), ("a\nb",), ("n",) * (MAX_NAMES + 1)]
)
def test_names_that_are_none_are_refused(names):
    with pytest.raises(CertificateRefused):
        make_request(new_key(), names)


def test_a_request_that_was_changed_or_is_none_is_refused(authority):
    request = make_request(new_key(), ("shop.example",))
    lines = request.splitlines()
    lines[2] = lines[2][::-1]
    for text in ("rubbish", "\n".join(lines), authority.certificate):
        with pytest.raises(CertificateRefused):
            issue(authority.key, authority.certificate, text, serial=5, now_ms=NOW_MS)


def test_a_request_without_names_is_refused(authority):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    text = builder.sign(new_key(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    with pytest.raises(CertificateRefused, match="names no server"):
        issue(authority.key, authority.certificate, text, serial=5, now_ms=NOW_MS)


def test_the_fingerprint_is_read_as_people_type_it(authority):
    sha256 = fingerprint(authority.certificate)
    typed = ":".join(sha256[n : n + 2].upper() for n in range(0, 64, 2))
    assert plain_fingerprint(f" {typed}\n") == sha256
    for text in ("", sha256[:-1], sha256 + "0", "g" * 64):
        with pytest.raises(CertificateRefused, match="64 hexadecimal digits"):
            plain_fingerprint(text)
    with pytest.raises(CertificateRefused, match="no certificate"):
        fingerprint("rubbish")


def test_an_authority_without_names_says_so():
    key = new_key()
    assert names_of(make_authority(key, serial=1, now_ms=NOW_MS)) == ()
