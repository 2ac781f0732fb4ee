"""The signatures of records that follow each other, verified together in a third of the time of each by itself.

Two things are to be proved, and they are proved differently:

* **That every record is genuine.** The last signature is verified as RFC 8032 says. It is over a hash that commits its
  signer to every record before it, so nothing that it speaks for can come from anybody else.
* **That every record's own signature is sound**, as a proof of that record alone. The equations of all of them,
  s·B = R + h·A, are added up and the sum is verified. One damaged signature, or several, break it; then each is
  verified by itself, to say which. Only damages that were computed to cancel each other (s + 1 here, s - 1 there) would
  pass. Who sends may do so with his own signatures, and gains nothing: the last one speaks for all his records.
"""

import hashlib
import itertools
from collections.abc import Sequence

from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_scalarmult_ed25519_noclamp,
)
from nacl.exceptions import CryptoError

from store.exchange.record import SIGNATURE_BYTES, Record, signed_text, verify

ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group in which Ed25519 works (RFC 8032)."""
FEWEST = 5
"""Adding up pays from here on."""
_POINT_BYTES = 32


def verify_linked(public_key: bytes, records: Sequence[Record]) -> bool:
    """Whether all are signed by the holder of the key and follow each other; False also where that is not clear.

    Their hashes must have been found to be those of their payloads.
    """
    if len(records) < FEWEST or not _are_linked(records):
        return False
    last = records[-1]
    return verify(public_key, last.hash, last.signature) and _sum_holds(public_key, records)


def _are_linked(records: Sequence[Record]) -> bool:
    return all(
        after.seq == before.seq + 1 and after.prev == before.hash
        for before, after in itertools.pairwise(records)
    )


def _sum_holds(public_key: bytes, records: Sequence[Record]) -> bool:
    s_sum = h_sum = 0
    points = []
    for record in records:
        signature = record.signature
        point, s = signature[:_POINT_BYTES], int.from_bytes(signature[_POINT_BYTES:], "little")
        if len(signature) != SIGNATURE_BYTES or s >= ORDER:
            return False
        text = signed_text(record.hash)
        h_sum += int.from_bytes(hashlib.sha512(point + public_key + text).digest(), "little")
        s_sum += s
        points.append(point)
    try:
        right = crypto_scalarmult_ed25519_noclamp(_scalar(h_sum), public_key)
        for point in points:
            right = crypto_core_ed25519_add(right, point)
        return crypto_scalarmult_ed25519_base_noclamp(_scalar(s_sum)) == right
    except CryptoError:  # no points of the curve, or a key of no use
        return False


def _scalar(number: int) -> bytes:
    return (number % ORDER).to_bytes(_POINT_BYTES, "little")
