"""The process that examines records: `python -m store.ledger.examiner`, orders on its standard input.

It gets pieces of batches and gives two answers to each: first which records are genuine, for which somebody waits; then
drafts of what they do to the books. It holds no secret and no database, and ends when its input does.
"""

import gc
import os
import signal
import sys
from typing import BinaryIO

import msgspec

from store.exchange.acknowledgement import Examined, Flag, SeriesFacts, examine_all
from store.exchange.messages import WireRecord
from store.ledger.drafts import draft_of
from store.ledger.effects import Ref

LENGTH_BYTES = 4
"""Before each order and answer: how many bytes follow."""
NICENESS = 5
"""Look-ups of cashiers come first."""


class Order(msgspec.Struct, frozen=True, array_like=True):
    """Records of one series of a store."""

    store: str
    facts: SeriesFacts
    now_ms: int
    records: tuple[WireRecord, ...]


class Finding(msgspec.Struct, frozen=True, array_like=True):
    """What there is to say of a record beside what it says itself."""

    complaint: str
    flags: tuple[Flag, ...]


Findings = tuple[Finding, ...]
DraftsFound = tuple[tuple[bytes, bytes], ...]
"""Hash and draft of each record that has one."""


def framed(content: bytes) -> bytes:
    """An order or answer as it goes through a pipe."""
    return len(content).to_bytes(LENGTH_BYTES, "big") + content


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer orders until there are no more."""
    orders = msgspec.msgpack.Decoder(Order)
    while len(length := source.read(LENGTH_BYTES)) == LENGTH_BYTES:
        order = orders.decode(source.read(int.from_bytes(length, "big")))
        examined = examine_all(order.facts, order.records)
        findings = [Finding(each.complaint, each.flags) for each in examined]
        _answer(sink, findings)
        _answer(sink, _drafts(order, examined))


def _answer(sink: BinaryIO, content: object) -> None:
    sink.write(framed(msgspec.msgpack.encode(content)))
    sink.flush()


def _drafts(order: Order, examined: tuple[Examined, ...]) -> list[tuple[bytes, bytes]]:
    found = []
    for each in examined:
        if each.record is not None and each.document is not None and not each.complaint and not each.flags:
            ref = Ref(store=order.store, series=order.facts.series, seq=each.record.seq, now_ms=order.now_ms)
            draft = draft_of(ref, each.document)
            if draft is not None:
                found.append((each.record.hash, draft))
    return found


def main() -> None:
    """Serve whoever started this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the whole group and is the server's affair
    os.nice(NICENESS)
    gc.freeze()
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
