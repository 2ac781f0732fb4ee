"""How a register proves each request: headers signed by its key (docs/offline-protocol.md 7)."""

import base64
import binascii
import hashlib
from collections.abc import Mapping

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from store.exchange.messages import (
    NONCE_HEADER,
    PROTOCOL_HEADER,
    PROTOCOL_VERSION,
    REGISTER_HEADER,
    SERIES_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    request_text,
)
from store.exchange.record import verify_text

_LONGEST_NONCE = 64
_LONGEST_TIME = 15


class RequestError(ValueError):
    """Headers that cannot be a signed request; the message says which one."""


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the headers of a request claim; nothing is proved before `is_genuine`."""

    register: str
    series: str
    time_ms: int
    nonce: str
    signature: bytes


def sign_request(
    key: Ed25519PrivateKey,
    *,
    method: str,
    path_and_query: str,
    body: bytes,
    register: str,
    series: str,
    time_ms: int,
    nonce: str,
) -> dict[str, str]:
    """The headers that prove a request; `path_and_query` is exactly what goes onto the request line."""
    digest = hashlib.sha256(body).hexdigest()
    text = request_text(method, path_and_query, digest, time_ms, nonce, series)
    return {
        PROTOCOL_HEADER: str(PROTOCOL_VERSION),
        REGISTER_HEADER: register,
        SERIES_HEADER: series,
        TIME_HEADER: str(time_ms),
        NONCE_HEADER: nonce,
        SIGNATURE_HEADER: base64.b64encode(key.sign(text)).decode(),
    }


def read_headers(headers: Mapping[str, str]) -> SignedRequest:
    """What the headers of a request claim; raises RequestError when one is missing or impossible."""
    time, nonce = _header(headers, TIME_HEADER), _header(headers, NONCE_HEADER)
    if len(time) > _LONGEST_TIME or not (time.isascii() and time.isdigit()):
        raise RequestError(f"The header {TIME_HEADER} is no number of milliseconds.")
    if len(nonce) > _LONGEST_NONCE:
        raise RequestError(f"The header {NONCE_HEADER} is longer than {_LONGEST_NONCE} characters.")
    try:
        signature = base64.b64decode(_header(headers, SIGNATURE_HEADER), validate=True)
    except binascii.Error as error:
        raise RequestError(f"The header {SIGNATURE_HEADER} is no base64.") from error
    return SignedRequest(
        register=_header(headers, REGISTER_HEADER),
        series=_header(headers, SERIES_HEADER),
        time_ms=int(time),
        nonce=nonce,
        signature=signature,
    )


def is_genuine(
    claim: SignedRequest, public_key: bytes, *, method: str, path_and_query: str, body: bytes
) -> bool:
    """Whether the holder of the public key (32 bytes) signed this very request."""
    digest = hashlib.sha256(body).hexdigest()
    text = request_text(method, path_and_query, digest, claim.time_ms, claim.nonce, claim.series)
    return verify_text(public_key, text, claim.signature)


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise RequestError(f"The header {name} is missing.")
    return value
