"""Takes in what a register delivers: a request of any size in pieces, each with a verdict and a commit of its own.

While one piece is stored the next ones are examined already, so neither examiners nor database wait for the other. What
was committed stays committed: where a piece cannot be taken, the answer tells how far the request came.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from msgspec.structs import replace

from store.database.connection import Connection
from store.database.errors import DatabaseTrouble
from store.exchange.messages import MAX_BATCH_RECORDS, RecordAnswer, RecordBatch
from store.ledger.examination import Examination
from store.ledger.examiners import Examiners
from store.ledger.series import Accepted, Series, accept
from store.service.errors import ProblemError

LOG = logging.getLogger("outpost.ledger.intake")

PIECE_RECORDS = MAX_BATCH_RECORDS
"""Taken in one unit of work: few enough that others never wait long for the database."""

Work = Callable[[Callable[[Connection], Accepted | None]], Awaitable[Accepted | None]]
"""Runs a unit of work; raises DatabaseTrouble, and ProblemError for who has stopped waiting."""


class Intake:
    """The accept stage of one service process; `taken` is called after every commit."""

    def __init__(self, examiners: Examiners, now_ms: Callable[[], int], taken: Callable[[], None]) -> None:
        self._examiners = examiners
        self._now_ms = now_ms
        self._taken = taken

    async def take(self, batch: RecordBatch, series: Series, work: Work) -> Accepted | None:
        """Examine and accept the records in order, up to the first that cannot be taken; None for no such series.

        Raises what `work` does when not even the first piece could be stored; when a later one could not, what was
        stored before is the answer, and the rest is told to be skipped.
        """
        pieces = _pieces(batch)
        # All of them at once: an examiner that is through with one finds the next.
        coming = [
            asyncio.create_task(self._examiners.examine(piece, series, self._now_ms())) for piece in pieces
        ]
        done: list[Accepted] = []
        try:
            for piece, examination in zip(pieces, coming, strict=True):
                accepted = await work(self._unit(piece, await examination))
                if accepted is None:
                    return None
                done.append(accepted)
                self._taken()
                if accepted.refused is not None:
                    break
        except (DatabaseTrouble, ProblemError) as trouble:
            if not done:
                raise
            LOG.warning("a request is taken in part", extra={"reason": str(trouble)})
        finally:
            for examination in coming:
                examination.cancel()
        return _together(batch, done)

    def _unit(self, piece: RecordBatch, examination: Examination) -> Callable[[Connection], Accepted | None]:
        now_ms = self._now_ms()
        return lambda db: accept(db, piece, now_ms, examination=examination)


def _pieces(batch: RecordBatch) -> Sequence[RecordBatch]:
    if len(batch.records) <= PIECE_RECORDS:
        return [batch]
    parts = [
        batch.records[start : start + PIECE_RECORDS] for start in range(0, len(batch.records), PIECE_RECORDS)
    ]
    return [RecordBatch(series=batch.series, batch=part[-1].hash, records=part) for part in parts]


def _together(batch: RecordBatch, done: Sequence[Accepted]) -> Accepted:
    """One answer for all pieces: the last acknowledgement, and a line for every record of the request."""
    if len(done) == 1 and len(done[0].answer.records) == len(batch.records):
        return done[0]
    answers = [answer for part in done for answer in part.answer.records]
    skipped = (RecordAnswer(seq=wire.seq, outcome="skipped") for wire in batch.records[len(answers) :])
    return Accepted(
        answer=replace(done[-1].answer, records=(*answers, *skipped)),
        refused=done[-1].refused,
        stored=sum(part.stored for part in done),
        duplicates=sum(part.duplicates for part in done),
    )
