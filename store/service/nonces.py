"""Signed requests that come twice: what is remembered of them, and which of them is refused.

A wrong clock refuses nobody: a device with a dead battery must be able to deliver. Every request is harmless when it
is repeated, so a repeated nonce is refused only where it is an old recording (its time is far off as well) that asks
for data.
"""

import logging
from collections import OrderedDict

from store.exchange.request import SignedRequest
from store.service.errors import ProblemError

LOG = logging.getLogger("outpost.service.nonces")

MAX_NONCES = 100_000
SKEW_MS = 15 * 60 * 1000


class Nonces:
    """The nonces of late; bounded, one per service process."""

    def __init__(self, most: int = MAX_NONCES) -> None:
        self._most = most
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def check(self, claim: SignedRequest, now_ms: int, *, delivers: bool) -> None:
        """Remember a nonce; raises ProblemError `replayed` for an old recording that asks for data."""
        key = (claim.series, claim.nonce)
        seen = key in self._seen
        self._seen[key] = None
        self._seen.move_to_end(key)
        while len(self._seen) > self._most:
            self._seen.popitem(last=False)
        skew_ms = claim.time_ms - now_ms
        if abs(skew_ms) <= SKEW_MS:
            return
        LOG.warning("a sender's clock is off", extra={"series": claim.series, "skew_ms": skew_ms})
        if seen and not delivers:
            raise ProblemError("replayed", "The request was made long ago and was answered already.")
