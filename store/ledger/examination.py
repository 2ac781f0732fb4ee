"""Records looked at by themselves, before anybody asks where they belong: is each genuine, what is odd about it."""

from collections.abc import Sequence

import msgspec

from store.exchange.acknowledgement import Examined, SeriesFacts, examine
from store.exchange.messages import WireRecord


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """The records of a batch, each looked at by itself under the key (32 bytes) of its series."""

    public_key: bytes
    records: tuple[Examined, ...]


def examine_all(wires: Sequence[WireRecord], facts: SeriesFacts) -> tuple[Examined, ...]:
    """Each record of a batch, in their order."""
    return tuple(examine(facts, wire) for wire in wires)
