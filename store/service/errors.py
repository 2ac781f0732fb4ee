"""What goes wrong on the server.

ServiceTrouble      the server cannot start or do what the command line asked: one sentence for a person
ProblemError       one request cannot be answered: becomes an `application/problem+json` (RFC 9457)
"""

from collections.abc import Mapping

import msgspec

from store.exchange.messages import Problem

TYPE_PREFIX = "/problems/"

TITLES: dict[str, tuple[int, str]] = {
    "bad-request": (400, "The request cannot be read"),
    "digest-mismatch": (400, "The body was damaged on its way"),
    "bad-signature": (401, "The request is not signed by a register of this store"),
    "replayed": (401, "The request is an old one, sent again"),
    "no-permission": (401, "The request needs the operator's token"),
    "bad-code": (403, "The one-time code is not valid"),
    "bad-proof": (403, "The register did not prove its key"),
    "insecure-device": (403, "The device keeps its secrets in a throw-away vault"),
    "device-disabled": (403, "Headquarters has withdrawn this device"),
    "server-pending": (403, "Headquarters has not accepted this server yet"),
    "other-server": (403, "The store is served by another server"),
    "not-found": (404, "There is no such thing here"),
    "unknown-receipt": (404, "No receipt has this number here"),
    "unknown-voucher": (404, "No voucher has this number here"),
    "unknown-item": (404, "No item is on file for these keys"),
    "unknown-operator": (404, "No operator has this number"),
    "unknown-customer": (404, "No customer has this number or card"),
    "no-package": (404, "No data package is loaded"),
    "method-not-allowed": (405, "This path takes another method"),
    "refused": (409, "It is not done"),
    "fork": (409, "The series has another record at this place"),
    "gap": (409, "Records before this one are missing"),
    "fenced": (410, "A newer epoch of this register exists"),
    "too-large": (413, "The request is too large"),
    "rejected": (422, "A record is not genuine"),
    "invalid": (422, "Something typed does not fit"),
    "protocol": (426, "The protocol version is not spoken here"),
    "too-many-attempts": (429, "Too many attempts"),
    "internal": (500, "The server met a mistake of its own"),
    "busy": (503, "The server is busy"),
    "headquarters-away": (503, "Headquarters does not answer"),
    "expired": (503, "The caller has stopped waiting"),
    "database": (503, "The server cannot store now"),
}
"""Stable word → status and title; clients rely on the words."""


class ServiceTrouble(Exception):
    """The server cannot start, or a command cannot be done; the message is one sentence with its cure."""


class ProblemError(Exception):
    """A request ends with this problem. `more` is added to the body, `headers` to the answer."""

    def __init__(
        self,
        word: str,
        detail: str = "",
        *,
        more: msgspec.Struct | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{word}: {detail}")
        self.word = word
        self.status, self.title = TITLES[word]
        self.detail = detail
        self.more = more
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """The problem document, with the fields of `more` beside its own."""
        problem = Problem(
            type=TYPE_PREFIX + self.word, title=self.title, status=self.status, detail=self.detail
        )
        document = msgspec.to_builtins(self.more) if self.more is not None else {}
        return msgspec.json.encode(document | msgspec.to_builtins(problem))


def busy(word: str, detail: str, retry_after_s: int) -> ProblemError:
    """A 503 or 429 that says when to come again, in whole seconds."""
    return ProblemError(word, detail, headers={"Retry-After": str(max(1, retry_after_s))})
