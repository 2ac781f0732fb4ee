"""What an HTTP answer means to a register: ours or not, and if it is a refusal, whose and why. No I/O."""

import errno
from collections.abc import Mapping

import msgspec

from store.exchange.messages import PROTOCOL_HEADER, PROTOCOL_VERSION, BatchAnswer, Problem
from store.gateway.errors import GatewayError, ServerBusy, ServerRefused, ServerUnreachable
from store.sale.language import phrase

MAX_RETRY_AFTER_S = 3_600.0
PARTLY_STORED = frozenset({409, 422})
BLOCKING_STATUSES = frozenset({401, 403, 410, 426})
"""Refusals of the register itself, not of one request: unknown or revoked key, fenced epoch, protocol too old."""


def is_success(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer is ours and brings what was asked for."""
    return 200 <= status < 300 and headers.get(PROTOCOL_HEADER) == str(PROTOCOL_VERSION)


def begins_at(headers: Mapping[str, str], begin: int) -> bool:
    """Whether a partial answer (206) begins at the byte that was asked for."""
    return headers.get("Content-Range", "").startswith(f"bytes {begin}-")


def error_of(server: str, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
    """The error that an answer without success stands for.

    5xx and 429 count whoever sent them: a proxy in front of a dying server has no header of ours.
    """
    if status >= 500 or status == 429:
        return ServerBusy(
            phrase("{server} is busy (error {status})", server, status), _retry_after_s(headers)
        )
    if status < 400 or headers.get(PROTOCOL_HEADER) != str(PROTOCOL_VERSION):
        return not_ours(server)
    return _refusal(server, status, body)


def not_ours(server: str) -> ServerUnreachable:
    """Something answered, and it was no Retail Server: typically the log-in page of a network."""
    return ServerUnreachable(
        phrase(
            "{server} answers, but not as a Retail Server; is there a log-in page or proxy between", server
        )
    )


def damaged(server: str) -> ServerUnreachable:
    """An answer with our header that cannot be read."""
    return ServerUnreachable(phrase("the answer of {server} was damaged on the way", server))


def _refusal(server: str, status: int, body: bytes) -> ServerRefused:
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except msgspec.DecodeError:
        return ServerRefused(
            phrase("{server} refused the request (error {status})", server, status), status, "", body
        )
    reason = (problem.detail or problem.title).strip().rstrip(".")
    kind = problem.type.rstrip("/").rsplit("/", 1)[-1]
    return ServerRefused(
        reason or phrase("{server} refused the request (error {status})", server, status), status, kind, body
    )


def batch_answer_of(refusal: ServerRefused) -> BatchAnswer | None:
    """The acknowledgement that a refused batch carries when its beginning was stored."""
    if refusal.status not in PARTLY_STORED:
        return None
    try:
        return msgspec.json.decode(refusal.body, type=BatchAnswer)
    except msgspec.DecodeError:
        return None


def os_reason(server: str, error: OSError) -> str:
    """What the system said about a connection, for a person."""
    match error.errno:
        case errno.ECONNREFUSED:
            return phrase("{server} refused the connection", server)
        case errno.ECONNRESET | errno.EPIPE | errno.ECONNABORTED:
            return phrase("{server} reset the connection", server)
        case errno.ENETUNREACH | errno.EHOSTUNREACH | errno.ENETDOWN:
            return phrase("there is no way to {server} in the network", server)
        case errno.ETIMEDOUT:
            return phrase("no answer from {server}", server)
        case _:
            return phrase("the connection to {server} failed", server)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds of the header; a date would need clocks that agree, so it is not used."""
    text = headers.get("Retry-After", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return min(float(text), MAX_RETRY_AFTER_S)
