"""Who sent a request: a register by its signature, an operator by a token, a device with a one-time code by its rate.

A signature binds method, path, query, body, time, nonce and series. A wrong clock refuses nobody: a register with
a dead battery must be able to deliver its sales. Every request is harmless when it is repeated, so a repeated
nonce is refused only where it is an old recording (its time is far off as well) and asks for data.
"""

import hmac
import time
from collections import OrderedDict

from aiohttp import web

from store.exchange.messages import PROTOCOL_HEADER, PROTOCOL_VERSION
from store.exchange.request import RequestError, SignedRequest, is_genuine, read_headers
from store.ledger.series import Series
from store.service.errors import ProblemError, busy
from store.service.nonces import MAX_NONCES, Nonces

_BEARER = "Bearer "


def check_protocol(request: web.Request) -> None:
    """Raise ProblemError `protocol` when the caller names a version that is not ours."""
    named = request.headers.get(PROTOCOL_HEADER)
    if named is not None and named.strip() != str(PROTOCOL_VERSION):
        raise ProblemError("protocol", f"This server speaks version {PROTOCOL_VERSION}; update the register.")


def read_claim(request: web.Request) -> SignedRequest:
    """What the headers claim; raises ProblemError `bad-signature`."""
    try:
        return read_headers(request.headers)
    except RequestError as error:
        raise ProblemError("bad-signature", str(error)) from error


def check_claim(request: web.Request, body: bytes, claim: SignedRequest, series: Series | None) -> Series:
    """The series that really signed the request; raises ProblemError `bad-signature` or `fenced`.

    An unknown series, another register's name and a wrong signature get the same answer, which tells nothing.
    """
    named = request.match_info.get("series", claim.series)
    genuine = (
        series is not None
        and series.register == claim.register
        and named == claim.series
        and is_genuine(
            claim, series.facts.public_key, method=request.method, path_and_query=request.path_qs, body=body
        )
    )
    if series is None or not genuine:
        raise ProblemError("bad-signature", "The signature is not by the register of this series.")
    if series.fenced:
        raise ProblemError("fenced", f"Register {series.register} was enrolled again; this series is closed.")
    return series


class Gatekeeper:
    """Remembers nonces and failed enrolments; bounded, one per server process."""

    def __init__(self, max_nonces: int = MAX_NONCES) -> None:
        self._nonces = Nonces(max_nonces)
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def check_nonce(self, claim: SignedRequest, now_ms: int, *, delivers: bool) -> None:
        """Remember a nonce; raises ProblemError `replayed` for an old recording that asks for data."""
        self._nonces.check(claim, now_ms, delivers=delivers)

    def check_operator(self, request: web.Request, token: str) -> None:
        """Raise ProblemError `no-permission` unless the request carries the operator's token."""
        given = request.headers.get("Authorization", "")
        if not given.startswith(_BEARER) or not hmac.compare_digest(
            given[len(_BEARER) :].encode(), token.encode()
        ):
            raise ProblemError(
                "no-permission", "Send the operator_token of run/server.json as a bearer token."
            )

    def check_guesses(self, remote: str) -> None:
        """Raise ProblemError `too-many-attempts` when too many codes failed lately, from there or altogether."""
        now = time.monotonic()
        for name, limit in ((remote, GUESSES_PER_ADDRESS), ("", GUESSES_ALTOGETHER)):
            recent = [at for at in self._failures.get(name, ()) if now - at < GUESS_WINDOW_S]
            if len(recent) >= limit:
                wait_s = round(GUESS_WINDOW_S - (now - recent[0])) + 1
                raise busy(
                    "too-many-attempts", "Too many codes were wrong; wait a little.", retry_after_s=wait_s
                )

    def note_guess(self, remote: str) -> None:
        """Count a failed enrolment."""
        now = time.monotonic()
        for name in (remote, ""):
            recent = [at for at in self._failures.get(name, ()) if now - at < GUESS_WINDOW_S]
            self._failures[name] = [*recent, now][-GUESSES_ALTOGETHER:]
            self._failures.move_to_end(name)
        while len(self._failures) > _MAX_ADDRESSES:
            self._failures.popitem(last=False)


GUESSES_PER_ADDRESS = 5
GUESSES_ALTOGETHER = 30
GUESS_WINDOW_S = 60.0
_MAX_ADDRESSES = 1_000
